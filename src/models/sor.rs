//! Successive over-relaxation on a square grid; Young 1954, *Iterative methods for solving partial
//! difference equations of elliptic type*.
use libm::cos;
use std::f64::consts::PI;

/// How many values of ω [`Grid::counts`] takes at once.
pub const LANES: usize = 4;

/// The matrix of a five-point stencil on `side` × `side` inner points, zero around them.
///
/// At each point `(A x)ₚ = diagonal · xₚ − coupling · (sum of x at the four neighbours)`. Points are
/// numbered row by row; a vector is `[side, side]`, row-major.
#[derive(Clone, Debug, PartialEq)]
pub struct Grid {
    side: usize,
    diagonal: f64,
    coupling: f64,
    /// The row of zeros above the first and below the last.
    edge: Vec<f64>,
}

impl Grid {
    /// A stencil of these numbers; `side` is at least one, `diagonal` is not zero.
    pub fn new(side: usize, diagonal: f64, coupling: f64) -> Self {
        assert!(side > 0, "a grid has at least one point");
        Self { side, diagonal, coupling, edge: vec![0.0; side] }
    }

    /// The five-point Laplacian plus `shift` times the identity: 4 + `shift`, and −1 to neighbours.
    pub fn laplacian(side: usize, shift: f64) -> Self {
        Self::new(side, 4.0 + shift, 1.0)
    }

    /// How many numbers a vector has.
    pub fn size(&self) -> usize {
        self.side * self.side
    }

    /// The spectral radius of the Jacobi iteration, I − D⁻¹ A.
    pub fn jacobi_radius(&self) -> f64 {
        4.0 * (self.coupling / self.diagonal).abs() * cos(PI / (self.side + 1) as f64)
    }

    /// The ω of fastest convergence in the long run, 2/(1 + √(1 − β²)), β the Jacobi radius, which
    /// must be less than one; Young's formula.
    pub fn best_omega(&self) -> f64 {
        let beta = self.jacobi_radius();
        2.0 / (1.0 + (1.0 - beta * beta).sqrt())
    }

    /// One sweep in place, in the order of the numbers:
    /// xₚ ← (1 − ω) xₚ + ω (bₚ + coupling · (sum of x at the four neighbours))/diagonal.
    ///
    /// Converges for ω in (0, 2) where A is positive definite. Nothing is allocated.
    pub fn sweep(&self, x: &mut [f64], b: &[f64], omega: f64) {
        self.assert_fits(x, b);
        let n = self.side;
        let (keep, scale) = (1.0 - omega, omega / self.diagonal);
        let pull = scale * self.coupling;
        for (row, b) in b.chunks_exact(n).enumerate() {
            let (before, rest) = x.split_at_mut(row * n);
            let (here, after) = rest.split_at_mut(n);
            let above = before.rchunks_exact(n).next().unwrap_or(&self.edge);
            let below = after.chunks_exact(n).next().unwrap_or(&self.edge);
            let (above, below) = (&above[..n], &below[..n]);
            // All but the left neighbour is known early: from one point to the next there remain a
            // product and a sum.
            let mut left = 0.0;
            for i in 0..n - 1 {
                let others = above[i] + below[i] + here[i + 1];
                left = (keep * here[i] + scale * b[i] + pull * others) + pull * left;
                here[i] = left;
            }
            let (i, others) = (n - 1, above[n - 1] + below[n - 1]);
            here[i] = (keep * here[i] + scale * b[i] + pull * others) + pull * left;
        }
    }

    /// A x, into `out`.
    pub fn apply(&self, x: &[f64], out: &mut [f64]) {
        self.assert_fits(x, out);
        for (row, out) in out.chunks_exact_mut(self.side).enumerate() {
            for (column, out) in out.iter_mut().enumerate() {
                *out = self.product(x, row, column);
            }
        }
    }

    /// ‖b − A x‖, Euclidean.
    pub fn residual(&self, x: &[f64], b: &[f64]) -> f64 {
        self.assert_fits(x, b);
        let mut sum = 0.0;
        for (row, b) in b.chunks_exact(self.side).enumerate() {
            for (column, b) in b.iter().enumerate() {
                let wrong = b - self.product(x, row, column);
                sum += wrong * wrong;
            }
        }
        sum.sqrt()
    }

    /// Sweeps until the residual is below `tolerance` times what it was, at most `limit` times; how
    /// often it has swept.
    pub fn relax(
        &self,
        x: &mut [f64],
        b: &[f64],
        omega: f64,
        tolerance: f64,
        limit: usize,
    ) -> usize {
        let goal = tolerance * self.residual(x, b);
        for sweeps in 1..=limit {
            self.sweep(x, b, omega);
            if self.residual(x, b) < goal {
                return sweeps;
            }
        }
        limit
    }

