// Text that is being typed is the reader's: no frame that comes meanwhile may overwrite it.
import { noChange } from "lit";
import { directive, Directive, type ElementPart, type PropertyPart } from "lit/directive.js";

type Field = HTMLInputElement | HTMLTextAreaElement;

/** The fields with text that was typed and not yet handed on. */
const edited = new WeakSet<Field>();

/** `.value=${fieldText(text, kept)}` shows `text`, unless the reader is typing or `kept` says that
 * what was typed stays, to be mended. */
class FieldText extends Directive {
  render(text: string, _kept: boolean): string {
    return text;
  }

  override update(part: PropertyPart | ElementPart, [text, kept]: [string, boolean]): unknown {
    const field = fieldOf(part.element);
    if (field !== null && !kept && !edited.has(field) && field.value !== text) field.value = text;
    return noChange;
  }
}

export const fieldText = directive(FieldText);

/** On `input`: from now on the text is the reader's. */
export function typing(event: Event): void {
  const field = fieldOf(event.target);
  if (field !== null) edited.add(field);
}

/** On `change`, or when the reader gives up and `text` is shown again; true if it was a field. */
export function finished(event: Event, text?: string): boolean {
  const field = fieldOf(event.target);
  if (field === null) return false;
  edited.delete(field);
  if (text !== undefined) field.value = text;
  return true;
}

function fieldOf(target: unknown): Field | null {
  const field = target instanceof HTMLInputElement || target instanceof HTMLTextAreaElement;
  return field ? target : null;
}
