//! What the paper says of convex hulls, at budgets that a tab can afford.
use super::{
    decode::Decoder,
    evaluate::{Quality, Tally, evaluate},
    instances::Order,
    pointer::{Architecture, Net, Scorer},
    tables::coverage,
    task::Task,
    tours::Heuristic,
    train::{Recipe, Trainer},
};
use crate::{
    claim::{Check, Claim, Measured},
    engine::rng::Stream,
    error::Result,
};

/// Seed of all claims.
const SEED: u64 = 1;

/// Instances an evaluation.
const SAMPLE: usize = 500;

/// Adam's rate in all claims.
const RATE: f32 = 3e-3;

const SET_ATTENTION: Net = Net {
    task: Task::Hull,
    architecture: Architecture::SetAttention,
    hidden: 32,
    blocks: 2,
    classes: 0,
    scorer: Scorer::Additive,
    standardised: true,
    paper_init: false,
    order: Order::Given,
    mask: true,
};

const PTR_NET: Net = Net { architecture: Architecture::PtrNet, hidden: 64, ..SET_ATTENTION };

/// All claims: those that train, quick ones first, and those of the nets that ship.
pub fn all() -> Vec<Claim> {
    let mut all = hulls();
    all.extend(tours());
    all.extend(super::table_claims::all());
    all
}

fn tours() -> Vec<Claim> {
    let examples = Claim {
        id: "tours_from_examples",
        sentence: "The same architecture learns the travelling salesman from optimal tours.",
        published: "2.88 for an optimum of 2.87 at n = 10",
        source: "Table 2",
        protocol: "Set attention (ours) of width 32 with a clipped dot pointer, 300 of 800 planned steps on 5 \
                   to 10 cities. Holds, for so short a training, if the mean length at n = 10 is at most \
                   1.05 times the optimum's, on 500 instances, greedy, constrained to valid tours.",
        quick: false,
        measure: |check| Box::pin(tours_from_examples(check)),
    };
    let student = Claim {
        id: "student_beats_teacher",
        sentence: "Trained on the tours of a weak heuristic, the network finds shorter ones than its teacher.",
        published: "6.42 for its teacher A1's 6.46 at n = 50",
        source: "Table 2",
        protocol: "Set attention (ours) of width 32 with a clipped dot pointer, 2000 steps on tours of greedy edge, \
                   our stand-in for A1, through 5 to 10 cities. Holds if its mean length at n = 10 is below that \
                   of greedy edge, on the same 500 instances, greedy, constrained to valid tours.",
        quick: false,
        measure: |check| Box::pin(student_beats_teacher(check)),
    };
    vec![examples, student]
}

fn hulls() -> Vec<Claim> {
    vec![
        Claim {
            id: "any_length",
            sentence: "One set of weights serves any number of points: the softmax runs over the inputs.",
            published: "one model for n = 5 to 500",
            source: "section 2.3",
            protocol: "The paper's net, untrained, width 64, on 3, 7 and 50 points: each step's \
                       probabilities must be n + 1 in number and sum to one.",
            quick: true,
            measure: |check| Box::pin(any_length(check)),
        },
        Claim {
            id: "hulls_from_examples",
            sentence: "From examples alone a pointer network finds most hulls and nearly all of their area.",
            published: "87.0% exact, 99.8% of the area at n = 10",
            source: "Table 1",
            protocol: "Set attention (ours) of width 32, 22 thousand weights, 300 of 800 planned steps on 5 to \
                       10 points for the paper's LSTM of width 256 or 512 and a million examples. Holds if \
                       at least 62% are exact at n = 10, 80% at n = 5, and 99% of the area is covered at \
                       n = 10, on 500 instances each.",
            quick: true,
            measure: |check| Box::pin(hulls_from_examples(check)),
        },
        Claim {
            id: "ptr_net_learns",
            sentence: "The recurrent Ptr-Net learns convex hulls from random input order.",
            published: "87.0% exact at n = 10",
            source: "Table 1",
            protocol: "The paper's net at width 64, standardised inputs, 300 of 800 planned steps on 5 to \
                       10 points. Holds, for so short a training, if at least 28% of 500 instances of 10 \
                       points are exact.",
            quick: false,
            measure: |check| Box::pin(ptr_net_learns(check)),
        },
        Claim {
            id: "order_matters",
            sentence: "The order in which the points are fed matters to the recurrent net.",
            published: "accuracy drops when hull points come late",
            source: "section 4.2",
            protocol: "The net and training of the claim above twice, with points in random order and \
                       sorted by angle, same seed. Holds if sorting gains at least 8 points of exactness at \
                       n = 10, on 500 instances.",
            quick: false,
            measure: |check| Box::pin(order_matters(check)),
        },
        Claim {
            id: "beyond_training",
            sentence: "Trained on few points it still covers the hulls of many, if less exactly.",
            published: "trained on 5 to 50: 99.9% of the area and 22.1% exact at n = 200",
            source: "Table 1",
            protocol: "The paper's net at width 64, 600 of 800 planned steps on 5 to 10 points, tested at \
                       n = 30 on 500 instances. Holds if at least 80% of the answers do not cross themselves \
                       and these cover at least 93% of the area.",
            quick: false,
            measure: |check| Box::pin(beyond_training(check)),
        },
    ]
}

