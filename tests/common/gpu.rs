//! Checks of the GPU backend; each takes an open device.
use super::{
    interpret::{self, Memory},
    kernels::{self, Case},
};
use orrery::{
    engine::{
        Binary, Region, Unary,
        gpu::{self, GpuDevice, GpuProgram, GpuState, tolerance},
        kernel::{HEADER_WORDS, Inst, Kernel},
        plan::Plan,
    },
    error::Error,
};
use std::rc::Rc;

fn plan(kernels: Vec<Kernel>, memory: &Memory) -> Plan {
    Plan {
        kernels,
        arena_words: memory.arena.len(),
        regions: vec![Region { start: 0, words: memory.arena.len(), kept: true }],
        inputs: vec![],
        outputs: vec![],
        constants: vec![(0, memory.arena.clone())],
        states: vec![],
        state_words: memory.state.len(),
    }
}

fn program(
    device: &Rc<GpuDevice>,
    kernels: Vec<Kernel>,
    memory: &Memory,
    state: &GpuState,
) -> Result<GpuProgram, Error> {
    let (plan, schedule) =
        gpu::schedule(&plan(kernels, memory), device.style(), device.most_turns());
    GpuProgram::new(device, &plan, &schedule, state)
}

async fn run(device: &Rc<GpuDevice>, case: &Case) -> Memory {
    let memory = &case.memory;
    let state = GpuState::new(device, memory.state.len()).unwrap();
    state.write(0, &memory.state).unwrap();
    let program = program(device, vec![case.kernel.clone()], memory, &state).unwrap();
    program.run(1).unwrap();
    let arena = program.read(&[(0, memory.arena.len())]);
    let arena = arena.await.unwrap_or_else(|error| panic!("{}: {error}", case.name)).remove(0);
    let state = state.read(0, memory.state.len()).await.unwrap();
    Memory { state, arena }
}

/// Compares all of memory: also what the kernel must not touch.
async fn check(device: &Rc<GpuDevice>, case: &Case) {
    let mut wanted = case.memory.clone();
    interpret::run(&case.kernel, &mut wanted);
    let found = run(device, case).await;
    let allowed = tolerance::kernel(&case.kernel);
    let both = [(&found.arena, &wanted.arena), (&found.state, &wanted.state)];
    for (space, (found, wanted)) in ["arena", "state"].iter().zip(both) {
        for (i, (x, y)) in found.iter().zip(wanted).enumerate() {
            let near = (x - y).abs() <= allowed * y.abs().max(1.0);
            assert!(
                near || x == y || x.is_nan() && y.is_nan(),
                "{}: {space}[{i}] is {x}, not {y}\n{:#?}\n{}",
                case.name,
                case.kernel,
                gpu::shader(&case.kernel, device.style()).source
            );
        }
    }
}

/// Elementwise kernels, and reductions along rows.
pub(crate) async fn rows(device: &Rc<GpuDevice>, seeds: u64) {
    for seed in 0..seeds {
        check(device, &kernels::rows(seed)).await;
    }
    for domain in [&[5, 7][..], &[3, 100], &[2, 3, 1000], &[9, 1], &[64, 33]] {
        check(device, &kernels::argmax(domain)).await;
        check(device, &kernels::softmax_in_place(domain)).await;
    }
}

/// Each function of one or two numbers.
pub(crate) async fn functions(device: &Rc<GpuDevice>) {
    use Binary::{Add, Div, Equal, Less, Max, Min, Mul, Sub};
    use Unary::{Abs, Cos, Exp, Floor, Ln, Neg, Recip, Sigmoid, Sin, Sqrt, Tanh};
    for op in [Neg, Recip, Exp, Ln, Sqrt, Tanh, Sigmoid, Sin, Cos, Abs, Floor] {
        check(device, &kernels::unary(op)).await;
    }
    for op in [Add, Sub, Mul, Div, Max, Min, Less, Equal] {
        check(device, &kernels::binary(op)).await;
    }
}

/// Far arguments: where drivers overflow, and what is infinite or not a number.
pub(crate) async fn extremes(device: &Rc<GpuDevice>) {
    let far = [-1e30, -1e4, -100.0, -45.0, 0.0, 1e-20, 45.0, 100.0, 1e4, 1e30];
    for op in [Unary::Tanh, Unary::Sigmoid, Unary::Exp] {
        let mut case = kernels::unary(op);
        case.kernel.code[1] = Inst::Const(1.0);
        let load = &case.kernel.loads[0];
        let words = match load.space {
            orrery::engine::kernel::Space::State => &mut case.memory.state,
            orrery::engine::kernel::Space::Arena => &mut case.memory.arena,
        };
        words[load.offset..load.offset + far.len()].copy_from_slice(&far);
        check(device, &case).await;
    }
    for constant in [f32::INFINITY, f32::NEG_INFINITY, f32::NAN, f32::MAX, -0.1, 1e-40] {
        let mut case = kernels::unary(Unary::Neg);
        case.kernel.code = vec![Inst::Const(constant); case.kernel.code.len()];
        check(device, &case).await;
    }
}

