//! The panel of the hand-built machine: a prompt that can be edited, and a program run op by op.
use super::{
    Params,
    machine::{Block, Program, Prompt},
    machine_claims::{descended, error, random_prompt, ridged},
    machine_figures,
    raw::Arithmetic,
};
use crate::{
    engine::rng::Stream as Random,
    error::{Error, Result},
    exhibit::Metric,
    figure::{Figure, Poke, PokeKind},
    models::regress::dot,
};

/// Which theorem is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// One gradient step on each example in turn; Theorem 1.
    Gradient,
    /// One Sherman-Morrison update for each; Theorem 2.
    Ridge,
}

/// What a reader sets.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// Which theorem is run.
    pub algorithm: Algorithm,
    /// Numbers an input.
    pub d: usize,
    /// Examples.
    pub n: usize,
    /// Rate of the gradient steps.
    pub alpha: f64,
    /// Weight decay of the gradient steps, and ridge; for the latter at least [`LEAST_LAMBDA`].
    pub lambda: f64,
    /// Whether products, sums and quotients are GELUs and LayerNorms.
    pub network: bool,
    /// Scale s of the inputs of a product.
    pub scale: f64,
    /// Large number N.
    pub big: f64,
}

/// The least λ for which A = λI is inverted.
pub const LEAST_LAMBDA: f64 = 1e-3;

/// How far values can be dragged.
pub const REACH: f64 = 6.0;

/// Steps in a unit on which values are put down, a power of two.
const GRID: f64 = 64.0;

impl Settings {
    /// What the reader set.
    fn of(p: &Params) -> Self {
        Self {
            algorithm: match p.program {
                "Sherman-Morrison" => Algorithm::Ridge,
                _ => Algorithm::Gradient,
            },
            d: p.inputs,
            n: p.chained,
            alpha: p.alpha,
            lambda: p.lambda,
            network: p.arithmetic != "exact",
            scale: p.scale,
            big: p.big,
        }
    }

    /// What layers compute with.
    pub fn arithmetic(&self) -> Arithmetic {
        let network = Arithmetic::Network { scale: self.scale, big: self.big, single: true };
        if self.network { network } else { Arithmetic::Exact }
    }

    /// λ as used.
    pub fn lambda(&self) -> f64 {
        match self.algorithm {
            Algorithm::Gradient => self.lambda,
            Algorithm::Ridge => self.lambda.max(LEAST_LAMBDA),
        }
    }

    /// The program for the first `n` examples, from weights `w`.
    pub fn program(&self, n: usize, w: &[f64]) -> Program {
        match self.algorithm {
            Algorithm::Gradient => Program::gradient_steps(n, w, self.alpha, self.lambda()),
            Algorithm::Ridge => Program::ridge_updates(n, self.d, self.lambda()),
        }
    }
}

/// Predictions after so many examples: of the machine, and of the formula.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Predicted {
    /// What stands in the stream.
    pub machine: f64,
    /// What the formula gives in 64 bits.
    pub formula: f64,
}

/// The machine, stopped between two operations.
pub struct MachinePanel {
    /// What is read.
    pub prompt: Prompt,
    /// Weights that the gradient steps start from; they are in the layers, not in the prompt.
    pub w: Vec<f64>,
    /// Operations carried out.
    pub done: usize,
    /// What the figures show, and what it was computed for.
    view: Option<View>,
}

/// What follows from a prompt and settings, whichever operation is reached.
struct View {
    settings: Settings,
    /// The whole program.
    program: Program,
    /// After one example, two, and so on.
    chain: Vec<Predicted>,
    /// Errors of GELUs at each of [`scales`], in 32 and in 64 bits.
    sweep: [Vec<f64>; 2],
}

/// Scales s of the figure of errors, least first.
pub fn scales() -> impl Iterator<Item = f64> {
    (0..=24).map(|i| libm::pow(10.0, f64::from(i) / 6.0 - 4.0))
}

