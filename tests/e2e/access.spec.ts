// Accessibility, by axe, in both themes and at two widths.
import axe from "axe-core";
import type { Page } from "@playwright/test";
import { expect, open, test, trainer } from "./site";

const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

for (const theme of ["light", "dark"] as const) {
  for (const width of [390, 1440]) {
    test(`axe finds nothing on any page, ${theme}, ${width} px`, async ({ page, site }) => {
      test.slow();
      await page.emulateMedia({ colorScheme: theme });
      await page.setViewportSize({ width, height: 900 });
      await page.goto(site.home);
      await expect(page.locator(".card").first()).toBeVisible();
      expect(await violations(page)).toEqual([]);
      for (const [place, entry] of site.catalog.exhibits.entries()) {
        await test.step(entry.meta.id, async () => {
          await open(page, site, entry);
          // The first time there is the hint of a first visit; then the map of the keyboard.
          if (place === 1) await page.getByRole("button", { name: "Keys", exact: true }).click();
          const about = page.locator(".control .about").first();
          if (place !== 1 && (await about.count()) > 0) await about.click();
          await expect(page.locator(".explanation .waiting")).toHaveCount(0);
          await page.locator("#source").scrollIntoViewIfNeeded();
          await expect(page.locator(".listing .line").first()).toBeAttached();
          expect(await violations(page)).toEqual([]);
          const [scrolls, fits] = await page.evaluate(() => [
            document.documentElement.scrollWidth,
            window.innerWidth,
          ]);
          expect(scrolls, "nothing sticks out sideways").toBeLessThanOrEqual(fits ?? 0);
          if (place === 1) await page.keyboard.press("Escape");
        });
      }
      const framed = `embed.html?controls=full&theme=${theme}#/${trainer(site).meta.id}?device=cpu`;
      await page.goto(site.home + framed);
      await expect(page.locator("orrery-exhibit .plot > svg").first()).toBeVisible();
      expect(await violations(page), "as a frame").toEqual([]);
    });
  }
}

async function violations(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const found = await page.evaluate(async (rules) => {
    const run = (window as unknown as { axe: typeof axe }).axe.run;
    const { violations } = await run(document, { runOnly: { type: "tag", values: rules } });
    return violations.map(({ id, nodes }) => ({ id, nodes: nodes.map(({ html }) => html) }));
  }, RULES);
  return found.map(({ id, nodes }) => `${id}: ${nodes.slice(0, 3).join(" ")}`);
}
