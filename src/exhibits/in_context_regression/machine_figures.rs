//! What is seen of the hand-built machine.
use super::{
    machine::{Block, Op, Program, Prompt, Stream, small},
    machine_claims::error,
    machine_panel::{Algorithm, Predicted, REACH, Settings, scales},
};
use crate::figure::{
    Color, Figure, Mark, PokeKind, arrow, dot, line, linear, log, rect, rule_x, rule_y, text,
};

/// What is drawn.
pub struct Shown<'a> {
    /// What the reader set.
    pub settings: &'a Settings,
    /// What the machine reads.
    pub prompt: &'a Prompt,
    /// First weights of the gradient steps.
    pub w: &'a [f64],
    /// All operations.
    pub program: &'a Program,
    /// How many of them are carried out.
    pub done: usize,
    /// The stream then.
    pub stream: Stream,
    /// Which of its numbers the prediction depends on.
    pub matters: Vec<bool>,
    /// Predictions after one example, two, ...
    pub chain: &'a [Predicted],
    /// Errors at each scale, in 32 and in 64 bits.
    pub sweep: &'a [Vec<f64>; 2],
}

/// All figures, in a fixed order.
pub fn all(shown: &Shown<'_>) -> Vec<Figure> {
    vec![
        stream(shown),
        ops(shown),
        prompt(shown),
        chain(shown),
        errors(shown),
        rows(shown.settings),
    ]
}

/// The name of a column, short where columns are narrow.
fn token(column: usize, n: usize) -> String {
    match column {
        last if last == 2 * n => if n > 4 { "q" } else { "query" }.to_owned(),
        even if even % 2 == 0 => format!("x{}", small(even / 2 + 1)),
        odd => format!("y{}", small(odd / 2 + 1)),
    }
}

/// Some digits of a number, in words if it is none.
fn digits(value: f64, places: usize) -> String {
    if value.is_finite() { format!("{value:.places$}") } else { "out of range".to_owned() }
}

/// As 3.1e-5.
fn size(value: f64) -> String {
    let known = if value.is_finite() { format!("{value:.1e}") } else { "out of range".to_owned() };
    if value == 0.0 { "0".to_owned() } else { known }
}

/// Values at which colours end.
const BRIGHTEST: f64 = 3.0;

/// Most numbers that are printed into their cells.
const MOST_PRINTED: usize = 150;

fn stream(shown: &Shown<'_>) -> Figure {
    let Shown { program, stream, done, prompt, .. } = shown;
    let (rows, columns) = (stream.rows, stream.columns());
    // Room for names at the left and above, in units of a column and a row.
    let room = 0.3 * columns as f64 + 0.6;
    let above = 0.06 * rows as f64 + 0.4;
    let figure = Figure::plot(
        "stream",
        "The residual stream",
        linear("").domain(-room, columns as f64).hidden(),
        linear("").domain(rows as f64 + 0.2, -above).hidden(),
    )
    .full()
    .aspect((0.05 * rows as f64).clamp(0.45, 1.4))
    .color(Color::diverging("value, at most ±3").domain(-BRIGHTEST, BRIGHTEST))
    .caption(
        "One column a token, one row a hidden unit. Full colours: numbers that the prediction still \
         depends on; all columns compute, few matter. Dashed: what the last operation read; outlined: \
         what it wrote, where that is used.",
    )
    .alt(stream_alt(shown));
    let figure = figure.with(cells(shown));
    let figure = if rows * columns <= MOST_PRINTED { figure.with(numbers(stream)) } else { figure };
    let figure = done.checked_sub(1).map_or(figure.clone(), |last| {
        let op = &program.ops[last];
        let reads = op.kind.reads(op.column);
        let written = (op.column, op.kind.writes());
        figure
            .with(outlines(&reads).option("strokeDasharray", "4 3").stroke_width(1.5))
            .with(outlines(&[written]).stroke_width(2.5))
            .with(arrows(&reads, written))
    });
    let middle = |block: &Block| block.start as f32 + block.len as f32 / 2.0;
    let names = text()
        .x(vec![-0.15; program.names.len()])
        .y(program.names.iter().map(|(block, _)| middle(block)).collect::<Vec<f32>>())
        .text(program.names.iter().map(|&(_, name)| name).collect::<Vec<&str>>())
        .option("textAnchor", "end")
        .option("fontSize", 12.0);
    let tokens: Vec<String> = (0..columns).map(|column| token(column, prompt.n())).collect();
    let heads = text()
        .x((0..columns).map(|column| column as f32 + 0.5).collect::<Vec<f32>>())
        .y(vec![-0.45 * above as f32; columns])
        .text(tokens)
        .option("fontSize", 12.0);
    figure.with(names).with(heads)
}

