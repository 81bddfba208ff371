// One colour a series, the same in every figure of an exhibit; safe for colour-blind readers.
import type { Figure, Mark } from "./protocol";

/** The series every exhibit shows in grey: the answer known to be right. */
const EXACT = "exact";
const EXACT_GREY = { light: "#77736b", dark: "#a19d94" };

/** After Okabe and Ito; darker on paper, lighter on black, at least 3:1 against either. */
const SERIES: readonly { light: string; dark: string }[] = [
  { light: "#0067a8", dark: "#5cb3ec" },
  { light: "#c44a00", dark: "#ff9152" },
  { light: "#00805a", dark: "#3ccb9b" },
  { light: "#a1468a", dark: "#e79bcb" },
  { light: "#8a6800", dark: "#e8c64e" },
  { light: "#1788ae", dark: "#8fdcf0" },
  { light: "#5a4fa3", dark: "#b9aeff" },
  { light: "#7a4a2b", dark: "#d3a88a" },
];

/** Ends of the scale for quantities, from nothing to all, as it lies on the ground. */
const SEQUENTIAL = {
  light: ["#f1ede4", "#6fa3c8", "#0b3d70"],
  dark: ["#23262d", "#35699a", "#bfe3ff"],
};
/** Ends of the scale for differences, and its middle. */
const DIVERGING = {
  light: ["#b04a12", "#f1ede4", "#155b94"],
  dark: ["#ff9a5c", "#23262d", "#6fc0f5"],
};

/** The channels and options that may bear the name of a series. */
const PAINTS = ["stroke", "fill"] as const;

/** Which series has which colour. */
export class Palette {
  readonly #names: string[] = [];

  /** Gives every series of `figures` that has none yet the next colour. */
  learn(figures: readonly Figure[]): void {
    for (const figure of figures) {
      for (const name of seriesOf(figure)) {
        if (name !== EXACT && !this.#names.includes(name)) this.#names.push(name);
      }
    }
  }

  /** The colour of a series. */
  color(name: string, dark: boolean): string {
    const theme = dark ? "dark" : "light";
    if (name === EXACT) return EXACT_GREY[theme];
    const index = Math.max(0, this.#names.indexOf(name)) % SERIES.length;
    return SERIES[index]?.[theme] ?? EXACT_GREY[theme];
  }
}

/** The distinct series of a figure, in the order in which they are drawn. */
export function seriesOf(figure: Figure): string[] {
  const names = new Set<string>();
  if (figure.body.type === "plot") {
    for (const mark of figure.body.marks) {
      for (const paint of PAINTS) for (const name of paintedNames(mark, paint)) names.add(name);
    }
  }
  return [...names];
}

const asked = new Map<string, boolean>();

/** Whether an option is the name of a series, and not a colour of its own. */
export function isSeries(paint: string): boolean {
  const known = asked.get(paint);
  if (known !== undefined) return known;
  const series = paint !== "none" && !CSS.supports("color", paint);
  asked.set(paint, series);
  return series;
}

/** The colour at `t` from 0 to 1 of a scale for quantities or for differences. */
export function ramp(
  kind: "sequential" | "diverging",
  dark: boolean,
): { at: (t: number) => string; css: string } {
  const stops = (kind === "diverging" ? DIVERGING : SEQUENTIAL)[dark ? "dark" : "light"];
  const at = (t: number): string => {
    const place = Math.min(Math.max(t, 0), 1) * (stops.length - 1);
    const below = Math.min(Math.floor(place), stops.length - 2);
    return mixed(stops[below] ?? "", stops[below + 1] ?? "", place - below);
  };
  return { at, css: `linear-gradient(to right, ${stops.join(", ")})` };
}

function paintedNames(mark: Mark, paint: (typeof PAINTS)[number]): string[] {
  const column = mark.channels[paint];
  if (Array.isArray(column)) return [...new Set(column)].filter(isSeries);
  const option = mark.options[paint];
  return typeof option === "string" && isSeries(option) ? [option] : [];
}

function mixed(from: string, to: string, t: number): string {
  const parts = [1, 3, 5].map((at) => {
    const [a, b] = [from, to].map((hex) => Number.parseInt(hex.slice(at, at + 2), 16));
    return Math.round((a ?? 0) + ((b ?? 0) - (a ?? 0)) * t);
  });
  return `rgb(${parts.join(", ")})`;
}
