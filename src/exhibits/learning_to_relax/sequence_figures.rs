//! What a visitor sees of the sequence game.
use super::{
    Params, beliefs,
    race::{NAMES, Round},
    sequence::{BEST, DRAWN, GAME, HAND, Sequence, TILES, TOTALS, YOUNG},
    systems::{BARS, CONTEXTS, SHIFTS},
};
use crate::figure::{Color, Figure, band, bar_x, dot, line, linear, rect, text};

/// All figures, in a fixed order.
pub fn all(game: &Sequence, p: &Params) -> Vec<Figure> {
    vec![
        tiles(game, p),
        remaining(game, p),
        regret(game, p),
        game_of_thirty(game, p),
        beliefs::probabilities(game, p),
        beliefs::curves(game, p),
        beliefs::policy(game, p),
        shifts(game, p),
    ]
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
pub(super) fn listed(each: &[String]) -> String {
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
    let figure = Figure::plot(
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
    .with(line().x(x).y(y).stroke(series(game, p, &names)));
    // Colours are for who chooses. Values that never change are named below their lines: where these end,
    // at most half-way; each lower than the one before, since at first they lie side by side.
    let times = game.totals.get("t");
    let Some(row) = times.iter().rposition(|t| 2.0 * t <= length) else { return figure };
    let shown = fixed.into_iter().filter(|name| p.shows(name));
    shown.enumerate().fold(figure, |figure, (place, name)| {
        figure.with(
            text()
                .x(vec![game.totals.get(name)[row]])
                .y(vec![length - times[row]])
                .text(vec![name])
                .option("dx", -4.0)
                .option("dy", 12.0 + 13.0 * place as f64)
                .option("textAnchor", "end"),
        )
    })
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
    // As in `remaining`, colours are for who chooses.
    let is_fixed = |name: &str| DRAWN.iter().any(|(_, drawn)| *drawn == name);
    let bars = |fixed: bool| {
        let of: Vec<&str> = names.iter().copied().filter(|name| is_fixed(name) == fixed).collect();
        bar_x().x(of.iter().map(|name| total(name) as f32).collect::<Vec<f32>>()).y(of)
    };
    let own: Vec<&str> = names.iter().copied().filter(|name| !is_fixed(name)).collect();
    let beaten = NAMES.into_iter().filter(|name| total(HAND) < total(name)).count();
    let verdict = match beaten {
        _ if last.is_empty() => "No system has come yet.",
        _ if !p.you => "You are not shown.",
        3 => "You beat all three learners.",
        0 => "All three learners beat you.",
        _ => "You beat some of the learners.",
    };
    Figure::plot("game", format!("The last {GAME} systems"), linear("sweeps"), band(""))
        .aspect(0.2 + 0.055 * names.len() as f64)
        .color(Color::series().without_legend())
        .caption(
            "Beat the bandit: step one system at a time and choose ω by the tile that comes next.",
        )
        .alt(format!("{verdict} In sweeps: {}.", listed(&words)))
        .with(bars(false).fill(own.clone()))
        .with(bars(true).fill("currentColor").fill_opacity(0.35))
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
