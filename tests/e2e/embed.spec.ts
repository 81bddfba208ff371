// Exhibits in pages of somebody else's: from a subpath, from another origin, in an iframe.
import { expect, paramOf, test, trainer } from "./site";

for (const where of ["under a subpath", "on another origin"]) {
  test(`the element works in a foreign page, served ${where}`, async ({ page, site }) => {
    const from = where === "under a subpath" ? `${site.home}some/sub/path/` : site.other;
    const entry = trainer(site);
    const param = paramOf(entry, ({ kind }) => kind.type === "int");
    const value = param.kind.type === "int" ? param.kind.max - 1 : 0;
    const attributes = new URLSearchParams({
      from,
      exhibit: entry.meta.id,
      seed: "3",
      device: "cpu",
      controls: "compact",
      theme: "dark",
      [`param-${param.name}`]: String(value),
    });
    await page.goto(`${site.home}host/element.html?${attributes}`);
    const element = page.locator("orrery-exhibit");
    await expect(element.locator(".plot > svg").first()).toBeAttached();
    await expect(page.locator("#log")).toContainText("ready");
    const state = () => element.evaluate((e) => (e as unknown as { state: State }).state);
    expect(await state()).toMatchObject({ exhibit: entry.meta.id, seed: 3, step: 0 });
    expect((await state()).params[param.name]).toBe(value);

    await element.evaluate((e) => (e as unknown as { step(n: number): void }).step(2));
    await expect.poll(async () => (await state()).step).toBe(2);
    await element.evaluate((e) => (e as unknown as { play(): void }).play());
    await expect.poll(async () => (await state()).step).toBeGreaterThan(2);
    await element.evaluate((e) => (e as unknown as { pause(): void }).pause());
    await element.evaluate((e) => (e as unknown as { reset(): void }).reset());
    await expect.poll(async () => (await state()).step).toBe(0);
    const metrics = await element.evaluate((e) => (e as unknown as { metrics: unknown[] }).metrics);
    expect(metrics.length).toBeGreaterThan(0);
    await element.evaluate((e) => e.setAttribute("seed", "5"));
    await expect.poll(async () => (await state()).seed).toBe(5);
    await expect(page.locator("#log")).toContainText("frame");
  });
}

test("the element loads nothing until it is seen, and reports a bad attribute", async ({
  page,
  site,
}) => {
  const entry = trainer(site);
  const attributes = new URLSearchParams({
    from: site.home,
    exhibit: entry.meta.id,
    device: "cpu",
    seed: "many",
    below: "3000",
  });
  const workers: string[] = [];
  page.on("worker", (worker) => workers.push(worker.url()));
  await page.goto(`${site.home}host/element.html?${attributes}`);
  await page.waitForFunction(() => customElements.get("orrery-exhibit") !== undefined);
  await page.waitForTimeout(500);
  expect(workers).toEqual([]);
  const element = page.locator("orrery-exhibit");
  await element.scrollIntoViewIfNeeded();
  await expect(element.locator(".plot > svg").first()).toBeAttached();
  await expect(element.locator(".notice")).toContainText("many");
});

test("an iframe shows an exhibit, follows its address and tells its height", async ({
  page,
  site,
}) => {
  const entry = trainer(site);
  const src = `${site.other}embed.html?theme=light#/${entry.meta.id}?device=cpu&seed=4`;
  await page.goto(`${site.home}host/frame.html?${new URLSearchParams({ src })}`);
  const frame = page.frameLocator("iframe");
  await expect(frame.locator(".plot > svg").first()).toBeVisible();
  await frame.getByRole("button", { name: "Step", exact: true }).click();
  await expect(frame.locator(".step b")).toHaveText("1");
  await expect
    .poll(async () => Number(await page.locator("iframe").getAttribute("height")))
    .toBeGreaterThan(400);
});

interface State {
  exhibit: string;
  seed: number;
  step: number;
  params: Record<string, unknown>;
}
