// What surrounds an open exhibit on its page: its head and its explanation.
import { html, type TemplateResult } from "lit";
import { unsafeHTML } from "lit/directives/unsafe-html.js";
import type { Entry } from "./protocol";

/** The head of an exhibit's page. */
export function heading({ meta }: Entry): TemplateResult {
  const { paper } = meta;
  return html`<header class="heading">
    <p class="kicker">${meta.family}</p>
    <h1 tabindex="-1">${meta.title}</h1>
    <p class="source">
      <a href=${paper.url}>${paper.title}</a>, ${paper.authors}. ${paper.venue} ${paper.year}.
    </p>
    <p class="lead">${meta.hook}</p>
  </header>`;
}

/** `text`, a piece of HTML, with what may be wider than the page in boxes that scroll. */
export function scrollable(text: string): string {
  const { body } = new DOMParser().parseFromString(text, "text/html");
  for (const wide of body.querySelectorAll("math[display=block], table")) {
    const box = document.createElement("div");
    box.className = "scroll";
    box.tabIndex = 0;
    box.setAttribute("role", "group");
    box.setAttribute("aria-label", wide.localName === "math" ? "Formula" : "Table");
    wide.replaceWith(box);
    box.append(wide);
  }
  for (const math of body.querySelectorAll("math:not([display=block])")) keepTogether(math);
  return body.innerHTML;
}

/** No line begins with the comma behind a formula. */
function keepTogether(math: Element): void {
  const rest = math.nextSibling;
  const mark = rest instanceof Text ? (/^[,.;:!?)]+/.exec(rest.data)?.[0] ?? "") : "";
  if (!(rest instanceof Text) || mark === "") return;
  const both = document.createElement("span");
  both.className = "together";
  math.replaceWith(both);
  rest.data = rest.data.slice(mark.length);
  both.append(math, mark);
}

/** The explanation, from the head of the exhibit's source; null while it loads. */
export function explanation(text: string | null): TemplateResult {
  return html`<section class="explanation" aria-labelledby="explanation">
    <h2 id="explanation">How it works</h2>
    ${text === null ? html`<p class="waiting">Loading…</p>` : unsafeHTML(text)}
  </section>`;
}
