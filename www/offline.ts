// Without network: registers the service worker, and has it keep what was loaded before it was there.

/** On it the page asks its workers what they load, and they answer. */
const CHANNEL = "orrery-kept";

/** Registers the service worker of this release, once the page has what it needs itself. */
export function stayWithoutNetwork(): void {
  // Not while developing; and a browser that has none, or forbids it here, needs the network.
  if (!RELEASE || !("serviceWorker" in navigator)) return;
  const { serviceWorker } = navigator;
  if (serviceWorker.controller === null) {
    serviceWorker.addEventListener("controllerchange", keepAll, { once: true });
  }
  const register = () => {
    serviceWorker.register(new URL("./sw.js", import.meta.url)).catch(() => {});
  };
  if (document.readyState === "complete") register();
  else window.addEventListener("load", register);
}

/** In a worker: tells the page what was loaded and will be, if the page asks for it. */
export function tellPage(): void {
  const channel = new BroadcastChannel(CHANNEL);
  const tell = (urls: string[]) => channel.postMessage(urls);
  const observer = new PerformanceObserver((seen) =>
    tell(seen.getEntries().map(({ name }) => name)),
  );
  const asked = ({ data }: MessageEvent<unknown>) => {
    if (data !== null) return;
    tell([self.location.href]);
    observer.observe({ type: "resource", buffered: true });
  };
  channel.addEventListener("message", asked);
}

/**
 * A service worker has come. It hears neither what was loaded before nor what workers load that were there
 * before it; the page asks for all that again: it comes out of the browser's cache, by way of the service worker.
 */
function keepAll(): void {
  const channel = new BroadcastChannel(CHANNEL);
  channel.addEventListener("message", ({ data }: MessageEvent<unknown>) => {
    if (Array.isArray(data)) keep(data.map(String));
  });
  channel.postMessage(null);
  keep(performance.getEntriesByType("resource").map(({ name }) => name));
}

function keep(urls: string[]): void {
  for (const url of new Set(urls)) {
    if (url.startsWith(location.origin)) fetch(url).catch(() => {});
  }
}
