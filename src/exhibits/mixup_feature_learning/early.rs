//! Early stopping: one Mixup training, left at many points for standard training to the same end.
use super::{
    Params,
    data::World,
    measure::{Measures, Meter},
    race::percent,
    sweep::pace,
    trainer::{Method, Rates, Trainer},
};
use crate::{
    error::Result,
    exhibit::{Ctx, Metric, Progress},
    figure::{Color, Figure, dot, line, linear, rule_x},
};

/// Points at which Mixup is left, besides the start.
const STOPS: usize = 24;

/// One training: where Mixup was left, and what was measured by step.
struct Branch {
    stop: usize,
    /// Step, rare accuracy, lesser rare alignment.
    curve: Vec<[f32; 3]>,
    last: Measures,
}

/// A Mixup training, its branches, and the end of each.
pub struct Early {
    world: World,
    trainer: Trainer,
    meter: Meter,
    rates: Rates,
    steps: usize,
    /// Step and coefficients at each point where a branch leaves.
    saved: Vec<(usize, Vec<f32>)>,
    /// Of Mixup to the end: step, rare accuracy, lesser rare alignment.
    trunk: Vec<[f32; 3]>,
    /// Those that are done, in the order in which they were.
    branches: Vec<Branch>,
    /// The one under way.
    curve: Vec<[f32; 3]>,
    /// Steps taken beyond what was measured last.
    ahead: usize,
}

impl Early {
    /// Before the first step.
    pub async fn new(ctx: &Ctx, p: &Params) -> Result<Self> {
        let world = World::new(&p.config(), ctx.seed).await?;
        let methods = [Method::Mixup, Method::Standard];
        Ok(Self {
            trainer: Trainer::new(&ctx.device, &world, &methods, ctx.seed)?,
            meter: Meter::new(&world)?,
            world,
            rates: p.rates(),
            steps: p.steps,
            saved: vec![(0, vec![])],
            trunk: vec![],
            branches: vec![],
            curve: vec![],
            ahead: 0,
        })
    }

    /// Steps between two points.
    fn pitch(&self) -> usize {
        self.steps.div_ceil(STOPS)
    }

    /// Some steps of the trunk, then of one branch after another, coarse to fine.
    pub async fn step(&mut self) -> Result<Progress> {
        let (lane, from) = match self.next() {
            None if self.trunk_is_done() => return Ok(Progress::Done),
            None => (0, self.saved.last().map_or(0, |(step, _)| *step)),
            Some(branch) => {
                let (stop, kept) = &self.saved[branch];
                let done = self.curve.last().map_or(*stop, |row| row[0] as usize);
                if self.curve.is_empty() && self.ahead == 0 {
                    if kept.is_empty() {
                        self.trainer.reset(1, &self.world)?;
                    } else {
                        self.trainer.put(1, *stop, kept)?;
                    }
                }
                (1, done)
            }
        };
        let until = (from + self.pitch()).min(self.steps);
        let reached = (from + self.ahead + pace(&self.world.config)).min(until);
        for _ in from + self.ahead..reached {
            self.trainer.step(lane, &self.rates)?;
        }
        self.ahead = if reached < until { reached - from } else { 0 };
        if reached < until {
            return Ok(Progress::More);
        }
        let kept = self.trainer.kept(lane).await?;
        let measures = self.meter.measure(&self.world, Method::Mixup, &kept).await?;
        let row = [until as f32, measures.rare, measures.learned[2].min(measures.learned[3])];
        if lane == 0 {
            self.trunk.push(row);
            self.saved.push((until, kept));
        } else {
            self.curve.push(row);
        }
        if until == self.steps {
            let stop = if lane == 0 { until } else { self.next().map_or(0, |i| self.saved[i].0) };
            let curve = std::mem::take(&mut self.curve);
            let last = Measures { activations: vec![], ..measures };
            self.branches.push(Branch { stop, curve, last });
        }
        let more = self.next().is_some() || !self.trunk_is_done();
        Ok(if more { Progress::More } else { Progress::Done })
    }

    fn trunk_is_done(&self) -> bool {
        self.saved.last().is_some_and(|(step, _)| *step >= self.steps)
    }

    /// The next branch to train, once the trunk is done.
    fn next(&self) -> Option<usize> {
        if !self.trunk_is_done() {
            return None;
        }
        let open = |i: &usize| self.branches.iter().all(|b| b.stop != self.saved[*i].0);
        [8, 4, 2, 1].into_iter().find_map(|stride| (0..self.saved.len()).step_by(stride).find(open))
    }

    /// The finished branch that left nearest to a step.
    fn nearest(&self, stop: usize) -> Option<&Branch> {
        self.branches.iter().min_by_key(|b| b.stop.abs_diff(stop))
    }

