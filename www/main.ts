// The page: the address bar says what is shown, and what is shown writes the address bar.
import { html, nothing, render, type TemplateResult } from "lit";
import { formatAddress, parseAddress } from "./address";
import { loadCatalog, loadExplanation } from "./catalog";
import "./claims";
import "./exhibit-view";
import "./gallery";
import { explanation, heading, scrollable, sharing } from "./paper";
import type { Catalog, Entry } from "./protocol";
import { Run } from "./run";
import { isDark, storedTheme, storeTheme, type Theme, watchSystem } from "./theme";

/** The address bar is written at most this often: browsers refuse more. */
const ADDRESS_MS = 400;
const THEMES: readonly Theme[] = ["auto", "light", "dark"];

let catalog: Catalog | null = null;
let run: Run | null = null;
let text: string | null = null;
let notice: string | null = null;
let theme = storedTheme();
let written = 0;

function draw(): void {
  document.documentElement.dataset["theme"] = theme;
  render(
    html`${masthead()}
      <main>${content()}</main>`,
    document.body,
  );
}

function masthead(): TemplateResult {
  const next = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length] ?? "auto";
  const choose = () => {
    theme = next;
    storeTheme(theme);
    draw();
  };
  return html`<header class="masthead">
    <a class="wordmark" href="#/">Orrery</a>
    ${run === null ? nothing : html`<nav><a href="#/">All exhibits</a></nav>`}
    <button class="small" @click=${choose} aria-label="Theme: ${theme}; change to ${next}">
      theme: ${theme}
    </button>
  </header>`;
}

function content(): TemplateResult {
  const dark = isDark(theme);
  const told = notice === null ? nothing : html`<p class="notice bad" role="alert">${notice}</p>`;
  if (catalog === null)
    return html`${told}${notice ? nothing : html`<p class="waiting">Loading…</p>`}`;
  if (run === null) {
    return html`${told}<orrery-gallery .catalog=${catalog} .dark=${dark}></orrery-gallery>`;
  }
  const { entry } = run;
  return html`<article class="exhibit">
    ${heading(entry)}
    <orrery-view .run=${run} .surroundings=${"full"} .dark=${dark}></orrery-view>
    ${
      entry.claims.length === 0
        ? nothing
        : html`<section class="claimed" aria-labelledby="claims">
            <h2 id="claims">What the paper claims</h2>
            <p>${entry.meta.claim}</p>
            <orrery-claims .entry=${entry} .device=${run.start.device}></orrery-claims>
          </section>`
    }
    ${explanation(text)} ${sharing(entry, run.now())}
  </article>`;
}

/** Follows the address bar. */
function follow(): void {
  if (catalog === null) return;
  const { id, start, ignored } = parseAddress(location.hash);
  const entry = catalog.exhibits.find(({ meta }) => meta.id === id) ?? null;
  notice = id !== null && entry === null ? `There is no exhibit "${id.slice(0, 60)}".` : null;
  const arrived = entry !== run?.entry;
  if (arrived) enter(entry);
  run?.open(start, ignored);
  document.title = entry === null ? "Orrery" : `${entry.meta.title} · Orrery`;
  draw();
  if (arrived) {
    window.scrollTo(0, 0);
    document.querySelector<HTMLElement>("h1")?.focus({ preventScroll: true });
  }
}

/** Leaves one exhibit, and its worker, for another or for the gallery. */
function enter(entry: Entry | null): void {
  run?.close();
  run = entry === null ? null : new Run(entry);
  run?.addEventListener("change", write);
  text = null;
  if (entry === null) return;
  const shown = (found: string) => {
    if (run?.entry === entry) text = scrollable(found);
    draw();
  };
  loadExplanation(entry.meta.id).then(shown, () => shown("<p>The explanation did not load.</p>"));
}

/** Puts the run's state into the address bar, some time soon. */
function write(): void {
  if (written !== 0) return;
  written = window.setTimeout(() => {
    written = 0;
    if (run === null) return;
    const { entry, frame } = run;
    const address = formatAddress(entry.meta.id, run.now());
    if (frame === null || address === location.hash) return;
    history.replaceState(null, "", address);
    draw();
  }, ADDRESS_MS);
}

document.addEventListener("visibilitychange", () => {
  if (run !== null) run.hidden = document.hidden;
});
window.addEventListener("hashchange", follow);
watchSystem(draw);
draw();
loadCatalog().then(
  (loaded) => {
    catalog = loaded;
    follow();
  },
  (reason: unknown) => {
    notice = `The list of exhibits did not load: ${String(reason)}. Reload to try again.`;
    draw();
  },
);
