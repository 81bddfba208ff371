//! Inside the weights: neurons in the plane of their two features, and what each example's logit is made of.
use super::{Params, race::Race, trainer::Method};
use crate::figure::{Color, Figure, dot, linear, rect, rule_x, rule_y};

/// Panel 3.
pub fn figures(race: &Race, _: &Params) -> Vec<Figure> {
    let mut all = vec![neurons(race)];
    let ids = [
        (Method::Standard, "parts_standard"),
        (Method::Mixup, "parts_mixup"),
        (Method::Stopped, "parts_stopped"),
    ];
    all.extend(ids.map(|(method, id)| parts(race, method, id)));
    all
}

fn neurons(race: &Race) -> Figure {
    let m = race.world.config.m;
    let (mut x, mut y, mut series, mut symbols, mut titles) =
        (vec![], vec![], vec![], vec![], vec![]);
    for runner in &race.runners {
        let at = |row: usize, r: usize| runner.measures.activations[row * 2 * m + r];
        for r in 0..2 * m {
            let class = r / m;
            x.push(at(class, r));
            y.push(at(2 + class, r));
            series.push(runner.method.name());
            symbols.push(["circle", "square"][class]);
            titles.push(format!(
                "{}, filter {} of class {}",
                runner.method.name(),
                r % m + 1,
                class + 1
            ));
        }
    }
    Figure::plot("neurons", "Filters", linear("⟨w, v⟩, common feature"), linear("⟨w, u⟩, rare feature"))
        .color(Color::series())
        .caption(
            "Each dot is a filter, by how much it has of the common and of the rare feature of its class \
             (circles class 1, squares class 2). Standard training stays close to the horizontal axis.",
        )
        .alt(format!(
            "{} filters a lane at step {}. Greatest |⟨w, u⟩|: {}.",
            2 * m,
            race.step,
            race.told(|x| format!("{:.2}", x.learned[2].max(x.learned[3])))
        ))
        .with(rule_x().x(vec![0.0]).stroke_opacity(0.3))
        .with(rule_y().y(vec![0.0]).stroke_opacity(0.3))
        .with(dot().x(x).y(y).fill(series).symbol(symbols).title(titles).r(5.0))
}

/// What a logit is made of, as series.
const PARTS: [&str; 3] = ["its clue", "weak copies", "its own noise"];

fn parts(race: &Race, method: Method, id: &'static str) -> Figure {
    let train = &race.world.train;
    let figure = Figure::plot(
        id,
        format!("What decides, {}", method.name()),
        linear("training example, rare ones first"),
        linear("right class's logit"),
    )
    .color(Color::series());
    let Some(runner) = race.runners.iter().find(|r| r.method == method) else { return figure };
    let parts = race.meter.parts(&race.world, &runner.measures);
    let rare = train.iter().filter(|e| e.rare).count();
    let sums = parts[..rare].iter().fold([0.0_f32; 3], |s, p| std::array::from_fn(|k| s[k] + p[k]));
    let share = sums[2] / sums.iter().sum::<f32>().max(f32::MIN_POSITIVE);
    let bars = (0..3).fold(figure, |figure, k| {
        let below = |p: &[f32; 3]| p[..k].iter().sum::<f32>();
        let place = |right: f32| (0..train.len()).map(|i| i as f32 + right).collect::<Vec<f32>>();
        figure.with(
            rect()
                .x1(place(0.6))
                .x2(place(1.4))
                .y1(parts.iter().map(below).collect::<Vec<f32>>())
                .y2(parts.iter().map(|p| below(p) + p[k]).collect::<Vec<f32>>())
                .fill(PARTS[k]),
        )
    });
    bars.with(rule_x().x(vec![rare as f32 + 0.5]).stroke("currentColor"))
        .caption(format!(
            "F of the right class, split by patch: Σ ⟨w, x⟩² over the filters. Left of the rule are the \
             {rare} rare examples: standard training fits them by their own noise; under Mixup the share \
             of their clue grows step by step."
        ))
        .alt(format!(
            "{}, step {}: {:.0}% of the rare examples' logits comes from their own noise.",
            method.name(),
            race.step,
            100.0 * share
        ))
}
