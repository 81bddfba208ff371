// The page's end of the conversation with one worker: one request in flight, the newest value kept.
import type { Poke, Reply, Request } from "./protocol";
import { type FromWorker, WAITS } from "./wire";

/** The wasm, once for the page: the first worker compiles it, and the others are given it. */
let module: Promise<WebAssembly.Module | null> | null = null;

/** What a client's owner is told. */
export interface Listener {
  /** A request was answered; not called for what a later `open` has made stale. */
  replied(reply: Reply, request: Request): void;
  /** The worker is lost; the client sends nothing more. */
  panicked(message: string): void;
}

/** A worker and the requests waiting for it. */
export class Client {
  #worker: Worker | null;
  #ready = false;
  #waiting: Request[] = [];
  #flight: Request | null = null;
  #stale = false;
  #listener: Listener;
  /** Tells the other clients what this one's worker has compiled; null: nothing, nor will it. */
  #compiled: ((module: WebAssembly.Module | null) => void) | null = null;

  constructor(listener: Listener) {
    this.#listener = listener;
    this.#worker = startWorker(module === null ? "" : WAITS);
    if (module === null) module = new Promise((resolve) => (this.#compiled = resolve));
    else void module.then((module) => this.#worker?.postMessage({ module }));
    this.#worker.onmessage = (event: MessageEvent<FromWorker>) => this.#hear(event.data);
    this.#worker.onerror = (event) => {
      event.preventDefault();
      this.#lose(event.message || "the worker could not be loaded");
    };
  }

  /** Whether nothing is in flight and nothing waits. */
  get idle(): boolean {
    return this.#flight === null && this.#waiting.length === 0;
  }

  /** Sends `request` when its turn comes, unless a newer one replaces it before that. */
  send(request: Request): void {
    if (request.type === "open" && this.#flight !== null) this.#stale = true;
    this.#waiting = queued(this.#waiting, request);
    this.#pump();
  }

  /** Ends the worker. */
  close(): void {
    this.#worker?.terminate();
    this.#worker = null;
    this.#waiting = [];
    if (this.#compiled === null) return;
    // Whoever waits compiles by itself, and the next to come for those after it.
    this.#compiled(null);
    this.#compiled = null;
    module = null;
  }

  #pump(): void {
    if (!this.#ready || this.#worker === null || this.#flight !== null) return;
    const request = this.#waiting.shift();
    if (request === undefined) return;
    this.#flight = request;
    this.#worker.postMessage(request);
  }

  #hear(message: FromWorker): void {
    switch (message.type) {
      case "ready":
        this.#ready = true;
        this.#compiled?.(message.module);
        this.#compiled = null;
        break;
      case "panic":
        this.#lose(message.message);
        return;
      case "reply": {
        const request = this.#flight;
        const stale = this.#stale;
        this.#flight = null;
        this.#stale = false;
        if (request !== null && !stale) this.#listener.replied(message.reply, request);
        break;
      }
      default:
        message satisfies never;
    }
    this.#pump();
  }

  #lose(message: string): void {
    if (this.#worker === null) return;
    this.close();
    this.#listener.panicked(message);
  }
}

/** Has the wasm loaded and compiled before the first client needs it. */
export function warmUp(): void {
  if (module !== null) return;
  const worker = startWorker("");
  module = new Promise((resolve) => {
    const end = (compiled: WebAssembly.Module | null) => {
      worker.terminate();
      // The client that is wanted in the end tries again, and says what is wrong.
      if (compiled === null) module = null;
      resolve(compiled);
    };
    worker.onmessage = ({ data }: MessageEvent<FromWorker>) =>
      end(data.type === "ready" ? data.module : null);
    worker.onerror = (event) => {
      event.preventDefault();
      end(null);
    };
  });
}

/** `waiting` with `request` added and whatever it makes pointless removed. */
export function queued(waiting: readonly Request[], request: Request): Request[] {
  switch (request.type) {
    case "open":
      return [request];
    case "set":
      return [...waiting.filter((r) => r.type !== "set" || r.name !== request.name), request];
    case "poke": {
      const last = waiting.at(-1);
      const again = last?.type === "poke" && sameDrag(last.poke, request.poke);
      return [...(again ? waiting.slice(0, -1) : waiting), request];
    }
    case "advance":
    case "check":
    case "spread":
      return [...waiting, request];
    default:
      return request satisfies never;
  }
}

function sameDrag(a: Poke, b: Poke): boolean {
  const drags = a.kind === "drag" && b.kind === "drag";
  return drags && a.figure === b.figure && a.mark === b.mark && a.index === b.index;
}

/**
 * A worker from this script's own origin. On a page of another origin a small script of the page's
 * own imports it; on our own pages its plain URL satisfies `script-src 'self'`.
 */
function startWorker(name: string): Worker {
  const url = new URL(WORKER_PATH, import.meta.url);
  if (url.origin === location.origin) return new Worker(url, { type: "module", name });
  const source = new Blob([`import ${JSON.stringify(url.href)};`], { type: "text/javascript" });
  const local = URL.createObjectURL(source);
  const worker = new Worker(local, { type: "module", name });
  worker.addEventListener("message", () => URL.revokeObjectURL(local), { once: true });
  return worker;
}
