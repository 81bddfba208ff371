import { defineConfig } from "@playwright/test";
import { fileURLToPath } from "node:url";
import { CHROMIUM, FLAGS } from "./site";

/** Models train on the CPU of whatever machine this is: nothing here may hang on being quick. */
const PATIENCE_MS = 60_000;

export default defineConfig({
  testDir: ".",
  outputDir: fileURLToPath(new URL("../../test-results", import.meta.url)),
  timeout: 3 * PATIENCE_MS,
  expect: { timeout: PATIENCE_MS },
  workers: 1,
  reporter: "list",
  use: {
    // They would answer in the place of the routes that tests put up; offline.spec.ts has one.
    serviceWorkers: "block",
    viewport: { width: 1280, height: 900 },
    launchOptions: { executablePath: CHROMIUM, args: [...FLAGS, "--enable-unsafe-webgpu"] },
    trace: "off",
  },
});
