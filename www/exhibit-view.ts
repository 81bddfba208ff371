// One open exhibit: transport, figures, metrics, controls, notices.
import { html, LitElement, nothing, type TemplateResult } from "lit";
import { live } from "lit/directives/live.js";
import { brief, DEFAULT_SEED, isDevice, parseSeed, SEEDS } from "./address";
import { control } from "./controls";
import { copyText } from "./copy";
import { fieldText, finished, typing } from "./field";
import { loadPlot } from "./figure";
import { set as typeset } from "./label";
import "./figure-view";
import { Linking } from "./linking";
import { measured, readable } from "./numbers";
import { Palette } from "./palette";
import type { DeviceInfo, Experiment, Param, Poke } from "./protocol";
import { COUNTS } from "./replicates";
import { PACES, type Run } from "./run";
import { Tips } from "./tip";

/** How much surrounds the figures. */
export type Surroundings = "full" | "compact" | "none";

const STATUS_MS = 2000;
let views = 0;

/** `<orrery-view>`: shows its `run`, and does to it what the reader asks. */
export class ExhibitView extends LitElement {
  static override properties = {
    run: { attribute: false },
    surroundings: { attribute: false },
    dark: { type: Boolean },
  };
  declare run: Run;
  declare surroundings: Surroundings;
  declare dark: boolean;

