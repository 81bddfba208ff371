//! The race: several ways of training on the same data from the same start.
use super::{
    Params,
    data::World,
    measure::{Measures, Meter},
    tiles,
    trainer::{Method, Trainer},
};
use crate::{
    error::{Error, Result},
    exhibit::{Ctx, Metric, Progress, Snapshot},
    figure::{Color, Figure, Poke, Trace, line, linear, log, rule_x, rule_y},
};

/// Training steps from one point of the curves to the next.
pub const MEASURE_EVERY: usize = 10;

/// Columns of a history.
pub const COLUMNS: &[&str] =
    &["step", "train", "loss", "common", "rare", "v1", "v2", "u1", "u2", "noise"];

/// A way of training, and what it has learned.
pub struct Runner {
    /// The way.
    pub method: Method,
    /// Columns as in [`COLUMNS`].
    pub history: Trace,
    /// At the present step, once measured.
    pub measures: Measures,
    /// Steps after which they were.
    measured: usize,
}

/// What the lanes keep, and their histories.
struct Saved {
    step: usize,
    kept: Vec<Vec<f32>>,
    histories: Vec<Trace>,
}

/// Several ways of training side by side.
pub struct Race {
    /// Data and initial weights of all.
    pub world: World,
    trainer: Trainer,
    /// Measures what the lanes keep.
    pub meter: Meter,
    /// In the order in which they are shown.
    pub runners: Vec<Runner>,
    /// The example that is shown, and its partner.
    pub pair: [usize; 2],
    /// Steps taken.
    pub step: usize,
}

impl Params {
    /// The ways of training that are shown.
    pub(super) fn methods(&self) -> Vec<Method> {
        let more: &[Method] = match self.baselines {
            "rare ones oversampled" => &[Method::Oversampled],
            "input mixing only" => &[Method::InputOnly],
            "noise augmentation" => &[Method::Noise],
            "Beta Mixup, batches" => &[Method::Beta],
            "all" => &Method::ALL[3..],
            _ => &[],
        };
        [&Method::ALL[..3], more].concat()
    }
}

impl Race {
    /// Before the first step.
    pub async fn new(ctx: &Ctx, p: &Params) -> Result<Self> {
        let world = World::new(&p.config(), ctx.seed).await?;
        let methods = p.methods();
        let trainer = Trainer::new(&ctx.device, &world, &methods, ctx.seed)?;
        let mut meter = Meter::new(&world)?;
        let mut runners = Vec::new();
        for (lane, &method) in methods.iter().enumerate() {
            let kept = if lane == 0 || method == Method::Noise {
                trainer.kept(lane).await?
            } else {
                vec![0.0; world.train_start().len()]
            };
            let measures = meter.measure(&world, method, &kept).await?;
            let mut history = Trace::new(COLUMNS).rows_at_most(400);
            history.push(&row(0, &measures));
            runners.push(Runner { method, history, measures, measured: 0 });
        }
        let pair = [0, world.train.len() - 1];
        Ok(Self { world, trainer, meter, runners, pair, step: 0 })
    }

    /// One step of every lane.
    pub async fn step(&mut self, p: &Params) -> Result<Progress> {
        let rates = p.rates();
        for lane in 0..self.runners.len() {
            self.trainer.step(lane, &rates)?;
        }
        self.step += 1;
        if self.step.is_multiple_of(MEASURE_EVERY) || self.step >= p.steps {
            self.refresh().await?;
            for runner in &mut self.runners {
                runner.history.push(&row(self.step, &runner.measures));
            }
            if self.runners.iter().any(|runner| !runner.measures.loss.is_finite()) {
                return Ok(Progress::Diverged);
            }
        }
        Ok(if self.step < p.steps { Progress::More } else { Progress::Done })
    }

    /// Brings the measures up to the present step.
    pub async fn refresh(&mut self) -> Result<()> {
        for (lane, runner) in self.runners.iter_mut().enumerate() {
            if runner.measured != self.step {
                let kept = self.trainer.kept(lane).await?;
                runner.measures = self.meter.measure(&self.world, runner.method, &kept).await?;
                runner.measured = self.step;
            }
        }
        Ok(())
    }

    /// A copy of what a lost device would take along.
    pub async fn snapshot(&self) -> Result<Snapshot> {
        let mut kept = Vec::new();
        for lane in 0..self.runners.len() {
            kept.push(self.trainer.kept(lane).await?);
        }
        let histories = self.runners.iter().map(|runner| runner.history.clone()).collect();
        Ok(Snapshot::new(Saved { step: self.step, kept, histories }))
    }

    /// Goes back to a copy.
    pub fn restore(&mut self, saved: &Snapshot) -> Result<()> {
        let Some(Saved { step, kept, histories }) = saved.get() else { return Ok(()) };
        for (lane, (kept, history)) in kept.iter().zip(histories).enumerate() {
            self.trainer.put(lane, *step, kept)?;
            let runner = &mut self.runners[lane];
            (runner.history, runner.measured) = (history.clone(), usize::MAX);
        }
        self.step = *step;
        Ok(())
    }

    /// A clicked example is shown, beside the one shown before.
    pub fn poke(&mut self, poke: &Poke) -> Result<()> {
        let chosen = poke.index as usize;
        if chosen >= self.world.train.len() {
            return Err(Error::Poke {
                figure: poke.figure.clone(),
                kind: poke.kind.to_string(),
                reason: format!("there are {} examples", self.world.train.len()),
            });
        }
        if chosen != self.pair[0] {
            self.pair = [chosen, self.pair[0]];
        }
        Ok(())
    }

