// What a training step asks of the browser's GPU interface: exact numbers, counted by wrapping its objects
// in the worker before the page's own script is loaded there.
import { readdirSync } from "node:fs";
import type { Frame, Reply, Request } from "../../www/protocol";
import { DIST, expect, paramOf, test } from "./site";

/** Calls by interface and method. */
type Counts = Record<string, number>;

/** What is played. */
interface Plan {
  /** The script of the worker. */
  source: string;
  open: Request;
  /** Steps before the counting begins. */
  warmUp: number;
  /** Steps that are counted. */
  steps: number;
  /** Steps of a frame at most. */
  atOnce: number;
}

/** What is counted. */
const COUNTED = {
  GPUQueue: ["submit", "writeBuffer"],
  GPUDevice: [
    "createBuffer",
    "createBindGroup",
    "createShaderModule",
    "createComputePipeline",
    "createComputePipelineAsync",
    "createCommandEncoder",
  ],
  GPUCommandEncoder: ["beginComputePass", "copyBufferToBuffer"],
  GPUComputePassEncoder: ["dispatchWorkgroups"],
  GPUBuffer: ["mapAsync"],
};

/** A small net on batches of one length, so that there is one program. */
const ID = "pointer_networks";
const SMALL = { hidden: 16, batch: 8, least: 5, most: 5 };
/** Steps before the counting begins; the net has then been evaluated at step 25. */
const WARM_UP = 26;
/** Steps that are counted: none of them evaluates. */
const STEPS = 20;
/** Steps of a frame at most. */
const AT_ONCE = 5;
/** Most dispatches of a step, of which clipping the norm and Adam after it take four. */
const DISPATCHES = 12;

for (const at of [0, 1]) {
  test(`a training step of model ${at} makes nothing but one upload and one submission`, async ({
    page,
    site,
  }) => {
    const entry = site.catalog.exhibits.find(({ meta }) => meta.id === ID);
    if (entry === undefined) throw new Error(`the catalog has no ${ID}`);
    const { kind } = paramOf(entry, ({ name }) => name === "model");
    const model = kind.type === "choice" ? kind.options[at] : undefined;
    if (model === undefined) throw new Error(`${ID} has no model ${at}`);
    const worker = readdirSync(DIST).find((name) => /^worker.*\.js$/.test(name));
    // A page without the policy that forbids workers made from text.
    await page.goto(`${site.home}host/blank.html`);
    const plan: Plan = {
      source: `(${wrap.toString()})(${JSON.stringify(COUNTED)}, "${site.home}${worker}");`,
      open: {
        type: "open",
        id: ID,
        seed: 1,
        device: "gpu",
        params: { ...SMALL, model },
        pokes: [],
      },
      warmUp: WARM_UP,
      steps: STEPS,
      atOnce: AT_ONCE,
    };
    const found = await page.evaluate(play, plan);
    test.skip(found.device.kind !== "gpu", "no adapter");
    const { counts, frames } = found;
    const dispatches = counts["GPUComputePassEncoder.dispatchWorkgroups"] ?? Number.NaN;
    expect(dispatches % STEPS, "as many dispatches in every step").toBe(0);
    expect(dispatches / STEPS).toBeLessThanOrEqual(DISPATCHES);
    // What is drawn is read back once a frame, in one submission of its own.
    expect(counts).toEqual({
      "GPUQueue.submit": STEPS + frames,
      "GPUQueue.writeBuffer": STEPS,
      "GPUDevice.createBuffer": 0,
      "GPUDevice.createBindGroup": 0,
      "GPUDevice.createShaderModule": 0,
      "GPUDevice.createComputePipeline": 0,
      "GPUDevice.createComputePipelineAsync": 0,
      "GPUDevice.createCommandEncoder": STEPS + frames,
      "GPUCommandEncoder.beginComputePass": STEPS,
      "GPUCommandEncoder.copyBufferToBuffer": frames,
      "GPUComputePassEncoder.dispatchWorkgroups": dispatches,
      "GPUBuffer.mapAsync": frames,
    });
    expect(found.made["GPUDevice.createComputePipeline"], "what is counted is called").not.toBe(0);
  });
}

/** In the worker: counts calls, tells the counts when asked, and loads the page's own script. */
function wrap(counted: Record<string, string[]>, script: string): void {
  const counts: Counts = {};
  const scope = globalThis as unknown as Record<string, { prototype: Record<string, unknown> }>;
  for (const [name, methods] of Object.entries(counted)) {
    for (const method of methods) {
      counts[`${name}.${method}`] = 0;
      const prototype = scope[name]?.prototype;
      const original = prototype?.[method];
      if (prototype === undefined || typeof original !== "function") continue;
      prototype[method] = function (...args: unknown[]): unknown {
        counts[`${name}.${method}`] = (counts[`${name}.${method}`] ?? 0) + 1;
        return original.apply(this, args);
      };
    }
  }
  globalThis.addEventListener("message", (event) => {
    if (event.data !== "counts") return;
    event.stopImmediatePropagation();
    globalThis.postMessage({ type: "counts", counts });
  });
  void import(script);
}

/** In the page: opens an exhibit in that worker, takes steps, and counts over the last of them. */
async function play(plan: Plan) {
  type Said =
    | { type: "ready" }
    | { type: "reply"; reply: Reply }
    | { type: "panic"; message: string }
    | { type: "counts"; counts: Counts };
  const blob = new Blob([plan.source], { type: "text/javascript" });
  const link = new Worker(URL.createObjectURL(blob), { type: "module" });
  const next = (): Promise<Said> =>
    new Promise((resolve, reject) => {
      link.onmessage = ({ data }: MessageEvent<Said>) => resolve(data);
      link.onerror = ({ message }) => reject(new Error(message || "the worker does not load"));
    });
  const counted = async (): Promise<Counts> => {
    link.postMessage("counts");
    const said = await next();
    if (said.type !== "counts") throw new Error(`${said.type} instead of counts`);
    return { ...said.counts };
  };
  const ask = async (request: Request): Promise<Frame> => {
    link.postMessage(request);
    const said = await next();
    if (said.type !== "reply" || said.reply.type !== "frame") throw new Error(JSON.stringify(said));
    return said.reply;
  };
  const until = async (wanted: number): Promise<number> => {
    let frames = 0;
    for (let step = 0; step < wanted; frames += 1) {
      const steps = Math.min(plan.atOnce, wanted - at.step);
      at = await ask({ type: "advance", steps, budget_ms: 250 });
      step = at.step;
    }
    return frames;
  };
  await next();
  let at = await ask(plan.open);
  await until(plan.warmUp);
  const made = await counted();
  const frames = await until(plan.warmUp + plan.steps);
  const after = await counted();
  link.terminate();
  const counts = Object.fromEntries(
    Object.entries(after).map(([name, count]) => [name, count - (made[name] ?? 0)]),
  );
  return { device: at.device, made, counts, frames };
}
