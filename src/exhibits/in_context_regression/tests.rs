//! Leaks, bad files, what a prompt may be, and the golden prompts of the references.
use super::{
    InContextRegression, Params,
    data::Prompts,
    net::{Layout, Net},
    predict::{MOST_PAIRS, Predictor},
    prompt::{LEARNERS, Prompt},
    shipped::{LINES, models},
    train::{Functions, Recipe, recent_loss},
};
use crate::{
    engine::{Device, rng::Stream},
    exhibit::{Ctx, Exhibit},
    figure::{Poke, PokeKind},
    files::Files,
    models::{
        regress::{Examples, Linear, nearest},
        tensors::{Stored, Tensor, Tensors},
    },
};
use pollster::block_on;

fn files() -> Files {
    Files::folder(concat!(env!("CARGO_MANIFEST_DIR"), "/www"))
}

fn ctx(files: Files) -> Ctx {
    Ctx { seed: 1, device: Device::cpu(), files }
}

/// Expected values from exact rational arithmetic (Python's `fractions`), rounded to nine places.
#[test]
fn references_meet_the_golden_prompt() {
    let x = [0.5, -1.25, 2.0, 1.5, 0.25, -0.75, -1.0, 0.5, 1.75, -0.5, 0.125, 1.0];
    let y = [1.0, -0.5, 2.25, 0.75];
    let examples = Examples { d: 3, x: &x, y: &y };
    let near = |found: &[f64], expected: &[f64]| {
        assert!(found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-6), "{found:?}");
    };
    near(&Linear::LeastSquares.weights(&examples), &GOLDEN[0]);
    near(&Linear::Ridge(0.25).weights(&examples), &GOLDEN[1]);
    near(&Linear::Descent(0.01).weights(&examples), &GOLDEN[2]);
    near(&Linear::OnePass(0.03).weights(&examples), &GOLDEN[3]);
    let two = Examples { d: 3, x: &x[..6], y: &y[..2] };
    near(&Linear::LeastSquares.weights(&two), &GOLDEN[4]);
    let at = [0.3, -0.2, 0.4];
    let found = [false, true].map(|weighted| nearest(&examples, 3, weighted, &at));
    near(&found, &GOLDEN[5][..2]);
}

/// Least squares, ridge 1/4, descent, one pass, the shortest for two examples, neighbours.
const GOLDEN: [[f64; 3]; 6] = [
    [0.035_501_676, 0.814_428_886, 0.987_961_186],
    [-0.064_656_457, 0.607_160_880, 0.893_918_299],
    [-0.057_500_000, -0.003_125_000, 0.141_250_000],
    [-0.141_490_039, -0.017_929_545, 0.373_529_008],
    [-0.102_281_274, -0.217_598_396, 0.389_571_321],
    [0.416_666_667, 0.515_803_590, 0.000_000_000],
];

fn small(layout: Layout) -> Net {
    Net { layout, heads: 2, ..Net::dual(2, 6, 2, 8) }
}

#[test]
fn a_label_reaches_only_what_comes_after_it() {
    for layout in [Layout::Dual, Layout::Alternating] {
        let mut predictor = Predictor::new(small(layout), 5).unwrap();
        let prompts = Prompts::draw(&mut Stream::new(2, "leak"), 3, (2, 6), 0.3);
        let before = block_on(predictor.prefixes(&prompts)).unwrap();
        for j in 0..6 {
            let mut other = prompts.clone();
            other.y[6 + j] += 1.0;
            let after = block_on(predictor.prefixes(&other)).unwrap();
            let same: Vec<bool> = (0..18).map(|i| before[i] == after[i]).collect();
            assert!(same[..=6 + j].iter().all(|&s| s), "{layout:?} {j}: earlier {same:?}");
            assert!(same[6 + j + 1..12].iter().all(|&s| !s), "{layout:?} {j}: later {same:?}");
            assert!(same[12..].iter().all(|&s| s), "{layout:?} {j}: other prompts");
        }
    }
}

