//! What the paper says of probes, measured on the shipped nets.
use super::{
    probe::{Probes, STEPS, TARGETS},
    shipped::{CONTROL, DEPTHS, Model},
};
use crate::{
    claim::{Check, Claim, Measured},
    error::Result,
};

/// Seed of all claims.
const SEED: u64 = 1;

/// All claims about probes.
pub(super) fn all() -> Vec<Claim> {
    vec![
        Claim {
            id: "probes",
            sentence: "The moment Xᵀy and then the weight vector appear in the residual stream, layer by layer.",
            published: "Xᵀy from about layer 7, w from about layer 12 of 16",
            source: "Fig. 4",
            protocol: "MLP probes of width 64, for a width of 512, one for every block, target and number of pairs \
                       from 1 to 12, on the shipped net of 8 layers, d = 4, no noise; 600 steps of 32 prompts. \
                       Holds if the moment appears before the weights, where a target appears when its error, a \
                       mean over the numbers of pairs, is at most halfway (in the logarithm) from the embedding's \
                       to the least, and the weights are read with less than half the error at the embedding.",
            quick: false,
            measure: |check| Box::pin(probes(check)),
        },
        Claim {
            id: "probes_control",
            sentence: "In a net that never had to learn in context probes find much less.",
            published: "the control, trained on w = 1 alone, is much worse",
            source: "Fig. 4, App. E",
            protocol: "The same probes on the shipped net of 4 layers, d = 4, no noise, and on one of the same size \
                       and training but for w, which was always 1; both on prompts of random w. Holds if for both \
                       targets the least error over the blocks, a mean over the numbers of pairs, is below half of \
                       the control's.",
            quick: false,
            measure: |check| Box::pin(control(check)),
        },
    ]
}

/// Trained probes of a net, of all work the share `from..to`.
async fn trained(check: &Check, model: Model, (from, to): (f64, f64)) -> Result<Probes> {
    let mut probes = Probes::new(&check.files, (model, true), true, SEED).await?;
    while probes.step < STEPS {
        probes.run(1)?;
        let done = from + (to - from) * probes.step as f64 / STEPS as f64;
        let layers = model.recipe.net.layers;
        let words = format!("{layers} layers, step {} of {STEPS}", probes.step);
        check.progress(done, words).await;
    }
    probes.refresh().await?;
    Ok(probes)
}

/// The errors for a target by block, means over the numbers of pairs.
fn listed(probes: &Probes, target: usize) -> String {
    let errors: Vec<String> = probes.by_layer(target).iter().map(|e| format!("{e:.3}")).collect();
    errors.join(", ")
}

async fn probes(check: Check) -> Result<Measured> {
    let probes = trained(&check, DEPTHS[3], (0.0, 1.0)).await?;
    let [moment, weights] = [0, 1].map(|target| probes.appears(target));
    Ok(Measured {
        here: format!("Xᵀy from block {moment}, w from block {weights} of 8"),
        holds: moment < weights && probes.least(1) < 0.5 * probes.by_layer(1)[0],
        detail: format!(
            "errors by block, Xᵀy: {}; w: {}; at 12 pairs, last block: {:.3} and {:.3}",
            listed(&probes, 0),
            listed(&probes, 1),
            probes.by_length(0, 8)[11],
            probes.by_length(1, 8)[11]
        ),
    })
}

async fn control(check: Check) -> Result<Measured> {
    let net = trained(&check, DEPTHS[2], (0.0, 0.5)).await?;
    let control = trained(&check, CONTROL, (0.5, 1.0)).await?;
    let least = |probes: &Probes| [0, 1].map(|target| probes.least(target));
    let (net_least, control_least) = (least(&net), least(&control));
    let words = [0, 1].map(|target| {
        format!("{} {:.3} for {:.3}", TARGETS[target], net_least[target], control_least[target])
    });
    let details = [0, 1].map(|target| {
        format!(
            "{} by block: {}; control: {}",
            TARGETS[target],
            listed(&net, target),
            listed(&control, target)
        )
    });
    Ok(Measured {
        here: format!("least error {}", words.join(", ")),
        holds: (0..2).all(|target| net_least[target] < 0.5 * control_least[target]),
        detail: details.join("; "),
    })
}
