// Tooltips: what `data-tip` says of an element, shown when a mouse rests on it or the keyboard gets there.
//
// Over everything else, so that nothing moves; it stays while the pointer is on it, and Escape takes
// it away. A finger has no tooltip: what is said here is on the page too.

/** How long a mouse rests before the tip comes, and how long the tip outlasts it. */
const REST_MS = 450;
const LINGER_MS = 150;
const GAP_PX = 6;

/** The tooltips of everything in `root`. */
export class Tips {
  readonly #tip = document.createElement("div");
  #owner: Element | null = null;
  #timer = 0;

  constructor(root: HTMLElement) {
    this.#tip.className = "tip";
    this.#tip.setAttribute("role", "tooltip");
    this.#tip.popover = "manual";
    root.addEventListener("pointerover", (event) => this.#over(event));
    root.addEventListener("pointerout", (event) => this.#out(event));
    root.addEventListener("pointerdown", () => this.#hide());
    root.addEventListener("focusin", ({ target }) => {
      if (!(target instanceof Element) || !target.matches(":focus-visible")) return;
      // Showing a tip while the browser brings the focus into view would end that.
      target.scrollIntoView({ block: "nearest", behavior: "instant" });
      this.#show(ownerOf(target));
    });
    root.addEventListener("focusout", () => this.#hide());
    root.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || this.#owner === null) return;
      this.#hide();
      event.stopPropagation();
    });
    root.append(this.#tip);
  }

  #over(event: PointerEvent): void {
    if (event.pointerType !== "mouse") return;
    const owner = ownerOf(event.target);
    const kept = event.target === this.#tip || (owner !== null && owner === this.#owner);
    clearTimeout(this.#timer);
    if (kept || owner === null) return;
    this.#timer = window.setTimeout(() => this.#show(owner), REST_MS);
  }

  #out(event: PointerEvent): void {
    if (event.pointerType !== "mouse") return;
    clearTimeout(this.#timer);
    this.#timer = window.setTimeout(() => this.#hide(), LINGER_MS);
  }

  #show(owner: HTMLElement | null): void {
    const text = owner?.dataset["tip"];
    if (owner === null || !text || !owner.isConnected) return;
    this.#owner = owner;
    this.#tip.textContent = text;
    this.#tip.showPopover();
    const at = owner.getBoundingClientRect();
    const { width, height } = this.#tip.getBoundingClientRect();
    const below = at.bottom + GAP_PX + height <= window.innerHeight;
    const left = Math.max(GAP_PX, Math.min(at.left, window.innerWidth - width - GAP_PX));
    this.#tip.style.left = `${left}px`;
    this.#tip.style.top = `${below ? at.bottom + GAP_PX : at.top - GAP_PX - height}px`;
  }

  #hide(): void {
    clearTimeout(this.#timer);
    this.#owner = null;
    if (this.#tip.matches(":popover-open")) this.#tip.hidePopover();
  }
}

function ownerOf(target: EventTarget | null): HTMLElement | null {
  const owner = target instanceof Element ? target.closest("[data-tip]") : null;
  return owner instanceof HTMLElement ? owner : null;
}
