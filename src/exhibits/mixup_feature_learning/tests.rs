//! The fast losses against their definitions, and the run on activations against one on weights.
use super::{
    MixupFeatureLearning, Params,
    data::{Config, World},
    digits,
    measure::{Measures, Meter},
    trainer::{Kind, Method, Rates, Trainer, loss},
};
use crate::engine::{Device, Graph, Init, Program, State, Var, rng::Stream};
use crate::{
    exhibit::{Ctx, Exhibit, Progress},
    files::Files,
    models::{
        loss::binary_cross_entropy,
        tensors::{Stored, Tensor, Tensors},
    },
    params::ParamSet,
};

pub(super) const RATES: Rates =
    Rates { eta: 1.0, lambda_x: 0.7, lambda_y: 0.7, stop: 100, beta: 1.0, sigma: 0.1 };

fn world(config: &Config, seed: u64) -> World {
    pollster::block_on(World::new(config, seed)).unwrap()
}

fn tiny(n: usize, patches: usize, d: usize, m: usize) -> Config {
    Config { n, d, patches, copies: 0, rho: 0.7, m, sigma_p: 0.5, sigma_0: 0.7, ..Config::C }
}

/// A loss of weights `[2 m, d]` and its derivative.
struct OfWeights {
    program: Program,
    state: State,
}

impl OfWeights {
    fn new(world: &World, build: impl for<'g> Fn(Var<'g>) -> Var<'g>) -> Self {
        let g = Graph::new();
        let (d, width) = (world.config.d, 2 * world.config.m);
        let x = g.constant(&world.train_vectors(), [world.config.train_patches(), d]);
        let w = g.state("w", [width, d], Init::Zeros);
        let loss = build(x.matmul(w.transpose()));
        g.output("loss", loss);
        g.output("grad", g.grad(loss, &[w])[0]);
        let plan = g.compile().unwrap();
        let state = State::new(&Device::cpu(), &[&plan], 0).unwrap();
        let program = Program::new(&Device::cpu(), &plan, &state).unwrap();
        Self { program, state }
    }

    fn at(&mut self, w: &[f32], lambda: Option<[f32; 2]>) -> (f32, Vec<f32>) {
        self.state.write("w", w).unwrap();
        if let Some([x, y]) = lambda {
            self.program.write_many(&[("lambda_x", &[x]), ("lambda_y", &[y])]).unwrap();
        }
        self.program.run(1).unwrap();
        let read = pollster::block_on(self.program.read_many(&["loss", "grad"])).unwrap();
        (read[0][0], read[1].clone())
    }
}

/// ln(1 + eᶻ) − t z for logits of the definition, in f64: mean over all pairs.
fn by_definition(world: &World, w: &[f32], [lx, ly]: [f64; 2]) -> f64 {
    let (n, p, d, m) = (world.config.n, world.config.patches, world.config.d, world.config.m);
    let x = world.train_vectors();
    let mut sum = 0.0;
    for i in 0..n {
        for j in 0..n {
            let mut logits = [0.0_f64; 2];
            for patch in 0..p {
                let at = |e: usize, c: usize| f64::from(x[(e * p + patch) * d + c]);
                for (r, filter) in w.chunks_exact(d).enumerate() {
                    let dot: f64 = (0..d)
                        .map(|c| f64::from(filter[c]) * (lx * at(i, c) + (1.0 - lx) * at(j, c)))
                        .sum();
                    logits[r / m] += dot * dot;
                }
            }
            let label = |e: usize, k: usize| if world.train[e].label == k { 1.0 } else { 0.0 };
            let total: f64 = libm::log(libm::exp(logits[0]) + libm::exp(logits[1]));
            for (k, logit) in logits.into_iter().enumerate() {
                sum += (ly * label(i, k) + (1.0 - ly) * label(j, k)) * (total - logit);
            }
        }
    }
    sum / (n * n) as f64
}

