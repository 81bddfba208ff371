//! What the paper says of in-context regression, at sizes that a tab can afford; and things to try.
use super::{
    data::Prompts,
    metrics::{References, Tally, mean, ridge},
    net::{Layout, Net},
    predict::Predictor,
    shipped::{DEPTHS, FOURS, LINES, Model, PLANES},
    train::{Functions, Recipe},
};
use crate::{
    claim::{Check, Claim, Measured},
    engine::rng::Stream,
    error::Result,
    models::regress::Linear,
};

/// Seed of all claims.
const SEED: u64 = 1;

/// Prompts measured at once, between two reports of progress.
const CHUNK: usize = 32;

/// All claims.
pub fn all() -> Vec<Claim> {
    let built = super::machine_claims::all().into_iter().chain(super::linear_claims::all());
    let trained = references().into_iter().chain(sizes()).chain(behaviour());
    trained.chain(super::probe_claims::all()).chain(built).collect()
}

/// Which algorithm trained nets are nearest to.
fn references() -> Vec<Claim> {
    vec![
        Claim {
            id: "bayes_under_noise",
            sentence: "With noise on the labels a trained net predicts like Bayes' rule, ridge regression at σ²/τ².",
            published: "MSPD/d of 3.3e-5 at σ²/τ² = 1/4, d = 8",
            source: "Fig. 2",
            protocol: "The shipped nets for d = 1 and d = 2 at noise 0.5, 17 thousand weights each, on 512 prompts. \
                       Holds if the mean SPD/d over n = 1 to 8 to Bayes is below 0.03, and below that to least \
                       squares, to ridge 0.1 and to the best one-step descent.",
            quick: true,
            measure: |check| Box::pin(bayes_under_noise(check)),
        },
        Claim {
            id: "least_squares_without_noise",
            sentence: "Without noise a trained net predicts like least squares, of the solutions the shortest.",
            published: "SPD/d below 0.01 for n = 1 to 14; other algorithms up to 0.8",
            source: "Fig. 1",
            protocol: "The shipped nets for d = 1, 2 and 4 without noise, on 512 prompts, mean SPD/d over all n ≥ 1, \
                       for 16 layers of width 512 at d = 8. Holds if each is nearer to least squares than to \
                       ridge 0.1, to one-pass SGD at 0.03 and to the best one-step descent, and below 0.01.",
            quick: true,
            measure: |check| Box::pin(least_squares_without_noise(check)),
        },
        Claim {
            id: "noise_matrix_d2",
            sentence: "Whatever the noise in training, the nearest ridge is the one with λ = σ²/τ².",
            published: "the least of each of 5 columns is on the diagonal; 1.25e-5 to 6.1e-5 there",
            source: "Fig. 2",
            protocol: "The four shipped nets for d = 2 (noise 0, 0.25, 0.5, 1; τ = 1), 2048 prompts each, MSPD/d over \
                       n = 1. Holds if each column is least on the diagonal.",
            quick: true,
            measure: |check| Box::pin(noise_matrix(check, &PLANES)),
        },
        Claim {
            id: "noise_matrix_d4",
            sentence: "The same in more dimensions.",
            published: "the least of each of 5 columns is on the diagonal; 1.25e-5 to 6.1e-5 there",
            source: "Fig. 2",
            protocol: "The four shipped nets for d = 4 (noise 0, 0.25, 0.5, 0.75; τ = 1), 2048 prompts each, MSPD/d \
                       over n = 1 to 3. Holds if each column is least on the diagonal.",
            quick: false,
            measure: |check| Box::pin(noise_matrix(check, &FOURS)),
        },
    ]
}

/// How that depends on depth.
fn sizes() -> Vec<Claim> {
    vec![
        Claim {
            id: "one_layer_descends",
            sentence: "A net of one layer is best described by one step of gradient descent.",
            published: "one layer: gradient descent, a poor fit",
            source: "Fig. 3",
            protocol: "The shipped net of one layer, d = 4, no noise, 512 prompts, mean SPD/d over n = 1 to 11. Holds \
                       if it is nearer to one step of descent, at each n at its best rate, than to ridge 0.1, \
                       ridge 0.5 and least squares.",
            quick: true,
            measure: |check| Box::pin(one_layer_descends(check)),
        },
        Claim {
            id: "depth_leaves_ridge",
            sentence: "With depth nets pass from ridge regression towards least squares.",
            published: "2 to 4 layers: ridge; 8 and more: least squares",
            source: "Fig. 3",
            protocol: "The shipped nets of 1, 2, 4 and 8 layers, d = 4, no noise, 8000 steps each, 512 prompts. Holds \
                       if the SPD to least squares falls with every doubling, if 2 layers are nearer to ridge 0.1 \
                       than to least squares, and 8 nearer to least squares.",
            quick: true,
            measure: |check| Box::pin(depth_leaves_ridge(check)),
        },
    ]
}

