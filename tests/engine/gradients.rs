//! Derivatives of random programs against central differences of the plain twin.
use orrery::engine::{Fusion, Graph};
use proptest::prelude::{any, proptest};

use crate::{
    grow::{KINDS, Size, random_recipe, single_step},
    programs::config,
    recipe::{Recipe, Step},
    run::run,
    tensor::Tensor,
};

/// Step of the differences; their error is its square times the third derivative.
const STEP: f64 = 1e-5;
/// Elements of an input that are varied.
const VARIED: usize = 8;
/// Rounding errors of the backward chain in `f32`, relative to the greatest derivative.
const TOLERANCE: f64 = 1e-3;

/// What the elements of result `id` weigh in the loss.
fn weights(shape: &[usize], id: usize) -> Tensor {
    let mut k = id;
    Tensor::from_fn(shape, |_| {
        k += 7;
        ((k * 37) % 17) as f64 / 8.0 - 0.9375
    })
}

/// The weighted sum of all results, by the plain twin.
fn loss(recipe: &Recipe) -> f64 {
    let values = recipe.eval();
    let weigh = |id: &usize| {
        let value = &values[*id];
        value.zip(&weights(&value.shape, *id), |x, w| x * w).data.iter().sum::<f64>()
    };
    recipe.results().iter().map(weigh).sum()
}

/// The derivatives of the loss with respect to every input, by the engine.
fn engine_gradients(recipe: &Recipe, fusion: Fusion) -> Vec<Vec<f32>> {
    let g = Graph::new();
    let vars = recipe.build(&g);
    let mut loss = g.scalar(0.0);
    for id in recipe.results() {
        let shape = vars[id].shape();
        loss = loss + (vars[id] * g.constant(&weights(&shape, id).f32s(), &shape)).sum_all();
    }
    let inputs = recipe.inputs();
    let names: Vec<String> = inputs.iter().map(|(id, _)| format!("d{id}")).collect();
    let wrt: Vec<_> = inputs.iter().map(|(id, _)| vars[*id]).collect();
    for (name, gradient) in names.iter().zip(g.grad(loss, &wrt)) {
        g.output(name, gradient);
    }
    let found = run(&g.compile_with(fusion).unwrap(), recipe, &names);
    names.iter().map(|name| found[name].clone()).collect()
}

/// The derivative with respect to one element of input `id`; `None` at a kink or a jump.
fn difference(recipe: &Recipe, id: usize, element: usize) -> Option<f64> {
    let at = |offset: f64| {
        let mut moved = recipe.clone();
        if let Step::Input(tensor) = &mut moved.steps[id] {
            tensor.data[element] += offset;
        }
        loss(&moved)
    };
    let (before, here, after) = (at(-STEP), at(0.0), at(STEP));
    let (left, right) = ((here - before) / STEP, (after - here) / STEP);
    let central = f64::midpoint(left, right);
    ((left - right).abs() < 1e-2 * central.abs().max(1.0)).then_some(central)
}

/// Compares the engine's derivatives, fused and not, with differences. Returns how many were compared.
pub(crate) fn check(recipe: &Recipe) -> usize {
    let mut compared = 0;
    let found = [Fusion::Off, Fusion::On].map(|fusion| engine_gradients(recipe, fusion));
    for (i, (id, tensor)) in recipe.inputs().into_iter().enumerate() {
        let stride = tensor.data.len().div_ceil(VARIED);
        let elements: Vec<usize> = (0..tensor.data.len()).step_by(stride).collect();
        let wanted: Vec<_> = elements.iter().map(|&e| difference(recipe, id, e)).collect();
        let largest = wanted.iter().flatten().fold(1.0_f64, |m, d| m.max(d.abs()));
        for (element, wanted) in elements.into_iter().zip(wanted) {
            let Some(wanted) = wanted else { continue };
            compared += 1;
            for (found, how) in found.iter().zip(["unfused", "fused"]) {
                let found = f64::from(found[i][element]);
                assert!(
                    (found - wanted).abs() <= TOLERANCE * largest,
                    "{how}: d loss / d x{id}[{element}] is {found}, not {wanted}, in {recipe:?}"
                );
            }
        }
    }
    compared
}

