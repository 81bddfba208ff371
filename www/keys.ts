// What the keyboard does on an exhibit's page, the map that says so, and the hint for a first visit.
import { html, LitElement, nothing, type TemplateResult } from "lit";
import { forget, keep, recall } from "./memory";
import { PACES, type Run } from "./run";

const OFF = "orrery-keys-off";
const VISITED = "orrery-visited";

/** A shortcut: what is pressed, in words and as `KeyboardEvent.key`, and what it does. */
interface Shortcut {
  shown: string;
  keys: readonly string[];
  what: string;
  act(run: Run, key: string): void;
}

const SHORTCUTS: readonly Shortcut[] = [
  {
    shown: "Space or k",
    keys: [" ", "k"],
    what: "plays and pauses",
    act: (run) => run.toggle(),
  },
  { shown: "s", keys: ["s"], what: "takes one step", act: (run) => run.step() },
  { shown: "r", keys: ["r"], what: "begins the run again", act: (run) => run.reset() },
  {
    shown: "[ and ]",
    keys: ["[", "]"],
    what: "play slower and faster",
    act: (run, key) => {
      const at = PACES.indexOf(run.pace) + (key === "]" ? 1 : -1);
      run.pace = PACES[at] ?? run.pace;
    },
  },
  {
    shown: "1 to 9",
    keys: ["1", "2", "3", "4", "5", "6", "7", "8", "9"],
    what: "open a tab",
    act: (run, key) => {
      const tabs = run.entry.params.find((param) => param.tabs);
      const option = tabs?.kind.type === "choice" ? tabs.kind.options[Number(key) - 1] : undefined;
      if (tabs && option !== undefined) run.set(tabs.name, option);
    },
  },
  { shown: "g", keys: ["g"], what: "goes back to all exhibits", act: () => (location.hash = "#/") },
];

/** What the keyboard does where the focus is; always on. */
const ELSEWHERE: readonly [string, string][] = [
  ["Tab", "goes to the next control, figure or point"],
  ["Arrow keys", "move a point, a slider, the open tab; with Shift a point moves finely"],
  ["Page Up, Page Down", "go from point to point of a figure"],
  ["Enter, Delete", "pick a point, remove it"],
  ["Escape", "takes back what was typed into a field; closes this"],
];

/** What takes the space bar for itself. */
const PRESSED = "a, button, select, summary, [role=button], [role=tab], [role=switch]";
const TYPED = "input, textarea, select, [contenteditable]";

/** Does what a key says to do to `run`; true if it did. */
export function press(event: KeyboardEvent, run: Run): boolean {
  if (!(event.target instanceof Element) || event.defaultPrevented) return false;
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return false;
  if (event.target.closest(TYPED) !== null || document.querySelector("dialog[open]")) return false;
  if (event.key === " " && event.target.closest(PRESSED) !== null) return false;
  const shortcut = SHORTCUTS.find(({ keys }) => keys.includes(event.key));
  if (shortcut === undefined || recall(OFF) !== null) return false;
  // Held down, only a step is taken again.
  if (!event.repeat || event.key === "s") shortcut.act(run, event.key);
  event.preventDefault();
  return true;
}

/** `<orrery-keys>`: a button, and `?`, for the map of the keyboard. */
export class KeyMap extends LitElement {
  readonly #asked = (event: KeyboardEvent) => {
    const typing = event.target instanceof Element && event.target.closest(TYPED) !== null;
    if (event.key !== "?" || typing || event.ctrlKey || event.metaKey || event.altKey) return;
    if (recall(OFF) !== null) return;
    event.preventDefault();
    this.#open();
  };

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    document.addEventListener("keydown", this.#asked);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    document.removeEventListener("keydown", this.#asked);
  }

  protected override render(): TemplateResult {
    const row = (shown: string, what: string) =>
      html`<div>
        <dt>${shown}</dt>
        <dd>${what}</dd>
      </div>`;
    const off = recall(OFF) !== null;
    const turned = () => {
      if (off) forget(OFF);
      else keep(OFF, "yes");
      this.requestUpdate();
    };
    return html`<button
        class="small"
        aria-haspopup="dialog"
        title="What the keyboard does: ?"
        @click=${() => this.#open()}
      >
        Keys
      </button>
      <dialog class="keys" aria-labelledby="keys-title" @click=${this.#beside}>
        <form method="dialog">
          <h2 id="keys-title">What the keyboard does</h2>
          <button class="close" aria-label="Close">×</button>
        </form>
        <dl class=${off ? "off" : ""}>
          ${SHORTCUTS.map(({ shown, what }) => row(shown, what))} ${row("?", "opens this")}
        </dl>
        <label>
          <input type="checkbox" role="switch" .checked=${!off} @change=${turned} />
          these single keys are on
        </label>
        <h3>Where the focus is</h3>
        <dl>${ELSEWHERE.map(([shown, what]) => row(shown, what))}</dl>
      </dialog>`;
  }

  #open(): void {
    const dialog = this.querySelector("dialog");
    if (dialog !== null && !dialog.open) dialog.showModal();
  }

  /** A click on the backdrop closes the map. */
  readonly #beside = (event: Event): void => {
    if (event.target instanceof HTMLDialogElement) event.target.close();
  };
}
customElements.define("orrery-keys", KeyMap);

/** `<orrery-hint>`: on the first visit, a sentence over the foot of the page, until anything is done. */
export class FirstHint extends LitElement {
  #shown = recall(VISITED) === null;
  readonly #leave = () => {
    keep(VISITED, "yes");
    this.#shown = false;
    this.#hush();
    this.requestUpdate();
  };

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    if (!this.#shown) return;
    for (const type of DEEDS) window.addEventListener(type, this.#leave, { passive: true });
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#hush();
  }

  #hush(): void {
    for (const type of DEEDS) window.removeEventListener(type, this.#leave);
  }

  protected override render(): TemplateResult | typeof nothing {
    if (!this.#shown) return nothing;
    return html`<p class="first" role="note">
      Press <b>Play</b>, then change anything: parameters, points, the seed.
      <span>Keys: <kbd>?</kbd></span>
    </p>`;
  }
}
customElements.define("orrery-hint", FirstHint);

/** What counts as having begun. */
const DEEDS = ["pointerdown", "keydown", "wheel", "touchmove"] as const;
