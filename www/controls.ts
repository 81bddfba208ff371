// A parameter as an input; a function of the schema and the present value.
import { html, noChange, nothing, type TemplateResult } from "lit";
import { live } from "lit/directives/live.js";
import { shortest, valueText } from "./address";
import { fieldText, finished, typing } from "./field";
import { set as typeset } from "./label";
import type { Param, Value } from "./protocol";

/** Positions of a float's slider from end to end. */
const NOTCHES = 400;

/** All that a control shows. */
export interface ControlState {
  value: Value;
  changed: boolean;
  /** Why the last value was refused; null if it was not. */
  refused: string | null;
  /** Whether its explanation is unfolded. */
  open: boolean;
}

/** What a control does. */
export interface ControlActions {
  set(name: string, value: Value): void;
  unfold(name: string): void;
  /** Gives up a value that was refused. */
  forget(name: string): void;
}

/** The control of one parameter. `scope` keeps element ids apart. */
export function control(
  param: Param,
  state: ControlState,
  actions: ControlActions,
  scope: string,
): TemplateResult {
  const id = `${scope}-${param.name}`;
  const fallback = param.kind.default;
  const described = `${id}-doc${state.refused === null ? "" : ` ${id}-refused`}`;
  return html`<div
    class="control ${param.kind.type} ${state.changed ? "changed" : ""}"
    part=${state.changed ? "control control-changed" : "control"}
  >
    <div class="name">
      <label for=${id}>${typeset(param.label)}</label>
      <button
        class="about"
        aria-expanded=${state.open}
        aria-controls="${id}-doc"
        aria-label="About ${param.label}"
        data-tip=${param.doc}
        @click=${() => actions.unfold(param.name)}
      >
        ?
      </button>
      ${
        param.live
          ? nothing
          : html`<span
              class="restarts"
              data-tip="Changing this begins the run again"
              aria-hidden="true"
              >↻</span
            >`
      }
      ${
        state.changed
          ? html`<button
              class="undo"
              data-tip="Back to ${valueText(fallback)}"
              aria-label="Set ${param.label} back to ${valueText(fallback)}"
              @click=${() => actions.set(param.name, fallback)}
            >
              ↺
            </button>`
          : nothing
      }
    </div>
    ${input(param, state, actions, id, described)}
    <p id="${id}-doc" class=${state.open ? "doc" : "doc unseen"}>
      ${param.doc} ${bounds(param)} ${param.live ? "" : "Changing it begins the run again."} In
      addresses and attributes: <code>${param.name}</code>.
    </p>
    ${
      state.refused === null
        ? nothing
        : html`<p id="${id}-refused" class="refused" role="alert">
            ${refusal(param, state.refused)}
          </p>`
    }
  </div>`;
}

function input(
  param: Param,
  state: ControlState,
  { set, forget }: ControlActions,
  id: string,
  described: string,
): TemplateResult {
  const { kind, name } = param;
  const { value, refused } = state;
  const kept = refused !== null;
  const left = (event: KeyboardEvent, text: string) => {
    if (event.key === "Escape" && finished(event, text)) forget(name);
  };
  switch (kind.type) {
    case "float":
    case "int":
      return html`<div class="inputs">
        ${slider(param, kind, Number(value), set)}
        <input
          id=${id}
          type="text"
          inputmode="decimal"
          autocomplete="off"
          aria-describedby=${described}
          aria-invalid=${kept}
          .value=${fieldText(valueText(value), kept)}
          @input=${typing}
          @keydown=${(event: KeyboardEvent) => left(event, valueText(value))}
          @change=${(event: Event) => finished(event) && set(name, typed(textOf(event)))}
        />
        ${param.unit === "" ? nothing : html`<span class="unit">${param.unit}</span>`}
      </div>`;
    case "toggle":
      return html`<input
        id=${id}
        type="checkbox"
        role="switch"
        aria-describedby=${described}
        .checked=${live(value === true)}
        @change=${(event: Event) => set(name, checkedOf(event))}
      />`;
    case "choice":
      return html`<select
        id=${id}
        aria-describedby=${described}
        .value=${live(String(value))}
        @change=${(event: Event) => set(name, textOf(event))}
      >
        ${kind.options.map(
          (option) =>
            html`<option value=${option} ?selected=${option === value}>${option}</option>`,
        )}
      </select>`;
    case "text":
      return html`<textarea
        id=${id}
        rows=${kind.max_len > 80 ? 3 : 1}
        maxlength=${kind.max_len}
        spellcheck="false"
        aria-describedby=${described}
        aria-invalid=${kept}
        .value=${fieldText(String(value), kept)}
        @input=${typing}
        @keydown=${(event: KeyboardEvent) => left(event, String(value))}
        @change=${(event: Event) => finished(event) && set(name, textOf(event))}
      ></textarea>`;
    case "table":
      return html`<textarea
          id=${id}
          rows="3"
          maxlength=${kind.max_len}
          placeholder=${kind.example}
          spellcheck="false"
          aria-describedby=${described}
          aria-invalid=${kept}
          .value=${fieldText(String(value), kept)}
          @input=${typing}
          @keydown=${(event: KeyboardEvent) => left(event, String(value))}
          @change=${(event: Event) => finished(event) && set(name, textOf(event))}
        ></textarea>
        <input
          type="file"
          accept=".csv,.tsv,.txt,text/csv,text/plain"
          aria-label="${param.label}: from a file"
          @change=${(event: Event) => void fileOf(event).then((text) => text !== null && set(name, text))}
        />`;
    default:
      return kind satisfies never;
  }
}