/// What a prediction depends on, and how fast it is learned.
fn behaviour() -> Vec<Claim> {
    vec![
        Claim {
            id: "no_leak",
            sentence: "A prediction depends on the pairs before it and on its own x, and on nothing after.",
            published: "causal masking",
            source: "section 3",
            protocol: "The shipped net for d = 2 and an untrained alternating one: each y in turn is changed by 5. \
                       Holds if no prediction up to its own changes by a single bit and all later ones change.",
            quick: true,
            measure: |check| Box::pin(no_leak(check)),
        },
        Claim {
            id: "order",
            sentence: "Dual tokens have no positions: the order of the pairs leaves a prediction as it is.",
            published: "not in the paper, whose tokens have positions",
            source: "our layout",
            protocol: "The shipped net for d = 2 at noise 0.5: 64 prompts of 8 pairs and their reverse, one query each. \
                       Holds if no answer moves by 1e-5 or more. A context sees those before it, so this is exact \
                       for one layer alone.",
            quick: true,
            measure: |check| Box::pin(order(check)),
        },
        Claim {
            id: "learns_live",
            sentence: "A small net learns within seconds to predict like the Bayes predictor.",
            published: "MSPD/d of 3.3e-5 at σ²/τ² = 1/4, after 500 thousand steps",
            source: "Fig. 2",
            protocol: "d = 1, noise 0.5, two layers of width 16, 1500 steps of 64 prompts at rate 5e-3 for 500 \
                       thousand of a net ten thousand times as large; 512 prompts. Holds if SPD/d to Bayes, mean \
                       over n = 1 to 7, is below 0.03 and below that to least squares and to the best one-step \
                       descent.",
            quick: true,
            measure: |check| Box::pin(learns_live(check)),
        },
    ]
}

/// How near a net is to some learners, on prompts of its own noise.
async fn tally(
    check: &Check,
    (predictor, sigma): (&mut Predictor, f64),
    learners: &[Linear],
    count: usize,
) -> Result<Tally> {
    let net = predictor.net;
    let mut stream = Stream::new(SEED, "claim");
    let mut sum: Option<Tally> = None;
    while sum.as_ref().is_none_or(|sum| sum.count < count) {
        let prompts = Prompts::draw(&mut stream, CHUNK, (net.d, net.most), sigma);
        let found = predictor.prefixes(&prompts).await?;
        let part = References::of(&prompts, learners).tally(&found);
        match &mut sum {
            Some(sum) => sum.add(&part),
            None => sum = Some(part),
        }
        let done = sum.as_ref().map_or(0, |sum| sum.count);
        let share = done as f64 / count as f64;
        check.progress(share, format!("{done} of {count} prompts, d = {}", net.d)).await;
    }
    Ok(sum.unwrap_or_else(|| {
        References::of(&Prompts::draw(&mut stream, 0, (net.d, net.most), sigma), learners)
            .tally(&[])
    }))
}

async fn of_model(
    check: &Check,
    model: &Model,
    learners: &[Linear],
    count: usize,
) -> Result<Tally> {
    let mut predictor = model.load(&check.files).await?;
    tally(check, (&mut predictor, model.recipe.sigma.into()), learners, count).await
}

/// The mean over n ≥ 1.
fn whole(spd: &[f64]) -> f64 {
    mean(spd, 1, spd.len())
}

