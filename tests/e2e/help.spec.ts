// Help for people: the keyboard, the hint of a first visit, tooltips, and figures that hold still.
import type { Page } from "@playwright/test";
import { expect, open, stepsTaken, test, trainer } from "./site";

/** What may move while a run plays, as browsers measure it: a share of the window. */
const MOST_SHIFT = 0.01;
/** So many steps, or all there are, are played. */
const STEPS = 25;

test("single keys play, step and reset, but not into a field, and can be switched off", async ({
  page,
  site,
}) => {
  await open(page, site, trainer(site));
  const playing = page.getByRole("button", { name: "Pause" });
  await page.keyboard.press("k");
  await expect(playing).toBeVisible();
  await page.keyboard.press(" ");
  await expect(playing).toBeHidden();
  await page.keyboard.press("r");
  await expect.poll(() => stepsTaken(page)).toBe(0);
  await page.keyboard.press("s");
  await expect.poll(() => stepsTaken(page)).toBe(1);
  const pace = page.getByLabel("speed");
  const before = await pace.inputValue();
  await page.keyboard.press("[");
  await expect(pace).not.toHaveValue(before);

  await page.getByLabel("seed").pressSequentially("ks?");
  await expect(page.getByLabel("seed")).toHaveValue(/ks\?/);
  await expect(page.getByRole("dialog")).toBeHidden();
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "Play" }).focus();
  await page.keyboard.press("Control+k");
  expect(await stepsTaken(page)).toBe(1);

  await page.keyboard.press("?");
  const map = page.getByRole("dialog", { name: "What the keyboard does" });
  await expect(map).toBeVisible();
  await page.keyboard.press("s");
  await map.getByLabel("these single keys are on").uncheck();
  await page.keyboard.press("Escape");
  await expect(map).toBeHidden();
  await page.getByRole("heading", { level: 1 }).focus();
  for (const key of ["s", "k", "?"]) await page.keyboard.press(key);
  await expect(map).toBeHidden();
  expect(await stepsTaken(page)).toBe(1);
  await page.getByRole("button", { name: "Keys", exact: true }).click();
  await map.getByLabel("these single keys are on").check();
  await map.getByRole("button", { name: "Close" }).click();
  await page.keyboard.press("s");
  await expect.poll(() => stepsTaken(page)).toBe(2);
});

test("a first visit gets a hint until anything is done, in the page only", async ({
  page,
  site,
}) => {
  const entry = trainer(site);
  const hint = page.getByRole("note");
  await open(page, site, entry);
  await expect(hint).toContainText("Press Play");
  await page.getByRole("button", { name: "Step", exact: true }).click();
  await expect(hint).toHaveCount(0);
  await page.reload();
  await expect(page.locator("orrery-figure .plot > svg").first()).toBeVisible();
  await expect(hint).toHaveCount(0);
  await page.evaluate(() => localStorage.clear());
  await page.goto(`${site.home}embed.html#/${entry.meta.id}?device=cpu`);
  await expect(page.locator("orrery-exhibit .plot > svg").first()).toBeVisible();
  await expect(hint).toHaveCount(0);
});

test("a tooltip comes to the mouse and to the keyboard, and Escape takes it away", async ({
  page,
  site,
}) => {
  await open(page, site, trainer(site));
  const about = page.locator(".control .about").first();
  const tip = page.getByRole("tooltip");
  const doc = await about.getAttribute("data-tip");
  await about.hover();
  await expect(tip).toHaveText(doc ?? "");
  await page.mouse.move(0, 0);
  await expect(tip).toBeHidden();
  await page.locator(".control input[type=range]").first().focus();
  for (let step = 0; step < 3 && !(await tip.isVisible()); step++) await page.keyboard.press("Tab");
  await expect(tip).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(tip).toBeHidden();
});

test("nothing shifts while an exhibit plays", async ({ page, site }) => {
  test.setTimeout(site.catalog.exhibits.length * 120_000);
  for (const entry of site.catalog.exhibits) {
    await test.step(entry.meta.id, async () => {
      await open(page, site, entry);
      await page.evaluate(watchShifts);
      // By script: what moves soon after a reader's own deed is not counted.
      await press(page, ".play");
      const done = page.locator(".step", { hasText: "done" });
      await expect
        .poll(async () => (await stepsTaken(page)) >= STEPS || (await done.count()) > 0)
        .toBe(true);
      if ((await done.count()) === 0) await press(page, ".play");
      const shifts = await page.evaluate(() => (window as unknown as Watching).shifts ?? []);
      const moved = shifts.reduce((sum, { value }) => sum + value, 0);
      expect(moved, JSON.stringify(shifts, null, 1)).toBeLessThan(MOST_SHIFT);
    });
  }
});

function press(page: Page, selector: string): Promise<void> {
  return page.locator(selector).evaluate((button) => (button as HTMLElement).click());
}

interface Watching {
  shifts?: { value: number; moved: string[] }[];
}

interface Shift extends PerformanceEntry {
  value: number;
  hadRecentInput: boolean;
  sources: { node: Node | null; previousRect: DOMRect; currentRect: DOMRect }[];
}

/** In the page: notes every shift of its layout from now on. */
function watchShifts(): void {
  const watching = window as unknown as Watching;
  const watched = watching.shifts !== undefined;
  watching.shifts = [];
  if (watched) return;
  const observer = new PerformanceObserver((list) => {
    for (const shift of list.getEntries() as Shift[]) {
      const moved = shift.sources.map(({ node, previousRect: from, currentRect: to }) => {
        const element = node instanceof Element ? node : node?.parentElement;
        const name = `${element?.localName}.${element?.className}`;
        const places = `from ${from.x}, ${from.y} to ${to.x}, ${to.y}`;
        return `${name} ${places}: ${element?.textContent?.slice(0, 40)}`;
      });
      watching.shifts?.push({ value: shift.value, moved });
    }
  });
  observer.observe({ type: "layout-shift" });
}
