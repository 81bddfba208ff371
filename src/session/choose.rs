//! Which device a run gets, and what is done when it is lost.
use super::{Clock, DeviceChoice, DeviceInfo, Session, run::OpenRun};
use crate::{
    engine::{Device, DeviceKind},
    error::{Error, Result},
    exhibit::{Ctx, Entry, Progress, Values},
};

/// Longest time the steps of one device are measured.
const MEASURED_MS: f64 = 200.0;

/// Most steps taken at once while measuring.
const MOST_AT_ONCE: u32 = 64;

/// A device, and what the page is told of it.
#[derive(Clone)]
pub struct Chosen {
    /// The device.
    pub device: Device,
    /// What it is and how it was chosen.
    pub info: DeviceInfo,
}

/// What was found by measuring both devices for a run.
pub(super) struct Measured {
    id: &'static str,
    values: Values,
    chosen: Chosen,
}

impl Chosen {
    /// A device, described in its own words.
    pub fn of(device: Device) -> Self {
        let info = DeviceInfo {
            kind: match device.kind() {
                DeviceKind::Cpu => "cpu",
                DeviceKind::Gpu => "gpu",
            },
            name: device.name().to_owned(),
            software: device.is_software(),
            detail: String::new(),
        };
        Self { device, info }
    }

    fn because(mut self, detail: impl Into<String>) -> Self {
        self.info.detail = detail.into();
        self
    }

    fn cpu(detail: impl Into<String>) -> Self {
        Self::of(Device::cpu()).because(detail)
    }
}

impl Session {
    /// Starts a run on the device wished for, or on the CPU with a notice.
    pub(super) async fn begin(
        &mut self,
        entry: Entry,
        seed: u64,
        wish: DeviceChoice,
        values: &Values,
    ) -> Result<OpenRun> {
        let (chosen, notice) = self.choose(entry, seed, wish, values).await;
        let on_gpu = chosen.info.kind == "gpu";
        match OpenRun::start(entry, seed, values, chosen) {
            Err(error) if on_gpu => {
                let notice = format!("the CPU took over because the GPU refused: {error}");
                let open = OpenRun::start(entry, seed, values, Chosen::cpu(""))?;
                Ok(open.with_notice(Some(notice)))
            }
            begun => begun.map(|open| open.with_notice(notice)),
        }
    }

    async fn choose(
        &mut self,
        entry: Entry,
        seed: u64,
        wish: DeviceChoice,
        values: &Values,
    ) -> (Chosen, Option<String>) {
        if !entry.meta.devices {
            return (Chosen::cpu("this exhibit needs no other"), None);
        }
        let gpu = match wish {
            DeviceChoice::Cpu => return (Chosen::cpu("as asked for"), None),
            _ => self.gpu().await,
        };
        match (wish, gpu) {
            (DeviceChoice::Gpu, Ok(gpu)) => (gpu.because("as asked for"), None),
            (DeviceChoice::Gpu, Err(error)) => {
                (Chosen::cpu(""), Some(format!("the CPU took over because there is {error}")))
            }
            (_, Err(error)) => (Chosen::cpu(error.to_string()), None),
            (_, Ok(gpu)) if gpu.info.software => {
                let name = &gpu.info.name;
                (Chosen::cpu(format!("the only GPU here, {name}, is acted by software")), None)
            }
            (_, Ok(gpu)) => (self.faster(entry, seed, values, gpu).await, None),
        }
    }

    /// The GPU; asked for once, and again after it was lost.
    async fn gpu(&mut self) -> Result<Chosen> {
        match &self.gpu {
            Some(gpu) => gpu.clone(),
            None => self.gpu.insert((self.adapter)().await).clone(),
        }
    }

    /// Measures both devices, unless this very run was measured last.
    async fn faster(&mut self, entry: Entry, seed: u64, values: &Values, gpu: Chosen) -> Chosen {
        let id = entry.meta.id;
        if let Some(last) = &self.measured
            && last.id == id
            && last.values == *values
        {
            return last.chosen.clone();
        }
        let cpu = Chosen::cpu("");
        let cpu_ms = pace_ms(entry, seed, &cpu.device, values, &self.clock).await;
        let gpu_ms = pace_ms(entry, seed, &gpu.device, values, &self.clock).await;
        let chosen = match (cpu_ms, gpu_ms) {
            (Ok(cpu_ms), Ok(gpu_ms)) => {
                let name = &gpu.info.name;
                let detail = format!(
                    "measured: {cpu_ms:.2} ms a step on the CPU, {gpu_ms:.2} on the GPU, {name}"
                );
                if gpu_ms < cpu_ms { gpu.because(detail) } else { cpu.because(detail) }
            }
            (_, Err(error)) => cpu.because(format!("the GPU refused: {error}")),
            (Err(_), Ok(_)) => gpu,
        };
        self.measured = Some(Measured { id, values: values.clone(), chosen: chosen.clone() });
        chosen
    }

    /// Goes on with a run whose device was lost: on the GPU asked for again, else on the CPU; from
    /// the last snapshot, else from the start.
    pub(super) async fn recover(&mut self, lost: OpenRun, reason: &str) -> Result<()> {
        (self.gpu, self.measured) = (None, None);
        let again = if lost.losses == 0 { self.gpu().await.ok() } else { None };
        let mut outcome = Err(Error::DeviceLost { reason: reason.to_owned() });
        for chosen in again.into_iter().chain([Chosen::cpu("the GPU was lost")]) {
            outcome = match lost.again_on(chosen, reason).await {
                Ok(mut open) => match open.run.refresh().await {
                    Ok(()) => {
                        self.open = Some(open);
                        return Ok(());
                    }
                    refused => refused,
                },
                Err(error) => Err(error),
            };
        }
        self.open = Some(lost);
        outcome
    }
}

/// Time of one step with its share of what a frame reads back, after a first one that makes the
/// pipelines.
async fn pace_ms(
    entry: Entry,
    seed: u64,
    device: &Device,
    values: &Values,
    clock: &Clock,
) -> Result<f64> {
    let mut run = (entry.start)(&Ctx { seed, device: device.clone() }, values)?;
    run.steps(1).await?;
    run.refresh().await?;
    let began = clock();
    let (mut taken, mut at_once) = (0, 1);
    loop {
        let before = clock() - began;
        let (steps, progress) = run.steps(at_once).await?;
        run.refresh().await?;
        taken += steps;
        at_once *= 2;
        let now = clock() - began;
        let fits = now + 2.0 * (now - before) < MEASURED_MS;
        if !fits || at_once > MOST_AT_ONCE || progress != Progress::More {
            return Ok(now / f64::from(taken));
        }
    }
}
