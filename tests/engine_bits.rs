//! Results of `engine::math` and `engine::rng` to the last bit, against numbers kept here: the same
//! test runs natively and, through wasm-bindgen-test, in a browser.
use orrery::engine::{math, rng};

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
