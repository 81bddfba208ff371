// The service worker: what a reader has visited works without network, and no two releases are mixed.
//
// - A page is fetched from the network, so that a visitor who is online always gets the newest release. Without
//   network, or when it is slow, the page comes from the release that this worker was installed with, whose
//   shell (the pages, the gallery) was put away as a whole.
// - Everything else bears the hash of its content, so a kept file is never wrong: it is looked for here
//   first, and kept when it is loaded for the first time. The first visit fetches nothing that was not asked for.
// - A new release installs beside the old one, loads anew what it has changed of the files that were kept, and
//   takes over when no page of the old one is open any more: it never calls skipWaiting, so that what an open
//   page may still want is not dropped under it. Then what the new release does not have is dropped.
import { clientsClaim } from "workbox-core";
import { cleanupOutdatedCaches, matchPrecache, precache } from "workbox-precaching";
import { registerRoute, setCatchHandler } from "workbox-routing";
import { CacheFirst, NetworkOnly } from "workbox-strategies";

/** What is put away at once: the pages with a hash of their content, the rest by names with hashes. */
declare const SHELL: { url: string; revision: string | null }[];
/** Every file of the release whose name bears a hash. */
declare const FILES: string[];
declare const self: ServiceWorkerGlobalScope;

const KEPT = "orrery-kept";
/** The hash that build.mjs puts into a name. */
const HASH = /-[0-9A-Z]{8}(?=\.\w+$)/;
/** How long a page is waited for before that of this release is shown. */
const PATIENCE_S = 4;

precache(SHELL);
cleanupOutdatedCaches();
clientsClaim();

const here = (url: string) => new URL(url, self.registration.scope).href;
const kept = new CacheFirst({ cacheName: KEPT });

registerRoute(
  ({ request }) => request.mode === "navigate",
  new NetworkOnly({ networkTimeoutSeconds: PATIENCE_S }),
);
setCatchHandler(async ({ request }) => {
  if (request.mode !== "navigate") return Response.error();
  const page = new URL(request.url).pathname.endsWith("/embed.html") ? "embed.html" : "index.html";
  return (await matchPrecache(page)) ?? Response.error();
});
registerRoute(
  ({ url, sameOrigin }) => sameOrigin && HASH.test(url.pathname),
  async (options) => (await matchPrecache(options.request)) ?? kept.handle(options),
);

self.addEventListener("install", (event) => event.waitUntil(renew()));
self.addEventListener("activate", (event) => event.waitUntil(drop()));

/** Loads what this release has in place of files that were kept. */
async function renew(): Promise<void> {
  const cache = await caches.open(KEPT);
  const urls = (await cache.keys()).map(({ url }) => url);
  const had = new Set(urls.map((url) => url.replace(HASH, "")));
  const missing = FILES.map(here).filter(
    (url) => had.has(url.replace(HASH, "")) && !urls.includes(url),
  );
  await cache.addAll(missing);
}

/** Drops what this release does not have. */
async function drop(): Promise<void> {
  const cache = await caches.open(KEPT);
  const known = new Set(FILES.map(here));
  const old = (await cache.keys()).filter(({ url }) => !known.has(url));
  await Promise.all(old.map((request) => cache.delete(request)));
}
