// The page: gallery, exhibit, address.
import { readFile } from "node:fs/promises";
import type { Response } from "@playwright/test";
import { gzipSync } from "node:zlib";
import {
  boxOf,
  expect,
  floatOf,
  longestTask,
  metric,
  open,
  paramOf,
  shapes,
  stepsTaken,
  test,
  trainer,
} from "./site";

test("the gallery shows every exhibit, finds by words, and is left by the keyboard", async ({
  page,
  site,
}) => {
  await page.goto(site.home);
  const cards = page.locator(".card");
  await expect(cards).toHaveCount(site.catalog.exhibits.length);
  const { meta } = trainer(site);
  await page.getByLabel("Search").fill(`${meta.title} ${meta.paper.year}`);
  await expect(cards.filter({ hasText: meta.title })).toHaveCount(1);
  await page.getByLabel("Search").fill("no paper has these words");
  await expect(cards).toHaveCount(0);
  await page.getByLabel("Search").fill("");
  await expect(page.locator(".cover svg")).toHaveCount(site.catalog.exhibits.length);
  const families = page.getByRole("group", { name: "Families" });
  await families.getByRole("button", { name: meta.family }).click();
  for (const card of await cards.all()) await expect(card).toContainText(meta.family);
  await families.getByRole("button", { name: "All" }).click();
  await expect(cards).toHaveCount(site.catalog.exhibits.length);
  await families.getByRole("button").last().press("Tab");
  await expect(cards.first().locator("a")).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(page.locator("orrery-view")).toBeVisible();
  await expect(page.locator("h1")).toBeFocused();
});

test("the gallery loads neither the wasm nor the charts, and both once a card is looked at", async ({
  page,
  site,
}) => {
  const loaded = new Map<string, number>();
  const weigh = async (response: Response) => {
    const name = new URL(response.url()).pathname.slice(1);
    loaded.set(name, gzipSync(await response.body()).length);
  };
  page.on("response", weigh);
  await page.goto(site.home);
  await expect(page.locator(".cover svg").first()).toBeVisible();
  await page.waitForLoadState("networkidle");
  const names = [...loaded.keys()];
  expect(names.filter((name) => /\.wasm$|^worker-|^src-/.test(name))).toEqual([]);
  const bytes = [...loaded.values()].reduce((sum, size) => sum + size, 0);
  console.log(`the gallery loads ${bytes} bytes as gzip in ${names.length} files`);
  expect(bytes).toBeGreaterThan(0);
  expect(bytes).toBeLessThan(300_000);

  page.off("response", weigh);
  const asked: string[] = [];
  page.on("request", (request) => asked.push(new URL(request.url()).pathname.slice(1)));
  await page.locator(".card a").first().focus();
  for (const big of [/^worker-/, /\.wasm$/, /^src-/]) {
    await expect.poll(() => asked.some((name) => big.test(name))).toBe(true);
  }
});

for (const device of ["cpu", "gpu", "auto"]) {
  test(`an exhibit plays, trains and keeps the page free, device ${device}`, async ({
    page,
    site,
  }) => {
    // A GPU may be one in software, and a machine busy.
    test.slow(device === "gpu");
    const entry = trainer(site);
    const started = Date.now();
    await open(page, site, entry, `device=${device}`);
    console.log(`first figure after ${Date.now() - started} ms`);
    const runsOn = await page.locator(".device").innerText();
    console.log(runsOn);
    if (device === "gpu") test.skip(!runsOn.startsWith("on the GPU"), "no adapter");
    await expect.poll(() => stepsTaken(page)).toBe(0);
    await page.getByRole("button", { name: "Step", exact: true }).click();
    await expect.poll(() => stepsTaken(page)).toBe(1);

    const play = page.getByRole("button", { name: "Play" });
    const pause = page.getByRole("button", { name: "Pause" });
    await play.click();
    // A GPU tells its loss only now and then.
    await expect.poll(() => metric(page, /loss/i)).not.toBeNaN();
    await pause.click();
    const [early, soFar] = [await metric(page, /loss/i), await stepsTaken(page)];
    const task = await longestTask(page, async () => {
      await play.click();
      await expect.poll(() => stepsTaken(page), { timeout: 120_000 }).toBeGreaterThan(soFar + 30);
      await pause.click();
    });
    console.log(
      `longest task of the page while training: ${task.wall} ms, ${task.cpu} of them CPU`,
    );
    expect(task.wall, "tasks were traced").toBeGreaterThan(0);
    expect(await metric(page, /loss/i)).toBeLessThan(early);

    await page.getByRole("button", { name: "Reset", exact: true }).click();
    await expect.poll(() => stepsTaken(page)).toBe(0);
  });
}