  #palette = new Palette();
  #shown = "";
  #unfolded = new Set<string>();
  #scope = `view${++views}`;
  /** What became of copying the report of a panic. */
  #copied = "";
  #status = "";
  #statusAt = 0;
  #statusTimer = 0;
  #heard: Run | null = null;
  readonly #hear = () => this.requestUpdate();
  readonly #linking = new Linking(this);
  readonly #drawn = () => this.#linking.refresh();

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.addEventListener("poke", this.#poke);
    this.addEventListener("drawn", this.#drawn);
    // A figure will come: the chart library may load beside the model. If it cannot, they say so.
    loadPlot().catch(() => {});
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.removeEventListener("poke", this.#poke);
    this.removeEventListener("drawn", this.#drawn);
    this.#heard?.removeEventListener("change", this.#hear);
    this.#heard = null;
    clearTimeout(this.#statusTimer);
  }

  protected override firstUpdated(): void {
    new Tips(this);
  }

  protected override willUpdate(): void {
    if (this.#heard !== this.run) {
      this.#heard?.removeEventListener("change", this.#hear);
      this.run.addEventListener("change", this.#hear);
      this.#heard = this.run;
      this.#palette = new Palette();
    }
    const shown = this.#tab()?.open ?? "";
    // The series of another tab would use up the colours of this one.
    if (shown !== this.#shown) this.#palette = new Palette();
    this.#shown = shown;
    this.#palette.learn(this.run.figures);
    this.#tellStatus();
  }

  protected override render(): TemplateResult {
    const { run } = this;
    const bare = this.surroundings === "none";
    const full = this.surroundings === "full";
    return html`<div class="view ${this.surroundings}">
      <div class="stage">
        ${bare ? nothing : [this.#tabs(), this.#transport()]} ${full ? this.#settings() : nothing}
        ${this.#notices()} ${bare || run.frame === null ? nothing : this.#metrics()}
        <div class="figures" part="figures" aria-busy=${run.frame === null}>${this.#figures()}</div>
        <p class="unseen" role="status" aria-live="polite">${this.#status}</p>
      </div>
      ${full ? html`<div class="aside">${this.#experiments()} ${this.#controls()}</div>` : nothing}
    </div>`;
  }

  /** The parameter whose options are the tabs of the exhibit, with the one that is open. */
  #tab(): { param: Param; options: string[]; open: string } | null {
    const param = this.run.entry.params.find(({ tabs }) => tabs);
    if (param?.kind.type !== "choice") return null;
    return { param, options: param.kind.options, open: String(this.run.value(param.name)) };
  }

  #tabs(): TemplateResult | typeof nothing {
    const tab = this.#tab();
    if (tab === null) return nothing;
    const { param, options, open } = tab;
    const moved = (event: KeyboardEvent) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (step === undefined) return;
      event.preventDefault();
      const buttons = [...(event.currentTarget as HTMLElement).querySelectorAll("button")];
      const at = options.indexOf(open) + step + options.length;
      buttons[at % options.length]?.focus();
      buttons[at % options.length]?.click();
    };
    return html`<div
      class="tabs"
      part="tabs"
      role="tablist"
      aria-label=${param.label}
      @keydown=${moved}
    >
      ${options.map(
        (option) =>
          html`<button
            role="tab"
            part=${option === open ? "tab tab-open" : "tab"}
            aria-selected=${option === open}
            tabindex=${option === open ? 0 : -1}
            @click=${() => option === open || this.run.set(param.name, option)}
          >
            ${option}
          </button>`,
      )}
    </div>`;
  }

  #transport(): TemplateResult {
    const { run } = this;
    const { playing, frame } = run;
    const stopped = run.panic !== null || frame === null;
    const finished = stopped || frame.done;
    const again = frame?.done ? "Begin again and play" : "";
    return html`<div class="transport" part="transport" role="toolbar" aria-label="Run">
      <button
        class="play"
        part="button play"
        data-tip=${again || nothing}
        ?disabled=${stopped}
        @click=${() => run.toggle()}
      >
        <span aria-hidden="true">${playing ? "❙❙" : "▶"}</span> ${playing ? "Pause" : "Play"}
      </button>
      <button part="button" ?disabled=${finished} @click=${() => run.step()}>Step</button>
      <button part="button" ?disabled=${stopped} @click=${() => run.reset()}>Reset</button>
      <output class="step" part="step" aria-label="Steps taken">
        step <b>${readable(frame?.step ?? 0)}</b>${frame?.done ? ", done" : ""}
      </output>
    </div>`;
  }

  #settings(): TemplateResult {
    const { run } = this;
    return html`<div class="settings" part="settings">
      <label
        >speed
        <select .value=${live(String(PACES.indexOf(run.pace)))} @change=${this.#paced}>
          ${PACES.map(
            (pace, index) =>
              html`<option value=${index} ?selected=${pace === run.pace}>${pace.label}</option>`,
          )}
        </select></label
      >
      <span class="together">
        <label
          >seed
          <input
            class="seed"
            type="text"
            inputmode="numeric"
            autocomplete="off"
            aria-invalid=${run.refusals.has("seed")}
            .value=${fieldText(String(run.start.seed), run.refusals.has("seed"))}
            @input=${typing}
            @keydown=${this.#unseeded}
            @change=${this.#seeded}
        /></label>
        <button class="small" data-tip="Begin again with the next seed" @click=${this.#nextSeed}>
          another
        </button>
      </span>
      <label data-tip="The lines of the figures as mean and spread over so many seeds"
        >runs
        <select aria-label="Runs side by side" @change=${this.#replicated}>
          ${COUNTS.map(
            (count) =>
              html`<option value=${count} ?selected=${count === run.seeds}>${count}</option>`,
          )}
        </select></label
      >
      ${run.spread === "" ? nothing : html`<span>${run.spread}</span>`}
      ${run.entry.meta.devices ? this.#devices() : nothing}
      <button class="small jump" @click=${this.#jump}>Parameters ↓</button>
    </div>`;
  }

  #devices(): TemplateResult {
    const { run } = this;
    const device = run.frame?.device;
    return html`<label
        >device
        <select .value=${live(run.start.device)} @change=${this.#chosen}>
          ${["auto", "cpu", "gpu"].map(
            (name) =>
              html`<option value=${name} ?selected=${name === run.start.device}>
                ${name === "auto" ? "the faster" : name.toUpperCase()}
              </option>`,
          )}
        </select></label
      >
      ${device === undefined ? nothing : html`<span class="device">${deviceLine(device)}</span>`}`;
  }

  #notices(): TemplateResult {
    const { run } = this;
    const misplaced = [...run.refusals].filter(([field]) => !this.#hasControl(field));
    return html`<div class="notices" part="notices">
      ${run.panic === null ? nothing : this.#panic(run.panic)}
      ${misplaced.map(
        ([field, message]) =>
          html`<p class="notice bad" role="alert">
            ${message} ${closer(() => run.refuse(field, ""))}
          </p>`,
      )}
      ${run.notices.map(
        (notice) =>
          html`<p class="notice" role="status">${notice} ${closer(() => run.dismiss(notice))}</p>`,
      )}
    </div>`;
  }

  /** Whether a parameter is shown, and says by itself what was refused. */
  #hasControl(field: string): boolean {
    const named = this.#shownParams().some((param) => param.name === field);
    return this.surroundings === "full" && named;
  }

  /** The parameters that have a control beside the open tab. */
  #shownParams(): Param[] {
    const open = this.#tab()?.open;
    return this.run.entry.params.filter(
      ({ tabs, on }) => !tabs && (on.length === 0 || on.some((tab) => tab === open)),
    );
  }

  #panic(report: string): TemplateResult {
    const { run } = this;
    const text = `${location.href}\n${navigator.userAgent}\n${report}`;
    const copy = async () => {
      const copied = await copyText(text);
      this.#copied = copied ? "Copied" : "Unfold what happened, and copy it by hand";
      this.requestUpdate();
    };
    return html`<div class="notice bad" role="alert">
      <p>The computation stopped on a fault of ours. The page is fine; the run can begin again.</p>
      <p>
        <button
          @click=${() => {
            this.#copied = "";
            run.revive();
          }}
        >
          Restart
        </button>
        <button @click=${copy}>Copy report</button>
        <span role="status">${this.#copied}</span>
      </p>
      <details>
        <summary>What happened</summary>
        <pre tabindex="0">${report}</pre>
      </details>
    </div>`;
  }

  #metrics(): TemplateResult | typeof nothing {
    const metrics = this.run.frame?.metrics ?? [];
    if (metrics.length === 0) return nothing;
    return html`<dl class="metrics" part="metrics">
      ${metrics.map(
        ({ label, value, unit }) =>
          html`<div>
            <dt>${typeset(label)}</dt>
            <dd>${measured(value, unit)}</dd>
          </div>`,
      )}
    </dl>`;
  }

  #figures(): TemplateResult | TemplateResult[] {
    const { frame, panic, refusals } = this.run;
    if (frame === null) {
      const waiting = panic === null && refusals.size === 0;
      return html`<p class="waiting">${waiting ? "Loading the model…" : "Nothing to show."}</p>`;
    }
    return this.run.figures.map(
      (figure) =>
        html`<orrery-figure
          class=${figure.width}
          .figure=${figure}
          .palette=${this.#palette}
          .dark=${this.dark}
        ></orrery-figure>`,
    );
  }

  #experiments(): TemplateResult | typeof nothing {
    const { run } = this;
    const { experiments } = run.entry;
    if (experiments.length === 0) return nothing;
    const chip = (experiment: Experiment) =>
      html`<button
        class="small"
        data-tip=${experiment.text}
        aria-pressed=${experiment === run.tried}
        @click=${() => run.attempt(experiment)}
      >
        ${experiment.title}
      </button>`;
    return html`<section
      class="experiments"
      part="experiments"
      aria-labelledby="${this.#scope}-experiments"
    >
      <h2 id="${this.#scope}-experiments" tabindex="-1">Things to try</h2>
      <div class="chips">${experiments.map(chip)}</div>
      <p role="status">${run.tried?.text ?? ""}</p>
    </section>`;
  }

  #controls(): TemplateResult | typeof nothing {
    const { run } = this;
    if (run.entry.params.length === 0) return nothing;
    const groups = Map.groupBy(this.#shownParams(), (param) => param.group);
    const changed = run.entry.params.some(({ name }) => run.differs(name));
    const poked = (run.frame?.pokes.length ?? 0) > 0;
    return html`<section class="controls" part="controls" aria-labelledby="${this.#scope}-controls">
      <header>
        <h2 id="${this.#scope}-controls" tabindex="-1">Parameters</h2>
        <button
          class="small"
          ?disabled=${!changed && !poked}
          data-tip="All parameters at their defaults, the figures as they were"
          @click=${() => run.restore()}
        >
          Reset all
        </button>
      </header>
      ${[...groups].map(([group, params]) => this.#group(group, params))}
    </section>`;
  }

  #group(group: string, params: Param[]): TemplateResult {
    const actions = {
      set: (name: string, value: Param["kind"]["default"]) => this.run.set(name, value),
      unfold: (name: string) => this.#unfold(name),
      forget: (name: string) => this.run.refuse(name, ""),
    };
    const controls = params.map((param) => {
      const state = {
        value: this.run.value(param.name) ?? param.kind.default,
        changed: this.run.differs(param.name),
        refused: this.run.refusals.get(param.name) ?? null,
        open: this.#unfolded.has(param.name),
      };
      return control(param, state, actions, this.#scope);
    });
    if (group === "") return html`<div class="group">${controls}</div>`;
    return html`<fieldset class="group">
      <legend>${group}</legend>
      ${controls}
    </fieldset>`;
  }

  #unfold(name: string): void {
    if (!this.#unfolded.delete(name)) this.#unfolded.add(name);
    this.requestUpdate();
  }

  /** On a narrow page the parameters stand below the figures. */
  readonly #jump = (): void => {
    const heading = this.querySelector<HTMLElement>(".aside h2");
    heading?.scrollIntoView();
    heading?.focus({ preventScroll: true });
  };

  readonly #poke = (event: Event): void => {
    if (event instanceof CustomEvent) this.run.poke(event.detail as Poke);
  };

  readonly #paced = (event: Event): void => {
    const pace = PACES[Number(textOf(event))];
    if (pace !== undefined) this.run.pace = pace;
  };

  readonly #seeded = (event: Event): void => {
    finished(event);
    const text = textOf(event);
    const seed = parseSeed(text);
    if (seed !== null) this.run.restart({ seed });
    else this.run.refuse("seed", `seed: "${brief(text)}" is not allowed; expected ${SEEDS}`);
  };

  readonly #unseeded = (event: KeyboardEvent): void => {
    if (event.key !== "Escape") return;
    finished(event, String(this.run.start.seed));
    this.run.refuse("seed", "");
  };

  readonly #replicated = (event: Event): void => {
    this.run.replicate(Number(textOf(event)));
  };

  readonly #nextSeed = (): void => {
    const { seed } = this.run.start;
    this.run.restart({ seed: parseSeed(String(seed + 1)) ?? DEFAULT_SEED });
  };

  readonly #chosen = (event: Event): void => {
    const device = textOf(event);
    if (isDevice(device)) this.run.restart({ device });
  };

  /** Says how the run stands, but not more often than a screen reader can follow. */
  #tellStatus(): void {
    const status = statusOf(this.run);
    if (status === this.#status) return;
    const wait = this.#statusAt + STATUS_MS - performance.now();
    clearTimeout(this.#statusTimer);
    if (wait > 0) {
      this.#statusTimer = window.setTimeout(() => this.requestUpdate(), wait);
      return;
    }
    this.#statusAt = performance.now();
    this.#status = status;
  }
}
customElements.define("orrery-view", ExhibitView);

function statusOf({ panic, frame, playing }: Run): string {
  if (panic !== null) return "Stopped by a fault";
  if (frame === null) return "Loading";
  const numbers = frame.metrics.map((m) => `${m.label} ${measured(m.value, m.unit)}`);
  const state = frame.done ? "Done" : playing ? "Playing" : "Paused";
  return [`${state}, step ${frame.step}`, ...numbers].join(", ");
}

/** Takes a notice away. */
function closer(close: () => void): TemplateResult {
  return html`<button class="close" aria-label="Dismiss this notice" @click=${close}>×</button>`;
}

/** Which device runs, and what was found out about the others. */
function deviceLine({ kind, name, software, detail }: DeviceInfo): string {
  const runs = `on the ${kind.toUpperCase()} (${name}${software ? ", in software" : ""})`;
  return detail === "" ? runs : `${runs}; ${detail}`;
}

function textOf(event: Event): string {
  const { target } = event;
  const field = target instanceof HTMLInputElement || target instanceof HTMLSelectElement;
  return field ? target.value : "";
}
