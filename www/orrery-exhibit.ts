// `<orrery-exhibit>`: one exhibit in anyone's page.
import {
  html,
  LitElement,
  nothing,
  type PropertyValues,
  type TemplateResult,
  unsafeCSS,
} from "lit";
import { type Address, isDevice, parseSeed, plainStart, type Start, valueText } from "./address";
import { findEntry } from "./catalog";
import "./exhibit-view";
import type { Surroundings } from "./exhibit-view";
import type { Entry, Frame, Metric, Value } from "./protocol";
import { Run, type RunEvent } from "./run";
import style from "./style.css";
import { isDark, type Theme, themeOf, watchSystem } from "./theme";

const PARAM = "param-";
/** The run's events that the element passes on. */
const EVENTS: readonly RunEvent[] = ["ready", "frame", "done", "error"];

/** What a run is and how far it has come. */
export interface State extends Start {
  exhibit: string;
  step: number;
  done: boolean;
  playing: boolean;
}

/**
 * The element. Attributes `exhibit`, `seed`, `device`, `param-<name>`, `autoplay`, `controls`
 * (`full`, `compact` or `none`) and `theme` (`light`, `dark` or `auto`); each but `param-` has a
 * property of the same name. It loads when first seen and waits while it is out of sight.
 */
export class OrreryExhibit extends LitElement {
  static override styles = unsafeCSS(style);
  static override properties = {
    exhibit: { type: String, reflect: true },
    seed: { type: String, reflect: true },
    device: { type: String, reflect: true },
    autoplay: { type: Boolean, reflect: true },
    controls: { type: String, reflect: true },
    theme: { type: String, reflect: true },
  };
  declare exhibit: string | null;
  declare seed: string | number | null;
  declare device: string | null;
  declare autoplay: boolean;
  declare controls: string | null;
  declare theme: string | null;
  /** An address to start from, in place of the attributes. */
  address: Address | null = null;

  #run: Run | null = null;
  #failed: string | null = null;
  #seen = false;
  #loading: string | null = null;
  #forget: (() => void) | null = null;
  #sight = new IntersectionObserver((entries) => this.#sighted(entries));
  #attributes = new MutationObserver((changes) => this.#attributed(changes));
  readonly #turned = () => this.#sighted(null);

  constructor() {
    super();
    this.autoplay = false;
  }

