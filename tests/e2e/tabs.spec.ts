// Exhibits with tabs: every tab opens by the keyboard, plays and shows what it has.
import { longestTask, open, expect, stepsTaken, test } from "./site";

/** A tab may load files, and train before its first figure, on whatever machine this is. */
const TAB_MS = 60_000;

test("every tab of every exhibit opens by the keyboard, steps and plays", async ({
  page,
  site,
}) => {
  const tabbed = site.catalog.exhibits.flatMap((entry) => {
    const tabs = entry.params.find((param) => param.tabs);
    return tabs?.kind.type === "choice" ? [{ entry, name: tabs.name, kind: tabs.kind }] : [];
  });
  const count = tabbed.reduce((sum, { kind }) => sum + kind.options.length, 0);
  expect(count, "there are tabs").toBeGreaterThan(0);
  test.setTimeout(count * TAB_MS);
  for (const { entry, name, kind } of tabbed) {
    await open(page, site, entry);
    const tabs = page.getByRole("tab");
    await expect(tabs).toHaveText(kind.options);
    for (const [place, option] of kind.options.entries()) {
      await test.step(`${entry.meta.id}: ${option}`, async () => {
        const task = await longestTask(page, async () => {
          if (place === 0) await tabs.first().focus();
          else await page.keyboard.press("ArrowRight");
          await expect(tabs.nth(place)).toHaveAttribute("aria-selected", "true");
          await expect(tabs.nth(place)).toBeFocused();
          if (place > 0) await expect(page).toHaveURL(new RegExp(`[?&]${name}=`));
          const figures = page.locator(".figures[aria-busy=false] orrery-figure");
          await expect(figures.first()).toBeVisible();
          await expect(figures.locator("svg, table").first()).toBeVisible();
          // A formula has one step, which is none.
          const step = page.getByRole("button", { name: "Step", exact: true });
          if (await step.isEnabled()) {
            await step.click();
            const taken = () => stepsTaken(page);
            await expect.poll(taken).toBe(1);
            const play = page.getByRole("button", { name: "Play" });
            if (await play.isEnabled()) {
              await play.click();
              const done = page.locator(".step", { hasText: "done" });
              await expect
                .poll(async () => (await taken()) > 1 || (await done.count()) > 0)
                .toBe(true);
              const pause = page.getByRole("button", { name: "Pause" });
              if (await pause.isVisible()) await pause.click({ timeout: 5000 }).catch(() => {});
            }
          }
          await expect(page.locator("[role=alert]")).toHaveCount(0);
          await tabs.nth(place).focus();
        });
        expect(task.wall, "tasks were traced").toBeGreaterThan(0);
        console.log(
          `${entry.meta.id}, ${option}: longest task ${task.wall} ms, ${task.cpu} ms CPU`,
        );
      });
    }
  }
});
