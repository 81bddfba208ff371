//! The files that ship with the page, for tests.
use orrery::files::Files;

/// Files by name, with their bytes.
macro_rules! embedded {
    ($($name:literal)*) => {
        &[$(($name, include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/www/", $name)))),*]
    };
}

/// What the tests in wasm know of the files: there is no folder there.
const EMBEDDED: &[(&str, &[u8])] = embedded! {
    "data/optdigits.safetensors"
    "weights/in_context_regression/d1_s000.safetensors"
    "weights/in_context_regression/d1_s025.safetensors"
    "weights/in_context_regression/d1_s050.safetensors"
    "weights/in_context_regression/d1_s100.safetensors"
    "weights/in_context_regression/d2_s000.safetensors"
    "weights/in_context_regression/d2_s025.safetensors"
    "weights/in_context_regression/d2_s050.safetensors"
    "weights/in_context_regression/d2_s100.safetensors"
    "weights/in_context_regression/d4_l1_h64_s000.safetensors"
    "weights/in_context_regression/d4_l1_h64_s025.safetensors"
    "weights/in_context_regression/d4_l1_h64_s050.safetensors"
    "weights/in_context_regression/d4_l1_h64_s075.safetensors"
    "weights/in_context_regression/d4_l2_h64_s000.safetensors"
    "weights/in_context_regression/d4_l2_h64_s025.safetensors"
    "weights/in_context_regression/d4_l2_h64_s050.safetensors"
    "weights/in_context_regression/d4_l2_h64_s075.safetensors"
    "weights/in_context_regression/d4_l4_h16_s000.safetensors"
    "weights/in_context_regression/d4_l4_h32_s000.safetensors"
    "weights/in_context_regression/d4_l4_h64_s000.safetensors"
    "weights/in_context_regression/d4_l4_h64_s000_long.safetensors"
    "weights/in_context_regression/d4_l4_h64_s000_ones.safetensors"
    "weights/in_context_regression/d4_l4_h64_s025.safetensors"
    "weights/in_context_regression/d4_l4_h64_s050.safetensors"
    "weights/in_context_regression/d4_l4_h64_s075.safetensors"
    "weights/in_context_regression/d4_l8_h64_s000.safetensors"
    "weights/pointer_networks/delaunay_10.safetensors"
    "weights/pointer_networks/delaunay_5.safetensors"
    "weights/pointer_networks/hull_attention_10.safetensors"
    "weights/pointer_networks/hull_attention_20.safetensors"
    "weights/pointer_networks/hull_attention_5.safetensors"
    "weights/pointer_networks/hull_lstm_10.safetensors"
    "weights/pointer_networks/hull_lstm_20.safetensors"
    "weights/pointer_networks/hull_lstm_5.safetensors"
    "weights/pointer_networks/hull_ptr_net.safetensors"
    "weights/pointer_networks/hull_set.safetensors"
    "weights/pointer_networks/tsp_ptr_net.safetensors"
    "weights/pointer_networks/tsp_set.safetensors"
};

/// The files that ship with the page.
pub(crate) fn files() -> Files {
    if cfg!(not(target_arch = "wasm32")) {
        return Files::folder(concat!(env!("CARGO_MANIFEST_DIR"), "/www"));
    }
    Files::new(|name| {
        let known = EMBEDDED.iter().find(|(known, _)| *known == name);
        let bytes = known.map(|(_, bytes)| bytes.to_vec()).ok_or("not embedded".to_owned());
        Box::pin(async { bytes })
    })
}
