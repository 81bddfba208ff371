//! Races and simulations of the paper's lengths, for the claims.
use super::{
    heat::{Heat, KAPPAS},
    race::{FIXED, Player, Race, Settings, least},
    systems::{Shifts, omegas},
};
use crate::claim::Check;

/// Seeds of the learners' runs.
pub const SEEDS: [u64; 3] = [0, 1, 2];

/// What a race came to, as means a system.
pub struct Outcome {
    /// Of the best fixed ω, and which it is.
    pub best_fixed: f64,
    /// See `best_fixed`.
    pub best_omega: f64,
    /// Of an arm at random.
    pub uniform: f64,
    /// Of Young's ω*(c).
    pub young: f64,
    /// Of the learners, in the order of `race::NAMES`, over all systems.
    pub learners: Vec<f64>,
    /// And over the last 500.
    pub late: Vec<f64>,
}

/// Runs a race of the basic experiments.
pub async fn race(
    check: &Check,
    (seed, shifts, length): (u64, Shifts, usize),
    [from, to]: [f64; 2],
) -> Outcome {
    let mut race = Race::new(seed, shifts, &Settings::BASIC);
    let totals = |race: &Race| -> Vec<usize> { race.players.iter().map(|p| p.total).collect() };
    let mut before = totals(&race);
    for t in 0..length {
        if t + 500 == length {
            before = totals(&race);
        }
        race.round();
        if t.is_multiple_of(8) {
            let done = from + (to - from) * t as f64 / length as f64;
            check.progress(done, format!("seed {seed}, system {t} of {length}")).await;
        }
    }
    let n = length as f64;
    let (best, total) = race.best_fixed();
    let now = totals(&race);
    Outcome {
        best_fixed: total as f64 / n,
        best_omega: race.fixed[best],
        uniform: race.fixed_totals.iter().sum::<usize>() as f64 / n / FIXED as f64,
        young: race.young_total as f64 / n,
        late: now.iter().zip(&before).map(|(now, before)| (now - before) as f64 / 500.0).collect(),
        learners: now.iter().map(|total| *total as f64 / n).collect(),
    }
}

/// Totals of a simulation.
pub struct Simulated {
    /// Of conjugate gradients without a preconditioner.
    pub plain: usize,
    /// Of each fixed ω.
    pub fixed: Vec<usize>,
    /// Of the best of these at each step.
    pub least: usize,
    /// By run, in the order of `race::NAMES`.
    pub learners: Vec<Vec<usize>>,
}

impl Simulated {
    /// The best fixed ω and its total.
    pub fn best(&self) -> (f64, usize) {
        let best = least(&self.fixed);
        (omegas(FIXED)[best], self.fixed[best])
    }

    /// Totals of a learner, by run.
    pub fn totals(&self, learner: usize) -> Vec<usize> {
        self.learners.iter().map(|run| run[learner]).collect()
    }

    /// Mean total of a learner.
    pub fn mean(&self, learner: usize) -> f64 {
        self.totals(learner).iter().sum::<usize>() as f64 / self.learners.len() as f64
    }
}

/// Runs a simulation, its learners once a seed; all see the costs of one trajectory, since the field is the
/// same to eight digits whatever ω.
pub async fn simulate(
    check: &Check,
    (nx, steps): (usize, usize),
    [from, to]: [f64; 2],
) -> Simulated {
    let settings = Settings { bins: 6, contexts: KAPPAS, ..Settings::BASIC };
    let (mut heat, omegas) = (Heat::new(nx), omegas(FIXED));
    let mut runs: Vec<Vec<Player>> =
        SEEDS.iter().map(|seed| Player::all(&settings, *seed)).collect();
    let mut all = Simulated { plain: 0, fixed: vec![0; FIXED], least: 0, learners: vec![] };
    for step in 0..steps {
        let costs = heat.costs(&omegas);
        all.plain += heat.plain_cost();
        all.fixed.iter_mut().zip(&costs).for_each(|(total, cost)| *total += cost);
        all.least += costs.iter().min().copied().unwrap_or(0);
        for player in runs.iter_mut().flatten() {
            let arm = player.choose(heat.context());
            player.learn(costs[arm]);
        }
        heat.advance();
        let done = from + (to - from) * step as f64 / steps as f64;
        check.progress(done, format!("mesh {nx}, step {step} of {steps}")).await;
    }
    all.learners = runs.iter().map(|run| run.iter().map(|player| player.total).collect()).collect();
    all
}
