//! Benchmarks: training steps on each device, and matrix products beside the crate `gemm`.
//!
//! Medians over interleaved rounds. Times are good as ratios within one run; counts are exact.
mod clock;
mod data;
mod hulls;
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

/// What each of the [`NETWORKS`] is.
const ABOUT: [&str; 3] = [
    "2-64-64-2, tanh, batch 128",
    "LSTM pointer network, hidden 128, 10 points, batch 64, teacher forcing",
    "width 64, 4 layers, 4 heads, 41 tokens, batch 64",
];

/// All that was measured.
#[derive(Serialize)]
pub(crate) struct Bench {
    /// Of this crate.
    version: &'static str,
    /// Processor, as the system names it.
    machine: String,
    networks: Vec<Training>,
    /// Of the exhibit.
    hulls: Vec<hulls::Timed>,
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
    for (network, about) in NETWORKS.iter().zip(ABOUT) {
        for device in &devices {
            progress(network.name);
            networks.push(train((network, about), device)?);
        }
    }
    Ok(Bench {
        version: env!("CARGO_PKG_VERSION"),
        machine: machine(),
        networks,
        hulls: hulls::measure(&devices, &mut progress)?,
        products: products::measure(progress)?,
    })
}

fn train((network, about): (&Network, &'static str), device: &Device) -> Result<Training> {
    let (plan, mut program) = begin(network, device)?;
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
        about,
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

/// A network on a device, with the peers' initial values and data.
fn begin(network: &Network, device: &Device) -> Result<(Plan, Program)> {
    let plan = network.plan()?;
    let state = State::new(device, &[&plan], 1)?;
    let mut program = Program::new(device, &plan, &state)?;
    let data = data::of(network.name);
    for (name, values) in (network.parameters)().iter().zip(data.parameters) {
        state.write(name, &networks::ours(name, values))?;
    }
    for (name, values) in data.inputs {
        program.write(name, &values)?;
    }
    Ok((plan, program))
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
        for (network, about) in NETWORKS.iter().zip(ABOUT) {
            writeln!(f, "  {}: {about}", network.name)?;
        }
        writeln!(f, "\n{:<52}{:>10}  device", "exhibit", "median ms")?;
        for timed in &self.hulls {
            writeln!(f, "{}", timed.line())?;
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
mod tests {
    use super::*;
    use orrery::engine::gpu;

    /// Losses at the first step and at some later ones.
    fn losses(network: &Network, steps: &[usize]) -> Vec<f32> {
        let (_, mut program) = begin(network, &Device::cpu()).unwrap();
        let mut taken = 0;
        let mut at = |&step: &usize| {
            program.run(step - taken).unwrap();
            taken = step;
            pollster::block_on(program.read("loss")).unwrap()[0]
        };
        steps.iter().map(&mut at).collect()
    }

    /// What PyTorch and every peer get, to the digits in which they agree.
    #[test]
    fn losses_are_those_of_the_peers() {
        let [mlp, pointer, transformer] = &NETWORKS;
        for (network, expected) in [
            (mlp, &[(1, 0.729_990), (10, 0.663_701)][..]),
            (pointer, &[(1, 2.303_54), (10, 2.162_85)]),
            (transformer, &[(1, 2.370_86), (10, 1.440_06)]),
        ] {
            let (steps, losses_there): (Vec<usize>, Vec<f32>) = expected.iter().copied().unzip();
            for (found, there) in losses(network, &steps).iter().zip(losses_there) {
                let name = network.name;
                assert!((found - there).abs() < 1e-5 * there, "{name}: {found}, not {there}");
            }
        }
    }

    #[test]
    fn networks_take_few_dispatches() {
        // Weights turned round, both passes, their gradients, the optimiser, the counter.
        let most = 5;
        for network in &NETWORKS {
            for style in [gpu::Style::Hardware, gpu::Style::Software] {
                let (_, schedule) = gpu::schedule(&network.plan().unwrap(), style, None);
                let found = schedule.dispatches();
                assert!(found <= most, "{}, {style:?}: {found} dispatches a step", network.name);
            }
        }
    }

    #[test]
    fn the_median_is_the_middle() {
        assert_eq!(median(vec![3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(vec![4.0, 1.0]), 2.5);
    }
}
