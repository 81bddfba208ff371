// A card's small figure: the exhibit's first, as it really comes out after a moment of running.
import { html, LitElement, nothing, type TemplateResult } from "lit";
import { plainStart } from "./address";
import { Client } from "./client";
import "./figure-view";
import { Palette } from "./palette";
import type { Figure } from "./protocol";

/** How often a card's model is advanced, and for how long each time. */
const TRIALS = 6;
const TRIAL_MS = 400;

/** One worker at a time draws for all cards. */
let turn: Promise<void> = Promise.resolve();
const drawn = new Map<string, Figure>();

/** `<orrery-thumbnail>`: runs its `exhibit` for a moment once it has come into view. */
export class Thumbnail extends LitElement {
  static override properties = { exhibit: { attribute: false }, dark: { type: Boolean } };
  declare exhibit: string;
  declare dark: boolean;

  #palette = new Palette();
  /** Ends the turn this card has, if it has it. */
  #end: () => void = () => {};
  #sight = new IntersectionObserver((entries) => {
    if (!entries.some((entry) => entry.isIntersecting)) return;
    this.#sight.disconnect();
    turn = turn.then(() => this.#run());
  });

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    if (!drawn.has(this.exhibit)) this.#sight.observe(this);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#sight.disconnect();
    this.#end();
  }

  protected override render(): TemplateResult | typeof nothing {
    const figure = drawn.get(this.exhibit);
    if (figure === undefined) return nothing;
    this.#palette.learn([figure]);
    return html`<orrery-figure
      .figure=${figure}
      .palette=${this.#palette}
      .dark=${this.dark}
      plain
      inert
    ></orrery-figure>`;
  }

  /** Resolves when the next card may have its turn; a model that fails leaves its card without. */
  #run(): Promise<void> {
    if (!this.isConnected || drawn.has(this.exhibit)) return Promise.resolve();
    return new Promise((resolve) => {
      let trials = 0;
      const end = () => {
        client.close();
        resolve();
      };
      const client = new Client({
        replied: (reply, request) => {
          const figure = reply.type === "frame" ? reply.figures[0] : undefined;
          if (figure?.body.type === "plot") drawn.set(this.exhibit, figure);
          this.requestUpdate();
          const over = reply.type !== "frame" || reply.done || figure === undefined;
          if (request.type === "advance") trials += 1;
          if (over || trials === TRIALS) end();
          else client.send({ type: "advance", steps: 100_000, budget_ms: TRIAL_MS });
        },
        panicked: end,
      });
      this.#end = end;
      client.send({ type: "open", id: this.exhibit, ...plainStart(), device: "cpu" });
    });
  }
}
customElements.define("orrery-thumbnail", Thumbnail);
