//! The feature-noise data model: examples of patches, and all inner products that training needs.
//!
//! The four features are orthonormal. Noise and initial weights are isotropic, so that turning space
//! changes nothing: the features are the first four axes.
use crate::{
    engine::{
        Device, Graph, Program, State,
        rng::{Stream, stream_key},
    },
    error::{Error, Result},
    models::random::normal,
};

/// Numbers of the data model and of the network.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// Training examples, half of them of each class.
    pub n: usize,
    /// Numbers a patch.
    pub d: usize,
    /// Patches an example, P.
    pub patches: usize,
    /// Of these, weak copies of common features, b; at most P − 2.
    pub copies: usize,
    /// Size of these copies, α.
    pub alpha: f32,
    /// Standard deviation of each number of a noise patch, σ_p.
    pub sigma_p: f32,
    /// Fraction of rare examples, ρ.
    pub rho: f32,
    /// Filters a class, m.
    pub m: usize,
    /// Standard deviation of the initial weights, σ_0.
    pub sigma_0: f32,
}

/// v₁, v₂, u₁, u₂: the common feature of each class, then the rare one.
pub const FEATURES: usize = 4;

/// Most test examples of each kind; half of them of each class.
const MOST_TESTS: usize = 400;

/// Most numbers that the noise of the test examples may have.
const MOST_TEST_NUMBERS: usize = 8 << 20;

/// A part of an example.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Patch {
    /// A multiple of a feature, by the number of the feature.
    Feature(usize, f32),
    /// Gaussian noise, by its row in [`World::noise`].
    Noise(usize),
}

/// A labelled set of patches.
#[derive(Clone, Debug, PartialEq)]
pub struct Example {
    /// 0 or 1.
    pub label: usize,
    /// Whether it carries the rare feature of its class.
    pub rare: bool,
    /// In random order.
    pub patches: Vec<Patch>,
}

/// A training set, a test set, initial weights, and the inner products between them.
#[derive(Clone, Debug)]
pub struct World {
    /// What it was made from.
    pub config: Config,
    /// Rare ones first; `[n]`.
    pub train: Vec<Example>,
    /// As many common as rare ones.
    pub test: Vec<Example>,
    /// Noise patches, those of the training set first: `[noises, d]`.
    pub noise: Vec<f32>,
    /// Initial weights, those of class 1 first: `[2 m, d]`.
    pub weights: Vec<f32>,
    /// Inner products of the features, the training patches and the test noises with the training
    /// patches: `[rows, n P]`.
    pub products: Vec<f32>,
    /// Activations of the same rows at the initial weights: `[rows, 2 m]`.
    pub start: Vec<f32>,
}

impl Config {
    /// Config A of our protocol: closer to the theory.
    pub const A: Self = Self {
        n: 100,
        d: 2000,
        patches: 4,
        copies: 1,
        alpha: 0.05,
        sigma_p: 0.08,
        rho: 0.1,
        m: 10,
        sigma_0: 0.01,
    };
    /// Config B: small and fast.
    pub const B: Self = Self { d: 1000, patches: 3, sigma_p: 0.1, ..Self::A };
    /// Config C: very small, and the default.
    pub const C: Self = Self { n: 60, m: 5, ..Self::B };

    /// Training examples of each class that carry the rare feature.
    pub fn rare(&self) -> usize {
        (0.5 * self.rho * self.n as f32).round() as usize
    }

    /// Noise patches an example, P − 1 − b.
    pub fn noises(&self) -> usize {
        self.patches - 1 - self.copies
    }

    /// Test examples of each kind.
    pub fn tests(&self) -> usize {
        (MOST_TEST_NUMBERS / (2 * self.noises() * self.d)).min(MOST_TESTS) / 2 * 2
    }

    /// Training patches, n P.
    pub fn train_patches(&self) -> usize {
        self.n * self.patches
    }

