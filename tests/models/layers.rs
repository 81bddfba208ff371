//! Layers with weights.
use orrery::{
    engine::Init,
    models::{
        attention::{attend, causal, cross_attention, join_heads, self_attention, split_heads},
        conv::{conv1d, conv2d, max_pool2d, mean_pool2d},
        dense::{embedding, linear, linear_no_bias, mlp},
        lstm::{Lstm, Memory},
        norm::{layer_norm, rms, rms_norm, standardise},
    },
};

use crate::{
    check::{
        Draw,
        Input::{Fixed, Free},
        Named, check,
    },
    functions::softmax_of,
    tensor::Tensor,
};

const CASES: u64 = 8;

fn add(x: &Tensor, y: &Tensor) -> Tensor {
    x.zip(y, |x, y| x + y)
}

fn affine(w: &Named, name: &str, x: &Tensor) -> Tensor {
    add(&x.matmul(&w[&format!("{name}.weight")]), &w[&format!("{name}.bias")])
}

fn transpose(x: &Tensor) -> Tensor {
    let rank = x.shape.len();
    let mut axes: Vec<usize> = (0..rank).collect();
    axes.swap(rank - 1, rank - 2);
    x.permute(&axes)
}

#[test]
fn dense_layers() {
    for case in 0..CASES {
        let mut draw = Draw::new(case);
        let [batch, n, inputs, out] = [3, 4, 7, 9].map(|most| draw.length(most));
        let x = draw.tensor(&[batch, n, inputs]);
        check(&[Free(x.clone())], |w, x| linear(w, "a", x[0], out), |w, x| affine(w, "a", &x[0]));
        check(
            &[Free(x.clone())],
            |w, x| linear_no_bias(w, "a", x[0], out, Init::Glorot),
            |w, x| x[0].matmul(&w["a"]),
        );
        check(
            &[Free(x)],
            |w, x| mlp(w, x[0], &[out, n, 2], orrery::engine::Var::tanh),
            |w, x| {
                let first = affine(w, "layer0", &x[0]).map(f64::tanh);
                affine(w, "layer2", &affine(w, "layer1", &first).map(f64::tanh))
            },
        );
        let index = draw.whole(&[batch, n], inputs);
        check(
            &[Fixed(index)],
            |w, x| embedding(w, "table", x[0], (inputs, out), 1.0),
            |w, x| w["table"].gather(&x[0]),
        );
    }
}

#[test]
fn norms() {
    let mean_square = |x: &Tensor| {
        x.reduce(2, |line| line.iter().map(|x| x * x).sum::<f64>() / line.len() as f64)
    };
    let root = move |x: &Tensor| x.zip(&mean_square(x), |x, square| x / (square + 1e-5).sqrt());
    let centred = |x: &Tensor| {
        let mean = x.reduce(2, |line| line.iter().sum::<f64>() / line.len() as f64);
        x.zip(&mean, |x, mean| x - mean)
    };
    for case in 0..CASES {
        let mut draw = Draw::new(case);
        let shape = [draw.length(3), draw.length(4), 1 + draw.length(9)];
        let x = || [Free(Draw::new(case + 100).tensor(&shape))];
        check(&x(), |_, x| rms(x[0]), |_, x| root(&x[0]));
        check(
            &x(),
            |w, x| rms_norm(w, "gain", x[0]),
            |w, x| root(&x[0]).zip(&w["gain"], |x, g| x * g),
        );
        check(&x(), |_, x| standardise(x[0]), |_, x| root(&centred(&x[0])));
        check(
            &x(),
            |w, x| layer_norm(w, "norm", x[0]),
            |w, x| {
                let scaled = root(&centred(&x[0])).zip(&w["norm.gain"], |x, g| x * g);
                add(&scaled, &w["norm.bias"])
            },
        );
    }
}

