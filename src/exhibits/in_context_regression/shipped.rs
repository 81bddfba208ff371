//! The nets that ship with the page: which there are, how each is trained, and how it is loaded.
use super::{
    data::Prompts,
    metrics::{References, mean, ridge},
    net::Net,
    predict::Predictor,
    train::{Functions, Recipe, is_weight, recent_loss},
};
use crate::{
    claim::Check,
    engine::{Snapshot, rng::Stream},
    error::Result,
    exhibit::{Shipped, Trained},
    files::Files,
    models::{
        regress::Linear,
        tensors::{Stored, Tensor, Tensors},
    },
};
use std::{fmt::Write, rc::Rc};

/// Seed of every shipped training.
pub const SEED: u64 = 1;

/// Steps from one line of a log to the next.
const LOG_EVERY: usize = 200;

/// Prompts on which a log says how good a net is.
const SAMPLE: usize = 1024;

/// A net that ships.
#[derive(Clone, Copy, Debug)]
pub struct Model {
    /// Name of its file, without folder and ending.
    pub name: &'static str,
    /// How it was trained.
    pub recipe: Recipe,
}

const fn model(name: &'static str, net: Net, sigma: f32, rate: f32, steps: usize) -> Model {
    let functions = Functions::Random;
    Model { name, recipe: Recipe { net, functions, sigma, rate, steps, batch: 64 } }
}

const fn line(name: &'static str, sigma: f32) -> Model {
    model(name, Net::dual(1, 9, 2, 32), sigma, 3e-3, 10_000)
}

const fn plane(name: &'static str, sigma: f32) -> Model {
    model(name, Net::dual(2, 9, 2, 32), sigma, 3e-3, 10_000)
}

const fn four(name: &'static str, layers: usize, hidden: usize, sigma: f32) -> Model {
    let rate = if layers > 4 { 1.5e-3 } else { 2e-3 };
    model(name, Net::dual(4, 12, layers, hidden), sigma, rate, 8_000)
}

/// d = 1, by noise: 0, 0.25, 0.5, 1.
pub const LINES: [Model; 4] =
    [line("d1_s000", 0.0), line("d1_s025", 0.25), line("d1_s050", 0.5), line("d1_s100", 1.0)];

/// d = 2, by noise: 0, 0.25, 0.5, 1.
pub const PLANES: [Model; 4] =
    [plane("d2_s000", 0.0), plane("d2_s025", 0.25), plane("d2_s050", 0.5), plane("d2_s100", 1.0)];

/// d = 4, by noise: 0, 0.25, 0.5, 0.75. Without noise a net needs longest.
pub const FOURS: [Model; 4] = [
    model("d4_l4_h64_s000_long", Net::dual(4, 12, 4, 64), 0.0, 2e-3, 24_000),
    four("d4_l4_h64_s025", 4, 64, 0.25),
    four("d4_l4_h64_s050", 4, 64, 0.5),
    four("d4_l4_h64_s075", 4, 64, 0.75),
];

/// d = 4 without noise, by depth at width 64.
pub const DEPTHS: [Model; 4] = [
    four("d4_l1_h64_s000", 1, 64, 0.0),
    four("d4_l2_h64_s000", 2, 64, 0.0),
    four("d4_l4_h64_s000", 4, 64, 0.0),
    four("d4_l8_h64_s000", 8, 64, 0.0),
];

/// d = 4 without noise, by width at 4 layers; the last is also one of [`DEPTHS`].
pub const WIDTHS: [Model; 3] =
    [four("d4_l4_h16_s000", 4, 16, 0.0), four("d4_l4_h32_s000", 4, 32, 0.0), DEPTHS[2]];

/// d = 4 with one layer, by noise: 0, 0.25, 0.5, 0.75.
pub const SHALLOW: [Model; 4] = [
    DEPTHS[0],
    four("d4_l1_h64_s025", 1, 64, 0.25),
    four("d4_l1_h64_s050", 1, 64, 0.5),
    four("d4_l1_h64_s075", 1, 64, 0.75),
];

/// d = 4 with two layers, by noise: 0, 0.25, 0.5, 0.75. Eight layers, a quarter of an hour each, are
/// trained without noise alone.
pub const TWOS: [Model; 4] = [
    DEPTHS[1],
    four("d4_l2_h64_s025", 2, 64, 0.25),
    four("d4_l2_h64_s050", 2, 64, 0.5),
    four("d4_l2_h64_s075", 2, 64, 0.75),
];

/// The control of the probes (App. E): as the four layers of [`DEPTHS`], trained on w = (1, ..., 1) alone.
pub const CONTROL: Model = {
    let trained = four("d4_l4_h64_s000_ones", 4, 64, 0.0);
    Model { recipe: Recipe { functions: Functions::Ones, ..trained.recipe }, ..trained }
};