/// Done when 1: the standard and the full-pair loss, against central differences of the definition.
#[test]
fn gradients_agree_with_differences_of_the_definition() {
    for seed in 0..5 {
        let world = world(&tiny(3, 2, 6, 2), seed);
        let weights: Vec<f32> = world.weights.clone();
        let mut pairs = OfWeights::new(&world, |a| loss(Kind::Pairs, &world, a));
        let mut standard = OfWeights::new(&world, |a| loss(Kind::Standard, &world, a));
        for lambda in [[1.0, 1.0], [0.7, 0.7], [0.6, 0.9], [0.5, 0.5], [0.6, 1.0]] {
            let (_, grad) = if lambda == [1.0, 1.0] {
                standard.at(&weights, None)
            } else {
                pairs.at(&weights, Some(lambda))
            };
            let lambda = lambda.map(f64::from);
            let size = grad.iter().map(|g| g * g).sum::<f32>().sqrt();
            for i in 0..weights.len() {
                let moved = |h: f32| {
                    let mut w = weights.clone();
                    w[i] += h;
                    (f64::from(w[i]), by_definition(&world, &w, lambda))
                };
                let ((a, low), (b, high)) = (moved(-1e-3), moved(1e-3));
                let slope = ((high - low) / (b - a)) as f32;
                assert!((slope - grad[i]).abs() <= 1e-4 * size, "{lambda:?}: {slope} {}", grad[i]);
            }
        }
    }
}

/// Done when 2: the loss and the gradient from n × n products, against blending all n² inputs.
#[test]
fn the_fast_pair_formula_equals_the_construction_of_all_pairs() {
    let world = world(&Config { n: 12, d: 40, patches: 3, rho: 0.4, m: 3, ..Config::C }, 4);
    let mut stream = Stream::new(4, "weights");
    let weights: Vec<f32> = (0..6 * 40).map(|_| 0.5 * stream.normal()).collect();
    let labels: Vec<f32> = world.train.iter().map(|e| e.label as f32).collect();
    let mut fast = OfWeights::new(&world, |a| loss(Kind::Pairs, &world, a));
    for [lx, ly] in [[0.7, 0.7], [0.6, 0.8], [0.9, 0.5]] {
        let mut naive = OfWeights::new(&world, |a| {
            let g = a.graph();
            let x = a.reshape([12, 3 * 6]);
            let signs: Vec<f32> = (0..18).map(|i| if i % 6 < 3 { -1.0 } else { 1.0 }).collect();
            let [first, second]: [Vec<f32>; 2] = [
                (0..144).map(|i| (i / 12) as f32).collect(),
                (0..144).map(|i| (i % 12) as f32).collect(),
            ];
            let [first, second] = [first, second].map(|index| g.constant(&index, [144]));
            let t = g.constant(&labels, [12, 1]);
            let blend = |x, l: f32| l * Var::gather(x, first) + (1.0 - l) * Var::gather(x, second);
            let z = (blend(x, lx).square() * g.constant(&signs, [1, 18])).sum(&[1]);
            binary_cross_entropy(z, blend(t, ly)).mean_all()
        });
        let (loss, grad) = fast.at(&weights, Some([lx, ly]));
        let (expected, slope) = naive.at(&weights, None);
        assert!((loss - expected).abs() <= 1e-5 * expected, "{loss}, not {expected}");
        let size = slope.iter().map(|g| g * g).sum::<f32>().sqrt();
        let apart = grad.iter().zip(&slope).map(|(a, b)| (a - b) * (a - b)).sum::<f32>().sqrt();
        assert!(apart <= 1e-5 * size, "{apart} of {size}");
    }
}

fn run(world: &World, method: Method, rates: &Rates, steps: usize) -> Measures {
    let mut trainer = Trainer::new(&Device::cpu(), world, &[method], 1).unwrap();
    for _ in 0..steps {
        trainer.step(0, rates).unwrap();
    }
    let kept = pollster::block_on(trainer.kept(0)).unwrap();
    pollster::block_on(Meter::new(world).unwrap().measure(world, method, &kept)).unwrap()
}

