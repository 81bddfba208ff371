// What surrounds an open exhibit on its page: experiments, explanation, citation, sharing.
import { html, type TemplateResult } from "lit";
import { unsafeHTML } from "lit/directives/unsafe-html.js";
import { formatAddress, type Start } from "./address";
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
  return body.innerHTML;
}

/** The explanation, from the head of the exhibit's source; null while it loads. */
export function explanation(text: string | null): TemplateResult {
  return html`<section class="explanation" aria-labelledby="explanation">
    <h2 id="explanation">How it works</h2>
    ${text === null ? html`<p class="waiting">Loading…</p>` : unsafeHTML(text)}
  </section>`;
}

/** How to cite the paper, and how to pass this state of the exhibit on. */
export function sharing(entry: Entry, start: Start): TemplateResult {
  const { id, title } = entry.meta;
  const hash = formatAddress(id, start);
  const address = new URL(hash, location.href).href;
  const frame = new URL(`embed.html${hash}`, location.href).href;
  const line = `<iframe src="${frame.replaceAll("&", "&amp;")}" title="${title}" width="100%" height="640" loading="lazy"></iframe>`;
  return html`<section class="sharing" aria-labelledby="sharing">
    <h2 id="sharing">Cite and share</h2>
    ${copyable("This state", "address", address)} ${copyable("In a page of yours", "line", line)}
    ${copyable("The paper, as BibTeX", "BibTeX", entry.meta.paper.bibtex)}
  </section>`;
}

function copyable(title: string, what: string, text: string): TemplateResult {
  const copy = async (event: Event): Promise<void> => {
    const button = event.currentTarget;
    if (!(button instanceof HTMLButtonElement)) return;
    const said = await navigator.clipboard.writeText(text).then(
      () => "Copied",
      () => "Select and copy it by hand",
    );
    button.textContent = said;
    setTimeout(() => (button.textContent = `Copy ${what}`), 2000);
  };
  return html`<h3>${title}</h3>
    <div class="copyable">
      <pre tabindex="0" role="region" aria-label=${title}>${text}</pre>
      <button class="small" aria-live="polite" @click=${copy}>Copy ${what}</button>
    </div>`;
}