    /// The three speeds of the race, times n: rare feature, one's own noise, common feature.
    pub fn speeds(&self) -> [f32; 3] {
        let (n, rare) = (self.n as f32, 2.0 * self.rare() as f32);
        [0.5 * rare, self.sigma_p * self.sigma_p * self.d as f32, 0.5 * (n - rare)]
    }

    /// One sentence on what cannot be run.
    fn check(&self) -> Result<()> {
        let fault = |name: &str, value: String, allowed: String| {
            Err(Error::Value { name: name.to_owned(), value, allowed })
        };
        if self.rare() == 0 {
            let least = (100.0 / self.n as f32).ceil() / 100.0;
            return fault(
                "rho",
                self.rho.to_string(),
                format!(
                    "at least {least} with n = {}, so that each class has a rare example",
                    self.n
                ),
            );
        }
        if self.patches < self.copies + 2 {
            return fault(
                "b",
                self.copies.to_string(),
                format!("at most {}, so that a noise patch is left", self.patches.max(2) - 2),
            );
        }
        Ok(())
    }
}

impl World {
    /// The data and the initial weights of a seed.
    pub async fn new(config: &Config, seed: u64) -> Result<Self> {
        config.check()?;
        let mut stream = Stream::new(seed, "mixup examples");
        let mut noises = 0;
        let mut example = |label, rare| Example::new(config, label, rare, &mut noises, &mut stream);
        let half = config.n / 2;
        let classes = [half, config.n - half];
        let rare = config.rare();
        let of = |label, count, rare| std::iter::repeat_n((label, rare), count);
        let train: Vec<Example> = of(0, rare, true)
            .chain(of(1, rare, true))
            .chain(of(0, classes[0] - rare, false))
            .chain(of(1, classes[1] - rare, false))
            .map(|(label, rare)| example(label, rare))
            .collect();
        let tests = 2 * config.tests();
        let test: Vec<Example> = (0..tests).map(|i| example(i % 2, i >= tests / 2)).collect();
        let noise = gaussian("mixup noise", seed, [noises, config.d], config.sigma_p).await?;
        let shape = [2 * config.m, config.d];
        let weights = gaussian("mixup weights", seed, shape, config.sigma_0).await?;
        let config = config.clone();
        let (products, start) = (vec![], vec![]);
        let mut world = Self { config, train, test, noise, weights, products, start };
        world.multiply().await?;
        Ok(world)
    }

    /// Number of rows of [`World::products`].
    pub fn rows(&self) -> usize {
        FEATURES + self.config.train_patches() + self.test.len() * self.config.noises()
    }

    /// Noise patches of the training set.
    fn train_noises(&self) -> usize {
        self.config.n * self.config.noises()
    }

    /// The training patches' own products: `[n P, n P]`.
    pub fn gram(&self) -> &[f32] {
        let side = self.config.train_patches();
        &self.products[FEATURES * side..(FEATURES + side) * side]
    }

    /// The training patches' activations at the initial weights: `[n P, 2 m]`.
    pub fn train_start(&self) -> &[f32] {
        let (side, width) = (self.config.train_patches(), 2 * self.config.m);
        &self.start[FEATURES * width..(FEATURES + side) * width]
    }

    /// The patch of each row of [`World::products`].
    pub fn row_patches(&self) -> Vec<Patch> {
        let features = (0..FEATURES).map(|k| Patch::Feature(k, 1.0));
        let train = self.train.iter().flat_map(|e| e.patches.iter().copied());
        let first = self.train_noises();
        let test = (first..first + self.test.len() * self.config.noises()).map(Patch::Noise);
        features.chain(train).chain(test).collect()
    }

