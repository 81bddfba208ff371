//! Runs small graphs on the CPU, and compares their derivatives with differences.
use super::Weights;
use crate::engine::{Device, Graph, Program, State, Var, rng::Stream};

/// What a graph makes of the beginnings of its weights, after `steps` steps.
pub(super) fn after(steps: usize, build: impl Fn(&Weights<'_>)) -> impl Fn(&str) -> Vec<f32> {
    let graph = Graph::new();
    build(&Weights::new(&graph));
    let plan = graph.compile().unwrap();
    let state = State::new(&Device::cpu(), &[&plan], 1).unwrap();
    let mut program = Program::new(&Device::cpu(), &plan, &state).unwrap();
    program.run(steps).unwrap();
    let program = std::cell::RefCell::new(program);
    move |name| {
        let output = pollster::block_on(program.borrow_mut().read(name));
        output.or_else(|_| pollster::block_on(state.read(name))).unwrap()
    }
}

/// The value that `build` makes.
pub(super) fn value(build: impl for<'g> Fn(&Weights<'g>) -> Var<'g>) -> Vec<f32> {
    after(1, |w| w.graph().output("value", build(w)))("value")
}

/// Fails unless the derivatives of a random combination of `build`'s elements with respect to every weight
/// agree with central differences along a random direction.
#[track_caller]
pub(super) fn assert_gradients(build: impl for<'g> Fn(&Weights<'g>) -> Var<'g>) {
    let graph = Graph::new();
    let w = Weights::new(&graph);
    let result = build(&w);
    let mut stream = Stream::new(2, "gradient");
    let shape = result.shape();
    let mix: Vec<f32> = (0..shape.iter().product()).map(|_| stream.normal()).collect();
    let loss = (result * graph.constant(&mix, &shape)).sum_all();
    graph.output("loss", loss);
    for ((name, _), grad) in w.list().iter().zip(graph.grad(loss, &w.vars())) {
        graph.output(&format!("grad {name}"), grad);
    }
    let plan = graph.compile().unwrap();
    let state = State::new(&Device::cpu(), &[&plan], 1).unwrap();
    let mut program = Program::new(&Device::cpu(), &plan, &state).unwrap();
    let mut at = |name: &str, values: &[f32]| {
        state.write(name, values).unwrap();
        program.run(1).unwrap();
        let loss = pollster::block_on(program.read("loss")).unwrap()[0];
        (loss, pollster::block_on(program.read(&format!("grad {name}"))).unwrap())
    };
    assert!(!w.list().is_empty(), "nothing to differentiate with respect to");
    for (name, _) in w.list() {
        let start = pollster::block_on(state.read(&name)).unwrap();
        let direction: Vec<f32> = start.iter().map(|_| stream.normal()).collect();
        let (loss, grad) = at(&name, &start);
        let along: f32 = grad.iter().zip(&direction).map(|(g, d)| g * d).sum();
        // Wide differences cross kinks and bend, narrow ones drown in rounding: the best counts.
        let errors = [1e-2, 3e-3, 1e-3, 3e-4].map(|h: f32| {
            let moved = |h: f32| start.iter().zip(&direction).map(|(x, d)| x + h * d).collect();
            let (up, down): (Vec<f32>, Vec<f32>) = (moved(h), moved(-h));
            let slope = (at(&name, &up).0 - at(&name, &down).0) / (2.0 * h);
            let size = grad.iter().map(|g| g * g).sum::<f32>().sqrt();
            (slope - along).abs() / (2e-3 * size + 4.0 * f32::EPSILON * (1.0 + loss.abs()) / h)
        });
        let least = errors.into_iter().fold(f32::INFINITY, f32::min);
        assert!(least <= 1.0, "{name}: {errors:?} times the tolerance");
        at(&name, &start);
    }
}

/// Fails unless both are equal to a few units in the last place of numbers near one.
#[track_caller]
pub(super) fn assert_near(found: &[f32], expected: &[f32]) {
    assert_eq!(found.len(), expected.len(), "lengths");
    let near = found.iter().zip(expected).all(|(a, b)| (a - b).abs() <= 2e-6 * (1.0 + b.abs()));
    assert!(near, "{found:?}, expected {expected:?}");
}

/// A tensor to differentiate with respect to, normal.
pub(super) fn sample<'g>(w: &Weights<'g>, shape: impl AsRef<[usize]>) -> Var<'g> {
    w.get("x", shape, crate::engine::Init::Normal(1.0))
}
