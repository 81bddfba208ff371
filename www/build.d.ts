/** The worker's file, relative to the bundle; put in by build.mjs. */
declare const WORKER_PATH: string;
/** The name with its hash, by the plain one, of each file that exhibits load; for the worker. */
declare const SHIPPED: Record<string, string>;
/** The same of what was made from the exhibits: catalog, covers, explanations; for the page. */
declare const PARTS: Record<string, string>;

/** Whether this is a build for a host, and not one while the page is worked on. */
declare const RELEASE: boolean;

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