/// Trains, reporting progress from `from` to `to`, and hands over a decoder with the weights.
async fn trained(check: &Check, net: Net, steps: usize, part: [f64; 2]) -> Result<Decoder> {
    taught(check, (net, Recipe::LIVE), steps, part).await
}

/// As [`trained`], by another recipe.
async fn taught(
    check: &Check,
    (net, recipe): (Net, Recipe),
    steps: usize,
    [from, to]: [f64; 2],
) -> Result<Decoder> {
    let mut trainer = Trainer::new(&check.device, net, recipe, SEED)?;
    for step in 0..steps {
        trainer.step(RATE)?;
        let done = from + (to - from) * step as f64 / steps as f64;
        check.progress(done, format!("training step {} of {steps}", step + 1)).await;
    }
    let mut decoder = Decoder::new(net, SEED)?;
    decoder.load(&trainer.snapshot().await?)?;
    Ok(decoder)
}

async fn quality(net: &Net, decoder: &mut Decoder, n: usize) -> Result<Quality> {
    evaluate(net, decoder, (n, SAMPLE), SEED).await
}

/// 62.4 for 0.624.
fn percent(share: f32) -> String {
    format!("{:.1}%", 100.0 * share)
}

async fn any_length(check: Check) -> Result<Measured> {
    let mut decoder = Decoder::new(PTR_NET, SEED)?;
    let (mut worst, mut fits) = (0.0_f32, true);
    for (i, n) in [3, 7, 50].into_iter().enumerate() {
        check.progress(i as f64 / 3.0, format!("{n} points")).await;
        let points = PTR_NET.kind().random(&mut Stream::new(SEED, "any length"), n).points;
        for answer in decoder.greedy(&[&points]).await? {
            fits &= answer.attention.iter().all(|row| row.len() == n + 1);
            let sums = answer.attention.iter().map(|row| row.iter().sum::<f32>());
            worst = sums.map(|sum| (sum - 1.0).abs()).fold(worst, f32::max);
        }
    }
    Ok(Measured {
        here: "one model for n = 3, 7 and 50".to_owned(),
        // Rounding of up to 51 terms.
        holds: fits && worst < 1e-5,
        detail: format!("sums differ from one by at most {worst:.1e}"),
    })
}

async fn hulls_from_examples(check: Check) -> Result<Measured> {
    let net = SET_ATTENTION;
    let mut decoder = trained(&check, net, 300, [0.0, 0.95]).await?;
    let [five, ten] =
        [quality(&net, &mut decoder, 5).await?, quality(&net, &mut decoder, 10).await?];
    Ok(Measured {
        here: format!("{} exact, {} of the area at n = 10", percent(ten.exact), percent(ten.value)),
        holds: ten.exact >= 0.62 && five.exact >= 0.80 && ten.value >= 0.99,
        detail: format!(
            "n = 5: {} exact; n = 10: {} cross themselves; seed {SEED}, {SAMPLE} instances a length",
            percent(five.exact),
            percent(1.0 - ten.valid)
        ),
    })
}

