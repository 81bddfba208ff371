//! Learners side by side on one sequence of systems: each sees its own costs and nothing else.
use super::{
    chebcb::ChebCb,
    systems::{CONTEXTS, Shifts, System, omegas},
    tsallis::{Binned, TsallisInf, sample},
};
use crate::engine::rng::Stream;

/// Values of ω that are compared with: 1, 1.05, ..., 1.95.
pub const FIXED: usize = 20;

/// Names of the learners, in the order in which they are kept.
pub const NAMES: [&str; 3] = ["Tsallis-INF", "Tsallis-INF-CB", "ChebCB"];

/// What the learners are told to do.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    /// Arms: values of ω from 1 to 1.95.
    pub arms: usize,
    /// Multiple of the learning rates.
    pub eta_scale: f64,
    /// Terms of the Chebyshev series.
    pub terms: usize,
    /// Bins of Tsallis-INF-CB.
    pub bins: usize,
    /// Ends of the interval of contexts.
    pub contexts: (f64, f64),
}

impl Settings {
    /// Those of the basic experiments.
    pub const BASIC: Self =
        Self { arms: FIXED, eta_scale: 1.0, terms: 6, bins: 5, contexts: CONTEXTS };
}

/// One of the three kinds of learner.
#[derive(Clone, Debug)]
enum Learner {
    Tsallis(TsallisInf),
    Binned(Binned),
    Cheb(ChebCb),
}

/// A learner with its random numbers and its tally.
#[derive(Clone, Debug)]
pub struct Player {
    learner: Learner,
    stream: Stream,
    /// Probabilities of the arms when it last chose.
    pub p: Vec<f64>,
    /// The arm it chose, and for which context.
    pub arm: usize,
    context: f64,
    /// Sum of its costs.
    pub total: usize,
}

impl Player {
    /// All three, in the order of [`NAMES`].
    pub fn all(settings: &Settings, seed: u64) -> Vec<Self> {
        let Settings { arms, eta_scale, terms, bins, contexts } = *settings;
        let learners = [
            Learner::Tsallis(TsallisInf::new(arms, eta_scale)),
            Learner::Binned(Binned::new(bins, contexts, arms, eta_scale)),
            Learner::Cheb(ChebCb::new(terms, contexts, arms, eta_scale)),
        ];
        let player = |(learner, name)| Self {
            learner,
            stream: Stream::new(seed, name),
            p: vec![1.0 / arms as f64; arms],
            arm: 0,
            context: contexts.0,
            total: 0,
        };
        learners.into_iter().zip(NAMES).map(player).collect()
    }

    /// Chooses an arm.
    pub fn choose(&mut self, context: f64) -> usize {
        self.p = self.probabilities(context);
        (self.arm, self.context) = (sample(&self.p, &mut self.stream), context);
        self.arm
    }

    /// Its probabilities for a context.
    pub fn probabilities(&self, context: f64) -> Vec<f64> {
        match &self.learner {
            Learner::Tsallis(learner) => learner.probabilities(),
            Learner::Binned(learner) => learner.learner(learner.bin(context)).probabilities(),
            Learner::Cheb(learner) => learner.probabilities(context),
        }
    }

    /// Learns what the arm it chose has cost.
    pub fn learn(&mut self, cost: usize) {
        let (arm, p, cost_seen) = (self.arm, self.p[self.arm], cost as f64);
        match &mut self.learner {
            Learner::Tsallis(learner) => learner.learn(arm, p, cost_seen),
            Learner::Binned(learner) => {
                let bin = learner.bin(self.context);
                learner.learner_mut(bin).learn(arm, p, cost_seen);
            }
            Learner::Cheb(learner) => learner.learn(self.context, arm, cost_seen),
        }
        self.total += cost;
    }

    /// The arm it takes for the best in a context.
    pub fn favourite(&self, context: f64) -> usize {
        most(&self.probabilities(context))
    }

    /// The cost curve of an arm at a context, of a learner that has one.
    pub fn curve(&self, arm: usize, context: f64) -> Option<f64> {
        match &self.learner {
            Learner::Cheb(learner) => Some(learner.curve(arm, context)),
            _ => None,
        }
    }
}

/// Where the greatest number is, the first of several.
pub fn most(numbers: &[f64]) -> usize {
    (0..numbers.len()).fold(0, |best, i| if numbers[i] > numbers[best] { i } else { best })
}

/// Where the least number is, the first of several.
pub fn least(numbers: &[usize]) -> usize {
    (0..numbers.len()).fold(0, |best, i| if numbers[i] < numbers[best] { i } else { best })
}

/// A race over a sequence.
#[derive(Clone, Debug)]
pub struct Race {
    seed: u64,
    /// Where shifts come from.
    pub shifts: Shifts,
    /// Whether each system has a right-hand side of its own.
    pub fresh: bool,
    /// The learners' values of ω.
    pub arms: Vec<f64>,
    /// Those that are compared with.
    pub fixed: Vec<f64>,
    /// The learners.
    pub players: Vec<Player>,
    /// What the learners see instead of the context, if it is scrambled.
    scramble: Option<Stream>,
    contexts: (f64, f64),
    /// Sum of the costs of each fixed ω.
    pub fixed_totals: Vec<usize>,
    /// Sum of the costs of Young's ω*(c).
    pub young_total: usize,
    /// Sum of the least cost of each system over the fixed values.
    pub least_total: usize,
    /// A reader's ω, if one plays along, and the sum of its costs.
    pub hand: Option<f64>,
    /// See `hand`.
    pub hand_total: usize,
    /// Systems so far.
    pub rounds: usize,
}

