// embed.html: one exhibit for an iframe. `embed.html?theme=dark&controls=full#/<id>?...`
import { parseAddress } from "./address";
import { findEntry } from "./catalog";
import { OrreryExhibit } from "./orrery-exhibit";
import type { Entry } from "./protocol";
import { themeOf } from "./theme";

const options = new URLSearchParams(location.search);
const exhibit = new OrreryExhibit();

function follow(): void {
  const address = parseAddress(location.hash);
  exhibit.open(address);
  const named = (entry: Entry | null) => {
    heading.textContent = entry?.meta.title ?? "An exhibit";
    document.title = `${heading.textContent} · Orrery`;
  };
  // If the catalog does not load, the exhibit says so.
  findEntry(address.id ?? "").then(named, () => named(null));
}

function paint(theme: string | null): void {
  exhibit.theme = themeOf(theme);
  document.documentElement.dataset["theme"] = exhibit.theme;
}

exhibit.controls = options.get("controls") ?? "compact";
exhibit.autoplay = options.has("autoplay");
paint(options.get("theme"));
follow();
const main = document.createElement("main");
const heading = document.createElement("h1");
heading.className = "unseen";
main.append(heading, exhibit);
document.body.append(main);

// The height is no secret, and the host may be anyone: it is told to whoever holds the frame.
new ResizeObserver(() => {
  const height = Math.ceil(document.documentElement.getBoundingClientRect().height);
  window.parent.postMessage({ type: "orrery:height", height }, "*");
}).observe(document.documentElement);

window.addEventListener("hashchange", follow);
window.addEventListener("message", (event: MessageEvent<unknown>) => {
  const { data, source } = event;
  if (source !== window.parent || typeof data !== "object" || data === null) return;
  if ("type" in data && data.type === "orrery:theme" && "theme" in data) paint(String(data.theme));
});
