// `<orrery-exhibit>`: one exhibit in anyone's page.
import {
  html,
  LitElement,
  nothing,
  type PropertyValues,
  type TemplateResult,
  unsafeCSS,
} from "lit";
import {
  type Address,
  brief,
  DEFAULT_SEED,
  DEVICE_NAMES,
  isDevice,
  parsePoke,
  parseSeed,
  plainStart,
  POKE_FORM,
  SEEDS,
  valueText,
} from "./address";
import { findEntry, loadCatalog } from "./catalog";
import "./exhibit-view";
import type { Surroundings } from "./exhibit-view";
import type { Entry, Frame, Metric, Value } from "./protocol";
import { Run, type RunEvent } from "./run";
import { readFields, type State } from "./state";
import style from "./style.css";
import { isDark, type Theme, themeOf, watchSystem } from "./theme";

const PARAM = "param-";
const POKES = "pokes";
/** The run's events that the element passes on. */
const EVENTS: readonly RunEvent[] = ["ready", "frame", "done", "error"];

/**
 * The element. Attributes `exhibit`, `seed`, `device`, `param-<name>`, `pokes`, `autoplay`,
 * `controls` (`full`, `compact` or `none`) and `theme` (`light`, `dark` or `auto`). All but
 * `param-<name>`, which are in `params`, and `pokes`, which are in `state`, have a property of the
 * same name; what the reader changes is written back to both. It loads when first seen and waits
 * while it is out of sight.
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
  #address: Address | null = null;
  #run: Run | null = null;
  /** What was shown last, and its parameters that were not written by the host as attributes. */
  #last: Entry | null = null;
  #written = new Set<string>();
  #failed: string | null = null;
  #seen = false;
  #loading: string | null = null;
  /** What the host asked for before there was a run. */
  #asked: ((run: Run) => void)[] = [];
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

  /** Opens a state that was read here or saved by the page, up to its step; seen or not. */
  set state(given: unknown) {
    this.#restore(given).catch((reason: unknown) => this.#refuse(String(reason)));
  }

  /** Starts anew from an address, in place of the attributes. */
  open(address: Address): void {
    this.#leave();
    this.#address = address;
    this.exhibit = address.id;
    this.requestUpdate();
  }

  /** The value of every parameter. */
  get params(): Record<string, Value> {
    return { ...this.#run?.frame?.values };
  }

  /** Sets the parameters given, and leaves the others. */
  set params(values: Record<string, Value>) {
    // They may be those of an exhibit that has been asked for and has yet to come.
    const run = this.#run?.entry.meta.id === this.exhibit ? this.#run : null;
    for (const [name, value] of Object.entries(values)) {
      const known = run?.entry.params.some((param) => param.name === name) ?? true;
      if (known && run !== null) this.#written.add(name);
      // The session says what there is; the attributes do not take up what there is not.
      if (known) this.setAttribute(PARAM + name, valueText(value));
      else run?.set(name, value);
    }
  }

  /** The newest metrics. */
  get metrics(): Metric[] {
    return [...(this.#run?.frame?.metrics ?? [])];
  }

  /** Plays; before it has loaded: as soon as it has. */
  play(): void {
    this.#ask((run) => run.play());
  }

  /** Pauses. */
  pause(): void {
    this.#ask((run) => run.pause());
  }

  /** Pauses and takes `steps` steps, a whole number from 1; before it has loaded: as soon as it has. */
  step(steps = 1): void {
    if (Number.isInteger(steps) && steps > 0) this.#ask((run) => run.step(steps));
    else
      this.#refuse(`step: ${brief(String(steps))} is not allowed; expected a whole number from 1`);
  }

  /** Begins again: same seed, parameters and pokes. */
  reset(): void {
    this.#ask((run) => run.reset());
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
    if (changed.has("exhibit") && this.#run?.entry.meta.id !== this.exhibit) this.#leave();
    if (this.#seen) void this.#load();
    if (this.#run === null || !(changed.has("seed") || changed.has("device"))) return;
    const { seed, device } = this.#wanted().start;
    const { start } = this.#run;
    if (seed !== start.seed || device !== start.device) this.#run.restart({ seed, device });
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

  /** What the attributes ask for. */
  #wanted(): Address {
    const start = plainStart();
    const ignored: string[] = [];
    const seed = this.seed === null || this.seed === undefined ? "" : String(this.seed);
    if (seed !== "") {
      const parsed = parseSeed(seed);
      if (parsed === null) ignored.push(`seed: "${brief(seed)}" was ignored; expected ${SEEDS}`);
      else start.seed = parsed;
    }
    const { device } = this;
    if (device && isDevice(device)) start.device = device;
    else if (device) {
      ignored.push(`device: "${brief(device)}" was ignored; expected ${DEVICE_NAMES}`);
    }
    for (const { name, value } of this.attributes) {
      if (name.startsWith(PARAM)) start.params[name.slice(PARAM.length)] = value;
    }
    for (const text of (this.getAttribute(POKES) ?? "").split(/\s+/).filter(Boolean)) {
      const poke = parsePoke(text);
      if (poke !== null) start.pokes.push(poke);
      else ignored.push(`pokes: "${brief(text)}" was ignored; expected ${POKE_FORM}`);
    }
    return { id: this.exhibit ?? null, start, ignored };
  }

  async #load(): Promise<void> {
    const { id, start, ignored } = this.#address ?? this.#wanted();
    const wanted = id ?? "";
    if (this.#loading === wanted) return;
    this.#loading = wanted;
    this.#failed = null;
    try {
      const entry = await findEntry(wanted);
      const ids = (await loadCatalog()).exhibits.map(({ meta }) => meta.id);
      if (this.#loading !== wanted || !this.isConnected) return;
      if (entry === null) {
        const what = id === null ? "none is named" : `there is no "${brief(id)}"`;
        this.#fail(`exhibit: ${what}; there are ${ids.join(", ")}`);
        return;
      }
      this.#drop(entry, start);
      const run = new Run(entry);
      run.addEventListener("ready", () => {
        for (const sentence of [...ignored, ...(run.frame?.ignored ?? [])]) this.#tell(sentence);
      });
      const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
      run.open(start, ignored);
      this.#address = null;
      this.#take(run);
      if (this.autoplay && !calm) run.play();
      for (const act of this.#asked.splice(0)) act(run);
    } catch (reason) {
      this.#fail(String(reason));
    }
  }

  /** Drops the parameters of the last exhibit, but for what the host has written that this one has too. */
  #drop(entry: Entry, start: Address["start"]): void {
    for (const { name } of this.#last === entry ? [] : (this.#last?.params ?? [])) {
      const kept = entry.params.some((param) => param.name === name) && !this.#written.has(name);
      if (kept) continue;
      this.removeAttribute(PARAM + name);
      delete start.params[name];
    }
    if (this.#last !== entry) this.#written.clear();
    // The attributes have been read.
    this.#attributes.takeRecords();
  }

  /** Opens a state; if anything in it is wrong, the run stays as it is. */
  async #restore(given: unknown): Promise<void> {
    const read = readFields(given, await loadCatalog());
    if (typeof read === "string") {
      this.#refuse(read);
      return;
    }
    const run = new Run(read.entry);
    const refused = await run.openExactly(read.start);
    if (refused !== null || !this.isConnected) run.close();
    if (refused !== null) this.#refuse(refused);
    if (refused !== null || !this.isConnected) return;
    this.#leave();
    this.#drop(read.entry, plainStart());
    this.#loading = this.exhibit = read.entry.meta.id;
    this.#take(run);
    this.dispatchEvent(new CustomEvent("ready", { detail: run.frame }));
    run.reach(read.step);
  }

  /** Shows `run`, passes its events on and mirrors it. */
  #take(run: Run): void {
    for (const type of EVENTS) {
      run.addEventListener(type, (event) => {
        const detail = event instanceof CustomEvent ? (event.detail as Frame | string) : null;
        this.dispatchEvent(new CustomEvent(type, { detail }));
      });
    }
    run.addEventListener("change", () => this.#mirror(run));
    run.hidden = document.hidden || !this.#seen;
    this.#failed = null;
    this.#run = run;
    this.#last = run.entry;
    this.#mirror(run);
    this.requestUpdate();
  }

  #ask(act: (run: Run) => void): void {
    if (this.#run !== null) act(this.#run);
    else this.#asked.push(act);
  }

  #tell(message: string): void {
    this.dispatchEvent(new CustomEvent("error", { detail: message }));
  }

  /** Nothing can be shown. */
  #fail(message: string): void {
    this.#failed = message;
    this.#tell(message);
    this.requestUpdate();
  }

  /** What was asked for is not done; what is shown stays. */
  #refuse(message: string): void {
    if (this.#run === null) {
      this.#fail(message);
      return;
    }
    this.#run.refuse("", message);
    this.#tell(message);
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
    const run = this.#run;
    if (run === null) return;
    for (const { attributeName } of changes) {
      if (attributeName === POKES) run.open({ ...run.now(), pokes: this.#wanted().start.pokes });
      if (!attributeName?.startsWith(PARAM)) continue;
      const name = attributeName.slice(PARAM.length);
      const fallback = run.entry.params.find((param) => param.name === name)?.kind.default;
      const value = this.getAttribute(attributeName) ?? fallback;
      if (value !== undefined) run.set(name, value);
    }
  }

  /** Writes what the run has become to the attributes, and through them to the properties. */
  #mirror(run: Run): void {
    // What the host has just written comes first.
    if (run !== this.#run || this.isUpdatePending) return;
    this.#attributed(this.#attributes.takeRecords());
    const { seed, device } = run.start;
    const wanted = this.#wanted().start;
    if (wanted.seed !== seed) this.seed = seed === DEFAULT_SEED ? null : seed;
    if (wanted.device !== device) this.device = device === "auto" ? null : device;
    for (const { name } of run.frame === null ? [] : run.entry.params) {
      const value = run.value(name);
      const text = this.getAttribute(PARAM + name);
      if (value === undefined || (text !== null && says(text, value))) continue;
      if (run.differs(name)) {
        this.#written.add(name);
        this.setAttribute(PARAM + name, valueText(value));
      } else if (text !== null) this.removeAttribute(PARAM + name);
    }
    this.#attributes.takeRecords();
  }
}
customElements.define("orrery-exhibit", OrreryExhibit);

/** The `controls` attribute; all but `full` and `none` is `compact`. */
export function surroundingsOf(text: string | null): Surroundings {
  return text === "full" || text === "none" ? text : "compact";
}

/** Whether an attribute's text is that value of a parameter. */
function says(text: string, value: Value): boolean {
  if (typeof value !== "number") return text === String(value);
  return Math.fround(Number(text)) === Math.fround(value);
}
