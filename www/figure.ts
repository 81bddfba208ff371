// A figure, drawn: every mark and channel bears the name Observable Plot gives it.
import type {
  Dimensions,
  ChannelValues,
  Markish,
  MarkOptions,
  PlotOptions,
  ScaleOptions,
} from "@observablehq/plot";
import { tenTo } from "./numbers";
import { isSeries, type Palette, ramp } from "./palette";
import type { Axis, Body, Color, Column, Mark } from "./protocol";

/** The chart library, a chunk of its own. */
export type PlotLibrary = typeof import("@observablehq/plot");
/** The body of a figure that is a plot. */
export type PlotBody = Extract<Body, { type: "plot" }>;

/** What a drawing depends on besides the figure. */
export interface Look {
  width: number;
  dark: boolean;
  full: boolean;
  /** Without axes, for a small picture. */
  plain: boolean;
  palette: Palette;
}

/** A datum the reader may poke, where it lies in the drawing. */
export interface Handle {
  mark: Mark;
  index: number;
  /** The datum's own element. */
  element: SVGElement;
  /** In pixels; null where the mark has no such place, a cell for one. */
  at: { x: number; y: number } | null;
}

/** A drawn plot. */
export interface Drawing {
  svg: SVGSVGElement;
  handles: Handle[];
  x: Ruler;
  y: Ruler;
}

/** An axis as a ruler: pixels from end to end, and data units from pixels if it has numbers. */
export interface Ruler {
  pixels: [number, number];
  invert: ((pixel: number) => number) | null;
  /** Whether what is dragged goes from whole number to whole number. */
  whole: boolean;
}

/** Height of a line of tick labels. */
const LINE_PX = 15;
/** So many names have a line each; of more some are left out. */
const MOST_LINES = 16;

/** Channels in pixels, or from 0 to 1, that Plot would take for quantities to be scaled. */
const LITERAL = ["r", "opacity", "fillOpacity", "strokeOpacity"];

type MarkMaker = (data: { length: number }, options: MarkOptions) => Markish;

let library: Promise<PlotLibrary> | null = null;

/** Loads the chart library, once. */
export function loadPlot(): Promise<PlotLibrary> {
  library ??= import("@observablehq/plot");
  return library;
}

/** Draws `body`. */
export function drawPlot(plot: PlotLibrary, body: PlotBody, look: Look): Drawing {
  const handles: Handle[] = [];
  const frame = layout(body, look);
  const options: PlotOptions = {
    ...frame,
    style: { fontFamily: "inherit", fontSize: "13px", overflow: "visible", background: "none" },
    x: axis("x", body, look, frame.width - frame.marginLeft - frame.marginRight),
    y: axis("y", body, look, frame.height - frame.marginTop - frame.marginBottom),
    color: colorScale(body.color, look.dark),
    marks: [
      // Where no axis shows how far the plane reaches, a thin frame does.
      body.x.hidden && body.y.hidden && !look.plain ? plot.frame({ strokeOpacity: 0.2 }) : null,
      ...body.marks.map((mark) => drawMark(plot, mark, look, handles)),
    ],
  };
  const drawn = plot.plot(options);
  const svg = drawn instanceof SVGSVGElement ? drawn : drawn.querySelector("svg");
  // Plot draws large dots first; hands and keys go through them in the order of the data.
  const place = ({ mark }: Handle) => body.marks.indexOf(mark);
  handles.sort((a, b) => place(a) - place(b) || a.index - b.index);
  if (svg === null) throw new Error("the chart library returned no drawing");
  // A policy may forbid styles that stand in the page; ours say the same.
  svg.querySelector(":scope > style")?.remove();
  const [x, y] = [ruler(drawn.scale("x"), body.x), ruler(drawn.scale("y"), body.y)];
  return { svg, handles, x, y };
}

/** How high a drawing of `body` will be. */
export function plotHeight(body: PlotBody, look: Look): number {
  return layout(body, look).height;
}

/** Room for the axes, and a frame of the wanted shape in the width there is. */
function layout(body: PlotBody, look: Look) {
  const [x, y] = [hides(body.x, look), hides(body.y, look)];
  const marginTop = y || body.y.label === "" ? 10 : 26;
  const marginBottom = x ? 10 : body.x.label === "" ? 24 : 40;
  const marginLeft = y ? 12 : leftRoom(body);
  const marginRight = rightRoom(body, look.width, marginLeft);
  const inner = look.width - marginLeft - marginRight;
  const shape = body.aspect ?? (look.full && look.width >= 700 ? 0.34 : 0.58);
  // A few words have a line each, however narrow the figure; numbers, which come and go, do not.
  const names = body.y.kind === "band" && !y ? namesOn("y", body) : [];
  const words = names.length <= MOST_LINES && names.every((name) => Number.isNaN(Number(name)));
  const least = words ? names.length * LINE_PX * 1.15 : 0;
  const height = Math.round(Math.max(inner * shape, least)) + marginTop + marginBottom;
  return { width: look.width, height, marginTop, marginRight, marginBottom, marginLeft };
}

