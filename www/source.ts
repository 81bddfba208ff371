// The annotated source of an exhibit: the code that is running, its comments set beside it.
import { html, LitElement, nothing, type PropertyValues, type TemplateResult } from "lit";
import { unsafeHTML } from "lit/directives/unsafe-html.js";
import { fetchPart } from "./catalog";
import { scrollable } from "./paper";

/** A place in the source of an exhibit. */
export interface Place {
  file: string;
  /** From 1; 0: the whole file. */
  line: number;
}

/** What there is, from `xtask/src/source.rs`. */
interface Index {
  repository: string;
  files: Listed[];
}

/** A file of an exhibit. */
interface Listed {
  file: string;
  /** Its path in the repository. */
  path: string;
  /** Where it lies as HTML. */
  at: string;
  lines: number;
  tests: boolean;
  about: string;
}

/** Takes the place in the source out of an address: `#/<id>/source/<file>:<line>?...`. */
export function splitPlace(hash: string): { address: string; place: Place | null } {
  const [, id, file, line, query] =
    /^(#\/[^/?]+)\/source\/([^/?:]+)(?::(\d+))?(\?.*)?$/.exec(hash) ?? [];
  if (id === undefined || file === undefined) return { address: hash, place: null };
  return { address: `${id}${query ?? ""}`, place: { file, line: Number(line ?? 0) } };
}

/** `address` with a place in the source, as [`splitPlace`] takes it apart. */
export function withPlace(address: string, place: Place | null): string {
  if (place === null) return address;
  const line = place.line > 0 ? `:${place.line}` : "";
  return address.replace(/(?=\?|$)/, `/source/${place.file}${line}`);
}

/** `<orrery-source>`: the source of an `exhibit`, loaded once it is near, or once a `place` in it is asked for. */
export class Source extends LitElement {
  static override properties = {
    exhibit: { attribute: false },
    place: { attribute: false },
    index: { state: true },
    shown: { state: true },
    failed: { state: true },
  };
  declare exhibit: string;
  declare place: Place | null;
  declare index: Index | null;
  /** The file that is shown, as HTML. */
  declare shown: { file: string; html: string } | null;
  declare failed: string | null;

  #wanted: Place | null = null;
  /** Whether the reader asked for the place, so that the page goes there. */
  #going = false;
  #sight = new IntersectionObserver(
    (entries) => {
      if (!entries.some((entry) => entry.isIntersecting)) return;
      this.#sight.disconnect();
      if (this.#wanted === null) void this.#show(null);
    },
    { rootMargin: "400px" },
  );

  constructor() {
    super();
    this.#forget();
  }

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.#sight.observe(this);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#sight.disconnect();
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has("exhibit") && changed.get("exhibit") !== undefined) {
      this.#forget();
      this.#sight.observe(this);
    }
    if (changed.has("place") && this.place !== null) {
      this.#going = true;
      void this.#show(this.place);
    }
  }

  protected override updated(): void {
    for (const line of this.querySelectorAll(".line.at")) line.classList.remove("at");
    if (this.failed !== null && this.#going) this.scrollIntoView({ block: "center" });
    if (this.shown === null || this.#wanted === null) return;
    const line = this.querySelector(`#line-${this.#wanted.line}`);
    line?.classList.add("at");
    if (!this.#going) return;
    this.#going = false;
    line?.closest("details")?.setAttribute("open", "");
    const goal = line ?? this.querySelector(".path");
    goal?.scrollIntoView({ block: line === null ? "start" : "center", behavior: "instant" });
    goal?.closest<HTMLElement>("pre")?.focus({ preventScroll: true });
  }

  protected override render(): TemplateResult {
    const { index, shown } = this;
    if (this.failed !== null) return html`<p class="notice bad" role="alert">${this.failed}</p>`;
    if (index === null) return html`<p class="waiting">Loading…</p>`;
    const open = index.files.find(({ file }) => file === this.#wanted?.file);
    const main = index.files.filter(({ tests }) => !tests);
    const lines = main.reduce((sum, { lines }) => sum + lines, 0);
    return html`<p>
        This is the code that is running above, whole: ${main.length}
        ${main.length === 1 ? "file" : "files"}, ${lines.toLocaleString("en")} lines.
      </p>
      <nav class="files" aria-label="Files of the source">
        <ul>
          ${index.files.map((listed) => this.#listed(listed))}
        </ul>
      </nav>
      ${
        open === undefined
          ? nothing
          : html`<h3 class="path">
              ${
                index.repository === ""
                  ? html`<code>${open.path}</code>`
                  : html`<a href=${`${index.repository}/blob/HEAD/${open.path}`}
                      ><code>${open.path}</code></a
                    >`
              }
            </h3>`
      }
      ${
        open !== undefined && (this.#wanted?.line ?? 0) > open.lines
          ? html`<p class="notice bad" role="alert">
              ${open.file} has no line ${this.#wanted?.line}; its last is ${open.lines}.
            </p>`
          : nothing
      }
      ${shown === null ? html`<p class="waiting">Loading…</p>` : html`<div class="listing">${unsafeHTML(shown.html)}</div>`}`;
  }

  #listed({ file, about }: Listed): TemplateResult {
    return html`<li>
      <a
        href=${`#/${this.exhibit}/source/${file}`}
        aria-current=${file === this.#wanted?.file ? "true" : nothing}
        title=${about.replaceAll(/[`$[\]]/g, "")}
        >${file}</a
      >
    </li>`;
  }

  #forget(): void {
    this.index = null;
    this.shown = null;
    this.failed = null;
    this.#wanted = null;
  }

  /** Shows a place, or the first file. */
  async #show(place: Place | null): Promise<void> {
    const { exhibit } = this;
    this.#wanted = place;
    try {
      this.index ??= (await (await fetchPart(`source/${exhibit}/index.json`)).json()) as Index;
      if (this.exhibit !== exhibit || this.#wanted !== place) return;
      const file = place?.file ?? this.index.files[0]?.file ?? "";
      const listed = this.index.files.find((listed) => listed.file === file);
      if (listed === undefined) {
        this.failed = `The source of this exhibit has no file "${file.slice(0, 60)}".`;
        return;
      }
      this.#wanted ??= { file, line: 0 };
      const wanted = this.#wanted;
      if (this.shown?.file !== file) {
        this.shown = null;
        const text = await (await fetchPart(listed.at)).text();
        if (this.exhibit !== exhibit || this.#wanted !== wanted) return;
        this.shown = { file, html: scrollable(text) };
      }
      this.requestUpdate();
    } catch {
      if (this.exhibit === exhibit) this.failed = "The source did not load; reload to try again.";
    }
  }
}
customElements.define("orrery-source", Source);
