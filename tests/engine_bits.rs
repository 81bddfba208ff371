//! Results of `engine::math`, `engine::rng` and of training to the last bit, against numbers kept
//! here: the same test runs natively and, through wasm-bindgen-test, in a browser.
#![expect(clippy::unwrap_used, reason = "a test may panic")]
use orrery::{
    engine::{Device, Graph, Init, Program, State, Var, math, rng},
    models::{
        Weights,
        activation::gelu,
        attention::{causal, self_attention},
        conv::{conv2d, max_pool2d},
        dense::{embedding, linear, project},
        loss::cross_entropy,
        lstm::{Lstm, Memory},
        norm::layer_norm,
        optim,
    },
};

#[cfg(target_arch = "wasm32")]
wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_dedicated_worker);

/// FNV-1a over the bits of the numbers; every NaN counts as the same one.
fn fingerprint(values: impl Iterator<Item = f32>) -> u64 {
    values.fold(0xcbf2_9ce4_8422_2325, |hash, x| {
        let bits = if x.is_nan() { f32::NAN.to_bits() } else { x.to_bits() };
        (hash ^ u64::from(bits)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

/// Every 9,973rd bit pattern: 430,000 numbers of all sizes.
fn sample() -> impl Iterator<Item = f32> {
    (0..=u32::MAX).step_by(9973).map(f32::from_bits)
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn functions_have_the_kept_bits() {
    type Function = (&'static str, fn(f32) -> f32, u64);
    let functions: [Function; 9] = [
        ("exp", math::exp, 0xa629_eaac_3d55_ffa1),
        ("ln", math::ln, 0x580b_424c_0fd2_1703),
        ("tanh", math::tanh, 0x9715_bd94_dd89_4fce),
        ("sigmoid", math::sigmoid, 0x42f0_195f_ff8a_78f0),
        ("sin", math::sin, 0x2e85_06aa_dc23_23c7),
        ("cos", math::cos, 0x8744_7c3f_26ad_9636),
        ("sqrt", math::sqrt, 0x17bd_1dae_9bf5_4111),
        ("floor", math::floor, 0xd0ac_e497_2d65_431f),
        ("powf", |x| math::powf(x, 1.7) + math::powf(0.9, x), 0xbc7d_2a20_7714_889a),
    ];
    for (name, f, kept) in functions {
        let found = fingerprint(sample().map(f));
        assert_eq!(found, kept, "{name}: {found:#018x}");
    }
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn random_numbers_have_the_kept_bits() {
    let mut stream = rng::Stream::new(1, "bits");
    let uniform = fingerprint((0..10_000).map(|_| stream.uniform()));
    let normal = fingerprint((0..10_000).map(|_| stream.normal()));
    let below = fingerprint((0..10_000).map(|_| stream.below(1000) as f32));
    assert_eq!(
        [uniform, normal, below],
        [0x8322_3cdb_c48b_b6a9, 0x9a6e_5ba4_03a2_8eda, 0xc9b3_78f8_896d_3065],
        "{uniform:#018x} {normal:#018x} {below:#018x}"
    );
}

/// Everything that is trained after five steps of Adam with clipping.
async fn trained(loss: impl for<'g> FnOnce(&Weights<'g>) -> Var<'g>) -> u64 {
    let g = Graph::new();
    let w = Weights::new(&g);
    let loss = loss(&w);
    let (grads, _) = optim::clip_global_norm(&g.grad(loss, &w.vars()), 1.0);
    optim::adam(&w, &grads, g.scalar(0.01), optim::Adam::default());
    let plan = g.compile().unwrap();
    let state = State::new(&Device::cpu(), &[&plan], 42).unwrap();
    let mut program = Program::new(&Device::cpu(), &plan, &state).unwrap();
    program.run(5).unwrap();
    let snapshot = state.read_all().await.unwrap();
    fingerprint(snapshot.tensors.values().flat_map(|(_, values)| values).copied())
}

/// A recurrent reader of 37 numbers a step, whose states attend to each other.
fn sequence<'g>(w: &Weights<'g>) -> Var<'g> {
    let [time, batch, hidden] = [5, 6, 21];
    let x = w.graph().uniform("x", [time, batch, 37]);
    let layer = Lstm::new(w, "lstm", 37, hidden, Init::Glorot);
    let (states, _) = layer.run(x, Memory::zeros(w, batch, hidden));
    let states = layer_norm(w, "norm", states.permute(&[1, 0, 2]));
    let mixed = self_attention(w, "attention", states, 3, Some(causal(w, time)));
    let logits = linear(w, "out", gelu(states + mixed), 7);
    let target = (w.graph().uniform("target", [batch, time]) * 7.0).floor();
    cross_entropy(logits, target).mean_all()
}

/// A convolution over images and a table of rows, all sizes odd.
fn images<'g>(w: &Weights<'g>) -> Var<'g> {
    let g = w.graph();
    let x = g.uniform("x", [3, 11, 9, 2]) - 0.5;
    let seen = max_pool2d(conv2d(w, "conv", x, 13, (3, 1)).tanh(), 3);
    let flat = seen.reshape([3, 3 * 2 * 13]);
    let index = (g.uniform("index", [3]) * 50.0).floor();
    let row = embedding(w, "table", index, (50, 33), 1.0).cumsum(1).sin();
    let out = project(flat, w.get("project", [78, 33], Init::He));
    (out.sigmoid() - row).abs().max(&[1]).mean_all()
}

#[cfg(not(target_arch = "wasm32"))]
#[test]
fn trained_weights_have_the_kept_bits() {
    pollster::block_on(assert_trained_weights());
}

#[cfg(target_arch = "wasm32")]
#[wasm_bindgen_test::wasm_bindgen_test]
async fn trained_weights_have_the_kept_bits() {
    assert_trained_weights().await;
}

async fn assert_trained_weights() {
    let found = [trained(sequence).await, trained(images).await];
    // Another order of sums changes these; nothing else may.
    assert_eq!(found, [0x977e_7d8c_1f59_b6a1, 0xb668_24fa_ff9f_3c2b], "{found:#018x?}");
}