function hides({ hidden }: Axis, { plain }: Look): boolean {
  return hidden || plain;
}

/** Names on a band axis need room for the longest of them. */
function leftRoom(body: PlotBody): number {
  if (body.y.kind === "linear") return 46;
  if (body.y.kind === "log") return 58;
  const longest = Math.max(2, ...namesOn("y", body).map((name) => name.length));
  return Math.min(150, 18 + longest * 7);
}

/** Words that begin at their place have room at the right end if one of them would stick out there. */
function rightRoom({ x, marks }: PlotBody, width: number, marginLeft: number): number {
  const { domain, kind } = x;
  const least = 12;
  if (domain === null || kind === "band") return least;
  const scaled = (value: number) => (kind === "log" ? Math.log(value) : value);
  const [low, high] = [scaled(domain[0]), scaled(domain[1])];
  const rooms = marks.map(({ mark, channels, options }) => {
    const { x: places, text } = channels;
    if (mark !== "text" || options["textAnchor"] !== "start" || !Array.isArray(text)) return least;
    const wide = text.map((word) => 7 * word.length + Number(options["dx"] ?? 0));
    const sticks = wide.some((room, row) => {
      const at = (scaled(Number(places?.[row])) - low) / (high - low);
      return at <= 1 && marginLeft + at * (width - least - marginLeft) + room > width;
    });
    return sticks ? Math.max(...wide) : least;
  });
  return Math.min(Math.max(...rooms), width / 4);
}

/** The scale and the axis of one direction, `length` pixels long. */
function axis(name: "x" | "y", body: PlotBody, look: Look, length: number): ScaleOptions {
  const { label, kind, domain, hidden } = body[name];
  const options: ScaleOptions = { type: kind, label: label === "" ? null : label };
  options.labelAnchor = name === "x" ? "right" : "top";
  if (kind === "band") {
    const names = namesOn(name, body);
    const room = name === "x" ? 6 + 7 * Math.max(0, ...names.map((n) => n.length)) : LINE_PX;
    Object.assign(options, { padding: 0.04, tickSize: 0 });
    if (names.length > 0) {
      options.domain = names;
      options.ticks = thinned(names, (room * names.length) / length);
    }
  } else {
    const ticks = Math.round(length / (name === "x" ? 80 : 45));
    Object.assign(options, { labelArrow: "none", ticks, grid: !hidden });
    if (kind === "log") {
      // A name such as 0.000001 is wider than the margin.
      const small = domain !== null && domain[0] < 1e-5;
      Object.assign(options, { ticks: 4, tickFormat: small ? power : ".3~r" });
    }
  }
  if (domain !== null) options.domain = domain;
  if (hides(body[name], look)) options.axis = null;
  return options;
}

/** The tick of a scale over many powers of ten; those between have no name. */
function power(tick: number): string {
  const exponent = Math.log10(tick);
  if (!Number.isInteger(exponent)) return "";
  return exponent === 0 ? "1" : tenTo(exponent);
}

/** One name in `crowding` at least, and always the last. */
function thinned(names: string[], crowding: number): string[] {
  const step = Math.max(1, Math.ceil(crowding));
  const last = names.length - 1;
  return names.filter((_, i) => i === last || (i % step === 0 && i + step <= last));
}

/** The names along a band axis, in the order in which they come. */
function namesOn(axis: "x" | "y", body: PlotBody): string[] {
  const columns = body.marks.map((mark) => mark.channels[axis]);
  return [...new Set(columns.filter((column) => Array.isArray(column)).flat())];
}

function colorScale(color: Color | null, dark: boolean): ScaleOptions {
  if (color === null || color.kind === "series") return {};
  const options: ScaleOptions = {
    type: color.kind === "diverging" ? "diverging" : "linear",
    interpolate: ramp(color.kind, dark).at,
    clamp: true,
    legend: false,
  };
  if (color.domain !== null) options.domain = color.domain;
  return options;
}