    /// Fills in the inner products: noises by noises and weights in one matrix product, the rest by
    /// the features' being axes.
    async fn multiply(&mut self) -> Result<()> {
        let (d, width) = (self.config.d, 2 * self.config.m);
        let own = self.train_noises();
        let columns = own + width;
        let right = [&self.noise[..own * d], &self.weights[..]].concat();
        let dots = product(&self.noise, &right, d).await?;
        let dot = |a: Patch, b: Patch| match (a, b) {
            (Patch::Feature(k, x), Patch::Feature(l, y)) => {
                if k == l {
                    x * y
                } else {
                    0.0
                }
            }
            (Patch::Feature(k, x), Patch::Noise(i)) | (Patch::Noise(i), Patch::Feature(k, x)) => {
                x * self.noise[i * d + k]
            }
            (Patch::Noise(i), Patch::Noise(j)) => dots[i * columns + j],
        };
        let rows = self.row_patches();
        let train = &rows[FEATURES..FEATURES + self.config.train_patches()];
        let products = rows.iter().flat_map(|&a| train.iter().map(move |&b| (a, b)));
        self.products = products.map(|(a, b)| dot(a, b)).collect();
        let activation = |a: Patch, r: usize| match a {
            Patch::Feature(k, x) => x * self.weights[r * d + k],
            Patch::Noise(i) => dots[i * columns + own + r],
        };
        let start = rows.iter().flat_map(|&a| (0..width).map(move |r| (a, r)));
        self.start = start.map(|(a, r)| activation(a, r)).collect();
        Ok(())
    }

    /// Every training patch in full: `[n P, d]`.
    pub fn train_vectors(&self) -> Vec<f32> {
        let d = self.config.d;
        let mut vectors = vec![0.0; self.config.train_patches() * d];
        let patches = self.train.iter().flat_map(|e| &e.patches);
        for (vector, patch) in vectors.chunks_exact_mut(d).zip(patches) {
            match *patch {
                Patch::Feature(k, scale) => vector[k] = scale,
                Patch::Noise(i) => vector.copy_from_slice(&self.noise[i * d..(i + 1) * d]),
            }
        }
        vectors
    }
}

impl Example {
    /// One of a class, drawing its noise patches' numbers in order.
    fn new(
        config: &Config,
        label: usize,
        rare: bool,
        noises: &mut usize,
        stream: &mut Stream,
    ) -> Self {
        let mut patches = vec![Patch::Feature(label + if rare { 2 } else { 0 }, 1.0)];
        for _ in 0..config.copies {
            patches.push(Patch::Feature(stream.below(2), config.alpha));
        }
        for _ in 0..config.noises() {
            patches.push(Patch::Noise(*noises));
            *noises += 1;
        }
        stream.shuffle(&mut patches);
        Self { label, rare, patches }
    }
}

/// Gaussian numbers, drawn by a program: there are up to eight million of them.
async fn gaussian(purpose: &str, seed: u64, shape: [usize; 2], deviation: f32) -> Result<Vec<f32>> {
    let g = Graph::new();
    g.output("numbers", deviation * normal(&g, purpose, shape));
    let plan = g.compile()?;
    let device = Device::cpu();
    // A graph numbers its streams from zero, so the purpose must be in the seed.
    let [low, high] = stream_key(seed, purpose);
    let seed = u64::from(low) | u64::from(high) << 32;
    let state = State::new(&device, &[&plan], seed)?;
    let mut program = Program::new(&device, &plan, &state)?;
    program.run(1)?;
    program.read("numbers").await
}

