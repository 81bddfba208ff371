//! The panel of linear attention: does training find the step of gradient descent?
use super::{
    Params,
    linear::{BATCH, Layer, Recipe, Start, TESTED, Tests},
};
use crate::{
    engine::Snapshot,
    error::Result,
    exhibit::{Ctx, Metric, Progress},
    figure::{Color, Figure, Trace, band, cell, line, linear, log, rule_y, text},
    models::trainer::Trainer,
};

/// Training steps from one test to the next.
const TEST_EVERY: usize = 10;

/// The layer, and how it went.
pub struct Attention {
    recipe: Recipe,
    trainer: Trainer,
    tests: Tests,
    layer: Layer,
    /// Columns step, error, rate.
    history: Trace,
    /// Error of the best step on the same tests.
    best: f64,
}

/// What a lost device would take with it.
pub struct Saved(Snapshot, Trace, Layer);

impl Recipe {
    /// What the reader set.
    fn of(p: &Params) -> Self {
        Self {
            d: p.inputs,
            n: p.examples,
            sigma: p.label_noise,
            start: match p.readout {
                "anywhere" => Start::Random,
                "at an input" => Start::Input,
                _ => Start::Label,
            },
            rate: p.attention_rate,
            steps: p.attention_steps,
        }
    }
}

impl Attention {
    /// Before the first step.
    pub async fn new(ctx: &Ctx, p: &Params) -> Result<Self> {
        let recipe = Recipe::of(p);
        let trainer = recipe.trainer(&ctx.device, ctx.seed)?;
        let tests = Tests::draw(&recipe, TESTED, ctx.seed);
        let layer = Layer::of(&recipe, &trainer.snapshot().await?);
        let best = tests.error_of_step(recipe.best_rate());
        let history = Trace::new(&["step", "error", "rate"]).rows_at_most(400);
        let mut panel = Self { recipe, trainer, tests, layer, history, best };
        panel.test();
        Ok(panel)
    }

    /// One training step, and a test when it is due.
    pub async fn step(&mut self, p: &Params) -> Result<Progress> {
        self.trainer.run(1, p.attention_rate)?;
        let step = self.trainer.step;
        if step.is_multiple_of(TEST_EVERY) || step == self.recipe.steps {
            self.layer = Layer::of(&self.recipe, &self.trainer.snapshot().await?);
            self.test();
            if !self.history.last("error").is_some_and(f32::is_finite) {
                return Ok(Progress::Diverged);
            }
        }
        Ok(if step < self.recipe.steps { Progress::More } else { Progress::Done })
    }

    fn test(&mut self) {
        let error = self.tests.error(&self.layer) as f32;
        let rate = self.layer.effective_rate() as f32;
        self.history.push(&[self.trainer.step as f32, error, rate]);
    }

    /// Error a dimension and rate of the last test.
    fn newest(&self) -> [f32; 2] {
        ["error", "rate"].map(|name| self.history.last(name).unwrap_or(f32::NAN))
    }

    /// All figures, in a fixed order.
    pub fn figures(&self) -> Vec<Figure> {
        vec![self.error(), self.rate(), self.weights(), self.table()]
    }

    fn error(&self) -> Figure {
        let (recipe, [error, _]) = (&self.recipe, self.newest());
        let least = recipe.least_error();
        let errors = self.history.get("error").iter().map(|e| e.clamp(1e-3, 1e3));
        let end = recipe.steps as f64;
        Figure::plot(
            "attention_error",
            "One layer of linear attention",
            linear("training step").domain(0.0, end),
            log("squared error a dimension"),
        )
        .full()
        .color(Color::series())
        .caption(format!(
            "On {TESTED} prompts it never saw, of {} examples. Dashed: the least error of any step of gradient \
             descent, (d + 1 + σ²) / (N + d + 1 + σ²) = {least:.4}, exactly known. Training has batches of \
             {BATCH} new prompts.",
            recipe.n
        ))
        .alt(format!(
            "After {} steps the error a dimension is {error:.4}; the best step of gradient descent leaves {least:.4}.",
            self.trainer.step
        ))
        .with(
            rule_y()
                .y(vec![least as f32])
                .stroke("one GD step")
                .stroke_width(2.0)
                .option("strokeDasharray", "6 4"),
        )
        .with(
            line()
                .x(self.history.get("step"))
                .y(errors.collect::<Vec<f32>>())
                .stroke("linear attention")
                .stroke_width(2.0),
        )
    }

