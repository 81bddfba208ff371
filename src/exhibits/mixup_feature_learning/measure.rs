//! What a network has learned: accuracies on common and rare test data, features, memorised noise.
use super::{
    data::{FEATURES, Patch, World},
    trainer::Method,
};
use crate::{
    engine::{Device, Graph, Init, Program, State, math},
    error::Result,
};

/// Activations of features, training patches and test noises under one network, and what they tell.
#[derive(Clone, Debug)]
pub struct Measures {
    /// ⟨w_kr, row⟩: `[rows, 2 m]`.
    pub activations: Vec<f32>,
    /// Fraction of training examples classified rightly.
    pub train: f32,
    /// Mean cross-entropy of the training examples as they are, without mixing.
    pub loss: f32,
    /// Fraction of common test examples classified rightly.
    pub common: f32,
    /// Fraction of rare test examples classified rightly.
    pub rare: f32,
    /// max_r |⟨w_kr, ·⟩| of v₁, v₂, u₁, u₂, each for the filters of its class.
    pub learned: [f32; FEATURES],
    /// max over training examples of |⟨w_yr, ξ⟩|, ξ their noise patches.
    pub noise: f32,
}

/// Makes measures of kept coefficients; always on the processor.
pub struct Meter {
    program: Program,
    /// ⟨w_kr, ξ⟩ from the weights themselves; made when first needed, since it holds all noise patches.
    projections: Option<Program>,
    /// Row of the activations of each noise patch.
    noise_rows: Vec<usize>,
    width: usize,
}

impl Meter {
    /// For networks on this world.
    pub fn new(world: &World) -> Result<Self> {
        let (rows, side, width) = (world.rows(), world.config.train_patches(), 2 * world.config.m);
        let g = Graph::new();
        let products = g.state("products", [rows, side], Init::Zeros);
        let start = g.state("start", [rows, width], Init::Zeros);
        g.output("activations", start - products.matmul(g.input("c", [side, width])));
        let known = [("products", &world.products[..]), ("start", &world.start)];
        let program = on_processor(&g, &known)?;
        let mut noise_rows = vec![0; world.noise.len() / world.config.d];
        for (row, patch) in world.row_patches().into_iter().enumerate() {
            if let Patch::Noise(i) = patch {
                noise_rows[i] = row;
            }
        }
        Ok(Self { program, projections: None, noise_rows, width })
    }

    /// What a lane has learned that keeps this.
    pub async fn measure(
        &mut self,
        world: &World,
        method: Method,
        kept: &[f32],
    ) -> Result<Measures> {
        let activations = if method == Method::Noise {
            let d = world.config.d;
            let width = self.width;
            let program = match &mut self.projections {
                Some(program) => program,
                none => none.insert(projections(world)?),
            };
            program.write("w", kept)?;
            program.run(1)?;
            let dots = program.read("projections").await?;
            let of = |patch: Patch, r: usize| match patch {
                Patch::Feature(k, scale) => scale * kept[r * d + k],
                Patch::Noise(i) => dots[i * width + r],
            };
            let rows = world.row_patches();
            rows.iter().flat_map(|&patch| (0..width).map(move |r| of(patch, r))).collect()
        } else {
            self.program.write("c", kept)?;
            self.program.run(1)?;
            self.program.read("activations").await?
        };
        Ok(self.read(world, activations))
    }

    /// The row of a patch and what to multiply it by.
    fn row(&self, patch: Patch) -> (usize, f32) {
        match patch {
            Patch::Feature(k, scale) => (k, scale),
            Patch::Noise(i) => (self.noise_rows[i], 1.0),
        }
    }

    /// Σ_r ⟨w_kr, patch⟩² for both classes k.
    fn logits(&self, activations: &[f32], patch: Patch) -> [f32; 2] {
        let (row, scale) = self.row(patch);
        let row = &activations[row * self.width..(row + 1) * self.width];
        let (first, second) = row.split_at(self.width / 2);
        [first, second].map(|half| scale * scale * half.iter().map(|g| g * g).sum::<f32>())
    }

    /// What each kind of patch adds to the logit of the right class, for each training example:
    /// feature, weak copies, noise.
    pub fn parts(&self, world: &World, measures: &Measures) -> Vec<[f32; 3]> {
        let of = |example: &super::data::Example| {
            let mut parts = [0.0; 3];
            for &patch in &example.patches {
                let part = match patch {
                    Patch::Feature(_, 1.0) => 0,
                    Patch::Feature(..) => 1,
                    Patch::Noise(_) => 2,
                };
                parts[part] += self.logits(&measures.activations, patch)[example.label];
            }
            parts
        };
        world.train.iter().map(of).collect()
    }

    fn read(&self, world: &World, activations: Vec<f32>) -> Measures {
        let half = self.width / 2;
        let margin = |example: &super::data::Example| -> f32 {
            let of = |&patch: &Patch| self.logits(&activations, patch);
            let sum = |z: f32, [first, second]: [f32; 2]| z + second - first;
            example.patches.iter().map(of).fold(0.0, sum)
        };
        let right = |label: usize, z: f32| if label == 1 { z > 0.0 } else { z < 0.0 };
        let share = |rights: &[bool]| {
            rights.iter().filter(|right| **right).count() as f32 / rights.len().max(1) as f32
        };
        let tested = |rare: bool| -> Vec<bool> {
            let tests = world.test.iter().filter(|e| e.rare == rare);
            tests.map(|e| right(e.label, margin(e))).collect()
        };
        let margins: Vec<f32> = world.train.iter().map(margin).collect();
        let trained = world.train.iter().zip(&margins);
        let rights: Vec<bool> = trained.clone().map(|(e, &z)| right(e.label, z)).collect();
        let cost = |z: f32| z.max(0.0) + math::ln(1.0 + math::exp(-z.abs()));
        let loss: f32 = trained.map(|(e, &z)| cost(z) - e.label as f32 * z).sum();
        let greatest = |row: usize, class: usize| {
            let from = row * self.width + class * half;
            activations[from..from + half].iter().fold(0.0_f32, |most, g| most.max(g.abs()))
        };
        let noise = world.train.iter().flat_map(|e| e.patches.iter().map(move |&p| (e.label, p)));
        let noise = noise.filter(|(_, patch)| matches!(patch, Patch::Noise(_)));
        Measures {
            train: share(&rights),
            loss: loss / margins.len() as f32,
            common: share(&tested(false)),
            rare: share(&tested(true)),
            learned: std::array::from_fn(|k| greatest(k, k % 2)),
            noise: noise.map(|(y, p)| greatest(self.row(p).0, y)).fold(0.0, f32::max),
            activations,
        }
    }
}

/// The program of [`Meter::projections`], `[noises, 2 m]`.
fn projections(world: &World) -> Result<Program> {
    let (d, width) = (world.config.d, 2 * world.config.m);
    let g = Graph::new();
    let noise = g.state("noise", [world.noise.len() / d, d], Init::Zeros);
    g.output("projections", noise.matmul(g.input("w", [width, d]).transpose()));
    on_processor(&g, &[("noise", &world.noise)])
}

/// A program that computes with these numbers.
fn on_processor(g: &Graph, known: &[(&str, &[f32])]) -> Result<Program> {
    let (device, plan) = (Device::cpu(), g.compile()?);
    let state = State::new(&device, &[&plan], 0)?;
    let program = Program::new(&device, &plan, &state)?;
    for (name, numbers) in known {
        state.write(name, numbers)?;
    }
    Ok(program)
}
