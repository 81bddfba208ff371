// Exhibits in pages of somebody else's: from a subpath, from another origin, in an iframe.
import { readFile } from "node:fs/promises";
import { expect, floatOf, paramOf, test, trainer } from "./site";

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

test("attributes and properties mirror each other, and a state is read and set", async ({
  page,
  site,
}) => {
  const entry = trainer(site);
  const param = floatOf(entry, ({ live }) => live);
  const { min, max } = param.kind;
  const attribute = `param-${param.name}`;
  const attributes = new URLSearchParams({
    from: site.home,
    exhibit: entry.meta.id,
    device: "cpu",
    controls: "full",
  });
  await page.goto(`${site.home}host/element.html?${attributes}`);
  const element = page.locator("orrery-exhibit");
  // Asked for before it has loaded.
  await page.waitForFunction(() => customElements.get("orrery-exhibit") !== undefined);
  await element.evaluate((e) => (e as unknown as Element_).step(3));
  const state = () => element.evaluate((e) => (e as unknown as Element_).state);
  await expect.poll(async () => (await state())?.step).toBe(3);

  const set = (values: Record<string, unknown>) =>
    element.evaluate((e, values) => Object.assign(e, values), values);
  await set({ params: { [param.name]: max } });
  await expect(element).toHaveAttribute(attribute, String(max));
  await expect.poll(async () => (await state())?.params[param.name]).toBe(max);
  expect((await state())?.step, "a live parameter does not begin the run again").toBe(3);
  await element.locator(".control", { hasText: param.label }).locator(".undo").click();
  await expect(element).not.toHaveAttribute(attribute);
  const field = element.getByLabel("seed");
  await field.fill("8");
  await field.press("Enter");
  await expect(element).toHaveAttribute("seed", "8");
  await set({ seed: 9 });
  await expect(element).toHaveAttribute("seed", "9");
  await expect.poll(async () => (await state())?.seed).toBe(9);

  const saved = { exhibit: entry.meta.id, seed: 4, device: "cpu", params: { [param.name]: min } };
  await set({ state: { ...saved, step: 2 } });
  await expect.poll(async () => (await state())?.step).toBe(2);
  await expect(element).toHaveAttribute("seed", "4");
  await expect(element).toHaveAttribute(attribute, String(min));
  await expect(page.locator("#log")).not.toContainText("error");
  await set({ state: { ...saved, params: { [param.name]: "plenty" } } });
  await expect(page.locator("#log")).toContainText("error");
  await expect(element.getByRole("alert")).toContainText("plenty");
  expect((await state())?.step, "the run stays as it was").toBe(2);

  await set({ params: { no_such: 1 } });
  await expect(element.getByRole("alert")).toContainText("no_such");
  await expect(element).not.toHaveAttribute("param-no_such", /./);
  await element.evaluate((e) => (e as unknown as { step(n: number): void }).step(-3));
  await expect(element.getByRole("alert").filter({ hasText: "step: -3" })).toBeVisible();
  const other = site.catalog.exhibits.find(({ meta }) => meta.id !== entry.meta.id);
  await set({ exhibit: other?.meta.id });
  await expect.poll(async () => (await state())?.exhibit).toBe(other?.meta.id);
  await expect(element, "the last exhibit's parameter").not.toHaveAttribute(attribute, /./);
  await expect(element.getByRole("alert")).toHaveCount(0);
});

test("an exhibit plays by itself, but not for a reader who wants little motion", async ({
  page,
  site,
}) => {
  const attributes = {
    from: site.home,
    exhibit: trainer(site).meta.id,
    device: "cpu",
    autoplay: "",
  };
  const address = `${site.home}host/element.html?${new URLSearchParams(attributes)}`;
  const element = page.locator("orrery-exhibit");
  const state = () => element.evaluate((e) => (e as unknown as Element_).state);
  await page.emulateMedia({ reducedMotion: "no-preference" });
  await page.goto(address);
  await expect.poll(async () => (await state())?.step ?? 0).toBeGreaterThan(0);
  await page.emulateMedia({ reducedMotion: "reduce" });
  await page.reload();
  await expect(element.locator(".plot > svg").first()).toBeAttached();
  expect(await state()).toMatchObject({ step: 0, playing: false });
  await element.getByRole("button", { name: "Play" }).click();
  await expect.poll(async () => (await state())?.step ?? 0).toBeGreaterThan(0);
});

