//! The panel of the digits.
use super::{
    Params,
    digits::{CLASSES, DigitRace, LINE, PIXELS, PLANE, chosen},
    race::percent,
};
use crate::figure::{Color, Figure, dot, line, linear, log, raster, rule_x};

/// Panel 8.
pub fn figures(race: &DigitRace, p: &Params) -> Vec<Figure> {
    vec![
        accuracy(race, p),
        loss(race, p),
        images(race, p),
        between(race, p),
        plane(race, p, 0, "digit_plane_standard"),
        plane(race, p, 1, "digit_plane_mixup"),
        verdicts(race, p),
    ]
}

/// A column of every lane's history.
fn curves(race: &DigitRace, figure: Figure, column: &str) -> Figure {
    race.lanes().fold(figure.color(Color::series()), |figure, (recipe, _, history)| {
        let mark = line().x(history.get("step")).y(history.get(column)).stroke(recipe.name);
        figure.with(mark.stroke_width(2.0).option("clip", true))
    })
}

fn accuracy(race: &DigitRace, p: &Params) -> Figure {
    let x = linear("step").domain(0.0, p.digit_steps as f64);
    let figure = Figure::plot("digit_accuracy", "New digits", x, linear("test accuracy").domain(0.7, 1.0))
        .caption(format!(
            "Ours, not the paper's: a network of 9 thousand weights on {} images of 8 × 8 pixels, tested on \
             400 others. Drag the rule to stop Mixup earlier or later.",
            p.digit_n
        ))
        .alt(format!("Step {}: {}.", race.step, race.told()));
    let stop = rule_x().x(vec![p.digit_stop.min(p.digit_steps) as f32]);
    curves(race, figure, "accuracy")
        .with(stop.stroke("Mixup, stopped early").stroke_width(2.0).sets_x("digit_stop"))
}

fn loss(race: &DigitRace, p: &Params) -> Figure {
    let x = linear("step").domain(0.0, p.digit_steps as f64);
    let told: Vec<String> =
        race.lanes().map(|(r, shown, _)| format!("{} {:.3}", r.name, shown.loss)).collect();
    let figure =
        Figure::plot("digit_loss", "How sure, and rightly so", x, log("test cross-entropy"))
            .caption(
                "Mean −ln p of the right class on new digits: being sure and wrong costs much.",
            )
            .alt(format!("Step {}: {}.", race.step, told.join(", ")));
    curves(race, figure, "loss")
}

/// Side of an image, with its gap.
const PITCH: usize = 9;

fn images(race: &DigitRace, p: &Params) -> Figure {
    let [a, b, _] = chosen(p);
    let (first, second) = (race.digits.image(a), race.digits.image(b));
    let (width, height) = (3 * PITCH - 1, 8);
    let mut pixels = vec![f32::NAN; width * height];
    for at in 0..PIXELS {
        let x = p.digit_lambda;
        let values = [first[at], x * first[at] + (1.0 - x) * second[at], second[at]];
        for (tile, value) in values.into_iter().enumerate() {
            // Images run from the top, rasters from the bottom.
            pixels[(7 - at / 8) * width + tile * PITCH + at % 8] = value;
        }
    }
    let axis = |size: usize| linear("").domain(0.0, size as f64).hidden();
    let (x, y) = (race.digits.label(a), race.digits.label(b));
    let share = 100.0 * p.digit_lambda;
    Figure::plot("digit_pair", format!("A {x}, a {y}, and a blend"), axis(width), axis(height))
        .aspect(height as f64 / width as f64)
        .color(Color::sequential("ink").domain(-1.0, 1.0).without_legend())
        .caption(format!(
            "Left and right two training images, between them {share:.0}% of the left one and the rest of \
             the right. Choose others beside."
        ))
        .alt(format!("Training image {a}, a {x}; image {b}, a {y}; and their blend, {share:.0}% of the first."))
        .with(
            raster(width, height, [0.0, 0.0, width as f64, height as f64])
                .fill(pixels)
                .option("imageRendering", "pixelated"),
        )
}

