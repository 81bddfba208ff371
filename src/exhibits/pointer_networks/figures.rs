//! What a visitor sees: the plane, the attention, and how well it goes.
use super::{
    BEYOND_SAMPLE, LENGTHS, Params, PointerNetworks, SAMPLE, evaluate::Quality, hull::Point,
    plane::Answered,
};
use crate::figure::{
    Color, Figure, Mark, PokeKind, arrow, band, cell, dot, line, linear, log, polygon, rule_x, text,
};

/// All figures, in a fixed order.
pub fn all(run: &PointerNetworks, p: &Params) -> Vec<Figure> {
    vec![
        plane(run, p),
        attention(run, p),
        loss(run, p),
        accuracy(run),
        area(run),
        beyond(run, p),
        super::tables::table(run, p),
    ]
}

/// Up to which output step the answer is shown, and whether that is all of it.
fn shown(answered: &Answered, p: &Params) -> (usize, bool) {
    let steps = answered.answers[0].attention.len();
    if p.output == 0 || p.output > steps { (steps, true) } else { (p.output, false) }
}

/// What each point is shown with: its probability at the shown step, or its highest of all steps.
fn glow(answered: &Answered, p: &Params) -> Vec<f32> {
    let attention = &answered.answers[0].attention;
    let (step, whole) = shown(answered, p);
    let steps = if whole { &attention[..] } else { &attention[step - 1..step] };
    (0..answered.fed.len()).map(|j| steps.iter().map(|row| row[j]).fold(0.0, f32::max)).collect()
}

fn columns(points: &[Point], at: impl Iterator<Item = usize>) -> (Vec<f32>, Vec<f32>) {
    at.map(|i| (points[i][0], points[i][1])).unzip()
}

/// A closed outline.
fn outline(points: &[Point], corners: &[usize]) -> Mark {
    let (x, y) = columns(points, corners.iter().copied());
    polygon().x(x).y(y)
}

fn plane(run: &PointerNetworks, p: &Params) -> Figure {
    let axes = || linear("").domain(-0.1, 1.1).hidden();
    let figure = Figure::plot("plane", "Your points", axes(), axes())
        .aspect(1.0)
        .color(Color::sequential("probability of being pointed at").domain(0.0, 1.0))
        .caption(
            "Numbers give the order in which the net reads the points; arrows are its answer, grey is \
             the exact hull.",
        );
    let Some(answered) = &run.plane.answered else {
        let (x, y) = columns(&run.plane.points, 0..run.plane.points.len());
        return figure.alt("No answer yet.").with(pokeable(dot().x(x).y(y)));
    };
    let exact = outline(&answered.fed, &answered.hull);
    let figure = figure
        .alt(plane_alt(answered, run.trainer.step, p))
        .with(exact.stroke("exact").option("strokeDasharray", "6 4"));
    let others = answered.answers.iter().skip(1).filter(|a| a.outputs.len() > 1);
    let figure = others.fold(figure, |figure, other| {
        let other = outline(&answered.fed, &other.outputs);
        figure.with(other.stroke(p.model).stroke_opacity(0.2))
    });
    let [dots, numbers] = points(answered, p);
    figure.with(arrows(answered, p)).with(dots).with(numbers)
}

/// From each point of the answer to the next, up to the shown step.
fn arrows(answered: &Answered, p: &Params) -> Mark {
    let best = &answered.answers[0];
    let (steps, whole) = shown(answered, p);
    let outputs = &best.outputs[..steps.min(best.outputs.len())];
    // The closing arrow comes with the stop.
    let closed = if whole && best.stopped && outputs.len() > 1 { outputs.first() } else { None };
    let ends: Vec<usize> = outputs.iter().chain(closed).copied().collect();
    let (x1, y1) = columns(&answered.fed, ends.iter().take(ends.len().max(1) - 1).copied());
    let (x2, y2) = columns(&answered.fed, ends.iter().skip(1).copied());
    let mark = arrow().x1(x1).y1(y1).x2(x2).y2(y2).stroke(p.model).stroke_width(2.0);
    mark.option("inset", 8.0).option("headLength", 7.0)
}

