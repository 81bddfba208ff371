//! What the panel of probes shows.
use super::{
    Params,
    probe::{Probes, TARGETS},
};
use crate::figure::{Color, Figure, band, cell, dot, line, linear, log};

/// All figures, in a fixed order.
pub(super) fn all(probes: &Probes, p: &Params) -> Vec<Figure> {
    vec![errors(probes), attention(probes, p)]
}

fn errors(probes: &Probes) -> Figure {
    let layers: Vec<f32> = (0..=probes.net.layers).map(|layer| layer as f32).collect();
    let mut figure = Figure::plot(
        "errors",
        "What can be read, layer by layer",
        linear("block, 0 is the embedding").domain(0.0, probes.net.layers as f64),
        log("squared error, share of the target's variance").domain(1e-3, 2.0),
    )
    .color(Color::series())
    .caption(
        "Each point is a probe of its own, trained on the frozen net's stream of 12 noiseless pairs, d = 4. \
         Where a curve falls below the untrained net's, the net has computed the target. In Fig. 4 of the paper Xᵀy appears at about \
         block 7 of 16 and w at about 12.",
    );
    let mut words = vec![];
    for (target, name) in TARGETS.iter().enumerate() {
        let y: Vec<f32> = probes.by_layer(target).iter().map(|&e| e.max(1e-3)).collect();
        words.push(format!("{name} {:.3} to {:.3}", y[0], y[y.len() - 1]));
        figure = figure
            .with(line().x(layers.clone()).y(y.clone()).stroke(*name).stroke_width(2.0))
            .with(dot().x(layers.clone()).y(y).fill(*name).r(4.0));
    }
    let step = probes.step;
    figure.alt(format!("After {step} steps, from embedding to last block: {}.", words.join(", ")))
}

fn attention(probes: &Probes, p: &Params) -> Figure {
    let target = TARGETS.iter().position(|&name| name == p.target).unwrap_or(0);
    let n = probes.net.most;
    let (mut x, mut y) = (vec![], vec![]);
    for layer in 0..=probes.net.layers {
        for token in 0..2 * n {
            let (kind, number) = if token < n { ("c", token + 1) } else { ("q", token - n + 1) };
            x.push(format!("{kind}{number}"));
            y.push(layer.to_string());
        }
    }
    let shown = &probes.attention[target];
    let last = &shown[shown.len() - 2 * n..];
    let share: f32 = last[..n].iter().sum();
    Figure::plot("where", format!("Where the probes of {} look", p.target), band("token"), band("block"))
        .full()
        .aspect(0.3)
        .color(Color::sequential("weight").domain(0.0, 0.2))
        .caption(
            "Weights over tokens, contexts c1 to c12 and queries q1 to q12, by block; a query qi has seen the \
             contexts before ci.",
        )
        .alt(format!("At the last block {:.0}% of the weight lies on contexts.", 100.0 * share))
        .with(cell().x(x).y(y).fill(shown.clone()))
}
