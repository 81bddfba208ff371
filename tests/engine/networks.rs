//! The shapes of real networks, which random programs hardly ever meet: recurrent layers,
//! attention, layer norm, convolution, cross-entropy. Values, fusion and derivatives.
use orrery::engine::{Binary, Reduction, Unary, rng::Stream};

use crate::{
    gradients, programs,
    recipe::{Recipe, Step},
    tensor::Tensor,
};

/// A recipe written by hand.
struct Net {
    recipe: Recipe,
    stream: Stream,
}

impl Net {
    fn new(seed: u64) -> Self {
        Self { recipe: Recipe::default(), stream: Stream::new(seed, "net") }
    }

    /// An input, uniform in `[-1, 1)`; numbers that `f32` can hold.
    fn input(&mut self, shape: &[usize]) -> usize {
        let data = Tensor::from_fn(shape, |_| f64::from(self.stream.uniform() * 2.0 - 1.0));
        self.recipe.push(Step::Input(data))
    }

    fn constant(&mut self, shape: &[usize], data: &[f64]) -> usize {
        self.recipe.push(Step::Constant(Tensor::new(shape, data.to_vec())))
    }

    fn unary(&mut self, op: Unary, x: usize) -> usize {
        self.recipe.push(Step::Unary(op, x))
    }

    fn binary(&mut self, op: Binary, x: usize, y: usize) -> usize {
        self.recipe.push(Step::Binary(op, x, y))
    }

    fn add(&mut self, x: usize, y: usize) -> usize {
        self.binary(Binary::Add, x, y)
    }

    fn mul(&mut self, x: usize, y: usize) -> usize {
        self.binary(Binary::Mul, x, y)
    }

    fn matmul(&mut self, x: usize, y: usize) -> usize {
        self.recipe.push(Step::MatMul(x, y))
    }

    fn reduce(&mut self, how: Reduction, x: usize, axis: usize) -> usize {
        self.recipe.push(Step::Reduce(how, x, axis))
    }

    fn affine(&mut self, x: usize, scale: f32, shift: f32) -> usize {
        self.recipe.push(Step::Affine(x, scale, shift))
    }

    fn reshape(&mut self, x: usize, shape: &[usize]) -> usize {
        self.recipe.push(Step::Reshape(x, shape.to_vec()))
    }

    fn permute(&mut self, x: usize, axes: &[usize]) -> usize {
        self.recipe.push(Step::Permute(x, axes.to_vec()))
    }

    fn slice(&mut self, x: usize, axis: usize, start: usize, end: usize) -> usize {
        self.recipe.push(Step::Slice(x, axis, start, end))
    }

    /// x W + b.
    fn dense(&mut self, x: usize, inputs: usize, outputs: usize) -> usize {
        let (w, b) = (self.input(&[inputs, outputs]), self.input(&[outputs]));
        let product = self.matmul(x, w);
        self.add(product, b)
    }

    /// Log-probabilities along an axis.
    fn log_softmax(&mut self, x: usize, axis: usize) -> usize {
        let greatest = self.reduce(Reduction::Max, x, axis);
        let shifted = self.binary(Binary::Sub, x, greatest);
        let power = self.unary(Unary::Exp, shifted);
        let sum = self.reduce(Reduction::Sum, power, axis);
        let log = self.unary(Unary::Ln, sum);
        self.binary(Binary::Sub, shifted, log)
    }

    /// An LSTM over `x` `[batch, time, width]`: all hidden states `[batch, time, hidden]`.
    fn lstm(&mut self, x: usize, [batch, time, width]: [usize; 3], hidden: usize) -> usize {
        let wx = self.input(&[width, 4 * hidden]);
        let wh = self.input(&[hidden, 4 * hidden]);
        let b = self.input(&[4 * hidden]);
        let mut h = self.constant(&[batch, hidden], &vec![0.0; batch * hidden]);
        let mut c = h;
        let mut states = vec![];
        for t in 0..time {
            let at_t = self.slice(x, 1, t, t + 1);
            let at_t = self.reshape(at_t, &[batch, width]);
            let (from_x, from_h) = (self.matmul(at_t, wx), self.matmul(h, wh));
            let gates = self.add(from_x, from_h);
            let gates = self.add(gates, b);
            let parts = [0, 1, 2, 3].map(|i| self.slice(gates, 1, i * hidden, (i + 1) * hidden));
            let [i, f, o] = [parts[0], parts[1], parts[3]].map(|p| self.unary(Unary::Sigmoid, p));
            let candidate = self.unary(Unary::Tanh, parts[2]);
            let (kept, new) = (self.mul(f, c), self.mul(i, candidate));
            c = self.add(kept, new);
            let squashed = self.unary(Unary::Tanh, c);
            h = self.mul(o, squashed);
            states.push(self.reshape(h, &[batch, 1, hidden]));
        }
        self.recipe.push(Step::Concat(states, 1))
    }

