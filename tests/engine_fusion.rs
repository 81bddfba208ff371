//! Programs with and without fusion agree bit for bit: a net that learns, and random graphs.
#![expect(clippy::unwrap_used, reason = "a test")]
use orrery::{
    engine::{
        Device, Fusion, Graph, Init, Plan, Program, Snapshot, State, Unary, Var,
        kernel::{Body, Inst, Kernel, Space},
        rng::Stream,
    },
    models::{
        Weights,
        activation::gelu,
        attention::{causal, self_attention},
        dense::linear,
        optim,
    },
};

fn mlp() -> Graph {
    let g = Graph::new();
    {
        let x = g.uniform("points", [128, 2]) * 2.0 - 1.0;
        let y = (x.slice(1, 0..1) * x.slice(1, 1..2)).less(0.0);
        let w1 = g.state("w1", [2, 32], Init::Glorot);
        let b1 = g.state("b1", [32], Init::Zeros);
        let w2 = g.state("w2", [32, 1], Init::Glorot);
        let b2 = g.state("b2", [1], Init::Zeros);
        let h = (x.matmul(w1) + b1).tanh();
        let p = (h.matmul(w2) + b2).sigmoid();
        let loss = (p - y).square().mean_all();
        let params = [w1, b1, w2, b2];
        for (w, d) in params.iter().zip(g.grad(loss, &params)) {
            g.assign(*w, *w - d * 2.0);
        }
        g.output("loss", loss);
    }
    g
}

fn losses(fusion: Fusion, steps: usize) -> Vec<f32> {
    let plan = mlp().compile_with(fusion).unwrap();
    let device = Device::cpu();
    let state = State::new(&device, &[&plan], 7).unwrap();
    let mut program = Program::new(&device, &plan, &state).unwrap();
    let step = |_| {
        program.run(1).unwrap();
        pollster::block_on(program.read("loss")).unwrap()[0]
    };
    (0..steps).map(step).collect()
}

#[test]
fn fused_and_plain_programs_learn_alike() {
    let (fused, plain) = (losses(Fusion::On, 2000), losses(Fusion::Off, 2000));
    assert!((fused[0] - plain[0]).abs() < 1e-6, "first losses {} and {}", fused[0], plain[0]);
    assert!(fused[1999] < 0.1 * fused[0], "loss fell only to {}", fused[1999]);
}

/// A graph of random primitives over a few shapes that mix rows, columns, batches and scalars.
fn random_graph(seed: u64) -> Graph {
    let g = Graph::new();
    {
        let mut rng = Stream::new(seed, "graph");
        let shapes: [&[usize]; 6] = [&[3, 4], &[4, 3], &[3, 1], &[2, 3, 4], &[4], &[1, 4]];
        let mut pool: Vec<Var> = vec![
            g.uniform("u", [3, 4]),
            g.iota([2, 3, 4], 1),
            g.constant(&[0.5, -1.5, 2.0, 0.25], [4]),
            g.scalar(1.5),
        ];
        let states: Vec<Var> = (0..4)
            .map(|i| g.state(&format!("s{i}"), shapes[rng.below(shapes.len())], Init::Uniform(1.0)))
            .collect();
        pool.extend(&states);
        for _ in 0..8 + rng.below(25) {
            let next = random_op(&mut rng, &pool);
            pool.push(next);
        }
        let loss = pool[pool.len() - 3..].iter().map(|v| v.tanh().sum_all()).reduce(|a, b| a + b);
        let loss = loss.unwrap();
        for (&state, grad) in states.iter().zip(g.grad(loss, &states)) {
            // Some states step along the derivative, some take the value of another.
            let other = pool.iter().find(|v| v.shape() == state.shape()).copied().unwrap_or(state);
            g.assign(state, if rng.below(3) == 0 { other } else { state - 0.1 * grad });
        }
        g.output("loss", loss);
        for i in 0..4 {
            g.output(&format!("o{i}"), pool[rng.below(pool.len())]);
        }
    }
    g
}

