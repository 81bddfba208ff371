//! Learners on the heat equation: each time step is a system, whose cost every ω is asked for.
use super::{
    heat::{Heat, KAPPAS},
    race::{FIXED, Player, Settings, least},
    systems::omegas,
};

/// A simulation, its learners once a seed; all see the costs of one trajectory, since the field is the same
/// to eight digits whatever ω.
#[derive(Clone, Debug)]
pub struct Simulation {
    /// The plate.
    pub heat: Heat,
    /// The learners' values of ω, which are also those that are compared with.
    pub fixed: Vec<f64>,
    /// The learners of each seed, in the order of `race::NAMES`.
    pub runs: Vec<Vec<Player>>,
    /// Sum of the costs of each fixed ω.
    pub fixed_totals: Vec<usize>,
    /// Sum of the least cost of each step over the fixed values.
    pub least_total: usize,
}

impl Simulation {
    /// Before the first time step, on a mesh of `nx`.
    pub fn new(nx: usize, eta_scale: f64, seeds: &[u64]) -> Self {
        let settings = Settings { bins: 6, contexts: KAPPAS, eta_scale, ..Settings::BASIC };
        Self {
            heat: Heat::new(nx),
            fixed: omegas(FIXED),
            runs: seeds.iter().map(|seed| Player::all(&settings, *seed)).collect(),
            fixed_totals: vec![0; FIXED],
            least_total: 0,
        }
    }

    /// One time step: everyone chooses, the costs are counted, the field moves on. Returns the cost of
    /// each fixed ω.
    pub fn step(&mut self) -> Vec<usize> {
        let (context, costs) = (self.heat.context(), self.heat.costs(&self.fixed));
        self.fixed_totals.iter_mut().zip(&costs).for_each(|(total, cost)| *total += cost);
        self.least_total += costs[least(&costs)];
        for player in self.runs.iter_mut().flatten() {
            let arm = player.choose(context);
            player.learn(costs[arm]);
        }
        self.heat.advance();
        costs
    }

    /// The best fixed ω so far in hindsight: which, and its total.
    pub fn best_fixed(&self) -> (usize, usize) {
        let best = least(&self.fixed_totals);
        (best, self.fixed_totals[best])
    }
}
