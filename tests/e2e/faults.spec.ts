// What happens when something breaks: the page lives on and says so.
import { chromium } from "@playwright/test";
import { CHROMIUM, expect, FLAGS, listen, open, stepsTaken, test, trainer } from "./site";

test("a panic in the worker leaves a notice, and the run can begin again", async ({
  page,
  site,
  said,
}) => {
  // The worker's own script, made to fail on its first step.
  let broken = true;
  await page.route(/\/worker-[^/]*\.js$/, async (route) => {
    const response = await route.fetch();
    const fault = `self.addEventListener("message", ({ data }) => {
      if (data.type === "advance") throw new Error("unreachable");
    });`;
    await route.fulfill({ response, body: `${broken ? fault : ""}${await response.text()}` });
  });
  const entry = trainer(site);
  await open(page, site, entry);
  broken = false;
  await page.getByRole("button", { name: "Play" }).click();
  const notice = page.locator(".notice.bad");
  await expect(notice).toBeVisible();
  await expect(notice.getByRole("button", { name: "Copy report" })).toBeVisible();
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  await notice.getByRole("button", { name: "Copy report" }).click();
  await expect(notice.getByRole("status")).toHaveText("Copied");
  expect(await page.evaluate(() => navigator.clipboard.readText())).toContain("unreachable");
  await notice.getByText("What happened", { exact: true }).click();
  await expect(notice.locator("pre")).toContainText("unreachable");
  await notice.getByRole("button", { name: "Restart" }).click();
  await expect(notice).toBeHidden();
  await page.getByRole("button", { name: "Step", exact: true }).click();
  await expect.poll(() => stepsTaken(page)).toBe(1);
  said.length = 0;
});

test("a worker that cannot be loaded leaves a notice", async ({ page, site, said }) => {
  await page.route(/\/worker-[^/]*\.js$/, (route) => route.abort());
  await page.goto(`${site.home}#/${trainer(site).meta.id}`);
  await expect(page.locator(".notice.bad")).toBeVisible();
  await expect(page.locator("h1")).toHaveText(trainer(site).meta.title);
  said.length = 0;
});

test("a GPU that does not answer is not waited for", async ({ page, site }) => {
  await page.route(/\/worker-[^/]*\.js$/, async (route) => {
    const response = await route.fetch();
    const mute = `Object.getPrototypeOf(navigator.gpu).requestAdapter = () => new Promise(() => {});`;
    await route.fulfill({ response, body: `${mute}${await response.text()}` });
  });
  await open(page, site, trainer(site), "device=auto");
  await expect(page.locator(".device")).toContainText("the GPU was not ready within 200 ms");
  await page.getByRole("button", { name: "Step", exact: true }).click();
  await expect.poll(() => stepsTaken(page)).toBe(1);
});

test("without WebGPU the CPU takes over, with a notice", async ({ site }) => {
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
  const page = await browser.newPage();
  const said: string[] = [];
  listen(page, said);
  await open(page, site, trainer(site), "device=gpu");
  await expect(page.locator(".notice").first()).toContainText(/CPU/);
  await expect(page.locator(".device")).toContainText("on the CPU");
  await page.getByRole("button", { name: "Step", exact: true }).click();
  await expect.poll(() => stepsTaken(page)).toBe(1);
  expect(said).toEqual([]);
  await browser.close();
});
