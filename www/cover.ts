// A cover: the small picture of an exhibit in the gallery, drawn when the page is built. It is good for
// both themes: a colour that differs between them is written as `light-dark(...)`.
import * as plot from "@observablehq/plot";
import { drawPlot, type PlotBody } from "./figure";
import { Palette } from "./palette";
import type { Figure } from "./protocol";

/** Room in which it is drawn; the page scales it. */
const WIDTH = 340;

/** Colours: what else differs between the themes are names that the chart library counts up. */
const PAINTS = ["fill", "stroke"];

/** Draws a figure whose body is `body`, as text; `id` keeps its names apart from those of others. */
export function drawCover(id: string, figure: Figure, body: PlotBody): string {
  const palette = new Palette();
  palette.learn([figure]);
  const [light, dark] = [false, true].map((dark) => {
    const look = { width: WIDTH, dark, full: false, plain: true, palette };
    return drawPlot(plot, body, look).svg;
  });
  if (light === undefined || dark === undefined) throw new Error("nothing was drawn");
  blend(light, dark);
  // Styles would need a looser policy than the page has; what they say is in page.css.
  for (const element of [light, ...light.querySelectorAll("*")]) {
    if (element.localName === "style") element.remove();
    for (const name of ["style", "class", "aria-label", "aria-description"]) {
      element.removeAttribute(name);
    }
  }
  light.setAttribute(
    "viewBox",
    `0 0 ${light.getAttribute("width")} ${light.getAttribute("height")}`,
  );
  light.removeAttribute("width");
  light.removeAttribute("height");
  light.setAttribute("aria-hidden", "true");
  return light.outerHTML.replaceAll(/(\d\.\d\d)\d+/g, "$1").replaceAll("plot-clip", `${id}-clip`);
}

/** Has `light` carry the colours of both. */
function blend(light: Element, dark: Element): void {
  for (const name of PAINTS) {
    const [value, other] = [light.getAttribute(name), dark.getAttribute(name)];
    if (value !== other) light.setAttribute(name, `light-dark(${value}, ${other})`);
  }
  [...light.children].forEach((child, at) => {
    const twin = dark.children[at];
    if (twin !== undefined) blend(child, twin);
  });
}
