// The parts of the page that need no browser: addresses, saved states, the queue of requests.
import { expect, test } from "@playwright/test";
import { formatAddress, parseAddress, parseSeed, plainStart, shortest } from "../../www/address";
import { queued } from "../../www/client";
import type { Catalog, Poke, Request } from "../../www/protocol";
import { readState, stateFile } from "../../www/state";

const drag = (index: number, x: number): Request => ({
  type: "poke",
  poke: { figure: "plane", mark: "points", kind: "drag", index, x, y: 0.5 },
});

test("an address that was written is read back to the same state", () => {
  const pokes: Poke[] = [
    { figure: "plane", mark: "points", kind: "drag", index: 3, x: 0.125, y: -1e-7 },
    { figure: "plane", mark: "points", kind: "add", index: 10, x: 1, y: 0 },
  ];
  const params = { rate: "0.003", model: "a & b = c?#", note: "ünï %41 +" };
  const start = { seed: 4294967295, device: "gpu" as const, params, pokes };
  const read = parseAddress(formatAddress("some_id", start));
  expect(read).toEqual({ id: "some_id", start, ignored: [] });
  expect(formatAddress("some_id", plainStart())).toBe("#/some_id");
});

test("what makes no sense in an address is named, and the rest is kept", () => {
  const hostile = [
    "seed=1e99",
    "seed=5",
    "device=",
    "poke=::::::",
    "poke=f:m:drag:0:NaN:1",
    "poke=f:m:drag:-1:0:0",
    "poke=f:m:drag:1.5:0:0",
    "poke=f:m:explode:1:0:0",
    "poke=f:m:drag:1: :0",
    `poke=${"x".repeat(10_000)}`,
    "a=1&a=2",
    "good=%",
  ];
  const { id, start, ignored } = parseAddress(`#/an_id?${hostile.join("&")}`);
  expect(id).toBe("an_id");
  expect(start).toEqual({ ...plainStart(), seed: 5, params: { a: "2", good: "%" } });
  expect(ignored).toHaveLength(11);
  expect(Math.max(...ignored.map((sentence) => sentence.length))).toBeLessThan(160);
});

test("more pokes than a run keeps are cut off, with one sentence", () => {
  const { start, ignored } = parseAddress(`#/x?${"poke=f:m:add:0:0:0&".repeat(800)}`);
  expect(start.pokes).toHaveLength(500);
  expect(ignored).toEqual(["poke: only the first 500 were kept"]);
});

test("seeds are whole numbers of 32 bits", () => {
  expect(["0", " 7", "4294967295"].map(parseSeed)).toEqual([0, 7, 4294967295]);
  expect(["", "-1", "1.5", "4294967296", "0x10", "many"].map(parseSeed)).toEqual(
    Array<null>(6).fill(null),
  );
});

test("an f32 is written with the digits it was made from", () => {
  for (const text of ["0.003", "0.1", "1e-7", "16777216", "123.456"]) {
    expect(shortest(Math.fround(Number(text)))).toBe(String(Number(text)));
  }
  expect(shortest(0.1)).toBe("0.1");
});

test("only the newest value of a parameter and the newest place of a drag wait", () => {
  const set = (value: number): Request => ({ type: "set", name: "rate", value });
  let waiting: Request[] = [];
  for (const request of [set(1), drag(0, 0.1), drag(0, 0.2), set(2), drag(0, 0.3)]) {
    waiting = queued(waiting, request);
  }
  expect(waiting).toEqual([drag(0, 0.2), set(2), drag(0, 0.3)]);
  expect(queued(waiting, drag(1, 0.3))).toHaveLength(4);
  const open: Request = { type: "open", id: "x", ...plainStart() };
  expect(queued(waiting, open)).toEqual([open]);
});

/** Two exhibits, as far as a state asks about them. */
const catalog = {
  version: "1",
  exhibits: ["one", "two"].map((id) => ({
    meta: { id },
    params: ["rate", "mask", "note"].map((name) => ({ name })),
  })),
} as unknown as Catalog;

test("a state that was saved is read back", () => {
  const poke: Poke = { figure: "plane", mark: "dots", kind: "drag", index: 3, x: 0.5, y: -1e-7 };
  const params = { rate: Math.fround(0.003), mask: false, note: 'ünï "quoted"' };
  const start = { seed: 9, device: "gpu" as const, params, pokes: [poke] };
  const metrics = [{ name: "loss", label: "Loss", value: null, unit: "%" }];
  const text = JSON.stringify(stateFile("two", start, 40, metrics));
  expect(text).toContain('"rate":0.003');
  const read = readState(text, catalog);
  if (typeof read === "string") throw new Error(read);
  expect(read.entry).toBe(catalog.exhibits[1]);
  expect(read.start).toEqual({ ...start, params: { ...params, rate: 0.003 } });
  expect(read.step).toBe(40);
  expect(readState('{"exhibit":"one"}', catalog)).toEqual({
    entry: catalog.exhibits[0],
    start: plainStart(),
    step: 0,
  });
});

test("what is wrong with a state is one sentence with the field, what came and what may", () => {
  const wrong: [unknown, ...string[]][] = [
    ["", "not JSON"],
    ['{"exhibit":', "not JSON"],
    [[], "a list", "object"],
    [{ exhibit: "three" }, "exhibit", '"three"', "one, two"],
    [{}, "exhibit", "nothing", "one, two"],
    [{ exhibit: "one", seed: "7" }, "seed", '"7"', "whole number"],
    [{ exhibit: "one", seed: -1 }, "seed", "-1", "whole number"],
    [{ exhibit: "one", device: "abacus" }, "device", '"abacus"', "auto, cpu or gpu"],
    [{ exhibit: "one", step: 1.5 }, "step", "1.5", "whole number"],
    [{ exhibit: "one", params: [] }, "params", "a list", "object"],
    [{ exhibit: "one", params: { colour: 1 } }, "params.colour", "rate, mask, note"],
    [{ exhibit: "one", params: { rate: {} } }, "params.rate", "an object", "a number"],
    [{ exhibit: "one", pokes: 3 }, "pokes", "3", "list"],
    [{ exhibit: "one", pokes: [{ figure: "plane" }] }, "pokes[0]", "figure, mark, kind"],
    [{ exhibit: "one", colour: "red" }, "colour", "exhibit, seed"],
  ];
  for (const [given, ...words] of wrong) {
    const read = readState(typeof given === "string" ? given : JSON.stringify(given), catalog);
    expect(typeof read, JSON.stringify(given)).toBe("string");
    for (const word of words) expect(read).toContain(word);
  }
});
