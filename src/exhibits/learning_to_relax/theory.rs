//! What is known of SOR before it runs: Young's theory of its spectrum, and the bound U(ω) of Lemma 2.1.
//!
//! For the five-point stencil all of it is in closed form, but for τ, which is measured.
use crate::models::sor::Grid;
use libm::{cos, exp, log, pow, sin};
use std::f64::consts::PI;

/// A complex number, real and imaginary part.
pub type Complex = [f64; 2];

/// The eigenvalues of the Jacobi iteration on a grid of `side` × `side` points, 4 + `shift` on the
/// diagonal: (2 cos(iπ/(s+1)) + 2 cos(jπ/(s+1)))/(4 + c).
pub fn jacobi_eigenvalues(side: usize, shift: f64) -> Vec<f64> {
    let angle = PI / (side + 1) as f64;
    let wave: Vec<f64> = (1..=side).map(|i| 2.0 * cos(angle * i as f64)).collect();
    wave.iter().flat_map(|a| wave.iter().map(move |b| (a + b) / (4.0 + shift))).collect()
}

/// A Jacobi eigenvalue below this is a zero with roundings.
const NOTHING: f64 = 1e-12;

/// The eigenvalues of C_ω, a pair for each pair ±μ of the Jacobi iteration's and 1 − ω for each μ = 0:
/// the roots of (λ + ω − 1)² = λ ω² μ². Young 1971, chapter 5.
pub fn sor_eigenvalues(side: usize, shift: f64, omega: f64) -> Vec<Complex> {
    let mut all = Vec::with_capacity(side * side);
    for mu in jacobi_eigenvalues(side, shift) {
        if mu.abs() < NOTHING {
            all.push([1.0 - omega, 0.0]);
        } else if mu > 0.0 {
            let half = omega * mu / 2.0;
            let under = half * half - (omega - 1.0);
            if under >= 0.0 {
                let root = under.sqrt();
                all.extend([half + root, half - root].map(|r| [r * r, 0.0]));
            } else {
                let root = (-under).sqrt();
                let square = [half * half - root * root, 2.0 * half * root];
                all.extend([square, [square[0], -square[1]]]);
            }
        }
    }
    all
}

/// The spectral radius of C_ω: ω − 1 from ω* on, before it the greatest real root.
pub fn sor_radius(beta: f64, omega: f64) -> f64 {
    let half = omega * beta / 2.0;
    let under = half * half - (omega - 1.0);
    if under < 0.0 {
        return (omega - 1.0).abs();
    }
    let root = half + under.sqrt();
    (root * root).max((omega - 1.0).abs())
}

/// C_ω = I − A (D/ω + L)⁻¹, which takes one residual to the next, as an operator.
#[derive(Clone, Debug)]
pub struct Defect {
    grid: Grid,
    omega: f64,
    x: Vec<f64>,
    product: Vec<f64>,
}

impl Defect {
    /// Of SOR with this ω on a grid.
    pub fn new(grid: Grid, omega: f64) -> Self {
        let n = grid.size();
        Self { grid, omega, x: vec![0.0; n], product: vec![0.0; n] }
    }

    /// r ← C r: from zero, a sweep solves (D/ω + L) x = r.
    pub fn apply(&mut self, r: &mut [f64]) {
        self.x.fill(0.0);
        self.grid.sweep(&mut self.x, r, self.omega);
        self.grid.apply(&self.x, &mut self.product);
        r.iter_mut().zip(&self.product).for_each(|(r, p)| *r -= p);
    }

    /// r ← Cᵀ r. With the points in reverse order L becomes Lᵀ, so that (D/ω + L)⁻ᵀ is a sweep too.
    pub fn apply_transposed(&mut self, r: &mut [f64]) {
        self.grid.apply(r, &mut self.product);
        self.product.reverse();
        self.x.fill(0.0);
        self.grid.sweep(&mut self.x, &self.product, self.omega);
        r.iter_mut().zip(self.x.iter().rev()).for_each(|(r, x)| *r -= x);
    }