/// Done when 3: 200 steps on the coefficients, against 200 steps on the weights themselves.
#[test]
fn a_run_on_activations_equals_one_on_weights() {
    let world = world(&Config { n: 40, d: 300, sigma_p: 0.18, ..Config::C }, 1);
    let (d, width) = (300, 10);
    for (method, kind) in [(Method::Standard, Kind::Standard), (Method::Mixup, Kind::Pairs)] {
        let fast = run(&world, method, &RATES, 200);
        let mut direct = OfWeights::new(&world, |a| loss(kind, &world, a));
        let mut w = world.weights.clone();
        for _ in 0..200 {
            let lambda = (kind == Kind::Pairs).then_some([0.7, 0.7]);
            let (_, grad) = direct.at(&w, lambda);
            w.iter_mut().zip(grad).for_each(|(w, g)| *w -= g);
        }
        // A lane that keeps weights is measured from them directly.
        let meter = &mut Meter::new(&world).unwrap();
        let slow = pollster::block_on(meter.measure(&world, Method::Noise, &w)).unwrap();
        let greatest = slow.activations.iter().fold(0.0_f32, |most, g| most.max(g.abs()));
        for (a, b) in fast.activations.iter().zip(&slow.activations) {
            assert!((a - b).abs() <= 1e-2 * greatest, "{method:?}: {a}, not {b} of {greatest}");
        }
        for (a, b) in [(fast.common, slow.common), (fast.rare, slow.rare)] {
            assert!((a - b).abs() <= 0.01, "{method:?}: accuracy {a}, not {b}");
        }
        assert_eq!(w.len(), width * d);
    }
}

#[test]
fn augmentation_without_noise_is_standard_training() {
    let world = world(&Config { n: 40, d: 100, sigma_p: 0.3, ..Config::C }, 2);
    let rates = Rates { sigma: 0.0, ..RATES };
    let [a, b] = [Method::Standard, Method::Noise].map(|method| run(&world, method, &rates, 60));
    let apart = a.activations.iter().zip(&b.activations).map(|(a, b)| (a - b).abs());
    // Sixty steps of rounding, on activations up to two.
    assert!(apart.fold(0.0, f32::max) < 1e-3, "the same weights");
    assert_eq!((a.rare, a.common), (b.rare, b.common), "the same accuracies");
}

#[test]
fn mixing_with_oneself_alone_is_standard_training() {
    let world = world(&Config { n: 40, d: 100, sigma_p: 0.3, ..Config::C }, 3);
    let alone = Rates { lambda_x: 1.0, lambda_y: 1.0, ..RATES };
    let [a, b] = [Method::Standard, Method::Mixup].map(|method| run(&world, method, &alone, 60));
    let apart = a.activations.iter().zip(&b.activations).map(|(a, b)| (a - b).abs());
    assert!(apart.fold(0.0, f32::max) < 1e-3, "λ = 1 mixes nothing");
    let never = Rates { stop: 60, ..RATES };
    let [c, d] = [Method::Mixup, Method::Stopped].map(|method| run(&world, method, &never, 60));
    assert_eq!(c.activations, d.activations, "stopped after the last step");
}

/// Done when 8, for one of its seeds.
#[test]
fn at_the_defaults_mixup_learns_the_rare_features_and_standard_training_does_not() {
    let world = world(&Config::C, 1);
    let standard = run(&world, Method::Standard, &RATES, 600);
    let mixup = run(&world, Method::Mixup, &RATES, 600);
    assert!(standard.rare <= 0.65, "standard: {}", standard.rare);
    assert!(mixup.rare >= 0.95, "Mixup: {}", mixup.rare);
    for measures in [&standard, &mixup] {
        assert!(measures.train == 1.0 && measures.common > 0.99, "both fit, both learn v");
    }
    assert!(standard.noise > 5.0 * standard.learned[2], "standard memorises noise");
}