#[test]
fn every_primitive_has_the_derivative_of_differences() {
    for (name, kind) in KINDS {
        let compared: usize =
            (0..40).map(|seed| check(&single_step(kind, seed, Size::Small))).sum();
        assert!(compared > 100, "{name}: only {compared} derivatives could be compared");
    }
}

proptest! {
    #![proptest_config(config(400))]
    #[test]
    fn programs_have_the_derivatives_of_differences(seed in any::<u64>(), steps in 2..12_usize) {
        check(&random_recipe(seed, steps, Size::Small));
    }
}

/// Values and derivatives that differences cannot tell, by hand.
#[test]
fn derivatives_at_kinks_are_the_documented_ones() {
    let g = Graph::new();
    let x = g.constant(&[-1.0, 0.0, 2.0, 2.0], [4]);
    let y = g.constant(&[-1.0, 1.0, 1.0, 2.0], [4]);
    let cases = [
        // relu'(0) = 0; |0|' = 1; ties go to the second operand.
        ("relu", g.grad(x.relu().sum_all(), &[x])[0], [0.0, 0.0, 1.0, 1.0]),
        ("abs", g.grad(x.abs().sum_all(), &[x])[0], [-1.0, 1.0, 1.0, 1.0]),
        ("maximum, first", g.grad(x.maximum(y).sum_all(), &[x])[0], [0.0, 0.0, 1.0, 0.0]),
        ("maximum, second", g.grad(x.maximum(y).sum_all(), &[y])[0], [1.0, 1.0, 0.0, 1.0]),
        ("minimum, first", g.grad(x.minimum(y).sum_all(), &[x])[0], [0.0, 1.0, 0.0, 0.0]),
        ("minimum, second", g.grad(x.minimum(y).sum_all(), &[y])[0], [1.0, 0.0, 1.0, 1.0]),
        // Equal greatest elements share evenly.
        ("max", g.grad(x.max(&[0]).sum_all(), &[x])[0], [0.0, 0.0, 0.5, 0.5]),
        ("floor", g.grad(x.floor().sum_all(), &[x])[0], [0.0; 4]),
        ("less", g.grad(x.less(y).sum_all(), &[x])[0], [0.0; 4]),
        ("argmax", g.grad(x.argmax(0).sum_all(), &[x])[0], [0.0; 4]),
        // d/dx of x stopped times x is x stopped.
        ("stop", g.grad((x.stop_gradient() * x).sum_all(), &[x])[0], [-1.0, 0.0, 2.0, 2.0]),
        ("unused", g.grad(y.sum_all(), &[x])[0], [0.0; 4]),
        ("itself", g.grad(x.slice(0, 2..3), &[x])[0], [0.0, 0.0, 1.0, 0.0]),
    ];
    for (name, gradient, _) in &cases {
        g.output(name, *gradient);
    }
    let names: Vec<String> = cases.iter().map(|(name, ..)| (*name).to_owned()).collect();
    for fusion in [Fusion::Off, Fusion::On] {
        let found = run(&g.compile_with(fusion).unwrap(), &Recipe::default(), &names);
        for (name, _, wanted) in &cases {
            assert_eq!(found[*name], wanted, "{name}, {fusion:?}");
        }
    }
}

/// d/dx of (dy/dx)^2 with y = x^3: 36 x^3.
#[test]
fn a_gradient_can_be_differentiated() {
    let g = Graph::new();
    let x = g.constant(&[0.5, 1.0, -2.0], [3]);
    let first = g.grad((x * x * x).sum_all(), &[x])[0];
    g.output("second", g.grad(first.square().sum_all(), &[x])[0]);
    let found = run(&g.compile().unwrap(), &Recipe::default(), &["second".to_owned()]);
    assert_eq!(found["second"], [4.5, 36.0, -288.0]);
}
