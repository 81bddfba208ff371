//! Examples as pictures: each patch a tile, so that a blend of two can be seen.
use super::{
    Params,
    data::{Example, Patch, World},
    race::Race,
};
use crate::figure::{Color, Figure, PokeKind, dot, linear, raster, rect, text};

/// Pixels of a tile's side, without the gap.
const SIDE: usize = 16;

/// Pixels between two tiles.
const GAP: usize = 2;

/// How much stronger than they are noise and weak copies are drawn.
const STRONGER: f32 = 5.0;

/// Room for the words at the left and for the bar of the label at the right, in pixels.
const WORDS: f64 = 34.0;
const BAR: f64 = 20.0;

/// Whether a glyph covers the place (x, y), both from −1 to 1: disc, square, star, cross.
fn covers(feature: usize, x: f32, y: f32) -> bool {
    match feature {
        0 => x * x + y * y < 0.5,
        1 => x.abs().max(y.abs()) < 0.62,
        // Four thin rays: |x| |y| small within the tile.
        2 => (x.abs().sqrt() + y.abs().sqrt()) < 0.95,
        _ => (x.abs() - y.abs()).abs() < 0.22 && x.abs() < 0.72,
    }
}

/// What is drawn of a patch at a pixel: class 1 is positive, class 2 negative.
fn shade(world: &World, patch: Patch, column: usize, row: usize) -> f32 {
    let place = |at: usize| (at as f32 + 0.5) * 2.0 / SIDE as f32 - 1.0;
    match patch {
        Patch::Feature(k, scale) => {
            let sign = if k % 2 == 0 { 1.0 } else { -1.0 };
            let strength = if scale == 1.0 { 1.0 } else { STRONGER * scale };
            if covers(k, place(column), place(row)) { sign * strength } else { 0.0 }
        }
        Patch::Noise(i) => {
            let (d, at) = (world.config.d, row * SIDE + column);
            STRONGER * world.noise[i * d + at % d]
        }
    }
}

/// In words: "rare, class 1".
fn kind(example: &Example) -> String {
    format!("{}, class {}", if example.rare { "rare" } else { "common" }, example.label + 1)
}

/// Its patches in words.
fn patches(example: &Example) -> String {
    let word = |patch: &Patch| match *patch {
        Patch::Feature(k, 1.0) => format!("clue {}", ["v₁", "v₂", "u₁", "u₂"][k % 4]),
        Patch::Feature(k, _) => format!("weak copy of {}", ["v₁", "v₂"][k % 2]),
        Patch::Noise(_) => "noise".to_owned(),
    };
    example.patches.iter().map(word).collect::<Vec<String>>().join(" | ")
}

/// Examples a row of the overview.
const ACROSS: usize = 20;

/// The training set, to choose from.
pub fn examples(race: &Race) -> Figure {
    let train = &race.world.train;
    let rows = train.len().div_ceil(ACROSS);
    let x = |i: usize| (i % ACROSS) as f32;
    let y = |i: usize| -((i / ACROSS) as f32);
    let all = || 0..train.len();
    let names: Vec<String> = train.iter().map(kind).collect();
    let words =
        |(i, e): (usize, &Example)| format!("example {}: {} ({})", i + 1, kind(e), patches(e));
    let titles: Vec<String> = train.iter().enumerate().map(words).collect();
    let rare = train.iter().filter(|e| e.rare).count();
    let axis = |low: f64, high: f64| linear("").domain(low, high).hidden();
    Figure::plot(
        "examples",
        "The training set",
        axis(-1.0, ACROSS as f64),
        axis(0.5 - rows as f64 - 0.5, 1.0),
    )
    .aspect(0.12 + 0.06 * rows as f64)
    .color(Color::series())
    .caption("Click one example, then another: the two are blended beside.")
    .alt(format!(
        "{} examples, {rare} of them rare. Chosen are {} ({}) and {} ({}).",
        train.len(),
        race.pair[0] + 1,
        names[race.pair[0]],
        race.pair[1] + 1,
        names[race.pair[1]]
    ))
    .with(
        dot()
            .x(race.pair.map(x).to_vec())
            .y(race.pair.map(y).to_vec())
            .r(9.0)
            .stroke("currentColor")
            .option("fill", "none"),
    )
    .with(
        dot()
            .x(all().map(x).collect::<Vec<f32>>())
            .y(all().map(y).collect::<Vec<f32>>())
            .r(5.0)
            .fill(names)
            .title(titles)
            .poked("set", &[PokeKind::Click]),
    )
}