    /// The lane trained so.
    pub fn of(&self, method: Method) -> &Measures {
        let found = self.runners.iter().find(|runner| runner.method == method);
        &found.unwrap_or(&self.runners[0]).measures
    }

    /// Rare accuracy of standard training and of Mixup, and what they share.
    pub fn metrics(&self) -> Vec<Metric> {
        let percent = |name, label, x: f32| Metric::new(name, label, 100.0 * x).unit("%");
        let (standard, mixup) = (self.of(Method::Standard), self.of(Method::Mixup));
        vec![
            percent("rare_standard", "Rare test accuracy, standard", standard.rare),
            percent("rare_mixup", "Rare test accuracy, Mixup", mixup.rare),
            percent("rare_stopped", "Rare, Mixup stopped early", self.of(Method::Stopped).rare),
            percent("common_mixup", "Common test accuracy, Mixup", mixup.common),
            percent("train_standard", "Training accuracy, standard", standard.train),
            percent("train_mixup", "Training accuracy, Mixup", mixup.train),
        ]
    }

    /// "standard 56.2%, Mixup 98.0%, ..." of something.
    pub fn told(&self, of: impl Fn(&Measures) -> String) -> String {
        let each = self.runners.iter().map(|r| format!("{} {}", r.method.name(), of(&r.measures)));
        each.collect::<Vec<String>>().join(", ")
    }

    /// A column of all histories against the step, one line a lane.
    pub fn curves(&self, figure: Figure, column: &str) -> Figure {
        let (mut x, mut y, mut series) = (vec![], vec![], vec![]);
        for runner in &self.runners {
            x.extend_from_slice(runner.history.get("step"));
            y.extend_from_slice(runner.history.get(column));
            series.extend(std::iter::repeat_n(runner.method.name(), runner.history.len()));
        }
        figure.color(Color::series()).with(line().x(x).y(y).stroke(series).stroke_width(2.0))
    }
}

fn row(step: usize, m: &Measures) -> [f32; 10] {
    let [v1, v2, u1, u2] = m.learned;
    [step as f32, m.train, m.loss, m.common, m.rare, v1, v2, u1, u2, m.noise]
}

/// 56.2% for 0.562.
pub fn percent(share: f32) -> String {
    format!("{:.1}%", 100.0 * share)
}

/// A named column of a table, made from each way of training.
type TableColumn = (&'static str, fn(&Measures) -> String);

/// Panel 1: the pair that is shown, the race, and all numbers.
pub fn figures(race: &Race, p: &Params) -> Vec<Figure> {
    vec![rare(race, p), loss(race, p), tiles::examples(race), tiles::pair(race, p), numbers(race)]
}

fn rare(race: &Race, p: &Params) -> Figure {
    let y = linear("accuracy on new rare examples").domain(0.0, 1.0);
    let x = linear("step").domain(0.0, p.steps as f64);
    let figure = Figure::plot("rare", "New examples with the rare clue", x, y)
        .caption(
            "All lanes start from the same weights and see the same training set, which each soon gets \
             entirely right. The dashed line is a coin flip; drag the upright one to stop Mixup earlier \
             or later.",
        )
        .alt(format!("After {} steps: {}.", race.step, race.told(|m| percent(m.rare))));
    let stop = rule_x().x(vec![p.stop.min(p.steps) as f32]).stroke(Method::Stopped.name());
    race.curves(figure, "rare")
        .with(rule_y().y(vec![0.5]).stroke("currentColor").option("strokeDasharray", "4 4"))
        .with(stop.option("strokeDasharray", "2 3").stroke_width(2.0).sets_x("stop"))
}

fn loss(race: &Race, p: &Params) -> Figure {
    let x = linear("step").domain(0.0, p.steps as f64);
    let figure = Figure::plot("loss", "Training loss, without mixing", x, log("cross-entropy"))
        .caption(
            "Mean cross-entropy of the training examples as they are. Mixup never lets it go to zero: \
             blends always leave something to learn.",
        )
        .alt(format!("After {} steps: {}.", race.step, race.told(|m| format!("{:.3}", m.loss))));
    race.curves(figure, "loss")
}

fn numbers(race: &Race) -> Figure {
    let columns: [TableColumn; 7] = [
        ("training", |m| percent(m.train)),
        ("new, common", |m| percent(m.common)),
        ("new, rare", |m| percent(m.rare)),
        ("loss", |m| format!("{:.3}", m.loss)),
        ("Γ(v₁), Γ(v₂)", |m| format!("{:.2}, {:.2}", m.learned[0], m.learned[1])),
        ("Γ(u₁), Γ(u₂)", |m| format!("{:.2}, {:.2}", m.learned[2], m.learned[3])),
        ("noise memorised", |m| format!("{:.2}", m.noise)),
    ];
    let names: Vec<&str> = race.runners.iter().map(|r| r.method.name()).collect();
    let figure = Figure::table("numbers", "The lanes in numbers")
        .full()
        .caption(format!(
            "Step {}. Accuracies on {} training examples, and on {} new ones of each kind. Γ is the \
             greatest |⟨w, feature⟩| over the filters of its class.",
            race.step,
            race.world.train.len(),
            race.world.config.tests()
        ))
        .alt(format!(
            "Common test accuracy: {}. Rare test accuracy: {}.",
            race.told(|m| percent(m.common)),
            race.told(|m| percent(m.rare))
        ))
        .column("lane", names);
    columns.into_iter().fold(figure, |figure, (name, of)| {
        let values: Vec<String> = race.runners.iter().map(|r| of(&r.measures)).collect();
        figure.column(name, values)
    })
}