impl MachinePanel {
    /// A random prompt, before the first operation.
    pub fn new(seed: u64, p: &Params) -> Self {
        let mut prompt = random_prompt(&mut Random::new(seed, "machine"), p.chained, p.inputs);
        let values = prompt.x.iter_mut().flatten().chain(&mut prompt.y).chain(&mut prompt.query);
        values.for_each(|value| *value = placed(*value));
        Self { prompt, w: vec![0.0; p.inputs], done: 0, view: None }
    }

    /// Carries out one operation; whether another is left.
    pub fn step(&mut self, p: &Params) -> bool {
        let all = self.view(&Settings::of(p)).program.ops.len();
        self.done = (self.done + 1).min(all);
        self.done < all
    }

    /// All figures, in a fixed order.
    pub fn figures(&mut self, p: &Params) -> Vec<Figure> {
        let settings = &Settings::of(p);
        self.view(settings);
        let Self { prompt, w, done, view: Some(view) } = self else { return vec![] };
        let done = if p.operation > 0 { p.operation } else { *done };
        let done = done.min(view.program.ops.len());
        let shown = machine_figures::Shown {
            settings,
            prompt,
            w,
            program: &view.program,
            done,
            stream: view.program.run(prompt, done, settings.arithmetic()),
            matters: matters(&view.program, prompt, done),
            chain: &view.chain,
            sweep: &view.sweep,
        };
        machine_figures::all(&shown)
    }

    /// The state in a few numbers.
    pub fn metrics(&self) -> Vec<Metric> {
        let view = self.view.as_ref();
        let last = view.and_then(|view| view.chain.last());
        let number = |of: fn(&View) -> usize| view.map_or(f64::NAN, |view| of(view) as f64);
        vec![
            Metric::new("layer", "Layers passed", self.done as f64),
            Metric::new("layers", "Layers", number(|view| view.program.ops.len())),
            Metric::new("rows", "Rows", number(|view| view.program.rows)),
            Metric::new("columns", "Columns", (2 * self.prompt.n() + 1) as f64),
            Metric::new("machine", "Prediction", last.map_or(f64::NAN, |last| last.machine)),
            Metric::new("formula", "Formula", last.map_or(f64::NAN, |last| last.formula)),
        ]
    }

    /// Moves a number of the prompt, or of the first weights.
    pub fn poke(&mut self, poke: &Poke) -> Result<()> {
        let refused = |reason: &str| Error::Poke {
            figure: poke.figure.clone(),
            kind: poke.kind.to_string(),
            reason: reason.to_owned(),
        };
        if poke.kind != PokeKind::Drag || !poke.y.is_finite() {
            return Err(refused("numbers of the prompt can be dragged up and down"));
        }
        let examples = self.prompt.x.iter_mut().zip(&mut self.prompt.y);
        let mut values: Vec<&mut f64> =
            examples.flat_map(|(x, y)| x.iter_mut().chain([y])).collect();
        values.extend(&mut self.prompt.query);
        values.extend(&mut self.w);
        match values.get_mut(poke.index as usize) {
            Some(value) => **value = placed(poke.y),
            None => return Err(refused("the prompt has fewer numbers")),
        }
        self.view = None;
        Ok(())
    }

    /// What the figures show, computed anew only if it changes.
    fn view(&mut self, settings: &Settings) -> &View {
        let (prompt, w) = (&self.prompt, &self.w);
        match &mut self.view {
            Some(view) if view.settings == *settings => {}
            view => *view = None,
        }
        self.view.get_or_insert_with(|| {
            let chain: Vec<Predicted> = (1..=prompt.n())
                .map(|n| {
                    let first = prompt.first(n);
                    let weights = match settings.algorithm {
                        Algorithm::Gradient => {
                            descended(&first, w, settings.alpha, settings.lambda())
                        }
                        Algorithm::Ridge => ridged(&first, settings.lambda()),
                    };
                    Predicted {
                        machine: settings.program(n, w).predict(&first, settings.arithmetic()),
                        formula: dot(&weights, &prompt.query),
                    }
                })
                .collect();
            let program = settings.program(prompt.n(), w);
            let formula = chain.last().map_or(0.0, |last| last.formula);
            let sweep = [true, false].map(|single| {
                let at = |scale| Arithmetic::Network { scale, big: settings.big, single };
                scales().map(|s| error(program.predict(prompt, at(s)), formula)).collect()
            });
            View { settings: settings.clone(), program, chain, sweep }
        })
    }
}