    /// ln ‖Cᵏ‖₂, by power iteration on (Cᵏ)ᵀ Cᵏ from `v` on, which becomes the direction that grows
    /// most: nearly right for the next ω, too.
    pub fn log_norm_of_power(&mut self, k: usize, v: &mut [f64]) -> f64 {
        /// Changes of ln ‖Cᵏ‖ that no figure shows; a k-th of it is that of ln ‖Cᵏ‖^(1/k).
        const STILL: f64 = 1e-6;
        const MOST: usize = 100;
        let mut last = f64::NAN;
        normalise(v);
        for _ in 0..MOST {
            // Powers may underflow: what each step shrinks by is kept apart.
            let mut total = 0.0;
            for _ in 0..k {
                self.apply(v);
                total += log(normalise(v));
            }
            let forth = total;
            for _ in 0..k {
                self.apply_transposed(v);
                total += log(normalise(v));
            }
            // ‖Cᵏ v‖ ≤ ‖Cᵏ‖, and ‖(Cᵏ)ᵀ Cᵏ v‖/‖Cᵏ v‖ is nearer.
            let found = total - forth;
            if (found - last).abs() < STILL {
                return found;
            }
            last = found;
        }
        last
    }
}

/// Scales to length one; the length that was.
fn normalise(v: &mut [f64]) -> f64 {
    let length = v.iter().map(|x| x * x).sum::<f64>().sqrt().max(f64::MIN_POSITIVE);
    v.iter_mut().for_each(|x| *x /= length);
    length
}

/// The τ that ω alone would need after k sweeps: (‖Cᵏ⁻¹‖₂^(1/(k−1)) − ρ)/(1 − ρ), as in the authors'
/// code; `v` is where the norm's iteration starts and ends.
pub fn tau(grid: &Grid, omega: f64, sweeps: usize, v: &mut [f64]) -> f64 {
    let before = sweeps.saturating_sub(1).max(1);
    let rho = sor_radius(grid.jacobi_radius(), omega);
    let norm = Defect::new(grid.clone(), omega).log_norm_of_power(before, v);
    (exp(norm / before as f64) - rho) / (1.0 - rho)
}

/// An eigenvector of C_ω for its smallest eigenvalue, by which assumption 2.1 fails: with it as
/// right-hand side SOR at this ω is far quicker than at any other, however good that is.
///
/// It is A v with v at (p, q) equal to zᵖ⁺ᑫ sin(pπ/(s+1)) sin(qπ/(s+1)), z² the eigenvalue; Young 1971.
/// ω is at most ω*, beyond which eigenvalues are not real. In the maximum norm it has length one.
pub fn degenerate(grid: &Grid, side: usize, omega: f64) -> Vec<f64> {
    let omega = omega.min(grid.best_omega());
    let half = omega * grid.jacobi_radius() / 2.0;
    let z = half - (half * half - (omega - 1.0)).max(0.0).sqrt();
    let wave = |i: usize| sin(PI * (i + 1) as f64 / (side + 1) as f64) * pow(z, (i + 1) as f64);
    let v: Vec<f64> = (0..side * side).map(|i| wave(i / side) * wave(i % side)).collect();
    let mut b = vec![0.0; v.len()];
    grid.apply(&v, &mut b);
    let most = b.iter().fold(f64::MIN_POSITIVE, |most, b| most.max(b.abs()));
    b.iter_mut().for_each(|b| *b /= most);
    b
}

/// The bound of the energy norm, ln(ε/(2 √cond A))/ln E(ω), in the form of the authors' code.
pub fn energy_bound(side: usize, shift: f64, omega: f64, tolerance: f64) -> f64 {
    let beta = Grid::laplacian(side, shift).jacobi_radius();
    let gamma = 1.0 - beta;
    let condition = (1.0 + beta) / (1.0 - beta);
    let weight = (2.0 - omega) / (2.0 * omega);
    let lower = lower_radius(side) / ((4.0 + shift) * (4.0 + shift));
    let below = weight * weight + gamma / omega + lower - 0.25;
    let energy = (1.0 - 2.0 * weight * gamma / below).sqrt();
    log(tolerance / (2.0 * condition.sqrt())) / log(energy)
}

