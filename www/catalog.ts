// What exhibits there are: files made with the build, so that the gallery opens without the wasm.
import type { Catalog, Entry } from "./protocol";

/** How an exhibit is shown in the gallery, by `xtask/covers.mjs`. */
export interface Cover {
  /** A drawing of what its code came to when the page was built. */
  svg: string;
  /** What the drawing shows, in words. */
  alt: string;
  /** How many of its claims held when they were last measured; null: they were not. */
  hold: number | null;
}
/** All covers, by exhibit. */
export type Covers = Partial<Record<string, Cover>>;

let catalog: Promise<Catalog> | null = null;
let covers: Promise<Covers> | null = null;

/** Fetches the catalog, once. */
export function loadCatalog(): Promise<Catalog> {
  catalog ??= fetchPart("catalog.json").then((response) => response.json() as Promise<Catalog>);
  return catalog;
}

/** Fetches the covers of the gallery, once. */
export function loadCovers(): Promise<Covers> {
  covers ??= fetchPart("covers.json").then((response) => response.json() as Promise<Covers>);
  return covers;
}

/** The explanation of an exhibit as a piece of HTML, made from its source at build time. */
export async function loadExplanation(id: string): Promise<string> {
  return (await fetchPart(`docs/${id}.html`)).text();
}

/** The entry of an exhibit; null if there is none of that id. */
export async function findEntry(id: string): Promise<Entry | null> {
  return (await loadCatalog()).exhibits.find((entry) => entry.meta.id === id) ?? null;
}

/** Fetches a file that belongs to the same build as this script, and lies beside it. */
export async function fetchPart(path: string): Promise<Response> {
  const response = await fetch(new URL(`./${PARTS[path] ?? path}`, import.meta.url));
  if (!response.ok) throw new Error(`${path} could not be loaded: ${response.status}`);
  return response;
}