    /// How often each of [`LANES`] runs of [`Self::relax`] from zero sweeps, one an ω; all at once, which
    /// is some three times as fast, and to the same bits.
    pub fn counts(
        &self,
        b: &[f64],
        omegas: [f64; LANES],
        tolerance: f64,
        limit: usize,
    ) -> [usize; LANES] {
        assert!(b.len() == self.size(), "a vector has a number for each point");
        let goal = tolerance * b.iter().map(|b| b * b).sum::<f64>().sqrt();
        // One point of zeros around the grid.
        let stride = self.side + 2;
        let mut x = vec![[0.0; LANES]; stride * stride];
        let mut counts = [limit; LANES];
        for sweeps in 1..=limit {
            self.sweep_lanes(&mut x, b, omegas);
            let residuals = self.residual_lanes(&x, b);
            for (count, residual) in counts.iter_mut().zip(residuals) {
                if *count == limit && residual.sqrt() < goal {
                    *count = sweeps;
                }
            }
            if counts.iter().all(|count| *count < limit) {
                break;
            }
        }
        counts
    }

    /// [`Self::sweep`] in each lane of a vector with an edge of zeros.
    fn sweep_lanes(&self, x: &mut [[f64; LANES]], b: &[f64], omegas: [f64; LANES]) {
        let (n, stride) = (self.side, self.side + 2);
        let keep = omegas.map(|omega| 1.0 - omega);
        let scale = omegas.map(|omega| omega / self.diagonal);
        let pull = scale.map(|scale| scale * self.coupling);
        for (row, b) in b.chunks_exact(n).enumerate() {
            let (before, rest) = x.split_at_mut((row + 1) * stride);
            let (here, below) = rest.split_at_mut(stride);
            let (above, below) = (&before[row * stride..][..n + 2], &below[..n + 2]);
            let mut left = [0.0; LANES];
            for i in 1..=n {
                for lane in 0..LANES {
                    let others = above[i][lane] + below[i][lane] + here[i + 1][lane];
                    let known =
                        keep[lane] * here[i][lane] + scale[lane] * b[i - 1] + pull[lane] * others;
                    left[lane] = known + pull[lane] * left[lane];
                }
                here[i] = left;
            }
        }
    }

    /// Square of [`Self::residual`] in each lane of a vector with an edge of zeros.
    fn residual_lanes(&self, x: &[[f64; LANES]], b: &[f64]) -> [f64; LANES] {
        let (n, stride) = (self.side, self.side + 2);
        let mut sums = [0.0; LANES];
        for (row, b) in b.chunks_exact(n).enumerate() {
            let [above, here, below] = [0, 1, 2].map(|i| &x[(row + i) * stride..][..n + 2]);
            for i in 1..=n {
                for lane in 0..LANES {
                    let neighbours =
                        above[i][lane] + here[i - 1][lane] + here[i + 1][lane] + below[i][lane];
                    let product = self.diagonal * here[i][lane] - self.coupling * neighbours;
                    let wrong = b[i - 1] - product;
                    sums[lane] += wrong * wrong;
                }
            }
        }
        sums
    }

    /// One element of A x.
    fn product(&self, x: &[f64], row: usize, column: usize) -> f64 {
        let n = self.side;
        let at = row * n + column;
        let mut neighbours = 0.0;
        if row > 0 {
            neighbours += x[at - n];
        }
        if column > 0 {
            neighbours += x[at - 1];
        }
        if column + 1 < n {
            neighbours += x[at + 1];
        }
        if row + 1 < n {
            neighbours += x[at + n];
        }
        self.diagonal * x[at] - self.coupling * neighbours
    }