/// The greatest eigenvalue of L Lᵀ, L the part of the Laplacian below its diagonal.
fn lower_radius(side: usize) -> f64 {
    let n = side * side;
    let mut v = vec![1.0; n];
    let mut radius = 0.0;
    for _ in 0..300 {
        let up: Vec<f64> = (0..n)
            .map(|at| {
                let right = if (at + 1) % side > 0 { v[at + 1] } else { 0.0 };
                right + if at + side < n { v[at + side] } else { 0.0 }
            })
            .collect();
        v = (0..n)
            .map(|at| {
                let left = if at % side > 0 { up[at - 1] } else { 0.0 };
                left + if at >= side { up[at - side] } else { 0.0 }
            })
            .collect();
        radius = normalise(&mut v);
    }
    radius
}

/// U(ω) = 1 + ln(1/ε)/−ln(ρ + τ (1 − ρ)), Lemma 2.1.
pub fn bound(rho: f64, tau: f64, tolerance: f64) -> f64 {
    1.0 - log(tolerance) / -log(rho + tau * (1.0 - rho))
}

/// ln ε/ln ρ: what the spectral radius alone promises in the long run.
pub fn asymptotic(rho: f64, tolerance: f64) -> f64 {
    log(tolerance) / log(rho)
}

#[cfg(test)]
mod tests {
    use super::*;
    use nalgebra::DMatrix;

    const TOLERANCE: f64 = 1e-8;

    fn dense(grid: &Grid, omega: f64) -> DMatrix<f64> {
        let n = grid.size();
        let mut defect = Defect::new(grid.clone(), omega);
        let mut matrix = DMatrix::identity(n, n);
        for mut column in matrix.column_iter_mut() {
            defect.apply(column.as_mut_slice());
        }
        matrix
    }

    /// ln ρ as the limit of ln ‖Cᵏ‖/k, at k = 2³²: C is not normal, and has a Jordan block at ω*.
    fn log_radius(mut matrix: DMatrix<f64>) -> f64 {
        let (mut log_norm, mut k) = (0.0, 1.0);
        for _ in 0..32 {
            let norm = matrix.norm();
            log_norm += log(norm) / k;
            matrix /= norm;
            matrix = &matrix * &matrix;
            k *= 2.0;
        }
        log_norm + log(matrix.norm()) / k
    }

    #[test]
    fn the_spectrum_is_that_of_the_matrix() {
        let grid = Grid::laplacian(6, 0.1);
        for omega in [1.0, 1.2, 1.4, 1.6, 1.9, grid.best_omega()] {
            let matrix = dense(&grid, omega);
            let closed = sor_radius(grid.jacobi_radius(), omega);
            let radius = exp(log_radius(matrix.clone()));
            // At ω* roundings split the double eigenvalue by their root.
            assert!((radius - closed).abs() < 1e-6, "{omega}: {radius} and {closed}");
            let all = sor_eigenvalues(6, 0.1, omega);
            assert_eq!(all.len(), 36, "{omega}");
            let most = all.iter().fold(0.0_f64, |most, z| most.max(z[0].hypot(z[1])));
            assert!((most - closed).abs() < 1e-12, "{omega}");
            // Σ λ and Σ λ² are the traces of C and C².
            let sum: f64 = all.iter().map(|z| z[0]).sum();
            let squares: f64 = all.iter().map(|z| z[0] * z[0] - z[1] * z[1]).sum();
            assert!((sum - matrix.trace()).abs() < 1e-9, "{omega}");
            assert!((squares - (&matrix * &matrix).trace()).abs() < 1e-9, "{omega}");
        }
    }

