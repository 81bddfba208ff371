// Without network: what was visited still works, and a new release takes the place of the old one whole.
import type { Page } from "@playwright/test";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import type { AddressInfo, Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { serve } from "./serve.mjs";
import { DIST, expect, stepsTaken, test, trainer } from "./site";

test.use({ serviceWorkers: "allow" });

/** An exhibit and a tab of it that asks for weights. */
const WITH_WEIGHTS = "/pointer_networks?panel=a+trained+net&device=cpu";

let dist: string;
let server: Server & { closeAllConnections(): void };
let home: string;

// Addresses under a subpath: the worker must not reach for more than its own folder.
test.beforeEach(async () => {
  dist = mkdtempSync(join(tmpdir(), "orrery-release-"));
  cpSync(DIST, dist, { recursive: true });
  server = await serve(dist);
  home = `http://127.0.0.1:${(server.address() as AddressInfo).port}/some/sub/path/`;
});

test.afterEach(() => {
  cutOff();
  rmSync(dist, { recursive: true });
});

/** Takes the network away. */
function cutOff(): void {
  server.close();
  server.closeAllConnections();
}

/** The names of the files that were kept, but for the shell. */
async function kept(page: Page): Promise<string[]> {
  return page.evaluate(async () => {
    const cache = await caches.open("orrery-kept");
    return (await cache.keys()).map(({ url }) => url.replace(/^.*\//, "")).sort();
  });
}

async function ready(page: Page): Promise<void> {
  await page.evaluate(async () => {
    await navigator.serviceWorker.ready;
    if (navigator.serviceWorker.controller === null) {
      await new Promise((done) =>
        navigator.serviceWorker.addEventListener("controllerchange", done, { once: true }),
      );
    }
  });
}

test("a visited exhibit plays without network, and the gallery shows all", async ({
  page,
  site,
  said,
}) => {
  await page.goto(`${home}#${WITH_WEIGHTS}`);
  await expect(page.locator("orrery-figure .plot > svg").first()).toBeVisible();
  await ready(page);
  for (const wanted of [/^orrery_bg-.*\.wasm$/, /^worker-/, /^src-/, /\.safetensors$/]) {
    await expect.poll(async () => (await kept(page)).filter((n) => wanted.test(n))).toHaveLength(1);
  }
  cutOff();
  await page.reload();
  await expect(page.locator("orrery-figure .plot > svg").first()).toBeVisible();
  await page.getByRole("button", { name: "Step", exact: true }).click();
  await expect.poll(() => stepsTaken(page)).toBeGreaterThan(0);
  await page.goto(`${home}#/`);
  await expect(page.locator(".cover svg")).toHaveCount(site.catalog.exhibits.length);
  await page.goto(`${home}embed.html#/${trainer(site).meta.id}?device=cpu`);
  await expect(page.locator("orrery-exhibit .plot > svg").first()).toBeVisible();
  // The browser says of each file that it could not be had; the page must not.
  expect(said.filter((line) => !line.includes("net::ERR_"))).toEqual([]);
  said.length = 0;
});

test("the first visit puts away the gallery and no exhibit", async ({ page }) => {
  await page.goto(home);
  await ready(page);
  await expect(page.locator(".cover svg").first()).toBeVisible();
  const all = await page.evaluate(async () => {
    const names = await caches.keys();
    const found = await Promise.all(names.map(async (n) => (await caches.open(n)).keys()));
    return found.flat().map(({ url }) => url.replace(/[?].*$/, "").replace(/^.*\//, ""));
  });
  expect(all.some((name) => name === "index.html")).toBe(true);
  expect(all.filter((name) => /\.wasm$|^worker-|^src-|\.safetensors$/.test(name))).toEqual([]);
});

test("a new release takes over whole, and what it does not have is dropped", async ({
  page,
  context,
  said,
}) => {
  await page.goto(`${home}#${WITH_WEIGHTS}`);
  await expect(page.locator("orrery-figure .plot > svg").first()).toBeVisible();
  await ready(page);
  await expect.poll(async () => (await kept(page)).length).toBeGreaterThan(3);
  const before = await kept(page);
  const old = release();

  const asked: string[] = [];
  page.on("request", (request) => asked.push(request.url()));
  await page.reload();
  await expect(page.locator("orrery-figure .plot > svg").first()).toBeVisible();
  const main = old.find((name) => name.startsWith("main-")) ?? "";
  expect(asked.some((url) => url.endsWith(renamed(main)))).toBe(true);
  expect(
    asked.filter((url) => old.some((name) => url.endsWith(name))),
    "nothing of the old release",
  ).toEqual([]);

  // It waits for the old pages to go; then the next one is its own.
  const waiting = () =>
    page.evaluate(async () => (await navigator.serviceWorker.getRegistration())?.waiting !== null);
  await expect.poll(waiting).toBe(true);
  const next = await context.newPage();
  await page.close();
  const worker = before.find((name) => name.startsWith("worker-")) ?? "";
  const lingers = async () => {
    // That a page is gone is noticed a moment later; one that comes before that holds on to the old release.
    await next.goto("about:blank");
    await next.waitForTimeout(200);
    await next.goto(`${home}#${WITH_WEIGHTS}`);
    await ready(next);
    return (await kept(next)).includes(worker);
  };
  await expect.poll(lingers).toBe(false);
  expect(await kept(next)).toContain(renamed(worker));
  expect(await kept(next), "what has not changed is kept").toContain(
    before.find((name) => name.endsWith(".wasm")),
  );
  cutOff();
  await next.reload();
  await expect(next.locator("orrery-figure .plot > svg").first()).toBeVisible();
  said.length = 0;
});

/** The name of a script in the other release. */
function renamed(name: string): string {
  return name.replace(/(?<=-[0-9A-Z]{7})[0-9A-Z](?=\.js$)/, (last) => (last === "A" ? "B" : "A"));
}

/** Puts another release in the place of the one that is served: its scripts differ. Returns the old names. */
function release(): string[] {
  const names = readdirSync(dist);
  const changed = names.filter((name) => /-[0-9A-Z]{8}\.js$/.test(name));
  for (const name of names.filter((name) => /\.(js|html)$/.test(name))) {
    let text = readFileSync(join(dist, name), "utf8");
    for (const old of changed) text = text.replaceAll(old, renamed(old));
    // What the release says of the content of its pages.
    if (name === "sw.js") text = text.replaceAll(/(?<=")[0-9a-f]{64}(?=")/g, "0".repeat(64));
    if (changed.includes(name)) rmSync(join(dist, name));
    writeFileSync(join(dist, changed.includes(name) ? renamed(name) : name), text);
  }
  return changed;
}