  /** The state, or null while it loads. */
  get state(): State | null {
    const { frame } = this.#run ?? {};
    if (this.#run === null || !frame) return null;
    const { step, done } = frame;
    return {
      ...this.#run.now(),
      exhibit: this.#run.entry.meta.id,
      step,
      done,
      playing: this.#run.playing,
    };
  }

  /** The value of every parameter. */
  get params(): Record<string, Value> {
    return { ...this.#run?.frame?.values };
  }

  /** Sets the parameters given, and leaves the others. */
  set params(values: Record<string, Value>) {
    for (const [name, value] of Object.entries(values)) {
      this.setAttribute(PARAM + name, valueText(value));
    }
  }

  /** The newest metrics. */
  get metrics(): Metric[] {
    return [...(this.#run?.frame?.metrics ?? [])];
  }

  /** Plays. */
  play(): void {
    this.autoplay = true;
    this.#run?.play();
  }

  /** Pauses. */
  pause(): void {
    this.autoplay = false;
    this.#run?.pause();
  }

  /** Takes `steps` steps. */
  step(steps = 1): void {
    this.#run?.step(steps);
  }

  /** Begins again: same seed, parameters and pokes. */
  reset(): void {
    this.#run?.reset();
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.#sight.observe(this);
    this.#attributes.observe(this, { attributes: true });
    document.addEventListener("visibilitychange", this.#turned);
    this.#forget = watchSystem(() => this.requestUpdate());
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#sight.disconnect();
    this.#attributes.disconnect();
    document.removeEventListener("visibilitychange", this.#turned);
    this.#forget?.();
    this.#leave();
  }

  protected override updated(changed: PropertyValues<this>): void {
    if (changed.has("exhibit")) this.#leave();
    if (this.#seen) void this.#load();
    const { seed, device } = this.#wanted().start;
    if (this.#run !== null && (changed.has("seed") || changed.has("device"))) {
      const { start } = this.#run;
      if (seed !== start.seed || device !== start.device) this.#run.restart({ seed, device });
    }
  }

  protected override render(): TemplateResult | typeof nothing {
    if (this.#failed !== null) {
      return html`<p class="notice bad" role="alert">${this.#failed}</p>`;
    }
    if (this.#run === null) return html`<p class="waiting">Loading the model…</p>`;
    return html`<orrery-view
      .run=${this.#run}
      .surroundings=${surroundingsOf(this.controls)}
      .dark=${isDark(this.#theme)}
    ></orrery-view>`;
  }

  get #theme(): Theme {
    return themeOf(this.theme);
  }

  /** What the attributes, or the address in their place, ask for. */
  #wanted(): Address {
    if (this.address !== null) return this.address;
    const start = plainStart();
    const ignored: string[] = [];
    const seed = this.seed === null || this.seed === undefined ? "" : String(this.seed);
    if (seed !== "") {
      const parsed = parseSeed(seed);
      if (parsed === null) ignored.push(`seed: "${seed.slice(0, 40)}" is no whole number`);
      else start.seed = parsed;
    }
    const { device } = this;
    if (device && isDevice(device)) start.device = device;
    else if (device) ignored.push(`device: "${device.slice(0, 40)}" is none of auto, cpu, gpu`);
    for (const { name, value } of this.attributes) {
      if (name.startsWith(PARAM)) start.params[name.slice(PARAM.length)] = value;
    }
    return { id: this.exhibit ?? null, start, ignored };
  }

  async #load(): Promise<void> {
    const { id, start, ignored } = this.#wanted();
    if (id === null && this.#failed === null) this.#fail("exhibit: expected the id of an exhibit");
    if (this.#loading === id || id === null) return;
    this.#loading = id;
    this.#failed = null;
    try {
      const entry = await findEntry(id);
      if (this.#loading !== id || !this.isConnected) return;
      if (entry === null) this.#fail(`there is no exhibit "${id.slice(0, 60)}"`);
      else this.#enter(entry, start, ignored);
    } catch (reason) {
      this.#fail(String(reason));
    }
  }

  #enter(entry: Entry, start: Start, ignored: string[]): void {
    const run = new Run(entry);
    for (const type of EVENTS) {
      run.addEventListener(type, (event) => {
        const detail = event instanceof CustomEvent ? (event.detail as Frame | string) : null;
        this.dispatchEvent(new CustomEvent(type, { detail }));
      });
    }
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    run.open(start, ignored);
    if (this.autoplay && !calm) run.play();
    this.#failed = null;
    this.#run = run;
    this.requestUpdate();
  }

  #fail(message: string): void {
    this.#failed = message;
    this.dispatchEvent(new CustomEvent("error", { detail: message }));
    this.requestUpdate();
  }

  #leave(): void {
    this.#run?.close();
    this.#run = null;
    this.#loading = null;
    this.#failed = null;
  }

  #sighted(entries: IntersectionObserverEntry[] | null): void {
    const last = entries?.at(-1);
    if (last !== undefined) this.#seen = last.isIntersecting;
    if (this.#run !== null) this.#run.hidden = document.hidden || !this.#seen;
    if (this.#seen) void this.#load();
  }

  /** A `param-` attribute that changes is a parameter that changes. */
  #attributed(changes: MutationRecord[]): void {
    for (const { attributeName } of changes) {
      if (this.#run === null || !attributeName?.startsWith(PARAM)) continue;
      const name = attributeName.slice(PARAM.length);
      const fallback = this.#run.entry.params.find((param) => param.name === name)?.kind.default;
      const value = this.getAttribute(attributeName) ?? fallback;
      if (value !== undefined) this.#run.set(name, value);
    }
  }
}
customElements.define("orrery-exhibit", OrreryExhibit);

/** The `controls` attribute; all but `full` and `none` is `compact`. */
export function surroundingsOf(text: string | null): Surroundings {
  return text === "full" || text === "none" ? text : "compact";
}