fn stream_alt(shown: &Shown<'_>) -> String {
    let Shown { program, stream, done, prompt, .. } = shown;
    let all = program.ops.len();
    let last = done.checked_sub(1).map(|last| &program.ops[last]);
    let what = last.map_or("Only the tokens are there.".to_owned(), |op| {
        let written = stream.block(op.column, op.kind.writes());
        let values: Vec<String> = written.iter().take(4).map(|&v| digits(v, 3)).collect();
        let more = if written.len() > 4 { ", ..." } else { "" };
        let (name, column) = (op.kind.name(), token(op.column, prompt.n()));
        format!(
            "The last, {name}, wrote {} into column {column}: {}{more}.",
            op.about,
            values.join(", ")
        )
    });
    format!(
        "{} columns of {} rows after {done} of {all} operations. {what}",
        stream.columns(),
        stream.rows
    )
}

/// Left, right, upper and lower edges of blocks, a little smaller than they are.
fn edges(blocks: &[(usize, Block)], inset: f32) -> [Vec<f32>; 4] {
    let edge = |of: fn(usize, Block) -> usize, inset: f32| {
        blocks.iter().map(|&(column, block)| of(column, block) as f32 + inset).collect()
    };
    [
        edge(|column, _| column, inset),
        edge(|column, _| column + 1, -inset),
        edge(|_, block| block.start, inset),
        edge(|_, block| block.start + block.len, -inset),
    ]
}

fn rects(blocks: &[(usize, Block)], inset: f32) -> Mark {
    let [x1, x2, y1, y2] = edges(blocks, inset);
    rect().x1(x1).x2(x2).y1(y1).y2(y2)
}

fn outlines(blocks: &[(usize, Block)]) -> Mark {
    rects(blocks, 0.02).fill("none").stroke("currentColor")
}

/// The column and the row of every number.
fn places(stream: &Stream) -> Vec<(usize, Block)> {
    let place = |i| (i / stream.rows, Block { start: i % stream.rows, len: 1 });
    (0..stream.values.len()).map(place).collect()
}

fn cells(shown: &Shown<'_>) -> Mark {
    let Shown { stream, matters, program, prompt, .. } = shown;
    let named = |row: usize| {
        let block = program.names.iter().find(|(block, _)| row < block.start + block.len);
        block.map_or(String::new(), |(block, name)| match block.len {
            1 => (*name).to_owned(),
            _ => format!("{name}, {}", row - block.start + 1),
        })
    };
    let places = places(stream);
    let title = places.iter().zip(&stream.values).map(|(&(column, block), &value)| {
        format!("{} of {}: {}", named(block.start), token(column, prompt.n()), digits(value, 4))
    });
    let fill: Vec<f32> = stream.values.iter().map(|&value| drawable(value)).collect();
    let solid: Vec<f32> = matters.iter().map(|&needed| if needed { 1.0 } else { 0.3 }).collect();
    rects(&places, 0.03).fill(fill).fill_opacity(solid).title(title.collect::<Vec<String>>())
}

/// A value as it can be drawn: what is not finite is missing.
fn drawable(value: f64) -> f32 {
    if (value as f32).is_finite() { value as f32 } else { f32::NAN }
}

fn numbers(stream: &Stream) -> Mark {
    let places = places(stream);
    let label = |&value: &f64| match value {
        0.0 => String::new(),
        _ if value.abs() < 99.95 => format!("{value:.2}"),
        _ => size(value),
    };
    text()
        .x(places.iter().map(|&(column, _)| column as f32 + 0.5).collect::<Vec<f32>>())
        .y(places.iter().map(|&(_, block)| block.start as f32 + 0.5).collect::<Vec<f32>>())
        .text(stream.values.iter().map(label).collect::<Vec<String>>())
        .option("fontSize", 10.0)
}

/// From what was read to what was written.
fn arrows(reads: &[(usize, Block)], (column, write): (usize, Block)) -> Mark {
    let middle = |block: Block| block.start as f32 + block.len as f32 / 2.0;
    let n = reads.len();
    // Within a column they bend out of the way of what lies between.
    let bend = if reads.iter().all(|&(from, _)| from == column) { 55.0 } else { 12.0 };
    arrow()
        .x1(reads.iter().map(|&(from, _)| from as f32 + 0.5).collect::<Vec<f32>>())
        .y1(reads.iter().map(|&(_, block)| middle(block)).collect::<Vec<f32>>())
        .x2(vec![column as f32 + 0.5; n])
        .y2(vec![middle(write); n])
        .stroke("currentColor")
        .stroke_width(2.0)
        .option("bend", bend)
        .option("headLength", 8.0)
}

/// Operations listed around the present one.
const LISTED: usize = 15;