/// What happened with one system.
#[derive(Clone, Debug)]
pub struct Round {
    /// c.
    pub shift: f64,
    /// Cost of each fixed ω.
    pub costs: Vec<usize>,
    /// Young's ω*, and its cost.
    pub young: (f64, usize),
    /// Each learner's ω, and its cost.
    pub played: Vec<(f64, usize)>,
    /// The reader's ω, and its cost.
    pub hand: Option<(f64, usize)>,
}

impl Race {
    /// Before the first system.
    pub fn new(seed: u64, shifts: Shifts, settings: &Settings) -> Self {
        Self {
            seed,
            shifts,
            fresh: true,
            arms: omegas(settings.arms),
            fixed: omegas(FIXED),
            players: Player::all(settings, seed),
            scramble: None,
            contexts: settings.contexts,
            fixed_totals: vec![0; FIXED],
            young_total: 0,
            least_total: 0,
            hand: None,
            hand_total: 0,
            rounds: 0,
        }
    }

    /// The learners see a random context in place of the true one.
    #[must_use]
    pub fn scrambled(self) -> Self {
        Self { scramble: Some(Stream::new(self.seed, "scrambled context")), ..self }
    }

    /// The shift of the next system.
    pub fn upcoming(&self) -> f64 {
        System::draw(self.seed, self.rounds, &self.shifts, self.fresh).shift
    }

    /// One more system.
    pub fn round(&mut self) -> Round {
        let system = System::draw(self.seed, self.rounds, &self.shifts, self.fresh);
        self.rounds += 1;
        self.play(&system)
    }

    /// Everyone's turn on a system.
    pub fn play(&mut self, system: &System) -> Round {
        let young = system.best_omega();
        let (low, high) = self.contexts;
        let seen = match &mut self.scramble {
            Some(stream) => low + (high - low) * stream.uniform_f64(),
            None => system.shift,
        };
        let picks: Vec<f64> =
            self.players.iter_mut().map(|player| self.arms[player.choose(seen)]).collect();
        let own = self.arms.len() != FIXED;
        let extra = if own { &picks[..] } else { &[] };
        let hand = self.hand.as_slice();
        let tried: Vec<f64> =
            self.fixed.iter().chain([&young]).chain(extra).chain(hand).copied().collect();
        let costs = system.costs(&tried);
        let mut played = Vec::with_capacity(picks.len());
        for (i, (player, omega)) in self.players.iter_mut().zip(picks).enumerate() {
            let cost = costs[if own { FIXED + 1 + i } else { player.arm }];
            player.learn(cost);
            played.push((omega, cost));
        }
        self.fixed_totals.iter_mut().zip(&costs).for_each(|(total, cost)| *total += cost);
        let hand = self.hand.zip(costs.last().copied());
        self.hand_total += hand.map_or(0, |(_, cost)| cost);
        self.young_total += costs[FIXED];
        self.least_total += costs[..FIXED].iter().min().copied().unwrap_or(0);
        Round {
            shift: system.shift,
            young: (young, costs[FIXED]),
            played,
            hand,
            costs: costs[..FIXED].to_vec(),
        }
    }

    /// The best fixed ω so far in hindsight: which, and its total.
    pub fn best_fixed(&self) -> (usize, usize) {
        let best = least(&self.fixed_totals);
        (best, self.fixed_totals[best])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_add_up() {
        let mut race = Race::new(3, Shifts::Beta(2.0, 6.0), &Settings::BASIC);
        let (mut young, mut played) = (0, [0; 3]);
        for _ in 0..40 {
            let round = race.round();
            young += round.young.1;
            played.iter_mut().zip(&round.played).for_each(|(sum, (_, cost))| *sum += cost);
            // Young's ω is nearly as good as any of the grid.
            let best = round.costs.iter().min().copied().unwrap_or(0);
            assert!(round.young.1 <= best + 5, "{round:?}");
        }
        assert_eq!(young, race.young_total);
        assert_eq!(played.to_vec(), race.players.iter().map(|p| p.total).collect::<Vec<_>>());
        assert!(
            race.least_total <= race.best_fixed().1,
            "no fixed ω is better than the best of each"
        );
    }

    #[test]
    fn other_arms_are_solved_for_as_well() {
        let three = Settings { arms: 3, ..Settings::BASIC };
        let mut race = Race::new(3, Shifts::Beta(2.0, 6.0), &three);
        for _ in 0..20 {
            let round = race.round();
            for (omega, cost) in round.played {
                // Of 1, 1.475 and 1.95 the first and the last are among the fixed ones.
                let fixed = race.fixed.iter().position(|fixed| (fixed - omega).abs() < 1e-12);
                assert!(fixed.is_none_or(|i| round.costs[i] == cost), "{omega}: {cost}");
            }
        }
    }
}
