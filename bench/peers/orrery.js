// Orrery as a column of the harness: `init(opt)`, `setup(workload, adam) -> { step, flush, loss }`.
// Options: device = cpu | gpu, batch = steps told at once.
const NETWORKS = { W1: "mlp", W2: "pointer", W3: "transformer" };
const ADAM = { lr: 1e-3, b1: 0.9, b2: 0.999, eps: 1e-8 };
let bench, options;

export async function init(opt) {
  options = opt;
  bench = await import("/dist/orrery/orrery_bench.js");
  await bench.default();
  return { device: opt.device };
}

export async function setup(workload, adam) {
  for (const [name, value] of Object.entries(ADAM)) {
    if (adam[name] !== value) throw new Error(`Adam's ${name} is ${value} here, not ${adam[name]}`);
  }
  const { id, cfg, params, data } = workload;
  const { device, batch = 1 } = options;
  const product = id.startsWith("W4");
  const run = product
    ? await bench.Workload.product(cfg.n, cfg.n, cfg.n, "neither", device)
    : await bench.Workload.network(NETWORKS[id], device);
  params.forEach((parameter, i) => run.write_parameter(i, parameter.data));
  for (const name of run.inputs()) run.write(name, Float32Array.from(data[name].data));
  let told = 0;
  const flush = () => {
    if (told > 0) run.run(told);
    told = 0;
  };
  return {
    step() {
      told += 1;
      if (told === batch) flush();
    },
    flush,
    async loss() {
      flush();
      return (await run.read(product ? "c" : "loss"))[0];
    },
  };
}

// For the probe: one product, and a loop, each repeated in the page.
globalThis.orreryProduct = async (m, k, n, turned) => {
  const run = await bench.Workload.product(m, k, n, turned, "cpu");
  run.write("a", new Float32Array(m * k).fill(0.5));
  run.write("b", new Float32Array(k * n).fill(0.25));
  return {
    run: (times) => run.run(times),
    first: async () => (await run.read("c"))[0],
    free: () => run.free(),
  };
};
globalThis.orrerySweeps = (side) => new bench.Sweeps(side);
