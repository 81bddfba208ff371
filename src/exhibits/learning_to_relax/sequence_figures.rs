//! What a visitor sees of the sequence game.
use super::{
    Params,
    race::{NAMES, Round},
    sequence::{BEST, DRAWN, GAME, HAND, Sequence, TILES, TOTALS, YOUNG},
    systems::{BARS, CONTEXTS, SHIFTS},
};
use crate::{
    figure::{
        Color, Figure, band, bar_x, bar_y, dot, line, linear, log, rect, rule_x, text, tick_y,
    },
    models::sor::Grid,
};

/// Points of a curve over the shift.
const POINTS: usize = 41;

/// Fitted curves that are drawn at most.
const CURVES: usize = 5;

/// All figures, in a fixed order.
pub fn all(game: &Sequence, p: &Params) -> Vec<Figure> {
    vec![
        tiles(game, p),
        remaining(game, p),
        regret(game, p),
        game_of_thirty(game, p),
        probabilities(game, p),
        curves(game, p),
        policy(game, p),
        shifts(game, p),
    ]
}

fn shift_at(i: usize) -> f64 {
    SHIFTS.0 + (SHIFTS.1 - SHIFTS.0) * i as f64 / (POINTS - 1) as f64
}

fn tiles(game: &Sequence, p: &Params) -> Figure {
    let first = game.race.rounds - game.rounds.len();
    let next = game.race.upcoming();
    let (mut x1, mut x2, mut fill) = (vec![], vec![], vec![]);
    let shown = game.rounds.iter().map(|round| round.shift).chain([next]);
    for (i, shift) in shown.enumerate() {
        let t = (first + i + 1) as f32;
        x1.push(t - 0.45);
        x2.push(t + 0.45);
        fill.push(shift as f32);
    }
    let n = x1.len();
    let (mut x, mut y, mut series) = (vec![], vec![], vec![]);
    for (i, round) in game.rounds.iter().enumerate() {
        let learners = NAMES.into_iter().zip(round.played.iter().map(|(omega, _)| *omega));
        let hand = round.hand.map(|(omega, _)| (HAND, omega));
        for (name, omega) in learners.chain([(YOUNG, round.young.0)]).chain(hand) {
            if p.shows(name) {
                x.push((first + i + 1) as f32);
                y.push(omega as f32);
                series.push(name);
            }
        }
    }
    let last = game.rounds.last().map_or("No system has come yet.".to_owned(), |round| {
        let costs: Vec<String> = NAMES
            .iter()
            .zip(&round.played)
            .filter(|(name, _)| p.shows(name))
            .map(|(name, (omega, cost))| format!(": {name} chose {omega:.2} and paid {cost}"))
            .collect();
        format!("System {}, shift {:.3}{}.", game.race.rounds, round.shift, costs.join(""))
    });
    let end = (first + TILES + 2) as f64;
    Figure::plot(
        "tiles",
        "Systems as they come",
        linear("system").domain(first as f64, end),
        linear("ω").domain(0.9, 2.0),
    )
    .full()
    .color(Color::sequential("shift c").domain(SHIFTS.0, SHIFTS.1))
    .caption(
        "Tiles at the bottom: the shift of each system, the next one last. Above: the ω that each chose for \
         it. You play your slider's ω: set it for the tile that comes next.",
    )
    .alt(format!("{last} The next shift is {next:.3}."))
    .with(rect().x1(x1).x2(x2).y1(vec![0.92; n]).y2(vec![0.98; n]).fill(fill))
    .with(dot().x(x).y(y).stroke(series).r(3.5).stroke_width(1.8))
}

