//! What the paper says, and what our protocol asks for.
use super::{
    data::{Config, World},
    digit_claims,
    measure::{Measures, Meter},
    trainer::{Method, Rates, Trainer},
};
use crate::{
    claim::{Check, Claim, Measured},
    engine::sort,
    error::Result,
    models::stats::spread,
};

/// All claims, quick ones first.
#[expect(clippy::too_many_lines, reason = "one list")]
pub fn all() -> Vec<Claim> {
    let mut all = vec![
        Claim {
            id: "mixup_learns_rare",
            sentence: "Standard training memorises noise for the rare examples; Mixup learns their features.",
            published: "standard: about a coin flip on rare data; Mixup: error o(ρ) (recalled, not checked)",
            source: "abstract",
            protocol: "Config C: n = 60, d = 1000, P = 3, σ_p = 0.1, ρ = 0.1, m = 5, η = 1, λ = 0.7, 600 \
                       steps, seeds 1 to 3. Holds if on every seed Mixup gets at least 95% of 400 new rare \
                       examples right, standard training at most 65%.",
            quick: true,
            measure: |check| Box::pin(small(check)),
        },
        Claim {
            id: "speeds_foretell",
            sentence: "Which of three speeds wins tells what standard training learns and what it memorises.",
            published: "σ_p² d below nρ/2: learns both; between: memorises rare; above n(1 − ρ)/2: all (recalled)",
            source: "theory (recalled, not checked)",
            protocol: "Config C, 600 steps, seeds 1 to 3, σ_p = 0.02, 0.1, 0.25, so that σ_p² d is 0.4, 10, 62 \
                       beside 3 and 27. Holds if standard training gets on average above 90% of new rare \
                       examples right in the first; below 65% of rare but above 99% of common ones in the \
                       second; below 75% of common ones in the third.",
            quick: true,
            measure: |check| Box::pin(zones(check)),
        },
        Claim {
            id: "larger_world",
            sentence: "The gap stays in a larger world, closer to the theory.",
            published: "qualitatively, in the abstract",
            source: "abstract",
            protocol: "Config A: n = 100, d = 2000, P = 4, σ_p = 0.08, m = 10, λ = 0.7, 800 steps, seeds 1 to \
                       5. Holds if standard training has a rare accuracy below 65% and a common one above \
                       99% on average, Mixup above 90% on average and 85% on every seed, and the gap is at \
                       least 25 points on every seed.",
            quick: true,
            measure: |check| Box::pin(large(check)),
        },
        Claim {
            id: "rare_growth",
            sentence: "Standard training stops learning the rare features; Mixup keeps learning them.",
            published: "curves of max ⟨w, u⟩, qualitatively",
            source: "section on synthetic data (recalled)",
            protocol: "Config A, seeds 1 to 5: change of the lesser Γ(u) from step 200 to 800. Holds if it is \
                       below 15% under standard training and above 40% under Mixup (λ = 0.7), on average.",
            quick: true,
            measure: |check| Box::pin(growth(check)),
        },
        Claim {
            id: "decoupled",
            sentence: "Different coefficients for inputs and labels do about as well as equal ones.",
            published: "similar accuracy on CIFAR-10, qualitatively",
            source: "section 1",
            protocol: "Config A, 800 steps, seeds 1 to 5. Holds if λ_x = 0.7, λ_y = 0.6 is within 8 points of \
                       λ = 0.7 on average, or above.",
            quick: true,
            measure: |check| Box::pin(decoupled(check)),
        },
        Claim {
            id: "labels_must_be_mixed",
            sentence: "Mixing the inputs alone has no benefit here (ours: the paper decouples mildly).",
            published: "not in the paper",
            source: "our protocol",
            protocol: "Config A, 800 steps, seeds 1 to 5, λ_x = 0.6 and λ_y = 1. Holds if its rare accuracy \
                       is within 10 points of standard training's on average.",
            quick: true,
            measure: |check| Box::pin(inputs_alone(check)),
        },
        Claim {
            id: "early_stop_keeps",
            sentence: "What Mixup has learned early stays learned when it is stopped.",
            published: "Mixup may be stopped early, qualitatively",
            source: "abstract",
            protocol: "Config A, λ = 0.6, 800 steps, stopped at t* of 0, 100, 200, 400, seeds 1 to 5. Holds \
                       if the mean rare accuracy in the end does not fall as t* grows, and no Γ(u) drops by \
                       more than 2% below its value at t*, seen every 20 steps.",
            quick: true,
            measure: |check| Box::pin(early(check)),
        },
        Claim {
            id: "benefit_is_early",
            sentence: "The benefit of Mixup is gained in the early phase of training.",
            published: "stopping about half-way is as good as never stopping, or better, qualitatively",
            source: "abstract and CIFAR-10 experiments",
            protocol: "Config A, λ = 0.6, 800 steps, seeds 1 to 5. Holds if stopping at half of the steps \
                       is within 3 points of rare accuracy of never stopping, on average.",
            quick: true,
            measure: |check| Box::pin(benefit(check)),
        },
    ];
    all.extend(digit_claims::all());
    all
}

