// Bundles the page: `node www/build.mjs [--out DIR] [--wasm DIR] [--parts DIR] [--release] [--worker FILE]`.
//
// out     where everything goes; default $TRUNK_STAGING_DIR, else dist
// wasm    the folder with wasm-bindgen's orrery.js and orrery_bg.wasm; default $ORRERY_WASM_DIR
// parts   the folder with what is made from the exhibits: catalog, covers, explanations, sources;
//         default $ORRERY_PARTS_DIR
// release minified, without source maps; default when $TRUNK_PROFILE is "release"
// worker  another worker in place of www/worker.ts (the tests have one that needs no wasm)
//
// Every file carries the hash of its content, and whoever loads it is built knowing its name: a page
// never meets a part of another build. Plain names are kept by what others name: the pages themselves,
// orrery-exhibit.js, and catalog.json for hosts that want to list the exhibits.
import { build } from "esbuild";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, join, parse, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const www = dirname(fileURLToPath(import.meta.url));
const { values } = parseArgs({
  options: {
    out: { type: "string", default: process.env.TRUNK_STAGING_DIR ?? "dist" },
    wasm: { type: "string", default: process.env.ORRERY_WASM_DIR ?? "" },
    parts: { type: "string", default: process.env.ORRERY_PARTS_DIR ?? "" },
    release: { type: "boolean", default: process.env.TRUNK_PROFILE === "release" },
    worker: { type: "string", default: join(www, "worker.ts") },
  },
});
const out = resolve(values.out);
const wasm = resolve(values.wasm);
const parts = resolve(values.parts);

/** Folders under `www/` with files that exhibits load. */
const SHIPPED = ["weights", "data"];
/** A name that ends with a hash. */
const HASHED = /-[0-9A-Z]{8}\.\w+$/;

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
  const { outputs } = result.metafile;
  const named = Object.entries(outputs)
    .filter(([, output]) => output.entryPoint !== undefined)
    .map(([file, output]) => [basename(output.entryPoint), basename(file)]);
  return { names: Object.fromEntries(named), outputs };
}

/** The files below a folder, each with its path from there. */
function* filesIn(folder, at = "") {
  if (!existsSync(join(folder, at))) return;
  for (const name of readdirSync(join(folder, at)).sort()) {
    const path = at === "" ? name : `${at}/${name}`;
    if (statSync(join(folder, path)).isDirectory()) yield* filesIn(folder, path);
    else yield path;
  }
}

/** Writes a file under its name with a hash, which is returned. */
function ship(path, content) {
  const { dir, name, ext } = parse(path);
  const hash = createHash("sha256").update(content).digest("hex").slice(0, 8).toUpperCase();
  const shipped = `${dir === "" ? "" : `${dir}/`}${name}-${hash}${ext}`;
  mkdirSync(join(out, dir), { recursive: true });
  writeFileSync(join(out, shipped), content);
  return shipped;
}

/** Ships what exhibits load; logs and notes beside it go by plain names, for people. */
function shipData() {
  const shipped = {};
  for (const path of SHIPPED.flatMap((folder) => [...filesIn(www, folder)])) {
    const content = readFileSync(join(www, path));
    if (path.endsWith(".safetensors")) shipped[path] = ship(path, content);
    else {
      mkdirSync(dirname(join(out, path)), { recursive: true });
      writeFileSync(join(out, path), content);
    }
  }
  return shipped;
}

/** Ships what was made from the exhibits; the names that the page is to know, by plain name. */
function shipParts() {
  const named = {};
  const [indices, others] = [true, false].map((wanted) =>
    [...filesIn(parts)].filter((path) => path.endsWith("/index.json") === wanted),
  );
  for (const path of others) named[path] = ship(path, readFileSync(join(parts, path)));
  // The files of a source are many, and named by its index alone.
  for (const path of indices) {
    const index = JSON.parse(readFileSync(join(parts, path), "utf8"));
    for (const listed of index.files) {
      const plain = `${dirname(path)}/${listed.file}.html`;
      listed.at = named[plain];
      delete named[plain];
    }
    named[path] = ship(path, JSON.stringify(index));
  }
  const catalog = named["catalog.json"];
  if (catalog !== undefined) {
    writeFileSync(join(out, "catalog.json"), readFileSync(join(out, catalog)));
  }
  return named;
}

/** Ships the icons and the manifest that names them; their names by the plain ones. */
function shipIcons() {
  const folder = join(www, "icons");
  const icons = {};
  for (const name of filesIn(folder)) {
    if (name !== "manifest.json") icons[name] = ship(name, readFileSync(join(folder, name)));
  }
  let manifest = readFileSync(join(folder, "manifest.json"), "utf8");
  for (const [plain, hashed] of Object.entries(icons)) manifest = manifest.replace(plain, hashed);
  return { ...icons, "manifest.json": ship("manifest.json", manifest) };
}

