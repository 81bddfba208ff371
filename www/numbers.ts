// Numbers as the page prints them.

const WHOLE = new Intl.NumberFormat("en");

/** A number with as many digits as a reader can use; a dash for none. */
export function readable(value: number | null): string {
  if (value === null || Number.isNaN(value)) return "–";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  const size = Math.abs(value);
  if (Number.isInteger(value) && size < 1e6) return signed(WHOLE.format(value));
  if (size !== 0 && (size < 1e-3 || size >= 1e6)) return powered(value);
  return signed(String(Number(value.toPrecision(4))));
}

/** With its unit, if it has one. */
export function measured(value: number | null, unit: string): string {
  const text = readable(value);
  return unit === "" || text === "–" ? text : `${text}${unit === "%" ? "" : " "}${unit}`;
}

function signed(text: string): string {
  return text.replace(/^-/, "−");
}

/** As a number from 1 to 10 times a power of ten. */
function powered(value: number): string {
  const [digits = "", power = "0"] = value.toExponential(2).split("e");
  return `${signed(digits)}\u2009×\u2009${tenTo(Number(power))}`;
}

/** A power of ten, as print sets it. */
export function tenTo(power: number): string {
  return `10${[...String(power)].map((sign) => RAISED[sign] ?? "").join("")}`;
}

const RAISED: Record<string, string> = Object.fromEntries(
  [..."-0123456789"].map((sign, at) => [sign, [..."⁻⁰¹²³⁴⁵⁶⁷⁸⁹"][at] ?? ""]),
);
