// Data of several figures that are about one thing, places on a line of whole numbers, and looking back.
import { expect, open, shapes, stepsTaken, test, trainer } from "./site";

test("pointing at a datum sets off what is about the same in other figures", async ({
  page,
  site,
}) => {
  const entry = trainer(site);
  await open(page, site, entry, "panel=a trained net&net=hull: Ptr-Net&device=cpu");
  const [plane, attention] = [0, 1].map((i) => page.locator("orrery-figure").nth(i));
  if (plane === undefined || attention === undefined) throw new Error("two figures");
  await expect(page.locator(".singled")).toHaveCount(0);
  const handle = plane.locator(".handle").first();
  await handle.focus();
  const key = await handle.getAttribute("data-key");
  const column = attention.locator(`rect[data-key="${key}"]`);
  const rows = await column.count();
  expect(rows).toBeGreaterThan(2);
  await expect(attention.locator("rect.singled")).toHaveCount(rows);
  await attention.locator('rect[data-key="2"]').first().hover();
  await expect(plane.locator('.handle.singled[data-key="2"]')).toHaveCount(1);
  await expect(plane.locator(`.singled[data-key="${key}"]`)).toHaveCount(0);
});

test("a point is read in another place, which the address keeps", async ({ page, site }) => {
  const entry = trainer(site);
  await open(page, site, entry, "panel=a trained net&net=hull: Ptr-Net&device=cpu");
  const row = page.locator("orrery-figure", { hasText: "Reading order" });
  const order = () =>
    row
      .locator(".handle")
      .evaluateAll((dots) => dots.map((dot) => Number(dot.getAttribute("data-key"))));
  const before = await order();
  await row.locator(".handle").first().focus();
  await page.keyboard.press("ArrowRight");
  await expect.poll(order).toEqual([2, 1, ...before.slice(2)]);
  await expect(page).toHaveURL(/places:drag:0:2/);
  const drawn = await shapes(page);
  await page.reload();
  await expect.poll(order).toEqual([2, 1, ...before.slice(2)]);
  expect(await shapes(page)).toBe(drawn);
});

test("the answer of an earlier step is looked back at", async ({ page, site }) => {
  const entry = trainer(site);
  await open(page, site, entry, "batch=8&device=cpu");
  const untrained = await shapes(page);
  const step = page.getByRole("button", { name: "Step", exact: true });
  for (let taken = 1; taken <= 25; taken++) {
    await step.click();
    await expect.poll(() => stepsTaken(page)).toBe(taken);
  }
  await expect.poll(() => shapes(page)).not.toBe(untrained);
  const figure = page.locator("orrery-figure", { hasText: "Drag the rule" });
  const rule = figure.locator(".handle.knob");
  await rule.focus();
  await page.keyboard.press("Shift+ArrowLeft");
  await expect(page).toHaveURL(/look=\d/);
  await expect.poll(() => shapes(page)).toBe(untrained);
});
