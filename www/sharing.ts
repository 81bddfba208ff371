// Passing an exhibit on: its state as an address, as a file and as a piece of a page; the citation.
import { html, LitElement, type TemplateResult } from "lit";
import { DEFAULT_SEED, formatAddress, formatPoke, type Start, valueText } from "./address";
import { copyText } from "./copy";
import type { Entry } from "./protocol";

/** How long a button says that its text was copied. */
const SAID_MS = 2500;
const FRAME_HEIGHT = 640;

/** What the reader can do with the state besides copying it. */
export interface SharingActions {
  /** Saves the state as a file. */
  save(): void;
  /** Opens a state that was saved. */
  open(file: File): void;
}

/** How to cite the paper, and how to pass this state of the exhibit on. */
export function sharing(entry: Entry, start: Start, actions: SharingActions): TemplateResult {
  const { id, title } = entry.meta;
  const address = new URL(formatAddress(id, start), location.href).href;
  return html`<section class="sharing" aria-labelledby="sharing">
    <h2 id="sharing">Cite and share</h2>
    ${copied("This state, as an address", "address", address)}
    <h3>This state, as a file</h3>
    <p class="files">
      <button @click=${() => actions.save()}>Save as JSON</button>
      <label class="file"
        >Open a saved state
        <input
          type="file"
          accept=".json,application/json"
          @change=${(event: Event) => chosen(event, actions)}
      /></label>
      <span class="soft">or drop one anywhere on this page</span>
    </p>
    ${copied("In a page of yours, as a frame", "frame", frameCode(id, title, start))}
    ${copied("In a page of yours, as an element", "element", elementCode(id, start))}
    ${copied("The paper, as BibTeX", "BibTeX", entry.meta.paper.bibtex)}
  </section>`;
}

/** The line that shows this state in an iframe, wherever this page is served from. */
export function frameCode(id: string, title: string, start: Start): string {
  const src = new URL(`./embed.html${formatAddress(id, start)}`, import.meta.url).href;
  const attributes = { src, title, width: "100%", height: FRAME_HEIGHT, loading: "lazy" };
  return `<iframe${written(attributes)} style="border: 0"></iframe>`;
}

/** The lines that show this state by the custom element. */
export function elementCode(id: string, start: Start): string {
  const script = new URL("./orrery-exhibit.js", import.meta.url).href;
  const attributes: Record<string, string | number> = { exhibit: id };
  if (start.seed !== DEFAULT_SEED) attributes["seed"] = start.seed;
  if (start.device !== "auto") attributes["device"] = start.device;
  for (const [name, value] of Object.entries(start.params)) {
    attributes[`param-${name}`] = valueText(value);
  }
  if (start.pokes.length > 0) attributes["pokes"] = start.pokes.map(formatPoke).join(" ");
  return `<script type="module"${written({ src: script })}></script>
<orrery-exhibit${written(attributes)}></orrery-exhibit>`;
}

function written(attributes: Record<string, string | number>): string {
  const escaped = (text: string) =>
    text.replaceAll("&", "&amp;").replaceAll('"', "&quot;").replaceAll("<", "&lt;");
  return Object.entries(attributes)
    .map(([name, value]) => ` ${name}="${escaped(String(value))}"`)
    .join("");
}

function chosen(event: Event, actions: SharingActions): void {
  const { target } = event;
  if (!(target instanceof HTMLInputElement)) return;
  const file = target.files?.[0];
  // The same file may be chosen again, mended.
  target.value = "";
  if (file !== undefined) actions.open(file);
}

function copied(title: string, what: string, text: string): TemplateResult {
  return html`<h3>${title}</h3>
    <orrery-copied .heading=${title} .what=${what} .text=${text}></orrery-copied>`;
}

/** `<orrery-copied>`: a text with a button that copies it and says whether it did. */
export class Copied extends LitElement {
  static override properties = {
    heading: { attribute: false },
    what: { attribute: false },
    text: { attribute: false },
    said: { state: true },
  };
  declare heading: string;
  declare what: string;
  declare text: string;
  declare said: string;
  #timer = 0;

  constructor() {
    super();
    this.said = "";
  }

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  protected override render(): TemplateResult {
    return html`<div class="copyable">
      <pre tabindex="0" role="region" aria-label=${this.heading}>${this.text}</pre>
      <button class="small" @click=${this.#copy}>${this.said || `Copy ${this.what}`}</button>
      <span class="unseen" role="status">${this.said}</span>
    </div>`;
  }

  readonly #copy = async (): Promise<void> => {
    this.said = (await copyText(this.text)) ? "Copied" : this.#select();
    clearTimeout(this.#timer);
    this.#timer = window.setTimeout(() => (this.said = ""), SAID_MS);
  };

  /** Leaves the text selected, for the reader to copy. */
  #select(): string {
    const text = this.querySelector("pre");
    if (text !== null) window.getSelection()?.selectAllChildren(text);
    return "Selected: copy it by hand";
  }
}
customElements.define("orrery-copied", Copied);