/// What every claim trains with unless it says otherwise.
const RATES: Rates =
    Rates { eta: 1.0, lambda_x: 0.7, lambda_y: 0.7, stop: 0, beta: 1.0, sigma: 0.0 };

const SIX: Rates = Rates { lambda_x: 0.6, lambda_y: 0.6, ..RATES };

/// Steps of config A.
pub const LONG: usize = 800;

/// One way of training, with what.
type Way = (Method, Rates);

/// Trains each way in the world of each seed, measuring every `every` steps; by way and seed.
async fn trained(
    check: &Check,
    config: &Config,
    (ways, seeds): (&[Way], u64),
    (steps, every): (usize, usize),
) -> Result<Vec<Vec<Vec<Measures>>>> {
    let mut all: Vec<Vec<Vec<Measures>>> = ways.iter().map(|_| vec![]).collect();
    let methods: Vec<Method> = ways.iter().map(|way| way.0).collect();
    let count = (ways.len() * seeds as usize) as f64;
    for seed in 1..=seeds {
        check.progress((seed - 1) as f64 / seeds as f64, format!("data of seed {seed}")).await;
        let world = World::new(config, seed).await?;
        let mut trainer = Trainer::new(&check.device, &world, &methods, seed)?;
        let mut meter = Meter::new(&world)?;
        for (lane, (method, rates)) in ways.iter().enumerate() {
            let mut found = vec![];
            for step in 1..=steps {
                trainer.step(lane, rates)?;
                if step % every == 0 || step == steps {
                    let kept = trainer.kept(lane).await?;
                    let measures = meter.measure(&world, *method, &kept).await?;
                    found.push(Measures { activations: vec![], ..measures });
                }
                if step % 10 == 0 {
                    let before = (seed as usize - 1) * ways.len() + lane;
                    let done = (before as f64 + step as f64 / steps as f64) / count;
                    let message = format!("seed {seed}, {}, step {step}", method.name());
                    check.progress(done, message).await;
                }
            }
            all[lane].push(found);
        }
    }
    Ok(all)
}

/// Something at the end of each seed's run.
fn ends(runs: &[Vec<Measures>], what: fn(&Measures) -> f32) -> Vec<f32> {
    runs.iter().filter_map(|run| run.last()).map(what).collect()
}

fn least(values: &[f32]) -> f32 {
    values.iter().copied().fold(f32::INFINITY, f32::min)
}

fn greatest(values: &[f32]) -> f32 {
    values.iter().copied().fold(f32::NEG_INFINITY, f32::max)
}

