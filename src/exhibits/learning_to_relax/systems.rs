//! The sequence of systems (section 4, appendix G): shifted Laplacians with random right-hand sides.
use crate::{
    engine::rng::Stream,
    models::{
        sample::beta,
        sor::{Grid, LANES},
    },
};

/// ε: by how much the residual must fall.
pub const TOLERANCE: f64 = 1e-8;

/// Most sweeps of one system, as in the authors' code.
pub const LIMIT: usize = 10_000;

/// Points along a side of the paper's grid.
pub const SIDE: usize = 10;

/// Ends of the interval that the authors' code takes the contexts to come from.
pub const CONTEXTS: (f64, f64) = (-0.15, 0.65);

/// Ends of the interval that the shifts do come from.
pub const SHIFTS: (f64, f64) = (-0.15, 0.45);

/// Bars of a histogram of shifts.
pub const BARS: usize = 12;

/// The learners' relaxation parameters: evenly spaced from 1 to 1.95.
pub fn omegas(count: usize) -> Vec<f64> {
    (0..count).map(|i| 1.0 + 0.95 * i as f64 / (count - 1).max(1) as f64).collect()
}

/// Where shifts come from; all are scaled from [0, 1] to [`SHIFTS`].
#[derive(Clone, Debug, PartialEq)]
pub enum Shifts {
    /// A beta distribution.
    Beta(f64, f64),
    /// A histogram of these weights, of which some are positive.
    Drawn([f64; BARS]),
}

impl Shifts {
    /// c = (12 z − 3)/20, z random.
    fn draw(&self, stream: &mut Stream) -> f64 {
        let z = match self {
            Self::Beta(a, b) => beta(stream, *a, *b),
            Self::Drawn(weights) => {
                let mut left = stream.uniform_f64() * weights.iter().sum::<f64>();
                let mut bar = 0;
                while bar + 1 < BARS && left >= weights[bar] {
                    left -= weights[bar];
                    bar += 1;
                }
                (bar as f64 + stream.uniform_f64()) / BARS as f64
            }
        };
        (12.0 * z - 3.0) / 20.0
    }

    /// The same, seen in a mirror: small shifts become great.
    #[must_use]
    pub fn mirrored(&self) -> Self {
        match self {
            Self::Beta(a, b) => Self::Beta(*b, *a),
            Self::Drawn(weights) => {
                let mut weights = *weights;
                weights.reverse();
                Self::Drawn(weights)
            }
        }
    }
}

/// One system A + c I with its right-hand side.
#[derive(Clone, Debug)]
pub struct System {
    /// c.
    pub shift: f64,
    /// `[side, side]`.
    pub b: Vec<f64>,
}

impl System {
    /// The t-th system of a sequence, with a right-hand side of its own or that of the first.
    pub fn draw(seed: u64, t: usize, shifts: &Shifts, fresh: bool) -> Self {
        let mut stream = Stream::new(seed, &format!("system {t}"));
        let shift = shifts.draw(&mut stream);
        let mut stream = if fresh { stream } else { Stream::new(seed, "right-hand side") };
        Self { shift, b: truncated_normal(&mut stream, SIDE * SIDE) }
    }

    fn grid(&self) -> Grid {
        Grid::laplacian(SIDE, self.shift)
    }

    /// Young's ω* for it.
    pub fn best_omega(&self) -> f64 {
        self.grid().best_omega()
    }

    /// Sweeps that SOR needs from zero, for each ω.
    pub fn costs(&self, omegas: &[f64]) -> Vec<usize> {
        let grid = self.grid();
        let mut costs = Vec::with_capacity(omegas.len());
        for group in omegas.chunks(LANES) {
            let lanes = std::array::from_fn(|i| group[i.min(group.len() - 1)]);
            let counts = grid.counts(&self.b, lanes, TOLERANCE, LIMIT);
            costs.extend(&counts[..group.len()]);
        }
        costs
    }
}

/// Standard normal numbers given that their norm is at most the root of how many they are.
pub fn truncated_normal(stream: &mut Stream, n: usize) -> Vec<f64> {
    loop {
        let b: Vec<f64> = (0..n).map(|_| stream.normal_f64()).collect();
        if b.iter().map(|x| x * x).sum::<f64>() <= n as f64 {
            return b;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn right_hand_sides_are_within_their_ball() {
        for t in 0..50 {
            let System { b, shift } = System::draw(1, t, &Shifts::Beta(2.0, 6.0), true);
            assert!(b.iter().map(|x| x * x).sum::<f64>() <= 100.0, "{t}");
            assert!((SHIFTS.0..=SHIFTS.1).contains(&shift), "{t}: {shift}");
        }
    }

    #[test]
    fn a_drawn_histogram_is_sampled() {
        let mut weights = [0.0; BARS];
        (weights[2], weights[11]) = (1.0, 3.0);
        let shifts = Shifts::Drawn(weights);
        let mut stream = Stream::new(1, "drawn");
        let all: Vec<f64> = (0..4000).map(|_| shifts.draw(&mut stream)).collect();
        let within = |bar: f64| {
            let least = SHIFTS.0 + 0.05 * bar;
            all.iter().filter(|c| (least - 1e-9..least + 0.05 + 1e-9).contains(*c)).count()
        };
        assert_eq!(within(2.0) + within(11.0), 4000, "nowhere else");
        // 3000 expected; four standard deviations are 110.
        assert!(within(11.0).abs_diff(3000) < 110, "{}", within(11.0));
        assert_eq!(shifts.mirrored().mirrored(), shifts);
    }

    #[test]
    fn a_fixed_right_hand_side_is_fixed() {
        let shifts = Shifts::Beta(2.0, 6.0);
        let [a, b] = [3, 4].map(|t| System::draw(1, t, &shifts, false));
        assert_eq!(a.b, b.b);
        assert_ne!(a.shift, b.shift);
        assert_ne!(System::draw(1, 3, &shifts, true).b, a.b);
    }
}