/** Builds the service worker, which knows every file of the release; `shell` is what it puts away at once. */
async function buildServiceWorker(shell) {
  const pages = ["index.html", "embed.html"].map((url) => ({
    url,
    revision: createHash("sha256")
      .update(readFileSync(join(out, url)))
      .digest("hex"),
  }));
  const files = [...filesIn(out)].filter((path) => HASHED.test(path));
  const put = [...pages, ...shell.map((url) => ({ url, revision: null }))];
  await bundle([join(www, "sw.ts")], {
    entryNames: "[name]",
    sourcemap: false,
    define: {
      SHELL: JSON.stringify(put),
      FILES: JSON.stringify(files),
      "process.env.NODE_ENV": '"production"',
    },
  });
}

/** Copies an HTML file, its plain names replaced by the hashed ones, and what is needed at once announced. */
function rewrite(file, names, early) {
  const staged = join(out, file);
  const source = existsSync(staged) ? staged : join(www, "..", file);
  let html = readFileSync(source, "utf8");
  if (!html.includes("./style.css"))
    throw new Error(`${source} is from an earlier build: empty ${out}`);
  for (const [plain, hashed] of Object.entries(names)) html = html.replaceAll(plain, hashed);
  const links = early.map((link) => `    ${link}\n`).join("");
  writeFileSync(staged, html.replace("  </head>", `${links}  </head>`));
}

/** The chunks that a script imports at once. */
function imported(entry, outputs) {
  const named = new Map(Object.entries(outputs).map(([file, o]) => [basename(file), o]));
  const found = new Set();
  const visit = (name) => {
    for (const { path, kind } of named.get(name)?.imports ?? []) {
      if (kind !== "import-statement" || found.has(basename(path))) continue;
      found.add(basename(path));
      visit(basename(path));
    }
  };
  visit(entry);
  return [...found];
}

/** Links to chunks, so that they need not be discovered one by one. */
function preloads(chunks) {
  return chunks.map((name) => `<link rel="modulepreload" href="./${name}" />`);
}

if (values.worker.endsWith("worker.ts") && resolve(values.worker) === join(www, "worker.ts")) {
  const needed = [
    [wasm, "orrery.js", "--wasm or ORRERY_WASM_DIR"],
    [wasm, "orrery_bg.wasm", "--wasm or ORRERY_WASM_DIR"],
    [parts, "catalog.json", "--parts or ORRERY_PARTS_DIR"],
  ];
  for (const [dir, file, how] of needed) {
    if (!existsSync(join(dir, file))) {
      console.error(`error: no ${file} in "${dir}"; give ${how}`);
      process.exit(2);
    }
  }
}
mkdirSync(out, { recursive: true });

const { names: workers } = await bundle([resolve(values.worker)], {
  alias: { "orrery-glue": join(wasm, "orrery.js"), "orrery-wasm": join(wasm, "orrery_bg.wasm") },
  loader: { ".wasm": "file" },
  define: { SHIPPED: JSON.stringify(shipData()), RELEASE: JSON.stringify(values.release) },
});
const worker = Object.values(workers)[0];
const known = values.parts === "" ? {} : shipParts();

const { names: pages, outputs } = await bundle(
  ["main.ts", "embed.ts", "orrery-exhibit.ts"].map((name) => join(www, name)),
  {
    splitting: true,
    define: {
      WORKER_PATH: JSON.stringify(`./${worker}`),
      PARTS: JSON.stringify(known),
      RELEASE: JSON.stringify(values.release),
    },
    loader: { ".css": "text" },
  },
);
const { names: styles } = await bundle(
  ["style.css", "page.css"].map((name) => join(www, name)),
  {},
);

const icons = shipIcons();
const names = {
  "main.js": pages["main.ts"],
  "embed.js": pages["embed.ts"],
  ...styles,
  ...icons,
};
const fetched = ["catalog.json", "covers.json"].map((part) => known[part]).filter(Boolean);
const early = fetched
  .slice(0, 1)
  .map((catalog) => `<link rel="preload" as="fetch" crossorigin href="./${catalog}" />`);
const chunks = {
  index: imported(pages["main.ts"], outputs),
  embed: imported(pages["embed.ts"], outputs),
};
rewrite("index.html", names, [...early, ...preloads(chunks.index)]);
rewrite("embed.html", names, [...early, ...preloads(chunks.embed)]);
writeFileSync(join(out, "orrery-exhibit.js"), `export * from "./${pages["orrery-exhibit.ts"]}";\n`);
if (values.release) {
  const scripts = [pages["main.ts"], pages["embed.ts"], ...chunks.index, ...chunks.embed];
  await buildServiceWorker([
    ...new Set([
      ...scripts,
      ...Object.values(styles),
      ...fetched,
      ...Object.values(icons).filter((name) => !name.endsWith(".png")),
    ]),
  ]);
}
console.log(`built ${pages["main.ts"]} into ${out}`);
