// The page: the address bar says what is shown, and what is shown writes the address bar.
import { html, nothing, render, type TemplateResult } from "lit";
import { formatAddress, parseAddress } from "./address";
import { loadCatalog, loadExplanation } from "./catalog";
import "./claims";
import "./exhibit-view";
import "./gallery";
import { press } from "./keys";
import { takeDrops } from "./drop";
import { stayWithoutNetwork } from "./offline";
import { explanation, heading, scrollable } from "./paper";
import type { Catalog } from "./protocol";
import { Run } from "./run";
import { hand } from "./save";
import { sharing } from "./sharing";
import { type Place, splitPlace, withPlace } from "./source";
import { readState, stateFile } from "./state";
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
/** The place in the source that was asked for. */
let place: Place | null = null;

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
    <span class="tools">
      ${run === null ? nothing : html`<orrery-keys></orrery-keys>`}
      <button class="small" @click=${choose} aria-label="Theme: ${theme}; change to ${next}">
        Theme: ${theme}
      </button>
    </span>
  </header>`;
}

function content(): TemplateResult {
  const dark = isDark(theme);
  const told =
    notice === null
      ? nothing
      : html`<p class="notice bad" role="alert">
          ${notice}
          <button class="close" aria-label="Dismiss this notice" @click=${() => tell(null)}>
            ×
          </button>
        </p>`;
  if (catalog === null)
    return html`${told}${notice ? nothing : html`<p class="waiting">Loading…</p>`}`;
  if (run === null) {
    return html`${told}<orrery-gallery .catalog=${catalog}></orrery-gallery>`;
  }
  const { entry } = run;
  return html`${told}
    <article class="exhibit">
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
      ${explanation(text)}
      <section class="code" aria-labelledby="source">
        <h2 id="source">Source</h2>
        <orrery-source .exhibit=${entry.meta.id} .place=${place}></orrery-source>
      </section>
      ${sharing(entry, run.now(), { save: saveState, open: (file) => void openState(file) })}
      <orrery-hint></orrery-hint>
    </article>`;
}

/** Shows a sentence above everything else, or takes the last one away. */
function tell(sentence: string | null): void {
  notice = sentence;
  draw();
  if (sentence !== null)
    document.querySelector(".notice.bad")?.scrollIntoView({ block: "nearest" });
}

/** Follows the address bar. */
function follow(): void {
  if (catalog === null) return;
  const split = splitPlace(location.hash);
  const { id, start, ignored } = parseAddress(split.address);
  const entry = catalog.exhibits.find(({ meta }) => meta.id === id) ?? null;
  notice = id !== null && entry === null ? `There is no exhibit "${id.slice(0, 60)}".` : null;
  const arrived = entry !== (run?.entry ?? null);
  if (arrived) enter(entry === null ? null : new Run(entry));
  run?.open(start, ignored);
  draw();
  if (arrived) arrive();
  if (split.place !== null) goTo(split.place);
}

/** Shows a place in the source; the run goes on. */
function goTo(asked: Place): void {
  place = asked;
  write();
  draw();
}

/** A link into the source of the open exhibit is followed without opening the exhibit anew. */
function followLink(event: MouseEvent): void {
  const plain = event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey;
  const link = event.target instanceof Element ? event.target.closest("a[href*='/source/']") : null;
  const { address, place } = splitPlace(link?.getAttribute("href") ?? "");
  if (!plain || place === null || address !== `#/${run?.entry.meta.id}`) return;
  event.preventDefault();
  goTo(place);
}

/** Shows the page from its beginning. */
function arrive(): void {
  window.scrollTo(0, 0);
  document.querySelector<HTMLElement>("h1")?.focus({ preventScroll: true });
}

/** Leaves one run, and its worker, for another or for the gallery. */
function enter(next: Run | null): void {
  const entry = next?.entry ?? null;
  const same = entry === run?.entry;
  run?.removeEventListener("change", write);
  run?.close();
  run = next;
  run?.addEventListener("change", write);
  document.title = entry === null ? "Orrery" : `${entry.meta.title} · Orrery`;
  if (same) return;
  text = null;
  place = null;
  if (entry === null) return;
  const shown = (found: string) => {
    if (run?.entry === entry) text = scrollable(found);
    draw();
  };
  loadExplanation(entry.meta.id).then(shown, () => shown("<p>The explanation did not load.</p>"));
}

/** Hands the whole state of the run to the reader as a file. */
function saveState(): void {
  if (run?.frame == null) return;
  const { id } = run.entry.meta;
  const { step, metrics } = run.frame;
  const json = JSON.stringify(stateFile(id, run.now(), step, metrics), null, 2);
  hand(new Blob([`${json}\n`], { type: "application/json" }), `${id}-step-${step}.json`);
}

/** Opens a state that was saved; if anything in it is wrong, the run stays as it is. */
async function openState(file: File): Promise<void> {
  if (catalog === null) return;
  const read = readState(await file.text(), catalog);
  if (typeof read === "string") {
    tell(`${file.name}: ${read}`);
    return;
  }
  const next = new Run(read.entry);
  const refused = await next.openExactly(read.start);
  if (refused !== null) {
    next.close();
    tell(`${file.name}: ${refused}`);
    return;
  }
  notice = null;
  enter(next);
  history.pushState(null, "", formatAddress(read.entry.meta.id, read.start));
  const further = read.step > 0 ? `, and goes on to step ${read.step}` : "";
  next.notices.push(`The run was opened from ${file.name}${further}`);
  next.reach(read.step);
  draw();
  arrive();
}

/** Puts the run's state into the address bar, some time soon. */
function write(): void {
  if (written !== 0) return;
  written = window.setTimeout(() => {
    written = 0;
    if (run === null) return;
    const { entry, frame } = run;
    const address = withPlace(formatAddress(entry.meta.id, run.now()), place);
    if (frame === null || address === location.hash) return;
    history.replaceState(null, "", address);
    draw();
  }, ADDRESS_MS);
}

document.addEventListener("visibilitychange", () => {
  if (run !== null) run.hidden = document.hidden;
});
window.addEventListener("hashchange", follow);
document.addEventListener("click", followLink);
document.addEventListener("keydown", (event) => {
  if (run !== null && press(event, run)) draw();
});
takeDrops((file) => void openState(file));
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
stayWithoutNetwork();
