// What a worker and the page say to each other beside requests.
import type { Reply } from "./protocol";

/** The name of a worker that waits to be given the compiled wasm as `{ module }`. */
export const WAITS = "waits";

/** All that a worker says. */
export type FromWorker =
  | { type: "ready"; module: WebAssembly.Module }
  | { type: "reply"; reply: Reply }
  | { type: "panic"; message: string };
