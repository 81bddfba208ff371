// Prints the covers of the gallery as JSON, by exhibit: `node covers.mjs DIR`, where wasm-bindgen's files
// lie in DIR. Each is what the exhibit's own code comes to after some steps, drawn by the page's own code,
// and how many of its claims held when `orrery reproduce` last measured them.
import { build } from "esbuild";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
// Tells a colour from the name of a series, as CSS.supports does in a browser.
import { color } from "d3-color";
// The document that the chart library draws into.
import { parseHTML } from "linkedom";

const root = fileURLToPath(new URL("..", import.meta.url));
const dir = resolve(process.argv[2]);
/** Steps are what counts, not time: no step takes as long. */
const PATIENCE_MS = 10_000;
/** What `orrery reproduce --record` wrote. */
const record = JSON.parse(readFileSync(join(root, "docs/claims.json"), "utf8"));

// What the chart library and our code look for in a browser.
const { document, window, SVGElement } = parseHTML("<!doctype html><html><body></body></html>");
Object.assign(globalThis, {
  document,
  window,
  SVGElement,
  SVGSVGElement: SVGElement,
  CSS: { supports: (_, value) => value === "currentColor" || color(value) !== null },
  // Where the wasm finds a file that ships with the page.
  orreryFile: (name) =>
    `data:application/octet-stream;base64,${readFileSync(join(root, "www", name), "base64")}`,
});

const orrery = await import(pathToFileURL(join(dir, "orrery.js")));
orrery.initSync({ module: readFileSync(join(dir, "orrery_bg.wasm")) });
const drawCover = await drawing();
const covers = {};
for (const { meta, claims, cover } of orrery.catalog().exhibits) {
  const figure = await run(meta.id, cover);
  const measured = Object.values(record[meta.id] ?? {});
  const hold =
    measured.length < claims.length ? null : measured.filter(({ holds }) => holds).length;
  covers[meta.id] = { svg: drawCover(meta.id, figure, figure.body), alt: figure.alt, hold };
}
process.stdout.write(JSON.stringify(covers));

/** The figure of a cover, computed. */
async function run(id, { figure, steps, set }) {
  const params = Object.fromEntries(set);
  let frame = await ask({ type: "open", id, seed: 1, device: "cpu", params, pokes: [] });
  while (!frame.done && frame.step < steps) {
    frame = await ask({ type: "advance", steps: steps - frame.step, budget_ms: PATIENCE_MS });
  }
  const found = frame.figures.find(
    ({ id, body }) => body.type === "plot" && (figure === "" || figure === id),
  );
  if (found === undefined) throw new Error(`${id} has no plot ${figure}`);
  return found;
}

async function ask(request) {
  const reply = await orrery.handle(request);
  if (reply.type !== "frame") throw new Error(`${JSON.stringify(request)}: ${reply.message}`);
  return reply;
}

/** `drawCover` of www/cover.ts. */
async function drawing() {
  const out = mkdtempSync(join(tmpdir(), "orrery-cover-"));
  const outfile = join(out, "cover.mjs");
  try {
    await build({
      entryPoints: [join(root, "www/cover.ts")],
      outfile,
      bundle: true,
      format: "esm",
      platform: "node",
      logLevel: "warning",
    });
    return (await import(pathToFileURL(outfile))).drawCover;
  } finally {
    rmSync(out, { recursive: true });
  }
}