fn ops(shown: &Shown<'_>) -> Figure {
    let Shown { program, done, prompt, .. } = shown;
    let all = program.ops.len();
    let first = done.saturating_sub(LISTED / 2 + 1).min(all.saturating_sub(LISTED));
    let listed = &program.ops[first..(first + LISTED).min(all)];
    let rows = |op: &Op| {
        let Block { start, len } = op.kind.writes();
        if len == 1 { start.to_string() } else { format!("{start} to {}", start + len - 1) }
    };
    let theorem = if shown.settings.algorithm == Algorithm::Ridge { 2 } else { 1 };
    let next = program.ops.get(*done);
    let alt = next.map_or("All operations are carried out.".to_owned(), |op| {
        format!("Next is operation {} of {all}: {}, {}.", done + 1, op.kind.name(), op.about)
    });
    let figure = Figure::table("ops", "The program")
        .caption(format!(
            "Theorem {theorem}, chained over {} examples: {all} layers. Set off: the last that was carried out. \
             Each is one decoder layer; rows are counted from 0.",
            prompt.n()
        ))
        .alt(alt)
        .column(
            "layer",
            (first..first + listed.len()).map(|i| (i + 1).to_string()).collect::<Vec<_>>(),
        )
        .column("op", listed.iter().map(|op| op.kind.name()).collect::<Vec<&str>>())
        .column("writes", listed.iter().map(|op| op.about.clone()).collect::<Vec<_>>())
        .column(
            "column",
            listed.iter().map(|op| token(op.column, prompt.n())).collect::<Vec<_>>(),
        )
        .column("rows", listed.iter().map(rows).collect::<Vec<_>>());
    match done.checked_sub(first + 1) {
        Some(row) => figure.highlight(row),
        None => figure,
    }
}

fn prompt(shown: &Shown<'_>) -> Figure {
    let Shown { prompt, w, settings, .. } = shown;
    let (n, d) = (prompt.n(), prompt.d());
    let mut values: Vec<(f32, &str, String)> = vec![];
    for (i, (x, &y)) in prompt.x.iter().zip(&prompt.y).enumerate() {
        let name = |k| format!("x{}, entry {}", small(i + 1), k + 1);
        values.extend(x.iter().enumerate().map(|(k, &x)| (x as f32, "x", name(k))));
        values.push((y as f32, "y", format!("y{}", small(i + 1))));
    }
    let name = |k| format!("query, entry {}", k + 1);
    values.extend(prompt.query.iter().enumerate().map(|(k, &x)| (x as f32, "query", name(k))));
    if settings.algorithm == Algorithm::Gradient {
        let name = |k| format!("first weight {}", k + 1);
        values.extend(w.iter().enumerate().map(|(k, &w)| (w as f32, "first weights", name(k))));
    }
    let count = values.len();
    let x: Vec<f32> = (0..count).map(|i| i as f32).collect();
    let y: Vec<f32> = values.iter().map(|value| value.0).collect();
    let series: Vec<&str> = values.iter().map(|value| value.1).collect();
    let title: Vec<String> =
        values.iter().map(|(value, _, name)| format!("{name}: {value:.3}")).collect();
    let walls: Vec<f32> = (1..=n).map(|i| (i * (d + 1)) as f32 - 0.5).collect();
    let weights = if settings.algorithm == Algorithm::Gradient {
        " The first weights are no part of it: they are in the layers."
    } else {
        ""
    };
    Figure::plot(
        "machine_prompt",
        "Numbers of the prompt",
        linear("").domain(-0.7, count as f64 - 0.3).hidden(),
        linear("value").domain(-REACH, REACH),
    )
    .color(Color::series())
    .caption(format!("Drag any of them: the layers are the same for all prompts.{weights}"))
    .alt(format!(
        "{n} examples of {d} numbers and a label, and a query; labels {}.",
        prompt.y.iter().map(|&y| digits(y, 2)).collect::<Vec<_>>().join(", ")
    ))
    .with(rule_x().x(walls).stroke("currentColor").stroke_opacity(0.2))
    .with(rule_x().x(x.clone()).y1(vec![0.0; count]).y2(y.clone()).stroke(series.clone()))
    .with(rule_y().y(vec![0.0]).stroke("currentColor").stroke_opacity(0.5))
    .with(dot().x(x).y(y).fill(series).r(5.0).title(title).poked("values", &[PokeKind::Drag]))
}