#[test]
fn queries_are_answered_as_prefixes_are() {
    let mut predictor = Predictor::new(small(Layout::Dual), 5).unwrap();
    let prompts = Prompts::draw(&mut Stream::new(2, "order"), 1, (2, 6), 0.3);
    let prefix = block_on(predictor.prefixes(&prompts)).unwrap();
    for (n, expected) in prefix.iter().enumerate() {
        let (x, y, query) = (&prompts.x[..2 * n], &prompts.y[..n], &prompts.x[2 * n..2 * n + 2]);
        let found = block_on(predictor.answers(x, y, query)).unwrap()[0];
        assert!((found - expected).abs() < 1e-5, "{n}: {found} {expected}");
    }
    let long = [0.0; MOST_PAIRS + 1];
    let error = block_on(predictor.answers(&[0.0; 2 * MOST_PAIRS + 2], &long, &[0.0; 2]));
    assert!(error.unwrap_err().to_string().contains("prompt"), "one pair too many");
}

/// With more layers contexts read those before them, so their order counts: see the claim `order`.
#[test]
fn to_one_layer_the_order_of_pairs_is_nothing() {
    let net = Net { layers: 1, ..small(Layout::Dual) };
    let mut predictor = Predictor::new(net, 5).unwrap();
    let prompts = Prompts::draw(&mut Stream::new(2, "order"), 1, (2, 6), 0.3);
    let x: Vec<f32> = prompts.x.chunks(2).rev().flatten().copied().collect();
    let y: Vec<f32> = prompts.y.iter().rev().copied().collect();
    let query = [0.5, -1.0];
    let found = block_on(predictor.answers(&prompts.x, &prompts.y, &query)).unwrap()[0];
    let turned = block_on(predictor.answers(&x, &y, &query)).unwrap()[0];
    assert!((turned - found).abs() < 1e-5, "{turned} {found}");
}

#[test]
fn training_lowers_the_loss_the_same_however_steps_are_taken() {
    let recipe = Recipe {
        net: small(Layout::Dual),
        functions: Functions::Random,
        sigma: 0.5,
        rate: 1e-2,
        steps: 240,
        batch: 16,
    };
    let trained = |piece: usize| {
        let mut trainer = recipe.trainer(&Device::cpu(), 1).unwrap();
        let mut losses = vec![];
        while trainer.step < 240 {
            trainer.run(piece, recipe.rate).unwrap();
            losses.push(recent_loss(&block_on(trainer.snapshot()).unwrap()));
        }
        (losses[0], block_on(trainer.snapshot()).unwrap())
    };
    let (first, whole) = trained(40);
    assert!(recent_loss(&whole) < 0.85 * first, "{} after {first}", recent_loss(&whole));
    assert_eq!(whole, trained(1).1, "one by one");
}

#[test]
fn a_bad_file_gets_a_sentence() {
    let error = block_on(LINES[0].load(&Files::none())).err().unwrap().to_string();
    assert!(error.contains("d1_s000.safetensors cannot be used"), "{error}");
    let whole = block_on(files().load(&LINES[0].file())).unwrap();
    let half = whole[..whole.len() / 2].to_vec();
    let given = |bytes: Vec<u8>| {
        Files::new(move |_| {
            let bytes = bytes.clone();
            Box::pin(async { Ok(bytes) })
        })
    };
    let error = block_on(LINES[0].load(&given(half))).err().unwrap().to_string();
    assert!(error.contains("no whole safetensors file"), "{error}");
    let one = Tensor { name: "embed.bias".to_owned(), shape: vec![2], values: vec![0.0; 2] };
    let bytes = Tensors::write(&[one], Stored::F32).unwrap();
    let error = block_on(LINES[0].load(&given(bytes))).err().unwrap().to_string();
    assert!(error.contains("tensor"), "{error}");
    let refused = block_on(InContextRegression::new(&ctx(Files::none()), &Params::default()));
    assert!(refused.err().unwrap().to_string().contains("cannot be used"), "the whole exhibit");
}

