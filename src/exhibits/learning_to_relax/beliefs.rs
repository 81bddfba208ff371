//! What a visitor sees of the learners' minds: what they will choose, and what they take it to cost.
use super::{
    Params,
    race::NAMES,
    sequence::{BEST, Sequence, YOUNG},
    sequence_figures::listed,
    systems::SHIFTS,
};
use crate::{
    figure::{Color, Figure, band, bar_y, dot, line, linear, log, rule_x, tick_y},
    models::sor::Grid,
};

/// Points of a curve over the shift.
const POINTS: usize = 41;

fn shift_at(i: usize) -> f64 {
    SHIFTS.0 + (SHIFTS.1 - SHIFTS.0) * i as f64 / (POINTS - 1) as f64
}

/// Each learner's probabilities at the shift of the next system.
pub fn probabilities(game: &Sequence, p: &Params) -> Figure {
    let next = game.race.upcoming();
    let arms: Vec<String> = game.race.arms.iter().map(|omega| format!("{omega:.2}")).collect();
    let each: Vec<Vec<f64>> =
        game.race.players.iter().map(|player| player.probabilities(next)).collect();
    let words: Vec<String> = NAMES
        .iter()
        .zip(&each)
        .filter(|(name, _)| p.shows(name))
        .map(|(name, each)| {
            let best = super::race::most(each);
            format!("{name} takes {} with probability {:.2}", arms[best], each[best])
        })
        .collect();
    // Nothing is drawn of who is hidden, but the axis stays as it is.
    let of = |learner: usize| -> Vec<f32> {
        let shown = p.shows(NAMES[learner]);
        each[learner].iter().map(|p| if shown { *p as f32 } else { f32::NAN }).collect()
    };
    Figure::plot("probabilities", "What they will choose", band("ω"), linear("probability"))
        .color(Color::series())
        .caption(
            "At the shift of the next system. Bars: Tsallis-INF; dashes: Tsallis-INF-CB; dots: ChebCB. All \
             sharpen with time.",
        )
        .alt(format!("{}.", listed(&words)))
        .with(bar_y().x(arms.clone()).y(of(0)).fill(NAMES[0]).fill_opacity(0.6))
        .with(tick_y().x(arms.clone()).y(of(1)).stroke(NAMES[1]).stroke_width(3.0))
        .with(dot().x(arms).y(of(2)).fill(NAMES[2]).r(4.0))
}

/// The costs that ChebCB expects of some arms, and those it has seen.
pub fn curves(game: &Sequence, p: &Params) -> Figure {
    let arms = &game.race.arms;
    let drawn: Vec<usize> = game.drawn().filter(|_| p.shows("ChebCB")).collect();
    let cheb = &game.race.players[2];
    let name = |arm: usize| format!("ω = {:.2}", arms[arm]);
    let (mut x, mut y, mut series) = (vec![], vec![], vec![]);
    for &arm in &drawn {
        if !game.seen.iter().any(|(_, seen, _)| *seen == arm) {
            continue;
        }
        for i in 0..POINTS {
            let cost = cheb.curve(arm, shift_at(i)).unwrap_or(f64::NAN) as f32;
            x.push(shift_at(i) as f32);
            // A fit may go below what a logarithmic axis shows.
            y.push(if cost >= 10.0 { cost } else { f32::NAN });
            series.push(name(arm));
        }
    }
    let (mut c, mut cost, mut of) = (vec![], vec![], vec![]);
    for (shift, arm, seen) in game.seen.iter().filter(|(_, arm, _)| drawn.contains(arm)) {
        c.push(*shift as f32);
        cost.push(*seen as f32);
        of.push(name(*arm));
    }
    Figure::plot(
        "cheb_curves",
        "What ChebCB believes",
        linear("shift c").domain(SHIFTS.0, SHIFTS.1),
        log("sweeps").domain(10.0, 2000.0),
    )
    .color(Color::series())
    .caption("Lines: the Chebyshev series fitted to the costs of some arms. Dots: the costs they were fitted to.")
    .alt(if p.shows("ChebCB") {
        format!("Curves of {} arms, fitted to {} costs seen of late.", drawn.len(), c.len())
    } else {
        "ChebCB is hidden.".to_owned()
    })
    .with(line().x(x).y(y).stroke(series))
    .with(dot().x(c).y(cost).fill(of).r(2.5).fill_opacity(0.7))
}

/// The ω that each takes for the best at each shift.
pub fn policy(game: &Sequence, p: &Params) -> Figure {
    let x: Vec<f32> = (0..POINTS).map(|i| shift_at(i) as f32).collect();
    let mut figure = Figure::plot(
        "policy",
        "ω as a function of the shift",
        linear("shift c").domain(SHIFTS.0, SHIFTS.1),
        linear("ω").domain(1.0, 2.0),
    )
    .color(Color::series())
    .caption(
        "The arm each learner takes for the best at a shift, beside Young's formula, which knows, and the \
         best fixed value, which does not look.",
    );
    let mut words = vec![];
    let mut said = |name: &str, omegas: &[f32]| {
        words.push(format!("{name} {:.2} to {:.2}", omegas[0], omegas[POINTS - 1]));
    };
    for (name, player) in NAMES.into_iter().zip(&game.race.players).filter(|(n, _)| p.shows(n)) {
        let omegas: Vec<f32> =
            (0..POINTS).map(|i| game.race.arms[player.favourite(shift_at(i))] as f32).collect();
        said(name, &omegas);
        figure = figure.with(line().x(x.clone()).y(omegas).stroke(name).option("curve", "step"));
    }
    if p.young {
        let best = |i| Grid::laplacian(super::systems::SIDE, shift_at(i)).best_omega() as f32;
        let omegas: Vec<f32> = (0..POINTS).map(best).collect();
        said(YOUNG, &omegas);
        figure = figure.with(line().x(x.clone()).y(omegas).stroke(YOUNG).stroke_width(2.5));
    }
    if p.best_fixed && game.race.rounds > 0 {
        let omegas = vec![game.race.fixed[game.race.best_fixed().0] as f32; POINTS];
        said(BEST, &omegas);
        figure = figure.with(line().x(x).y(omegas).stroke(BEST));
    }
    let next = game.race.upcoming() as f32;
    figure
        .alt(format!("From the least shift to the greatest: {}.", listed(&words)))
        .with(rule_x().x(vec![next]).stroke("currentColor").option("strokeDasharray", "2 3"))
}
