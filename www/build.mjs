// Bundles the page: `node www/build.mjs [--out DIR] [--wasm DIR] [--release] [--worker FILE]`.
//
// out     where everything goes; default $TRUNK_STAGING_DIR, else dist
// wasm    the folder with wasm-bindgen's orrery.js and orrery_bg.wasm; default $ORRERY_WASM_DIR
// release minified, without source maps; default when $TRUNK_PROFILE is "release"
// worker  another worker in place of www/worker.ts (the tests have one that needs no wasm)
//
// Every file but orrery-exhibit.js, which foreign pages name, carries the hash of its content, and
// the page is built knowing the worker's name: a page never meets the worker of another build.
import { build } from "esbuild";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const www = dirname(fileURLToPath(import.meta.url));
const { values } = parseArgs({
  options: {
    out: { type: "string", default: process.env.TRUNK_STAGING_DIR ?? "dist" },
    wasm: { type: "string", default: process.env.ORRERY_WASM_DIR ?? "" },
    release: { type: "boolean", default: process.env.TRUNK_PROFILE === "release" },
    worker: { type: "string", default: join(www, "worker.ts") },
  },
});
const out = resolve(values.out);
const wasm = resolve(values.wasm);

/** Builds `entries` and returns the emitted name of each, by its source's base name. */
async function bundle(entries, options) {
  const result = await build({
    entryPoints: entries,
    outdir: out,
    bundle: true,
    format: "esm",
    target: ["es2022"],
    entryNames: "[name]-[hash]",
    chunkNames: "[name]-[hash]",
    assetNames: "[name]-[hash]",
    minify: values.release,
    sourcemap: values.release ? false : "linked",
    legalComments: "none",
    metafile: true,
    logLevel: "warning",
    ...options,
  });
  const named = Object.entries(result.metafile.outputs)
    .filter(([, output]) => output.entryPoint !== undefined)
    .map(([file, output]) => [basename(output.entryPoint), basename(file)]);
  return Object.fromEntries(named);
}

/** Copies an HTML file, its plain names replaced by the hashed ones. */
function rewrite(file, names) {
  const staged = join(out, file);
  const source = existsSync(staged) ? staged : join(www, "..", file);
  let html = readFileSync(source, "utf8");
  if (!html.includes("./style.css"))
    throw new Error(`${source} is from an earlier build: empty ${out}`);
  for (const [plain, hashed] of Object.entries(names)) html = html.replaceAll(plain, hashed);
  writeFileSync(staged, html);
}

if (values.worker.endsWith("worker.ts") && resolve(values.worker) === join(www, "worker.ts")) {
  for (const file of ["orrery.js", "orrery_bg.wasm"]) {
    if (values.wasm === "" || !existsSync(join(wasm, file))) {
      console.error(`error: no ${file} in "${values.wasm}"; give --wasm or ORRERY_WASM_DIR`);
      process.exit(2);
    }
  }
}
mkdirSync(out, { recursive: true });

const workers = await bundle([resolve(values.worker)], {
  alias: { "orrery-glue": join(wasm, "orrery.js"), "orrery-wasm": join(wasm, "orrery_bg.wasm") },
  loader: { ".wasm": "file" },
});
const worker = Object.values(workers)[0];
const build_id = worker.replace(/^.*-|\.js$/g, "");

const pages = await bundle(
  ["main.ts", "embed.ts", "orrery-exhibit.ts"].map((name) => join(www, name)),
  {
    splitting: true,
    define: { WORKER_PATH: JSON.stringify(`./${worker}`), BUILD_ID: JSON.stringify(build_id) },
    loader: { ".css": "text" },
  },
);
const styles = await bundle(
  ["style.css", "page.css"].map((name) => join(www, name)),
  {},
);

const names = {
  "main.js": pages["main.ts"],
  "embed.js": pages["embed.ts"],
  ...styles,
};
rewrite("index.html", names);
rewrite("embed.html", names);
writeFileSync(join(out, "orrery-exhibit.js"), `export * from "./${pages["orrery-exhibit.ts"]}";\n`);
console.log(`built ${build_id} into ${out}`);
