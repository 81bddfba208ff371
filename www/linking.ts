// Data of several figures that are about the same thing: pointing at one sets them all off.

/** Sets off the data under `root` with the key of the one that is pointed at or has the focus. */
export class Linking {
  #root: HTMLElement;
  #key: string | null = null;

  constructor(root: HTMLElement) {
    this.#root = root;
    for (const type of ["pointerover", "focusin"]) {
      root.addEventListener(type, (event) => this.#singleOut(keyOf(event.target)));
    }
    root.addEventListener("pointerleave", () => this.#singleOut(null));
  }

  /** Sets off what has been drawn since. */
  refresh(): void {
    if (this.#key !== null) this.#mark(this.#key);
  }

  #singleOut(key: string | null): void {
    if (key === this.#key) return;
    for (const element of this.#root.querySelectorAll(".singled")) {
      element.classList.remove("singled");
    }
    this.#key = key;
    this.refresh();
  }

  #mark(key: string): void {
    for (const element of this.#root.querySelectorAll(`[data-key="${CSS.escape(key)}"]`)) {
      element.classList.add("singled");
    }
  }
}

function keyOf(target: EventTarget | null): string | null {
  const element = target instanceof Element ? target.closest("[data-key]") : null;
  return element instanceof SVGElement ? (element.dataset["key"] ?? null) : null;
}
