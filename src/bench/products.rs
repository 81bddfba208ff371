//! Matrix products at the shapes networks use, beside the crate `gemm` in the same run.
use super::clock::{GIGA, median, per_call};
use orrery::{
    engine::{Device, Graph, Program, State, rng::Stream},
    error::Result,
};
use serde::Serialize;

/// Rounds in which both are timed in turn.
const ROUNDS: usize = 7;
/// Least time of one round of one of both.
const ROUND_MS: f64 = 25.0;

/// Which operand lies in memory transposed.
#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "snake_case")]
enum Turned {
    Neither,
    Left,
    Right,
}

/// A product, and how fast it was.
#[derive(Serialize)]
pub(crate) struct Product {
    /// Where it occurs.
    pub(crate) name: &'static str,
    m: usize,
    k: usize,
    n: usize,
    turned: Turned,
    /// Ours, 128-bit vectors, exact order of sums.
    pub(crate) gflops: f64,
    /// Of `gemm`, one thread, all that the processor has.
    pub(crate) gemm_gflops: f64,
    /// Median of ours over `gemm`'s, round by round.
    pub(crate) ratio: f64,
}

/// Name, m, k, n, which is transposed.
const SHAPES: [(&str, [usize; 3], Turned); 12] = [
    ("mlp forward", [128, 64, 64], Turned::Neither),
    ("mlp weights", [64, 128, 64], Turned::Left),
    ("mlp input", [128, 64, 64], Turned::Right),
    ("pointer recurrent", [64, 128, 512], Turned::Neither),
    ("pointer recurrent weights", [128, 64, 512], Turned::Left),
    ("pointer recurrent input", [64, 512, 128], Turned::Right),
    ("pointer keys", [640, 128, 128], Turned::Neither),
    ("transformer qkv", [2624, 64, 192], Turned::Neither),
    ("transformer wide weights", [64, 2624, 256], Turned::Left),
    ("transformer wide input", [2624, 256, 64], Turned::Right),
    ("512 cubed", [512, 512, 512], Turned::Neither),
    ("1024 cubed", [1024, 1024, 1024], Turned::Neither),
];

/// Times all shapes.
pub(crate) fn measure(mut progress: impl FnMut(&str)) -> Result<Vec<Product>> {
    let mut products = Vec::new();
    for (name, [m, k, n], turned) in SHAPES {
        progress(name);
        products.push(compare(name, [m, k, n], turned)?);
    }
    Ok(products)
}

/// Rows and columns as they lie in memory.
fn stored(rows: usize, columns: usize, turned: bool) -> [usize; 2] {
    if turned { [columns, rows] } else { [rows, columns] }
}

fn compare(name: &'static str, [m, k, n]: [usize; 3], turned: Turned) -> Result<Product> {
    let (left, right) = (matches!(turned, Turned::Left), matches!(turned, Turned::Right));
    let mut stream = Stream::new(1, name);
    let mut numbers = |count| (0..count).map(|_| stream.uniform() - 0.5).collect::<Vec<f32>>();
    let (a, b) = (numbers(m * k), numbers(k * n));
    let g = Graph::new();
    let view = |name, shape, turned| {
        let x = g.input(name, shape);
        if turned { x.transpose() } else { x }
    };
    g.output(
        "c",
        view("a", stored(m, k, left), left).matmul(view("b", stored(k, n, right), right)),
    );
    let plan = g.compile()?;
    let state = State::new(&Device::cpu(), &[&plan], 0)?;
    let mut program = Program::new(&Device::cpu(), &plan, &state)?;
    program.write("a", &a)?;
    program.write("b", &b)?;
    let mut c = vec![0.0_f32; m * n];
    let flop = 2.0 * (m * k * n) as f64;
    let (mut ours, mut theirs) = (vec![], vec![]);
    for _ in 0..ROUNDS {
        ours.push(flop / GIGA / per_call(ROUND_MS, || program.run(1))?);
        let run = || {
            gemm_product([m, k, n], (&a, left), (&b, right), &mut c);
            Ok(())
        };
        theirs.push(flop / GIGA / per_call(ROUND_MS, run)?);
    }
    let found = pollster::block_on(program.read("c"))?;
    let worst = found.iter().zip(&c).fold(0.0_f32, |worst, (x, y)| worst.max((x - y).abs()));
    assert!(worst < 1e-3, "{name}: ours and gemm's products differ by {worst}");
    let ratio = median(ours.iter().zip(&theirs).map(|(a, b)| a / b).collect());
    let (gflops, gemm_gflops) = (median(ours), median(theirs));
    Ok(Product { name, m, k, n, turned, gflops, gemm_gflops, ratio })
}

/// `c = a b` by the crate `gemm`, one thread.
fn gemm_product(
    [m, k, n]: [usize; 3],
    (a, a_turned): (&[f32], bool),
    (b, b_turned): (&[f32], bool),
    c: &mut [f32],
) {
    /// Strides from column to column and from row to row.
    fn strides(rows: usize, columns: usize, turned: bool) -> (isize, isize) {
        if turned { (rows as isize, 1) } else { (1, columns as isize) }
    }
    let (a_strides, b_strides) = (strides(m, k, a_turned), strides(k, n, b_turned));
    // SAFETY: the slices hold m k, k n and m n numbers, which is what these strides reach.
    unsafe {
        gemm::gemm(
            m,
            n,
            k,
            c.as_mut_ptr(),
            1,
            n as isize,
            false,
            a.as_ptr(),
            a_strides.0,
            a_strides.1,
            b.as_ptr(),
            b_strides.0,
            b_strides.1,
            0.0,
            1.0,
            false,
            false,
            false,
            gemm::Parallelism::None,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gemm_computes_every_orientation() {
        // [[1, 2], [3, 4], [5, 6]] times [[1, 0, 2], [0, 1, 3]].
        let (a, a_turned) = ([1.0, 2.0, 3.0, 4.0, 5.0, 6.0], [1.0, 3.0, 5.0, 2.0, 4.0, 6.0]);
        let (b, b_turned) = ([1.0, 0.0, 2.0, 0.0, 1.0, 3.0], [1.0, 0.0, 0.0, 1.0, 2.0, 3.0]);
        for (a, left) in [(&a, false), (&a_turned, true)] {
            for (b, right) in [(&b, false), (&b_turned, true)] {
                let mut c = [0.0; 9];
                gemm_product([3, 2, 3], (a, left), (b, right), &mut c);
                assert_eq!(c, [1.0, 2.0, 8.0, 3.0, 4.0, 18.0, 5.0, 6.0, 28.0]);
            }
        }
    }
}
