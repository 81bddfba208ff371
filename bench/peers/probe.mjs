// What is timed within one page, turn by turn: `node probe.mjs products`, `node probe.mjs sweeps NATIVE`.
//
// Lies in the harness's folder, where `cargo xtask bench-peers` puts it. Prints JSON.
import { execFileSync } from "node:child_process";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { serve } from "./server.mjs";

const ROUNDS = 41;
/** m, k, n of a product, and the operand that lies in memory transposed, as gradients have it. */
const PRODUCTS = [
  ["mlp forward", 128, 64, 64, "neither"],
  ["mlp weights", 64, 128, 64, "left"],
  ["mlp input", 128, 64, 64, "right"],
  ["pointer recurrent", 64, 128, 512, "neither"],
  ["pointer recurrent weights", 128, 64, 512, "left"],
  ["pointer recurrent input", 64, 512, 128, "right"],
  ["pointer keys", 640, 128, 128, "neither"],
  ["transformer qkv", 2624, 64, 192, "neither"],
  ["transformer wide weights", 64, 2624, 256, "left"],
  ["transformer wide input", 2624, 256, 64, "right"],
  ["512 cubed", 512, 512, 512, "neither"],
  ["1024 cubed", 1024, 1024, 1024, "neither"],
];
const SIDES = [100, 512];

const [what, native] = process.argv.slice(2);
const work = process.env.BENCH_WORK;
const { chromium } = createRequire(join(work, "x.js"))("playwright-core");
const server = await serve(fileURLToPath(new URL(".", import.meta.url)), work);
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking"],
});
const page = await browser.newPage();
await page.goto(server.url);
await page.evaluate(async () => {
  const ours = await import("/dist/peers/orrery.js");
  await ours.init({ device: "cpu" });
  const hand = await import("/dist/peers/simd.js");
  await hand.init({ variant: "simd128-min" });
});
const result = what === "products" ? await products() : await sweeps();
await browser.close();
server.close();
console.log(JSON.stringify(result, null, 1));

/** Each product by the engine and by the hand-tuned kernel; GFLOP/s, and the ratio of both. */
async function products() {
  const found = [];
  for (const [name, m, k, n, turned] of PRODUCTS) {
    const times = await page.evaluate(time, { m, k, n, turned, rounds: ROUNDS });
    const rate = (seconds) => (2e-9 * m * k * n) / median(seconds);
    const ratio = median(times.ours.map((ours, i) => times.hand[i] / ours));
    const [gflops, hand_gflops] = [rate(times.ours), rate(times.hand)];
    found.push({ name, m, k, n, turned, gflops, hand_gflops, ratio });
  }
  return found;
}

/** Seconds a product, round by round. Runs in the page. */
async function time({ m, k, n, turned, rounds }) {
  const ours = await globalThis.orreryProduct(m, k, n, turned);
  const kernel = { neither: "gemm_hand4x2", left: "gemm_hand_tn", right: "gemm_hand_nt" }[turned];
  globalThis.simdShape(m, n, k);
  const run = {
    ours(times) {
      const began = performance.now();
      ours.run(times);
      return (performance.now() - began) / 1e3;
    },
    hand: (times) => globalThis.simdRun(kernel, times) / 1e3,
  };
  // About 60 MFLOP a round, a few ms: mostly shorter than a stretch between two interruptions.
  const times = Math.max(1, Math.round(3e7 / (m * k * n)));
  const found = { ours: [], hand: [] };
  for (const side of ["ours", "hand"]) {
    // Until the browser has compiled it for good.
    for (let spent = 0; spent < 0.5;) spent += run[side](times);
  }
  for (let round = 0; round < rounds; round += 1) {
    for (const side of ["ours", "hand"]) found[side].push(run[side](times) / times);
  }
  // All of 0.5 times 0.25.
  const first = await ours.first();
  if (first !== 0.125 * k) throw new Error(`${m} x ${k} x ${n}: ${first} is not ${0.125 * k}`);
  ours.free();
  return found;
}

/** Sweeps a second in the page and natively, and the ratio of both. */
async function sweeps() {
  const found = [];
  for (const side of SIDES) {
    const [wasm, natively] = [[], []];
    for (let round = 0; round < 9; round += 1) {
      wasm.push(await page.evaluate(sweep, side));
      const said = execFileSync(native, [String(side)], { encoding: "utf8" });
      natively.push(JSON.parse(said).sweeps_per_s);
    }
    const ratio = median(wasm.map((rate, i) => rate / natively[i]));
    found.push({ side, sweeps_per_s: median(wasm), native_sweeps_per_s: median(natively), ratio });
  }
  return found;
}

/** Sweeps a second over a tenth of a second, after as long without counting. Runs in the page. */
function sweep(side) {
  const grid = globalThis.orrerySweeps(side);
  const rate = () => {
    const began = performance.now();
    let sweeps = 0;
    while (performance.now() - began < 100) {
      grid.sweep(10);
      sweeps += 10;
    }
    return (1e3 * sweeps) / (performance.now() - began);
  };
  rate();
  const found = rate();
  grid.free();
  return found;
}

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}
