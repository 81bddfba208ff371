//! Values of random programs, with and without fusion.
use orrery::engine::Fusion;
use proptest::{
    prelude::{ProptestConfig, any, proptest},
    test_runner::RngSeed,
};

use crate::{
    grow::{KINDS, Size, random_recipe, single_step},
    recipe::Recipe,
    run::{assert_near, values},
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
    #![proptest_config(config(300))]
    #[test]
    fn small_programs_match_the_plain_twin(seed in any::<u64>(), steps in 2..16_usize) {
        check(&random_recipe(seed, steps, Size::Small));
    }
}

proptest! {
    #![proptest_config(config(60))]
    #[test]
    fn large_programs_match_the_plain_twin(seed in any::<u64>(), steps in 2..12_usize) {
        check(&random_recipe(seed, steps, Size::Large));
    }
}