function drawMark(plot: PlotLibrary, mark: Mark, look: Look, handles: Handle[]): Markish {
  const make = makerOf(plot, mark.mark);
  if (make === null) throw new Error(`"${mark.mark}" is no mark that a figure may have`);
  const options: Record<string, unknown> = { ...mark.options, ...mark.channels };
  delete options["key"];
  for (const paint of ["stroke", "fill"]) {
    const given = options[paint];
    if (typeof given === "string" && isSeries(given)) {
      options[paint] = look.palette.color(given, look.dark);
    } else if (Array.isArray(given)) {
      // Lines are cut where the series changes, which Plot reads off `z`.
      if (mark.channels["z"] === undefined) options["z"] = given;
      options[paint] = { value: given.map((n) => paintOf(String(n), look)), scale: null };
    }
  }
  for (const literal of LITERAL) {
    const value = mark.channels[literal];
    if (value !== undefined) options[literal] = { value, scale: null };
  }
  if (mark.mark === "polygon") options["curve"] ??= "linear-closed";
  const keys = mark.channels["key"];
  if (mark.pokes.length > 0 || keys !== undefined) options["render"] = noting(mark, keys, handles);
  return make({ length: lengthOf(mark) }, options);
}

function paintOf(name: string, look: Look): string {
  return isSeries(name) ? look.palette.color(name, look.dark) : name;
}

/** Where a datum is taken hold of: a dot at its place, a rule in the middle of the frame. */
function handleAt(
  { mark }: Mark,
  x: number | null,
  y: number | null,
  { width, height, marginLeft, marginRight, marginTop, marginBottom }: Dimensions,
): Handle["at"] {
  if (mark === "dot") return x === null || y === null ? null : { x, y };
  if (mark === "ruleX" && x !== null) return { x, y: (marginTop + height - marginBottom) / 2 };
  if (mark === "ruleY" && y !== null) return { x: (marginLeft + width - marginRight) / 2, y };
  return null;
}

/** A render transform that writes down where each datum of a pokeable mark was drawn, and what it is about. */
function noting(
  mark: Mark,
  keys: Column | undefined,
  handles: Handle[],
): NonNullable<MarkOptions["render"]> {
  return (index, scales, values, dimensions, context, next) => {
    const group = next?.(index, scales, values, dimensions, context) ?? null;
    index.forEach((row, place) => {
      const element = group?.children[place];
      if (!(element instanceof SVGElement)) return;
      if (keys !== undefined) element.dataset["key"] = String(keys[row]);
      if (mark.pokes.length === 0) return;
      const [x, y] = [placeOf(values, "x", row), placeOf(values, "y", row)];
      handles.push({ mark, index: row, element, at: handleAt(mark, x, y, dimensions) });
    });
    return group;
  };
}

function placeOf(values: ChannelValues, name: "x" | "y", row: number): number | null {
  const value: unknown = values[name]?.[row];
  return typeof value === "number" ? value : null;
}

function ruler(
  scale: ReturnType<ReturnType<PlotLibrary["plot"]>["scale"]>,
  { whole }: Axis,
): Ruler {
  const [start, end] = [...(scale?.range ?? [])].map(Number);
  const pixels: [number, number] = [start ?? 0, end ?? 0];
  const invert = scale?.invert;
  return { pixels, whole, invert: invert === undefined ? null : (pixel) => Number(invert(pixel)) };
}

function lengthOf(mark: Mark): number {
  const columns: Column[] = Object.values(mark.channels);
  return columns.length === 0 ? 1 : Math.max(...columns.map((column) => column.length));
}

/** Plot's function for each mark that a figure may have. */
function makerOf(plot: PlotLibrary, name: string): MarkMaker | null {
  switch (name) {
    case "line":
    case "polygon":
      return plot.line;
    case "lineY":
      return plot.lineY;
    case "dot":
      return plot.dot;
    case "areaY":
      return plot.areaY;
    case "barX":
      return plot.barX;
    case "barY":
      return plot.barY;
    case "cell":
      return plot.cell;
    case "rect":
      return plot.rect;
    case "raster":
      return plot.raster;
    case "contour":
      return plot.contour;
    case "arrow":
      return (data, options) => plot.arrow(data, options as Parameters<typeof plot.arrow>[1]);
    case "link":
      return (data, options) => plot.link(data, options as Parameters<typeof plot.link>[1]);
    case "text":
      return plot.text;
    case "ruleX":
      return plot.ruleX;
    case "ruleY":
      return plot.ruleY;
    case "tickX":
      return plot.tickX;
    case "tickY":
      return plot.tickY;
    default:
      return null;
  }
}
