//! Optimisers, clipping and schedules against their papers' formulas in `f64`.
use orrery::{
    engine::{Device, Graph, Init, Program, State, Var},
    models::{
        Weights,
        optim::{Adam, adam, clip_global_norm, cosine, momentum, sgd, warm_up},
    },
};

use crate::check::assert_near;

/// Steps compared.
const STEPS: usize = 25;
/// Where the weights begin.
const START: [f64; 3] = [1.0, -2.0, 0.5];

/// The derivative of the loss sum(k/2 w^2 + w) with k = 1, 2, 3.
fn derivative(w: &[f64]) -> Vec<f64> {
    w.iter().enumerate().map(|(i, w)| (i + 1) as f64 * w + 1.0).collect()
}

/// Compares the weights after each step with those of a formula, which is told the step from one.
#[track_caller]
fn assert_follows(
    optimiser: impl for<'g> Fn(&Weights<'g>, &[Var<'g>]),
    mut formula: impl FnMut(usize, &mut Vec<f64>),
) {
    let g = Graph::new();
    let w = Weights::new(&g);
    // Two tensors, so that names of moments are told apart.
    let (a, b) = (w.get("a", [2], Init::Zeros), w.get("b", [1], Init::Zeros));
    let both = Var::concat(&[a, b], 0);
    let loss = (both.square() * g.constant(&[0.5, 1.0, 1.5], [3]) + both).sum_all();
    optimiser(&w, &g.grad(loss, &[a, b]));
    let plan = g.compile().unwrap();
    let state = State::new(&Device::cpu(), &[&plan], 0).unwrap();
    let mut program = Program::new(&Device::cpu(), &plan, &state).unwrap();
    state.write("a", &[1.0, -2.0]).unwrap();
    state.write("b", &[0.5]).unwrap();
    let mut wanted = START.to_vec();
    for step in 1..=STEPS {
        program.run(1).unwrap();
        formula(step, &mut wanted);
        let read = |name| pollster::block_on(state.read(name)).unwrap();
        let found = [read("a"), read("b")].concat();
        // One rounding error a step, and the bias corrections' cancellation in the first ones.
        assert_near(&found, &wanted, 2e-5, &format!("weights after step {step}"));
    }
}

#[test]
fn gradient_descent() {
    assert_follows(
        |w, grads| sgd(w, grads, w.graph().scalar(0.1)),
        |_, w| {
            let d = derivative(w);
            w.iter_mut().zip(d).for_each(|(w, d)| *w -= 0.1 * d);
        },
    );
}

#[test]
fn momentum_accumulates() {
    let mut m = [0.0; 3];
    assert_follows(
        |w, grads| momentum(w, grads, w.graph().scalar(0.05), 0.9),
        |_, w| {
            for (i, d) in derivative(w).into_iter().enumerate() {
                m[i] = 0.9 * m[i] + d;
                w[i] -= 0.05 * m[i];
            }
        },
    );
}

/// Algorithm 1 of Kingma & Ba 2015, decay as in Algorithm 2 of Loshchilov & Hutter 2019.
fn adam_twin(adam: Adam, rate: f64) -> impl FnMut(usize, &mut Vec<f64>) {
    let [beta1, beta2, epsilon, decay] =
        [adam.beta1, adam.beta2, adam.epsilon, adam.decay].map(f64::from);
    let (mut m, mut v) = ([0.0; 3], [0.0; 3]);
    move |t, w| {
        for (i, d) in derivative(w).into_iter().enumerate() {
            m[i] = beta1 * m[i] + (1.0 - beta1) * d;
            v[i] = beta2 * v[i] + (1.0 - beta2) * d * d;
            let m_hat = m[i] / (1.0 - beta1.powi(t as i32));
            let v_hat = v[i] / (1.0 - beta2.powi(t as i32));
            w[i] -= rate * (m_hat / (v_hat.sqrt() + epsilon) + decay * w[i]);
        }
    }
}

#[test]
fn adam_follows_its_algorithm() {
    for decay in [0.0, 0.1] {
        let constants = Adam { decay, ..Adam::default() };
        assert_follows(
            |w, grads| adam(w, grads, w.graph().scalar(0.1), constants),
            adam_twin(constants, f64::from(0.1_f32)),
        );
    }
}

#[test]
fn the_first_step_of_adam_is_the_rate() {
    // m/(1 - beta1) = d and v/(1 - beta2) = d^2, so that the step is the sign of d.
    assert_follows(
        |w, grads| {
            adam(w, grads, w.graph().scalar(0.25) * w.graph().step().equal(0.0), Adam::default());
        },
        |t, w| {
            if t == 1 {
                let d = derivative(w);
                w.iter_mut().zip(d).for_each(|(w, d)| *w -= 0.25 * d.signum());
            }
        },
    );
}

/// Values of a graph after the first step and after as many as asked for.
fn read(g: &Graph, steps: usize, name: &str) -> Vec<f32> {
    let plan = g.compile().unwrap();
    let state = State::new(&Device::cpu(), &[&plan], 0).unwrap();
    let mut program = Program::new(&Device::cpu(), &plan, &state).unwrap();
    program.run(steps).unwrap();
    pollster::block_on(program.read(name)).unwrap()
}

#[test]
fn clipping_scales_the_joint_norm() {
    // Norm of (3, 4) and (12): 13.
    for (limit, scale) in [(1.3, 0.1), (13.0, 1.0), (20.0, 1.0)] {
        let g = Graph::new();
        let grads = [g.constant(&[3.0, 4.0], [2]), g.constant(&[12.0], [1, 1])];
        let (clipped, norm) = clip_global_norm(&grads, limit);
        g.output("all", Var::concat(&[clipped[0], clipped[1].reshape([1])], 0));
        g.output("norm", norm.unwrap());
        assert_near(&read(&g, 1, "all"), &[3.0, 4.0, 12.0].map(|x| x * scale), 1e-6, "clipped");
        assert_eq!(read(&g, 1, "norm"), [13.0]);
    }
    // All zero: nothing is divided by zero.
    let g = Graph::new();
    g.output("zero", clip_global_norm(&[g.zeros([2]) * g.step()], 1.0).0[0]);
    assert_eq!(read(&g, 1, "zero"), [0.0, 0.0]);
    assert!(clip_global_norm(&[], 1.0).1.is_none(), "no derivatives, no norm");
}

#[test]
fn schedules_begin_and_end_where_they_should() {
    let g = Graph::new();
    let count = g.state("count", [], Init::Zeros);
    g.assign(count, count + 1.0);
    g.output("cosine", cosine(&g, 8, 0.2));
    g.output("warm up", warm_up(&g, 4));
    let wanted = |step: usize| {
        let done = (step as f64 / 8.0).min(1.0);
        0.2 + 0.4 * (1.0 + (std::f64::consts::PI * done).cos())
    };
    for step in [0, 1, 4, 7, 8, 30] {
        assert_near(&read(&g, step + 1, "cosine"), &[wanted(step)], 1e-6, "cosine");
        let warm = ((step as f64 + 1.0) / 4.0).min(1.0);
        assert_near(&read(&g, step + 1, "warm up"), &[warm], 1e-6, "warm up");
    }
}
