//! Activations and losses.
use orrery::{
    engine::{Device, Graph, Program, State},
    models::{
        activation::{
            gelu, leaky_relu, log_softmax, log_sum_exp, one_hot, silu, softmax, softplus, top_k,
        },
        loss::{binary_cross_entropy, cross_entropy, masked, masked_mean, mse},
        random::{dropout, normal},
    },
};

use crate::{
    check::{
        Draw,
        Input::{Fixed, Free},
        check,
    },
    tensor::Tensor,
};

const CASES: u64 = 12;

pub(crate) fn softmax_of(x: &Tensor, axis: usize) -> Tensor {
    let power = x.map(f64::exp);
    power.zip(&power.reduce(axis, |line| line.iter().sum()), |x, sum| x / sum)
}

pub(crate) fn log_sum_exp_of(x: &Tensor, axis: usize) -> Tensor {
    x.reduce(axis, |line| line.iter().map(|x| x.exp()).sum::<f64>().ln())
}

fn scalar(x: f64) -> Tensor {
    Tensor::new(&[], vec![x])
}

fn mean(x: &Tensor) -> f64 {
    x.data.iter().sum::<f64>() / x.data.len() as f64
}

#[test]
fn functions_of_one_number() {
    for case in 0..CASES {
        let mut draw = Draw::new(case);
        let shape = [draw.length(5), draw.length(9)];
        let x = || [Free(Draw::new(case).tensor(&shape).map(|x| x * 4.0))];
        check(
            &x(),
            |_, x| gelu(x[0]),
            |_, x| {
                let root = (2.0 / std::f64::consts::PI).sqrt();
                x[0].map(|x| 0.5 * x * (1.0 + (root * (x + 0.044_715 * x.powi(3))).tanh()))
            },
        );
        check(&x(), |_, x| silu(x[0]), |_, x| x[0].map(|x| x / (1.0 + (-x).exp())));
        check(&x(), |_, x| softplus(x[0]), |_, x| x[0].map(|x| x.exp().ln_1p()));
        check(&x(), |_, x| leaky_relu(x[0], 0.25), |_, x| x[0].map(|x| x.max(0.25 * x)));
    }
}

#[test]
fn softmax_and_its_kin_along_any_axis() {
    for case in 0..CASES {
        let mut draw = Draw::new(case);
        let shape = [draw.length(4), draw.length(5), draw.length(9)];
        for axis in 0..3 {
            let x = || [Free(Draw::new(case).tensor(&shape).map(|x| x * 4.0))];
            check(&x(), |_, x| softmax(x[0], axis), |_, x| softmax_of(&x[0], axis));
            check(
                &x(),
                |_, x| log_softmax(x[0], axis),
                |_, x| softmax_of(&x[0], axis).map(f64::ln),
            );
            check(&x(), |_, x| log_sum_exp(x[0], axis), |_, x| log_sum_exp_of(&x[0], axis));
        }
    }
}

#[test]
fn losses() {
    for case in 0..CASES {
        let mut draw = Draw::new(case);
        let (rows, columns, classes) = (draw.length(4), draw.length(5), draw.length(9));
        let (x, y) = (draw.tensor(&[rows, columns]), draw.tensor(&[rows, columns]));
        check(
            &[Free(x.clone()), Free(y.clone())],
            |_, x| mse(x[0], x[1]),
            |_, x| scalar(mean(&x[0].zip(&x[1], |x, y| (x - y).powi(2)))),
        );
        let chance = y.map(f64::abs);
        check(
            &[Free(x.map(|x| x * 3.0)), Fixed(chance)],
            |_, x| binary_cross_entropy(x[0], x[1]),
            |_, x| {
                x[0].zip(&x[1], |x, y| {
                    let p = 1.0 / (1.0 + (-x).exp());
                    -(y * p.ln() + (1.0 - y) * (1.0 - p).ln())
                })
            },
        );
        let logits = draw.tensor(&[rows, columns, classes]).map(|x| x * 3.0);
        let targets = draw.whole(&[rows, columns], classes);
        check(
            &[Free(logits), Fixed(targets)],
            |_, x| cross_entropy(x[0], x[1]),
            |_, x| {
                let p = softmax_of(&x[0], 2);
                Tensor::from_fn(&x[1].shape, |i| -p.at(&[i[0], i[1], x[1].at(i) as usize]).ln())
            },
        );
        let mut weight = draw.whole(&[rows, columns], 2);
        weight.data[0] = 1.0;
        check(
            &[Free(x.clone()), Fixed(weight.clone())],
            |_, x| masked_mean(x[0], x[1]),
            |_, x| {
                let kept: Vec<f64> = x[0]
                    .data
                    .iter()
                    .zip(&x[1].data)
                    .filter(|(_, w)| **w == 1.0)
                    .map(|(x, _)| *x)
                    .collect();
                scalar(kept.iter().sum::<f64>() / kept.len() as f64)
            },
        );
        check(
            &[Free(x), Fixed(weight)],
            |_, x| softmax(masked(x[0], x[1]), 1),
            |_, x| {
                let shut =
                    x[0].zip(&x[1], |x, open| if open == 1.0 { x } else { f64::NEG_INFINITY });
                // A row in which all is masked spreads evenly.
                let all_shut = x[1].reduce(1, |line| f64::from(line.iter().all(|&w| w == 0.0)));
                let some = softmax_of(&shut, 1);
                Tensor::select(&all_shut, &some.map(|_| 1.0 / columns as f64), &some)
            },
        );
    }
}

