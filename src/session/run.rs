//! The run that is open.
use super::{
    Chosen, Clock, DeviceInfo, Frame,
    poke::{MOST_POKES, admit, continues, keep},
};
use crate::{
    engine::Device,
    error::{Error, Result},
    exhibit::{Ctx, Entry, Progress, Run, Snapshot, Values},
    figure::{Direction, Figure, Poke, PokeKind},
    files::Files,
    params::{Value, find},
};

/// Steps are asked for in pieces of this length, and handed to a GPU as many at once: it must not be
/// kept longer from drawing.
const PIECE_MS: f64 = 8.0;

/// Time between two snapshots of a run on a GPU.
const SNAPSHOT_MS: f64 = 3000.0;

/// What is to be run.
#[derive(Clone)]
pub(super) struct Opening {
    pub(super) entry: Entry,
    pub(super) seed: u64,
    pub(super) values: Values,
    pub(super) files: Files,
}

impl Opening {
    /// A run of it on this device.
    pub(super) async fn run_on(&self, device: Device) -> Result<(Ctx, Box<dyn Run>)> {
        // What was measured of another run says nothing of this one.
        device.set_steps_per_submission(None);
        let ctx = Ctx { seed: self.seed, device, files: self.files.clone() };
        let run = (self.entry.start)(&ctx, &self.values).await?;
        Ok((ctx, run))
    }
}

/// A run, with all that makes its state.
pub(super) struct OpenRun {
    pub(super) entry: Entry,
    pub(super) ctx: Ctx,
    pub(super) run: Box<dyn Run>,
    notice: Option<String>,
    /// How often its device was lost.
    pub(super) losses: u32,
    device: DeviceInfo,
    step: u64,
    ended: bool,
    pokes: Vec<Poke>,
    pace: Pace,
    saved: Option<(u64, Snapshot)>,
    saved_at_ms: Option<f64>,
}

/// Whole steps that fit into a time, as far as can be told.
fn fitting(ms: f64, step_ms: f64) -> u32 {
    (ms / step_ms.max(1e-6)) as u32
}

/// What is known of how long steps take.
#[derive(Default)]
struct Pace {
    /// Time of one step in the last frame that had any, with what came to light when reading back.
    step_ms: Option<f64>,
    /// The shortest time that reading back took.
    refresh_ms: Option<f64>,
    /// Steps of this frame, and the time they took until they were handed to the device.
    taken: u32,
    handed_ms: f64,
}

impl OpenRun {
    pub(super) async fn start(opening: &Opening, on: Chosen) -> Result<Self> {
        let (ctx, run) = opening.run_on(on.device).await?;
        Ok(Self {
            entry: opening.entry,
            ctx,
            run,
            notice: None,
            losses: 0,
            device: on.info,
            step: 0,
            ended: false,
            pokes: Vec::new(),
            pace: Pace::default(),
            saved: None,
            saved_at_ms: None,
        })
    }

    pub(super) fn with_notice(self, notice: Option<String>) -> Self {
        Self { notice, ..self }
    }

    fn on_gpu(&self) -> bool {
        self.device.kind == "gpu"
    }

    /// What would open it as it is now.
    fn opening(&self) -> Opening {
        let values = self.run.values().into_iter().map(|(name, value)| (name.to_owned(), value));
        Opening {
            entry: self.entry,
            seed: self.ctx.seed,
            values: values.collect(),
            files: self.ctx.files.clone(),
        }
    }

    /// Sets a parameter; on an error the run is as it was.
    pub(super) async fn set(&mut self, name: &str, value: &Value) -> Result<()> {
        let param = find(self.entry.params, name)?;
        (self.entry.check)(name, value)?;
        if param.live { self.run.set(name, value) } else { self.restart_with(name, value).await }
    }

    /// Starts anew with one more value; on an error the old run stays.
    async fn restart_with(&mut self, name: &str, value: &Value) -> Result<()> {
        let mut opening = self.opening();
        opening.values.insert(name.to_owned(), value.clone());
        let on = Chosen { device: self.ctx.device.clone(), info: self.device.clone() };
        let mut open = Self::start(&opening, on).await?;
        open.losses = self.losses;
        let lapsed = open.replay(self.pokes.iter().cloned().map(Ok)).await?.len();
        if lapsed > 0 {
            let all = self.pokes.len();
            open.notice = Some(format!(
                "{lapsed} of {all} changes made by hand do not fit the new parameters and were left out"
            ));
        }
        *self = open;
        Ok(())
    }

    /// The same run on another device, from the last snapshot, else from the start.
    pub(super) async fn again_on(&self, on: Chosen, reason: &str) -> Result<Self> {
        let mut open = Self::start(&self.opening(), on).await?;
        open.replay(self.pokes.iter().cloned().map(Ok)).await?;
        if let Some((step, snapshot)) = &self.saved {
            open.run.restore(snapshot)?;
            open.step = *step;
        }
        open.losses = self.losses + 1;
        open.notice = Some(format!(
            "the GPU was lost at step {} ({reason}); the {} goes on from step {}",
            self.step,
            if open.device.kind == "cpu" { "CPU" } else { "GPU" },
            open.step,
        ));
        Ok(open)
    }