/// One line a name of `TOTALS`, its x and y made of systems, total and best fixed total.
fn over(
    game: &Sequence,
    p: &Params,
    names: &[&'static str],
    at: impl Fn([f32; 3]) -> [f32; 2],
) -> [Vec<f32>; 2] {
    let mut columns = [vec![], vec![]];
    for name in names.iter().filter(|name| p.shows(name)) {
        let rows =
            game.totals.get("t").iter().zip(game.totals.get(name)).zip(game.totals.get(BEST));
        for ((t, total), best) in rows {
            let [x, y] = at([*t, *total, *best]);
            columns[0].push(x);
            columns[1].push(y);
        }
    }
    columns
}

/// The series of [`over`].
fn series(game: &Sequence, p: &Params, names: &[&'static str]) -> Vec<&'static str> {
    let shown = names.iter().filter(|name| p.shows(name));
    shown.flat_map(|name| std::iter::repeat_n(*name, game.totals.len())).collect()
}

fn totals_in_words(game: &Sequence, p: &Params) -> String {
    if game.race.rounds == 0 {
        return "No system has come yet: press play.".to_owned();
    }
    let each: Vec<String> = TOTALS[1..]
        .iter()
        .filter(|name| p.shows(name))
        .filter_map(|name| Some(format!("{name} {}", game.totals.last(name)?)))
        .collect();
    format!("After {} systems: {}.", game.race.rounds, listed(&each))
}

/// What is said of those that are shown.
fn listed(each: &[String]) -> String {
    if each.is_empty() { "all are hidden".to_owned() } else { each.join(", ") }
}

fn remaining(game: &Sequence, p: &Params) -> Figure {
    let length = p.length as f32;
    let fixed = DRAWN.map(|(_, name)| name);
    let names: Vec<&str> =
        TOTALS[1..].iter().copied().filter(|name| !fixed.contains(name)).collect();
    let at = |[t, total, _]: [f32; 3]| [total, length - t];
    let [x, y] = over(game, p, &names, at);
    let [fixed_x, fixed_y] = over(game, p, &fixed, at);
    // Colours are for who chooses; values that never change are named where their lines end.
    let ends: Vec<&str> = fixed.into_iter().filter(|name| p.shows(name)).collect();
    let ends = if game.race.rounds == 0 { vec![] } else { ends };
    let end = |of: &dyn Fn(&str) -> f32| ends.iter().map(|name| of(name)).collect::<Vec<f32>>();
    let last = |name: &str| game.totals.last(name).unwrap_or(0.0);
    Figure::plot(
        "remaining",
        "Who is done first",
        linear("sweeps so far"),
        linear("systems remaining").domain(0.0, p.length as f64),
    )
    .color(Color::series())
    .caption("The paper's axes: whoever reaches the bottom further left has done less work.")
    .alt(totals_in_words(game, p))
    .with(
        line()
            .x(fixed_x)
            .y(fixed_y)
            .z(series(game, p, &fixed))
            .stroke("currentColor")
            .stroke_opacity(0.45)
            .option("strokeDasharray", "5 3"),
    )
    .with(
        text()
            .x(end(&last))
            .y(end(&|_| length - game.race.rounds as f32))
            .text(ends.clone())
            .option("dy", -8.0)
            .option("textAnchor", "end"),
    )
    .with(line().x(x).y(y).stroke(series(game, p, &names)))
}

fn regret(game: &Sequence, p: &Params) -> Figure {
    let names = &["Tsallis-INF", "Tsallis-INF-CB", "ChebCB", YOUNG, HAND][..];
    let [x, y] = over(game, p, names, |[t, total, best]| [t, (total - best) / t]);
    let words: Vec<String> = NAMES
        .iter()
        .zip(&game.race.players)
        .filter(|(name, _)| p.shows(name))
        .map(|(name, player)| {
            let regret = player.total as f64 - game.race.best_fixed().1 as f64;
            format!("{name} {:.2}", regret / game.race.rounds as f64)
        })
        .collect();
    Figure::plot(
        "regret",
        "Regret a system",
        linear("system"),
        linear("sweeps above the best fixed ω so far"),
    )
    .color(Color::series())
    .caption("Falls towards zero if a learner learns; below zero only who uses the shift can go.")
    .alt(if game.race.rounds == 0 {
        "No system has come yet: press play.".to_owned()
    } else {
        format!("After {} systems: {}.", game.race.rounds, listed(&words))
    })
    .with(crate::figure::rule_y().y(vec![0.0]).stroke("currentColor"))
    .with(line().x(x).y(y).stroke(series(game, p, names)))
}

/// The last systems as a game between the reader and the others.
fn game_of_thirty(game: &Sequence, p: &Params) -> Figure {
    let last = &game.rounds[game.rounds.len().saturating_sub(GAME)..];
    let best = game.race.best_fixed().0;
    let cost = |round: &Round, name: &str| match name {
        HAND => round.hand.map_or(0, |(_, cost)| cost),
        YOUNG => round.young.1,
        BEST => round.costs[best],
        _ => match NAMES.iter().position(|learner| *learner == name) {
            Some(learner) => round.played[learner].1,
            None => DRAWN.iter().find(|(_, drawn)| *drawn == name).map_or(0, |d| round.costs[d.0]),
        },
    };
    let names = [&[HAND], &NAMES[..], &[BEST, YOUNG], &DRAWN.map(|(_, name)| name)].concat();
    let names: Vec<&str> = names.into_iter().filter(|name| p.shows(name)).collect();
    let total = |name: &str| last.iter().map(|round| cost(round, name)).sum::<usize>();
    let totals: Vec<usize> = names.iter().map(|name| total(name)).collect();
    let words: Vec<String> =
        names.iter().zip(&totals).map(|(name, total)| format!("{name} {total}")).collect();
    let beaten = NAMES.into_iter().filter(|name| total(HAND) < total(name)).count();
    let verdict = match beaten {
        _ if last.is_empty() => "No system has come yet.",
        _ if !p.you => "You are not shown.",
        3 => "You beat all three learners.",
        0 => "All three learners beat you.",
        _ => "You beat some of the learners.",
    };
    Figure::plot("game", format!("The last {GAME} systems"), linear("sweeps"), band(""))
        .color(Color::series().without_legend())
        .caption(
            "Beat the bandit: step one system at a time and choose ω by the tile that comes next.",
        )
        .alt(format!("{verdict} In sweeps: {}.", listed(&words)))
        .with(
            bar_x()
                .x(totals.iter().map(|x| *x as f32).collect::<Vec<f32>>())
                .y(names.clone())
                .fill(names),
        )
}

fn probabilities(game: &Sequence, p: &Params) -> Figure {
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

fn curves(game: &Sequence, p: &Params) -> Figure {
    let arms = &game.race.arms;
    let stride = arms.len().div_ceil(CURVES);
    let drawn: Vec<usize> = (0..arms.len()).step_by(stride).filter(|_| p.shows("ChebCB")).collect();
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

fn policy(game: &Sequence, p: &Params) -> Figure {
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

fn shifts(game: &Sequence, p: &Params) -> Figure {
    let by_hand = p.shifts == "drawn by hand";
    let width = (SHIFTS.1 - SHIFTS.0) / BARS as f64;
    let left = |i: usize| (SHIFTS.0 + width * i as f64) as f32;
    let most = game.shifts.iter().copied().max().unwrap_or(0).max(1) as f32;
    let came: Vec<f32> = game.shifts.iter().map(|count| *count as f32 / most).collect();
    let x1: Vec<f32> = (0..BARS).map(left).collect();
    let x2: Vec<f32> = (1..=BARS).map(left).collect();
    let middle: Vec<f32> = (0..BARS).map(|i| left(i) + width as f32 / 2.0).collect();
    let figure = Figure::plot(
        "shifts",
        "Where shifts come from",
        linear("shift c").domain(CONTEXTS.0, SHIFTS.1),
        linear("share of the greatest").domain(0.0, 1.0),
    )
    .color(Color::series())
    .caption(if by_hand {
        "Drag the dots: they are the weights that shifts are drawn with. Bars: those that came."
    } else {
        "Bars: the shifts that came. Set the shifts to be drawn by hand, and you can drag the weights."
    })
    .alt(format!(
        "{} shifts came, most of them near {:.2}.",
        game.race.rounds,
        middle[super::race::most(&game.shifts.map(|count| count as f64))]
    ))
    .with(rect().x1(x1).x2(x2).y1(vec![0.0; BARS]).y2(came).fill("came").fill_opacity(0.5));
    if !by_hand {
        return figure;
    }
    let weights: Vec<f32> = game.weights.iter().map(|weight| *weight as f32).collect();
    figure.with(line().x(middle.clone()).y(weights.clone()).stroke("drawn")).with(
        dot()
            .x(middle)
            .y(weights)
            .fill("drawn")
            .r(6.0)
            .poked("bars", &[crate::figure::PokeKind::Drag]),
    )
}
