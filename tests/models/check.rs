//! A layer on the engine beside its plain twin.
use std::collections::BTreeMap;

use orrery::{
    engine::{Device, Graph, Program, State, Var, rng::Stream},
    models::Weights,
};

use crate::tensor::Tensor;

/// Weights by name.
pub(crate) type Named = BTreeMap<String, Tensor>;

/// Values: rounding errors of a few dozen operations in `f32`, relative to the greatest.
const TOLERANCE: f64 = 2e-5;
/// Derivatives: those of the backward chain, relative to the greatest.
const GRADIENT_TOLERANCE: f64 = 2e-4;
/// Step of the differences.
const STEP: f64 = 1e-5;
/// Elements of a tensor that are varied.
const VARIED: usize = 10;

/// Random lengths and numbers for the cases of a test.
pub(crate) struct Draw(Stream);

impl Draw {
    pub(crate) fn new(case: u64) -> Self {
        Self(Stream::new(case, "case"))
    }

    /// A length from 1 to `most`.
    pub(crate) fn length(&mut self, most: usize) -> usize {
        1 + self.0.below(most)
    }

    /// Uniform in `[-1, 1)`, as `f32` can hold it.
    pub(crate) fn tensor(&mut self, shape: &[usize]) -> Tensor {
        Tensor::from_fn(shape, |_| f64::from(self.0.uniform() * 2.0 - 1.0))
    }

    /// Whole numbers below `n`.
    pub(crate) fn whole(&mut self, shape: &[usize], n: usize) -> Tensor {
        Tensor::from_fn(shape, |_| self.0.below(n) as f64)
    }
}

/// An input of a layer.
pub(crate) enum Input {
    /// Its derivative is checked.
    Free(Tensor),
    /// Indices, masks, targets.
    Fixed(Tensor),
}

impl Input {
    fn tensor(&self) -> &Tensor {
        match self {
            Self::Free(tensor) | Self::Fixed(tensor) => tensor,
        }
    }
}

/// Compares value and derivatives of a layer with its twin, at random weights.
#[track_caller]
pub(crate) fn check(
    inputs: &[Input],
    layer: impl for<'g> Fn(&Weights<'g>, &[Var<'g>]) -> Var<'g>,
    twin: impl Fn(&Named, &[Tensor]) -> Tensor,
) {
    let g = Graph::new();
    let w = Weights::new(&g);
    let name = |i: usize| format!("x{i}");
    let vars: Vec<Var<'_>> =
        inputs.iter().enumerate().map(|(i, x)| g.input(&name(i), &x.tensor().shape)).collect();
    let y = layer(&w, &vars);
    g.output("y", y);
    let loss = (y * g.constant(&weighing(&y.shape()).f32s(), y.shape())).sum_all();
    let trained = w.list();
    let free: Vec<usize> =
        (0..inputs.len()).filter(|&i| matches!(inputs[i], Input::Free(_))).collect();
    let wrt: Vec<(String, Var<'_>)> =
        free.iter().map(|&i| (name(i), vars[i])).chain(trained.clone()).collect();
    let gradients = g.grad(loss, &wrt.iter().map(|(_, v)| *v).collect::<Vec<_>>());
    for ((name, _), gradient) in wrt.iter().zip(gradients) {
        g.output(&format!("d {name}"), gradient);
    }

    let plan = g.compile().unwrap();
    let state = State::new(&Device::cpu(), &[&plan], 0).unwrap();
    let mut program = Program::new(&Device::cpu(), &plan, &state).unwrap();
    for (i, input) in inputs.iter().enumerate() {
        program.write(&name(i), &input.tensor().f32s()).unwrap();
    }
    let mut draw = Draw::new(1);
    let mut weights = Named::new();
    for (name, var) in &trained {
        let value = draw.tensor(&var.shape());
        // Not there if it is multiplied by zeros alone, as the recurrent weights of a single step.
        if state.slots().iter().any(|slot| slot.name == *name) {
            state.write(name, &value.f32s()).unwrap();
        }
        weights.insert(name.clone(), value);
    }
    program.run(1).unwrap();
    let read = |name: &str| pollster::block_on(program.read(name)).unwrap();

    let xs: Vec<Tensor> = inputs.iter().map(|x| x.tensor().clone()).collect();
    let wanted = twin(&weights, &xs);
    assert_eq!(y.shape(), wanted.shape, "shape of the value");
    assert_near(&read("y"), &wanted.data, TOLERANCE, "value");
    let loss = |weights: &Named, xs: &[Tensor]| {
        let y = twin(weights, xs);
        y.zip(&weighing(&y.shape), |y, w| y * w).data.iter().sum::<f64>()
    };
    for &i in &free {
        let moved = |element: usize, offset: f64| {
            let mut xs = xs.clone();
            xs[i].data[element] += offset;
            loss(&weights, &xs)
        };
        assert_gradient(&read(&format!("d x{i}")), moved, &format!("derivative by x{i}"));
    }
    for (name, _) in &trained {
        let moved = |element: usize, offset: f64| {
            let mut weights = weights.clone();
            weights.get_mut(name).unwrap().data[element] += offset;
            loss(&weights, &xs)
        };
        assert_gradient(&read(&format!("d {name}")), moved, &format!("derivative by {name}"));
    }
}

/// What each element of the value weighs in the loss.
fn weighing(shape: &[usize]) -> Tensor {
    let mut k = 0;
    Tensor::from_fn(shape, |_| {
        k += 7;
        ((k * 37) % 17) as f64 / 8.0 - 0.9375
    })
}

#[track_caller]
fn assert_gradient(found: &[f32], loss: impl Fn(usize, f64) -> f64, what: &str) {
    let elements: Vec<usize> = (0..found.len()).step_by(found.len().div_ceil(VARIED)).collect();
    let difference = |&e: &usize| (loss(e, STEP) - loss(e, -STEP)) / (2.0 * STEP);
    let wanted: Vec<f64> = elements.iter().map(difference).collect();
    let found: Vec<f32> = elements.iter().map(|&e| found[e]).collect();
    assert_near(&found, &wanted, GRADIENT_TOLERANCE, what);
}

#[track_caller]
pub(crate) fn assert_near(found: &[f32], wanted: &[f64], tolerance: f64, what: &str) {
    assert_eq!(found.len(), wanted.len(), "{what}: number of elements");
    let limit = tolerance * wanted.iter().fold(1.0_f64, |m, x| m.max(x.abs()));
    for (i, (&found, &wanted)) in found.iter().zip(wanted).enumerate() {
        let error = (f64::from(found) - wanted).abs();
        assert!(error <= limit, "{what}: element {i} is {found}, not {wanted}");
    }
}
