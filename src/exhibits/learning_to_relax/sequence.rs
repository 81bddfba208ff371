//! The sequence game: systems arrive one after another, and learners, formulas and the reader choose ω.
use super::{
    Params,
    race::{FIXED, NAMES, Race, Round, Settings},
    refused,
    systems::{BARS, Shifts},
};
use crate::{
    error::Result,
    exhibit::{Metric, Progress},
    figure::{Poke, PokeKind, Trace},
};

/// Systems that the tiles show, and that a reader's game is about.
pub const TILES: usize = 40;
/// See [`TILES`].
pub const GAME: usize = 30;

/// Costs that the fitted curves are drawn over.
const DOTS: usize = 400;

/// Arms whose curves are drawn, at most.
const CURVES: usize = 5;

/// The fixed ω's whose totals are kept: Gauss and Seidel's, 1.4, 1.6, 1.8.
pub const DRAWN: [(usize, &str); 4] =
    [(0, GAUSS_SEIDEL), (8, "ω = 1.4"), (12, "ω = 1.6"), (16, "ω = 1.8")];

/// Series names, beside those of the learners.
pub const YOUNG: &str = "ω*(c)";
/// See [`YOUNG`].
pub const HAND: &str = "you";
/// See [`YOUNG`].
pub const BEST: &str = "best fixed ω";
/// See [`YOUNG`].
pub const GAUSS_SEIDEL: &str = "ω = 1";

/// The race, and what has happened in it.
pub struct Sequence {
    seed: u64,
    /// Everyone.
    pub race: Race,
    /// Weights of the histogram that a reader draws, each 0 to 1.
    pub weights: [f64; BARS],
    /// The last systems, at most [`TILES`].
    pub rounds: Vec<Round>,
    /// Shift, arm and cost of what ChebCB has seen of late of the arms that are drawn.
    pub seen: Vec<(f64, usize, usize)>,
    /// Systems, then totals: learners, `DRAWN`, [`YOUNG`], [`HAND`], [`BEST`].
    pub totals: Trace,
    /// How often each bar of shifts has come.
    pub shifts: [usize; BARS],
}

/// Names of `Sequence::totals`.
pub const TOTALS: &[&str] = &[
    "t",
    "Tsallis-INF",
    "Tsallis-INF-CB",
    "ChebCB",
    GAUSS_SEIDEL,
    "ω = 1.4",
    "ω = 1.6",
    "ω = 1.8",
    YOUNG,
    HAND,
    BEST,
];

/// The bar that a shift falls into.
pub fn bar_of(shift: f64) -> usize {
    let (least, most) = super::systems::SHIFTS;
    (((shift - least) / (most - least) * BARS as f64) as usize).min(BARS - 1)
}

impl Params {
    /// Whether a series of the sequence is to be shown.
    pub(super) fn shows(&self, name: &str) -> bool {
        match name {
            "Tsallis-INF" => self.tsallis,
            "Tsallis-INF-CB" => self.binned,
            "ChebCB" => self.cheb,
            YOUNG => self.young,
            HAND => self.you,
            BEST => self.best_fixed,
            GAUSS_SEIDEL => self.gauss_seidel,
            _ => self.fixed,
        }
    }
}

impl Sequence {
    /// Before the first system.
    pub fn new(seed: u64, p: &Params) -> Self {
        // Two heaps, so that a reader sees at once what can be drawn.
        let mut weights = [0.1; BARS];
        (weights[1], weights[2], weights[8]) = (0.9, 0.7, 0.5);
        let race = Self::race(seed, p, &weights);
        Self {
            seed,
            race,
            weights,
            rounds: vec![],
            seen: vec![],
            totals: Trace::new(TOTALS).rows_at_most(400),
            shifts: [0; BARS],
        }
    }

    fn race(seed: u64, p: &Params, weights: &[f64; BARS]) -> Race {
        let settings =
            Settings { arms: p.arms, eta_scale: p.eta_scale, terms: p.terms, ..Settings::BASIC };
        let shifts = match p.shifts {
            "drawn by hand" => Shifts::Drawn(*weights),
            _ => Shifts::Beta(p.beta_a, p.beta_b),
        };
        let mut race = Race::new(seed, shifts, &settings);
        race.fresh = p.fresh;
        if p.scrambled { race.scrambled() } else { race }
    }

    /// One more system.
    pub fn step(&mut self, p: &Params) -> Progress {
        if p.abrupt && self.race.rounds == p.length / 2 {
            self.race.shifts = self.race.shifts.mirrored();
        }
        self.race.hand = Some(p.omega);
        let round = self.race.round();
        self.shifts[bar_of(round.shift)] += 1;
        let cheb = &self.race.players[2];
        if self.drawn().any(|arm| arm == cheb.arm) {
            self.seen.push((round.shift, cheb.arm, round.played[2].1));
        }
        if self.seen.len() > DOTS {
            self.seen.remove(0);
        }
        let mut row = vec![self.race.rounds as f32];
        row.extend(self.race.players.iter().map(|player| player.total as f32));
        row.extend(DRAWN.map(|(arm, _)| self.race.fixed_totals[arm] as f32));
        row.extend(
            [self.race.young_total, self.race.hand_total, self.race.best_fixed().1]
                .map(|x| x as f32),
        );
        self.totals.push(&row);
        if self.rounds.len() == TILES {
            self.rounds.remove(0);
        }
        self.rounds.push(round);
        if self.race.rounds < p.length { Progress::More } else { Progress::Done }
    }

