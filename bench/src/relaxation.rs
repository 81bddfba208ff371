//! Sweeps of successive over-relaxation, the loop that an exhibit of solvers repeats.
use orrery::models::sor::Grid;

/// A system on a square grid, at some state of its solution.
pub struct Relaxation {
    grid: Grid,
    solution: Vec<f64>,
    known: Vec<f64>,
}

impl Relaxation {
    /// The Laplacian with a shift of one half, the right-hand side one everywhere, begun at zero.
    ///
    /// So shifted, a solution is reached long before numbers too small for the processor's fast path.
    pub fn new(side: usize) -> Self {
        let size = side * side;
        let grid = Grid::laplacian(side, 0.5);
        Self { grid, solution: vec![0.0; size], known: vec![1.0; size] }
    }

    /// Sweeps so often; the sum of the solution, so that no sweep can be left out.
    pub fn sweep(&mut self, sweeps: usize) -> f64 {
        for _ in 0..sweeps {
            self.grid.sweep(&mut self.solution, &self.known, 1.5);
        }
        self.solution.iter().sum()
    }
}
