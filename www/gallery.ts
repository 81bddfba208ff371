// The gallery: every exhibit a card, by family, with search.
import { html, LitElement, nothing, type TemplateResult } from "lit";
import { formatAddress, plainStart } from "./address";
import type { Catalog, Entry } from "./protocol";
import "./thumbnail";

/** `<orrery-gallery>`: the cards of a `catalog`. */
export class Gallery extends LitElement {
  static override properties = {
    catalog: { attribute: false },
    dark: { type: Boolean },
    words: { state: true },
  };
  declare catalog: Catalog;
  declare dark: boolean;
  declare words: string;

  constructor() {
    super();
    this.words = "";
  }

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  protected override render(): TemplateResult {
    const found = this.catalog.exhibits.filter((entry) => matches(entry, this.words));
    const families = Map.groupBy(found, (entry) => entry.meta.family);
    const { length } = this.catalog.exhibits;
    return html`<div class="gallery">
      <h1 tabindex="-1">Working models of machine-learning papers</h1>
      <p class="lead">
        Each paper here is its own algorithm, running live in your tab. Move something and see what
        the paper says.
      </p>
      <p class="search">
        <label for="search">Search</label>
        <input
          id="search"
          type="search"
          autocomplete="off"
          placeholder="title, author, claim"
          .value=${this.words}
          @input=${(event: InputEvent) => this.#search(event)}
        />
        <span role="status">${counted(found.length, length)}</span>
      </p>
      ${[...families].map(([family, entries]) => this.#family(family, entries))}
    </div>`;
  }

  #family(family: string, entries: Entry[]): TemplateResult {
    return html`<section class="family">
      <h2>${family}</h2>
      <ul class="cards" @keydown=${moveFocus}>
        ${entries.map(({ meta, claims }) => this.#card(meta, claims.length))}
      </ul>
    </section>`;
  }

  #card(meta: Entry["meta"], claims: number): TemplateResult {
    return html`<li class="card">
      <orrery-thumbnail .exhibit=${meta.id} .dark=${this.dark}></orrery-thumbnail>
      <h3><a href=${formatAddress(meta.id, plainStart())}>${meta.title}</a></h3>
      <p>${meta.claim}</p>
      <p class="source">
        ${meta.paper.authors},
        ${meta.paper.year}${
          claims === 0 ? nothing : html` · ${claims} ${claims === 1 ? "claim" : "claims"} to check`
        }
      </p>
    </li>`;
  }

  #search(event: InputEvent): void {
    if (event.target instanceof HTMLInputElement) this.words = event.target.value;
  }
}
customElements.define("orrery-gallery", Gallery);

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