/// "97.3 ± 1.2%".
pub(super) fn told(values: &[f32]) -> String {
    let (mean, deviation) = spread(values);
    format!("{:.1} ± {:.1}%", 100.0 * mean, 100.0 * deviation)
}

/// "95%, 99%, ..." seed by seed.
pub(super) fn each(values: &[f32]) -> String {
    values.iter().map(|x| format!("{:.1}%", 100.0 * x)).collect::<Vec<String>>().join(", ")
}

async fn small(check: Check) -> Result<Measured> {
    let ways = [(Method::Standard, RATES), (Method::Mixup, RATES)];
    let runs = trained(&check, &Config::C, (&ways, 3), (600, 600)).await?;
    let [standard, mixup] = [0, 1].map(|way| ends(&runs[way], |m| m.rare));
    let common = ends(&runs[0], |m| m.common);
    Ok(Measured {
        here: format!("standard {}, Mixup {}", told(&standard), told(&mixup)),
        holds: greatest(&standard) <= 0.65 && least(&mixup) >= 0.95,
        detail: format!(
            "rare accuracy by seed: standard {}; Mixup {}; common accuracy under standard training {}",
            each(&standard),
            each(&mixup),
            told(&common)
        ),
    })
}

async fn large(check: Check) -> Result<Measured> {
    let ways = [(Method::Standard, RATES), (Method::Mixup, RATES)];
    let runs = trained(&check, &Config::A, (&ways, 5), (LONG, LONG)).await?;
    let [standard, mixup] = [0, 1].map(|way| ends(&runs[way], |m| m.rare));
    let common = ends(&runs[0], |m| m.common);
    let gaps: Vec<f32> = standard.iter().zip(&mixup).map(|(a, b)| b - a).collect();
    let holds = spread(&standard).0 < 0.65
        && spread(&common).0 > 0.99
        && spread(&mixup).0 > 0.90
        && least(&mixup) > 0.85
        && least(&gaps) >= 0.25;
    Ok(Measured {
        here: format!("standard {}, Mixup {}", told(&standard), told(&mixup)),
        holds,
        detail: format!(
            "rare accuracy by seed: standard {}; Mixup {}; common accuracy under standard training {}",
            each(&standard),
            each(&mixup),
            told(&common)
        ),
    })
}

async fn zones(check: Check) -> Result<Measured> {
    let ways = [(Method::Standard, RATES)];
    let mut found = vec![];
    for sigma_p in [0.02, 0.1, 0.25] {
        let config = Config { sigma_p, ..Config::C };
        let runs = trained(&check, &config, (&ways, 3), (600, 600)).await?;
        found.push([ends(&runs[0], |m| m.common), ends(&runs[0], |m| m.rare)]);
    }
    let mean = |zone: usize, kind: usize| spread(&found[zone][kind]).0;
    let each: Vec<String> = found.iter().map(|[_, rare]| told(rare)).collect();
    let common: Vec<String> = found.iter().map(|[common, _]| told(common)).collect();
    Ok(Measured {
        here: format!("rare {}; common {}", each.join(", "), common.join(", ")),
        holds: mean(0, 1) > 0.9 && mean(1, 1) < 0.65 && mean(1, 0) > 0.99 && mean(2, 0) < 0.75,
        detail: "accuracies at σ_p = 0.02, 0.1, 0.25, mean of 3 seeds".to_owned(),
    })
}

async fn growth(check: Check) -> Result<Measured> {
    let ways = [(Method::Standard, RATES), (Method::Mixup, RATES)];
    let runs = trained(&check, &Config::A, (&ways, 5), (LONG, 200)).await?;
    let change = |runs: &[Vec<Measures>]| -> Vec<f32> {
        let of = |m: &Measures| m.learned[2].min(m.learned[3]);
        runs.iter().map(|run| of(&run[3]) / of(&run[0]) - 1.0).collect()
    };
    let [standard, mixup] = [0, 1].map(|way| change(&runs[way]));
    let within = |values: &[f32]| spread(&values.iter().map(|x| x.abs()).collect::<Vec<f32>>()).0;
    Ok(Measured {
        here: format!("standard {}, Mixup {}", told(&standard), told(&mixup)),
        holds: within(&standard) < 0.15 && spread(&mixup).0 > 0.4,
        detail: format!("by seed: standard {}; Mixup {}", each(&standard), each(&mixup)),
    })
}