    /// Layer norm over the last axis (`axis`, of length `width`).
    fn layer_norm(&mut self, x: usize, axis: usize, width: usize) -> usize {
        let sum = self.reduce(Reduction::Sum, x, axis);
        let mean = self.affine(sum, 1.0 / width as f32, 0.0);
        let centred = self.binary(Binary::Sub, x, mean);
        let squares = self.mul(centred, centred);
        let sum = self.reduce(Reduction::Sum, squares, axis);
        let variance = self.affine(sum, 1.0 / width as f32, 1e-5);
        let deviation = self.unary(Unary::Sqrt, variance);
        let normal = self.binary(Binary::Div, centred, deviation);
        let (gain, bias) = (self.input(&[width]), self.input(&[width]));
        let scaled = self.mul(normal, gain);
        self.add(scaled, bias)
    }

    /// Causal attention with `heads` heads over `x` `[batch, time, width]`.
    fn attention(&mut self, x: usize, [batch, time, width]: [usize; 3], heads: usize) -> usize {
        let size = width / heads;
        let [q, k, v] = [(); 3].map(|()| {
            let projected = self.dense(x, width, width);
            let split = self.reshape(projected, &[batch, time, heads, size]);
            self.permute(split, &[0, 2, 1, 3])
        });
        let turned = self.permute(k, &[0, 1, 3, 2]);
        let scores = self.matmul(q, turned);
        let scores = self.affine(scores, 1.0 / (size as f32).sqrt(), 0.0);
        let mask: Vec<f64> =
            (0..time * time).map(|i| f64::from(i % time > i / time) * -1e9).collect();
        let mask = self.constant(&[time, time], &mask);
        let masked = self.add(scores, mask);
        let log = self.log_softmax(masked, 3);
        let weights = self.unary(Unary::Exp, log);
        let mixed = self.matmul(weights, v);
        let joined = self.permute(mixed, &[0, 2, 1, 3]);
        let joined = self.reshape(joined, &[batch, time, width]);
        let projected = self.dense(joined, width, width);
        self.add(x, projected)
    }

    /// Mean negative log-likelihood of targets `0, 1, 2, ..` (modulo `classes`) of the rows of `x`.
    fn cross_entropy(&mut self, x: usize, [rows, classes]: [usize; 2]) -> usize {
        let log = self.log_softmax(x, 1);
        let targets: Vec<f64> = (0..rows).map(|r| (r % classes) as f64).collect();
        let targets = self.constant(&[rows, 1], &targets);
        let class = self.recipe.push(Step::Iota(vec![rows, classes], 1));
        let hot = self.binary(Binary::Equal, class, targets);
        let picked = self.mul(log, hot);
        let of_row = self.reduce(Reduction::Sum, picked, 1);
        let total = self.reduce(Reduction::Sum, of_row, 0);
        self.affine(total, -1.0 / rows as f32, 0.0)
    }
}

/// Values at both sizes; derivatives at the small one.
fn check(build: impl Fn(&mut Net, usize)) {
    for size in [0, 1] {
        let mut net = Net::new(7);
        build(&mut net, size);
        programs::check(&net.recipe);
        if size == 0 {
            assert!(gradients::check(&net.recipe) > 5, "derivatives were not compared");
        }
    }
}

#[test]
fn perceptron_with_cross_entropy() {
    check(|net, size| {
        let [batch, hidden, classes] = [[3, 5, 4], [65, 130, 10]][size];
        let x = net.input(&[batch, 2]);
        let a = net.dense(x, 2, hidden);
        let a = net.unary(Unary::Tanh, a);
        let b = net.dense(a, hidden, hidden);
        let b = net.unary(Unary::Sigmoid, b);
        let logits = net.dense(b, hidden, classes);
        net.cross_entropy(logits, [batch, classes]);
    });
}

#[test]
fn recurrent_layer() {
    check(|net, size| {
        let (shape, hidden) = [([2, 3, 2], 3), ([5, 4, 2], 33)][size];
        let x = net.input(&shape);
        net.lstm(x, shape, hidden);
    });
}