test("a dragged, an added and a removed point change the answer and survive a reload", async ({
  page,
  site,
}) => {
  const entry = trainer(site);
  await open(page, site, entry);
  const figure = page.locator("orrery-figure", { has: page.locator(".handle") }).first();
  const handles = figure.locator(".handle");
  const count = await handles.count();
  const before = await shapes(page);
  const from = await boxOf(handles.first());
  const frame = await boxOf(figure.locator(".plot > svg"));
  await page.mouse.move(from.x + from.width / 2, from.y + from.height / 2);
  await page.mouse.down();
  await page.mouse.move(frame.x + frame.width / 2, frame.y + frame.height / 2, { steps: 8 });
  await page.mouse.up();
  await expect.poll(() => shapes(page)).not.toBe(before);
  await expect(page).toHaveURL(/poke=[^&]*:drag:0:/);

  await figure.getByRole("button", { name: "Add a point" }).click();
  await expect(handles).toHaveCount(count + 1);
  await expect(handles.nth(count)).toBeFocused();
  const place = await handles.nth(count).getAttribute("aria-label");
  await page.keyboard.press("ArrowLeft");
  await expect(handles.nth(count)).not.toHaveAttribute("aria-label", place ?? "");
  await expect(handles.nth(count)).toBeFocused();
  await figure.locator(".plot > svg").click({
    position: { x: frame.width * 0.6, y: frame.height * 0.35 },
  });
  await expect(handles).toHaveCount(count + 2);
  await handles.nth(count + 1).focus();
  await page.keyboard.press("Delete");
  await expect(handles).toHaveCount(count + 1);
  await handles.nth(1).dblclick();
  await expect(handles).toHaveCount(count);

  await expect(page).toHaveURL(/:remove:1:/);
  const after = await shapes(page);
  const address = page.url();
  await page.reload();
  await expect(page.locator("orrery-figure .plot > svg").first()).toBeVisible();
  await expect(handles).toHaveCount(count);
  expect(await shapes(page)).toBe(after);
  expect(page.url()).toBe(address);
});

test("parameters are set, marked, refused with a reason, and reset", async ({ page, site }) => {
  const entry = trainer(site);
  await open(page, site, entry);
  const float = floatOf(entry);
  const row = page.locator(".control", { hasText: float.label }).first();
  const input = row.locator("input[type=text]");
  await input.fill(String(float.kind.max));
  await input.press("Enter");
  await expect(row).toHaveClass(/changed/);
  await expect(page).toHaveURL(new RegExp(`${float.name}=`));
  await input.fill("1e300");
  await input.press("Enter");
  await expect(row.getByRole("alert")).toContainText(float.name);
  await input.fill("plenty");
  await input.press("Enter");
  await expect(row.getByRole("alert")).toContainText("plenty");
  await expect(input, "what was refused is there to be mended").toHaveValue("plenty");
  await input.press("Escape");
  await expect(row.getByRole("alert")).toHaveCount(0);
  await expect(input).toHaveValue(String(float.kind.max));
  await row.getByRole("button", { name: /back to/ }).click();
  await expect(row).not.toHaveClass(/changed/);
  await expect(page).not.toHaveURL(new RegExp(`${float.name}=`));

  const choice = paramOf(entry, ({ kind }) => kind.type === "choice");
  if (choice.kind.type !== "choice") throw new Error("not a choice");
  const option = choice.kind.options.find((name) => name !== choice.kind.default) ?? "";
  await page
    .locator(".control", { hasText: choice.label })
    .first()
    .locator("select")
    .selectOption(option);
  await expect(page).toHaveURL(new RegExp(`${choice.name}=`));
  await page.getByRole("button", { name: "Reset all" }).click();
  await expect(page.locator(".control.changed")).toHaveCount(0);
});

test("what is being typed is not overwritten by the frames of a run that plays", async ({
  page,
  site,
}) => {
  const entry = trainer(site);
  await open(page, site, entry);
  const int = paramOf(entry, ({ kind }) => kind.type === "int");
  const input = page
    .locator(".control", { hasText: int.label })
    .first()
    .locator("input[type=text]");
  await page.getByRole("button", { name: "Play" }).click();
  await input.fill("12");
  const before = await stepsTaken(page);
  await expect.poll(() => stepsTaken(page)).toBeGreaterThan(before + 1);
  await expect(input).toHaveValue("12");
});

