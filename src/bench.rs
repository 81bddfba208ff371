//! Benchmarks: training steps on each device, and matrix products beside the crate `gemm`.
//!
//! Medians over interleaved rounds. Times are good as ratios within one run; counts are exact.
mod clock;
mod networks;
mod products;

use clock::{GIGA, median, per_call};
use networks::{NETWORKS, Network};
use orrery::{
    engine::{Device, Plan, Program, State},
    error::Result,
};
use products::Product;
use serde::Serialize;
use std::fmt;

/// Rounds of a network on a device.
const ROUNDS: usize = 7;
/// Least time of a round.
const ROUND_MS: f64 = 150.0;

/// All that was measured.
#[derive(Serialize)]
pub(crate) struct Bench {
    /// Of this crate.
    version: &'static str,
    /// Processor, as the system names it.
    machine: String,
    networks: Vec<Training>,
    products: Vec<Product>,
}

/// A training step of a network on a device.
#[derive(Serialize)]
struct Training {
    network: &'static str,
    about: &'static str,
    device: String,
    /// The device is software that acts as a GPU.
    software: bool,
    /// Median.
    step_ms: f64,
    /// Fastest round.
    fastest_ms: f64,
    gflops: f64,
    dispatches: usize,
    mflop: f64,
    arena_kib: f64,
}

/// Measures everything; `progress` is told what comes next.
pub(crate) fn run(mut progress: impl FnMut(&str)) -> Result<Bench> {
    let mut devices = vec![Device::cpu()];
    devices.extend(pollster::block_on(Device::gpu()));
    let mut networks = Vec::new();
    for network in &NETWORKS {
        for device in &devices {
            progress(network.name);
            networks.push(train(network, device)?);
        }
    }
    Ok(Bench {
        version: env!("CARGO_PKG_VERSION"),
        machine: machine(),
        networks,
        products: products::measure(progress)?,
    })
}

fn train(network: &Network, device: &Device) -> Result<Training> {
    let plan: Plan = network.plan()?;
    let state = State::new(device, &[&plan], 1)?;
    let mut program = Program::new(device, &plan, &state)?;
    let mut steps_of = |steps: usize| {
        program.run(steps)?;
        // Reading waits for the steps.
        pollster::block_on(program.read("loss"))
    };
    // Pipelines are built and caches filled; then as many steps a round as fill its time.
    steps_of(1)?;
    let first = per_call(0.0, || steps_of(1).map(drop))?;
    let steps = ((ROUND_MS / 1e3 / first) as usize).clamp(1, 2000);
    let mut seconds = Vec::new();
    for _ in 0..ROUNDS {
        seconds.push(per_call(0.0, || steps_of(steps).map(drop))? / steps as f64);
    }
    let fastest_ms = seconds.iter().copied().fold(f64::INFINITY, f64::min) * 1e3;
    let (second, report) = (median(seconds), plan.report());
    Ok(Training {
        network: network.name,
        about: network.about,
        device: device.name().to_owned(),
        software: device.is_software(),
        step_ms: second * 1e3,
        fastest_ms,
        gflops: report.flops as f64 / second / GIGA,
        dispatches: program.dispatches(),
        mflop: report.flops as f64 / 1e6,
        arena_kib: report.arena_bytes as f64 / 1024.0,
    })
}

/// The processor, where the system tells.
fn machine() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let model = model.map_or("unknown processor", |(_, name)| name);
    format!("{model}, {} {}", std::env::consts::OS, std::env::consts::ARCH)
}

impl fmt::Display for Bench {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "orrery {} on {}\n", self.version, self.machine)?;
        writeln!(
            f,
            "{:<13}{:>10}{:>10}{:>9}{:>11}{:>10}{:>12}  device",
            "training step", "median ms", "best ms", "GFLOP/s", "dispatches", "MFLOP", "arena KiB"
        )?;
        for t in &self.networks {
            let software = if t.software { " (software)" } else { "" };
            writeln!(
                f,
                "{:<13}{:>10.3}{:>10.3}{:>9.1}{:>11}{:>10.1}{:>12.0}  {}{software}",
                t.network,
                t.step_ms,
                t.fastest_ms,
                t.gflops,
                t.dispatches,
                t.mflop,
                t.arena_kib,
                t.device
            )?;
        }
        for network in &NETWORKS {
            writeln!(f, "  {}: {}", network.name, network.about)?;
        }
        writeln!(f, "\n{:<27}{:>9}{:>9}{:>8}", "product, GFLOP/s", "ours", "gemm", "ratio")?;
        for p in &self.products {
            let (name, ours, gemm, ratio) = (p.name, p.gflops, p.gemm_gflops, p.ratio);
            writeln!(f, "{name:<27}{ours:>9.1}{gemm:>9.1}{ratio:>8.2}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "one machine is enough for a tolerance")]
mod tests {
    use super::*;

    /// Losses after some numbers of steps.
    fn losses(network: &Network, steps: &[usize]) -> Vec<f32> {
        let plan = network.plan().unwrap();
        let state = State::new(&Device::cpu(), &[&plan], 1).unwrap();
        let mut program = Program::new(&Device::cpu(), &plan, &state).unwrap();
        let mut after = |&steps: &usize| {
            program.run(steps).unwrap();
            pollster::block_on(program.read("loss")).unwrap()[0]
        };
        steps.iter().map(&mut after).collect()
    }

    #[test]
    fn networks_begin_with_a_guess_and_the_perceptron_learns() {
        let [mlp, pointer, _] = &NETWORKS;
        let found = losses(mlp, &[1, 300]);
        // One of two classes, one of ten points.
        assert!((found[0] - 2.0_f32.ln()).abs() < 0.2, "{found:?}");
        assert!(found[1] < 0.3, "{found:?}");
        let found = losses(pointer, &[1]);
        assert!((found[0] - 10.0_f32.ln()).abs() < 0.2, "{found:?}");
    }

    #[test]
    fn the_median_is_the_middle() {
        assert_eq!(median(vec![3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(vec![4.0, 1.0]), 2.5);
    }
}
