// One open exhibit: its worker, its newest frame, and whether it plays.
import { plainStart, type Start } from "./address";
import { Client } from "./client";
import type {
  DeviceChoice,
  Entry,
  Experiment,
  Figure,
  Frame,
  Poke,
  Reply,
  Request,
  Value,
} from "./protocol";
import { Replicates } from "./replicates";

/** How fast to play: steps a request at most, time it may take, and the wait before the next. */
export interface Pace {
  label: string;
  steps: number;
  budget_ms: number;
  pause_ms: number;
}

/** The paces offered, slowest first. */
export const PACES: readonly [Pace, Pace, Pace, Pace] = [
  { label: "1 a second", steps: 1, budget_ms: 30, pause_ms: 1000 },
  { label: "5 a second", steps: 1, budget_ms: 30, pause_ms: 200 },
  { label: "1 a frame", steps: 1, budget_ms: 30, pause_ms: 0 },
  { label: "full speed", steps: 1_000_000, budget_ms: 40, pause_ms: 0 },
];
/** While something is dragged, its answer must not wait for a long stretch of steps. */
const DRAG_BUDGET_MS = 8;
const DRAG_MS = 300;
/** So long after its end a run is not begun again by the button that paused it. */
const AFTER_END_MS = 800;

/** The events of a run; `change` comes with each of them and with every change of its state. */
export type RunEvent = "change" | "ready" | "frame" | "done" | "error";

/** An exhibit being run, in a worker of its own. */
export class Run extends EventTarget {
  readonly entry: Entry;
  /** What the run was last opened with. */
  start: Start = plainStart();
  /** The newest state; null until the first one has come. */
  frame: Frame | null = null;
  playing = false;
  /** Sentences for the reader, the same one never twice. */
  notices: string[] = [];
  /** What was refused and why, by the field it concerns; the empty name: none. */
  readonly refusals = new Map<string, string>();
  /** What a panic of the worker left; null while all is well. */
  panic: string | null = null;
  /** The experiment that the run was opened as. */
  tried: Experiment | null = null;
  /** Values asked for and not yet confirmed by a frame. */
  readonly wished = new Map<string, Value>();

  #replicates: Replicates | null = null;
  #client: Client | null = null;
  #timer = 0;
  #hidden = false;
  #opening = false;
  readonly #told = new Set<string>();
  #pace: Pace;
  #dragged = 0;
  #ended = Number.NEGATIVE_INFINITY;
  #stepped = false;
  /** The step at which the run pauses by itself. */
  #until = Number.POSITIVE_INFINITY;

  constructor(entry: Entry) {
    super();
    this.entry = entry;
    this.#pace = entry.meta.devices ? PACES[3] : PACES[2];
  }

  /** How fast it plays. */
  get pace(): Pace {
    return this.#pace;
  }

  set pace(pace: Pace) {
    this.#pace = pace;
    this.#changed();
  }

  /** Opens the exhibit afresh with `start`; `notices` are shown from the beginning. */
  open(start: Start, notices: string[] = []): void {
    this.start = start;
    this.notices = [...notices];
    this.#told.clear();
    this.tried = null;
    this.refusals.clear();
    this.wished.clear();
    this.#until = Number.POSITIVE_INFINITY;
    this.#opening = true;
    this.replicate(this.seeds);
    this.#send({ type: "open", id: this.entry.meta.id, ...start });
    this.#changed();
  }

  /** Opens the exhibit as `start` says in every part; a string is why it cannot be. */
  openExactly(start: Start): Promise<string | null> {
    return new Promise((resolve) => {
      const heard = () => {
        if (this.frame === null && this.panic === null && this.refusals.size === 0) return;
        this.removeEventListener("change", heard);
        resolve(this.frame?.ignored[0] ?? [...this.refusals.values()][0] ?? this.panic);
      };
      this.addEventListener("change", heard);
      this.open(start);
    });
  }

  /** How many seeds run side by side. */
  get seeds(): number {
    return this.#replicates?.count ?? 1;
  }

  /** How far the other seeds are, in words; empty if there are none. */
  get spread(): string {
    return this.#replicates?.status ?? "";
  }

