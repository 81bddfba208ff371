// The annotated source: what runs, file by file, to be linked to by the line.
import { readFile } from "node:fs/promises";
import { expect, open, test, trainer } from "./site";

test("the source is that of the repository, loads when it is near, and is gone through by its files", async ({
  page,
  site,
}) => {
  const entry = trainer(site);
  const { id } = entry.meta;
  const loaded: string[] = [];
  page.on("request", (request) => loaded.push(new URL(request.url()).pathname));
  await open(page, site, entry);
  expect(loaded.filter((path) => path.includes("/source/"))).toEqual([]);
  await page.locator("#source").scrollIntoViewIfNeeded();
  const files = page.getByRole("navigation", { name: "Files of the source" }).getByRole("link");
  await expect(files.first()).toHaveText("mod.rs");
  await expect(page.locator("h3.path")).toContainText(`src/exhibits/${id}/mod.rs`);
  await expect(page.locator(".listing math").first()).toBeAttached();
  const heart = page.locator(".listing .line:not(.tests .line)", { hasText: "impl Exhibit for" });
  await expect(heart, "only tests are folded").toBeVisible();
  const name = (await files.nth(1).innerText()).trim();
  await files.nth(1).click();
  await expect(page.locator("h3.path")).toContainText(name);
  await expect(page.locator(".listing .line").first()).toBeVisible();

  const text = (await readFile(`src/exhibits/${id}/${name}`, "utf8")).split("\n");
  const shown = await page
    .locator(".listing .line")
    .evaluateAll((lines) => lines.map((line) => line.textContent?.trimEnd() ?? ""));
  expect(shown.length).toBeGreaterThan(10);
  for (const line of shown) {
    const [, number = "", code] = /^(\d+)(.*)$/s.exec(line) ?? [];
    expect(code, `line ${number}`).toBe((text[Number(number) - 1] ?? "").trimEnd());
  }
});

test("a link to a line opens it and leaves the run alone", async ({ page, site }) => {
  const entry = trainer(site);
  const { id } = entry.meta;
  await page.goto(`${site.home}#/${id}/source/mod.rs:60?seed=7&device=cpu`);
  await expect(page.locator("#line-60")).toHaveClass(/at/);
  await expect(page.locator("#line-60")).toBeInViewport();
  await expect(page.getByLabel("seed")).toHaveValue("7");
  await expect(page.locator("orrery-figure .plot > svg").first()).toBeAttached();
  await page.getByRole("button", { name: "Step", exact: true }).click();
  await expect(page.locator(".step b").first()).toHaveText("1");
  await page.locator("#line-61 > a").click();
  await expect(page.locator("#line-61")).toHaveClass(/at/);
  await expect(page.locator(".step b").first(), "the run goes on").toHaveText("1");
  await expect(page).toHaveURL(/source\/mod\.rs:61\?.*seed=7/);
  await page.goto(`${site.home}#/${id}/source/no_such.rs`);
  await expect(page.getByRole("alert")).toContainText('no file "no_such.rs"');
});