async fn decoupled(check: Check) -> Result<Measured> {
    let apart = Rates { lambda_y: 0.6, ..RATES };
    let ways = [(Method::Mixup, RATES), (Method::Mixup, apart)];
    let runs = trained(&check, &Config::A, (&ways, 5), (LONG, LONG)).await?;
    let [equal, apart] = [0, 1].map(|way| ends(&runs[way], |m| m.rare));
    Ok(Measured {
        here: format!("λ = 0.7: {}; λ_y = 0.6: {}", told(&equal), told(&apart)),
        holds: spread(&apart).0 >= spread(&equal).0 - 0.08,
        detail: format!("rare accuracy by seed: {}; decoupled {}", each(&equal), each(&apart)),
    })
}

async fn inputs_alone(check: Check) -> Result<Measured> {
    let ways = [(Method::Standard, RATES), (Method::InputOnly, SIX)];
    let runs = trained(&check, &Config::A, (&ways, 5), (LONG, LONG)).await?;
    let [standard, inputs] = [0, 1].map(|way| ends(&runs[way], |m| m.rare));
    Ok(Measured {
        here: format!("standard {}, inputs alone {}", told(&standard), told(&inputs)),
        holds: (spread(&inputs).0 - spread(&standard).0).abs() <= 0.1,
        detail: format!(
            "rare accuracy by seed: {}; inputs alone {}",
            each(&standard),
            each(&inputs)
        ),
    })
}

async fn early(check: Check) -> Result<Measured> {
    let stops = [0, 100, 200, 400];
    let ways = stops.map(|stop| (Method::Stopped, Rates { stop, ..SIX }));
    let runs = trained(&check, &Config::A, (&ways, 5), (LONG, 20)).await?;
    let mean = |runs: &Vec<_>| spread(&ends(runs, |m| m.rare)).0 as f32;
    let means: Vec<f32> = runs.iter().map(mean).collect();
    let mut drop = 0.0_f32;
    for (runs, stop) in runs.iter().zip(stops).filter(|(_, stop)| *stop > 0) {
        for run in runs {
            for k in 2..4 {
                let after = run[stop / 20 - 1..].iter().map(|m| m.learned[k]);
                let start = run[stop / 20 - 1].learned[k];
                drop = after.map(|u| 1.0 - u / start).fold(drop, f32::max);
            }
        }
    }
    let order = sort::sorted(means.len(), &|a, b| means[a].total_cmp(&means[b]));
    Ok(Measured {
        here: format!("t* = 0, 100, 200, 400: {}", each(&means)),
        holds: order.is_sorted() && drop <= 0.02,
        detail: format!(
            "rare accuracy, mean of 5 seeds; greatest drop of Γ(u) {:.1}%",
            100.0 * drop
        ),
    })
}

async fn benefit(check: Check) -> Result<Measured> {
    let half = Rates { stop: LONG / 2, ..SIX };
    let ways = [(Method::Stopped, half), (Method::Mixup, SIX)];
    let runs = trained(&check, &Config::A, (&ways, 5), (LONG, LONG)).await?;
    let [stopped, whole] = [0, 1].map(|way| ends(&runs[way], |m| m.rare));
    Ok(Measured {
        here: format!("stopped half-way {}, never {}", told(&stopped), told(&whole)),
        holds: spread(&stopped).0 >= spread(&whole).0 - 0.03,
        detail: format!(
            "rare accuracy by seed: {}; never stopped {}",
            each(&stopped),
            each(&whole)
        ),
    })
}