    fn rate(&self) -> Figure {
        let (recipe, [_, rate]) = (&self.recipe, self.newest());
        let best = recipe.best_rate();
        Figure::plot(
            "attention_rate",
            "The step it takes",
            linear("training step").domain(0.0, recipe.steps as f64),
            linear("effective rate"),
        )
        .color(Color::series())
        .caption(format!(
            "v's entry for the label times the mean of A's diagonal for x. Dashed: the best rate, \
             η* = N / (N + d + 1 + σ²) = {best:.4}."
        ))
        .alt(format!("The effective rate is {rate:.4}; the best is {best:.4}."))
        .with(rule_y().y(vec![best as f32]).stroke("one GD step").option("strokeDasharray", "6 4"))
        .with(
            line()
                .x(self.history.get("step"))
                .y(self.history.get("rate"))
                .stroke("linear attention")
                .stroke_width(2.0),
        )
    }

    /// Names of the entries of a token.
    fn entry(&self, i: usize) -> String {
        if i == self.recipe.d { "y".to_owned() } else { format!("x{}", i + 1) }
    }

    fn weights(&self) -> Figure {
        let width = self.recipe.d + 1;
        let (mut x, mut y, mut values) = (vec![], vec![], vec![]);
        for (i, row) in self.layer.a.chunks_exact(width).enumerate() {
            for (j, &a) in row.iter().enumerate() {
                x.push(format!("A, {}", self.entry(j)));
                y.push(self.entry(i));
                values.push(a as f32);
            }
        }
        for (i, &v) in self.layer.v.iter().enumerate() {
            x.push("v".to_owned());
            y.push(self.entry(i));
            values.push(v as f32);
        }
        let printed: Vec<String> = values.iter().map(|v| format!("{v:.2}")).collect();
        let reads = self.layer.v.iter().map(|v| v.abs()).enumerate();
        let most = reads.max_by(|a, b| a.1.total_cmp(&b.1)).map_or(0, |(i, _)| i);
        Figure::plot("attention_weights", "All weights", band(""), band("entry of e"))
            .color(Color::diverging("weight").domain(-1.0, 1.0))
            .caption(
                "A row is an entry of the example's token; columns of A are entries of the query's, whose y is \
                 zero, so the last of them does nothing. A step of gradient descent is a diagonal over x, and v \
                 at y alone. What grows in A may shrink in v: only their product counts.",
            )
            .alt(format!(
                "{} weights. The read-out v is largest at {}: {:.2}.",
                values.len(),
                self.entry(most),
                self.layer.v[most]
            ))
            .with(cell().x(x.clone()).y(y.clone()).fill(values).option("inset", 0.5))
            .with(text().x(x).y(y).text(printed).option("fontSize", 11.0))
    }

    fn table(&self) -> Figure {
        let (recipe, [error, rate]) = (&self.recipe, self.newest());
        let [least, best] = [recipe.least_error(), recipe.best_rate()];
        let digits = |value: f64| format!("{value:.4}");
        Figure::table("attention_table", "Trained and exact")
            .caption(
                "The exact numbers are means over all prompts; on the prompts of the test the same step errs a \
                 little more or less.",
            )
            .alt(format!("Error {error:.4} against {least:.4}, rate {rate:.4} against {best:.4}."))
            .column("", vec!["linear attention", "best step, exactly", "best step, these prompts"])
            .column("error", vec![digits(error.into()), digits(least), digits(self.best)])
            .column("rate", vec![digits(rate.into()), digits(best), digits(best)])
    }

    /// In numbers.
    pub fn metrics(&self) -> Vec<Metric> {
        let ([error, rate], recipe) = (self.newest(), &self.recipe);
        vec![
            Metric::new("loss", "Error a dimension", error),
            Metric::new("least_error", "Least of a GD step", recipe.least_error()),
            Metric::new("rate", "Effective rate", rate),
            Metric::new("best_rate", "Best rate", recipe.best_rate()),
            Metric::new("weights", "Weights", (self.layer.a.len() + self.layer.v.len()) as f64),
        ]
    }

    /// What a lost device would take with it.
    pub async fn snapshot(&self) -> Result<Saved> {
        Ok(Saved(self.trainer.snapshot().await?, self.history.clone(), self.layer.clone()))
    }

    /// Goes back to what was saved.
    pub fn restore(&mut self, Saved(state, history, layer): &Saved) -> Result<()> {
        self.trainer.restore(state)?;
        (self.history, self.layer) = (history.clone(), layer.clone());
        Ok(())
    }
}