async fn bayes_under_noise(check: Check) -> Result<Measured> {
    let learners = [Linear::Ridge(0.25), Linear::LeastSquares, Linear::Ridge(0.1)];
    let (mut holds, mut here, mut detail) = (true, vec![], vec![]);
    for model in [LINES[2], PLANES[2]] {
        let tally = of_model(&check, &model, &learners, 512).await?;
        let [bayes, least, low] = learners.map(|learner| whole(&tally.spd(learner)));
        let descent = whole(&tally.spd_to_best_descent());
        holds &= bayes < 0.03 && bayes < least && bayes < low && bayes < descent;
        let d = model.recipe.net.d;
        here.push(format!("{bayes:.1e} at d = {d}"));
        detail.push(format!(
            "d = {d}: to ridge 0.1 {low:.3}, to one GD step {descent:.3}, to least squares {least:.1}"
        ));
    }
    Ok(Measured { here: format!("SPD/d {}", here.join(", ")), holds, detail: detail.join("; ") })
}

async fn least_squares_without_noise(check: Check) -> Result<Measured> {
    let learners = [Linear::LeastSquares, Linear::Ridge(0.1), Linear::OnePass(0.03)];
    let (mut holds, mut here, mut detail) = (true, vec![], vec![]);
    for model in [LINES[0], PLANES[0], FOURS[0]] {
        let tally = of_model(&check, &model, &learners, 512).await?;
        let [least, low, pass] = learners.map(|learner| whole(&tally.spd(learner)));
        let descent = whole(&tally.spd_to_best_descent());
        holds &= least < 0.01 && least < low && least < pass && least < descent;
        let d = model.recipe.net.d;
        here.push(format!("{least:.1e} at d = {d}"));
        detail.push(format!(
            "d = {d}: to ridge 0.1 {low:.1e}, to one-pass SGD {pass:.2}, to one GD step {descent:.2}, to least \
             squares at n = d {:.1e}",
            tally.spd(Linear::LeastSquares)[d]
        ));
    }
    Ok(Measured { here: format!("SPD/d {}", here.join(", ")), holds, detail: detail.join("; ") })
}

async fn noise_matrix(check: Check, models: &'static [Model; 4]) -> Result<Measured> {
    let d = models[0].recipe.net.d;
    let learners = [0, 1, 2, 3].map(|i| ridge(f64::from(models[i].recipe.sigma).powi(2)));
    let (mut won, mut diagonal, mut rows) = (0, vec![], vec![]);
    for (i, model) in models.iter().enumerate() {
        let tally = of_model(&check, model, &learners, 2048).await?;
        let column = learners.map(|learner| mean(&tally.spd(learner), 1, d));
        won += usize::from(column.iter().all(|&other| column[i] <= other));
        diagonal.push(format!("{:.1e}", column[i]));
        let column = column.map(|value| format!("{value:.1e}"));
        rows.push(format!("σ = {}: {}", model.recipe.sigma, column.join(", ")));
    }
    Ok(Measured {
        here: format!("{won} of 4 columns; {} on the diagonal", diagonal.join(", ")),
        holds: won == 4,
        detail: format!("columns by noise, entries by λ ascending: {}", rows.join("; ")),
    })
}

/// SPD/d of the nets by depth to one step of descent, ridge 0.1, ridge 0.5 and least squares.
async fn by_depth(check: &Check, models: &[Model]) -> Result<Vec<[f64; 4]>> {
    let learners = [Linear::Ridge(0.1), Linear::Ridge(0.5), Linear::LeastSquares];
    let mut rows = vec![];
    for model in models {
        let tally = of_model(check, model, &learners, 512).await?;
        let [low, high, least] = learners.map(|learner| whole(&tally.spd(learner)));
        rows.push([whole(&tally.spd_to_best_descent()), low, high, least]);
    }
    Ok(rows)
}

async fn one_layer_descends(check: Check) -> Result<Measured> {
    let [descent, low, high, least] = by_depth(&check, &DEPTHS[..1]).await?[0];
    let names = [
        (descent, "one GD step"),
        (low, "ridge 0.1"),
        (high, "ridge 0.5"),
        (least, "least squares"),
    ];
    let nearest =
        names.iter().fold(names[0], |best, &next| if next.0 < best.0 { next } else { best });
    Ok(Measured {
        here: format!("nearest to {} ({:.3}), one GD step {descent:.3}", nearest.1, nearest.0),
        holds: nearest.1 == "one GD step",
        detail: format!("ridge 0.1 {low:.3}, ridge 0.5 {high:.3}, least squares {least:.3}"),
    })
}

