// The page lives under the content security policy that docs/embedding.md names; so does the element.
import type { Page } from "@playwright/test";
import { readFile } from "node:fs/promises";
import { POLICY } from "./serve.mjs";
import { expect, stepsTaken, test, trainer } from "./site";

test("the policy is the one that is documented, and as tight as it is said to be", async ({
  site,
}) => {
  const served = await fetch(site.home);
  expect(served.headers.get("content-security-policy")).toBe(POLICY);
  expect(POLICY).not.toMatch(/unsafe-(inline|hashes)|'unsafe-eval'|\*|https?:/);
  const told = await readFile(new URL("../../docs/embedding.md", import.meta.url), "utf8");
  for (const directive of POLICY.split("; ")) expect(told).toContain(directive);
});

test("gallery, exhibit and frame do nothing that the policy forbids", async ({ page, site }) => {
  test.setTimeout((site.catalog.exhibits.length + 1) * 120_000);
  await page.addInitScript(watch);
  await page.goto(site.home);
  await expect(page.locator(".card svg").first()).toBeVisible();
  for (const { meta } of site.catalog.exhibits) {
    await test.step(meta.id, async () => {
      await page.goto(`${site.home}#/${meta.id}?device=cpu`);
      const figures = page.locator(".figures[aria-busy=false] orrery-figure");
      await expect(figures.locator("svg, table").first()).toBeVisible();
      await expect(page.locator(".explanation .waiting")).toHaveCount(0);
      await page.getByRole("button", { name: "Step", exact: true }).click();
      await expect.poll(() => stepsTaken(page)).toBe(1);
      for (const format of ["svg", "png", "csv"]) {
        const waiting = page.waitForEvent("download");
        await page.locator(".save button", { hasText: format }).first().click();
        expect((await readFile(await (await waiting).path())).length).toBeGreaterThan(50);
      }
      expect(await violations(page)).toEqual([]);
    });
  }
  await page.goto(`${site.home}embed.html?controls=full#/${trainer(site).meta.id}?device=cpu`);
  await expect(page.locator("orrery-exhibit .plot > svg").first()).toBeVisible();
  expect(await violations(page)).toEqual([]);
});

test("the element lives under a policy that names its origin", async ({ page, site }) => {
  const origin = new URL(site.other).origin;
  const told = await readFile(new URL("../../docs/embedding.md", import.meta.url), "utf8");
  const documented = /```text\n(script-src 'self' https[^`]*)```/.exec(told)?.[1];
  const policy = documented?.replaceAll("https://example.org", origin).trim().replaceAll("\n", " ");
  expect(policy).toContain(origin);
  await page.addInitScript(watch);
  const query = new URLSearchParams({
    policy: `default-src 'none'; ${policy}`,
    from: site.other,
    exhibit: trainer(site).meta.id,
    device: "cpu",
    controls: "full",
  });
  await page.goto(`${site.home}host/element.html?${query}`);
  const element = page.locator("orrery-exhibit");
  await expect(element.locator(".plot > svg").first()).toBeAttached();
  await element.getByRole("button", { name: "Step", exact: true }).click();
  await expect(element.locator(".step b")).toHaveText("1");
  await expect(element.locator(".legend li").first()).toBeVisible();
  expect(await violations(page)).toEqual([]);
});

interface Watching {
  violations: string[];
}

/** In the page, before its own scripts: notes what the policy forbade. */
function watch(): void {
  const watching = window as unknown as Watching;
  watching.violations = [];
  document.addEventListener("securitypolicyviolation", (event) => {
    const { effectiveDirective, blockedURI, sourceFile, sample } = event;
    watching.violations.push(`${effectiveDirective}: ${blockedURI} ${sample} in ${sourceFile}`);
  });
}

function violations(page: Page): Promise<string[]> {
  return page.evaluate(() => (window as unknown as Watching).violations);
}