/// The points, shaded and sized by probability, and their numbers, in the visitor's order, so that a row
/// is the same point however it is fed.
fn points(answered: &Answered, p: &Params) -> [Mark; 2] {
    let glow = glow(answered, p);
    let mut place = vec![0; answered.fed.len()];
    answered.order.iter().enumerate().for_each(|(fed, &own)| place[own] = fed);
    let (x, y) = columns(&answered.fed, place.iter().copied());
    let number: Vec<String> = place.iter().map(|j| (j + 1).to_string()).collect();
    let title = place.iter().map(|&j| format!("input {}: probability {:.3}", j + 1, glow[j]));
    let shade: Vec<f32> = place.iter().map(|&j| glow[j]).collect();
    let radius: Vec<f32> = shade.iter().map(|g| 5.0 + 6.0 * g).collect();
    let dots = dot().x(x.clone()).y(y.clone()).fill(shade).r(radius).stroke("currentColor");
    let numbers = text().x(x).y(y).text(number).option("dx", 12.0).option("dy", -10.0);
    [pokeable(dots.title(title.collect::<Vec<String>>())), numbers.option("fontSize", 11.0)]
}

/// The points as a mark that a visitor may move, add to and remove from.
fn pokeable(dots: Mark) -> Mark {
    dots.poked("points", &[PokeKind::Drag, PokeKind::Add, PokeKind::Remove])
}

fn plane_alt(answered: &Answered, steps: usize, p: &Params) -> String {
    let path: Vec<String> =
        answered.answers[0].outputs.iter().map(|j| (j + 1).to_string()).collect();
    let verdict = match answered.score {
        _ if answered.hull.len() < 3 => {
            "All points lie on one line, so there is no hull.".to_owned()
        }
        s if s.exact => "This is the exact hull.".to_owned(),
        s if s.simple => format!("It covers {:.1}% of the hull's area.", 100.0 * s.coverage),
        _ => "It crosses itself or has fewer than three corners.".to_owned(),
    };
    format!(
        "{} points, {} of them corners of the exact hull. After {steps} steps the {} points at {}. \
         {verdict}",
        answered.fed.len(),
        answered.hull.len(),
        p.model,
        if path.is_empty() { "nothing".to_owned() } else { path.join(", ") },
    )
}

/// Most cells of the matrix.
const MOST_CELLS: usize = 3000;

fn attention(run: &PointerNetworks, p: &Params) -> Figure {
    let figure = Figure::plot("attention", "Attention", band("input"), band("output step"))
        .color(Color::sequential("probability").domain(0.0, 1.0))
        .caption(
            "Each row is the softmax over all inputs at one output step: this is the net's output, not \
             an aid to it. A dot marks what was chosen.",
        );
    let Some(answered) = &run.plane.answered else { return figure.alt("No answer yet.") };
    let (n, best) = (answered.fed.len(), &answered.answers[0]);
    let steps = shown(answered, p).0.min(MOST_CELLS / (n + 1));
    let name = |j: usize| if j == n { "stop".to_owned() } else { (j + 1).to_string() };
    let rows = |each: fn(usize, usize) -> usize| -> Vec<usize> {
        (0..steps * (n + 1)).map(|i| each(i / (n + 1), i % (n + 1))).collect()
    };
    let inputs: Vec<String> = rows(|_, j| j).into_iter().map(name).collect();
    let step: Vec<String> = rows(|i, _| i + 1).iter().map(usize::to_string).collect();
    let fill: Vec<f32> = best.attention[..steps].iter().flat_map(|row| row.to_vec()).collect();
    let choice = |i: usize| best.outputs.get(i).copied().unwrap_or(n);
    let chosen: Vec<String> = (0..steps).map(|i| name(choice(i))).collect();
    let sure = |i: usize| best.attention[i][choice(i)];
    let doubt = (0..steps).min_by(|&a, &b| sure(a).total_cmp(&sure(b))).unwrap_or(0);
    figure
        .alt(format!(
            "{steps} output steps over {n} inputs and stop. Least sure is step {}, which points at {} \
             with probability {:.2}.",
            doubt + 1,
            chosen[doubt],
            sure(doubt)
        ))
        .with(cell().x(inputs).y(step).fill(fill).option("inset", 0.5))
        .with(
            dot()
                .x(chosen)
                .y((1..=steps).map(|i| i.to_string()).collect::<Vec<String>>())
                .r(3.0)
                .fill("white")
                .stroke("black"),
        )
}

fn loss(run: &PointerNetworks, p: &Params) -> Figure {
    let trace = &run.history.losses;
    let newest = trace.last("loss").map_or("No training step yet.".to_owned(), |loss| {
        format!("After {} steps the loss is {loss:.3}.", run.trainer.step)
    });
    Figure::plot("loss", "Loss", linear("step"), log("cross-entropy an output"))
        .caption("Mean −ln p of the right output, on fresh instances at every step.")
        .alt(newest)
        .with(line().x(trace.get("step")).y(trace.get("loss")).stroke(p.model))
}