test("a state is saved as JSON and opened again, by its button and by dropping it", async ({
  page,
  site,
}) => {
  const entry = trainer(site);
  const { name, kind } = floatOf(entry);
  await open(page, site, entry, `${name}=${kind.max}&seed=7&device=cpu`);
  for (let step = 0; step < 2; step++) {
    await page.getByRole("button", { name: "Step", exact: true }).click();
    await expect.poll(() => stepsTaken(page)).toBe(step + 1);
  }
  const reached = await shapes(page);
  const waiting = page.waitForEvent("download");
  await page.getByRole("button", { name: "Save as JSON" }).click();
  const text = await readFile(await (await waiting).path(), "utf8");
  const state = JSON.parse(text) as Record<string, unknown>;
  expect(state).toMatchObject({ exhibit: entry.meta.id, seed: 7, device: "cpu", step: 2 });
  expect(state["params"]).toEqual({ [name]: kind.max });
  expect(state["metrics"]).not.toEqual([]);

  const file = (name: string, text: string) => ({
    name,
    mimeType: "application/json",
    buffer: Buffer.from(text),
  });
  const opener = page.getByLabel("Open a saved state");
  await page.getByRole("button", { name: "Reset", exact: true }).click();
  await expect.poll(() => stepsTaken(page)).toBe(0);
  await page.getByRole("button", { name: "Step", exact: true }).click();
  await expect.poll(() => stepsTaken(page)).toBe(1);
  const broken = JSON.stringify({ ...state, params: { [name]: "plenty" } });
  for (const [what, ...words] of [
    ["[1", "not JSON"],
    [JSON.stringify({ ...state, exhibit: "none" }), "exhibit", "none", entry.meta.id],
    [broken, name, "plenty"],
  ] as const) {
    await opener.setInputFiles(file("broken.json", what));
    const alert = page.getByRole("alert");
    for (const word of words) await expect(alert).toContainText(word);
  }
  expect(await stepsTaken(page), "the run stays as it was").toBe(1);
  await opener.setInputFiles(file("saved.json", text));
  await expect(page.locator(".notice")).toContainText("saved.json");
  await expect.poll(() => stepsTaken(page)).toBe(2);
  await expect.poll(() => shapes(page)).toBe(reached);

  await page.goto(site.home);
  await expect(page.locator(".card").first()).toBeVisible();
  await page.evaluate((text) => {
    const brought = new DataTransfer();
    brought.items.add(new File([text], "dropped.json", { type: "application/json" }));
    for (const type of ["dragover", "drop"]) {
      const event = new DragEvent(type, { dataTransfer: brought, bubbles: true, cancelable: true });
      document.body.dispatchEvent(event);
    }
  }, text);
  await expect(page.getByLabel("seed")).toHaveValue("7");
  await expect.poll(() => stepsTaken(page)).toBe(2);
  await expect(page).toHaveURL(new RegExp(`${entry.meta.id}.*${name}=`));
});

test("the code to embed a state names this site and everything that makes the state", async ({
  page,
  site,
}) => {
  const entry = trainer(site);
  const { name, kind } = floatOf(entry);
  const home = `${site.home}some/sub/path/`;
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  await page.goto(`${home}#/${entry.meta.id}?device=cpu&${name}=${kind.max}&seed=7`);
  await expect(page.locator("orrery-figure .plot > svg").first()).toBeVisible();
  const copy = async (what: string): Promise<string> => {
    await page.getByRole("button", { name: `Copy ${what}` }).click();
    await expect(page.getByRole("button", { name: "Copied" })).toBeVisible();
    await expect(page.getByRole("button", { name: "Copied" })).toBeHidden();
    return page.evaluate(() => navigator.clipboard.readText());
  };
  const frame = await copy("frame");
  expect(frame).toContain(`src="${home}embed.html#/${entry.meta.id}?`);
  expect(frame).toContain("&amp;");
  const element = await copy("element");
  expect(element).toContain(`src="${home}orrery-exhibit.js"`);
  expect(element).toContain(
    `exhibit="${entry.meta.id}" seed="7" device="cpu" param-${name}="${kind.max}"`,
  );
  expect(await copy("address")).toBe(page.url());
});