/// Reductions along columns.
pub(crate) async fn columns(device: &Rc<GpuDevice>, seeds: u64) {
    for seed in 0..seeds {
        check(device, &kernels::columns(seed)).await;
    }
}

/// Products, of every tile.
pub(crate) async fn products(device: &Rc<GpuDevice>, seeds: u64) {
    for seed in 0..seeds {
        check(device, &kernels::random_matmul(seed)).await;
    }
    let shapes = [
        ([512, 20, 512], &[][..]),
        ([130, 33, 70], &[2]),
        ([64, 128, 64], &[]),
        ([40, 500, 3], &[]),
        ([1, 300, 1], &[]),
        ([70, 9, 12], &[64]),
        ([70, 65, 12], &[3]),
        ([100, 7, 90], &[8, 4]),
    ];
    for (i, (sizes, batch)) in shapes.into_iter().enumerate() {
        check(device, &kernels::matmul(100 + i as u64, batch, sizes)).await;
    }
}

/// Running sums, gather, scatter-add.
pub(crate) async fn indexing(device: &Rc<GpuDevice>) {
    for seed in 0..12 {
        check(device, &kernels::cumsum(seed)).await;
    }
    for (count, inner, rows) in [(1, 1, 1), (7, 5, 3), (100, 64, 10), (640, 3, 33), (5000, 3, 700)]
    {
        check(device, &kernels::gather(count, inner, rows)).await;
        check(device, &kernels::scatter(count, inner, rows)).await;
    }
}

/// A thousand steps make nothing but submissions, and kernels of one structure share a pipeline.
pub(crate) async fn replay(device: &Rc<GpuDevice>) {
    // x += 1 twice a step, in two places.
    let mut case = kernels::unary(Unary::Neg);
    case.kernel.code = vec![Inst::Load(0), Inst::Const(1.0), Inst::Binary(Binary::Add, 0, 1)];
    case.memory.arena = vec![0.0; 3000];
    let at = |offset: usize| {
        let mut kernel = case.kernel.clone();
        kernel.loads[0].offset = offset;
        kernel.loads[0].space = orrery::engine::kernel::Space::Arena;
        kernel.stores[0].reg = 2;
        kernel.stores[0].view = kernel.loads[0].clone();
        kernel
    };
    case.memory.state = vec![0.0; HEADER_WORDS];
    let state = GpuState::new(device, HEADER_WORDS).unwrap();
    let made = |kernels: Vec<_>| program(device, kernels, &case.memory, &state).unwrap();
    let chain = made(vec![at(5), at(6)]);
    assert_eq!((chain.dispatches(), chain.pipelines()), (2, 1), "one structure, one pipeline");
    let program = made(vec![at(5), at(1500)]);
    assert_eq!(program.dispatches(), 1, "alike and independent: one dispatch");
    for _ in 0..4 {
        program.run(1).unwrap();
        program.read(&[(5, 1)]).await.unwrap();
    }
    device.set_steps_per_submission(Some(20));
    let before = device.counts();
    program.run(1000).unwrap();
    let mut wanted = before;
    wanted.submissions += 50;
    assert_eq!(device.counts(), wanted, "only submissions");
    let read = program.read(&[(4, 3), (1499, 2), (2500, 1)]).await.unwrap();
    assert_eq!(read, [vec![0.0, 1004.0, 1004.0], vec![0.0, 1004.0], vec![0.0]], "three ranges");
    for _ in 0..100 {
        program.run(1).unwrap();
        program.read(&[(5, 7)]).await.unwrap();
    }
    wanted.submissions += 1 + 200;
    assert_eq!(device.counts(), wanted, "reading makes no buffer either");
    // Reads that nobody waits for, and several under way at once.
    drop(program.read(&[(5, 7)]));
    let reads: Vec<_> = (0..5).map(|i| program.read(&[(5 + i, 1)])).collect();
    for read in reads {
        assert_eq!(read.await.unwrap(), [[1104.0]], "each read has its own place");
    }
}

/// A lost device is an error of each call, not a panic.
pub(crate) async fn loss(device: Rc<GpuDevice>) {
    let case = kernels::unary(Unary::Exp);
    let state = GpuState::new(&device, case.memory.state.len()).unwrap();
    let made = || program(&device, vec![case.kernel.clone()], &case.memory, &state);
    let program = made().unwrap();
    program.run(1).unwrap();
    device.idle().await.unwrap();
    device.lose();
    let lost = |result: Result<(), Error>| {
        assert!(matches!(result, Err(Error::DeviceLost { .. })), "{result:?} after the loss");
    };
    lost(program.read(&[(0, 1)]).await.map(drop));
    lost(state.read(0, 1).await.map(drop));
    lost(program.run(1));
    lost(program.write(0, &[1.0]));
    lost(state.write(0, &[1.0]));
    lost(GpuState::new(&device, 8).map(drop));
    lost(made().map(drop));
    lost(device.idle().await);
}
