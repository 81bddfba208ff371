// The address bar: everything that makes an exhibit's state, as text, and back.
import type { DeviceChoice, Poke, PokeKind, Value } from "./protocol";

/** The seed of a run whose address names none. */
export const DEFAULT_SEED = 1;
const MAX_SEED = 2 ** 32 - 1;
/** Most pokes that a run keeps. */
export const MAX_POKES = 500;
const POKE_KINDS: readonly string[] = ["drag", "add", "remove", "click"] satisfies PokeKind[];
const DEVICES: readonly string[] = ["auto", "cpu", "gpu"] satisfies DeviceChoice[];
/** What may stand as a seed, a device, a poke: the end of a sentence about what came instead. */
export const SEEDS = `a whole number from 0 to ${MAX_SEED}`;
export const DEVICE_NAMES = "auto, cpu or gpu";
export const POKE_FORM = "figure:mark:kind:index:x:y with finite numbers";

/** What a run is opened with. */
export interface Start {
  seed: number;
  device: DeviceChoice;
  params: Record<string, Value>;
  pokes: Poke[];
}

/** An address, read: which exhibit, its start, and a sentence for each part that made no sense. */
export interface Address {
  id: string | null;
  start: Start;
  ignored: string[];
}

/** The start of a run nobody has changed. */
export function plainStart(): Start {
  return { seed: DEFAULT_SEED, device: "auto", params: {}, pokes: [] };
}

/** Reads the part of an address from its `#` on. Parameters stay text: the session parses them. */
export function parseAddress(hash: string): Address {
  const [path = "", query = ""] = split(hash.replace(/^#\/?/, ""), "?");
  const start = plainStart();
  const ignored: string[] = [];
  const seen = new Set<string>();
  for (const [name, text] of new URLSearchParams(query)) {
    if (name === "poke") {
      const poke = parsePoke(text);
      if (poke === null) {
        ignored.push(`poke: "${brief(text)}" was ignored; expected ${POKE_FORM}`);
      } else if (start.pokes.length >= MAX_POKES) {
        if (!seen.has("poke")) ignored.push(`poke: only the first ${MAX_POKES} were kept`);
        seen.add("poke");
      } else start.pokes.push(poke);
      continue;
    }
    if (seen.has(name)) ignored.push(`${brief(name)}: given more than once; the last one counts`);
    seen.add(name);
    if (name === "seed") {
      const seed = parseSeed(text);
      if (seed === null) {
        ignored.push(`seed: "${brief(text)}" was ignored; expected ${SEEDS}`);
      } else start.seed = seed;
    } else if (name === "device") {
      if (isDevice(text)) start.device = text;
      else ignored.push(`device: "${brief(text)}" was ignored; expected ${DEVICE_NAMES}`);
    } else start.params[name] = text;
  }
  return { id: path === "" ? null : decode(path), start, ignored };
}

/** Writes an address that `parseAddress` reads back to the same state. */
export function formatAddress(id: string, start: Start): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(start.params)) query.set(name, valueText(value));
  if (start.seed !== DEFAULT_SEED) query.set("seed", String(start.seed));
  if (start.device !== "auto") query.set("device", start.device);
  for (const poke of start.pokes) query.append("poke", formatPoke(poke));
  const text = query.toString().replaceAll("%3A", ":");
  return `#/${encodeURIComponent(id)}${text === "" ? "" : `?${text}`}`;
}

/** A seed as typed: a whole number that fits 32 bits, else null. */
export function parseSeed(text: string): number | null {
  const seed = /^\d{1,10}$/.test(text.trim()) ? Number(text) : Number.NaN;
  return seed <= MAX_SEED ? seed : null;
}

/** Whether `text` names a device. */
export function isDevice(text: string): text is DeviceChoice {
  return DEVICES.includes(text);
}

/** A value as the address, the attributes and the command line write it. */
export function valueText(value: Value): string {
  return typeof value === "number" ? shortest(value) : String(value);
}

/** The fewest digits that give back `value`, as an f32 if it is one. */
export function shortest(value: number): string {
  if (Math.fround(value) !== value) return String(value);
  for (let digits = 1; digits < 9; digits++) {
    const text = value.toPrecision(digits);
    if (Math.fround(Number(text)) === value) return String(Number(text));
  }
  return String(value);
}

/** A poke as the address and the attribute `pokes` write it; null if it is none. */
export function parsePoke(text: string): Poke | null {
  const [figure, mark, kind, index, x, y, ...rest] = text.split(":");
  const poke = { index: number(index), x: number(x), y: number(y) };
  if (!figure || !mark || !isPokeKind(kind) || rest.length > 0) return null;
  if (!Number.isSafeInteger(poke.index) || poke.index < 0) return null;
  if (!Number.isFinite(poke.x) || !Number.isFinite(poke.y)) return null;
  return { figure, mark, kind, ...poke };
}

/** Writes what `parsePoke` reads. */
export function formatPoke({ figure, mark, kind, index, x, y }: Poke): string {
  return [figure, mark, kind, index, shortest(x), shortest(y)].join(":");
}

function isPokeKind(text: string | undefined): text is PokeKind {
  return text !== undefined && POKE_KINDS.includes(text);
}

function number(text: string | undefined): number {
  return text === undefined || text.trim() === "" ? Number.NaN : Number(text);
}

function split(text: string, mark: string): [string, string] {
  const at = text.indexOf(mark);
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Enough of a hostile text to recognise it by. */
export function brief(text: string): string {
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}