test("an experiment sets its parameters and plays", async ({ page, site }) => {
  const entry = trainer(site);
  const experiment = entry.experiments.find(({ set }) => set.length > 0);
  if (experiment === undefined) throw new Error("no experiment");
  await open(page, site, entry);
  await page.getByRole("button", { name: experiment.title, exact: true }).click();
  await expect.poll(() => stepsTaken(page)).toBeGreaterThan(0);
  for (const [name, value] of experiment.set) {
    const same = entry.params.find((param) => param.name === name)?.kind.default === value;
    if (!same) await expect(page).toHaveURL(new RegExp(`[?&]${name}=`));
  }
});

test("an address is followed, and a broken one opens at the defaults and says so", async ({
  page,
  site,
}) => {
  const entry = trainer(site);
  const { name, kind } = floatOf(entry);
  await open(page, site, entry, `${name}=${kind.max}&seed=7&device=cpu`);
  await expect(page.getByLabel("seed")).toHaveValue("7");
  await expect(page.locator(".control.changed")).toHaveCount(1);

  const broken = `${name}=NaN&colour=red&seed=-1&device=abacus&poke=a:b:drag:0:1&poke=x:y:drag:999999999:0:0`;
  await page.goto("about:blank");
  await open(page, site, entry, broken);
  const notices = page.locator(".notice");
  for (const word of [name, "colour", "seed", "device", "poke"]) {
    await expect(notices.filter({ hasText: word }).first()).toBeVisible();
  }
  await expect(page.locator(".control.changed")).toHaveCount(0);
  await page.getByRole("button", { name: "Step", exact: true }).click();
  await expect.poll(() => stepsTaken(page)).toBe(1);

  await page.goto(`${site.home}#/no_such_paper`);
  await expect(page.getByRole("alert")).toContainText('no exhibit "no_such_paper"');
  await expect(page.locator(".card").first()).toBeVisible();
});

test("a check of a claim runs beside the exhibit and can be cancelled", async ({ page, site }) => {
  const entry = trainer(site);
  await open(page, site, entry);
  const slow = entry.claims.findIndex(({ quick }) => !quick);
  const row = page.locator(".claims tbody tr").nth(Math.max(0, slow));
  await row.getByRole("button", { name: /Check this claim/ }).click();
  await expect(row.locator("progress")).toBeVisible();
  await page.getByRole("button", { name: "Step", exact: true }).click();
  await expect.poll(() => stepsTaken(page)).toBe(1);
  await row.getByRole("button", { name: "Cancel" }).click();
  await expect(row.getByRole("button", { name: /Check this claim/ })).toBeVisible();
});

test("the page explains and cites", async ({ page, site }) => {
  const entry = trainer(site);
  await open(page, site, entry);
  await expect(page.locator(".explanation math").first()).toBeVisible();
  await expect(page.locator(".sharing")).toContainText(entry.meta.paper.bibtex.slice(0, 20));
});

test("a figure is taken away as a drawing and as numbers", async ({ page, site }) => {
  await open(page, site, trainer(site));
  const figure = page.locator("orrery-figure").first();
  for (const [format, start] of [
    ["svg", "<svg"],
    ["png", "\x89PNG"],
    ["csv", "mark,"],
  ] as const) {
    const waiting = page.waitForEvent("download");
    await figure.getByRole("button", { name: `as ${format.toUpperCase()}` }).click();
    const file = await (await waiting).path();
    expect((await readFile(file, "latin1")).startsWith(start), format).toBe(true);
  }
});

test("several seeds run side by side and their lines become mean and spread", async ({
  page,
  site,
}) => {
  test.slow();
  await open(page, site, trainer(site), "device=cpu");
  const bands = page.locator('orrery-figure .plot [aria-label="area"]');
  await expect(bands).toHaveCount(0);
  const seeds = page.getByLabel("Runs side by side");
  await seeds.selectOption("3");
  for (let step = 0; step < 3; step++) {
    await page.getByRole("button", { name: "Step", exact: true }).click();
  }
  await expect(page.locator(".settings")).toContainText("mean and spread of 3 seeds");
  await expect(bands.first()).toBeVisible();
  await seeds.selectOption("1");
  await expect(bands).toHaveCount(0);
  await expect.poll(() => stepsTaken(page)).toBe(3);
});