    /// How far it is.
    pub fn metrics(&self) -> Vec<Metric> {
        let whole = self.branches.iter().find(|b| b.stop == self.steps);
        let rare = whole.map_or(f32::NAN, |b| 100.0 * b.last.rare);
        vec![
            Metric::new("branches", "Stopping points done", self.branches.len() as f64),
            Metric::new("never", "Rare accuracy, never stopped", rare).unit("%"),
        ]
    }

    /// Panel 6.
    pub fn figures(&self, p: &Params) -> Vec<Figure> {
        vec![
            self.courses(
                p,
                ("early_rare", "Stop Mixup at t*", "rare accuracy"),
                1,
                "Thin: Mixup to the end, and standard training throughout. Thick: Mixup left at t* for standard \
                 training. Drag the rule: the nearest branch that is trained is shown.",
            ),
            self.ends(p),
            self.courses(
                p,
                ("early_learned", "What was learned stays", "lesser of Γ(u₁), Γ(u₂)"),
                2,
                "After the switch the rare features are not unlearned: the alignment stays or grows.",
            ),
        ]
    }

    fn courses(
        &self,
        p: &Params,
        (id, title, label): (&'static str, &str, &str),
        column: usize,
        caption: &str,
    ) -> Figure {
        let y = linear(label);
        let rows = self.trunk.iter().chain(self.branches.iter().flat_map(|b| &b.curve));
        let most = rows.map(|row| row[column]).fold(1.0, f32::max);
        let y = y.domain(0.0, most.into());
        let branch = self.nearest(p.stop.min(self.steps));
        let reached = self.saved.last().map_or(0, |(step, _)| *step);
        let alt = branch.map_or(format!("Mixup is at step {reached}."), |b| {
            format!(
                "Mixup stopped at step {} of {}: rare accuracy {}, alignments {:.2} and {:.2} in the end.",
                b.stop,
                self.steps,
                percent(b.last.rare),
                b.last.learned[2],
                b.last.learned[3]
            )
        });
        let x = linear("step").domain(0.0, self.steps as f64);
        let columns = |rows: &[[f32; 3]]| -> (Vec<f32>, Vec<f32>) {
            rows.iter().map(|row| (row[0], row[column])).unzip()
        };
        let (x0, y0) = columns(&self.trunk);
        let plain = self.branches.iter().find(|b| b.stop == 0);
        let (x1, y1) = columns(plain.map_or(&[], |b| &b.curve));
        let figure = Figure::plot(id, title, x, y)
            .color(Color::series())
            .caption(caption)
            .alt(alt)
            .with(line().x(x1).y(y1).stroke(Method::Standard.name()))
            .with(line().x(x0).y(y0).stroke(Method::Mixup.name()))
            .with(
                rule_x()
                    .x(vec![p.stop.min(self.steps) as f32])
                    .stroke("currentColor")
                    .stroke_width(3.0)
                    .option("strokeDasharray", "6 4")
                    .sets_x("stop"),
            );
        let rows: Vec<[f32; 3]> = branch.map_or(vec![], |branch| {
            let start = self.trunk.iter().filter(|row| row[0] as usize == branch.stop);
            start.chain(&branch.curve).copied().collect()
        });
        let (x, y) = columns(&rows);
        figure.with(line().x(x).y(y).stroke(Method::Stopped.name()).stroke_width(3.0))
    }

    fn ends(&self, p: &Params) -> Figure {
        let order = crate::engine::sort::sorted(self.branches.len(), &|a, b| {
            self.branches[a].stop.cmp(&self.branches[b].stop)
        });
        let of = |value: fn(&Branch) -> f32| -> Vec<f32> {
            order.iter().map(|&i| value(&self.branches[i])).collect()
        };
        let (stops, rare) = (of(|b| b.stop as f32), of(|b| b.last.rare));
        let alt = match (rare.first(), rare.last()) {
            (Some(first), Some(last)) => format!(
                "{} points. Rare accuracy in the end: {} at the least t*, {} at the greatest.",
                rare.len(),
                percent(*first),
                percent(*last)
            ),
            _ => "No branch is trained to the end yet.".to_owned(),
        };
        Figure::plot(
            "early_ends",
            "In the end, by t*",
            linear("t*, Mixup stopped").domain(0.0, self.steps as f64),
            linear("accuracy").domain(0.0, 1.0),
        )
        .color(Color::series())
        .caption(format!(
            "Accuracy on new examples after {} steps in all. The paper says that the benefit comes early; \
             at this size it comes steadily: the later the stop, the better.",
            self.steps
        ))
        .alt(alt)
        .with(rule_x().x(vec![p.stop.min(self.steps) as f32]).option("strokeDasharray", "6 4"))
        .with(line().x(stops.clone()).y(rare.clone()).stroke("rare").stroke_width(2.0))
        .with(dot().x(stops.clone()).y(rare).fill("rare").r(3.5))
        .with(line().x(stops).y(of(|b| b.last.common)).stroke("common").stroke_width(2.0))
    }
}