#[test]
fn extreme_logits_stay_finite() {
    let g = Graph::new();
    let x = g.constant(&[1e4, -1e4, 0.0, -1e9, -1e9, -1e9], [2, 3]);
    let target = g.constant(&[1.0, 2.0], [2]);
    g.output("softmax", softmax(x, 1));
    g.output("cross entropy", cross_entropy(x, target));
    g.output("log sum exp", log_sum_exp(x, 1));
    g.output("softplus", softplus(x));
    g.output("gradient", g.grad(cross_entropy(x, target).sum_all(), &[x])[0]);
    let found =
        outputs(&g, 0, &["softmax", "cross entropy", "log sum exp", "softplus", "gradient"]);
    let third = 1.0 / 3.0;
    assert_eq!(found[0], [1.0, 0.0, 0.0, third, third, third]);
    assert_eq!(found[1][0], 2e4);
    assert!((found[1][1] - 3.0_f32.ln()).abs() < 1e-6, "{}", found[1][1]);
    assert_eq!(found[2], [1e4, -1e9]);
    assert_eq!(found[3], [1e4, 0.0, 2.0_f32.ln(), 0.0, 0.0, 0.0]);
    assert_eq!(found[4], [1.0, -1.0, 0.0, third, third, third - 1.0]);
}

/// Runs one step and reads.
fn outputs(g: &Graph, seed: u64, names: &[&str]) -> Vec<Vec<f32>> {
    let plan = g.compile().unwrap();
    let state = State::new(&Device::cpu(), &[&plan], seed).unwrap();
    let mut program = Program::new(&Device::cpu(), &plan, &state).unwrap();
    program.run(1).unwrap();
    names.iter().map(|name| pollster::block_on(program.read(name)).unwrap()).collect()
}

#[test]
fn the_greatest_come_in_order_with_ties_by_index() {
    let g = Graph::new();
    let x = g.constant(&[1.0, 5.0, 5.0, -2.0, 0.0, -1.0, -3.0, -1.0], [2, 4]);
    let (values, indices) = top_k(x, 3);
    g.output("values", values);
    g.output("indices", indices);
    g.output(
        "gradient",
        g.grad((values * g.constant(&[1.0, 10.0, 100.0], [3])).sum_all(), &[x])[0],
    );
    let found = outputs(&g, 0, &["values", "indices", "gradient"]);
    assert_eq!(found[0], [5.0, 5.0, 1.0, 0.0, -1.0, -1.0]);
    assert_eq!(found[1], [1.0, 2.0, 0.0, 0.0, 1.0, 3.0]);
    assert_eq!(found[2], [100.0, 1.0, 10.0, 0.0, 1.0, 10.0, 0.0, 100.0]);
}

#[test]
fn one_hot_has_one_at_the_index() {
    let g = Graph::new();
    g.output("hot", one_hot(g.constant(&[2.0, 0.0], [2, 1]), 3));
    assert_eq!(outputs(&g, 0, &["hot"])[0], [0.0, 0.0, 1.0, 1.0, 0.0, 0.0]);
}

#[test]
fn random_numbers_in_a_graph_have_their_distributions() {
    let g = Graph::new();
    let n = 20_000;
    g.output("normal", normal(&g, "noise", [n]));
    g.output("dropped", dropout(g.scalar(1.0).broadcast_to([n]), "drop", 0.25));
    let found = outputs(&g, 3, &["normal", "dropped"]);
    let moment =
        |x: &[f32], power: i32| x.iter().map(|&x| f64::from(x).powi(power)).sum::<f64>() / n as f64;
    // Five standard errors: of the mean 1/sqrt(n), of x^2 sqrt(2/n), of x^4 sqrt(96/n).
    assert!(moment(&found[0], 1).abs() < 0.036, "mean {}", moment(&found[0], 1));
    assert!((moment(&found[0], 2) - 1.0).abs() < 0.05, "variance {}", moment(&found[0], 2));
    assert!((moment(&found[0], 4) - 3.0).abs() < 0.35, "fourth moment {}", moment(&found[0], 4));
    let kept = found[1].iter().filter(|x| **x != 0.0).count();
    assert!(
        found[1].iter().all(|&x| x == 0.0 || (x - 4.0 / 3.0).abs() < 1e-6),
        "scaled to the mean"
    );
    // Binomial(20000, 3/4) has standard deviation 61.
    assert!((kept as f64 - 15_000.0).abs() < 310.0, "{kept} kept");
}