#[test]
fn every_shipped_net_is_there_and_listed_once() {
    let mut names: Vec<&str> = models().map(|model| model.name).collect();
    for model in models() {
        let predictor = block_on(model.load(&files())).unwrap();
        assert_eq!(predictor.net, model.recipe.net, "{}", model.name);
    }
    let all = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), all, "each once");
}

fn poke(kind: PokeKind, index: u32, x: f64, y: f64) -> Poke {
    Poke { figure: "plane".into(), mark: "dots".into(), kind, index, x, y }
}

#[test]
fn odd_prompts_are_answered_and_impossible_ones_refused() {
    let mut p = Params { pairs: 0, ..Params::default() };
    let mut prompt = block_on(Prompt::new(&ctx(files()), &p)).unwrap();
    assert!(prompt.warnings()[0].contains("no dots"), "an empty prompt");
    assert!(prompt.answered.net.iter().all(|y| y.abs() < 0.3), "its best guess is zero");
    let odd = [(1.0, 1.0), (1.0, 2.0), (3.5, 6.0)];
    for (x, y) in odd {
        prompt.poke(&poke(PokeKind::Add, 0, x, y)).unwrap();
    }
    block_on(prompt.refresh(&p)).unwrap();
    let warnings = prompt.warnings().join(" ");
    for part in ["share their x", "beyond |x| = 3"] {
        assert!(warnings.contains(part), "{part}: {warnings}");
    }
    assert!(prompt.answered.net.iter().all(|y| y.is_finite()), "and it is answered");
    let before = prompt.dots.clone();
    for wrong in [
        poke(PokeKind::Add, 0, 4.5, 0.0),
        poke(PokeKind::Drag, 0, 0.0, f64::NAN),
        poke(PokeKind::Drag, 3, 0.0, 0.0),
        poke(PokeKind::Remove, 3, 0.0, 0.0),
        poke(PokeKind::Click, 0, 0.0, 0.0),
    ] {
        let error = prompt.poke(&wrong).unwrap_err().to_string();
        assert!(error.contains("plane is not possible"), "{error}");
    }
    assert_eq!(prompt.dots, before, "unchanged");
    p.pairs = MOST_PAIRS;
    block_on(prompt.refresh(&p)).unwrap();
    assert!(prompt.warnings().iter().any(|w| w.contains("training stopped at 8")), "too long");
    assert_eq!(prompt.dots.len(), MOST_PAIRS, "no edit makes it longer");
    assert!(prompt.poke(&poke(PokeKind::Add, 0, 0.0, 0.0)).is_err(), "a thirteenth dot");
}

#[test]
fn the_net_is_nearest_to_bayes() {
    let p = Params::default();
    let mut sums = [0.0; LEARNERS.len()];
    for seed in 1..=20 {
        let prompt = block_on(Prompt::new(&Ctx { seed, ..ctx(files()) }, &p)).unwrap();
        sums.iter_mut().zip(&prompt.answered.spd).for_each(|(sum, spd)| *sum += spd);
    }
    assert!(sums[1..].iter().all(|&sum| sum > 2.0 * sums[0]), "{LEARNERS:?} {sums:?}");
}

#[test]
fn edits_outlast_other_dots() {
    let mut p = Params::default();
    let mut prompt = block_on(Prompt::new(&ctx(files()), &p)).unwrap();
    prompt.poke(&poke(PokeKind::Drag, 1, -2.0, 0.5)).unwrap();
    p.dots = "one x";
    block_on(prompt.refresh(&p)).unwrap();
    assert_eq!(prompt.dots[1], [-2.0, 0.5], "dragged");
    let mut again = block_on(Prompt::new(&ctx(files()), &p)).unwrap();
    again.poke(&poke(PokeKind::Drag, 1, -2.0, 0.5)).unwrap();
    assert_eq!(prompt.dots, again.dots, "as from the start");
}