/// All of them, each once, small ones first.
pub fn models() -> impl Iterator<Item = Model> {
    let all = LINES.into_iter().chain(PLANES).chain(WIDTHS).chain(SHALLOW).chain(TWOS);
    all.chain([DEPTHS[3], CONTROL]).chain(FOURS)
}

impl Model {
    /// Its file, relative to `www/`.
    pub fn file(&self) -> String {
        format!("weights/in_context_regression/{}.safetensors", self.name)
    }

    /// The net as it ships.
    pub async fn load(&self, files: &Files) -> Result<Predictor> {
        let file = self.file();
        let tensors = Tensors::read(&file, &files.load(&file).await?)?;
        let predictor = Predictor::new(self.recipe.net, SEED)?;
        for (name, shape) in predictor.weights() {
            predictor.write(&name, tensors.get(&name, &shape)?)?;
        }
        Ok(predictor)
    }

    /// What its file holds, in a sentence.
    pub fn about(&self) -> String {
        let Recipe { net, functions, sigma, rate, steps, batch } = self.recipe;
        let always = match functions {
            Functions::Random => "",
            Functions::Ones => ", always w = 1",
        };
        format!(
            "A dual transformer for d = {}, up to {} pairs, sigma = {sigma}{always}: {} layers of width {}, \
             {} heads, feed-forward {}; Adam at {rate}, {steps} steps of {batch} prompts, seed {SEED}.",
            net.d,
            net.most - 1,
            net.layers,
            net.hidden,
            net.heads,
            net.feed
        )
    }

    async fn train(self, check: Check) -> Result<Trained> {
        let Recipe { steps, rate, .. } = self.recipe;
        let mut trainer = self.recipe.trainer(&check.device, SEED)?;
        let mut losses = vec![];
        while trainer.step < steps {
            trainer.run(1, rate)?;
            if trainer.step.is_multiple_of(LOG_EVERY) {
                losses.push((trainer.step, recent_loss(&trainer.snapshot().await?)));
            }
            let done = trainer.step as f64 / steps as f64;
            let loss = losses.last().map_or(f32::NAN, |(_, loss)| *loss);
            check.progress(done, format!("step {} of {steps}, loss {loss:.4}", trainer.step)).await;
        }
        self.finish(&trainer.snapshot().await?, &losses).await
    }

    /// The file and the log of a training that ended so.
    pub async fn finish(&self, end: &Snapshot, losses: &[(usize, f32)]) -> Result<Trained> {
        let weights = end.tensors.iter().filter(|(name, _)| is_weight(name));
        let tensors: Vec<Tensor> = weights
            .map(|(name, (shape, values))| Tensor {
                name: name.clone(),
                shape: shape.clone(),
                values: values.clone(),
            })
            .collect();
        let bytes = Tensors::write(&tensors, Stored::F16)?;
        let log = self.log(&bytes, losses).await?;
        Ok(Trained { bytes, log })
    }

    /// The losses, and how good the net in these bytes is.
    async fn log(&self, bytes: &[u8], losses: &[(usize, f32)]) -> Result<String> {
        let bytes = bytes.to_vec();
        let files = Files::new(move |_| {
            let bytes = bytes.clone();
            Box::pin(async { Ok(bytes) })
        });
        let mut predictor = self.load(&files).await?;
        let Recipe { net, sigma, .. } = self.recipe;
        let stream = &mut Stream::new(SEED, "log");
        let prompts = Prompts::draw(stream, SAMPLE, (net.d, net.most), sigma.into());
        let bayes = ridge(f64::from(sigma) * f64::from(sigma));
        let learners = [bayes, Linear::Ridge(0.1)];
        let found = predictor.prefixes(&prompts).await?;
        let tally = References::of(&prompts, &learners).tally(&found);
        let mut log = String::from("step, mean loss a dimension of the last 32 steps\n");
        for (step, loss) in losses {
            let _ = writeln!(log, "{step}, {loss:.5}");
        }
        let whole = |spd: &[f64]| mean(spd, 1, net.most);
        let _ = writeln!(
            log,
            "SPD a dimension on {SAMPLE} prompts, mean over n = 1 to {}: to Bayes {:.6}, to ridge 0.1 \
             {:.6}, to the best one-step descent {:.6}",
            net.most - 1,
            whole(&tally.spd(bayes)),
            whole(&tally.spd(learners[1])),
            whole(&tally.spd_to_best_descent())
        );
        Ok(log)
    }
}

/// All weights, and how they are made.
pub fn all() -> Vec<Shipped> {
    let shipped = |model: Model| Shipped {
        file: model.file(),
        about: model.about(),
        train: Rc::new(move |check| Box::pin(model.train(check))),
    };
    models().map(shipped).collect()
}
