//! Programs on the GPU against the same on the CPU.
use orrery::engine::{Device, Fusion, Graph, Init, Plan, Program, Snapshot, State, Var};

/// A graph under a name, and how far its outputs and states may be apart after a few steps.
struct Case {
    name: &'static str,
    build: fn(&Graph),
    tolerance: f32,
}

/// Errors of one step, of 1e-6 or so, grow with the next; a few times that is allowed after three.
const FEW_STEPS: f32 = 2e-5;

const CASES: [Case; 7] = [
    Case { name: "perceptron", build: perceptron, tolerance: FEW_STEPS },
    Case { name: "attention", build: attention, tolerance: FEW_STEPS },
    Case { name: "recurrent", build: recurrent, tolerance: FEW_STEPS },
    Case { name: "embedding", build: embedding, tolerance: FEW_STEPS },
    Case { name: "convolution", build: convolution, tolerance: FEW_STEPS },
    // Only whole numbers, moved about and compared.
    Case { name: "moved", build: moved, tolerance: 0.0 },
    Case { name: "long", build: long, tolerance: 0.0 },
];

/// Every case with and without fusion.
pub(crate) async fn agree(gpu: &Device) {
    for case in &CASES {
        for fusion in [Fusion::On, Fusion::Off] {
            let graph = Graph::new();
            (case.build)(&graph);
            let plan = graph.compile_with(fusion).unwrap();
            let (wanted, found) = (steps(&Device::cpu(), &plan).await, steps(gpu, &plan).await);
            let name = format!("{}, {fusion:?}", case.name);
            for ((slot, wanted), found) in plan.outputs.iter().zip(&wanted.0).zip(&found.0) {
                near(&format!("{name}, output {}", slot.name), wanted, found, case.tolerance);
            }
            assert_eq!(wanted.1.step, found.1.step, "{name}: steps");
            for (tensor, (_, wanted)) in &wanted.1.tensors {
                let found = &found.1.tensors[tensor].1;
                near(&format!("{name}, state {tensor}"), wanted, found, case.tolerance);
            }
        }
    }
}

/// A state survives being read and written, also to the other device.
pub(crate) async fn snapshots(gpu: &Device) {
    let graph = Graph::new();
    perceptron(&graph);
    let plan = graph.compile().unwrap();
    let state = State::new(gpu, &[&plan], 5).unwrap();
    let mut program = Program::new(gpu, &plan, &state).unwrap();
    program.run(2).unwrap();
    let snapshot = state.read_all().await.unwrap();
    program.run(3).unwrap();
    let later = state.read_all().await.unwrap();
    assert_eq!((snapshot.step, later.step), (2, 5), "the step is counted on the device");
    state.write_all(&snapshot).unwrap();
    assert_eq!(state.read_all().await.unwrap(), snapshot, "as it was");
    program.run(3).unwrap();
    assert_eq!(state.read_all().await.unwrap(), later, "the same steps, the same bits");
    let cpu = State::new(&Device::cpu(), &[&plan], 5).unwrap();
    cpu.write_all(&snapshot).unwrap();
    assert_eq!(cpu.read_all().await.unwrap(), snapshot, "on the other device");
    // A read is settled when it is asked for.
    let before = program.read("loss");
    program.run(1).unwrap();
    let after = program.read("loss");
    let (before, after) = (before.await.unwrap(), after.await.unwrap());
    assert!(before != after, "two steps, one loss {before:?}");
}