/// A value on the grid and within reach.
fn placed(value: f64) -> f64 {
    ((value * GRID).round() / GRID).clamp(-REACH, REACH)
}

/// Which numbers of the stream after `done` operations the prediction depends on, in the order of
/// the values of a stream.
fn matters(program: &Program, prompt: &Prompt, done: usize) -> Vec<bool> {
    let (rows, columns) = (program.rows, 2 * prompt.n() + 1);
    let mut needed = vec![false; rows * columns];
    needed[(columns - 1) * rows + program.prediction] = true;
    let at = |column: usize, Block { start, len }: Block| {
        column * rows + start..column * rows + start + len
    };
    for op in program.ops[done..].iter().rev() {
        let target = at(op.column, op.kind.writes());
        if needed[target.clone()].iter().any(|&needed| needed) {
            needed[target].fill(false);
            for (column, block) in op.kind.reads(op.column) {
                needed[at(column, block)].fill(true);
            }
        }
    }
    needed
}

#[cfg(test)]
mod tests {
    use super::*;

    fn params() -> Params {
        Params { program: "Sherman-Morrison", chained: 3, lambda: 0.5, ..Params::default() }
    }

    #[test]
    fn numbers_that_do_not_matter_can_be_anything() {
        for program in ["gradient steps", "Sherman-Morrison"] {
            let params = Params { program, ..params() };
            let (panel, settings) = (MachinePanel::new(4, &params), Settings::of(&params));
            let program = settings.program(3, &panel.w);
            let wanted = program.predict(&panel.prompt, Arithmetic::Exact);
            for done in 0..=program.ops.len() {
                let mut stream = program.run(&panel.prompt, done, Arithmetic::Exact);
                let matters = matters(&program, &panel.prompt, done);
                let others =
                    stream.values.iter_mut().zip(&matters).filter(|(_, matters)| !**matters);
                others.for_each(|(value, _)| *value = 17.0);
                program.resume(&mut stream, done, Arithmetic::Exact);
                assert_eq!(stream.values[6 * program.rows + program.prediction], wanted);
            }
        }
    }

    #[test]
    fn a_dragged_number_is_in_the_prompt_and_the_prediction_follows() {
        let (mut panel, settings) = (MachinePanel::new(4, &params()), Settings::of(&params()));
        let poke = |index, y| Poke {
            figure: "machine_prompt".into(),
            mark: "values".into(),
            kind: PokeKind::Drag,
            index,
            x: 0.0,
            y,
        };
        let before = panel.view(&settings).chain[2];
        panel.poke(&poke(5, 1.26)).unwrap();
        assert_eq!(panel.prompt.y[1], 1.265_625, "the second label, on the grid");
        let after = panel.view(&settings).chain[2];
        assert!(after != before && error(after.machine, after.formula) < 1e-12);
        assert!(panel.poke(&poke(13, 0.0)).is_err(), "eleven numbers and two weights");
        assert!(panel.poke(&poke(0, f64::NAN)).is_err());
    }

    #[test]
    fn it_ends_with_the_last_operation() {
        let mut panel = MachinePanel::new(1, &params());
        let ops = panel.view(&Settings::of(&params())).program.ops.len();
        let steps = (1..1000).find(|_| !panel.step(&params()));
        assert_eq!((steps, panel.done), (Some(ops), ops));
    }

    #[test]
    fn every_operation_of_both_programs_is_drawn() {
        for program in ["gradient steps", "Sherman-Morrison"] {
            let params = Params { program, arithmetic: "GELU and LayerNorm", ..params() };
            let mut panel = MachinePanel::new(1, &params);
            while panel.step(&params) {
                let figures = panel.figures(&params);
                assert!(figures.iter().all(|figure| figure.fault().is_none()));
                assert!(figures[0].alt.contains(&format!("after {} of", panel.done)));
            }
            let back = panel.figures(&Params { operation: 3, ..params });
            assert!(back[0].alt.contains("after 3 of"), "{}", back[0].alt);
        }
    }
}