/// One line for each length of a kind of quality.
fn curves(run: &PointerNetworks, figure: Figure, kind: &str) -> Figure {
    let trace = &run.history.quality;
    let names = LENGTHS.map(|n| format!("n = {n}"));
    let steps = trace.get("step");
    let (mut x, mut y, mut series) = (vec![], vec![], vec![]);
    for (n, name) in LENGTHS.iter().zip(names) {
        x.extend_from_slice(steps);
        y.extend_from_slice(trace.get(&format!("{kind} {n}")));
        series.extend(std::iter::repeat_n(name, steps.len()));
    }
    figure.color(Color::series()).with(line().x(x).y(y).stroke(series))
}

/// "n = 5: 88.0%, n = 7: ..." of the newest evaluation.
fn newest(run: &PointerNetworks, of: fn(&Quality) -> f32) -> String {
    let each: Vec<String> =
        run.history.newest.iter().map(|q| format!("n = {}: {:.1}%", q.n, 100.0 * of(q))).collect();
    if each.is_empty() {
        "Not evaluated yet.".to_owned()
    } else {
        format!("After {} steps, {}.", run.trainer.step, each.join(", "))
    }
}

fn accuracy(run: &PointerNetworks) -> Figure {
    let axis = linear("exact hulls").domain(0.0, 1.0);
    let figure = Figure::plot("accuracy", "Exact hulls", linear("step"), axis)
        .caption(format!("Greedy answers to {SAMPLE} instances of each length that never change."))
        .alt(newest(run, |q| q.exact));
    curves(run, figure, "exact")
}

fn area(run: &PointerNetworks) -> Figure {
    let axis = linear("area covered");
    let figure = Figure::plot("area", "Area covered", linear("step"), axis)
        .caption("Mean share of the hull's area, over answers that do not cross themselves.")
        .alt(newest(run, |q| q.area));
    curves(run, figure, "area")
}

/// Table 1, Ptr-Net trained on 5 to 50 points: n, accuracy, area.
pub const PAPER: [[f32; 3]; 6] = [
    [5.0, 0.920, 0.996],
    [10.0, 0.870, 0.998],
    [50.0, 0.696, 0.999],
    [100.0, 0.503, 0.999],
    [200.0, 0.221, 0.999],
    [500.0, 0.013, 0.992],
];

fn beyond(run: &PointerNetworks, p: &Params) -> Figure {
    let here = &run.history.beyond;
    let most = run.trainer.recipe.most;
    let (mut n, mut value, mut series) = (vec![], vec![], vec![]);
    let mut add = |name: &str, points: Vec<(f32, f32)>| {
        for (x, y) in points {
            n.push(x);
            value.push(y);
            series.push(name.to_owned());
        }
    };
    let of = |quality: fn(&Quality) -> f32| here.iter().map(|q| (q.n as f32, quality(q))).collect();
    add("exact hulls", of(|q| q.exact));
    add("not self-crossing", of(|q| q.simple));
    add("area covered", of(|q| q.area));
    add("exact hulls in the paper", PAPER.iter().map(|row| (row[0], row[1])).collect());
    let alt = match here.last() {
        Some(q) => format!(
            "Trained on up to {most} points. At {} points: {:.0}% exact, {:.0}% not self-crossing{}. {} \
             lengths measured.",
            q.n,
            100.0 * q.exact,
            100.0 * q.simple,
            // The area of an answer that crosses itself means nothing.
            if q.simple > 0.0 {
                format!(", {:.1}% of the area", 100.0 * q.area)
            } else {
                String::new()
            },
            here.len()
        ),
        None => "Not evaluated yet.".to_owned(),
    };
    Figure::plot(
        "beyond",
        "Beyond the training lengths",
        log("points n"),
        linear("share").domain(0.0, 1.0),
    )
    .color(Color::series())
    .caption(format!(
        "{BEYOND_SAMPLE} instances a length, one length an evaluation. The upright rule is the longest \
         trained on; the paper's net was trained on 5 to 50 points at width {}.",
        super::tables::PAPER_WIDTH
    ))
    .alt(format!("{alt} Model: {}.", p.model))
    .with(rule_x().x(vec![most as f32]).stroke("currentColor").option("strokeDasharray", "2 3"))
    .with(line().x(n.clone()).y(value.clone()).stroke(series.clone()))
    .with(dot().x(n).y(value).fill(series).r(3.0))
}
