// The whole state of a run as a file of JSON, and back; the names are those of the address.
import {
  brief,
  DEVICE_NAMES,
  formatPoke,
  isDevice,
  MAX_POKES,
  parsePoke,
  parseSeed,
  plainStart,
  POKE_FORM,
  SEEDS,
  shortest,
  type Start,
} from "./address";
import type { Catalog, Entry, Metric, Poke, Value } from "./protocol";

/** Larger than any state: what is dropped on the page may be anything. */
const MOST_BYTES = 4_000_000;

/** What a run is and how far it has come. */
export interface State extends Start {
  exhibit: string;
  step: number;
  done: boolean;
  playing: boolean;
}

/** A state as it is saved. The numbers it ends with are for the reader, not read back. */
export interface StateFile extends Start {
  exhibit: string;
  step: number;
  metrics: Pick<Metric, "name" | "value" | "unit">[];
}

/** A state that was read: which exhibit, how it is opened, and how many steps are taken then. */
export interface ReadState {
  entry: Entry;
  start: Start;
  step: number;
}

/** Every name that a state may have; the last ones tell of the run that was saved. */
const NAMES = ["exhibit", "seed", "device", "params", "pokes", "step"] as const;
const TOLD = ["metrics", "done", "playing"];

/** Writes a state. */
export function stateFile(id: string, start: Start, step: number, metrics: Metric[]): StateFile {
  const told = metrics.map(({ name, value, unit }) => ({ name, value, unit }));
  const params = Object.entries(start.params).map(([name, value]) => [
    name,
    typeof value === "number" ? Number(shortest(value)) : value,
  ]);
  return { exhibit: id, ...start, params: Object.fromEntries(params), step, metrics: told };
}

/** Reads a state; a string is one sentence that says what is wrong with it. */
export function readState(text: string, catalog: Catalog): ReadState | string {
  if (text.length > MOST_BYTES) return `the file has ${text.length} characters; a state has fewer`;
  try {
    return readFields(JSON.parse(text), catalog);
  } catch (reason) {
    const why = reason instanceof Error ? reason.message : String(reason);
    return `the file is not JSON: ${why}; expected a state that was saved here`;
  }
}

/** Reads a state that is an object already. Values of parameters are the session's to check. */
export function readFields(given: unknown, catalog: Catalog): ReadState | string {
  if (!isRecord(given)) return `the state is ${shown(given)}; expected an object`;
  const names = [...NAMES, ...TOLD];
  const stray = Object.keys(given).find((name) => !names.includes(name));
  if (stray !== undefined) return `${brief(stray)}: no part of a state; it has ${names.join(", ")}`;
  const { exhibit } = given;
  const entry = catalog.exhibits.find(({ meta }) => meta.id === exhibit);
  if (entry === undefined) {
    const known = catalog.exhibits.map(({ meta }) => meta.id).join(", ");
    return refusal("exhibit", exhibit, `one of ${known}`);
  }
  const start = plainStart();
  const { seed = start.seed, device = start.device, params = {}, pokes = [], step = 0 } = given;
  const whole = typeof seed === "number" ? parseSeed(String(seed)) : null;
  if (whole === null) return refusal("seed", seed, SEEDS);
  if (typeof device !== "string" || !isDevice(device)) {
    return refusal("device", device, DEVICE_NAMES);
  }
  if (typeof step !== "number" || !Number.isSafeInteger(step) || step < 0) {
    return refusal("step", step, "a whole number from 0 on");
  }
  const values = readParams(params, entry);
  if (typeof values === "string") return values;
  const done = readPokes(pokes);
  if (typeof done === "string") return done;
  return { entry, start: { seed: whole, device, params: values, pokes: done }, step };
}

function readParams(given: unknown, entry: Entry): Record<string, Value> | string {
  if (!isRecord(given)) return refusal("params", given, "an object of values by name");
  const values: Record<string, Value> = {};
  for (const [name, value] of Object.entries(given)) {
    if (!entry.params.some((param) => param.name === name)) {
      const known = entry.params.map((param) => param.name).join(", ");
      return `params.${brief(name)}: ${entry.meta.id} has no such parameter; it has ${known}`;
    }
    if (!isValue(value)) return refusal(`params.${name}`, value, "a number, true, false or text");
    values[name] = value;
  }
  return values;
}

function readPokes(given: unknown): Poke[] | string {
  if (!Array.isArray(given) || given.length > MAX_POKES) {
    const came = Array.isArray(given) ? `a list of ${given.length}` : shown(given);
    return `pokes: ${came} is not allowed; expected a list of at most ${MAX_POKES}`;
  }
  const pokes: Poke[] = [];
  for (const [at, item] of given.entries()) {
    // By the text form, so that what may stand in an address may stand here and nothing else.
    const poke = isRecord(item) ? parsePoke(formatPoke(item as unknown as Poke)) : null;
    if (poke === null) return refusal(`pokes[${at}]`, item, POKE_FORM.replaceAll(":", ", "));
    pokes.push(poke);
  }
  return pokes;
}

function refusal(field: string, came: unknown, allowed: string): string {
  return `${field}: ${shown(came)} is not allowed; expected ${allowed}`;
}

function shown(value: unknown): string {
  if (value === undefined) return "nothing";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "string") return `"${brief(value)}"`;
  return typeof value === "object" && value !== null ? "an object" : String(value);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isValue(value: unknown): value is Value {
  return ["number", "boolean", "string"].includes(typeof value);
}
