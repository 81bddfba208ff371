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

#[cfg(test)]
mod tests {
    use super::{
        super::testing::{assert_gradients, assert_near, sample, value},
        *,
    };

    #[test]
    fn a_step_is_as_by_hand() {
        // One unit, all weights zero but the bias of the candidate, 1: c' = σ(1) c + σ(0) tanh 1.
        let found = value(|w| {
            let g = w.graph();
            let zeros = |shape: [usize; 2]| g.zeros(shape);
            let bias = g.constant(&[0.0, 0.0, 1.0, 0.0], [4]);
            let layer = Lstm { input: zeros([1, 4]), recurrent: zeros([1, 4]), bias, hidden: 1 };
            let memory = Memory { output: zeros([1, 1]), cell: g.constant(&[2.0], [1, 1]) };
            let (outputs, memory) = layer.run(g.constant(&[7.0], [1, 1, 1]), memory);
            Var::concat(&[outputs.reshape([1]), memory.cell.reshape([1])], 0)
        });
        // 0.7310586 · 2 + 0.5 · 0.7615942, and 0.5 tanh of that.
        assert_near(&found, &[0.475_537_06, 1.842_914_3]);
    }

    #[test]
    fn gradients_agree_with_differences() {
        assert_gradients(|w| {
            let layer = Lstm::new(w, "lstm", 3, 4, Init::Glorot);
            let (outputs, memory) = layer.run(sample(w, [3, 2, 3]), Memory::zeros(w, 2, 4));
            Var::concat(&[outputs, memory.cell.reshape([1, 2, 4])], 0)
        });
    }
}