async fn tours_from_examples(check: Check) -> Result<Measured> {
    let net = Net { task: Task::Tsp, scorer: Scorer::ClippedDot, ..SET_ATTENTION };
    let mut decoder = trained(&check, net, 300, [0.0, 0.95]).await?;
    let ten = quality(&net, &mut decoder, 10).await?;
    Ok(Measured {
        here: format!("{:.3} for an optimum of {:.3} at n = 10", ten.length, ten.best),
        holds: ten.value <= 1.05,
        detail: format!(
            "{:.1}% above the optimum, {} exactly optimal; seed {SEED}, {SAMPLE} instances",
            100.0 * (ten.value - 1.0),
            percent(ten.exact)
        ),
    })
}

async fn student_beats_teacher(check: Check) -> Result<Measured> {
    let net = Net { task: Task::Tsp, scorer: Scorer::ClippedDot, ..SET_ATTENTION };
    let recipe = Recipe { teacher: Some(Heuristic::GreedyEdge), steps: 2000, ..Recipe::LIVE };
    let mut decoder = taught(&check, (net, recipe), recipe.steps, [0.0, 0.95]).await?;
    let mut tally = Tally::new(net, 10, SEED).with_heuristics();
    tally.go_on(&mut decoder, SAMPLE).await?;
    let quality = tally.quality();
    let teacher = quality.heuristics[Heuristic::GreedyEdge as usize];
    Ok(Measured {
        here: format!("{:.3} for its teacher's {teacher:.3} at n = 10", quality.length),
        holds: quality.length < teacher,
        detail: format!("the optimum is {:.3}; seed {SEED}, {SAMPLE} instances", quality.best),
    })
}

async fn ptr_net_learns(check: Check) -> Result<Measured> {
    let mut decoder = trained(&check, PTR_NET, 300, [0.0, 0.95]).await?;
    let ten = quality(&PTR_NET, &mut decoder, 10).await?;
    Ok(Measured {
        here: format!("{} exact at n = 10", percent(ten.exact)),
        holds: ten.exact >= 0.28,
        detail: format!("area: {}; seed {SEED}, {SAMPLE} instances", coverage(&ten)),
    })
}

async fn order_matters(check: Check) -> Result<Measured> {
    let sorted = Net { order: Order::ByAngle, ..PTR_NET };
    let mut decoder = trained(&check, PTR_NET, 300, [0.0, 0.48]).await?;
    let random = quality(&PTR_NET, &mut decoder, 10).await?.exact;
    let mut decoder = trained(&check, sorted, 300, [0.5, 0.98]).await?;
    let angle = quality(&sorted, &mut decoder, 10).await?.exact;
    Ok(Measured {
        here: format!("{} in random order, {} by angle", percent(random), percent(angle)),
        holds: angle - random >= 0.08,
        detail: format!("exact at n = 10; seed {SEED}, {SAMPLE} instances each"),
    })
}

async fn beyond_training(check: Check) -> Result<Measured> {
    let mut decoder = trained(&check, PTR_NET, 600, [0.0, 0.9]).await?;
    let mut found = vec![];
    for n in [10, 20, 30] {
        check.progress(0.9 + 0.003 * n as f64, format!("testing on {n} points")).await;
        found.push(quality(&PTR_NET, &mut decoder, n).await?);
    }
    let far = found[2];
    Ok(Measured {
        here: format!(
            "{} of the area and {} exact at n = 30",
            percent(far.value),
            percent(far.exact)
        ),
        holds: far.valid >= 0.80 && far.value >= 0.93,
        detail: format!(
            "n = 30: {} do not cross themselves; exact at n = 10, 20: {}, {}; seed {SEED}, {SAMPLE} \
             instances a length",
            percent(far.valid),
            percent(found[0].exact),
            percent(found[1].exact)
        ),
    })
}