/// Inputs that the graph made one after the other are one upload, in whatever order they are named;
/// one that is wrong keeps all from being written.
pub(crate) async fn uploads(gpu: &Device) {
    let Device::Gpu(device) = gpu else { panic!("the CPU uploads nothing") };
    let graph = Graph::new();
    let x = graph.input("x", [5]);
    let rest = ["y", "z", "w"].map(|name| graph.input(name, []));
    let weights = graph.constant(&[1.0, 2.0, 3.0, 4.0, 5.0], [5]);
    let last = graph.input("last", [5]);
    graph.output("sums", x + rest[0] * 10.0 + rest[1] * 100.0 + rest[2] * 1000.0 + last * weights);
    let plan = graph.compile().unwrap();
    let state = State::new(gpu, &[&plan], 0).unwrap();
    let mut program = Program::new(gpu, &plan, &state).unwrap();
    let before = device.counts();
    let x = [0.0, 1.0, 2.0, 3.0, 4.0];
    program.write_many(&[("z", &[3.0]), ("w", &[4.0]), ("x", &x), ("y", &[2.0])]).unwrap();
    let mut wanted = before;
    wanted.uploads += 1;
    assert_eq!(device.counts(), wanted, "four neighbours, one upload");
    program.write_many(&[("last", &[0.0; 5]), ("x", &x)]).unwrap();
    wanted.uploads += 2;
    assert_eq!(device.counts(), wanted, "others lie between: two uploads");
    program.write_many(&[("x", &[9.0; 5]), ("y", &[9.0; 2])]).unwrap_err();
    program.write_many(&[("x", &[9.0; 5]), ("nobody", &[9.0])]).unwrap_err();
    assert_eq!(device.counts(), wanted, "nothing is written of what is wrong");
    program.run(1).unwrap();
    let sums = program.read("sums").await.unwrap();
    let wanted = [4320.0, 4321.0, 4322.0, 4323.0, 4324.0];
    assert_eq!(sums, wanted, "each number where it belongs");
}

/// Outputs after three steps, and the state.
async fn steps(device: &Device, plan: &Plan) -> (Vec<Vec<f32>>, Snapshot) {
    let state = State::new(device, &[plan], 3).unwrap();
    let mut program = Program::new(device, plan, &state).unwrap();
    for slot in &plan.inputs {
        let count: usize = slot.shape.iter().product();
        let values: Vec<f32> = (0..count).map(|i| (i * 7 % 11) as f32 * 0.2 - 1.0).collect();
        program.write(&slot.name, &values).unwrap();
    }
    program.run(3).unwrap();
    let names: Vec<&str> = plan.outputs.iter().map(|slot| slot.name.as_str()).collect();
    let outputs = program.read_many(&names).await.unwrap();
    (outputs, state.read_all().await.unwrap())
}

fn near(name: &str, wanted: &[f32], found: &[f32], tolerance: f32) {
    for (i, (x, y)) in found.iter().zip(wanted).enumerate() {
        let near = (x - y).abs() <= tolerance * y.abs().max(1.0);
        assert!(near || x == y, "{name}[{i}] is {x} on the GPU, {y} on the CPU");
    }
}

fn descend<'g>(g: &'g Graph, loss: Var<'g>, weights: &[Var<'g>]) {
    for (w, d) in weights.iter().zip(g.grad(loss, weights)) {
        g.assign(*w, *w - d * 0.1);
    }
    g.output("loss", loss);
}

fn perceptron(g: &Graph) {
    let x = g.uniform("points", [128, 2]) * 2.0 - 1.0;
    let y = (x.slice(1, 0..1) * x.slice(1, 1..2)).less(0.0);
    let w1 = g.state("w1", [2, 40], Init::Glorot);
    let b1 = g.state("b1", [40], Init::Zeros);
    let w2 = g.state("w2", [40, 1], Init::Glorot);
    let b2 = g.state("b2", [1], Init::Zeros);
    let h = (x.matmul(w1) + b1).tanh();
    let p = (h.matmul(w2) + b2).sigmoid();
    g.output("points", x);
    descend(g, (p - y).square().mean_all(), &[w1, b1, w2, b2]);
}

