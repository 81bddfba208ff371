//! What is said of linear attention, measured: it learns the step of gradient descent.
use super::linear::{Layer, Recipe, Start, Tests};
use crate::{
    claim::{Check, Claim, Measured},
    error::Result,
};

/// Seeds of the trainings.
const SEEDS: [u64; 3] = [1, 2, 3];

/// Prompts of a test: the standard error of a mean is then half a percent or so.
const SAMPLE: usize = 160_000;

/// The protocol's.
const RECIPE: Recipe =
    Recipe { d: 2, n: 8, sigma: 0.0, start: Start::Label, rate: 1e-2, steps: 1500 };

/// Claims about linear attention.
pub fn all() -> Vec<Claim> {
    vec![
        Claim {
            id: "linear_attention_descends",
            sentence: "One layer of linear attention, trained, takes the best step of gradient descent.",
            published: "error (d + 1)/(N + d + 1) = 0.2727, rate N/(N + d + 1) = 0.7273, exactly",
            source: "von Oswald et al. 2022, and algebra",
            protocol: "d = 2, N = 8, no noise; 1500 steps of Adam at 1e-2 on 256 new prompts each, \
                       read-out started near the label, 3 seeds, 160000 test prompts. Holds if each error \
                       and each rate is within 3% of the exact one.",
            quick: true,
            measure: |check| Box::pin(descends(check)),
        },
        Claim {
            id: "linear_attention_bad_luck",
            sentence: "A read-out that starts at an input ends in a spurious optimum.",
            published: "not in the paper; 0.583 in our prototype",
            source: "our protocol",
            protocol: "As above with the read-out started at the first input, 1 seed. Holds if the error \
                       is above 0.55, twice that of the best step.",
            quick: true,
            measure: |check| Box::pin(bad_luck(check)),
        },
    ]
}

/// Error a dimension and effective rate after training.
async fn trained(
    check: &Check,
    recipe: Recipe,
    seed: u64,
    [from, to]: [f64; 2],
) -> Result<[f64; 2]> {
    let mut trainer = recipe.trainer(&check.device, seed)?;
    while trainer.step < recipe.steps {
        trainer.run(10, recipe.rate)?;
        let share = trainer.step as f64 / recipe.steps as f64;
        check.progress(from + (to - from) * share, format!("step {}", trainer.step)).await;
    }
    let layer = Layer::of(&recipe, &trainer.snapshot().await?);
    let mut errors = 0.0;
    for part in 0..SAMPLE / 2000 {
        check.progress(to, "testing").await;
        errors += Tests::draw(&recipe, 2000, 100 + part as u64).error(&layer);
    }
    Ok([errors / (SAMPLE / 2000) as f64, layer.effective_rate()])
}

async fn descends(check: Check) -> Result<Measured> {
    let exact = [RECIPE.least_error(), RECIPE.best_rate()];
    let (mut found, mut holds) = (vec![], true);
    for (i, seed) in SEEDS.into_iter().enumerate() {
        let part = |i: usize| i as f64 / SEEDS.len() as f64;
        let measured = trained(&check, RECIPE, seed, [part(i), part(i + 1)]).await?;
        holds &= measured.iter().zip(exact).all(|(here, exact)| (here / exact - 1.0).abs() < 0.03);
        found.push(measured);
    }
    let listed = |which: usize| {
        found.iter().map(|found| format!("{:.4}", found[which])).collect::<Vec<_>>().join(", ")
    };
    Ok(Measured {
        here: format!("error {}; rate {}", listed(0), listed(1)),
        holds,
        detail: format!("seeds 1 to 3; exact: {:.4} and {:.4}", exact[0], exact[1]),
    })
}

async fn bad_luck(check: Check) -> Result<Measured> {
    let recipe = Recipe { start: Start::Input, ..RECIPE };
    let [error, rate] = trained(&check, recipe, 1, [0.0, 1.0]).await?;
    Ok(Measured {
        here: format!("error {error:.3}"),
        holds: error > 0.55,
        detail: format!(
            "seed 1; effective rate {rate:.3}, the best step has {:.3}",
            recipe.best_rate()
        ),
    })
}