fn random_op<'g>(rng: &mut Stream, pool: &[Var<'g>]) -> Var<'g> {
    let a = pool[rng.below(pool.len())];
    let b = pool[rng.below(pool.len())];
    let shape = a.shape();
    let rank = shape.len();
    let fits = |s: &[usize], t: &[usize]| {
        let n = s.len().max(t.len());
        let at = |s: &[usize], i: usize| if i + s.len() >= n { s[i + s.len() - n] } else { 1 };
        (0..n).all(|i| at(s, i) == at(t, i) || at(s, i) == 1 || at(t, i) == 1)
    };
    let pair = fits(&shape, &b.shape());
    match rng.below(18) {
        0 if pair => a + b,
        1 if pair => a * b,
        2 if pair => a - b,
        3 if pair => a.maximum(b),
        4 => a.tanh(),
        5 => a.sigmoid(),
        6 => (a * 0.3).exp().minimum(9.0),
        7 if rank > 0 => a.sum(&[rng.below(rank)]),
        8 if rank > 0 => a.max(&[rank - 1]),
        9 if rank > 1 => a.transpose(),
        10 if rank > 0 => {
            let axis = rng.below(rank);
            let end = 1 + rng.below(shape[axis]);
            a.slice(axis, end - 1..end)
        }
        11 if rank > 0 => {
            let axis = rng.below(rank);
            Var::concat(&[a, a.sin()], axis).slice(axis, 1..1 + shape[axis])
        }
        12 if rank > 1 => a.matmul(a.transpose()).slice(rank - 1, 0..1),
        13 if rank > 0 => a.cumsum(rng.below(rank)) * 0.5,
        14 if rank > 0 => a.pad(rng.below(rank), 1, 0).slice(0, 0..1),
        15 if rank > 0 => {
            let e = (a - a.max(&[rank - 1])).exp();
            e / e.sum(&[rank - 1])
        }
        16 if pair => Var::select(a.less(b), a, b),
        17 if rank > 0 => a.reshape([shape.iter().product::<usize>()]).sum_all(),
        _ => a * 0.5 + 0.25,
    }
}

fn three_steps(graph: &Graph, fusion: Fusion) -> (Vec<Vec<u32>>, Snapshot) {
    let plan = graph.compile_with(fusion).unwrap();
    let device = Device::cpu();
    let state = State::new(&device, &[&plan], 3).unwrap();
    let mut program = Program::new(&device, &plan, &state).unwrap();
    let mut seen = Vec::new();
    for _ in 0..3 {
        program.run(1).unwrap();
        for slot in &plan.outputs {
            let values = pollster::block_on(program.read(&slot.name)).unwrap();
            // All numbers that are none are one.
            seen.push(values.iter().map(|x| if x.is_nan() { 1 } else { x.to_bits() }).collect());
        }
    }
    (seen, pollster::block_on(state.read_all()).unwrap())
}

#[test]
fn random_graphs_are_the_same_fused_and_plain() {
    for seed in 0..400 {
        let graph = random_graph(seed);
        let (fused, plain) = (three_steps(&graph, Fusion::On), three_steps(&graph, Fusion::Off));
        assert_eq!(fused.0, plain.0, "outputs of graph {seed}");
        let bits = |s: &Snapshot| format!("{s:?}");
        assert_eq!(bits(&fused.1), bits(&plain.1), "states of graph {seed}");
    }
}

/// A training step of gradient descent.
fn trained(loss: impl for<'g> FnOnce(&Weights<'g>) -> Var<'g>) -> Plan {
    let g = Graph::new();
    let w = Weights::new(&g);
    let loss = loss(&w);
    optim::sgd(&w, &g.grad(loss, &w.vars()), g.scalar(0.1));
    g.compile().unwrap()
}

/// Kernels that only move numbers.
fn copies(plan: &Plan) -> usize {
    let copies = |k: &&Kernel| k.body == Body::Rows && matches!(k.code[..], [Inst::Load(_)]);
    plan.kernels.iter().filter(copies).count()
}

#[test]
fn what_follows_a_layer_is_computed_with_its_product() {
    let g = Graph::new();
    let w = Weights::new(&g);
    g.output("y", linear(&w, "layer", g.input("x", [2, 3, 4]), 5).tanh());
    let kernels = g.compile().unwrap().kernels;
    assert_eq!(kernels.len(), 1, "{kernels:?}");
    assert_eq!(kernels[0].domain, [6, 5], "rows of the batch are rows of one product");
}

#[test]
fn of_a_gelu_its_argument_its_tanh_and_its_value_are_kept() {
    let plan = trained(|w| {
        let x = w.graph().uniform("x", [2, 3, 8]);
        linear(w, "narrow", gelu(linear(w, "wide", x, 16)), 1).square().mean_all()
    });
    let tanh = |k: &&Kernel| k.code.iter().any(|i| matches!(i, Inst::Unary(Unary::Tanh, _)));
    let found: Vec<usize> = plan.kernels.iter().filter(tanh).map(|k| k.stores.len()).collect();
    assert_eq!(found, [3], "tanh is computed once, and nothing that it makes is kept");
}

#[test]
fn attention_copies_nothing_and_weights_change_in_place() {
    let plan = trained(|w| {
        let x = w.graph().uniform("x", [3, 5, 8]);
        self_attention(w, "attention", x, 2, Some(causal(w, 5))).square().mean_all()
    });
    assert_eq!(copies(&plan), 0, "{:#?}", plan.kernels);
    let products = plan.kernels.iter().filter(|k| matches!(k.body, Body::MatMul { .. }));
    let stores = products.flat_map(|k| &k.stores);
    let updated = stores.filter(|s| s.view.space == Space::State).count();
    assert_eq!(updated, 2, "both weight matrices are written by the products of their gradients");
}
