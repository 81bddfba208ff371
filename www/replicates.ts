// The same run at several seeds, one worker a seed: their lines as mean and spread.
import type { Start } from "./address";
import { Client } from "./client";
import type { Curve, Figure, Frame, Mark, Reply, Request, Spread } from "./protocol";

/** How many seeds a reader may choose. */
export const COUNTS = [1, 3, 5, 8] as const;
const MAX_SEED = 2 ** 32;
/** A worker answers at least so often. */
const BUDGET_MS = 2000;

/** A run of another seed. */
interface Other {
  client: Client;
  /** Its newest state; null until the first has come. */
  frame: Frame | null;
}

/** Where a line that can be put together stands: its figure, its mark. */
type Place = [figure: number, mark: number];

/** Runs of the seeds after the reader's own, which follow it step by step. */
export class Replicates {
  readonly count: number;
  #others: Other[] = [];
  #told: () => void;
  /** The state of the reader's own run that the others are to reach. */
  #target: Frame | null = null;
  /** A newer one, for later. */
  #next: Frame | null = null;
  #places: Place[] = [];
  #merged = new Map<string, Figure>();
  /** Why it came to an end; empty while it goes on. */
  #fault = "";

  constructor(count: number, id: string, start: Start, told: () => void) {
    this.count = count;
    this.#told = told;
    for (let i = 1; i < count; i++) {
      const other: Other = {
        client: new Client({
          replied: (reply) => this.#replied(other, reply),
          panicked: () => this.#fail("a replicate stopped on a fault of ours"),
        }),
        frame: null,
      };
      other.client.send({ type: "open", id, ...start, seed: (start.seed + i) % MAX_SEED });
      this.#others.push(other);
    }
  }

  /** How far they are, in words. */
  get status(): string {
    if (this.#fault !== "") return this.#fault;
    const target = this.#target;
    if (target === null) return `mean and spread of ${this.count} seeds`;
    const there = this.#others.filter((other) => reached(other, target)).length + 1;
    return `${there} of ${this.count} seeds at step ${target.step}`;
  }

  /** `figures` with every line as mean and spread, as far as they are put together. */
  over(figures: Figure[]): Figure[] {
    return figures.map((figure) => this.#merged.get(figure.id) ?? figure);
  }

  /** Does to the others what was done to the reader's own run. */
  follow(request: Request): void {
    for (const { client } of this.#others) client.send(request);
    if (request.type === "set" || request.type === "poke") this.#merged.clear();
  }

  /** The reader's own run is here now. */
  reach(frame: Frame): void {
    if (this.#fault !== "") return;
    if (this.#target !== null) {
      this.#next = frame;
      return;
    }
    this.#target = frame;
    for (const other of this.#others) this.#urge(other);
    this.#merge();
  }

  /** Ends them. */
  close(): void {
    for (const { client } of this.#others) client.close();
    this.#others = [];
  }

  #urge(other: Other): void {
    const target = this.#target;
    if (target === null || other.frame === null || reached(other, target)) return;
    const steps = target.step - other.frame.step;
    if (other.client.idle) other.client.send({ type: "advance", steps, budget_ms: BUDGET_MS });
  }

  #replied(other: Other, reply: Reply): void {
    switch (reply.type) {
      case "frame":
        other.frame = reply;
        this.#urge(other);
        this.#merge();
        break;
      case "spread":
        this.#show(reply.spreads);
        break;
      case "error":
        this.#fail(reply.message);
        break;
      case "checking":
      case "checked":
        break;
      default:
        reply satisfies never;
    }
    this.#told();
  }

  /** Asks for the lines to be put together once all are where they should be. */
  #merge(): void {
    const [target, first] = [this.#target, this.#others[0]];
    if (target === null || first === undefined || this.#places.length > 0) return;
    if (!this.#others.every((other) => reached(other, target))) return;
    const frames = [target, ...this.#others.flatMap(({ frame }) => frame ?? [])];
    const curves: Curve[][] = [];
    for (const [figure, mark] of places(target)) {
      const lines = frames.map((frame) => curveAt(frame, [figure, mark]));
      const whole = lines.filter((line) => line !== null);
      if (whole.length < frames.length) continue;
      this.#places.push([figure, mark]);
      curves.push(whole);
    }
    if (curves.length === 0) this.#show([]);
    else first.client.send({ type: "spread", curves });
  }

  #show(spreads: Spread[]): void {
    const target = this.#target;
    if (target === null) return;
    this.#merged.clear();
    target.figures.forEach((figure, i) => {
      if (figure.body.type !== "plot" || !this.#places.some(([f]) => f === i)) return;
      const marks = figure.body.marks.flatMap((mark, j) => {
        const spread = spreads[this.#places.findIndex(([f, m]) => f === i && m === j)];
        return spread === undefined ? [mark] : spreadMarks(mark, spread);
      });
      const caption = `${figure.caption} Mean over ${this.count} seeds, with one standard deviation either way.`;
      this.#merged.set(figure.id, { ...figure, caption, body: { ...figure.body, marks } });
    });
    [this.#target, this.#places] = [null, []];
    const next = this.#next;
    this.#next = null;
    if (next !== null) this.reach(next);
  }

  #fail(reason: string): void {
    this.close();
    this.#fault = reason;
    this.#told();
  }
}

function reached({ frame, client }: Other, target: Frame): boolean {
  return frame !== null && client.idle && (frame.done || frame.step >= target.step);
}

function places({ figures }: Frame): Place[] {
  return figures.flatMap(({ body }, i) =>
    body.type === "plot"
      ? body.marks.flatMap((mark, j): Place[] => (isLine(mark) ? [[i, j]] : []))
      : [],
  );
}

/** Whether a mark is a line of numbers over numbers, its series told by one channel at most. */
function isLine({ mark, channels }: Mark): boolean {
  const numbers = channels["x"] instanceof Float32Array && channels["y"] instanceof Float32Array;
  const others = Object.keys(channels).filter((name) => name !== "x" && name !== "y");
  const names = others.every((name) => name === "stroke" && Array.isArray(channels[name]));
  return (mark === "line" || mark === "lineY") && numbers && names;
}

function curveAt({ figures }: Frame, [figure, mark]: Place): Curve | null {
  const body = figures[figure]?.body;
  const line = body?.type === "plot" ? body.marks[mark] : undefined;
  if (line === undefined || !isLine(line)) return null;
  const { x, y, stroke } = line.channels;
  if (!(x instanceof Float32Array) || !(y instanceof Float32Array)) return null;
  return { x: [...x], y: [...y], z: Array.isArray(stroke) ? stroke : [] };
}

/** A band and the line of the mean in it, in the colours of `line`. */
function spreadMarks(line: Mark, { x, mean, low, high, z }: Spread): Mark[] {
  const numbers = (values: number[]) => Float32Array.from(values);
  const named = z.length > 0;
  const { stroke } = line.options;
  const band: Mark = {
    mark: "areaY",
    id: "",
    channels: { x: numbers(x), y1: numbers(low), y2: numbers(high), ...(named ? { fill: z } : {}) },
    options: { fillOpacity: 0.18, ...(!named && stroke !== undefined ? { fill: stroke } : {}) },
    pokes: [],
  };
  const channels = { x: numbers(x), y: numbers(mean), ...(named ? { stroke: z } : {}) };
  return [band, { ...line, channels }];
}
