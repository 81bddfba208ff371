// What a visitor's browser needs: `node tests/e2e/bench.mjs [DIST] [--json]`, on the built page.
//
// Medians of a few runs, printed and never asserted: this machine may be busy. Times of a step are those
// of the worker, asked as the page asks it; CPU and GPU in the same browser, turn by turn.
import { chromium } from "@playwright/test";
import { readdirSync } from "node:fs";
import { cpus } from "node:os";
import { serve } from "./serve.mjs";

/** The network that is timed: the paper's, hidden 128, batches of 64 instances of 10 points. */
const HULL = {
  id: "pointer_networks",
  params: { model: "LSTM Ptr-Net", hidden: 128, batch: 64, least: 10, most: 10, steps: 5000 },
};
const LOADS = 5;
const ROUNDS = 7;
/** Time a round of steps is given. */
const ROUND_MS = 1500;

const flags = process.argv.slice(2);
const json = flags.includes("--json");
const dist = flags.find((flag) => !flag.startsWith("--")) ?? "dist";
const server = await serve(dist);
const home = `http://127.0.0.1:${server.address().port}/`;
const worker = readdirSync(dist).find((name) => /^worker.*\.js$/.test(name));
if (worker === undefined) throw new Error(`no worker in ${dist}: run \`cargo xtask build\` first`);
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--enable-unsafe-webgpu", "--disable-quic", "--no-first-run"],
});

const figure = await loads(firstFigure);
const step = await loads(firstStep);
const devices = await steps();
await browser.close();
server.close();

const result = {
  machine: `${cpus().length} x ${cpus()[0]?.model.trim()}`,
  browser: `Chromium ${browser.version()}`,
  first_figure_ms: figure,
  first_step_ms: step,
  hull_step: devices,
};
if (json) {
  console.log(JSON.stringify(result, null, 2));
} else {
  console.log(`${result.browser} on ${result.machine}`);
  for (const [what, ms] of [
    ["figure", figure],
    ["training step", step],
  ]) {
    console.log(`navigation to the first ${what} of ${HULL.id}, median of ${LOADS}:`);
    console.log(
      `  empty cache ${ms.empty_cache.toFixed(0)} ms, warm cache ${ms.warm_cache.toFixed(0)} ms`,
    );
  }
  console.log("one training step of the hull network (LSTM, hidden 128, 10 points, batch 64):");
  for (const { wish, device, ms, least_ms, steps } of devices) {
    console.log(
      `  ${wish}: median ${ms.toFixed(1)} ms, least ${least_ms.toFixed(1)} ms, ` +
        `over ${steps} steps on ${device.name}${device.software ? " (software)" : ""}`,
    );
  }
}

/** Milliseconds from navigation until the first figure is drawn. */
async function firstFigure(context) {
  const page = await context.newPage();
  const began = performance.now();
  await page.goto(`${home}#/${HULL.id}?device=cpu`, { waitUntil: "commit" });
  await page.locator("orrery-figure .plot > svg").first().waitFor();
  const ms = performance.now() - began;
  await page.close();
  return ms;
}

/** Milliseconds from navigation until the page has the answer to its first training step. */
async function firstStep(context) {
  const page = await context.newPage();
  const url = `${home}embed.html?autoplay#/${HULL.id}?device=cpu`;
  await page.goto(url, { waitUntil: "commit" });
  const mark = () => performance.getEntriesByName("orrery:first-step")[0]?.startTime;
  const ms = await (await page.waitForFunction(mark)).jsonValue();
  await page.close();
  return ms;
}

/** Medians of some loads, each in a profile of its own: first with an empty cache, then again. */
async function loads(load) {
  const [cold, warm] = [[], []];
  for (let run = 0; run < LOADS; run += 1) {
    const context = await browser.newContext();
    cold.push(await load(context));
    warm.push(await load(context));
    await context.close();
  }
  return { empty_cache: median(cold), warm_cache: median(warm), runs: LOADS };
}

/** Time of a step on each device, rounds interleaved. */
async function steps() {
  const page = await browser.newPage();
  await page.goto(home);
  const rounds = await page.evaluate(
    async ({ worker, hull, rounds, budget_ms }) => {
      const open = async (device) => {
        const link = new Worker(new URL(worker, location.href), { type: "module" });
        const ask = (request) =>
          new Promise((resolve, reject) => {
            link.onmessage = ({ data }) => {
              if (data.type === "reply") resolve(data.reply);
              if (data.type === "panic") reject(new Error(data.message));
            };
            link.postMessage(request);
          });
        const request = { type: "open", seed: 1, device, pokes: [], ...hull };
        const { device: found } = await ask(request);
        await ask({ type: "advance", steps: 2, budget_ms });
        return { device: found, ask, link, step: 2, times: [] };
      };
      const runs = [{ wish: "cpu" }, { wish: "gpu" }];
      for (const run of runs) Object.assign(run, await open(run.wish));
      for (let round = 0; round < rounds; round += 1) {
        for (const run of runs) {
          const began = performance.now();
          let taken = 0;
          while (performance.now() - began < budget_ms) {
            const frame = await run.ask({ type: "advance", steps: 5, budget_ms: 250 });
            taken += frame.step - run.step;
            run.step = frame.step;
          }
          run.times.push((performance.now() - began) / taken);
        }
      }
      return runs.map(({ wish, device, step, times, link }) => {
        link.terminate();
        return { wish, device, steps: step, times };
      });
    },
    { worker, hull: HULL, rounds: ROUNDS, budget_ms: ROUND_MS },
  );
  await page.close();
  return rounds.map(({ wish, device, steps, times }) => ({
    wish,
    device,
    steps,
    ms: median(times),
    least_ms: Math.min(...times),
  }));
}

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
