// Dragging, adding, removing and clicking marks, by pointer and by keyboard.
import type { Drawing, Handle, Ruler } from "./figure";
import type { Mark, Poke, PokeKind } from "./protocol";

const HANDLE_RADIUS = 14;
const MOVED_PX = 4;
const DOUBLE_MS = 400;
const ARROW_PX = 8;
const FINE_PX = 1;
/** Between two data that are drawn in one stroke. */
const STROKE_PX = 22;
const SVG = "http://www.w3.org/2000/svg";

interface Held {
  mark: string;
  index: number;
  from: { x: number; y: number };
  now: { x: number; y: number };
  moved: boolean;
}

/** What a reader may do in one figure; lives on while its drawing is replaced again and again. */
export class Poking {
  #host: HTMLElement;
  #send: (poke: Poke) => void;
  #figure = "";
  #takers: readonly Mark[] = [];
  #drawing: Drawing | null = null;
  #held: Held | null = null;
  /** Where the last datum of a stroke over the empty frame was put, or the stroke began. */
  #stroke: { x: number; y: number; drawn: boolean } | null = null;
  #tapped = { mark: "", index: -1, at: 0 };
  #focus: { mark: string; index: number } | null = null;

  constructor(host: HTMLElement, send: (poke: Poke) => void) {
    this.#host = host;
    this.#send = send;
    host.addEventListener("pointerdown", (event) => this.#down(event));
    host.addEventListener("pointermove", (event) => this.#move(event));
    host.addEventListener("pointerup", (event) => this.#up(event));
    host.addEventListener("pointercancel", () => (this.#held = this.#stroke = null));
    host.addEventListener("keydown", (event) => this.#key(event));
    host.addEventListener("focusin", (event) => this.#focused(event));
    host.addEventListener("focusout", () => (this.#focus = null));
  }

  /** Whether a mark is being dragged. */
  get holding(): boolean {
    return this.#held !== null;
  }

  /** Puts handles over the pokeable marks of `drawing`, which is about to be shown. */
  attach(figure: string, marks: readonly Mark[], drawing: Drawing): void {
    this.#figure = figure;
    this.#takers = marks.filter((mark) => mark.pokes.includes("add"));
    this.#drawing = drawing;
    const layer = document.createElementNS(SVG, "g");
    const focus = this.#focus ?? this.#held;
    drawing.handles.forEach((handle, place) => {
      const target = handle.at === null ? handle.element : ring(handle.at);
      if (handle.at !== null) layer.append(target);
      const wanted = focus ?? { mark: handle.mark.id, index: drawing.handles[0]?.index ?? 0 };
      const first = handle.mark.id === wanted.mark && handle.index === wanted.index;
      target.classList.add("handle");
      if (handle.mark.mark.startsWith("rule")) target.classList.add("knob");
      target.dataset["handle"] = String(place);
      const { key } = handle.element.dataset;
      if (key !== undefined) target.dataset["key"] = key;
      target.setAttribute("tabindex", first ? "0" : "-1");
      target.setAttribute("role", "button");
      target.setAttribute("aria-label", this.#label(handle));
    });
    drawing.svg.append(layer);
    if (layer.querySelector('[tabindex="0"]') === null) {
      layer.firstElementChild?.setAttribute("tabindex", "0");
    }
    if (this.#held?.moved) this.#place(this.#held);
  }

  /** Shows `drawing` in place of the last one; the mark that had the focus keeps it. */
  show(drawing: Drawing): void {
    const focus = this.#focus;
    this.#host.replaceChildren(drawing.svg);
    this.#focus = focus;
    if (focus !== null) this.#focusOn(focus.mark, focus.index);
  }

  /** Adds a datum in the middle of the frame, for readers without a pointer. */
  addInMiddle(mark: Mark): void {
    const drawing = this.#drawing;
    if (drawing === null) return;
    const middle = ([start, end]: [number, number]) => (start + end) / 2;
    const count = drawing.handles.filter((handle) => handle.mark.id === mark.id).length;
    const at = { x: middle(drawing.x.pixels), y: middle(drawing.y.pixels) };
    this.#focus = { mark: mark.id, index: count };
    this.#poke("add", mark.id, count, at);
  }

  #down(event: PointerEvent): void {
    if (event.button !== 0 || this.#drawing === null) return;
    const handle = this.#handleOf(event.target);
    if (handle === null) {
      this.#held = null;
      // A finger's stroke scrolls the page.
      const draws = event.pointerType !== "touch" && this.#takers.length > 0;
      this.#stroke = draws ? { ...this.#pixel(event), drawn: false } : null;
      return;
    }
    const from = this.#pixel(event);
    const { mark, index } = handle;
    this.#held = { mark: mark.id, index, from, now: from, moved: false };
    if (mark.pokes.includes("drag")) {
      this.#host.setPointerCapture(event.pointerId);
      event.preventDefault();
    }
    this.#focusOn(mark.id, index);
  }

  #move(event: PointerEvent): void {
    if (this.#stroke !== null) {
      const { x, y } = this.#pixel(event);
      if (Math.hypot(x - this.#stroke.x, y - this.#stroke.y) < STROKE_PX) return;
      // The datum under the start of the stroke comes with the first of the others.
      if (!this.#stroke.drawn) this.#addAt(this.#stroke);
      this.#addAt({ x, y });
      this.#stroke = { x, y, drawn: true };
      return;
    }
    const held = this.#held;
    const handle = held && this.#find(held.mark, held.index);
    if (held === null || handle === null || !handle.mark.pokes.includes("drag")) return;
    const now = this.#pixel(event);
    if (!held.moved && Math.hypot(now.x - held.from.x, now.y - held.from.y) < MOVED_PX) return;
    held.moved = true;
    held.now = along(handle, this.#inside(now));
    this.#place(held);
    this.#poke("drag", held.mark, held.index, held.now);
  }

  #up(event: PointerEvent): void {
    const held = this.#held;
    const drawn = this.#stroke?.drawn ?? false;
    this.#held = this.#stroke = null;
    if (held?.moved || drawn) return;
    if (held === null) {
      this.#add(event);
      return;
    }
    const pokes = this.#find(held.mark, held.index)?.mark.pokes ?? [];
    const { mark, index, at } = this.#tapped;
    const twice = mark === held.mark && index === held.index && event.timeStamp - at < DOUBLE_MS;
    this.#tapped = { mark: held.mark, index: held.index, at: twice ? 0 : event.timeStamp };
    if (twice && pokes.includes("remove")) this.#remove(held.mark, held.index);
    else if (pokes.includes("click")) this.#poke("click", held.mark, held.index, held.now);
  }

  /** A click on the empty frame adds a datum. */
  #add(event: PointerEvent): void {
    if (event.button !== 0 || !(event.target instanceof Element)) return;
    if (event.target.closest("svg") !== this.#drawing?.svg) return;
    this.#addAt(this.#pixel(event));
  }

  /** Adds a datum to the frontmost mark that takes one, if it is in the frame or near. */
  #addAt(at: { x: number; y: number }): void {
    const drawing = this.#drawing;
    const inside = this.#inside(at);
    if (Math.hypot(at.x - inside.x, at.y - inside.y) > HANDLE_RADIUS) return;
    const mark = this.#takers.at(-1);
    if (mark === undefined || drawing === null) return;
    const count = drawing.handles.filter((handle) => handle.mark.id === mark.id).length;
    this.#poke("add", mark.id, count, inside);
  }

  #key(event: KeyboardEvent): void {
    const handle = this.#handleOf(event.target);
    if (handle === null || event.ctrlKey || event.metaKey) return;
    const { mark, index } = handle;
    const step = event.shiftKey ? FINE_PX : ARROW_PX;
    switch (event.key) {
      case "ArrowLeft":
        this.#nudge(handle, -step, 0);
        break;
      case "ArrowRight":
        this.#nudge(handle, step, 0);
        break;
      case "ArrowUp":
        this.#nudge(handle, 0, -step);
        break;
      case "ArrowDown":
        this.#nudge(handle, 0, step);
        break;
      case "PageDown":
      case "PageUp":
        this.#rove(handle, event.key === "PageDown" ? 1 : -1);
        break;
      case "Delete":
      case "Backspace":
        if (!mark.pokes.includes("remove")) return;
        this.#focus = { mark: mark.id, index: Math.max(0, index - 1) };
        this.#remove(mark.id, index);
        break;
      case "Enter":
      case " ":
        if (!mark.pokes.includes("click")) return;
        this.#poke("click", mark.id, index, handle.at ?? { x: 0, y: 0 });
        break;
      default:
        return;
    }
    event.preventDefault();
  }

  #nudge(handle: Handle, dx: number, dy: number): void {
    const drawing = this.#drawing;
    if (drawing === null || handle.at === null || !handle.mark.pokes.includes("drag")) return;
    const [right, down] = [stride(drawing.x, dx), stride(drawing.y, dy)];
    const moved = this.#inside({ x: handle.at.x + right, y: handle.at.y + down });
    handle.at = along(handle, moved);
    this.#poke("drag", handle.mark.id, handle.index, handle.at);
  }

  #rove(handle: Handle, by: number): void {
    const handles = this.#drawing?.handles ?? [];
    const next = handles[(handles.indexOf(handle) + by + handles.length) % handles.length];
    if (next !== undefined) this.#focusOn(next.mark.id, next.index);
  }

  #remove(mark: string, index: number): void {
    const at = this.#find(mark, index)?.at ?? { x: 0, y: 0 };
    this.#poke("remove", mark, index, at);
  }

  #poke(kind: PokeKind, mark: string, index: number, at: { x: number; y: number }): void {
    const drawing = this.#drawing;
    if (drawing === null) return;
    const [x, y] = [read(drawing.x, at.x), read(drawing.y, at.y)];
    this.#send({ figure: this.#figure, mark, kind, index, x, y });
  }

  /** Shows the held mark under the pointer before the session has answered. */
  #place(held: Held): void {
    const handle = this.#find(held.mark, held.index);
    if (handle?.at == null) return;
    const shift = `translate(${held.now.x - handle.at.x},${held.now.y - handle.at.y})`;
    handle.element.setAttribute("transform", shift);
    this.#elementOf(held.mark, held.index)?.setAttribute("transform", shift);
  }

  #focused(event: FocusEvent): void {
    const handle = this.#handleOf(event.target);
    this.#focus = handle && { mark: handle.mark.id, index: handle.index };
    if (!(event.target instanceof Element) || handle === null) return;
    for (const other of this.#host.querySelectorAll(".handle"))
      other.setAttribute("tabindex", "-1");
    event.target.setAttribute("tabindex", "0");
  }

  #focusOn(mark: string, index: number): void {
    const element = this.#elementOf(mark, index);
    if (element instanceof SVGElement) element.focus({ preventScroll: true });
  }

  #find(mark: string, index: number): Handle | null {
    const handles = this.#drawing?.handles ?? [];
    return handles.find((h) => h.mark.id === mark && h.index === index) ?? null;
  }

  #elementOf(mark: string, index: number): Element | null {
    const handle = this.#find(mark, index);
    const place = handle === null ? -1 : (this.#drawing?.handles.indexOf(handle) ?? -1);
    return this.#host.querySelector(`[data-handle="${place}"]`);
  }

  #handleOf(target: EventTarget | null): Handle | null {
    const element = target instanceof Element ? target.closest(".handle") : null;
    const place = element instanceof SVGElement ? Number(element.dataset["handle"]) : -1;
    return this.#drawing?.handles[place] ?? null;
  }

  #pixel(event: PointerEvent): { x: number; y: number } {
    const box = this.#drawing?.svg.getBoundingClientRect();
    return { x: event.clientX - (box?.left ?? 0), y: event.clientY - (box?.top ?? 0) };
  }

  #inside({ x, y }: { x: number; y: number }): { x: number; y: number } {
    const drawing = this.#drawing;
    if (drawing === null) return { x, y };
    return { x: clamp(x, drawing.x.pixels), y: clamp(y, drawing.y.pixels) };
  }

  #label({ mark, index, at }: Handle): string {
    const keys = [];
    if (mark.pokes.includes("drag")) keys.push("arrow keys move it");
    if (mark.pokes.includes("click")) keys.push("Enter picks it");
    if (mark.pokes.includes("remove")) keys.push("Delete removes it");
    keys.push("Page Down goes to the next");
    const [x, y] = [this.#drawing?.x.invert, this.#drawing?.y.invert];
    const place = at && x && y ? ` at ${x(at.x).toFixed(2)}, ${y(at.y).toFixed(2)}` : "";
    return `${mark.id} ${index + 1}${place}; ${keys.join(", ")}`;
  }
}

/** A rule moves across itself only. */
function along({ mark, at }: Handle, to: { x: number; y: number }): { x: number; y: number } {
  if (mark.mark === "ruleX") return { x: to.x, y: at?.y ?? to.y };
  return mark.mark === "ruleY" ? { x: at?.x ?? to.x, y: to.y } : to;
}

/** An invisible disc, large enough for a finger. */
function ring({ x, y }: { x: number; y: number }): SVGElement {
  const circle = document.createElementNS(SVG, "circle");
  circle.setAttribute("cx", String(x));
  circle.setAttribute("cy", String(y));
  circle.setAttribute("r", String(HANDLE_RADIUS));
  return circle;
}

function clamp(pixel: number, [start, end]: [number, number]): number {
  return Math.min(Math.max(pixel, Math.min(start, end)), Math.max(start, end));
}

/** The place of a pixel. */
function read({ invert, whole }: Ruler, pixel: number): number {
  const place = invert?.(pixel) ?? 0;
  return whole ? Math.round(place) : tidy(place);
}

/** Pixels that a key moves a datum: `step`, or from one whole number to the next. */
function stride({ invert, whole }: Ruler, step: number): number {
  if (!whole || invert === null) return step;
  return Math.sign(step) * Math.abs(1 / (invert(1) - invert(0)));
}

/** No more digits than a pixel is worth, so that addresses stay short. */
function tidy(value: number): number {
  return Number(value.toPrecision(4));
}
