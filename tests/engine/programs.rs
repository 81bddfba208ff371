//! Values of random programs, with and without fusion.
use orrery::engine::{Binary, Fusion, Reduction, Unary};
use proptest::{
    prelude::{ProptestConfig, any, proptest},
    test_runner::RngSeed,
};

use crate::{
    grow::{KINDS, Size, random_recipe, single_step},
    recipe::{Recipe, Step},
    run::{assert_near, values},
    tensor::Tensor,
};

/// `cases` cases from a fixed seed; recipes that fail are printed, not filed.
pub(crate) fn config(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(1),
        ..ProptestConfig::default()
    }
}

/// Rounding errors of a chain of a dozen steps that may each enlarge it tenfold.
const TOLERANCE: f64 = 1e-4;

/// Compares all values without fusion, and the results with it, with the plain twin's.
pub(crate) fn check(recipe: &Recipe) {
    let wanted = recipe.eval();
    let all: Vec<usize> = (0..recipe.steps.len()).collect();
    for (id, found) in values(recipe, &all, Fusion::Off).iter().enumerate() {
        assert_near(found, &wanted[id], TOLERANCE, &format!("unfused step {id} of {recipe:?}"));
    }
    let results = recipe.results();
    for (id, found) in results.iter().zip(values(recipe, &results, Fusion::On)) {
        assert_near(&found, &wanted[*id], TOLERANCE, &format!("fused result {id} of {recipe:?}"));
    }
}

#[test]
fn every_primitive_matches_the_plain_twin() {
    for (_, kind) in KINDS {
        for seed in 0..40 {
            check(&single_step(kind, seed, Size::Small));
        }
        for seed in 0..10 {
            check(&single_step(kind, seed, Size::Large));
        }
    }
}

proptest! {
    #![proptest_config(config(1000))]
    #[test]
    fn small_programs_match_the_plain_twin(seed in any::<u64>(), steps in 2..16_usize) {
        check(&random_recipe(seed, steps, Size::Small));
    }
}

proptest! {
    #![proptest_config(config(150))]
    #[test]
    fn large_programs_match_the_plain_twin(seed in any::<u64>(), steps in 2..12_usize) {
        check(&random_recipe(seed, steps, Size::Large));
    }
}

/// What only one random program in a thousand meets, each found by one.
#[test]
fn rare_meetings() {
    let count = |shape: &[usize]| {
        let mut k = 0.0;
        Tensor::from_fn(shape, |_| {
            k += 1.0;
            k / 8.0
        })
    };
    // A padding within another one, both read back.
    check(&Recipe {
        steps: vec![
            Step::Constant(Tensor::new(&[1], vec![2.0])),
            Step::Pad(0, 0, 1, 2),
            Step::Pad(0, 0, 0, 2),
        ],
    });
    // Windows of what is the same number everywhere.
    check(&Recipe {
        steps: vec![
            Step::Constant(count(&[1])),
            Step::Reduce(Reduction::ArgMax, 0, 0),
            Step::Broadcast(1, vec![8]),
            Step::Windows(2, 0, 3, 1),
            Step::Windows(2, 0, 2, 1),
            Step::Unary(Unary::Exp, 4),
        ],
    });
    // A product of coordinates, which other code makes on the fly.
    check(&Recipe {
        steps: vec![
            Step::Input(count(&[2, 3])),
            Step::Iota(vec![2, 3], 1),
            Step::Input(count(&[3, 3])),
            Step::MatMul(1, 2),
            Step::Binary(Binary::Sub, 0, 1),
        ],
    });
    // Two groups, one of which a third must wait for, meet in a node that waits for the third.
    check(&Recipe {
        steps: vec![
            Step::Input(count(&[4, 3])),
            Step::Unary(Unary::Exp, 0),
            Step::Reduce(Reduction::Sum, 1, 0),
            Step::Unary(Unary::Ln, 2),
            Step::Unary(Unary::Floor, 3),
            Step::Reduce(Reduction::ArgMax, 0, 1),
            Step::Select(4, 5, 1),
            Step::Binary(Binary::Sub, 1, 3),
        ],
    });
}
