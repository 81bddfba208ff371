// Prints the catalog as JSON: `node catalog.mjs DIR`, where wasm-bindgen's files lie in DIR.
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const dir = resolve(process.argv[2]);
const orrery = await import(pathToFileURL(join(dir, "orrery.js")));
orrery.initSync({ module: readFileSync(join(dir, "orrery_bg.wasm")) });
process.stdout.write(JSON.stringify(orrery.catalog()));
