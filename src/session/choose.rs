//! Which device a run gets, and what is done when it is lost.
use super::{
    Clock, DeviceChoice, DeviceInfo, Session,
    clock::{begun, in_time},
    run::{OpenRun, Opening},
};
use crate::{
    engine::{Device, DeviceKind},
    error::{Error, Result},
    exhibit::{Progress, Run, Values},
    files::LocalFuture,
};

/// Time that a visitor waits for both devices to be measured.
const MEASURED_MS: f64 = 200.0;

/// How much of it the CPU is measured for.
const MEASURED_CPU_MS: f64 = 80.0;

/// What is said if it was too short for the GPU. Its pipelines are kept, so that it is ready next time.
const TOO_LATE: &str = "the GPU was not ready within 200 ms, a reset measures both again";

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
    pub(super) async fn begin(&mut self, opening: &Opening, wish: DeviceChoice) -> Result<OpenRun> {
        let (chosen, notice) = self.choose(opening, wish).await;
        let on_gpu = chosen.info.kind == "gpu";
        match OpenRun::start(opening, chosen).await {
            Err(error) if on_gpu => {
                let notice = format!("the CPU took over because the GPU refused: {error}");
                let open = OpenRun::start(opening, Chosen::cpu("")).await?;
                Ok(open.with_notice(Some(notice)))
            }
            begun => begun.map(|open| open.with_notice(notice)),
        }
    }

    async fn choose(&mut self, opening: &Opening, wish: DeviceChoice) -> (Chosen, Option<String>) {
        if !opening.entry.meta.devices {
            return (Chosen::cpu("this exhibit needs no other"), None);
        }
        match wish {
            DeviceChoice::Cpu => (Chosen::cpu("as asked for"), None),
            DeviceChoice::Auto => (self.auto(opening).await, None),
            DeviceChoice::Gpu => match self.gpu().await {
                Ok(gpu) => (gpu.because("as asked for"), None),
                Err(error) => {
                    (Chosen::cpu(""), Some(format!("the CPU took over because there is {error}")))
                }
            },
        }
    }

    /// The GPU; asked for once, and again after it was lost. Whoever stops waiting loses nothing.
    async fn gpu(&mut self) -> Result<Chosen> {
        if let Some(gpu) = &self.gpu {
            return gpu.clone();
        }
        let found = self.asked.get_or_insert_with(|| (self.adapter)()).await;
        self.asked = None;
        self.gpu.insert(found).clone()
    }

    /// The faster device, found within [`MEASURED_MS`] unless this very run was measured last.
    async fn auto(&mut self, opening: &Opening) -> Chosen {
        let (id, values) = (opening.entry.meta.id, &opening.values);
        if let Some(last) = &self.measured
            && last.id == id
            && last.values == *values
        {
            return last.chosen.clone();
        }
        let clock = self.clock.clone();
        let until = clock.now_ms() + MEASURED_MS;
        let gpu = match in_time(&*clock, until, self.gpu()).await {
            None => return Chosen::cpu(TOO_LATE),
            Some(Err(error)) => return Chosen::cpu(error.to_string()),
            Some(Ok(gpu)) => gpu,
        };
        if gpu.info.software {
            let name = &gpu.info.name;
            return Chosen::cpu(format!("the only GPU here, {name}, is acted by software"));
        }
        let Some(chosen) = faster(opening, gpu, &*clock, until).await else {
            return Chosen::cpu(TOO_LATE);
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

/// Measures both devices until some time, and a step of the GPU even then; `None` if it was not ready by
/// that time.
async fn faster(
    opening: &Opening,
    gpu: Chosen,
    clock: &dyn Clock,
    until_ms: f64,
) -> Option<Chosen> {
    let cpu = Chosen::cpu("");
    let mut ready = warm(opening.clone(), gpu.device.clone());
    // The driver makes the pipelines while the CPU is measured.
    let ready_at_once = begun(&mut ready).await;
    let cpu_until_ms = until_ms.min(clock.now_ms() + MEASURED_CPU_MS);
    let cpu_paces = cpu_paces(opening, clock, cpu_until_ms).await;
    let ready = match ready_at_once {
        Some(ready) => ready,
        None => in_time(clock, until_ms, ready).await?,
    };
    let gpu_paces = match ready {
        Ok(mut run) => paces(&mut *run, clock, until_ms).await,
        Err(error) => Err(error),
    };
    Some(match (cpu_paces, gpu_paces) {
        (Ok(cpu_paces), Ok(gpu_paces)) => {
            // Both over the same steps: what a drawing costs is shared by as many.
            let (cpu_ms, gpu_ms) = cpu_paces.into_iter().zip(gpu_paces).next_back()?;
            let name = &gpu.info.name;
            let detail = format!(
                "measured: {cpu_ms:.2} ms a step on the CPU, {gpu_ms:.2} on the GPU, {name}"
            );
            if gpu_ms < cpu_ms { gpu.because(detail) } else { cpu.because(detail) }
        }
        (_, Err(error)) => cpu.because(format!("the GPU refused: {error}")),
        (Err(_), Ok(_)) => gpu,
    })
}

/// A run after a first step, for which a GPU needs its pipelines, and a first reading back.
fn warm(opening: Opening, device: Device) -> LocalFuture<'static, Result<Box<dyn Run>>> {
    Box::pin(async move {
        let (_, mut run) = opening.run_on(device).await?;
        run.steps(1).await?;
        run.refresh().await?;
        Ok(run)
    })
}

/// As [`paces`], on the CPU, where the first step counts if there is no time for another.
async fn cpu_paces(opening: &Opening, clock: &dyn Clock, until_ms: f64) -> Result<Vec<f64>> {
    let began = clock.now_ms();
    let (_, mut run) = opening.run_on(Device::cpu()).await?;
    let started = clock.now_ms();
    run.steps(1).await?;
    run.refresh().await?;
    let now = clock.now_ms();
    if now + (now - began) > until_ms {
        return Ok(vec![now - started]);
    }
    paces(&mut *run, clock, until_ms).await
}

/// Time of one step with its share of what a drawing reads back, over 1, 3, 7, 15, ... steps: as far as
/// the time reaches, but at least over one.
async fn paces(run: &mut dyn Run, clock: &dyn Clock, until_ms: f64) -> Result<Vec<f64>> {
    let began = clock.now_ms();
    let mut before = began;
    let (mut taken, mut at_once) = (0, 1);
    let mut paces = Vec::new();
    loop {
        let (steps, progress) = run.steps(at_once).await?;
        run.refresh().await?;
        taken += steps;
        at_once *= 2;
        let now = clock.now_ms();
        paces.push((now - began) / f64::from(taken));
        let fits = now + 2.0 * (now - before) < until_ms;
        if !fits || at_once > MOST_AT_ONCE || progress != Progress::More {
            return Ok(paces);
        }
        before = now;
    }
}
