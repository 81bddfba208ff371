// What every test stands on: the built page on two origins, and a console that stays empty.
import { test as base, expect, type Locator, type Page } from "@playwright/test";
import type { AddressInfo } from "node:net";
import { resolve } from "node:path";
import type { Catalog, Entry, Param } from "../../www/protocol";
import { serve } from "./serve.mjs";

/** The browser. */
export const CHROMIUM = process.env["CHROMIUM"] ?? "/usr/bin/chromium";
/** How it is started, but for WebGPU. */
export const FLAGS = [
  "--no-sandbox",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** The folder with the page, built for release. */
export const DIST = resolve(process.env["ORRERY_DIST"] ?? "dist");

/** Where the page is served. */
export interface Site {
  /** With a final slash. */
  home: string;
  /** The same on another origin. */
  other: string;
  catalog: Catalog;
}

interface Fixtures {
  /** What the console said; must be empty at the end unless a test takes it out. */
  said: string[];
}

/** Playwright's test, on a served page. */
export const test = base.extend<Fixtures, { site: Site }>({
  site: [
    async ({}, use) => {
      const servers = [await serve(DIST), await serve(DIST)];
      const [home = "", other = ""] = servers.map(
        (server) => `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
      );
      const catalog = (await (await fetch(`${home}catalog.json`)).json()) as Catalog;
      await use({ home, other, catalog });
      for (const server of servers) server.close();
    },
    { scope: "worker" },
  ],
  said: [
    async ({ page }, use) => {
      const said: string[] = [];
      listen(page, said);
      await use(said);
      expect(said, "the console").toEqual([]);
    },
    { auto: true },
  ],
});
export { expect };

/** Writes down what the console of `page` says. */
export function listen(page: Page, said: string[]): void {
  page.on("console", (message) => {
    // The tests do without, see playwright.config.ts.
    if (message.text() === "Service Worker registration blocked by Playwright") return;
    said.push(`${message.type()}: ${message.text()}`);
  });
  page.on("pageerror", (error) => said.push(`uncaught: ${error.stack ?? error.message}`));
}

/** The exhibit whose first tab trains for long, on either device, and needs no files. */
const TRAINER = "pointer_networks";

/** An exhibit that trains; a catalog without one has nothing to test. */
export function trainer({ catalog }: Site): Entry {
  const entry = catalog.exhibits.find(({ meta }) => meta.id === TRAINER);
  if (entry === undefined) throw new Error(`the catalog has no ${TRAINER}`);
  return entry;
}

/** The first parameter that is `wanted` of those beside the first tab of `entry`. */
export function paramOf(entry: Entry, wanted: (param: Param) => boolean): Param {
  const tab = entry.params.find(({ tabs }) => tabs)?.kind.default;
  const shown = ({ tabs, on }: Param) =>
    !tabs && (on.length === 0 || on.some((name) => name === tab));
  const param = entry.params.find((param) => shown(param) && wanted(param));
  if (param === undefined) throw new Error(`${entry.meta.id} has no such parameter`);
  return param;
}

/** The first such parameter that is a float, with its range. */
export function floatOf(entry: Entry, wanted: (param: Param) => boolean = () => true) {
  const param = paramOf(entry, (param) => param.kind.type === "float" && wanted(param));
  const { kind } = param;
  if (kind.type !== "float") throw new Error("not a float");
  return { ...param, kind };
}

/** Opens an exhibit and waits for its first drawing. */
export async function open(page: Page, site: Site, entry: Entry, query = "device=cpu") {
  await page.goto(`${site.home}#/${entry.meta.id}${query === "" ? "" : `?${query}`}`);
  await expect(page.locator("orrery-figure .plot > svg").first()).toBeVisible();
}

/** The number of steps that the page says were taken. */
export async function stepsTaken(page: Page): Promise<number> {
  return Number((await page.locator(".step b").first().innerText()).replaceAll(",", ""));
}

/** The value of the metric whose label matches. */
export async function metric(page: Page, label: RegExp): Promise<number> {
  const row = page.locator(".metrics > div").filter({ hasText: label }).first();
  return Number.parseFloat((await row.locator("dd").innerText()).replace("−", "-"));
}

/** Where an element is; it may be drawn anew just while it is asked. */
export async function boxOf(locator: Locator) {
  let box = await locator.boundingBox();
  await expect.poll(async () => (box = await locator.boundingBox())).not.toBeNull();
  if (box === null) throw new Error("the element has no place on the page");
  return box;
}

/** The shapes drawn in a figure, as text: differs when anything has moved. */
export async function shapes(page: Page, figure = "orrery-figure >> nth=0"): Promise<string> {
  return page
    .locator(`${figure} >> .plot > svg`)
    .evaluate((svg) =>
      [...svg.querySelectorAll("path")].map((path) => path.getAttribute("d")).join(";"),
    );
}

/** Runs `during` and returns the longest task of the page thread meanwhile, in ms. */
export async function longestTask(page: Page, during: () => Promise<void>): Promise<Longest> {
  const browser = page.context().browser();
  if (browser === null) throw new Error("no browser to trace");
  await browser.startTracing(page, { categories: ["toplevel", "__metadata"] });
  await during();
  const trace = JSON.parse((await browser.stopTracing()).toString()) as { traceEvents: Event[] };
  const thread = (event: Event) => `${event.pid}:${event.tid}`;
  const main = new Set<string>();
  for (const event of trace.traceEvents) {
    if (event.args?.name === "CrRendererMain") main.add(thread(event));
  }
  const tasks = trace.traceEvents.filter(({ name }) => name.endsWith("RunTask"));
  const ours = tasks.filter((event) => main.has(thread(event)));
  const longest = (times: (number | undefined)[]) =>
    Math.round(Math.max(0, ...times.map((time) => (time ?? 0) / 1000)));
  return { wall: longest(ours.map(({ dur }) => dur)), cpu: longest(ours.map(({ tdur }) => tdur)) };
}

/** By the clock, which tells of the machine's other work too, and by the processor's time. */
interface Longest {
  wall: number;
  cpu: number;
}

/** An event of a trace of Chromium; times in microseconds. */
interface Event {
  name: string;
  pid: number;
  tid: number;
  dur?: number;
  tdur?: number;
  args?: { name?: string };
}
