/**
 * Serves the page to this machine alone.
 *
 * @module
 */

import type { PageFiles } from "./page.ts";

/** The only address that the page is served at. */
export const HOSTNAME = "127.0.0.1";

/** Names that a browser on this machine may know the server by. */
const HOSTS = [HOSTNAME, "localhost"];

const TYPES: Readonly<Record<string, string>> = {
  html: "text/html; charset=utf-8",
  css: "text/css; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  json: "application/json",
  svg: "image/svg+xml",
  txt: "text/plain; charset=utf-8",
};

/** With these a page may share memory between threads, and nothing else may use it. */
const HEADERS = {
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-embedder-policy": "require-corp",
  "cross-origin-resource-policy": "same-origin",
  "content-security-policy": [
    "default-src 'none'",
    "script-src 'self' 'wasm-unsafe-eval'",
    "worker-src 'self' blob:",
    "style-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join("; "),
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cache-control": "no-store",
};

/** Starts a server; port 0 is any that is free. */
export function servePage(
  files: PageFiles,
  port: number,
): Deno.HttpServer<Deno.NetAddr> {
  return Deno.serve(
    { hostname: HOSTNAME, port, onListen: () => {} },
    (request) => respond(files, request),
  );
}

/** The answer to a request, which is a file or says why not. */
export function respond(files: PageFiles, request: Request): Response {
  const { pathname, hostname } = new URL(request.url);
  // A page elsewhere, whose name has been made to lead here, has another host.
  if (!HOSTS.includes(hostname)) {
    return new Response("This page is only for this machine\n", {
      status: 403,
      headers: HEADERS,
    });
  }
  if (request.method !== "GET" && request.method !== "HEAD") {
    const headers = { ...HEADERS, allow: "GET, HEAD" };
    return new Response("Only GET and HEAD are allowed\n", {
      status: 405,
      headers,
    });
  }
  const name = pathname === "/" ? "index.html" : pathname.slice(1);
  const bytes = files.get(name);
  if (!bytes) {
    return new Response("There is no such file\n", {
      status: 404,
      headers: HEADERS,
    });
  }
  const type = TYPES[name.slice(name.lastIndexOf(".") + 1)];
  return new Response(request.method === "HEAD" ? null : bytes.slice(), {
    headers: { ...HEADERS, "content-type": type },
  });
}
