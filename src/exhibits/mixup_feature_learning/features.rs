//! The paper's figure: what is learned of each feature, and how much noise is memorised, over time.
use super::{Params, race::Race, trainer::Method};
use crate::figure::{Axis, Color, Figure, line, linear, log};

/// Column of a history and its name as a series.
const QUANTITIES: [(&str, &str); 5] = [
    ("v1", "common v₁"),
    ("v2", "common v₂"),
    ("u1", "rare u₁"),
    ("u2", "rare u₂"),
    ("noise", "noise memorised"),
];

/// A line style a way of training.
fn dashes(method: Method) -> &'static str {
    match method {
        Method::Standard => "6 4",
        Method::Mixup => "none",
        Method::Stopped => "2 3",
        _ => "10 3 2 3",
    }
}

fn axis(p: &Params, label: &str) -> Axis {
    if p.log { log(label) } else { linear(label) }
}

/// Panel 2.
pub fn figures(race: &Race, p: &Params) -> Vec<Figure> {
    let ids = [
        (Method::Standard, "learned_standard"),
        (Method::Mixup, "learned_mixup"),
        (Method::Stopped, "learned_stopped"),
    ];
    let mut all: Vec<Figure> = ids.map(|(method, id)| one(race, p, method, id)).into();
    all.push(rare(race, p));
    all
}

fn one(race: &Race, p: &Params, method: Method, id: &'static str) -> Figure {
    let figure = Figure::plot(id, method.name(), linear("step"), axis(p, "greatest |⟨w, ·⟩|"))
        .color(Color::series())
        .caption("The greatest projection of a filter on each feature, and on the noise patch it fits best.");
    let Some(runner) = race.runners.iter().find(|r| r.method == method) else { return figure };
    let [v1, v2, u1, u2] = runner.measures.learned;
    let figure = figure.alt(format!(
        "{}, step {}: common {v1:.2} and {v2:.2}, rare {u1:.2} and {u2:.2}, noise {:.2}.",
        method.name(),
        race.step,
        runner.measures.noise
    ));
    QUANTITIES.into_iter().fold(figure, |figure, (column, name)| {
        let mark = line().x(runner.history.get("step")).y(runner.history.get(column)).stroke(name);
        figure.with(mark.stroke_width(2.0).option("strokeDasharray", dashes(method)))
    })
}

fn rare(race: &Race, p: &Params) -> Figure {
    let figure = Figure::plot(
        "learned_rare",
        "The rare features, all lanes",
        linear("step"),
        axis(p, "greatest |⟨w, u⟩|"),
    )
    .color(Color::series())
    .caption(
        "Dashed: standard; solid: Mixup; dotted: stopped early. Standard training stops learning u once \
         it has memorised the rare examples. What Mixup has learned stays when it is switched off.",
    )
    .alt(format!(
        "Step {}. {}.",
        race.step,
        race.told(|m| format!("{:.2} and {:.2}", m.learned[2], m.learned[3]))
    ));
    race.runners.iter().fold(figure, |figure, runner| {
        QUANTITIES[2..4].iter().fold(figure, |figure, (column, name)| {
            let mark = line().x(runner.history.get("step")).y(runner.history.get(column));
            let title = format!("{}, {name}", runner.method.name());
            let titles = vec![title; runner.history.len()];
            let mark = mark.stroke(*name).title(titles).stroke_width(2.0);
            figure.with(mark.option("strokeDasharray", dashes(runner.method)))
        })
    })
}
