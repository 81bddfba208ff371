// One figure on the page: heading, legend, drawing or table, caption.
import { html, LitElement, nothing, type PropertyValues, type TemplateResult } from "lit";
import {
  drawPlot,
  loadPlot,
  type Look,
  type PlotBody,
  plotHeight,
  type PlotLibrary,
} from "./figure";
import { cancelFrame, nextFrame } from "./frames";
import { readable } from "./numbers";
import { type Palette, ramp, seriesOf } from "./palette";
import { Poking } from "./poking";
import type { Body, Color, Column, Figure, Mark, Poke } from "./protocol";
import { type Format, save } from "./save";
import { sameFigure } from "./same";

/** A figure in view is drawn at most an eleventh of the time, one out of view far less. */
const SEEN_REST = 10;
const UNSEEN_REST = 150;

/** `<orrery-figure>`: draws its `figure` again whenever the content has changed. */
export class FigureView extends LitElement {
  static override properties = {
    figure: { attribute: false, hasChanged: (a: Figure, b: Figure) => !sameFigure(a, b) },
    palette: { attribute: false },
    dark: { type: Boolean },
  };
  declare figure: Figure;
  declare palette: Palette;
  declare dark: boolean;

  #plot: PlotLibrary | null = null;
  #width = 0;
  #poking: Poking | null = null;
  #seen = false;
  #sight = new IntersectionObserver((entries) => {
    this.#seen = entries.at(-1)?.isIntersecting ?? false;
    if (this.#seen) this.#draw();
  });
  #sizes = new ResizeObserver((entries) => {
    const width = Math.floor(entries.at(-1)?.contentRect.width ?? 0);
    if (width === this.#width || width === 0) return;
    this.#width = width;
    this.#reserve();
    this.#draw();
  });

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#sizes.disconnect();
    this.#sight.disconnect();
    cancelFrame(this);
  }

  protected override firstUpdated(): void {
    const host = this.querySelector<HTMLElement>(".plot");
    if (host === null) return;
    this.#poking = new Poking(host, (poke) => this.#tell(poke));
    this.#sizes.observe(host);
    this.#sight.observe(host);
    loadPlot().then(
      (plot) => {
        this.#plot = plot;
        this.#draw();
      },
      () => host.replaceChildren("The chart library could not be loaded; reload to try again."),
    );
  }

  protected override updated(_changed: PropertyValues<this>): void {
    this.#draw();
  }

  protected override render(): TemplateResult {
    const { figure } = this;
    const { body } = figure;
    return html`<figure class="figure ${figure.width}" part="figure">
      ${this.#head(figure)}
      ${body.type === "plot" ? legend(figure, body, this.palette, this.dark) : nothing}
      ${body.type === "plot" ? this.#frame(body) : table(figure, body)}
      ${figure.caption === "" ? nothing : html`<figcaption part="caption">${figure.caption}</figcaption>`}
      ${body.type === "plot" ? this.#hints(body) : nothing}
    </figure>`;
  }

  #head(figure: Figure): TemplateResult {
    const formats: readonly Format[] =
      figure.body.type === "plot" ? ["svg", "png", "csv"] : ["csv"];
    return html`<div class="head">
      <h2 part="title">${figure.title}</h2>
      <span class="save">
        ${formats.map(
          (format) =>
            html`<button
              aria-label="Save ${figure.title} as ${format.toUpperCase()}"
              data-tip="Save as ${format.toUpperCase()}"
              @click=${() => this.#save(format)}
            >
              ${format}
            </button>`,
        )}
      </span>
    </div>`;
  }

  /** Saves the figure as it stands now: a drawing that waits for its turn does not wait here. */
  async #save(format: Format): Promise<void> {
    const host = this.querySelector<HTMLElement>(".plot");
    if (host !== null && format !== "csv") {
      this.#plot = await loadPlot();
      this.#width ||= Math.floor(host.clientWidth);
      if (this.figure.body.type === "plot") this.#drawNow(this.#plot, this.figure.body);
    }
    await save(this.figure, host?.querySelector("svg") ?? null, format);
  }

  #frame(body: PlotBody): TemplateResult {
    const role = body.marks.some((mark) => mark.pokes.length > 0) ? "group" : "img";
    return html`<div class="plot" role=${role} aria-label=${this.figure.alt}></div>`;
  }

  #hints(body: PlotBody): TemplateResult | typeof nothing {
    const can = (kind: Mark["pokes"][number]) => body.marks.find((m) => m.pokes.includes(kind));
    const takes = can("add");
    // What the caption says already is not said again.
    const told = this.figure.caption.toLowerCase();
    const hints = [];
    const hint = (kind: Mark["pokes"][number], verb: string, sentence: string) => {
      if (can(kind) && !told.includes(verb)) hints.push(sentence);
    };
    hint("drag", "drag", can("drag")?.mark.startsWith("rule") ? "drag the rule" : "drag a point");
    if (takes) hints.push("click an empty place to add one, or draw several");
    hint("remove", "double-click", "double-click one to remove it");
    hint("click", "click", "click a mark to pick it");
    if (hints.length === 0) return nothing;
    const sentence = hints.join(", ");
    const add = () => takes && this.#poking?.addInMiddle(takes);
    return html`<p class="hint">
      ${sentence.charAt(0).toUpperCase()}${sentence.slice(1)}.
      ${takes ? html`<button class="small" @click=${add}>Add a point</button>` : nothing}
    </p>`;
  }

  #tell(poke: Poke): void {
    this.dispatchEvent(new CustomEvent("poke", { detail: poke, bubbles: true, composed: true }));
  }

  #draw(): void {
    const { figure } = this;
    if (this.#plot === null || this.#width === 0 || figure.body.type !== "plot") return;
    const draw = () => {
      if (this.#plot === null || this.figure.body.type !== "plot") return;
      try {
        this.#drawNow(this.#plot, this.figure.body);
      } catch (reason) {
        this.querySelector(".plot")?.replaceChildren(`This figure cannot be drawn: ${reason}`);
      }
    };
    const rest = this.#seen ? SEEN_REST : UNSEEN_REST;
    nextFrame(this, draw, this.#poking?.holding ? 0 : rest);
  }

  #look(): Look {
    return {
      width: this.#width,
      dark: this.dark,
      full: this.figure.width === "full",
      plain: false,
      palette: this.palette,
    };
  }

  /** Room for a drawing that is still to come, so that nothing moves when it does. */
  #reserve(): void {
    const host = this.querySelector<HTMLElement>(".plot");
    const { body } = this.figure;
    if (body.type !== "plot" || host === null || host.firstElementChild !== null) return;
    host.style.minHeight = `${plotHeight(body, this.#look())}px`;
  }

  #drawNow(plot: PlotLibrary, body: PlotBody): void {
    const drawing = drawPlot(plot, body, this.#look());
    this.#poking?.attach(this.figure.id, body.marks, drawing);
    for (const part of drawing.svg.children) {
      if (part.querySelector(".handle") === null) part.setAttribute("aria-hidden", "true");
    }
    this.#poking?.show(drawing);
    const host = this.querySelector<HTMLElement>(".plot");
    if (host !== null) host.style.minHeight = "";
    this.dispatchEvent(new Event("drawn", { bubbles: true }));
  }
}
customElements.define("orrery-figure", FigureView);