/** The text of the file that was chosen, if one was. */
async function fileOf(event: Event): Promise<string | null> {
  const { target } = event;
  const file = target instanceof HTMLInputElement ? target.files?.[0] : undefined;
  return file === undefined ? null : await file.text();
}

type Range = { type: "float" | "int"; min: number; max: number; log?: boolean };

function slider(
  param: Param,
  range: Range,
  value: number,
  set: ControlActions["set"],
): TemplateResult {
  const whole = range.type === "int";
  // No number, while the session has yet to refuse it, has no place.
  const place = whole ? value : Math.round(placeOf(range, value) * NOTCHES);
  const slid = (event: Event) => {
    const at = Number(textOf(event));
    set(param.name, whole ? at : valueAt(range, at / NOTCHES));
  };
  return html`<input
    type="range"
    min=${whole ? range.min : 0}
    max=${whole ? range.max : NOTCHES}
    step="1"
    aria-label=${param.label}
    aria-valuetext="${shortest(value)} ${param.unit}"
    .value=${Number.isNaN(value) ? noChange : live(String(place))}
    @input=${slid}
  />`;
}

/** Where along its slider a value lies, from 0 to 1. */
function placeOf({ min, max, log }: Range, value: number): number {
  return log ? Math.log(value / min) / Math.log(max / min) : (value - min) / (max - min);
}

/** The value at a place of the slider, with no more digits than the slider can tell apart. */
function valueAt({ min, max, log }: Range, place: number): number {
  if (place <= 0) return min;
  if (place >= 1) return max;
  if (log) return Number((min * (max / min) ** place).toPrecision(2));
  const digits = Math.max(0, Math.ceil(-Math.log10((max - min) / NOTCHES)));
  return Number((min + (max - min) * place).toFixed(Math.min(digits, 12)));
}

/** Typed text as a number where it is one; else as it is, for the session to say what is wrong. */
function typed(text: string): Value {
  const number = Number(text.replace("−", "-"));
  return text.trim() === "" || Number.isNaN(number) ? text : number;
}

/** Why a value was refused, with the name that the reader sees in place of that in addresses. */
function refusal({ name, label }: Param, message: string): string {
  return message.startsWith(`${name} `) ? label + message.slice(name.length) : message;
}

function bounds({ kind }: Param): string {
  return kind.type === "float" || kind.type === "int"
    ? `From ${shortest(kind.min)} to ${shortest(kind.max)}.`
    : "";
}

function textOf(event: Event): string {
  const { target } = event;
  const fields = [HTMLInputElement, HTMLSelectElement, HTMLTextAreaElement];
  for (const field of fields) if (target instanceof field) return target.value;
  return "";
}

function checkedOf(event: Event): boolean {
  return event.target instanceof HTMLInputElement && event.target.checked;
}
