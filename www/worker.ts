// The worker: loads the wasm, or is given it, and passes messages on, one at a time.
import init, { handle } from "orrery-glue";
import path from "orrery-wasm";
import { tellPage } from "./offline";
import { type FromWorker, WAITS } from "./wire";

const said: string[] = [];
const log = console.error.bind(console);

// The panic hook of the wasm writes to the console; the report to the reader repeats its words.
console.error = (...words: unknown[]) => {
  said.push(words.map(String).join(" "));
  log(...words);
};

/** Where a file that ships with the page lies; the wasm asks for it by its plain name. */
const orreryFile = (name: string): string =>
  new URL(`./${SHIPPED[name] ?? name}`, import.meta.url).href;
Object.assign(self, { orreryFile });
tellPage();

const compiled = self.name === WAITS ? given() : compile();
const ready = compiled.then((module) => init({ module_or_path: module }));

self.addEventListener("message", (event: MessageEvent<unknown>) => {
  if (isGiven(event.data)) return;
  ready.then(() => handle(event.data)).then(answer, panic);
});
self.addEventListener("error", (event) => {
  event.preventDefault();
  panic(event.error ?? event.message);
});
self.addEventListener("unhandledrejection", (event) => panic(event.reason));
compiled.then((module) => ready.then(() => post({ type: "ready", module })), panic);

/** The module that another worker has compiled; compiled here if none could. */
function given(): Promise<WebAssembly.Module> {
  return new Promise((resolve) => {
    self.addEventListener("message", ({ data }: MessageEvent<unknown>) => {
      if (isGiven(data)) resolve(data.module ?? compile());
    });
  });
}

async function compile(): Promise<WebAssembly.Module> {
  const url = new URL(path, import.meta.url);
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url.href} could not be loaded: ${response.status}`);
  // A host that does not know the type of wasm cannot stream it.
  const typed = response.headers.get("content-type") === "application/wasm";
  return typed
    ? WebAssembly.compileStreaming(response)
    : WebAssembly.compile(await response.arrayBuffer());
}

function isGiven(data: unknown): data is { module: WebAssembly.Module | null } {
  return typeof data === "object" && data !== null && "module" in data;
}

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