function legend(
  figure: Figure,
  body: PlotBody,
  palette: Palette,
  dark: boolean,
): TemplateResult | typeof nothing {
  const { color } = body;
  if (color === null || !color.legend) return nothing;
  const names = seriesOf(figure);
  const series = html`<ul class="legend" part="legend" aria-label="Legend">
    ${names.map((name) => {
      // As a property: a policy may forbid attributes of style.
      const style = `--swatch: ${palette.color(name, dark)}`;
      return html`<li .style=${style}>${name}</li>`;
    })}
  </ul>`;
  return html`${names.length === 0 ? nothing : series}
  ${color.kind === "series" ? nothing : rampLegend({ ...color, kind: color.kind }, dark)}`;
}

function rampLegend(
  color: Color & { kind: "sequential" | "diverging" },
  dark: boolean,
): TemplateResult {
  const [low, high] = color.domain ?? [null, null];
  return html`<p class="legend ramp">
    ${color.label}
    <span>
      ${low === null ? "low" : readable(low)}
      <i .style=${`background: ${ramp(color.kind, dark).css}`}></i>
      ${high === null ? "high" : readable(high)}
    </span>
  </p>`;
}

function table(figure: Figure, body: Extract<Body, { type: "table" }>): TemplateResult {
  const rows = Math.max(0, ...body.columns.map(({ values }) => values.length));
  const kind = (values: Column) => (Array.isArray(values) ? "words" : "number");
  const cell = (values: Column, row: number) => {
    const value = values[row];
    return typeof value === "number" ? readable(value) : (value ?? "–");
  };
  return html`<div class="scroll" tabindex="0" role="region" aria-label=${figure.title}>
    <table>
      <caption class="unseen">
        ${figure.alt}
      </caption>
      <thead>
        <tr>
          ${body.columns.map((c) => html`<th scope="col" class=${kind(c.values)}>${c.name}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${Array.from(
          { length: rows },
          (_, row) =>
            html`<tr class=${row === body.highlight ? "highlight" : ""}>
              ${body.columns.map(
                ({ values }) => html`<td class=${kind(values)}>${cell(values, row)}</td>`,
              )}
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}
