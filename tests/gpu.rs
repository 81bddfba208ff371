//! The GPU backend against a plain interpreter of kernels, on whatever adapter there is.
#![cfg(not(target_arch = "wasm32"))]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod common;

use common::{gpu, programs};
use orrery::engine::{Device, gpu::GpuDevice};
use std::{future::Future, rc::Rc};

/// Runs a check, or says that there is no adapter.
fn on_device<F: Future<Output = ()>>(check: impl FnOnce(Rc<GpuDevice>) -> F) {
    pollster::block_on(async {
        match GpuDevice::open().await {
            Ok(device) => {
                let device = Rc::new(device);
                eprintln!("on {}", device.name());
                check(device).await;
            }
            Err(error) => eprintln!("skipped: no adapter ({error})"),
        }
    });
}

#[test]
fn rows() {
    on_device(async |device| gpu::rows(&device, 60).await);
}

#[test]
fn functions() {
    on_device(async |device| gpu::functions(&device).await);
}

#[test]
fn extremes() {
    on_device(async |device| gpu::extremes(&device).await);
}

#[test]
fn columns() {
    on_device(async |device| gpu::columns(&device, 30).await);
}

#[test]
fn products() {
    on_device(async |device| gpu::products(&device, 30).await);
}

#[test]
fn indexing() {
    on_device(async |device| gpu::indexing(&device).await);
}

#[test]
fn replay() {
    on_device(async |device| gpu::replay(&device).await);
}

#[test]
fn agree() {
    on_device(async |device| programs::agree(&Device::Gpu(device)).await);
}

#[test]
fn snapshots() {
    on_device(async |device| programs::snapshots(&Device::Gpu(device)).await);
}

#[test]
fn loss() {
    on_device(gpu::loss);
}