    /// Arms whose fitted curves are drawn, evenly chosen.
    pub fn drawn(&self) -> impl Iterator<Item = usize> + use<> {
        let arms = self.race.arms.len();
        (0..arms).step_by(arms.div_ceil(CURVES))
    }

    /// Redraws a bar of the histogram; the race begins again.
    pub fn poke(&mut self, poke: &Poke, p: &Params) -> Result<()> {
        if p.shifts != "drawn by hand" {
            return Err(refused(poke, "set the shifts to be drawn by hand first".to_owned()));
        }
        let mut weights = self.weights;
        match (poke.kind, weights.get_mut(poke.index as usize)) {
            (PokeKind::Drag, Some(weight)) => *weight = poke.y.clamp(0.0, 1.0),
            _ => return Err(refused(poke, "a bar is dragged up or down".to_owned())),
        }
        if weights.iter().sum::<f64>() < 0.01 {
            return Err(refused(poke, "one bar at least must stand".to_owned()));
        }
        *self =
            Self { weights, race: Self::race(self.seed, p, &weights), ..Self::new(self.seed, p) };
        Ok(())
    }

    /// The numbers beside the figures.
    pub fn metrics(&self) -> Vec<Metric> {
        let race = &self.race;
        let (best, total) = race.best_fixed();
        let mean = |total: usize| total as f64 / race.rounds as f64;
        let known = |x: f64| if race.rounds > 0 { x } else { f64::NAN };
        let mut metrics = vec![
            Metric::new("best_fixed", "Best fixed ω", known(race.fixed[best])),
            Metric::new("best_mean", "Its sweeps a system", mean(total)),
        ];
        let names = ["tsallis", "binned", "cheb"];
        let learners = names.into_iter().zip(NAMES).zip(&race.players);
        metrics
            .extend(learners.map(|((id, name), player)| Metric::new(id, name, mean(player.total))));
        metrics.push(Metric::new("young", YOUNG, mean(race.young_total)));
        let random = race.fixed_totals.iter().sum::<usize>() as f64 / FIXED as f64;
        metrics.push(Metric::new("random", "Random ω", random / race.rounds as f64));
        metrics
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figure::{Column, Figure};

    fn drag(index: u32, y: f64) -> Poke {
        let [figure, mark] = ["shifts", "bars"].map(str::to_owned);
        Poke { figure, mark, kind: PokeKind::Drag, index, x: 0.0, y }
    }

    #[test]
    fn a_drawn_histogram_is_what_comes() {
        let p = Params { shifts: "drawn by hand", ..Params::default() };
        let mut game = Sequence::new(1, &p);
        for bar in 0..BARS {
            if bar != 5 {
                game.poke(&drag(bar as u32, 0.0), &p).unwrap();
            }
        }
        assert!(game.poke(&drag(5, 0.0), &p).is_err(), "something must stand");
        for _ in 0..20 {
            game.step(&p);
        }
        assert_eq!(game.shifts[5], 20, "only the bar that stands: {:?}", game.shifts);
        let beta = Params::default();
        assert!(
            Sequence::new(1, &beta).poke(&drag(1, 0.5), &beta).is_err(),
            "nothing is drawn there"
        );
    }

    #[test]
    fn a_change_midway_changes_what_comes() {
        let p = Params { abrupt: true, length: 200, ..Params::default() };
        let mut game = Sequence::new(1, &p);
        let mut halves = [0.0; 2];
        for t in 0..200 {
            game.step(&p);
            halves[t / 100] += game.rounds.last().map_or(0.0, |round| round.shift) / 100.0;
        }
        // Beta(2, 6) has mean 1/4, its mirror 3/4: shifts of 0 and 0.3 on average.
        assert!(halves[0] < 0.05 && halves[1] > 0.25, "{halves:?}");
    }

    #[test]
    fn who_is_hidden_plays_on_and_disturbs_nobody() {
        let all = Params { gauss_seidel: true, fixed: true, ..Params::default() };
        let hidden =
            Params { tsallis: false, cheb: false, young: false, you: false, ..all.clone() };
        let mut games = [Sequence::new(1, &all), Sequence::new(1, &all)];
        for t in 0..60 {
            games[0].step(&all);
            games[1].step(if t % 2 == 0 { &hidden } else { &all });
        }
        for name in TOTALS {
            assert_eq!(games[0].totals.get(name), games[1].totals.get(name), "{name}");
        }
        let series = |p: &Params| -> std::collections::BTreeSet<String> {
            let figures = super::super::sequence_figures::all(&games[0], p);
            let columns = figures.iter().filter(|figure| figure.id == "remaining");
            columns
                .flat_map(Figure::columns)
                .filter_map(|(_, column)| match column {
                    Column::Names(names) => Some(names.clone()),
                    Column::Numbers(_) => None,
                })
                .flatten()
                .collect()
        };
        assert_eq!(series(&all).len(), TOTALS.len() - 1, "{:?}", series(&all));
        let gone: Vec<String> = series(&all).difference(&series(&hidden)).cloned().collect();
        assert_eq!(gone, ["ChebCB", "Tsallis-INF", HAND, YOUNG]);
    }

    #[test]
    fn a_reader_who_plays_the_best_fixed_pays_what_it_pays() {
        let p = Params { omega: 1.65, ..Params::default() };
        let mut game = Sequence::new(1, &p);
        for _ in 0..60 {
            game.step(&p);
        }
        assert_eq!(game.race.hand_total, game.race.fixed_totals[13], "1 + 13 · 0.05 is 1.65");
    }
}