    #[test]
    fn the_transpose_is_the_transpose() {
        let grid = Grid::laplacian(5, -0.1);
        let matrix = dense(&grid, 1.3);
        let mut defect = Defect::new(grid, 1.3);
        for i in 0..25 {
            let mut row = vec![0.0; 25];
            row[i] = 1.0;
            defect.apply_transposed(&mut row);
            let far = (0..25).fold(0.0_f64, |far, j| far.max((row[j] - matrix[(i, j)]).abs()));
            assert!(far < 1e-14, "row {i}: {far}");
        }
    }

    #[test]
    fn norms_of_powers_are_those_of_the_matrix() {
        let grid = Grid::laplacian(6, 0.0);
        let matrix = dense(&grid, 1.5);
        let mut v = vec![1.0; 36];
        let mut defect = Defect::new(grid, 1.5);
        for k in [1, 7, 20] {
            let power = (1..k).fold(matrix.clone(), |power, _| &power * &matrix);
            let exact = (power.transpose() * &power).symmetric_eigenvalues().max().sqrt();
            let found = exp(defect.log_norm_of_power(k, &mut v));
            assert!((found / exact - 1.0).abs() < 1e-4, "{k}: {found} and {exact}");
        }
    }

    #[test]
    fn the_degenerate_right_hand_side_is_an_eigenvector() {
        for (side, shift, omega) in [(10, 0.0, 1.4), (6, 0.3, 1.2)] {
            let grid = Grid::laplacian(side, shift);
            let b = degenerate(&grid, side, omega);
            let mut next = b.clone();
            Defect::new(grid, omega).apply(&mut next);
            let least = sor_eigenvalues(side, shift, omega)
                .iter()
                .fold(f64::INFINITY, |least, z| least.min(z[0].hypot(z[1])));
            let wrong = b.iter().zip(&next).map(|(b, n)| (n - least * b).abs());
            let wrong = wrong.fold(0.0_f64, f64::max);
            assert!(wrong < 1e-12, "{side}, {shift}: {wrong}");
        }
    }

    #[test]
    fn beyond_the_best_omega_all_lie_on_a_circle() {
        let best = Grid::laplacian(10, 0.0).best_omega();
        for omega in [best + 1e-3, 1.7, 1.95] {
            for z in sor_eigenvalues(10, 0.0, omega) {
                assert!((z[0].hypot(z[1]) - (omega - 1.0)).abs() < 1e-9, "{omega}: {z:?}");
            }
        }
    }

    #[test]
    fn the_bounds_are_above_the_cost() {
        let grid = Grid::laplacian(10, 0.0);
        let omegas: Vec<f64> = (0..20).map(|i| 1.0 + 0.05 * f64::from(i)).collect();
        let cost = |omega| grid.relax(&mut [0.0; 100], &[1.0; 100], omega, TOLERANCE, 10_000);
        let costs: Vec<usize> = omegas.iter().map(|&omega| cost(omega)).collect();
        let mut v = vec![1.0; 100];
        let taus = omegas.iter().zip(&costs).map(|(&o, &k)| tau(&grid, o, k, &mut v));
        let tau = taus.fold(0.0, f64::max);
        // The protocol's prototype: 0.1546, U(1.6) = 45.6.
        assert!((tau - 0.1546).abs() < 5e-4, "τ is {tau}");
        for (omega, cost) in omegas.iter().zip(&costs) {
            let u = bound(sor_radius(grid.jacobi_radius(), *omega), tau, TOLERANCE);
            assert!(u >= *cost as f64, "{omega}: U is {u}, the cost {cost}");
            let energy = energy_bound(10, 0.0, *omega, TOLERANCE);
            assert!(energy >= *cost as f64, "{omega}: the energy bound is {energy}");
        }
        let u = bound(sor_radius(grid.jacobi_radius(), 1.6), tau, TOLERANCE);
        assert!((u - 45.6).abs() < 0.1, "U(1.6) is {u}");
    }
}
