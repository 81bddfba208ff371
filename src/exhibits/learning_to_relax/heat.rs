//! The heat equation by Crank-Nicolson steps, each solved by conjugate gradients preconditioned by SSOR
//! (section 2.4, appendix G).
//!
//! A vector has an edge of zeros, so that every point has four neighbours: `[side + 2, side + 2]`.
use libm::{cos, exp, sin};
use std::{array, f64::consts::PI};

/// A tolerance on the residual relative to the right-hand side.
pub const TOLERANCE: f64 = 1e-8;

/// Time step.
pub const DT: f64 = 1e-3;

/// Least and greatest diffusion coefficient.
pub const KAPPAS: (f64, f64) = (0.0, 10.0);

/// Most iterations of one system.
const LIMIT: usize = 10_000;

/// How many values of ω are tried at once.
const LANES: usize = 4;

/// The ω that the field is advanced with: what it is does not matter to eight digits.
const CARRIER: f64 = 1.4;

/// A symmetric five-point matrix: `diagonal` and `−coupling` to the neighbours.
#[derive(Clone, Copy, Debug)]
struct Stencil {
    side: usize,
    diagonal: f64,
    coupling: f64,
}

/// A number for each ω at each point.
type Lanes<const L: usize> = Vec<[f64; L]>;

/// The field, its clock, and the system of the next step.
#[derive(Clone, Debug)]
pub struct Heat {
    side: usize,
    /// Steps taken.
    pub step: usize,
    u: Vec<f64>,
    b: Vec<f64>,
    matrix: Stencil,
}

/// How a system is preconditioned.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Preconditioner<const L: usize> {
    /// Not at all.
    None,
    /// By symmetric successive over-relaxation, with an ω a lane.
    Ssor([f64; L]),
}

/// The diffusion coefficient κ(t), as in the authors' code.
pub fn kappa(t: f64) -> f64 {
    let wave = sin(2.0 * PI * t);
    (0.1 * wave).max(-10.0 * wave)
}

/// exp(1 − 1/(1 − q)) within the circle q = |x − c|²/r² < 1, zero outside: one at its centre.
fn bump(x: f64, y: f64, centre: (f64, f64), radius: f64) -> f64 {
    let (dx, dy) = (x - centre.0, y - centre.1);
    let q = (dx * dx + dy * dy) / (radius * radius);
    if q < 1.0 { exp(1.0 - 1.0 / (1.0 - q)) } else { 0.0 }
}

/// Where the source is: circling the middle at 1/4 with angular frequency 16 π.
pub fn source(t: f64) -> (f64, f64) {
    (0.5 + 0.25 * cos(16.0 * PI * t), 0.5 + 0.25 * sin(16.0 * PI * t))
}

impl Heat {
    /// The bump in the middle, on a mesh of `nx` intervals.
    pub fn new(nx: usize) -> Self {
        let side = nx - 1;
        let mut heat = Self {
            side,
            step: 0,
            u: vec![0.0; (side + 2) * (side + 2)],
            b: vec![0.0; (side + 2) * (side + 2)],
            matrix: Stencil { side, diagonal: 1.0, coupling: 0.0 },
        };
        heat.each(|heat, at, x, y| heat.u[at] = bump(x, y, (0.5, 0.5), 0.25));
        heat.prepare();
        heat
    }

    /// Calls with the place of each inner point.
    fn each(&mut self, mut act: impl FnMut(&mut Self, usize, f64, f64)) {
        let h = 1.0 / (self.side + 1) as f64;
        for row in 1..=self.side {
            for column in 1..=self.side {
                act(self, row * (self.side + 2) + column, column as f64 * h, row as f64 * h);
            }
        }
    }

    /// The time.
    pub fn time(&self) -> f64 {
        self.step as f64 * DT
    }

    /// What a learner may see before it chooses: κ at the present time.
    pub fn context(&self) -> f64 {
        kappa(self.time())
    }

    /// The field with its edge, `[side + 2, side + 2]`, and how long a side of that is.
    pub fn field(&self) -> (&[f64], usize) {
        (&self.u, self.side + 2)
    }