    pub(super) async fn poke(&mut self, poke: Poke) -> Result<()> {
        let figures = self.run.figures();
        let mark = admit(&figures, &poke)?;
        if !mark.sets.is_empty() {
            for (axis, name) in &mark.sets {
                let at = match axis {
                    Direction::X => poke.x,
                    Direction::Y => poke.y,
                };
                let value = find(self.entry.params, name)?.kind.nearest(at);
                self.set(name, &value).await?;
            }
            return Ok(());
        }
        if self.pokes.len() >= MOST_POKES && !continues(&self.pokes, &poke) {
            return Err(Error::Poke {
                figure: poke.figure,
                kind: poke.kind.to_string(),
                reason: format!(
                    "{MOST_POKES} changes made by hand are the most; reset clears them"
                ),
            });
        }
        self.run.poke(&poke)?;
        keep(&mut self.pokes, poke);
        Ok(())
    }

    /// Does again what a reader did before; returns what was wrong with what could not be done.
    pub(super) async fn replay(
        &mut self,
        pokes: impl Iterator<Item = Result<Poke>>,
    ) -> Result<Vec<Error>> {
        let mut errors = Vec::new();
        let mut pokes = pokes.peekable();
        if pokes.peek().is_some() {
            self.run.refresh().await?;
        }
        let mut figures: Option<Vec<Figure>> = None;
        for poke in pokes {
            let outcome = poke.and_then(|poke| {
                if self.pokes.len() >= MOST_POKES && !continues(&self.pokes, &poke) {
                    let allowed = format!("at most {MOST_POKES}");
                    let (name, value) = ("poke".to_owned(), "one more".to_owned());
                    return Err(Error::Value { name, value, allowed });
                }
                let mark = admit(figures.get_or_insert_with(|| self.run.figures()), &poke)?;
                if !mark.sets.is_empty() {
                    // Its parameter is in the address itself.
                    return Ok(());
                }
                self.run.poke(&poke)?;
                if poke.kind != PokeKind::Drag {
                    figures = None;
                }
                keep(&mut self.pokes, poke);
                Ok(())
            });
            errors.extend(outcome.err());
        }
        Ok(errors)
    }

    /// Takes at most so many steps, as many as are likely to fit into the time.
    pub(super) async fn advance(
        &mut self,
        steps: u32,
        budget_ms: f64,
        clock: &dyn Clock,
    ) -> Result<()> {
        let began = clock.now_ms();
        let most = self.most(budget_ms).min(steps);
        (self.pace.taken, self.pace.handed_ms) = (0, 0.0);
        while self.pace.taken < most && !self.ended {
            let step_ms = self.pace.handed_ms / f64::from(self.pace.taken.max(1));
            let left_ms = budget_ms - self.pace.handed_ms;
            if self.pace.taken > 0 && left_ms < step_ms {
                break;
            }
            let piece = match self.pace.step_ms {
                Some(step_ms) => fitting(left_ms.min(PIECE_MS), step_ms),
                None => 1,
            };
            let (taken, progress) = self.run.steps(piece.clamp(1, most - self.pace.taken)).await?;
            self.step += u64::from(taken);
            self.pace.taken += taken;
            self.pace.handed_ms = clock.now_ms() - began;
            self.ended = progress != Progress::More;
            if progress == Progress::Diverged {
                self.notice = Some(format!(
                    "the run diverged at step {}: its numbers are no longer finite or grew beyond all bounds",
                    self.step
                ));
            }
        }
        Ok(())
    }

    /// Steps that fit into the time. On the CPU the clock tells while they are taken; on a GPU
    /// only the last frame can tell.
    fn most(&self, budget_ms: f64) -> u32 {
        match self.pace.step_ms {
            _ if !self.on_gpu() => u32::MAX,
            None => 1,
            Some(ms) => (1.25 * budget_ms / ms.max(1e-6)).ceil().max(1.0) as u32,
        }
    }

    /// Takes note of how long the reading back after the steps of this frame took: what is beyond
    /// the shortest was spent waiting for them.
    pub(super) fn refreshed(&mut self, ms: f64) {
        let least = self.pace.refresh_ms.map_or(ms, |least| least.min(ms));
        self.pace.refresh_ms = Some(least);
        if self.pace.taken > 0 {
            let spent = self.pace.handed_ms + (ms - least);
            let step_ms = spent / f64::from(self.pace.taken);
            self.pace.step_ms = Some(step_ms);
            self.ctx.device.set_steps_per_submission(Some(fitting(PIECE_MS, step_ms) as usize));
        }
    }

    /// Every few seconds keeps in memory what a lost device would take with it.
    pub(super) async fn save(&mut self, clock: &dyn Clock) -> Result<()> {
        let now = clock.now_ms();
        let due = self.saved_at_ms.is_none_or(|at| now - at >= SNAPSHOT_MS);
        if self.on_gpu() && self.step > 0 && due {
            if let Some(snapshot) = self.run.snapshot().await? {
                self.saved = Some((self.step, snapshot));
            }
            self.saved_at_ms = Some(clock.now_ms());
        }
        Ok(())
    }

    pub(super) fn frame(&mut self) -> Frame {
        Frame {
            step: self.step,
            done: self.ended,
            notice: self.notice.clone(),
            values: self.run.values(),
            ignored: Vec::new(),
            pokes: self.pokes.clone(),
            device: self.device.clone(),
            metrics: self.run.metrics(),
            figures: self.run.figures(),
        }
    }
}
