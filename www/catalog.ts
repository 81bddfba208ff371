// What exhibits there are: a file made with the build, so that the gallery opens without the wasm.
import type { Catalog, Entry } from "./protocol";

let catalog: Promise<Catalog> | null = null;

/** Fetches the catalog, once. */
export function loadCatalog(): Promise<Catalog> {
  catalog ??= fetchOwn("catalog.json").then((response) => response.json() as Promise<Catalog>);
  return catalog;
}

/** The explanation of an exhibit as a piece of HTML, made from its source at build time. */
export async function loadExplanation(id: string): Promise<string> {
  return (await fetchOwn(`docs/${id}.html`)).text();
}

/** The entry of an exhibit; null if there is none of that id. */
export async function findEntry(id: string): Promise<Entry | null> {
  return (await loadCatalog()).exhibits.find((entry) => entry.meta.id === id) ?? null;
}

/** Fetches a file that lies beside this script and belongs to the same build. */
async function fetchOwn(path: string): Promise<Response> {
  const url = new URL(`./${path}?v=${BUILD_ID}`, import.meta.url);
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${path} could not be loaded: ${response.status}`);
  return response;
}
