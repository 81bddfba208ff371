//! The numbers that every peer begins with: drawn as the peers' harness draws them.
use libm::{cos, log, sin, sqrt};

/// Initial values of the trained tensors in the peers' order, and the inputs by name.
pub(super) struct Data {
    pub(super) parameters: Vec<Vec<f32>>,
    pub(super) inputs: Vec<(&'static str, Vec<f32>)>,
}

/// The data of a network of [`super::networks`], by its name.
pub(super) fn of(network: &str) -> Data {
    match network {
        "mlp" => spirals(),
        "pointer" => tours(),
        _ => regressions(),
    }
}

/// Two spirals.
fn spirals() -> Data {
    let mut r = Random::new(1);
    let parameters = vec![
        r.normals(2 * 64, 1.0 / 2.0_f64.sqrt()),
        vec![0.0; 64],
        r.normals(64 * 64, 0.125),
        vec![0.0; 64],
        r.normals(64 * 2, 0.125),
        vec![0.0; 2],
    ];
    let (mut x, mut y) = (vec![], vec![]);
    for i in 0..128 {
        let class = f64::from(i % 2);
        let radius = 0.3 + 3.0 * r.uniform();
        let angle = 2.0 * radius + std::f64::consts::PI * class;
        for turned in [cos(angle), sin(angle)] {
            x.push((radius * turned / 3.0 + 0.02 * r.normal()) as f32);
        }
        y.push(class as f32);
    }
    Data { parameters, inputs: vec![("x", x), ("y", y)] }
}

/// Points, to be visited by their angle around their mean.
fn tours() -> Data {
    let (batch, n, hidden) = (64, 10, 128);
    let mut r = Random::new(2);
    let scale = 1.0 / (hidden as f64).sqrt();
    let mut parameters = vec![r.normals(2 * hidden, 1.0 / 2.0_f64.sqrt()), vec![0.0; hidden]];
    for _ in ["encoder", "decoder"] {
        parameters.push(r.normals(hidden * 4 * hidden, scale));
        parameters.push(r.normals(hidden * 4 * hidden, scale));
        parameters.push(vec![0.0; 4 * hidden]);
    }
    parameters.push(r.normals(hidden, scale));
    parameters.push(r.normals(hidden * hidden, scale));
    parameters.push(r.normals(hidden * hidden, scale));
    parameters.push(r.normals(hidden, scale));
    let x: Vec<f32> = (0..n * batch * 2).map(|_| r.uniform() as f32).collect();
    let (mut before, mut targets) = (vec![0.0; n * batch * 2], vec![0.0; n * batch]);
    for b in 0..batch {
        let point = |i: usize| [0, 1].map(|k| f64::from(x[(i * batch + b) * 2 + k]));
        let mean = [0, 1].map(|k| (0..n).fold(0.0, |sum, i| sum + point(i)[k] / n as f64));
        let angle = |i: usize| libm::atan2(point(i)[1] - mean[1], point(i)[0] - mean[0]);
        let mut order: Vec<usize> = (0..n).collect();
        order.sort_by(|&i, &j| angle(i).total_cmp(&angle(j)));
        for (t, &i) in order.iter().enumerate() {
            targets[t * batch + b] = i as f32;
            if t > 0 {
                let (to, from) = ((t * batch + b) * 2, (order[t - 1] * batch + b) * 2);
                before[to..to + 2].copy_from_slice(&x[from..from + 2]);
            }
        }
    }
    Data { parameters, inputs: vec![("x", x), ("xdec", before), ("tgt", targets)] }
}

/// A linear function for each sequence, its arguments and values in turn.
fn regressions() -> Data {
    let (batch, tokens, width, arguments) = (64, 41, 64, 20);
    let mut r = Random::new(3);
    let scale = 1.0 / (width as f64).sqrt();
    let mut parameters = vec![
        r.normals(arguments * width, 1.0 / (arguments as f64).sqrt()),
        vec![0.0; width],
        r.normals(tokens * width, 0.1),
    ];
    let norm = || [vec![1.0; width], vec![0.0; width]];
    for _ in 0..4 {
        parameters.extend(norm());
        parameters.extend([r.normals(width * 3 * width, scale), vec![0.0; 3 * width]]);
        parameters.extend([r.normals(width * width, scale), vec![0.0; width]]);
        parameters.extend(norm());
        parameters.extend([r.normals(width * 4 * width, scale), vec![0.0; 4 * width]]);
        parameters.extend([r.normals(4 * width * width, scale / 2.0), vec![0.0; width]]);
    }
    parameters.extend(norm());
    parameters.extend([r.normals(width, scale), vec![0.0]]);
    let (mut x, mut y) = (vec![0.0; batch * tokens * arguments], vec![0.0; batch * tokens]);
    for b in 0..batch {
        let weights: Vec<f64> = (0..arguments).map(|_| r.normal()).collect();
        for t in (0..tokens).step_by(2) {
            let at = (b * tokens + t) * arguments;
            let mut value = 0.0;
            for (k, weight) in weights.iter().enumerate() {
                let argument = r.normal();
                x[at + k] = argument as f32;
                value += argument * weight;
            }
            value /= (arguments as f64).sqrt();
            y[b * tokens + t] = value as f32;
            if t + 1 < tokens {
                x[at + arguments] = value as f32;
            }
        }
    }
    let mask = (0..tokens).map(|t| ((t + 1) % 2) as f32).collect();
    Data { parameters, inputs: vec![("x", x), ("y", y), ("mask", mask)] }
}

/// The harness's generator, Mulberry32, and normal numbers by Marsaglia's polar method.
struct Random {
    state: u32,
    spare: Option<f64>,
}

impl Random {
    fn new(seed: u32) -> Self {
        Self { state: seed, spare: None }
    }

    fn uniform(&mut self) -> f64 {
        self.state = self.state.wrapping_add(0x6d2b_79f5);
        let a = self.state;
        let t = (a ^ (a >> 15)).wrapping_mul(1 | a);
        let t = t.wrapping_add((t ^ (t >> 7)).wrapping_mul(0x3d | t)) ^ t;
        f64::from(t ^ (t >> 14)) / 4_294_967_296.0
    }

    fn normal(&mut self) -> f64 {
        if let Some(spare) = self.spare.take() {
            return spare;
        }
        loop {
            let (x, y) = (2.0 * self.uniform() - 1.0, 2.0 * self.uniform() - 1.0);
            let r = x * x + y * y;
            if r > 0.0 && r < 1.0 {
                let scale = sqrt(-2.0 * log(r) / r);
                self.spare = Some(y * scale);
                return x * scale;
            }
        }
    }

    fn normals(&mut self, count: usize, scale: f64) -> Vec<f32> {
        (0..count).map(|_| (self.normal() * scale) as f32).collect()
    }
}