    fn assert_fits(&self, x: &[f64], b: &[f64]) {
        let size = self.size();
        assert!(x.len() == size && b.len() == size, "vectors have a number for each point");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A vector without a pattern.
    fn rough(size: usize) -> Vec<f64> {
        (0..size).map(|i| libm::sin(1.7 * i as f64) + 0.01 * i as f64).collect()
    }

    /// A grid, a solution and its right-hand side.
    fn system(side: usize, shift: f64) -> (Grid, Vec<f64>, Vec<f64>) {
        let grid = Grid::laplacian(side, shift);
        let solution = rough(grid.size());
        let mut known = vec![0.0; grid.size()];
        grid.apply(&solution, &mut known);
        (grid, solution, known)
    }

    fn furthest(x: &[f64], y: &[f64]) -> f64 {
        x.iter().zip(y).fold(0.0, |far, (x, y)| far.max((x - y).abs()))
    }

    #[test]
    fn a_sweep_is_as_by_hand() {
        // Four points, b = 8 everywhere, ω = 1, from zero: each is (8 + its neighbours so far)/4.
        let mut x = [0.0; 4];
        Grid::laplacian(2, 0.0).sweep(&mut x, &[8.0; 4], 1.0);
        assert_eq!(x, [2.0, 2.5, 2.5, 3.25]);
        // And again with ω = 1/2, halfway to (8 + neighbours)/4: 3.25, 3.4375, 3.4375, 3.609375.
        Grid::laplacian(2, 0.0).sweep(&mut x, &[8.0; 4], 0.5);
        assert_eq!(x, [2.625, 2.984_375, 2.984_375, 3.371_093_75]);
        // One point: x = b/(4 + 1).
        let mut x = [7.0];
        Grid::laplacian(1, 1.0).sweep(&mut x, &[10.0], 1.0);
        assert_eq!(x, [2.0]);
    }

    #[test]
    fn the_product_is_as_by_hand() {
        let mut product = [0.0; 4];
        Grid::new(2, 5.0, 2.0).apply(&[1.0, 2.0, 3.0, 4.0], &mut product);
        assert_eq!(product, [-5.0, 0.0, 5.0, 10.0]);
        assert_eq!(Grid::new(2, 5.0, 2.0).residual(&[0.0; 4], &[1.0, 1.0, 1.0, 1.0]), 2.0);
    }

    #[test]
    fn the_solution_stays() {
        for omega in [0.7, 1.0, 1.9] {
            let (grid, solution, known) = system(7, 0.25);
            let mut x = solution.clone();
            grid.sweep(&mut x, &known, omega);
            // A few roundings of numbers below 10.
            assert!(furthest(&x, &solution) < 1e-13, "{omega}");
        }
    }

    #[test]
    fn sweeps_converge_to_the_solution() {
        for omega in [0.7, 1.0, 1.5, 1.9] {
            let (grid, solution, known) = system(9, -0.1);
            let mut x = vec![0.0; grid.size()];
            let sweeps = grid.relax(&mut x, &known, omega, 1e-12, 10_000);
            assert!(sweeps < 10_000, "{omega}");
            // The least eigenvalue is above 0.09: the error is at most 11 times the residual.
            assert!(furthest(&x, &solution) < 1e-9, "{omega}: {}", furthest(&x, &solution));
        }
    }

    /// (x − s)ᵀ A (x − s) falls at every sweep; Ostrowski 1954.
    #[test]
    fn the_energy_of_the_error_falls_at_every_sweep() {
        let energy = |grid: &Grid, x: &[f64], solution: &[f64]| {
            let error: Vec<f64> = x.iter().zip(solution).map(|(x, s)| x - s).collect();
            let mut product = vec![0.0; error.len()];
            grid.apply(&error, &mut product);
            error.iter().zip(&product).fold(0.0, |sum, (e, p)| sum + e * p)
        };
        for omega in [0.3, 1.0, 1.7, 1.95] {
            let (grid, solution, known) = system(8, 0.0);
            let mut x = vec![0.0; grid.size()];
            let mut last = energy(&grid, &x, &solution);
            for _ in 0..30 {
                grid.sweep(&mut x, &known, omega);
                let next = energy(&grid, &x, &solution);
                assert!(next < last, "{omega}: {next} after {last}");
                last = next;
            }
        }
    }

    /// Khodak et al. 2024 (arXiv:2310.02246), 10 × 10 points and ones, as counted by an independent
    /// program in f64 that sweeps in the form of the textbook.
    #[test]
    fn counts_of_sweeps_are_those_of_an_independent_program() {
        let grid = Grid::laplacian(10, 0.0);
        let expected =
            [(1.0, 223), (1.2, 145), (1.4, 88), (1.5, 62), (1.6, 43), (1.8, 89), (1.9, 187)];
        for (omega, sweeps) in expected {
            let mut x = vec![0.0; 100];
            assert_eq!(grid.relax(&mut x, &[1.0; 100], omega, 1e-8, 10_000), sweeps, "{omega}");
        }
    }

    #[test]
    fn lanes_count_as_one_by_one() {
        let (grid, _, known) = system(7, -0.02);
        let omegas = [1.0, 1.33, 1.6, 1.95];
        let counts = grid.counts(&known, omegas, 1e-8, 10_000);
        for (omega, count) in omegas.into_iter().zip(counts) {
            let alone = grid.relax(&mut vec![0.0; grid.size()], &known, omega, 1e-8, 10_000);
            assert_eq!(count, alone, "{omega}");
        }
        assert_eq!(grid.counts(&known, omegas, 1e-8, 5), [5; LANES], "no more than the limit");
    }

    #[test]
    fn the_best_omega_is_youngs() {
        // 4 cos(π/11)/4, and 2/(1 + sin(π/11)).
        let grid = Grid::laplacian(10, 0.0);
        assert!((grid.jacobi_radius() - 0.959_492_973_6).abs() < 1e-10, "β");
        assert!((grid.best_omega() - 1.560_387_921_3).abs() < 1e-10, "ω");
    }
}