/// Masked attention with two heads, a layer norm, and cross-entropy.
fn attention(g: &Graph) {
    let (batch, time, width, heads) = (3, 17, 24, 2);
    let x = g.input("x", [batch, time, width]);
    let w = g.state("w", [width, 3 * width], Init::Glorot);
    let out = g.state("out", [width, 9], Init::Glorot);
    let scale = g.state("scale", [width], Init::Constant(1.0));
    let centred = x - x.mean(&[2]);
    let normal = centred / (centred.square().mean(&[2]) + 1e-5).sqrt() * scale;
    let all = normal.matmul(w);
    let part = |i: usize| {
        let head = all.slice(2, i * width..(i + 1) * width);
        head.reshape([batch, time, heads, width / heads]).permute(&[0, 2, 1, 3])
    };
    let late = g.iota([time, time], 0).less(g.iota([time, time], 1));
    let scores = part(0).matmul(part(1).transpose()) * 0.3;
    let scores = Var::select(late, -1e9, scores);
    let weights = (scores - scores.max(&[3])).exp();
    let weights = weights / weights.sum(&[3]);
    let mixed = weights.matmul(part(2)).permute(&[0, 2, 1, 3]).reshape([batch, time, width]);
    let logits = (mixed + x).matmul(out);
    let shifted = logits - logits.max(&[2]);
    let logs = shifted - shifted.exp().sum(&[2]).ln();
    g.output("weights", weights);
    g.output("best", logits.argmax(2));
    descend(g, -logs.slice(2, 3..4).mean_all(), &[w, out, scale]);
}

/// A few steps of an LSTM.
fn recurrent(g: &Graph) {
    let (batch, hidden) = (20, 33);
    let w = g.state("w", [2 + hidden, 4 * hidden], Init::Glorot);
    let b = g.state("b", [4 * hidden], Init::Uniform(0.1));
    let mut h = g.constant(&vec![0.0; batch * hidden], [batch, hidden]);
    let mut c = h;
    let x = g.input("x", [batch, 5, 2]);
    for t in 0..5 {
        let input = Var::concat(&[x.slice(1, t..t + 1).reshape([batch, 2]), h], 1);
        let gates = input.matmul(w) + b;
        let gate = |i: usize| gates.slice(1, i * hidden..(i + 1) * hidden);
        c = gate(0).sigmoid() * c + gate(1).sigmoid() * gate(2).tanh();
        h = gate(3).sigmoid() * c.tanh();
    }
    g.output("h", h);
    descend(g, (h - 0.3).square().mean_all(), &[w, b]);
}

/// Rows of a table by random index, running sums.
fn embedding(g: &Graph) {
    let table = g.state("table", [13, 6], Init::Normal(1.0));
    let index = (g.uniform("index", [10, 4]) * 13.0).floor();
    let rows = table.gather(index);
    let sums = rows.cumsum(1);
    g.output("index", index);
    g.output("sums", sums);
    descend(g, (sums * 0.3).sin().square().mean_all(), &[table]);
}

/// A convolution by windows, and the greatest of pairs.
fn convolution(g: &Graph) {
    let x = g.input("x", [4, 30, 3]);
    let w = g.state("w", [9, 8], Init::He);
    let windows = x.pad(1, 1, 1).windows(1, 3, 1).reshape([4, 30, 9]);
    let y = windows.matmul(w).maximum(0.0);
    let pooled = y.reshape([4, 15, 2, 8]).max(&[2]);
    g.output("pooled", pooled);
    descend(g, (pooled - 1.0).square().mean_all(), &[w]);
}

fn moved(g: &Graph) {
    let x = g.iota([3, 4, 5], 1) * 10.0 + g.iota([3, 4, 5], 2) - g.iota([3, 4, 5], 0);
    g.output("turned", x.permute(&[2, 0, 1]));
    g.output("cut", x.slice(1, 1..3).transpose().reshape([3, 10]));
    g.output("joined", Var::concat(&[x, -x.slice(2, 0..2), x * 2.0], 2));
    g.output("padded", x.pad(1, 2, 1).pad(0, 0, 1));
    g.output("summed", x.sum(&[0, 2]));
    g.output("columns", x.max(&[1]));
    g.output("total", x.sum_all());
    let step = g.step();
    g.output("step", step);
    let count = g.state("count", [4], Init::Zeros);
    g.assign(count, count + g.iota([4], 0) + step);
}

/// A chain of many long loops, in each style more turns than a thread has on Mesa's llvmpipe: parities
/// of running sums of parities.
fn long(g: &Graph) {
    let mut bits = (g.uniform("bits", [8, 2048]) * 2.0).floor();
    for _ in 0..40 {
        let sums = bits.cumsum(1) + bits.sum(&[1]);
        bits = sums - (sums * 0.5).floor() * 2.0;
    }
    g.output("bits", bits);
}