/// A Bᵀ for rows of length `d`, on the processor.
pub async fn product(a: &[f32], b: &[f32], d: usize) -> Result<Vec<f32>> {
    let g = Graph::new();
    let left = g.input("a", [a.len() / d, d]);
    let right = g.input("b", [b.len() / d, d]);
    g.output("product", left.matmul(right.transpose()));
    let plan = g.compile()?;
    let device = Device::cpu();
    let state = State::new(&device, &[&plan], 0)?;
    let mut program = Program::new(&device, &plan, &state)?;
    program.write_many(&[("a", a), ("b", b)])?;
    program.run(1)?;
    program.read("product").await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tiny() -> Config {
        Config { n: 20, d: 30, patches: 5, copies: 2, rho: 0.2, m: 2, ..Config::C }
    }

    #[test]
    fn examples_are_as_the_model_says() {
        let world = pollster::block_on(World::new(&tiny(), 1)).unwrap();
        let kinds =
            |label, rare| world.train.iter().filter(|e| e.label == label && e.rare == rare).count();
        assert_eq!(
            [kinds(0, true), kinds(1, true), kinds(0, false), kinds(1, false)],
            [2, 2, 8, 8]
        );
        for example in world.train.iter().chain(&world.test) {
            let strong = example.patches.iter().filter(|p| matches!(p, Patch::Feature(_, 1.0)));
            let own = Patch::Feature(example.label + if example.rare { 2 } else { 0 }, 1.0);
            assert!(strong.copied().eq([own]), "one feature patch, of its class and kind");
            let weak = |p: &&Patch| matches!(p, Patch::Feature(0 | 1, x) if *x == 0.05);
            assert_eq!(example.patches.iter().filter(weak).count(), 2, "b copies");
            let noises = example.patches.iter().filter(|p| matches!(p, Patch::Noise(_))).count();
            assert_eq!(noises, 2, "P − 1 − b noise patches");
        }
        assert_eq!(world.test.iter().filter(|e| e.rare).count(), 400, "half of the tests are rare");
        // Cosines of thirty numbers have deviation 0.18: no noise is a weight again.
        let (noise, weights) = (&world.noise[..30], &world.weights[..30]);
        let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(x, y)| x * y).sum::<f32>();
        let cosine = dot(noise, weights) / (dot(noise, noise) * dot(weights, weights)).sqrt();
        assert!(cosine.abs() < 0.8, "noise and weights are independent: {cosine}");
        // 1640 noises of 30 numbers: the deviation of their deviation is 0.32% of it.
        let power = world.noise.iter().map(|x| x * x).sum::<f32>() / world.noise.len() as f32;
        assert!((power.sqrt() / 0.1 - 1.0).abs() < 0.016, "σ_p {}", power.sqrt());
    }

    #[test]
    fn products_are_those_of_the_vectors() {
        let world = pollster::block_on(World::new(&tiny(), 2)).unwrap();
        let (d, side, width) = (30, 100, 4);
        let vectors = world.train_vectors();
        let full = |patch: Patch| match patch {
            Patch::Feature(k, x) => (0..d).map(|i| if i == k { x } else { 0.0 }).collect(),
            Patch::Noise(i) => world.noise[i * d..(i + 1) * d].to_vec(),
        };
        let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(x, y)| x * y).sum::<f32>();
        for (row, patch) in world.row_patches().into_iter().enumerate() {
            let vector = full(patch);
            for i in 0..side {
                let expected = dot(&vector, &vectors[i * d..(i + 1) * d]);
                // Thirty roundings of products near 0.01.
                assert!((world.products[row * side + i] - expected).abs() < 1e-6, "{row} {i}");
            }
            for r in 0..width {
                let expected = dot(&vector, &world.weights[r * d..(r + 1) * d]);
                assert!((world.start[row * width + r] - expected).abs() < 1e-6, "{row} {r}");
            }
        }
        assert_eq!(world.gram().len(), side * side);
        assert_eq!(world.gram()[1], world.gram()[side], "symmetric");
    }

    #[test]
    fn what_cannot_be_run_is_told_in_a_sentence() {
        let of =
            |config: Config| pollster::block_on(World::new(&config, 1)).unwrap_err().to_string();
        assert_eq!(
            of(Config { n: 40, rho: 0.02, ..Config::C }),
            "rho cannot be 0.02; allowed is at least 0.03 with n = 40, so that each class has a rare \
             example"
        );
        assert_eq!(
            of(Config { copies: 2, ..Config::C }),
            "b cannot be 2; allowed is at most 1, so that a noise patch is left"
        );
    }
}
