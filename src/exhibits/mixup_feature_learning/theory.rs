//! The knobs of the theory: three speeds, and which of them wins.
use super::{
    Params,
    race::{Race, percent},
    trainer::Method,
};
use crate::figure::{Color, Figure, line, linear, log, rect, rule_x, text};

/// Ends of the axis of σ_p.
const ENDS: [f64; 2] = [0.01, 0.5];

/// What the theory foresees, from few to many σ_p² d.
const ZONES: [&str; 3] = ["learns both", "memorises rare ones", "memorises all"];

/// Panel 4.
pub fn figures(race: &Race, p: &Params) -> Vec<Figure> {
    let y = || linear("accuracy").domain(0.0, 1.0);
    let x = || linear("step").domain(0.0, p.steps as f64);
    let told = |of: fn(&super::measure::Measures) -> f32| {
        format!("Step {}: {}.", race.step, race.told(|m| percent(of(m))))
    };
    let rare = Figure::plot("zone_rare", "New rare examples", x(), y())
        .caption(
            "Where its own noise grows faster than the rare feature, only Mixup gets these right.",
        )
        .alt(told(|m| m.rare));
    let common = Figure::plot("zone_common", "New common examples", x(), y())
        .caption("Where noise grows faster than the common feature too, even these fail.")
        .alt(told(|m| m.common));
    vec![speeds(race), race.curves(rare, "rare"), race.curves(common, "common"), growth(race, p)]
}

/// The zone of a world, by number.
pub fn zone([rare, noise, common]: [f32; 3]) -> usize {
    if noise < rare {
        0
    } else if noise < common {
        1
    } else {
        2
    }
}

fn speeds(race: &Race) -> Figure {
    let config = &race.world.config;
    let speeds = config.speeds();
    let [rare, noise, common] = speeds;
    let at =
        |speed: f32| (f64::from((speed / config.d as f32).sqrt())).clamp(ENDS[0], ENDS[1]) as f32;
    let edges = [ENDS[0] as f32, at(rare), at(common), ENDS[1] as f32];
    let middles = |i: usize| (edges[i] * edges[i + 1]).sqrt();
    let zone = ZONES[zone(speeds)];
    Figure::plot(
        "speeds",
        "Three speeds on one axis",
        log("σ_p, on a scale of the noise's speed σ_p² d").domain(ENDS[0], ENDS[1]),
        linear("").domain(0.0, 1.0).hidden(),
    )
    .full()
    .aspect(0.16)
    .caption(format!(
        "Speeds of growth, times n: rare feature nρ/2 = {rare:.1}, one's own noise σ_p²d = {noise:.1}, \
         common feature n(1 − ρ)/2 = {common:.1}. Drag the thick rule through the zones: the race starts \
         anew. The zones are foreseen for standard training."
    ))
    .alt(format!("Noise has speed {noise:.1}, between or beside {rare:.1} (rare) and {common:.1} (common): {zone}."))
    .with(
        rect()
            .x1(edges[..3].to_vec())
            .x2(edges[1..].to_vec())
            .y1(vec![0.0; 3])
            .y2(vec![1.0; 3])
            .fill("currentColor")
            .fill_opacity(vec![0.04_f32, 0.11, 0.2]),
    )
    // Above and below the handle, so that on a narrow page no two of them touch.
    .with(
        text()
            .x((0..3).map(middles).collect::<Vec<f32>>())
            .y(vec![0.82, 0.18, 0.82])
            .text(ZONES.to_vec()),
    )
    .with(
        rule_x()
            .x(vec![config.sigma_p])
            .stroke("currentColor")
            .stroke_width(4.0)
            .sets_x("sigma_p"),
    )
}

/// Steps of the early phase that are drawn.
const EARLY: f32 = 80.0;

fn growth(race: &Race, p: &Params) -> Figure {
    let config = &race.world.config;
    let [rare, noise, common] = config.speeds();
    let runner = &race.runners[0];
    let steps = runner.history.get("step");
    let shown = steps.iter().filter(|step| **step <= EARLY).count();
    let greater = |a: &str, b: &str| -> Vec<f32> {
        let (a, b) = (runner.history.get(a), runner.history.get(b));
        a.iter().zip(b).map(|(a, b)| a.max(*b)).take(shown).collect()
    };
    let measured = [
        ("common v", greater("v1", "v2"), common),
        ("rare u", greater("u1", "u2"), rare),
        ("own noise", greater("noise", "noise"), noise),
    ];
    let figure = Figure::plot(
        "growth",
        "Early growth under standard training",
        linear("step").domain(0.0, f64::from(EARLY)),
        log("greatest |⟨w, ·⟩|"),
    )
    .color(Color::series())
    .caption(
        "Solid: measured. Dashed: as foreseen while all residuals are near ½, e to the power of η t times \
         the speed over n. Growth ends when the training set is fitted.",
    )
    .alt(format!(
        "Foreseen rates a step: common {:.3}, rare {:.3}, noise {:.3}. At step {} the noise memorised is {:.2}.",
        p.eta * common / config.n as f32,
        p.eta * rare / config.n as f32,
        p.eta * noise / config.n as f32,
        race.step,
        race.of(Method::Standard).noise
    ));
    measured.into_iter().fold(figure, |figure, (name, values, speed)| {
        let begin = values.first().copied().unwrap_or(f32::NAN);
        let rate = f64::from(p.eta * speed / config.n as f32);
        let foreseen: Vec<(f32, f32)> = (0..=EARLY as usize)
            .step_by(2)
            .map(|t| (t as f32, begin * libm::exp(rate * t as f64) as f32))
            .filter(|(_, y)| *y < 4.0)
            .collect();
        let (x, y): (Vec<f32>, Vec<f32>) = foreseen.into_iter().unzip();
        figure
            .with(line().x(&steps[..shown]).y(values).stroke(name).stroke_width(2.0))
            .with(line().x(x).y(y).stroke(name).option("strokeDasharray", "4 4"))
    })
}
