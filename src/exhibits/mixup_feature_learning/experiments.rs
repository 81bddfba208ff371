//! Things to try: the protocol's settings, and its failure modes.
use super::{claims::LONG, data::Config};
use crate::exhibit::Experiment;

/// Things to try.
#[expect(clippy::too_many_lines, reason = "one list")]
pub fn all() -> Vec<Experiment> {
    let a = |title, text| {
        let config = Config::A;
        Experiment::new(title, text)
            .set("n", config.n)
            .set("d", config.d)
            .set("patches", config.patches)
            .set("sigma_p", config.sigma_p)
            .set("m", config.m)
            .set("steps", LONG)
    };
    vec![
        a(
            "Closer to the theory",
            "A hundred examples in two thousand dimensions: the same race, and the same winner.",
        ),
        Experiment::new(
            "Small and fast",
            "A hundred examples with stronger clues: Mixup is near 100% within two hundred steps.",
        )
        .set("n", 100)
        .set("m", 10)
        .set("lambda_x", 0.6)
        .set("lambda_y", 0.6),
        Experiment::new(
            "All baselines",
            "Weighing rare examples more, mixing inputs alone or adding noise teaches no rare clue: only \
             mixing the labels does.",
        )
        .set("baselines", "all"),
        Experiment::new(
            "The three speeds",
            "Drag the rule of the noise through the zones, and see what is learned and what memorised.",
        )
        .set("panel", "knobs of the theory"),
        Experiment::new(
            "Too little noise",
            "Noise too weak to be memorised in time: standard training learns the rare clue as well.",
        )
        .set("panel", "knobs of the theory")
        .set("sigma_p", 0.04),
        Experiment::new(
            "Too much noise",
            "Noise grows faster than even the common feature: standard training fails on new common examples too.",
        )
        .set("panel", "knobs of the theory")
        .set("sigma_p", 0.25),
        Experiment::new(
            "Not rare at all",
            "With three in ten examples rare, standard training learns their clue on its own.",
        )
        .set("rho", 0.3)
        .set("n", 120),
        Experiment::new(
            "Almost no Mixup",
            "At λ = 0.95 the blends are nearly the examples themselves, and little is gained.",
        )
        .set("lambda_x", 0.95)
        .set("lambda_y", 0.95),
        Experiment::new(
            "Labels not mixed",
            "With λ_y = 1 inputs are blended but labels are not: the benefit is gone.",
        )
        .set("lambda_x", 0.6)
        .set("lambda_y", 1),
        Experiment::new(
            "Very few examples",
            "With forty examples the noise of each is nearly as fast as the common clue.",
        )
        .set("n", 40)
        .set("sigma_p", 0.13),
        Experiment::new(
            "Weights in view",
            "Each filter as a dot, each example's logit taken apart: what is clue, what is memorised noise?",
        )
        .set("panel", "inside the weights"),
        Experiment::new(
            "Real digits",
            "Ours: mixing handwritten digits, and what of the claims holds for them.",
        )
        .set("panel", "digits"),
    ]
}