/// A cell as in its paper, one number at a time.
fn lstm_twin(w: &Named, x: &Tensor, hidden: usize) -> (Tensor, Tensor) {
    let (time, batch) = (x.shape[0], x.shape[1]);
    let sigmoid = |x: f64| 1.0 / (1.0 + (-x).exp());
    let (mut h, mut c) = (vec![0.0; batch * hidden], vec![0.0; batch * hidden]);
    let mut outputs = vec![];
    for t in 0..time {
        let previous = h.clone();
        for b in 0..batch {
            for j in 0..hidden {
                let gate = |k: usize| {
                    let column = k * hidden + j;
                    let from_x: f64 = (0..x.shape[2])
                        .map(|i| x.at(&[t, b, i]) * w["l.input"].at(&[i, column]))
                        .sum();
                    let from_h: f64 = (0..hidden)
                        .map(|i| previous[b * hidden + i] * w["l.recurrent"].at(&[i, column]))
                        .sum();
                    from_x + from_h + w["l.bias"].data[column]
                };
                let cell = &mut c[b * hidden + j];
                *cell = sigmoid(gate(1) + 1.0) * *cell + sigmoid(gate(0)) * gate(2).tanh();
                h[b * hidden + j] = sigmoid(gate(3)) * cell.tanh();
            }
        }
        outputs.extend(&h);
    }
    (Tensor::new(&[time, batch, hidden], outputs), Tensor::new(&[batch, hidden], c))
}

#[test]
fn recurrent_layer() {
    for case in 0..CASES {
        let mut draw = Draw::new(case);
        let [time, batch, inputs, hidden] = [4, 3, 3, 5].map(|most| draw.length(most));
        let x = draw.tensor(&[time, batch, inputs]);
        check(
            &[Free(x.clone())],
            |w, x| {
                let layer = Lstm::new(w, "l", inputs, hidden, Init::Glorot);
                layer.run(x[0], Memory::zeros(w, batch, hidden)).0
            },
            |w, x| lstm_twin(w, &x[0], hidden).0,
        );
        check(
            &[Free(x)],
            |w, x| {
                let layer = Lstm::new(w, "l", inputs, hidden, Init::Glorot);
                layer.run(x[0], Memory::zeros(w, batch, hidden)).1.cell
            },
            |w, x| lstm_twin(w, &x[0], hidden).1,
        );
    }
}

/// `q`, `k`, `v` `[.., n, d]`; `open`, if any, broadcasts to the scores.
fn attend_twin(q: &Tensor, k: &Tensor, v: &Tensor, open: Option<&Tensor>) -> Tensor {
    let rank = q.shape.len();
    let scale = (q.shape[rank - 1] as f64).sqrt();
    let scores = q.matmul(&transpose(k)).map(|s| s / scale);
    let scores = match open {
        Some(open) => scores.zip(open, |s, open| if open == 1.0 { s } else { f64::NEG_INFINITY }),
        None => scores,
    };
    softmax_of(&scores, rank - 1).matmul(v)
}

/// Head `head` of `heads` of `x` `[batch, n, width]`, its columns apart.
fn head(x: &Tensor, head: usize, heads: usize) -> Tensor {
    let size = x.shape[2] / heads;
    x.slice(2, head * size, (head + 1) * size)
}

fn many_heads(q: &Tensor, k: &Tensor, v: &Tensor, heads: usize, open: Option<&Tensor>) -> Tensor {
    let parts: Vec<Tensor> = (0..heads)
        .map(|h| attend_twin(&head(q, h, heads), &head(k, h, heads), &head(v, h, heads), open))
        .collect();
    Tensor::concat(&parts.iter().collect::<Vec<_>>(), 2)
}

#[test]
fn attention() {
    for case in 0..CASES {
        let mut draw = Draw::new(case);
        let [batch, n, m, size, heads] = [3, 4, 5, 3, 3].map(|most| draw.length(most));
        let width = size * heads;
        let (q, k, v) = (
            draw.tensor(&[batch, n, size]),
            draw.tensor(&[batch, m, size]),
            draw.tensor(&[batch, m, width]),
        );
        check(
            &[Free(q), Free(k), Free(v)],
            |_, x| attend(x[0], x[1], x[2], None),
            |_, x| attend_twin(&x[0], &x[1], &x[2], None),
        );
        let lower = Tensor::from_fn(&[n, n], |i| f64::from(i[1] <= i[0]));
        let (x, context) = (draw.tensor(&[batch, n, width]), draw.tensor(&[batch, m, width]));
        check(
            &[Free(x.clone())],
            |w, x| self_attention(w, "a", x[0], heads, Some(causal(w, n))),
            |w, x| {
                let qkv = x[0].matmul(&w["a.qkv"]);
                let part = |i: usize| qkv.slice(2, i * width, (i + 1) * width);
                many_heads(&part(0), &part(1), &part(2), heads, Some(&lower)).matmul(&w["a.out"])
            },
        );
        check(
            &[Free(x), Free(context)],
            |w, x| cross_attention(w, "a", (x[0], x[1]), heads, None),
            |w, x| {
                let map = |name: &str, x: &Tensor| x.matmul(&w[&format!("a.{name}")]);
                let (q, k, v) = (map("query", &x[0]), map("key", &x[1]), map("value", &x[1]));
                many_heads(&q, &k, &v, heads, None).matmul(&w["a.out"])
            },
        );
    }
}

