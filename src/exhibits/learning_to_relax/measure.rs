//! Races and simulations of the paper's lengths, for the claims.
use super::{
    race::{FIXED, Player, Race, Settings, least},
    simulation::Simulation,
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

/// Runs a simulation, its learners once a seed.
pub async fn simulate(
    check: &Check,
    (nx, steps): (usize, usize),
    [from, to]: [f64; 2],
) -> Simulated {
    let (mut simulation, mut plain) = (Simulation::new(nx, 1.0, &SEEDS), 0);
    for step in 0..steps {
        plain += simulation.heat.plain_cost();
        simulation.step();
        let done = from + (to - from) * step as f64 / steps as f64;
        check.progress(done, format!("mesh {nx}, step {step} of {steps}")).await;
    }
    let totals = |run: &Vec<Player>| run.iter().map(|player| player.total).collect();
    Simulated {
        plain,
        least: simulation.least_total,
        learners: simulation.runs.iter().map(totals).collect(),
        fixed: simulation.fixed_totals,
    }
}
