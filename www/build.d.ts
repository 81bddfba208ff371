/** The worker's file, relative to the bundle; put in by build.mjs. */
declare const WORKER_PATH: string;
/** Changes with every build of the worker. */
declare const BUILD_ID: string;

declare module "*.css" {
  const text: string;
  export default text;
}

/** wasm-bindgen's module for the browser. */
declare module "orrery-glue" {
  export default function init(options: { module_or_path: WebAssembly.Module }): Promise<void>;
  export function handle(request: unknown): Promise<unknown>;
}

/** The URL of the wasm file, relative to the bundle. */
declare module "orrery-wasm" {
  const path: string;
  export default path;
}
