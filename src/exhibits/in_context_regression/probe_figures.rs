//! What the panel of probes shows.
use super::{
    Params,
    probe::{Probes, TARGETS},
};
use crate::figure::{Color, Figure, band, cell, dot, line, linear, log};

/// All figures, in a fixed order.
pub(super) fn all(probes: &Probes, p: &Params) -> Vec<Figure> {
    let target = TARGETS.iter().position(|&name| name == p.target).unwrap_or(0);
    vec![errors(probes, p.seen), lengths(probes, target), attention(probes, target, p.seen)]
}

fn errors(probes: &Probes, seen: usize) -> Figure {
    let layers: Vec<f32> = (0..=probes.net.layers).map(|layer| layer as f32).collect();
    let mut figure = Figure::plot(
        "errors",
        format!("What can be read after {seen} of 12 pairs, block by block"),
        linear("block, 0 is the embedding").domain(0.0, probes.net.layers as f64),
        log("squared error, share of the target's variance").domain(1e-3, 2.0),
    )
    .color(Color::series())
    .caption(
        "Each point is a probe of its own, trained on the frozen net's stream of noiseless pairs, d = 4. What \
         probes find in the nets for comparison too, they compute themselves: one is untrained, one never had \
         to learn in context, for its w was always 1. In Fig. 4 of the paper Xᵀy appears at about block 7 of \
         16 and w at about 12.",
    );
    let mut words = vec![];
    for (target, name) in TARGETS.iter().enumerate() {
        let at = |layer| probes.by_length(target, layer)[seen - 1].max(1e-3);
        let y: Vec<f32> = (0..=probes.net.layers).map(at).collect();
        words.push(format!("{name} {:.3} to {:.3}", y[0], y[y.len() - 1]));
        figure = figure
            .with(line().x(layers.clone()).y(y.clone()).stroke(*name).stroke_width(2.0))
            .with(dot().x(layers.clone()).y(y).fill(*name).r(4.0));
    }
    let step = probes.step;
    figure.alt(format!("After {step} steps, from embedding to last block: {}.", words.join(", ")))
}

fn lengths(probes: &Probes, target: usize) -> Figure {
    let n = probes.net.most;
    let (mut x, mut y, mut logs) = (vec![], vec![], vec![]);
    for layer in 0..=probes.net.layers {
        for (i, &error) in probes.by_length(target, layer).iter().enumerate() {
            x.push((i + 1).to_string());
            y.push(layer.to_string());
            logs.push(libm::log10(1.0 / f64::from(error).max(1e-9)) as f32);
        }
    }
    let last = probes.by_length(target, probes.net.layers);
    Figure::plot(
        "lengths",
        format!("{}, by number of pairs", TARGETS[target]),
        band("pairs so far"),
        band("block"),
    )
    .color(Color::sequential("−log₁₀ error").domain(0.0, 2.0))
    .caption(
        "A probe for each number of pairs: it sees the tokens of these alone, and its target is of these \
         alone. Darker is read better. Weights are those of least squares: what w shares with the x so far, \
         and w itself from 4 pairs on.",
    )
    .alt(format!(
        "At the last block the error is {:.3} after one pair and {:.3} after {n}.",
        last[0],
        last[n - 1]
    ))
    .with(cell().x(x).y(y).fill(logs))
}

fn attention(probes: &Probes, target: usize, seen: usize) -> Figure {
    let n = probes.net.most;
    let (mut x, mut y) = (vec![], vec![]);
    for layer in 0..=probes.net.layers {
        for token in 0..2 * n {
            let (kind, number) = if token < n { ("c", token + 1) } else { ("q", token - n + 1) };
            x.push(format!("{kind}{number}"));
            y.push(layer.to_string());
        }
    }
    let shown = probes.looks(target, seen);
    let last = &shown[shown.len() - 2 * n..];
    let share: f32 = last[..n].iter().sum();
    Figure::plot(
        "where",
        format!("Where the probes of {} look after {seen} of 12 pairs", TARGETS[target]),
        band("token"),
        band("block"),
    )
    .full()
    .aspect(0.3)
    .color(Color::sequential("weight").domain(0.0, 0.2))
    .caption(
        "Weights over tokens, contexts c1 to c12 and queries q1 to q12, by block; a query qi has seen the \
         contexts before ci.",
    )
    .alt(format!("At the last block {:.0}% of the weight lies on contexts.", 100.0 * share))
    .with(cell().x(x).y(y).fill(shown))
}