/// Both examples and their blend, a line each, a tile a patch: width, height, pixels from the lowest row.
fn tiles(world: &World, [a, b]: [&Example; 2], x: f32) -> (usize, usize, Vec<f32>) {
    let shares = [(1.0, 0.0), (0.0, 1.0), (x, 1.0 - x)];
    let pitch = SIDE + GAP;
    let (width, height) = (world.config.patches * pitch, 3 * pitch);
    let mut pixels = vec![f32::NAN; width * height];
    for (line, (first, second)) in shares.into_iter().enumerate() {
        for tile in 0..world.config.patches {
            for at in 0..SIDE * SIDE {
                let (column, row) = (at % SIDE, at / SIDE);
                let of = |e: &Example| shade(world, e.patches[tile], column, row);
                // Rows count from the lowest, lines from the top.
                let place = ((2 - line) * pitch + row) * width + tile * pitch + column;
                pixels[place] = (first * of(a) + second * of(b)).clamp(-1.0, 1.0);
            }
        }
    }
    (width, height, pixels)
}

/// Both examples, tile by tile, and their blend with its soft label.
pub fn pair(race: &Race, p: &Params) -> Figure {
    let world = &race.world;
    let [a, b] = race.pair.map(|i| &world.train[i]);
    let (x, y) = (p.lambda_x, p.lambda_y);
    let (width, height, pixels) = tiles(world, [a, b], x);
    let pitch = SIDE + GAP;
    let (w, h) = (width as f64, height as f64);
    let label = |e: &Example| 1.0 - e.label as f32;
    // Share of class 1 in each label, and the bars' ends.
    let ones = [label(a), label(b), y * label(a) + (1.0 - y) * label(b)];
    let middle = |line: usize| ((2 - line) * pitch) as f32 + SIDE as f32 / 2.0;
    let (left, bar) = ((w + 2.0) as f32, (BAR - 2.0) as f32);
    let ends = ones.map(|share| left + bar * share).to_vec();
    let edge = |up: f32| (0..3).map(|line| middle(line) + up).collect::<Vec<f32>>();
    let bars = |from: Vec<f32>, to: Vec<f32>, shade: f32| {
        rect().x1(from).x2(to).y1(edge(-3.0)).y2(edge(3.0)).fill(vec![shade; 3])
    };
    let [first, second] = race.pair.map(|i| i + 1);
    let words = vec![
        format!("{first}: {}", kind(a)),
        format!("{second}: {}", kind(b)),
        format!("blend, λ = {x:.2}"),
    ];
    let axis = |low: f64, high: f64| linear("").domain(low, high).hidden();
    Figure::plot("pair", "Two examples and their blend", axis(-WORDS, w + BAR), axis(-2.0, h))
        .aspect((h + 2.0) / (w + BAR + WORDS))
        .color(Color::diverging("class 2 to class 1").domain(-1.0, 1.0).without_legend())
        .caption(format!(
            "Clues: disc v₁ and square v₂ are common, four-pointed star u₁ and cross u₂ rare; grain is noise. One hue is \
             class 1, the other class 2. Noise and weak copies are drawn {STRONGER} times as strong as \
             they are. Bars: the label, {:.0}% class 1 for the blend.",
            100.0 * ones[2]
        ))
        .alt(format!(
            "Example {first} ({}): {}. Example {second} ({}): {}. Their blend has λ = {x:.2} and a label \
             of {:.0}% class 1.",
            kind(a),
            patches(a),
            kind(b),
            patches(b),
            100.0 * ones[2]
        ))
        .with(
            raster(width, height, [0.0, 0.0, w, h])
                .fill(pixels)
                .option("imageRendering", "pixelated"),
        )
        .with(bars(vec![left; 3], ends.clone(), 0.9))
        .with(bars(ends, vec![left + bar; 3], -0.9))
        .with(
            text()
                .x(vec![-1.0; 3])
                .y((0..3).map(middle).collect::<Vec<f32>>())
                .text(words)
                .option("textAnchor", "end")
                .option("fontSize", 10.0),
        )
}