    /// The system of the next step, (I − (dt/2) κ Δ) u′ = (I + (dt/2) κ Δ) u + dt f, both κ and f
    /// at half the step.
    fn prepare(&mut self) {
        let side = self.side;
        let h = 1.0 / (side + 1) as f64;
        let half = self.time() + DT / 2.0;
        let weight = DT / 2.0 * kappa(half) / (h * h);
        let centre = source(half);
        let here = Stencil { side, diagonal: 1.0 - 4.0 * weight, coupling: -weight };
        self.each(|heat, at, x, y| {
            let neighbours = heat.u[at - side - 2] + heat.u[at - 1] + heat.u[at + 1];
            let product =
                here.diagonal * heat.u[at] - here.coupling * (neighbours + heat.u[at + side + 2]);
            heat.b[at] = product + DT * 32.0 * bump(x, y, centre, 0.125);
        });
        self.matrix = Stencil { side, diagonal: 1.0 + 4.0 * weight, coupling: weight };
    }

    /// Iterations of the next step for each ω, from the present field on.
    pub fn costs(&self, omegas: &[f64]) -> Vec<usize> {
        let mut costs = Vec::with_capacity(omegas.len());
        for group in omegas.chunks(LANES) {
            let lanes = array::from_fn(|i| group[i.min(group.len() - 1)]);
            let (counts, _) =
                self.matrix.solve::<LANES>(&self.u, &self.b, Preconditioner::Ssor(lanes));
            costs.extend(&counts[..group.len()]);
        }
        costs
    }

    /// Iterations of the next step without a preconditioner.
    pub fn plain_cost(&self) -> usize {
        self.matrix.solve::<1>(&self.u, &self.b, Preconditioner::None).0[0]
    }

    /// Takes the next step.
    pub fn advance(&mut self) {
        let how = Preconditioner::Ssor([CARRIER]);
        let (_, x) = self.matrix.solve::<1>(&self.u, &self.b, how);
        self.u = x.into_iter().map(|[x]| x).collect();
        self.step += 1;
        self.prepare();
    }
}

impl Stencil {
    /// A x at the inner points, into `out`.
    fn apply<const L: usize>(self, x: &[[f64; L]], out: &mut [[f64; L]]) {
        let stride = self.side + 2;
        for row in 1..=self.side {
            let [above, here, below] = [row - 1, row, row + 1].map(|i| &x[i * stride..][..stride]);
            let out = &mut out[row * stride..][..stride];
            for i in 1..=self.side {
                out[i] = array::from_fn(|l| {
                    let neighbours = above[i][l] + here[i - 1][l] + here[i + 1][l] + below[i][l];
                    self.diagonal * here[i][l] - self.coupling * neighbours
                });
            }
        }
    }

    /// z = M⁻¹ r with M = Xᵀ D⁻¹ X/(ω (2 − ω)) and X = D + ω L: backward, then forward, in the order of
    /// the authors' code.
    fn precondition<const L: usize>(self, r: &[[f64; L]], z: &mut [[f64; L]], omegas: [f64; L]) {
        let (n, stride) = (self.side, self.side + 2);
        let inverse = 1.0 / self.diagonal;
        let pull = omegas.map(|omega| omega * self.coupling * inverse);
        for row in (1..=n).rev() {
            let (here, below) = z[row * stride..].split_at_mut(stride);
            let (r, below) = (&r[row * stride..][..stride], &below[..stride]);
            let mut right = [0.0; L];
            for i in (1..=n).rev() {
                right = array::from_fn(|l| {
                    (r[i][l] * inverse + pull[l] * below[i][l]) + pull[l] * right[l]
                });
                here[i] = right;
            }
        }
        let scale = omegas.map(|omega| omega * (2.0 - omega));
        for row in 1..=n {
            let (before, here) = z.split_at_mut(row * stride);
            let (above, here) = (&before[(row - 1) * stride..][..stride], &mut here[..stride]);
            let mut left = [0.0; L];
            for i in 1..=n {
                left = array::from_fn(|l| (here[i][l] + pull[l] * above[i][l]) + pull[l] * left[l]);
                here[i] = left;
            }
        }
        z.iter_mut().for_each(|z| *z = array::from_fn(|l| z[l] * scale[l]));
    }

