// A static host as plain as they come: `node tests/e2e/serve.mjs [DIR] [PORT]`.
//
// It serves DIR at / and again at /some/sub/path/, under the policy that docs/embedding.md names, and
// lets other origins read, as static hosts do. /host/ serves tests/e2e/host, pages of somebody else's,
// under the policy that their address gives as `policy`, or under none.
import { createReadStream, existsSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { dirname, extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const SUBPATH = "/some/sub/path";
/** All that the page needs, and nothing looser; docs/embedding.md names the same. */
export const POLICY = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "style-src 'self'",
  "img-src 'self' data: blob:",
  "connect-src 'self'",
  "worker-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
].join("; ");
const TYPES = {
  ".css": "text/css",
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".json": "application/json",
  ".svg": "image/svg+xml",
  ".wasm": "application/wasm",
};

/** Starts serving `dist`; resolves to the server once it listens on `port` (0: any free one). */
export function serve(dist, port = 0) {
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? "/", "http://localhost");
    const path = decodeURIComponent(pathname);
    const foreign = path.startsWith("/host/");
    const root = foreign ? join(here, "host") : dist;
    const rest = foreign ? path.slice(5) : path.replace(new RegExp(`^${SUBPATH}(?=/)`), "");
    const file = join(root, normalize(rest.endsWith("/") ? `${rest}index.html` : rest));
    if (!file.startsWith(root) || !existsSync(file) || !statSync(file).isFile()) {
      response.writeHead(404).end();
      return;
    }
    const policy = foreign ? searchParams.get("policy") : POLICY;
    response.writeHead(200, {
      "access-control-allow-origin": "*",
      "cache-control": "no-cache",
      "content-type": TYPES[extname(file)] ?? "application/octet-stream",
      ...(policy === null ? {} : { "content-security-policy": policy }),
    });
    createReadStream(file).pipe(response);
  });
  return new Promise((resolve) => server.listen(port, "127.0.0.1", () => resolve(server)));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const server = await serve(process.argv[2] ?? "dist", Number(process.argv[3] ?? 8080));
  console.log(`http://127.0.0.1:${server.address().port}/`);
}
