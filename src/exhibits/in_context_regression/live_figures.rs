//! What the third panel shows: which algorithm a net is now, and how the runs compare.
use super::{
    Params,
    live::{AGAINST, Learner, Live, PAIRS, SAMPLE, TEST_EVERY, learners},
};
use crate::figure::{Color, Figure, dot, line, linear, log};

/// All figures, in a fixed order.
pub(super) fn all(live: &Live, p: &Params) -> Vec<Figure> {
    let learner = live.shown(p);
    vec![which(live, learner), profile(learner), runs(live), loss(live)]
}

/// The algorithm that a net was nearest to in its last test, and how near.
fn nearest(learner: &Learner) -> (&'static str, f32) {
    let mut best = (AGAINST[0], f32::INFINITY);
    for name in AGAINST {
        match learner.tests.last(name) {
            Some(spd) if spd < best.1 => best = (name, spd),
            _ => {}
        }
    }
    best
}

fn positive(values: &[f32]) -> Vec<f32> {
    values.iter().map(|&v| v.max(1e-7)).collect()
}

fn which(live: &Live, learner: &Learner) -> Figure {
    let tests = &learner.tests;
    let (name, spd) = nearest(learner);
    let listed: Vec<String> = AGAINST
        .iter()
        .filter_map(|name| Some(format!("{name} {:.3}", tests.last(name)?)))
        .collect();
    let mut figure = Figure::plot(
        "which",
        format!("Which algorithm is {} now? {name} ({spd:.3})", learner.name),
        linear("training step"),
        log("SPD a dimension, mean over n = 1 to 7"),
    )
    .full()
    .color(Color::series())
    .caption(format!(
        "How far the net's predictions are from each algorithm's, on {SAMPLE} prompts it never saw, every \
         {TEST_EVERY} steps. The lowest line is what the net does. One GD step has at each number of \
         examples the rate that suits the net best.",
    ))
    .alt(format!("At step {}: {}.", live.step_number(), listed.join(", ")));
    for name in AGAINST {
        let mark = line().x(tests.get("step")).y(positive(tests.get(name))).stroke(name);
        figure = figure.with(mark.stroke_width(2.0));
    }
    figure
}

fn profile(learner: &Learner) -> Figure {
    let figure = Figure::plot(
        "profile",
        format!("By number of examples, {}", learner.name),
        linear("examples in the prompt").domain(0.0, (PAIRS - 1) as f64),
        log("SPD a dimension"),
    )
    .color(Color::series())
    .caption("The newest test, by how many pairs the net had seen.");
    let Some(tally) = &learner.newest else { return figure.alt("No test yet.") };
    let [low, bayes, least] = learners(learner.sigma).map(|learned| tally.spd(learned));
    let all = [tally.spd_to_zero(), tally.spd_to_best_descent(), low, bayes, least];
    let n: Vec<f32> = (1..PAIRS).map(|n| n as f32).collect();
    let mut figure = figure.alt(format!(
        "With {} examples the net is {:.1e} from Bayes, with one {:.1e}.",
        PAIRS - 1,
        all[3][PAIRS - 1],
        all[3][1]
    ));
    for (name, spd) in AGAINST.iter().zip(&all) {
        let y: Vec<f32> = spd[1..].iter().map(|&v| v.max(1e-7) as f32).collect();
        figure = figure
            .with(line().x(n.clone()).y(y.clone()).stroke(*name))
            .with(dot().x(n.clone()).y(y).fill(*name).r(3.0));
    }
    figure
}

fn runs(live: &Live) -> Figure {
    let mut figure = Figure::plot(
        "runs",
        "Runs side by side",
        linear("training step"),
        log("SPD a dimension to Bayes"),
    )
    .color(Color::series())
    .caption(
        "How near each run is to the Bayes predictor of its own noise. Switch on runs B and C and change one \
         thing; a run with the same choices is the same again.",
    );
    let mut words = vec![];
    for learner in &live.learners {
        let tests = &learner.tests;
        words.push(format!("{} {:.3}", learner.name, tests.last("Bayes").unwrap_or(0.0)));
        let mark = line().x(tests.get("step")).y(positive(tests.get("Bayes")));
        figure = figure.with(mark.stroke(learner.name).stroke_width(2.0));
    }
    figure.alt(format!("SPD a dimension to Bayes: {}.", words.join(", ")))
}

fn loss(live: &Live) -> Figure {
    let mut figure =
        Figure::plot("loss", "Loss", linear("training step"), log("squared error a dimension"))
            .color(Color::series())
            .caption(
                "Of the labels of the test prompts; with noise it cannot fall below the noise.",
            );
    let mut words = vec![];
    for learner in &live.learners {
        words.push(format!("{} {:.3}", learner.name, learner.tests.last("loss").unwrap_or(0.0)));
        let mark = line().x(learner.tests.get("step")).y(learner.tests.get("loss"));
        figure = figure.with(mark.stroke(learner.name).stroke_width(2.0));
    }
    figure.alt(format!("After {} steps: {}.", live.step_number(), words.join(", ")))
}
