//! What the first panel shows: the plane, the distances, the slopes.
use super::prompt::{HEIGHT, LEARNERS, Prompt, REACH, SEEN};
use crate::figure::{
    Color, Figure, Mark, PokeKind, area_y, band, dot, line_y, linear, log, rule_x, text,
};

/// Distances below this are drawn as this.
const LEAST: f64 = 1e-6;

/// All figures, in a fixed order.
pub(super) fn all(prompt: &Prompt) -> Vec<Figure> {
    vec![plane(prompt), distances(prompt), slopes(prompt)]
}

fn narrow(values: &[f64]) -> Vec<f32> {
    values.iter().map(|&v| v as f32).collect()
}

fn curve(x: &[f64], y: &[f64]) -> Mark {
    line_y().x(narrow(x)).y(narrow(y)).option("clip", true)
}

fn plane(prompt: &Prompt) -> Figure {
    let answered = &prompt.answered;
    let (closest, spd) = prompt.closest();
    let sigma = prompt.sigma();
    let warnings = prompt.warnings().join(" ");
    let caption = format!(
        "The net was trained on other lines, with noise of deviation {sigma}; its weights stay. Drag, add or \
         remove dots: they are its prompt, and its curve follows. The band is two standard deviations \
         of what Bayes' rule leaves open. {warnings}"
    );
    let alt = format!(
        "{} dots. The net's curve has slope {:.2}; a straight line explains {:.1}% of it. It is nearest to \
         {closest}, at a mean squared distance of {spd:.1e}. {warnings}",
        prompt.dots.len(),
        answered.slope,
        if answered.r2.is_finite() { 100.0 * answered.r2 } else { 0.0 },
    );
    let edge = |sign: f64| -> Vec<f32> {
        let rows = answered.lines[0].iter().zip(&answered.deviation);
        rows.map(|(mean, sd)| (mean + sign * 2.0 * sd) as f32).collect()
    };
    let band = area_y().x(narrow(&answered.at)).y1(edge(-1.0)).y2(edge(1.0));
    let mut figure = Figure::plot(
        "plane",
        format!("Your dots, and the net's line: {closest}"),
        linear("x").domain(-REACH, REACH),
        linear("y").domain(-HEIGHT, HEIGHT),
    )
    .full()
    .aspect(0.6)
    .color(Color::series())
    .caption(caption.trim_end())
    .alt(alt.trim_end())
    .with(band.fill("Bayes").fill_opacity(0.12).option("clip", true))
    .with(
        rule_x()
            .x(vec![-SEEN as f32, SEEN as f32])
            .stroke_opacity(0.25)
            .option("strokeDasharray", "2 4"),
    );
    for (name, line) in LEARNERS.iter().zip(&answered.lines).rev() {
        let mark = curve(&answered.at, line).stroke(*name).stroke_width(1.4);
        let mark = if name.starts_with('3') { mark.stroke_opacity(0.5) } else { mark };
        figure = figure.with(mark.option("strokeDasharray", dashes(name)));
    }
    let (x, y): (Vec<f32>, Vec<f32>) = prompt.dots.iter().map(|dot| (dot[0], dot[1])).unzip();
    let dots = dot().x(x).y(y).r(6.0).fill("currentColor").stroke("currentColor");
    figure
        .with(curve(&answered.at, &answered.net).stroke("network").stroke_width(3.0))
        .with(dots.poked("dots", &[PokeKind::Drag, PokeKind::Add, PokeKind::Remove]))
}

/// Lines that lie on one another can be told apart.
fn dashes(name: &str) -> &'static str {
    match name {
        "Bayes" => "1 0",
        "least squares" => "7 4",
        "ridge" => "3 3",
        "one GD step" => "9 3 2 3",
        _ => "2 3",
    }
}

fn distances(prompt: &Prompt) -> Figure {
    let spd = &prompt.answered.spd;
    let (closest, least) = prompt.closest();
    let shown: Vec<f32> = spd.iter().map(|&s| s.max(LEAST) as f32).collect();
    let words: Vec<String> = spd.iter().map(|s| format!("{s:.1e}")).collect();
    let listed: Vec<String> =
        LEARNERS.iter().zip(&words).map(|(name, spd)| format!("{name} {spd}")).collect();
    let high = shown.iter().fold(10.0_f32, |a, &b| a.max(2.0 * b));
    Figure::plot(
        "distances",
        format!("Closest algorithm: {closest} ({least:.1e})"),
        log("mean squared distance from the net, |x| ≤ 3").domain(LEAST, f64::from(high)),
        band(""),
    )
    .color(Color::series().without_legend())
    .caption(
        "SPD (eq. 12) between the net's curve and each algorithm's line; left is nearer. Every step to the \
         left is a factor of ten.",
    )
    .alt(format!("Mean squared distances from the net: {}.", listed.join(", ")))
    .with(dot().x(shown.clone()).y(LEARNERS.to_vec()).fill(LEARNERS.to_vec()).r(6.0))
    .with(
        text()
            .x(shown)
            .y(LEARNERS.to_vec())
            .text(words)
            .option("dx", 10.0)
            .option("textAnchor", "start"),
    )
}

fn slopes(prompt: &Prompt) -> Figure {
    let answered = &prompt.answered;
    let at = |line: &Vec<f64>| {
        // Straight lines through the origin: any query will do.
        line.last().zip(answered.at.last()).map_or(f64::NAN, |(y, x)| y / x)
    };
    let names = ["network", "Bayes", "least squares", "ridge", "one GD step", "one-pass SGD"];
    let mut slopes = vec![answered.slope];
    slopes.extend(answered.lines[..5].iter().map(at));
    Figure::table("slopes", "Slopes")
        .caption(
            "The net's is implied (eq. 13): of all straight lines through the origin, that nearest to its \
             curve. How much of the curve it explains is the R² beside the figures.",
        )
        .alt(format!("The net's slope is {:.3}, that of Bayes {:.3}.", slopes[0], slopes[1]))
        .column("learner", names.to_vec())
        .column("slope", narrow(&slopes))
        .highlight(0)
}
