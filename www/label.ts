// Names as print sets them: what stands after an underscore is lowered.
import { html, type TemplateResult } from "lit";

/** `σ_p of noise` with a lowered p. */
export function set(label: string): TemplateResult {
  const parts = label.split(/(?<=[A-Za-z\u0370-\u03ff])_([A-Za-z0-9])(?![A-Za-z0-9])/);
  return html`${parts.map((part, at) => (at % 2 === 1 ? html`<sub>${part}</sub>` : part))}`;
}
