//! What the paper says of hand-built transformers, measured: Theorems 1 and 2.
use super::{
    machine::{Program, Prompt},
    raw::Arithmetic,
};
use crate::{
    claim::{Check, Claim, Measured},
    engine::rng::Stream as Random,
    error::Result,
    models::regress::{Examples, Linear, dot},
};

/// Most examples of a prompt.
const MOST_N: usize = 8;

/// Most numbers of an input.
const MOST_D: usize = 4;

/// Prompts a size.
const PROMPTS: usize = 5;

/// Ridges of the network: with less the numbers leave the range in which GELUs multiply.
const RIDGES: [f64; 2] = [1.0, 0.25];

/// The network whose products, sums and quotients are GELUs and LayerNorms: s = 0.01, N = 100.
const NETWORK: Arithmetic = Arithmetic::Network { scale: 0.01, big: 100.0, single: true };

/// Claims about the hand-built machine.
pub fn all() -> Vec<Claim> {
    vec![
        Claim {
            id: "machine_gradient",
            sentence: "A transformer with fixed weights takes gradient steps on the examples of its \
                       prompt, in O(d) rows.",
            published: "exact, by construction; rows O(d)",
            source: "Theorem 1",
            protocol: "The construction of appendix C, chained over n = 1 to 8 examples of d = 1 to 4 \
                       numbers, 5 random prompts each, in 64 bits against the formula. Holds if the \
                       predictions agree to 1e-10, or to 1e-2 where products are made of 32-bit GELUs \
                       at s = 0.01 and N = 100; both relative to the prediction, or to one if that is less.",
            quick: true,
            measure: |check| Box::pin(gradient(check)),
        },
        Claim {
            id: "machine_ridge",
            sentence: "A transformer with fixed weights solves ridge regression on the examples of its \
                       prompt by Sherman-Morrison updates, in O(d²) rows.",
            published: "exact, by construction; rows O(d²)",
            source: "Theorem 2",
            protocol: "The construction of appendix D, chained over n = 1 to 8 examples of d = 1 to 4 \
                       numbers, 5 random prompts each, in 64 bits against a solution of the normal \
                       equations. Holds if the predictions agree to 1e-10 for λ from 0.1 to 10, and to \
                       1e-2 for λ = 1 where products and quotients are made of 32-bit GELUs and \
                       LayerNorms at s = 0.01 and N = 100; both relative to the prediction, or to one \
                       if that is less. With less ridge A⁻¹ grows beyond what GELUs multiply well at \
                       that s: the detail says by how much.",
            quick: true,
            measure: |check| Box::pin(ridge(check)),
        },
    ]
}

/// A random prompt: x ~ N(0, I), y = w·x + ε with w ~ N(0, I), ε ~ N(0, ¼).
pub fn random_prompt(random: &mut Random, n: usize, d: usize) -> Prompt {
    let mut vector = || (0..d).map(|_| random.normal_f64()).collect::<Vec<f64>>();
    let w = vector();
    let (x, query) = ((0..n).map(|_| vector()).collect::<Vec<_>>(), vector());
    let y = x.iter().map(|x| dot(&w, x) + 0.5 * random.normal_f64()).collect();
    Prompt { x, y, query }
}

/// The weights after one gradient step on each example in turn; eq. 11.
pub fn descended(prompt: &Prompt, w: &[f64], alpha: f64, lambda: f64) -> Vec<f64> {
    prompt.x.iter().zip(&prompt.y).fold(w.to_vec(), |w, (x, y)| {
        let rest = dot(&w, x) - y;
        let gradient = |(w, x): (&f64, &f64)| x * rest + lambda * w;
        w.iter().zip(x).map(|(w, x)| w - 2.0 * alpha * gradient((w, x))).collect()
    })
}

/// The weights of ridge regression.
pub fn ridged(prompt: &Prompt, lambda: f64) -> Vec<f64> {
    let x = prompt.x.concat();
    Linear::Ridge(lambda).weights(&Examples { d: prompt.d(), x: &x, y: &prompt.y })
}

/// |a − b|, relative to b or to one if that is less.
pub fn error(a: f64, b: f64) -> f64 {
    (a - b).abs() / b.abs().max(1.0)
}

/// The greatest error of exact layers and of layers of GELUs.
fn measured(exact: f64, network: f64, rest: &str, rows: [usize; 2]) -> Measured {
    Measured {
        here: format!("exact to {exact:.0e}; of GELUs to {network:.1e}"),
        // Rounding of some hundred operations; the protocol's tolerance for GELUs.
        holds: exact < 1e-10 && network < 1e-2,
        detail: format!(
            "greatest of {} prompts;{rest} {} rows at d = 1, {} at d = {MOST_D}",
            MOST_N * MOST_D * PROMPTS,
            rows[0],
            rows[1]
        ),
    }
}

/// Random prompts of all sizes, with the fraction done and random numbers for whatever else.
fn prompts(purpose: &str) -> impl Iterator<Item = (f64, Prompt, Random)> {
    let mut random = Random::new(1, purpose);
    (0..MOST_N * MOST_D * PROMPTS).map(move |i| {
        let (n, d) = (1 + i / PROMPTS / MOST_D, 1 + i / PROMPTS % MOST_D);
        let prompt = random_prompt(&mut random, n, d);
        let more = Random::new(i as u64, purpose);
        (i as f64 / (MOST_N * MOST_D * PROMPTS) as f64, prompt, more)
    })
}