    /// Conjugate gradients from `start` on until ‖r‖ ≤ ε ‖b‖ in every lane: iterations of each, and
    /// the solutions.
    fn solve<const L: usize>(
        self,
        start: &[f64],
        b: &[f64],
        preconditioner: Preconditioner<L>,
    ) -> ([usize; L], Lanes<L>) {
        let mut x: Lanes<L> = start.iter().map(|x| [*x; L]).collect();
        let [mut r, mut z, mut p, mut q] = [0; 4].map(|_| vec![[0.0; L]; x.len()]);
        self.apply(&x, &mut q);
        for (r, (b, q)) in r.iter_mut().zip(b.iter().zip(&q)) {
            *r = q.map(|q| b - q);
        }
        let goal = TOLERANCE * b.iter().map(|b| b * b).sum::<f64>().sqrt();
        let (mut counts, mut before) = ([LIMIT; L], [1.0; L]);
        for iteration in 0..LIMIT {
            for (count, square) in counts.iter_mut().zip(dot(&r, &r)) {
                if *count == LIMIT && square.sqrt() <= goal {
                    *count = iteration;
                }
            }
            if counts.iter().all(|count| *count < LIMIT) {
                break;
            }
            match preconditioner {
                Preconditioner::None => z.copy_from_slice(&r),
                Preconditioner::Ssor(omegas) => self.precondition(&r, &mut z, omegas),
            }
            let now = dot(&r, &z);
            // The first direction is z itself; what has ended moves no more.
            let beta: [f64; L] = array::from_fn(|l| ratio(now[l], before[l]));
            let beta = if iteration == 0 { [0.0; L] } else { beta };
            before = now;
            for (p, z) in p.iter_mut().zip(&z) {
                *p = array::from_fn(|l| z[l] + beta[l] * p[l]);
            }
            self.apply(&p, &mut q);
            let curvature = dot(&p, &q);
            let alpha: [f64; L] =
                array::from_fn(
                    |l| {
                        if counts[l] < LIMIT { 0.0 } else { ratio(now[l], curvature[l]) }
                    },
                );
            for (x, p) in x.iter_mut().zip(&p) {
                *x = array::from_fn(|l| x[l] + alpha[l] * p[l]);
            }
            for (r, q) in r.iter_mut().zip(&q) {
                *r = array::from_fn(|l| r[l] - alpha[l] * q[l]);
            }
        }
        (counts, x)
    }
}

/// Their quotient, and nothing of nothing.
fn ratio(a: f64, b: f64) -> f64 {
    if b > 0.0 { a / b } else { 0.0 }
}

fn dot<const L: usize>(x: &[[f64; L]], y: &[[f64; L]]) -> [f64; L] {
    let mut sums = [0.0; L];
    for (x, y) in x.iter().zip(y) {
        for l in 0..L {
            sums[l] += x[l] * y[l];
        }
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Total iterations over T = 1000 steps at nx = 25, as in the protocol's prototype.
    #[test]
    fn totals_are_those_of_the_prototype() {
        let (mut heat, mut plain, mut totals) = (Heat::new(25), 0, [0; 3]);
        for _ in 0..1000 {
            plain += heat.plain_cost();
            for (total, cost) in totals.iter_mut().zip(heat.costs(&[1.0, 1.4, 1.95])) {
                *total += cost;
            }
            heat.advance();
        }
        for (found, expected) in
            [(plain, 17_038), (totals[0], 6528), (totals[1], 5858), (totals[2], 12_562)]
        {
            // Sums in another order move a step's count by one now and then.
            assert!(found.abs_diff(expected) <= expected / 200, "{found} for {expected}");
        }
    }

    #[test]
    fn the_step_solves_its_system() {
        let mut heat = Heat::new(8);
        let (matrix, b) = (heat.matrix, heat.b.clone());
        heat.advance();
        let u: Lanes<1> = heat.u.iter().map(|u| [*u]).collect();
        let mut product = vec![[0.0]; u.len()];
        matrix.apply(&u, &mut product);
        let wrong = b.iter().zip(&product).fold(0.0_f64, |far, (b, [p])| far.max((b - p).abs()));
        // ε times the norm of b, which is below 10.
        assert!(wrong < 1e-7, "{wrong}");
    }

    #[test]
    fn lanes_count_as_one_by_one() {
        let mut heat = Heat::new(12);
        (0..600).for_each(|_| heat.advance());
        let omegas = [1.0, 1.25, 1.5, 1.9, 1.95];
        let together = heat.costs(&omegas);
        let alone: Vec<usize> = omegas.iter().flat_map(|omega| heat.costs(&[*omega])).collect();
        assert_eq!(together, alone);
        assert!(together.iter().any(|cost| *cost > 5), "there is something to count: {together:?}");
    }
}
