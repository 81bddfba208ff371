//! Long short-term memory, Hochreiter & Schmidhuber 1997, with the forget gate of Gers et al. 2000.
use super::{Weights, dense::project};
use crate::engine::{Init, Var};

/// What a cell keeps between steps, each `[batch, hidden]`.
#[derive(Clone, Copy, Debug)]
pub struct Memory<'g> {
    /// Output h of the last step.
    pub output: Var<'g>,
    /// Cell c after the last step.
    pub cell: Var<'g>,
}

impl<'g> Memory<'g> {
    /// Nothing yet.
    pub fn zeros(w: &Weights<'g>, batch: usize, hidden: usize) -> Self {
        let zeros = w.graph().zeros([batch, hidden]);
        Self { output: zeros, cell: zeros }
    }
}

/// The tensors of one layer.
#[derive(Clone, Copy, Debug)]
pub struct Lstm<'g> {
    /// From the input, `[in, 4 hidden]`: input, forget, candidate, output.
    pub input: Var<'g>,
    /// From the last output, `[hidden, 4 hidden]`.
    pub recurrent: Var<'g>,
    /// `[4 hidden]`; the forget gate starts one higher, see `Lstm::gates`.
    pub bias: Var<'g>,
    hidden: usize,
}

/// Added to the forget gate, so that a new cell remembers; Jozefowicz et al. 2015, section 3.2.
const FORGET_BIAS: f32 = 1.0;

impl<'g> Lstm<'g> {
    /// A layer of that name, its tensors started as told (the bias at zero).
    pub fn new(w: &Weights<'g>, name: &str, inputs: usize, hidden: usize, init: Init) -> Self {
        let w = w.scope(name);
        Self {
            input: w.get("input", [inputs, 4 * hidden], init),
            recurrent: w.get("recurrent", [hidden, 4 * hidden], init),
            bias: w.get("bias", [4 * hidden], Init::Zeros),
            hidden,
        }
    }

    /// Runs over `x` `[time, batch, in]`: all outputs `[time, batch, hidden]`, and the last memory.
    #[track_caller]
    pub fn run(&self, x: Var<'g>, memory: Memory<'g>) -> (Var<'g>, Memory<'g>) {
        let (steps, memory) = self.steps(project(x, self.input), memory);
        (Var::concat(&steps, 0), memory)
    }

    /// As [`Lstm::run`], from the input's product `[time, batch, 4 hidden]`: an output
    /// `[1, batch, hidden]` for each step, and the last memory.
    ///
    /// That product has been made for the whole sequence at once; only the recurrent one is left.
    #[track_caller]
    pub fn steps(&self, product: Var<'g>, memory: Memory<'g>) -> (Vec<Var<'g>>, Memory<'g>) {
        let (time, batch) = (product.dim(0), product.dim(1));
        let product = product + self.bias;
        let mut memory = memory;
        let outputs = (0..time).map(|t| {
            let z = product.slice(0, t..t + 1).reshape([batch, 4 * self.hidden]);
            memory = self.gates(z + memory.output.matmul(self.recurrent), memory.cell);
            memory.output.reshape([1, batch, self.hidden])
        });
        (outputs.collect(), memory)
    }

    /// The memory after gates of pre-activation `z` `[batch, 4 hidden]`.
    ///
    /// c' = σ(f + 1) c + σ(i) tanh(g), h' = σ(o) tanh(c').
    fn gates(&self, z: Var<'g>, cell: Var<'g>) -> Memory<'g> {
        let part = |k: usize| z.slice(1, k * self.hidden..(k + 1) * self.hidden);
        let forget = (part(1) + FORGET_BIAS).sigmoid();
        let cell = forget * cell + part(0).sigmoid() * part(2).tanh();
        Memory { output: part(3).sigmoid() * cell.tanh(), cell }
    }
}