fn chain(shown: &Shown<'_>) -> Figure {
    let (formula, about) = match shown.settings.algorithm {
        Algorithm::Gradient => ("gradient steps", "one gradient step on each example in turn"),
        Algorithm::Ridge => ("ridge regression", "ridge regression on these examples"),
    };
    let column = |of: fn(&Predicted) -> f64| {
        shown.chain.iter().map(|at| digits(of(at), 6)).collect::<Vec<_>>()
    };
    let errors = shown.chain.iter().map(|at| size(error(at.machine, at.formula)));
    let last = shown.chain.last().map_or(f64::NAN, |at| error(at.machine, at.formula));
    let kind = if shown.settings.network { "of GELUs" } else { "exact" };
    Figure::table("chain", format!("The machine and {formula}"))
        .caption(format!(
            "Predictions at the query after so many examples: what the layers leave in the stream, and \
             {about} by its formula. Arithmetic: {kind}."
        ))
        .alt(format!(
            "After all {} examples the relative error of the machine is {}; arithmetic: {kind}.",
            shown.prompt.n(),
            size(last)
        ))
        .column("examples", (1..=shown.chain.len()).map(|n| n.to_string()).collect::<Vec<_>>())
        .column("machine", column(|at| at.machine))
        .column("formula", column(|at| at.formula))
        .column("relative error", errors.collect::<Vec<_>>())
}

/// Ends of the axis of errors.
const ERRORS: [f64; 2] = [1e-8, 1e2];

fn errors(shown: &Shown<'_>) -> Figure {
    let Shown { settings, sweep, .. } = shown;
    let at: Vec<f32> = scales().map(|s| s as f32).collect();
    let limited = |error: f64| error.clamp(ERRORS[0], ERRORS[1]) as f32;
    let curve = |errors: &[f64]| errors.iter().map(|&error| limited(error)).collect::<Vec<f32>>();
    let [single, double] = [curve(&sweep[0]), curve(&sweep[1])];
    let nearest = scales().map(|s| (libm::log(s) - libm::log(settings.scale)).abs()).enumerate();
    let place = nearest.min_by(|a, b| a.1.total_cmp(&b.1)).map_or(0, |(place, _)| place);
    let here = limited(sweep[0][place]);
    let best =
        (0..sweep[0].len()).min_by(|&a, &b| sweep[0][a].total_cmp(&sweep[0][b])).unwrap_or(0);
    Figure::plot(
        "machine_errors",
        "Error of products made of GELUs",
        log("scale s").domain(1e-4, 1.0),
        log("relative error of the prediction").domain(ERRORS[0], ERRORS[1]),
    )
    .color(Color::series())
    .caption(format!(
        "All layers, with x y ≈ √(π/2) (gelu(sx + sy) − gelu(sx) − gelu(sy)) / s² and N = {}. Too large an s \
         leaves the parabola; too small an s loses the digits of 32 bits. Drag the point to set s.",
        settings.big
    ))
    .alt(format!(
        "At s = {} the relative error is about {} in 32 bits; the least is {} at s = {}.",
        size(settings.scale),
        size(f64::from(here)),
        size(sweep[0][best]),
        size(f64::from(at[best]))
    ))
    .with(line().x(at.clone()).y(single).stroke("32 bits"))
    .with(line().x(at).y(double).stroke("64 bits").option("strokeDasharray", "5 4"))
    .with(rule_x().x(vec![settings.scale as f32]).stroke("currentColor").stroke_opacity(0.4))
    .with(dot().x(vec![settings.scale as f32]).y(vec![here]).fill("32 bits").r(6.0).sets_x("scale"))
}

/// Most numbers an input in the figure of rows.
const MOST_D: usize = 8;

fn rows(settings: &Settings) -> Figure {
    let d: Vec<usize> = (1..=MOST_D).collect();
    let gradient = |d| Program::gradient_steps(1, &vec![0.0; d], 0.0, 0.0).rows as f32;
    let ridge = |d| Program::ridge_updates(1, d, 1.0).rows as f32;
    let x: Vec<f32> = d.iter().map(|&d| d as f32).collect();
    let curve = |rows: &dyn Fn(usize) -> f32| d.iter().map(|&d| rows(d)).collect::<Vec<f32>>();
    let (name, now) = match settings.algorithm {
        Algorithm::Gradient => ("gradient step", gradient(settings.d)),
        Algorithm::Ridge => ("Sherman-Morrison", ridge(settings.d)),
    };
    Figure::plot("machine_rows", "Rows needed", linear("numbers an input, d"), linear("rows"))
        .color(Color::series())
        .caption(
            "A gradient step takes 3 + 4d rows, a Sherman-Morrison update 3 + 6d + 3d²: the width that \
             Theorems 1 and 2 give as O(d) and O(d²). The number of layers depends on neither.",
        )
        .alt(format!("At d = {} the {name} takes {now} rows.", settings.d))
        .with(line().x(x.clone()).y(curve(&gradient)).stroke("gradient step"))
        .with(line().x(x).y(curve(&ridge)).stroke("Sherman-Morrison"))
        .with(dot().x(vec![settings.d as f32]).y(vec![now]).fill(name).r(5.0))
}
