// examples/embedding: each is built by its tool where that is installed, and opened with Orrery on another origin.
import type { BrowserContext, Locator } from "@playwright/test";
import { execFileSync, spawnSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { extname, join, resolve } from "node:path";
import { DIST, expect, test } from "./site";

const EXAMPLES = resolve("examples/embedding");
const COURSE = "https://course.example.net/";
const TYPES: Record<string, string> = {
  ".css": "text/css",
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".json": "application/json",
  ".wasm": "application/wasm",
};

/** Serves three places out of folders: the course, Orrery, and what the slides load. */
async function host(context: BrowserContext, course: string): Promise<void> {
  const places = [
    [`${COURSE}orrery/`, DIST],
    [COURSE, course],
    ["https://example.org/orrery/", DIST],
    ["https://cdn.jsdelivr.net/npm/reveal.js@6.0.2/", resolve("node_modules/reveal.js")],
  ] as const;
  await context.route(/^https:/, async (route) => {
    const url = route
      .request()
      .url()
      .replace(/[?#].*$/, "");
    const place = places.find(([start]) => url.startsWith(start));
    let file =
      place === undefined ? "" : join(place[1], decodeURIComponent(url.slice(place[0].length)));
    if (existsSync(file) && statSync(file).isDirectory()) file = join(file, "index.html");
    if (!existsSync(file)) return route.abort();
    return route.fulfill({
      body: readFileSync(file),
      contentType: TYPES[extname(file)] ?? "application/octet-stream",
      headers: { "access-control-allow-origin": "*" },
    });
  });
}

/** Builds a copy of an example by `command`, if there is one; the folder with what it made. */
function built(example: string, command: string, args: string[], made: string): string {
  test.skip(spawnSync(command, ["--version"]).error !== undefined, `${command} is not installed`);
  const copy = mkdtempSync(join(tmpdir(), `orrery-${example}-`));
  cpSync(join(EXAMPLES, example), copy, { recursive: true });
  execFileSync(command, args, { cwd: copy, stdio: "pipe" });
  return join(copy, made);
}

async function drawn(exhibit: Locator): Promise<void> {
  await exhibit.scrollIntoViewIfNeeded();
  await expect(exhibit.locator(".plot > svg").first()).toBeAttached();
}

test("the page that the README shows works as it stands there", async ({ page, context }) => {
  const [, html] =
    /cat > site\/index.html <<'END'\n(.*?)END\n/s.exec(readFileSync("README.md", "utf8")) ?? [];
  const folder = mkdtempSync(join(tmpdir(), "orrery-readme-"));
  writeFileSync(join(folder, "index.html"), html ?? "");
  await host(context, folder);
  await page.goto(COURSE);
  await drawn(page.locator("#hull"));
  await page.getByRole("button", { name: "Twenty points" }).click();
  await expect(page.locator("#hull")).toHaveAttribute("param-shown", "20");
  await page.getByRole("button", { name: "Train", exact: true }).click();
  await expect(page.locator("#said")).toHaveText(/step [1-9]/);
  rmSync(folder, { recursive: true });
});

test("a plain page drives the element, and its frame grows", async ({ page, context }) => {
  await host(context, EXAMPLES);
  await page.goto(`${COURSE}plain/index.html`);
  await drawn(page.locator("orrery-exhibit"));
  const said = page.locator("#said");
  await page.getByRole("button", { name: "Train", exact: true }).click();
  await expect(said).toContainText(/seed 3, step \d*[1-9]\d*, loss \d/);
  await page.locator("#pause").click();
  await page.getByRole("button", { name: "Twenty points" }).click();
  await expect(page.locator("orrery-exhibit")).toHaveAttribute("param-shown", "20");
  await page.getByRole("button", { name: "Another seed" }).click();
  await expect(said).toContainText("seed 4, step 0");
  await page.locator("iframe").scrollIntoViewIfNeeded();
  const frame = page.frameLocator("iframe");
  // A net that is shipped: its weights come from the other origin too.
  await expect(frame.locator(".plot > svg").first()).toBeVisible();
  const height = async () => Number(await page.locator("iframe").getAttribute("height"));
  await expect.poll(height).not.toBe(640);
});

test("the element loads shipped weights from another origin", async ({ page, context }) => {
  await host(context, EXAMPLES);
  await page.goto(`${COURSE}plain/index.html`);
  const exhibit = page.locator("orrery-exhibit");
  await exhibit.evaluate((element) => element.setAttribute("param-panel", "a trained net"));
  await drawn(exhibit);
  await expect(exhibit.locator(".tabs [aria-selected=true]")).toHaveText(/a trained net/i);
  await expect(exhibit.locator(".notice.bad")).toHaveCount(0);
});

test("slides show an exhibit when their turn comes", async ({ page, context }) => {
  await host(context, EXAMPLES);
  await page.goto(`${COURSE}slides/index.html`);
  const exhibit = page.locator("orrery-exhibit");
  await expect(page.locator("section.present h2")).toBeVisible();
  await expect(exhibit.locator(".plot > svg")).toHaveCount(0);
  await page.keyboard.press("ArrowRight");
  await drawn(exhibit);
  await expect(exhibit).toBeVisible();
});

for (const [example, command, args, made, file] of [
  ["mkdocs", "mkdocs", ["build", "--quiet"], "site", "index.html"],
  ["mdbook", "mdbook", ["build"], "book", "hulls.html"],
] as const) {
  test(`${example} builds a page with an exhibit`, async ({ page, context, said }) => {
    const site = built(example, command, [...args], made);
    await host(context, site);
    await page.goto(COURSE + file);
    await drawn(page.locator("orrery-exhibit"));
    rmSync(join(site, ".."), { recursive: true });
    // What the tool's own theme asks of the network and does not get.
    said.length = 0;
  });
}

test("a notebook becomes a page with an exhibit", async ({ page, context, said }) => {
  const args = ["nbconvert", "--to", "html", "--execute", "hull.ipynb"];
  const folder = built("notebook", "jupyter", args, ".");
  await host(context, folder);
  await page.goto(`${COURSE}hull.html`);
  await page.locator("iframe").scrollIntoViewIfNeeded();
  await expect(page.frameLocator("iframe").locator(".plot > svg").first()).toBeVisible();
  rmSync(folder, { recursive: true });
  said.length = 0;
});
