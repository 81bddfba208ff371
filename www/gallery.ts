// The gallery: every exhibit a card, with search and families to choose from.
import { html, LitElement, nothing, type TemplateResult } from "lit";
import { repeat } from "lit/directives/repeat.js";
import { unsafeHTML } from "lit/directives/unsafe-html.js";
import { formatAddress, plainStart } from "./address";
import { type Cover, type Covers, loadCovers } from "./catalog";
import { warmUp } from "./client";
import { loadPlot } from "./figure";
import type { Catalog, Entry } from "./protocol";

/** How long a pointer rests on a card before its reader is taken to be interested. */
const REST_MS = 80;

/** `<orrery-gallery>`: the cards of a `catalog`. */
export class Gallery extends LitElement {
  static override properties = {
    catalog: { attribute: false },
    words: { state: true },
    family: { state: true },
    covers: { state: true },
  };
  declare catalog: Catalog;
  declare words: string;
  /** The family that alone is shown; null: all are. */
  declare family: string | null;
  declare covers: Covers;

  #rest = 0;

  constructor() {
    super();
    this.words = "";
    this.family = null;
    this.covers = {};
    // Without covers the gallery is plainer, and as good a way in.
    loadCovers().then(
      (covers) => (this.covers = covers),
      () => {},
    );
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearTimeout(this.#rest);
  }

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  protected override render(): TemplateResult {
    const { exhibits } = this.catalog;
    const matching = exhibits.filter((entry) => matches(entry, this.words));
    const shown = matching.filter(
      ({ meta }) => this.family === null || meta.family === this.family,
    );
    return html`<div class="gallery">
      <h1 tabindex="-1">Working models of machine-learning papers</h1>
      <p class="lead">
        Each paper here is its own algorithm, running live in your tab. Move something and see what
        the paper says.
      </p>
      <search class="search">
        <label for="search">Search</label>
        <input
          id="search"
          type="search"
          autocomplete="off"
          placeholder="title, author, claim"
          .value=${this.words}
          @input=${(event: InputEvent) => this.#search(event)}
        />
        ${this.#families(matching)}
        <span role="status">${counted(shown.length, exhibits.length)}</span>
      </search>
      <ul class="cards" @keydown=${moveFocus}>
        ${repeat(
          shown,
          ({ meta }) => meta.id,
          (entry) => this.#card(entry),
        )}
      </ul>
    </div>`;
  }

  /** A button a family, with how many of the cards found belong to it. */
  #families(matching: Entry[]): TemplateResult {
    const families = Map.groupBy(this.catalog.exhibits, ({ meta }) => meta.family);
    const chip = (family: string | null, name: string, count: number) =>
      html`<button
        class="small"
        aria-pressed=${this.family === family}
        @click=${() => (this.family = family)}
      >
        ${name} <span class="count">${count}</span>
      </button>`;
    const count = (family: string) => matching.filter(({ meta }) => meta.family === family).length;
    return html`<div class="chips" role="group" aria-label="Families">
      ${chip(null, "All", matching.length)}
      ${[...families.keys()].map((family) => chip(family, family, count(family)))}
    </div>`;
  }

  #card({ meta, claims }: Entry): TemplateResult {
    const cover = this.covers[meta.id];
    return html`<li
      class="card"
      @pointerenter=${() => this.#rested()}
      @pointerleave=${() => clearTimeout(this.#rest)}
      @pointerdown=${prepare}
      @focusin=${prepare}
    >
      <div class="cover" role=${cover ? "img" : nothing} aria-label=${cover?.alt ?? nothing}>
        ${cover ? unsafeHTML(cover.svg) : nothing}
      </div>
      <p class="kicker">${meta.family}</p>
      <h2><a href=${formatAddress(meta.id, plainStart())}>${meta.title}</a></h2>
      <p>${meta.claim}</p>
      <p class="source">
        ${meta.paper.authors}, ${meta.paper.year}
        <br />${claimed(claims.length, cover?.hold ?? null)}
      </p>
    </li>`;
  }

  /** Loads what every exhibit needs, if the pointer is still there in a moment. */
  #rested(): void {
    clearTimeout(this.#rest);
    this.#rest = window.setTimeout(prepare, REST_MS);
  }

  #search(event: InputEvent): void {
    if (event.target instanceof HTMLInputElement) this.words = event.target.value;
  }
}
customElements.define("orrery-gallery", Gallery);

/** Begins to load what an exhibit needs, before it is opened. */
function prepare(): void {
  warmUp();
  // If it cannot be loaded, the exhibit says so.
  loadPlot().catch(() => {});
}

/** How many claims there are to check, and what came of them. */
function claimed(all: number, hold: Cover["hold"]): TemplateResult | string {
  if (all === 0) return "";
  const claims = all === 1 ? "claim" : "claims";
  if (hold === null) return `${all} ${claims} to check`;
  if (hold < all) return `${hold} of ${all} ${claims} hold here`;
  return html`<span class="holds">✓ all ${all} ${claims} hold here</span>`;
}

function counted(found: number, all: number): string {
  const exhibits = all === 1 ? "exhibit" : "exhibits";
  return found === all ? `${all} ${exhibits}` : `${found} of ${all} ${exhibits}`;
}

function matches({ meta }: Entry, words: string): boolean {
  const { id, title, family, claim, hook, paper } = meta;
  const text = [id, title, family, claim, hook, paper.title, paper.authors, paper.year].join(" ");
  const wanted = words.toLowerCase().split(/\s+/);
  return wanted.every((word) => text.toLowerCase().includes(word));
}

/** Arrow keys go from card to card. */
function moveFocus(event: KeyboardEvent): void {
  const by = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
  if (by === undefined || !(event.target instanceof Element)) return;
  const links = [...document.querySelectorAll<HTMLAnchorElement>(".card a")];
  const at = links.findIndex((link) => link === event.target);
  links[at + by]?.focus();
  event.preventDefault();
}