test("a host page colours the element and reaches its parts", async ({ page, site }) => {
  const attributes = new URLSearchParams({
    from: site.home,
    exhibit: trainer(site).meta.id,
    device: "cpu",
    theme: "light",
  });
  await page.goto(`${site.home}host/element.html?${attributes}`);
  await page.addStyleTag({
    content: `body { --orrery-accent: rgb(1, 2, 3); --orrery-font: fantasy }
      orrery-exhibit::part(caption) { display: none }`,
  });
  const element = page.locator("orrery-exhibit");
  await expect(element.locator(".plot > svg").first()).toBeAttached();
  const play = element.getByRole("button", { name: "Play" });
  await expect(play).toHaveCSS("background-color", "rgb(1, 2, 3)");
  await expect(play).toHaveCSS("font-family", "fantasy");
  await expect(element.locator("figcaption").first()).toBeHidden();
  const told = await readFile(new URL("../../docs/embedding.md", import.meta.url), "utf8");
  const style = await readFile(new URL("../../www/style.css", import.meta.url), "utf8");
  const names = new Set(style.match(/--orrery-[a-z-]+/g));
  expect(names.size).toBeGreaterThan(5);
  for (const name of names) expect(told, "every property is documented").toContain(`\`${name}\``);
});

test("several on a page load everything once", async ({ page, site }) => {
  const asked: string[] = [];
  page.on("request", (request) => asked.push(new URL(request.url()).pathname));
  const attributes = new URLSearchParams({
    from: site.home,
    exhibit: trainer(site).meta.id,
    device: "cpu",
    controls: "none",
  });
  await page.goto(`${site.home}host/element.html?${attributes}`);
  await page.evaluate(() => {
    const element = document.querySelector("orrery-exhibit");
    for (let i = 0; i < 2; i++) element?.before(element.cloneNode());
  });
  const elements = page.locator("orrery-exhibit");
  await expect(elements).toHaveCount(3);
  for (const element of await elements.all()) {
    await element.scrollIntoViewIfNeeded();
    await expect(element.locator(".plot > svg").first()).toBeAttached();
  }
  const count = (name: RegExp) => asked.filter((path) => name.test(path)).length;
  expect([count(/\.wasm$/), count(/\/catalog-\w+\.json$/)]).toEqual([1, 1]);
});

test("the examples of the README and of docs/embedding.md do what they say", async ({
  page,
  site,
  said,
}) => {
  const read = (path: string) => readFile(new URL(`../../${path}`, import.meta.url), "utf8");
  const [readme, told] = [await read("README.md"), await read("docs/embedding.md")];
  const blocks = (text: string, language: string) =>
    [...text.matchAll(new RegExp(`\`\`\`${language}\\n([^]*?)\`\`\``, "g"))].map(
      ([, code]) => code,
    );
  const having = (text: string, language: string, word: string) =>
    blocks(text, language).find((code) => code?.includes(word)) ?? "";
  const element = having(readme, "html", "<orrery-exhibit");
  const driven = having(told, "html", 'id="more"');
  const script = `<script type="module">${having(readme, "js", "addEventListener")}</script>`;
  const body = [element, driven, script]
    .join("\n")
    .replaceAll("https://example.org/orrery/", site.home);
  await page.route(`${site.home}host/blank.html`, (route) =>
    route.fulfill({ contentType: "text/html", body: `<link rel="icon" href="data:,">${body}` }),
  );
  await page.goto(`${site.home}host/blank.html`);
  await expect(page.locator("#loss")).toContainText(/step \d+: \d/);
  const exhibit = page.locator("orrery-exhibit");
  const params = () => exhibit.evaluate((e) => (e as unknown as State).params);
  expect((await params())["rate"]).toBeCloseTo(0.01);
  await page.locator("#more").click();
  await expect.poll(async () => (await params())["shown"]).toBe(50);
  expect(said.length, "the README's script prints").toBeGreaterThan(0);
  expect(said.filter((line) => !line.startsWith("log:"))).toEqual([]);

  const framed = having(told, "html", "<iframe") + having(told, "html", "orrery:height");
  const src = `${site.home}embed.html`;
  await page.unroute(`${site.home}host/blank.html`);
  await page.route(`${site.home}host/blank.html`, (route) =>
    route.fulfill({
      contentType: "text/html",
      body: `<link rel="icon" href="data:,">${framed
        .replace("https://example.org/orrery/embed.html", src)
        .replace('"https://example.org"', JSON.stringify(new URL(src).origin))}`,
    }),
  );
  await page.goto(`${site.home}host/blank.html`);
  said.length = 0;
  const frame = page.frameLocator("iframe");
  await expect(frame.locator(".plot > svg").first()).toBeVisible();
  await expect(frame.locator("html")).toHaveAttribute("data-theme", "dark");
  await expect.poll(() => page.locator("iframe").getAttribute("height")).not.toBe("640");
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

interface Element_ {
  state: State | null;
  step(steps: number): void;
}

interface State {
  exhibit: string;
  seed: number;
  step: number;
  params: Record<string, unknown>;
}