#[test]
fn transformer_block() {
    check(|net, size| {
        let shape = [[2, 3, 4], [3, 9, 20]][size];
        let x = net.input(&shape);
        let normal = net.layer_norm(x, 2, shape[2]);
        let mixed = net.attention(normal, shape, 2);
        let wide = net.dense(mixed, shape[2], 2 * shape[2]);
        let active = net.unary(Unary::Tanh, wide);
        let narrow = net.dense(active, 2 * shape[2], shape[2]);
        let residual = net.add(mixed, narrow);
        net.layer_norm(residual, 2, shape[2]);
    });
}

#[test]
fn additive_attention_as_pointer() {
    check(|net, size| {
        let [batch, points, hidden] = [[2, 4, 3], [7, 10, 33]][size];
        let (encoder, decoder) =
            (net.input(&[batch, points, hidden]), net.input(&[batch, points, hidden]));
        let (w1, w2, v) =
            (net.input(&[hidden, hidden]), net.input(&[hidden, hidden]), net.input(&[hidden, 1]));
        let keys = net.matmul(encoder, w1);
        let keys = net.reshape(keys, &[batch, 1, points, hidden]);
        let queries = net.matmul(decoder, w2);
        let queries = net.reshape(queries, &[batch, points, 1, hidden]);
        let sum = net.add(keys, queries);
        let squashed = net.unary(Unary::Tanh, sum);
        let scores = net.matmul(squashed, v);
        let scores = net.reshape(scores, &[batch * points, points]);
        net.cross_entropy(scores, [batch * points, points]);
    });
}

#[test]
fn convolution_through_windows() {
    check(|net, size| {
        let [batch, side, channels, filters] = [[2, 5, 2, 3], [3, 9, 3, 17]][size];
        let x = net.input(&[batch, side, side, channels]);
        let padded = net.recipe.push(Step::Pad(x, 1, 1, 1));
        let padded = net.recipe.push(Step::Pad(padded, 2, 1, 1));
        let rows = net.recipe.push(Step::Windows(padded, 1, 3, 2));
        let patches = net.recipe.push(Step::Windows(rows, 2, 3, 2));
        let out = (side + 2 - 3) / 2 + 1;
        // [batch, out, out, channels, 3, 3]
        let flat = net.reshape(patches, &[batch, out * out, channels * 9]);
        let kernel = net.input(&[channels * 9, filters]);
        let image = net.matmul(flat, kernel);
        let active = net.unary(Unary::Tanh, image);
        net.reduce(Reduction::Max, active, 1);
    });
}

#[test]
fn embedding_of_tokens() {
    check(|net, size| {
        let [rows, width, count] = [[4, 3, 5], [50, 33, 70]][size];
        let table = net.input(&[rows, width]);
        let tokens: Vec<f64> = (0..count).map(|i| (i * i % rows) as f64).collect();
        let tokens = net.constant(&[count], &tokens);
        let embedded = net.recipe.push(Step::Gather(table, tokens));
        let summed = net.recipe.push(Step::CumSum(embedded, 0));
        let mean = net.affine(summed, 1.0 / count as f32, 0.0);
        net.recipe.push(Step::ScatterAdd(rows, tokens, mean));
    });
}

#[test]
fn products_of_all_orientations_and_odd_sizes() {
    for (m, k, n) in
        [(1, 1, 1), (1, 7, 1), (5, 1, 9), (4, 8, 8), (3, 13, 17), (33, 40, 31), (2, 300, 3)]
    {
        for (turn_a, turn_b) in [(false, false), (false, true), (true, false), (true, true)] {
            for (batch_a, batch_b) in [
                (&[][..], &[][..]),
                (&[3][..], &[][..]),
                (&[][..], &[2][..]),
                (&[2, 1][..], &[3][..]),
            ] {
                let mut net = Net::new(m as u64);
                let mut side = |batch: &[usize], rows: usize, columns: usize, turn: bool| {
                    let (r, c) = if turn { (columns, rows) } else { (rows, columns) };
                    let x = net.input(&[batch, &[r, c]].concat());
                    let rank = batch.len();
                    let mut axes: Vec<usize> = (0..rank + 2).collect();
                    axes.swap(rank, rank + 1);
                    if turn { net.permute(x, &axes) } else { x }
                };
                let (a, b) = (side(batch_a, m, k, turn_a), side(batch_b, k, n, turn_b));
                let product = net.matmul(a, b);
                net.affine(product, 0.5, 1.0);
                programs::check(&net.recipe);
            }
        }
    }
}
