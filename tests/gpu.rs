//! The GPU backend against a plain interpreter of kernels, and programs against the CPU: natively, and
//! through wasm-bindgen-test in a browser, on whatever adapter there is.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod common;

use common::{gpu, programs};
use orrery::engine::{
    Device,
    gpu::{GpuDevice, Style},
};
use std::rc::Rc;

#[cfg(target_arch = "wasm32")]
wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_dedicated_worker);

/// Runs a check with shaders of each style, or says that there is no adapter.
async fn on_device<F: Future<Output = ()>>(check: impl Fn(Rc<GpuDevice>) -> F) {
    for style in [Style::Hardware, Style::Software] {
        match GpuDevice::open().await {
            Ok(device) => {
                say(&format!("on {}, {style:?}", device.name()));
                check(Rc::new(device.with_style(style))).await;
            }
            Err(error) => say(&format!("skipped: no adapter ({error})")),
        }
    }
}

fn say(line: &str) {
    #[cfg(target_arch = "wasm32")]
    wasm_bindgen_test::console_log!("{line}");
    #[cfg(not(target_arch = "wasm32"))]
    eprintln!("{line}");
}

/// The same checks as native tests and as tests in the browser.
macro_rules! tests {
    ($($name:ident => $check:expr;)*) => { $(
        #[cfg(target_arch = "wasm32")]
        #[wasm_bindgen_test::wasm_bindgen_test]
        async fn $name() {
            on_device($check).await;
        }

        #[cfg(not(target_arch = "wasm32"))]
        #[test]
        fn $name() {
            pollster::block_on(on_device($check));
        }
    )* };
}

tests! {
    rows => async |device| gpu::rows(&device, 60).await;
    functions => async |device| gpu::functions(&device).await;
    extremes => async |device| gpu::extremes(&device).await;
    columns => async |device| gpu::columns(&device, 30).await;
    products => async |device| gpu::products(&device, 30).await;
    indexing => async |device| gpu::indexing(&device).await;
    replay => async |device| gpu::replay(&device).await;
    agree => async |device| programs::agree(&Device::Gpu(device)).await;
    snapshots => async |device| programs::snapshots(&Device::Gpu(device)).await;
    uploads => async |device| programs::uploads(&Device::Gpu(device)).await;
    loss => gpu::loss;
}
