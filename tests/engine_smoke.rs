//! A whole training step: programs with and without fusion agree, and a net learns.
#![expect(clippy::unwrap_used, reason = "a test")]
use orrery::engine::{Device, Fusion, Graph, Init, Program, State};

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