#[test]
fn heads_are_columns_and_come_back() {
    let x = Draw::new(1).tensor(&[2, 3, 8]);
    check(&[Free(x.clone())], |_, x| join_heads(split_heads(x[0], 4)), |_, x| x[0].clone());
    check(
        &[Free(x)],
        |_, x| split_heads(x[0], 4).slice(1, 2..3).reshape([2, 3, 2]),
        |_, x| head(&x[0], 2, 4),
    );
}

#[test]
fn convolutions() {
    for case in 0..CASES {
        let mut draw = Draw::new(case);
        let [batch, channels, out, size, step] = [2, 3, 4, 3, 2].map(|most| draw.length(most));
        let [height, width] = [3, 3].map(|more| size + draw.length(more));
        let x = draw.tensor(&[batch, width, channels]);
        check(
            &[Free(x)],
            |w, x| conv1d(w, "c", x[0], out, (size, step)),
            |w, x| {
                Tensor::from_fn(&[batch, (width - size) / step + 1, out], |i| {
                    let mut sum = w["c.bias"].data[i[2]];
                    for (c, k) in pairs(channels, size) {
                        sum += x[0].at(&[i[0], i[1] * step + k, c])
                            * w["c.weight"].at(&[c * size + k, i[2]]);
                    }
                    sum
                })
            },
        );
        let x = draw.tensor(&[batch, height, width, channels]);
        check(
            &[Free(x)],
            |w, x| conv2d(w, "c", x[0], out, (size, step)),
            |w, x| {
                let shape = [batch, (height - size) / step + 1, (width - size) / step + 1, out];
                Tensor::from_fn(&shape, |i| {
                    let mut sum = w["c.bias"].data[i[3]];
                    for (c, (row, column)) in
                        (0..channels).flat_map(|c| pairs(size, size).map(move |p| (c, p)))
                    {
                        let from = [i[0], i[1] * step + row, i[2] * step + column, c];
                        sum += x[0].at(&from)
                            * w["c.weight"].at(&[(c * size + row) * size + column, i[3]]);
                    }
                    sum
                })
            },
        );
    }
}

fn pairs(m: usize, n: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..m * n).map(move |i| (i / n, i % n))
}

#[test]
fn pooling() {
    for case in 0..CASES {
        let mut draw = Draw::new(case);
        let [batch, channels, size, rows, columns] = [2, 3, 3, 3, 3].map(|most| draw.length(most));
        // One element beyond the last square is left out, if squares leave it.
        let x = draw.tensor(&[batch, rows * size + (size - 1), columns * size, channels]);
        let square = |x: &Tensor, i: &[usize]| -> Vec<f64> {
            pairs(size, size)
                .map(|(r, c)| x.at(&[i[0], i[1] * size + r, i[2] * size + c, i[3]]))
                .collect()
        };
        let shape = [batch, rows, columns, channels];
        check(
            &[Free(x.clone())],
            |_, x| max_pool2d(x[0], size),
            |_, x| {
                Tensor::from_fn(&shape, |i| {
                    square(&x[0], i).into_iter().fold(f64::NEG_INFINITY, f64::max)
                })
            },
        );
        check(
            &[Free(x)],
            |_, x| mean_pool2d(x[0], size),
            |_, x| {
                Tensor::from_fn(&shape, |i| {
                    square(&x[0], i).iter().sum::<f64>() / (size * size) as f64
                })
            },
        );
    }
}
