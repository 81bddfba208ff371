//! What is seen of a net in training: its answer to your points, its loss, and how good it has become.
use super::{
    Params,
    evaluate::Quality,
    lane::{BEYOND_SAMPLE, EVALUATE_EVERY, Lane, SAMPLE},
    scratch::Scratch,
    tables,
    task::Task,
    view::View,
};
use crate::figure::{Color, Figure, dot, line, linear, log, rule_x};

/// All figures, in a fixed order.
pub(super) fn all(run: &Scratch, p: &Params) -> Vec<Figure> {
    let view = |lane| view(lane, p);
    let own = view(run.own());
    let beside = run.lanes.get(1).map(|lane| Figure {
        id: "plane_beside",
        title: format!("Beside it, {}", lane.name),
        ..view(lane).plane()
    });
    let order = run.lanes.iter().map(view).find(View::is_read_in_order);
    let reading = order.map(|view| view.reading());
    let mut figures = vec![own.plane()];
    // What is half as wide as the page comes in pairs.
    if beside.is_some() {
        figures.extend(beside.into_iter().chain(reading).chain([own.attention()]));
    } else {
        figures.extend([own.attention()].into_iter().chain(reading));
    }
    figures.extend([loss(run), exact(run, p), value(run), beyond(run)]);
    figures
}

/// A net's answer to the points, at the step looked back at.
fn view<'a>(lane: &'a Lane, p: &Params) -> View<'a> {
    let who = format!("After {} steps the {}", lane.looked_at(p.look), lane.name);
    View { net: lane.trainer.net, name: &lane.name, plane: &lane.plane, output: p.output, who }
}

fn loss(run: &Scratch) -> Figure {
    let (mut x, mut y, mut series, mut alt) = (vec![], vec![], vec![], vec![]);
    for lane in &run.lanes {
        let trace = &lane.history.losses;
        x.extend_from_slice(trace.get("step"));
        y.extend_from_slice(trace.get("loss"));
        series.extend(std::iter::repeat_n(lane.name.clone(), trace.get("step").len()));
        if let Some(loss) = trace.last("loss") {
            let step = lane.trainer.step;
            alt.push(format!("After {step} steps the loss of {} is {loss:.3}.", lane.name));
        }
    }
    let figure = Figure::plot("loss", "Loss", linear("step"), log("cross-entropy an output"))
        .color(Color::series())
        .caption("Mean −ln p of the right output, on fresh instances at every step.")
        .alt(if alt.is_empty() { "No training step yet.".to_owned() } else { alt.join(" ") });
    figure.with(line().x(x).y(y).stroke(series))
}

/// The lines of a kind of quality: each length's of a net alone, the longest length's of two.
fn lines(run: &Scratch) -> Vec<(String, &Lane, usize)> {
    let lengths = |lane: &Lane| lane.history.quality.len();
    if let [lane] = &run.lanes[..] {
        let name = |i: usize| format!("n = {}", lane.history.quality[i].0);
        return (0..lengths(lane)).map(|i| (name(i), lane, i)).collect();
    }
    let longest = run.lanes.iter().map(|lane| (lane, lengths(lane) - 1));
    longest
        .map(|(lane, i)| (format!("{}, n = {}", lane.name, lane.history.quality[i].0), lane, i))
        .collect()
}

/// These lines of a kind of quality, and what they have come to.
fn curves(run: &Scratch, figure: Figure, kind: &str) -> Figure {
    let (mut x, mut y, mut series, mut newest) = (vec![], vec![], vec![], vec![]);
    for (name, lane, i) in lines(run) {
        let trace = &lane.history.quality[i].1;
        let steps = trace.get("step");
        if let Some(value) = trace.last(kind) {
            newest.push(format!("{name}: {:.1}%", 100.0 * value));
        }
        x.extend_from_slice(steps);
        y.extend_from_slice(trace.get(kind));
        series.extend(std::iter::repeat_n(name, steps.len()));
    }
    let alt = if newest.is_empty() {
        "Not evaluated yet.".to_owned()
    } else {
        format!("After {} steps, {}.", run.own().trainer.step, newest.join(", "))
    };
    figure.color(Color::series()).alt(alt).with(line().x(x).y(y).stroke(series))
}