async fn gradient(check: Check) -> Result<Measured> {
    let (mut exact, mut network) = (0.0_f64, 0.0_f64);
    for (done, prompt, mut random) in prompts("gradient machine") {
        check.progress(done, format!("{} examples", prompt.n())).await;
        let w: Vec<f64> = (0..prompt.d()).map(|_| random.normal_f64()).collect();
        let (alpha, lambda) = (0.01 + 0.09 * random.uniform_f64(), random.uniform_f64());
        let program = Program::gradient_steps(prompt.n(), &w, alpha, lambda);
        let wanted = dot(&descended(&prompt, &w, alpha, lambda), &prompt.query);
        exact = exact.max(error(program.predict(&prompt, Arithmetic::Exact), wanted));
        network = network.max(error(program.predict(&prompt, NETWORK), wanted));
    }
    let rows = [1, MOST_D].map(|d| Program::gradient_steps(1, &vec![0.0; d], 0.0, 0.0).rows);
    Ok(measured(exact, network, "", rows))
}

async fn ridge(check: Check) -> Result<Measured> {
    let (mut exact, mut network) = (0.0_f64, [0.0_f64; 2]);
    for (done, prompt, mut random) in prompts("ridge machine") {
        check.progress(done, format!("{} examples", prompt.n())).await;
        let solved = |lambda, arithmetic| {
            let program = Program::ridge_updates(prompt.n(), prompt.d(), lambda);
            let wanted = dot(&ridged(&prompt, lambda), &prompt.query);
            error(program.predict(&prompt, arithmetic), wanted)
        };
        let lambda = libm::pow(10.0, 2.0 * random.uniform_f64() - 1.0);
        exact = exact.max(solved(lambda, Arithmetic::Exact));
        for (greatest, lambda) in network.iter_mut().zip(RIDGES) {
            *greatest = greatest.max(solved(lambda, NETWORK));
        }
    }
    let rest = format!(" with λ = {} the GELUs err by up to {:.1e};", RIDGES[1], network[1]);
    let rows = [1, MOST_D].map(|d| Program::ridge_updates(1, d, 1.0).rows);
    Ok(measured(exact, network[0], &rest, rows))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{engine::Device, files::Files};
    use pollster::block_on;

    #[test]
    fn the_theorems_hold() {
        for claim in all() {
            let found =
                block_on((claim.measure)(Check::new(Device::cpu(), Files::none(), || false)))
                    .unwrap();
            println!("{}: {found:?}", claim.id);
            assert!(found.holds, "{}: {found:?}", claim.id);
        }
    }

    #[test]
    fn the_table_of_theorem_1_by_hand() {
        // d = 1, w = 2, (x, y) = (3, 5), α = 0.1, λ = 0.5, query 4:
        // w′ = 2 − 0.2 (3 (6 − 5) + 1) = 1.2.
        let prompt = Prompt { x: vec![vec![3.0]], y: vec![5.0], query: vec![4.0] };
        let program = Program::gradient_steps(1, &[2.0], 0.1, 0.5);
        let names: Vec<&str> = program.ops.iter().map(|op| op.kind.name()).collect();
        assert_eq!(names, ["mov", "aff", "aff", "mul", "aff", "aff", "aff", "mov", "mul"]);
        let stream = program.run(&prompt, 8, Arithmetic::Exact);
        let near = |found: &[f64], wanted: &[f64]| {
            let near = found.iter().zip(wanted).all(|(a, b)| (a - b).abs() < 1e-12);
            assert!(near, "{found:?} is not {wanted:?}");
        };
        // Rows y, x, w·x, w·x − y, x (w·x − y), w, gradient.
        near(&stream.values[7..14], &[5.0, 3.0, 6.0, 1.0, 3.0, 1.2, 4.0]);
        let stream = program.run(&prompt, 9, Arithmetic::Exact);
        near(&stream.values[19..], &[1.2, 4.8]);
        assert_eq!(program.predict(&prompt, Arithmetic::Exact), stream.values[20]);
    }

    #[test]
    fn columns_that_nobody_reads_change_nothing() {
        let prompt = random_prompt(&mut Random::new(2, "columns"), 4, 3);
        for program in [
            Program::gradient_steps(4, &[0.1, 0.2, -0.3], 0.05, 0.1),
            Program::ridge_updates(4, 3, 1.0),
        ] {
            for arithmetic in [Arithmetic::Exact, NETWORK] {
                let whole = program.run(&prompt, program.ops.len(), arithmetic);
                assert!(whole.values.iter().all(|x| x.is_finite()), "{arithmetic:?}");
                let last = whole.values[8 * program.rows + program.prediction];
                assert_eq!(last, program.predict(&prompt, arithmetic), "{arithmetic:?}");
            }
        }
    }

    #[test]
    fn one_update_takes_the_rows_that_the_protocol_counts() {
        for d in 1..=4 {
            assert_eq!(Program::gradient_steps(1, &vec![0.0; d], 0.1, 0.0).rows, 3 + 4 * d);
            assert_eq!(Program::ridge_updates(1, d, 1.0).rows, 2 + 6 * d + 3 * d * d + 1);
        }
    }
}
