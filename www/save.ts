// A figure to take away: the drawing as SVG or PNG, the numbers as CSV.
import type { Column, Figure } from "./protocol";

/** Pixels of a PNG for each of the page. */
const PNG_SCALE = 3;

/** Time a busy browser gets to begin reading a file. */
const URL_LIFE_MS = 60_000;

/** What a figure can be saved as. */
export type Format = "svg" | "png" | "csv";

/** Hands `figure`, drawn as `svg` if it is a plot, to the reader as a file. */
export async function save(figure: Figure, svg: SVGSVGElement | null, as: Format): Promise<void> {
  const blob = as === "csv" ? csv(figure) : svg && (as === "svg" ? alone(svg) : await png(svg));
  if (blob) hand(blob, `${figure.id}.${as}`);
}

/** Hands `blob` to the reader as a file of that name. */
export function hand(blob: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), URL_LIFE_MS);
}

/** The drawing as a file of its own, with the ground and the ink it has on the page. */
function alone(svg: SVGSVGElement): Blob {
  const copy = svg.cloneNode(true) as SVGSVGElement;
  const { color, fontFamily } = getComputedStyle(svg);
  let ground: Element | null = svg;
  while (ground && getComputedStyle(ground).backgroundColor === "rgba(0, 0, 0, 0)") {
    ground = ground.parentElement;
  }
  for (const handle of copy.querySelectorAll("circle.handle:not([fill])")) handle.remove();
  copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  copy.style.color = color;
  copy.style.fontFamily = fontFamily;
  copy.style.whiteSpace = "pre";
  copy.style.background = ground ? getComputedStyle(ground).backgroundColor : "";
  for (const grid of copy.querySelectorAll('[aria-label$="-grid"]')) {
    grid.setAttribute("stroke-opacity", "0.15");
  }
  return new Blob([new XMLSerializer().serializeToString(copy)], { type: "image/svg+xml" });
}

async function png(svg: SVGSVGElement): Promise<Blob | null> {
  const image = new Image();
  // Unlike `decode`, this does not wait for the page to be drawn.
  const loaded = new Promise((resolve, reject) => {
    image.onload = resolve;
    image.onerror = reject;
  });
  image.src = URL.createObjectURL(alone(svg));
  await loaded;
  const canvas = document.createElement("canvas");
  canvas.width = svg.clientWidth * PNG_SCALE;
  canvas.height = svg.clientHeight * PNG_SCALE;
  canvas.getContext("2d")?.drawImage(image, 0, 0, canvas.width, canvas.height);
  URL.revokeObjectURL(image.src);
  return new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
}

/** One row a datum; the marks of a plot below each other, with the mark's number and name first. */
function csv({ body }: Figure): Blob {
  const tables: [string, Record<string, Column>][] =
    body.type === "table"
      ? [["", Object.fromEntries(body.columns.map(({ name, values }) => [name, values]))]]
      : body.marks.map(({ mark, channels }, index) => [`${index + 1} ${mark}`, channels]);
  const names = [...new Set(tables.flatMap(([, columns]) => Object.keys(columns)))];
  const plot = body.type === "plot";
  const lines = [[...(plot ? ["mark"] : []), ...names].map(quoted).join(",")];
  for (const [mark, columns] of tables) {
    const rows = Math.max(0, ...Object.values(columns).map((column) => column.length));
    for (let row = 0; row < rows; row++) {
      const cells = names.map((name) => quoted(String(columns[name]?.[row] ?? "")));
      lines.push([...(plot ? [quoted(mark)] : []), ...cells].join(","));
    }
  }
  return new Blob([`${lines.join("\n")}\n`], { type: "text/csv" });
}

function quoted(text: string): string {
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