fn between(race: &DigitRace, p: &Params) -> Figure {
    let [a, b, _] = chosen(p);
    let (own, other) = (race.digits.label(a), race.digits.label(b));
    let share: Vec<f32> = (0..LINE).map(|i| i as f32 / (LINE - 1) as f32).collect();
    let middle = |line: &[f32]| line.get(LINE / 2 * CLASSES + own).copied().unwrap_or(f32::NAN);
    let told: Vec<String> = race
        .lanes()
        .map(|(r, shown, _)| format!("{} {:.2}", r.name, middle(&shown.line)))
        .collect();
    let figure = Figure::plot(
        "digit_between",
        format!("From the {own} to the {other}"),
        linear(format!("share of the {other}")),
        linear(format!("probability of {own}")).domain(0.0, 1.0),
    )
    .color(Color::series())
    .caption(
        "What each network says along the straight line between the two images. Standard training leaps; \
         Mixup was taught labels in between.",
    )
    .alt(format!("Probability of {own} half-way: {}.", told.join(", ")));
    race.lanes().fold(figure, |figure, (recipe, shown, _)| {
        let y: Vec<f32> = shown.line.iter().skip(own).step_by(CLASSES).copied().collect();
        let x = share[..y.len()].to_vec();
        figure.with(line().x(x).y(y).stroke(recipe.name).stroke_width(2.0))
    })
}

fn plane(race: &DigitRace, p: &Params, lane: usize, id: &'static str) -> Figure {
    let labels = chosen(p).map(|place| race.digits.label(place));
    let axis = || linear("").domain(-0.25, 1.25).hidden();
    let Some((recipe, shown, _)) = race.lanes().nth(lane) else {
        return Figure::plot(id, "A plane of images", axis(), axis());
    };
    let sure = shown.plane.iter().filter(|x| **x > 0.9).count() as f32 / (PLANE * PLANE) as f32;
    let [a, b, c] = labels;
    let words = labels.map(|label| format!("{label}")).to_vec();
    let (x, y) = (vec![0.0, 1.0, 0.0], vec![0.0, 0.0, 1.0]);
    Figure::plot(id, format!("A plane of images, {}", recipe.name), axis(), axis())
        .aspect(1.0)
        .color(Color::sequential("greatest probability").domain(0.0, 1.0))
        .caption(format!(
            "The plane through three training images, a {a}, a {b} and a {c}: how sure the network is at \
             each point. Where it is unsure lie the decision boundaries, wider under Mixup."
        ))
        .alt(format!(
            "{}: on {:.0}% of the plane through a {a}, a {b} and a {c} it is more than 90% sure.",
            recipe.name,
            100.0 * sure
        ))
        .with(raster(PLANE, PLANE, [-0.25, -0.25, 1.25, 1.25]).fill(shown.plane.clone()))
        .with(dot().x(x.clone()).y(y.clone()).r(4.0).fill("white").stroke("black"))
        .with(
            crate::figure::text()
                .x(x)
                .y(y)
                .text(words)
                .fill("white")
                .stroke("black")
                .option("dx", 10.0)
                .option("dy", -10.0),
        )
}

fn verdicts(race: &DigitRace, p: &Params) -> Figure {
    let (mut names, mut coefficients, mut accuracies, mut losses) =
        (vec![], vec![], vec![], vec![]);
    let mut shares = vec![];
    for (recipe, shown, _) in race.lanes() {
        names.push(recipe.name.to_owned());
        coefficients.push(match recipe.stop {
            0 => "–".to_owned(),
            usize::MAX => format!("{:.2}, {:.2}", recipe.lambda[0], recipe.lambda[1]),
            stop => format!("{:.2}, {:.2} to step {stop}", recipe.lambda[0], recipe.lambda[1]),
        });
        accuracies.push(percent(shown.accuracy));
        losses.push(format!("{:.3}", shown.loss));
        shares.push(shown.accuracy);
    }
    // Within a point is as good: four of the 400 images.
    let as_good = |a: usize, b: usize| shares.get(a) >= shares.get(b).map(|x| x - 0.01).as_ref();
    let word = |holds: bool| if holds { "holds" } else { "does not hold" };
    let verdict = vec![
        "–".to_owned(),
        format!("as good as standard: {}", word(as_good(1, 0))),
        format!("as good as never stopped: {}", word(as_good(2, 1))),
        format!("as good as equal ones: {}", word(as_good(3, 1))),
    ];
    let done = if race.step < p.digit_steps { "so far" } else { "in the end" };
    Figure::table("digit_table", "What holds on digits")
        .full()
        .caption(
            "As good: at most one point of accuracy worse, on this seed; the claims below take five. Here, \
             unlike in the model of features and noise, mixing inputs alone helps, and equal coefficients \
             hardly do: there is no rare clue to be learned.",
        )
        .alt(format!("{done}: {}. {}; {}; {}.", race.told(), verdict[1], verdict[2], verdict[3]))
        .column("way of training", names)
        .column("λ_x, λ_y", coefficients)
        .column("test accuracy", accuracies)
        .column("test cross-entropy", losses)
        .column("the paper's claim", verdict)
}
