// Orrery, appended by `cargo xtask bench-peers`.
Object.assign(PEERS, {
  "orrery-cpu": { module: "orrery", opt: { device: "cpu" } },
  "orrery-webgpu": { module: "orrery", opt: { device: "gpu" }, gpu: true },
  "orrery-webgpu-20": { module: "orrery", opt: { device: "gpu", batch: 20 }, gpu: true },
});
