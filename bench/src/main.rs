//! The loops natively: `orrery-bench SIDE...` prints sweeps a second for each side, as JSON.
#![cfg_attr(
    not(target_arch = "wasm32"),
    expect(clippy::disallowed_methods, clippy::print_stdout, reason = "a native benchmark")
)]

/// Least time of a round, in seconds.
#[cfg(not(target_arch = "wasm32"))]
const ROUND: f64 = 0.1;

#[cfg(not(target_arch = "wasm32"))]
fn main() {
    for side in std::env::args().skip(1).filter_map(|side| side.parse().ok()) {
        let mut relaxation = orrery_bench::relaxation::Relaxation::new(side);
        relaxation.sweep(10);
        let (start, mut sweeps) = (std::time::Instant::now(), 0);
        while start.elapsed().as_secs_f64() < ROUND {
            std::hint::black_box(relaxation.sweep(10));
            sweeps += 10;
        }
        let rate = f64::from(sweeps) / start.elapsed().as_secs_f64();
        println!("{{\"side\":{side},\"sweeps_per_s\":{rate}}}");
    }
}

#[cfg(target_arch = "wasm32")]
fn main() {}
