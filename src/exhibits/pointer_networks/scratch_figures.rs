//! What is seen of a net in training: its answer to your points, its loss, and how good it has become.
use super::{
    Params,
    evaluate::Quality,
    scratch::{BEYOND_SAMPLE, SAMPLE, Scratch},
    tables,
    task::Task,
    view::View,
};
use crate::figure::{Color, Figure, dot, line, linear, log, rule_x};

/// All figures, in a fixed order.
pub(super) fn all(run: &Scratch, p: &Params) -> Vec<Figure> {
    let net = run.trainer.net;
    let who = format!("After {} steps the {}", run.trainer.step, net.architecture.name());
    let view = View { net, plane: &run.plane, output: p.output, who };
    vec![view.plane(), view.attention(), loss(run), exact(run), value(run), beyond(run)]
}

fn loss(run: &Scratch) -> Figure {
    let trace = &run.history.losses;
    let newest = trace.last("loss").map_or("No training step yet.".to_owned(), |loss| {
        format!("After {} steps the loss is {loss:.3}.", run.trainer.step)
    });
    let name = run.trainer.net.architecture.name();
    Figure::plot("loss", "Loss", linear("step"), log("cross-entropy an output"))
        .caption("Mean −ln p of the right output, on fresh instances at every step.")
        .alt(newest)
        .with(line().x(trace.get("step")).y(trace.get("loss")).stroke(name))
}

/// One line for each length of a kind of quality.
fn curves(run: &Scratch, figure: Figure, kind: &str) -> Figure {
    let (mut x, mut y, mut series) = (vec![], vec![], vec![]);
    for (n, trace) in &run.history.quality {
        let steps = trace.get("step");
        x.extend_from_slice(steps);
        y.extend_from_slice(trace.get(kind));
        series.extend(std::iter::repeat_n(format!("n = {n}"), steps.len()));
    }
    figure.color(Color::series()).with(line().x(x).y(y).stroke(series))
}

/// "n = 5: 88.0%, n = 7: ..." of the newest evaluation.
fn newest(run: &Scratch, of: fn(&Quality) -> f32) -> String {
    let each: Vec<String> =
        run.history.newest.iter().map(|q| format!("n = {}: {:.1}%", q.n, 100.0 * of(q))).collect();
    if each.is_empty() {
        "Not evaluated yet.".to_owned()
    } else {
        format!("After {} steps, {}.", run.trainer.step, each.join(", "))
    }
}

fn exact(run: &Scratch) -> Figure {
    let title = format!("Exact {}s", run.trainer.net.task.answer());
    let axis = linear("share that is exact").domain(0.0, 1.0);
    let figure = Figure::plot("accuracy", title, linear("step"), axis)
        .caption(format!("Greedy answers to {SAMPLE} instances of each length that never change."))
        .alt(newest(run, |q| q.exact));
    curves(run, figure, "exact")
}

fn value(run: &Scratch) -> Figure {
    let task = run.trainer.net.task;
    let figure = Figure::plot("value", task.measure(), linear("step"), linear(task.value()))
        .caption(match task {
            Task::Hull => "Mean share of the hull's area, over answers that do not cross themselves.",
            Task::Delaunay => "Mean share of the true triangles that are named.",
            Task::Tsp => "Mean length over that of the best known tour, of valid tours; 1 is the best there is.",
        })
        .alt(newest(run, |q| q.value));
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
    let (task, most) = (run.trainer.net.task, run.trainer.recipe.most);
    by_length("beyond", task, &run.history.beyond, most).caption(format!(
        "{BEYOND_SAMPLE} instances a length, one length an evaluation. The upright rule is the longest \
         trained on; the paper's net was trained on 5 to 50 points at width {}.",
        tables::PAPER_WIDTH
    ))
}