  /** The figures to show: of several seeds with their lines put together. */
  get figures(): Figure[] {
    const figures = this.frame?.figures ?? [];
    return this.#replicates?.over(figures) ?? figures;
  }

  /** Runs so many seeds side by side from now on, this run's and those after it. */
  replicate(seeds: number): void {
    this.#replicates?.close();
    this.#replicates = null;
    if (seeds > 1) {
      const { id } = this.entry.meta;
      this.#replicates = new Replicates(seeds, id, this.#opening ? this.start : this.now(), () =>
        this.#changed(),
      );
      if (this.frame !== null && !this.#opening) this.#replicates.reach(this.frame);
    }
    this.#changed();
  }

  /** What would open the run as it is now, but for the steps taken. */
  now(): Start {
    if (this.frame === null) return this.start;
    const params: Record<string, Value> = {};
    for (const { name, kind } of this.entry.params) {
      const value = this.frame.values[name];
      if (value !== undefined && !same(value, kind.default)) params[name] = value;
    }
    return { ...this.start, params, pokes: this.frame.pokes };
  }

  /** The value of a parameter, as last wished or else as the session has it. */
  value(name: string): Value | undefined {
    const param = this.entry.params.find((p) => p.name === name);
    return this.wished.get(name) ?? this.frame?.values[name] ?? param?.kind.default;
  }

  /** Whether a parameter differs from its default. */
  differs(name: string): boolean {
    const param = this.entry.params.find((p) => p.name === name);
    const value = this.value(name);
    return param !== undefined && value !== undefined && !same(value, param.kind.default);
  }