async fn depth_leaves_ridge(check: Check) -> Result<Measured> {
    let rows = by_depth(&check, &DEPTHS).await?;
    let falls = rows.windows(2).all(|pair| pair[1][3] < pair[0][3]);
    let words: Vec<String> =
        rows.iter().map(|row| format!("{:.3}/{:.3}", row[1], row[3])).collect();
    Ok(Measured {
        here: format!("to ridge 0.1 / least squares: {} at 1, 2, 4, 8 layers", words.join(", ")),
        holds: falls && rows[1][1] < rows[1][3] && rows[3][3] < rows[3][1],
        detail: format!("SPD to least squares falls with depth: {falls}"),
    })
}

async fn no_leak(check: Check) -> Result<Measured> {
    let mut dual = PLANES[2].load(&check.files).await?;
    let alternating = Net { layout: Layout::Alternating, ..dual.net };
    let mut alternating = Predictor::new(alternating, SEED)?;
    let prompts = Prompts::draw(&mut Stream::new(SEED, "leak"), 1, (2, dual.net.most), 0.5);
    let (mut leaks, mut deaf) = (0, 0);
    for predictor in [&mut dual, &mut alternating] {
        let before = predictor.prefixes(&prompts).await?;
        for j in 0..prompts.n {
            let mut other = prompts.clone();
            other.y[j] += 5.0;
            let after = predictor.prefixes(&other).await?;
            leaks += (0..=j).filter(|&i| before[i].to_bits() != after[i].to_bits()).count();
            deaf += (j + 1..prompts.n).filter(|&i| before[i] == after[i]).count();
            check.progress(j as f64 / prompts.n as f64, "changing one label after another").await;
        }
    }
    Ok(Measured {
        here: format!("{leaks} predictions moved"),
        holds: leaks == 0 && deaf == 0,
        detail: format!("later predictions that did not react: {deaf}"),
    })
}

async fn order(check: Check) -> Result<Measured> {
    let mut net = PLANES[2].load(&check.files).await?;
    let prompts = Prompts::draw(&mut Stream::new(SEED, "order"), 64, (2, 9), 0.5);
    let (mut most, mut square) = (0.0_f32, 0.0);
    for (i, (x, y)) in prompts.x.chunks(18).zip(prompts.y.chunks(9)).enumerate() {
        let (x, query) = x.split_at(16);
        let turned_x: Vec<f32> = x.chunks(2).rev().flatten().copied().collect();
        let turned_y: Vec<f32> = y[..8].iter().rev().copied().collect();
        let before = net.answers(x, &y[..8], query).await?[0];
        let moved = (net.answers(&turned_x, &turned_y, query).await?[0] - before).abs();
        most = most.max(moved);
        square += f64::from(moved * moved) / 64.0;
        check.progress(i as f64 / 64.0, "turning prompts round").await;
    }
    Ok(Measured {
        here: format!("at most {most:.1e}"),
        holds: most < 1e-5,
        detail: format!("mean square {square:.1e}, a dimension {:.1e}", square / 2.0),
    })
}

async fn learns_live(check: Check) -> Result<Measured> {
    let net = Net { heads: 2, ..Net::dual(1, 8, 2, 16) };
    let recipe = Recipe {
        net,
        functions: Functions::Random,
        sigma: 0.5,
        rate: 5e-3,
        steps: 1500,
        batch: 64,
    };
    let mut trainer = recipe.trainer(&check.device, SEED)?;
    while trainer.step < recipe.steps {
        trainer.run(5, recipe.rate)?;
        let done = 0.9 * trainer.step as f64 / recipe.steps as f64;
        check.progress(done, format!("training step {} of {}", trainer.step, recipe.steps)).await;
    }
    let mut predictor = Predictor::new(net, SEED)?;
    predictor.load(&trainer.snapshot().await?)?;
    let learners = [Linear::Ridge(0.25), Linear::LeastSquares, Linear::Ridge(0.1)];
    let tally = tally(&check, (&mut predictor, 0.5), &learners, 512).await?;
    let [bayes, least, low] = learners.map(|learner| whole(&tally.spd(learner)));
    let descent = whole(&tally.spd_to_best_descent());
    Ok(Measured {
        here: format!("SPD/d {bayes:.4} after 1500 steps"),
        holds: bayes < 0.03 && bayes < least && bayes < descent,
        detail: format!(
            "to ridge 0.1 {low:.3}, to one GD step {descent:.3}, to least squares {least:.2}; seed {SEED}"
        ),
    })
}