/// Exactness, with a rule to look back by.
fn exact(run: &Scratch, p: &Params) -> Figure {
    let Lane { trainer, .. } = run.own();
    let title = format!("Exact {}s", trainer.net.task.answer());
    let steps = linear("step").domain(0.0, p.steps.max(trainer.step) as f64);
    let axis = linear("share that is exact").domain(0.0, 1.0);
    let figure = Figure::plot("accuracy", title, steps, axis).caption(format!(
        "Greedy answers to {SAMPLE} instances of each length that never change. Drag the rule to see how the net \
         answered you before: its weights are kept every {EVALUATE_EVERY} steps."
    ));
    let look = rule_x().x(vec![run.own().looked_at(p.look) as f32]);
    curves(run, figure, "exact").with(look.stroke("currentColor").stroke_width(1.5).sets_x("look"))
}

fn value(run: &Scratch) -> Figure {
    let task = run.own().trainer.net.task;
    let figure = Figure::plot("value", task.measure(), linear("step"), linear(task.value()))
        .caption(match task {
            Task::Hull => "Mean share of the hull's area, over answers that do not cross themselves.",
            Task::Delaunay => "Mean share of the true triangles that are named.",
            Task::Tsp => "Mean length over that of the best known tour, of valid tours; 1 is the best there is.",
        });
    curves(run, figure, "value")
}

/// How good a net is by number of points, beside the paper's if it is of hulls.
pub(super) fn by_length(id: &'static str, task: Task, here: &[Quality], most: usize) -> Figure {
    let (mut n, mut value, mut series) = (vec![], vec![], vec![]);
    let mut add = |name: &str, points: Vec<(f32, f32)>| {
        for (x, y) in points {
            n.push(x);
            value.push(y);
            series.push(name.to_owned());
        }
    };
    let of = |quality: fn(&Quality) -> f32| here.iter().map(|q| (q.n as f32, quality(q))).collect();
    add("exact", of(|q| q.exact));
    add(task.validity(), of(|q| q.valid));
    add(task.value(), of(|q| q.value));
    let top = match task {
        Task::Hull => {
            let paper = tables::HULLS_BEYOND.iter();
            add("exact in the paper", paper.map(|row| (row[0], row[1])).collect());
            1.0
        }
        Task::Delaunay => 1.0,
        Task::Tsp => here.iter().map(|q| f64::from(q.value)).fold(1.2, f64::max),
    };
    let alt = match here.last() {
        Some(q) => format!(
            "Trained on up to {most} points. At {} points: {:.0}% exact, {:.0}% {}{}. {} lengths measured.",
            q.n,
            100.0 * q.exact,
            100.0 * q.valid,
            task.validity(),
            // The value of an answer that is none means nothing.
            if q.value.is_finite() {
                format!(", {}: {:.1}%", task.value(), 100.0 * q.value)
            } else {
                String::new()
            },
            here.len()
        ),
        None => "Not evaluated yet.".to_owned(),
    };
    Figure::plot(
        id,
        "Beyond the training lengths",
        log("points n"),
        linear("share").domain(0.0, top),
    )
    .color(Color::series())
    .alt(alt)
    .with(rule_x().x(vec![most as f32]).stroke("currentColor").option("strokeDasharray", "2 3"))
    .with(line().x(n.clone()).y(value.clone()).stroke(series.clone()))
    .with(dot().x(n).y(value).fill(series).r(3.0))
}

fn beyond(run: &Scratch) -> Figure {
    let Lane { trainer, history, .. } = run.own();
    let (task, most) = (trainer.net.task, trainer.recipe.most);
    by_length("beyond", task, &history.beyond, most).caption(format!(
        "{BEYOND_SAMPLE} instances a length, one length an evaluation. The upright rule is the longest \
         trained on; the paper's net was trained on 5 to 50 points at width {}.",
        tables::PAPER_WIDTH
    ))
}