  /** Plays until done, paused or refused; a run that is done begins again. */
  play(): void {
    if (this.panic !== null) return;
    if (this.frame?.done && !this.#opening) this.reset();
    this.#until = Number.POSITIVE_INFINITY;
    this.playing = true;
    this.#changed();
    this.#advance();
  }

  /** What the button and the space bar do: whoever meant to pause as the run ended does not begin anew. */
  toggle(): void {
    if (this.playing) this.pause();
    else if (!this.frame?.done || performance.now() - this.#ended > AFTER_END_MS) this.play();
  }

  /** Plays up to that step, however long it takes, and pauses there. */
  reach(step: number): void {
    if (this.panic !== null || step <= (this.#opening ? 0 : (this.frame?.step ?? 0))) return;
    this.play();
    this.#until = step;
  }

  /** Stops asking for more. */
  pause(): void {
    this.playing = false;
    this.#until = Number.POSITIVE_INFINITY;
    clearTimeout(this.#timer);
    this.#changed();
  }

  /** Pauses, and takes `steps` steps, however long they take. */
  step(steps = 1): void {
    this.pause();
    if (steps > 1) this.reach((this.#opening ? 0 : (this.frame?.step ?? 0)) + steps);
    else this.#send({ type: "advance", steps: 1, budget_ms: 1000 });
  }

  /** Begins again: same seed, parameters and pokes, no step taken. */
  reset(): void {
    const { tried } = this;
    this.pause();
    this.open(this.now());
    this.tried = tried;
  }

  /** Begins again as the exhibit was made: all defaults, no pokes. */
  restore(): void {
    this.open({ ...plainStart(), seed: this.start.seed, device: this.start.device });
  }

  /** Begins again as `experiment` says, all else at its default, and plays. */
  attempt(experiment: Experiment): void {
    const { seed, device } = this.start;
    this.open({ ...plainStart(), seed, device, params: Object.fromEntries(experiment.set) });
    this.tried = experiment;
    this.play();
  }

  /** Begins again with another seed or device. */
  restart(change: { seed?: number; device?: DeviceChoice }): void {
    this.open({ ...this.now(), ...change });
  }

  /** Sets a parameter. */
  set(name: string, value: Value): void {
    this.wished.set(name, value);
    this.refusals.delete("");
    this.refusals.delete(name);
    this.#send({ type: "set", name, value });
    this.#replicates?.follow({ type: "set", name, value });
    this.#changed();
  }

  /** Hands on what the reader did in a figure. */
  poke(poke: Poke): void {
    if (poke.kind === "drag") this.#dragged = performance.now();
    this.refusals.delete("");
    this.#send({ type: "poke", poke });
    this.#replicates?.follow({ type: "poke", poke });
  }

  /** Shows the reader why something was not done; an empty sentence takes that away. */
  refuse(field: string, message: string): void {
    if (message === "") this.refusals.delete(field);
    else this.refusals.set(field, message);
    this.#changed();
  }

  /** While hidden, a playing run waits. */
  set hidden(hidden: boolean) {
    if (this.#hidden === hidden) return;
    this.#hidden = hidden;
    if (!hidden) this.#advance();
  }

  /** After a panic: a new worker, opened as the run last was. */
  revive(): void {
    this.close();
    this.panic = null;
    this.open(this.now());
  }

  /** Takes a notice away. */
  dismiss(notice: string): void {
    this.notices = this.notices.filter((n) => n !== notice);
    this.#changed();
  }

  /** Ends the worker. */
  close(): void {
    clearTimeout(this.#timer);
    this.playing = false;
    this.#client?.close();
    this.#client = null;
    this.#replicates?.close();
    this.#replicates = null;
  }

  #send(request: Request): void {
    if (this.panic !== null) return;
    this.#client ??= new Client({
      replied: (reply, asked) => this.#replied(reply, asked),
      panicked: (message) => this.#panicked(message),
    });
    this.#client.send(request);
  }

  /** Whether it plays up to a step and no further. */
  get #bound(): boolean {
    return Number.isFinite(this.#until);
  }

  #advance(): void {
    if (!this.playing || this.frame === null || !this.#client?.idle) return;
    // Whoever asked for a step to be reached need not watch it.
    if (this.#hidden && !this.#bound) return;
    const { steps, budget_ms } = this.#bound ? PACES[3] : this.pace;
    const left = this.#until - this.frame.step;
    const dragging = performance.now() - this.#dragged < DRAG_MS;
    const budget = dragging ? DRAG_BUDGET_MS : budget_ms;
    this.#send({ type: "advance", steps: Math.min(steps, left), budget_ms: budget });
  }

  #replied(reply: Reply, request: Request): void {
    if (request.type === "open") this.#opening = false;
    if (request.type === "set" && this.wished.get(request.name) === request.value) {
      this.wished.delete(request.name);
    }
    switch (reply.type) {
      case "frame":
        this.#show(reply, request);
        break;
      case "error":
        this.refusals.set(reply.field ?? "", reply.message);
        this.playing &&= request.type !== "advance";
        this.#emit("error", reply.message);
        break;
      case "checking":
      case "checked":
      case "spread":
        break;
      default:
        reply satisfies never;
    }
    this.#changed();
    clearTimeout(this.#timer);
    if (this.pace.pause_ms === 0 || this.#bound) this.#advance();
    else this.#timer = window.setTimeout(() => this.#advance(), this.pace.pause_ms);
  }

  #show(frame: Frame, request: Request): void {
    const first = this.frame === null;
    this.frame = frame;
    this.#replicates?.reach(frame);
    const told = frame.notice === null ? frame.ignored : [...frame.ignored, frame.notice];
    for (const sentence of told) {
      // A frame repeats the notice of the last; what was read and dismissed stays away.
      if (!this.#told.has(sentence)) this.notices.push(sentence);
      this.#told.add(sentence);
    }
    if (first) this.#emit("ready", frame);
    if (!this.#stepped && request.type === "advance" && frame.step > 0) {
      this.#stepped = true;
      // For whoever measures how long a visitor waits; shown in the browser's profiler too.
      performance.mark("orrery:first-step");
    }
    if (frame.step >= this.#until) this.pause();
    this.#emit("frame", frame);
    if (frame.done && request.type === "advance") {
      this.playing = false;
      this.#ended = performance.now();
      this.#emit("done", frame);
    }
  }

  #panicked(message: string): void {
    this.#client = null;
    this.playing = false;
    this.panic = message;
    this.#emit("error", message);
    this.#changed();
  }

  #changed(): void {
    this.#emit("change", null);
  }

  #emit(type: RunEvent, detail: Frame | string | null): void {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}

/** Equal, where a number that went through an f32 equals the one it came from. */
function same(a: Value, b: Value): boolean {
  if (typeof a === "number" && typeof b === "number") return Math.fround(a) === Math.fround(b);
  return a === b;
}