/// A run of a panel at the defaults but for some parameters.
fn open(
    panel: &str,
    files: Files,
    set: &[(&str, f64)],
) -> crate::error::Result<(MixupFeatureLearning, Params)> {
    let mut p = Params::default();
    p.set("panel", &crate::params::Value::Text(panel.to_owned()))?;
    for (name, value) in set {
        p.set(name, &crate::params::Value::Number(*value))?;
    }
    let ctx = Ctx { seed: 1, device: Device::cpu(), files };
    Ok((pollster::block_on(MixupFeatureLearning::new(&ctx, &p))?, p))
}

fn www() -> Files {
    Files::folder(concat!(env!("CARGO_MANIFEST_DIR"), "/www"))
}

fn finish(run: &mut MixupFeatureLearning, p: &Params) -> usize {
    for step in 1..10_000 {
        if pollster::block_on(run.step(p)).unwrap() == Progress::Done {
            for figure in run.figures(p) {
                assert_eq!(figure.fault(), None);
            }
            return step;
        }
    }
    panic!("it ends");
}

#[test]
fn sweeps_do_all_that_they_promise() {
    let small = [("steps", 50.0), ("d", 200.0), ("n", 40.0)];
    for (panel, count) in
        [("coefficient map", "trained"), ("early stopping", "branches"), ("table", "trained")]
    {
        let (mut run, p) = open(panel, Files::none(), &small).unwrap();
        finish(&mut run, &p);
        let done = run.metrics().into_iter().find(|m| m.name == count).and_then(|m| m.value);
        // 81 cells and a standard training; the start and 17 points 3 steps apart; 7 ways, 5 seeds.
        let all = [("coefficient map", 82.0), ("early stopping", 18.0), ("table", 35.0)];
        let expected = all.into_iter().find(|(name, _)| *name == panel).map(|(_, count)| count);
        assert_eq!(done, expected, "{panel}");
    }
}

#[test]
fn a_restored_race_goes_on_as_it_would_have() {
    let set = [("d", 200.0)];
    let more = |run: &mut MixupFeatureLearning, p: &Params, steps| {
        for _ in 0..steps {
            pollster::block_on(run.step(p)).unwrap();
        }
        run.metrics()
    };
    let (mut run, p) = open("the race", Files::none(), &set).unwrap();
    more(&mut run, &p, 35);
    let saved = pollster::block_on(run.snapshot()).unwrap().unwrap();
    let expected = more(&mut run, &p, 25);
    let (mut restored, _) = open("the race", Files::none(), &set).unwrap();
    restored.restore(&saved).unwrap();
    assert_eq!(more(&mut restored, &p, 25), expected);
}

#[test]
fn networks_learn_digits() {
    let (mut run, p) =
        open("digits", www(), &[("digit_steps", 300.0), ("digit_stop", 150.0)]).unwrap();
    assert_eq!(finish(&mut run, &p), 300);
    for metric in run.metrics() {
        // 88 to 93% after 300 steps on 200 images, whichever way.
        assert!(metric.value.unwrap() > 80.0, "{metric:?}");
    }
}

#[test]
fn a_file_of_digits_that_is_missing_cut_or_wrong_is_told_in_a_sentence() {
    let whole = pollster::block_on(www().load(digits::FILE)).unwrap();
    let cut = whole[..1000].to_vec();
    let tensor = |name: &str, shape: &[usize], value| Tensor {
        name: name.to_owned(),
        shape: shape.to_vec(),
        values: vec![value; shape.iter().product()],
    };
    let odd = [tensor("images", &[1797, 8, 8], 1.0), tensor("labels", &[1797], 12.0)];
    let odd = Tensors::write(&odd, Stored::U8).unwrap();
    let of = |bytes: Vec<u8>| {
        Files::new(move |_| {
            let bytes = bytes.clone();
            Box::pin(async { Ok(bytes) })
        })
    };
    let told = |files| open("digits", files, &[]).err().unwrap().to_string();
    for (files, part) in [
        (Files::none(), "there are no files here"),
        (of(cut), "no whole safetensors file"),
        (of(odd), "the label 12 in it is no digit"),
    ] {
        let sentence = told(files);
        assert!(sentence.contains(digits::FILE) && sentence.contains(part), "{sentence}");
    }
}
