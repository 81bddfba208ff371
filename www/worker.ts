// The worker: loads the wasm and passes messages on, one at a time.
import init, { handle } from "orrery-glue";
import path from "orrery-wasm";
import type { FromWorker } from "./client";

const said: string[] = [];
const log = console.error.bind(console);

// The panic hook of the wasm writes to the console; the report to the reader repeats its words.
console.error = (...words: unknown[]) => {
  said.push(words.map(String).join(" "));
  log(...words);
};

const ready = init({ module_or_path: new URL(path, import.meta.url) });

self.addEventListener("message", (event: MessageEvent<unknown>) => {
  ready.then(() => handle(event.data)).then(answer, panic);
});
self.addEventListener("error", (event) => {
  event.preventDefault();
  panic(event.error ?? event.message);
});
self.addEventListener("unhandledrejection", (event) => panic(event.reason));
ready.then(() => post({ type: "ready" }), panic);

function answer(reply: unknown): void {
  const buffers = new Set<ArrayBuffer>();
  collect(reply, buffers);
  self.postMessage({ type: "reply", reply }, { transfer: [...buffers] });
}

function panic(reason: unknown): void {
  const text = reason instanceof Error ? (reason.stack ?? reason.message) : String(reason);
  post({ type: "panic", message: [...said.slice(-3), text].join("\n") });
}

function post(message: FromWorker): void {
  self.postMessage(message);
}

/** The buffers of all number columns within `value`: they are moved to the page, not copied. */
function collect(value: unknown, buffers: Set<ArrayBuffer>): void {
  if (value instanceof Float32Array) {
    if (value.buffer instanceof ArrayBuffer) buffers.add(value.buffer);
  } else if (typeof value === "object" && value !== null) {
    for (const part of Object.values(value)) collect(part, buffers);
  }
}
