/**
 * The shell without a line, and programs from what this device keeps. This is the only service worker there is; programs'
 * hosts have none (docs/decisions/0053).
 *
 * - It keeps the files of one version of the shell, those that `/` names under `/v-<version>/`, and answers for no other
 *   version: two never mix. What is on screen is always the city's newest where there is a line. A worker of a new version
 *   waits until no page of the old one is left, then throws away what the old one kept.
 * - `/run/<app id>/kept/<package>/<page>` is a page of a program, put together from the package that this device keeps,
 *   after it was verified again: developer, city, log, every file. A package is verified once while this worker lives.
 * - Everything else goes the way it goes without a worker. No answer to a question of a person comes by here, and nothing
 *   but the shell's own files is kept.
 *
 * `api/web/shell.py` puts `SHELL` before this text, and the version into the addresses of what it imports.
 */

import { PERMISSIONS_POLICY, Package, composed, player } from "./mini/compose.js";
import { keptPackage } from "./mini/trust.js";

/* global SHELL */
const CACHE = `shell-${SHELL.version}`;
const FOLDER = `/v-${SHELL.version}/`;
const PAGE = `${FOLDER}index.html`;
/** A line that gives nothing for so long is as good as none. */
const PATIENCE_MS = 4000;
const KEPT = /^\/run\/([a-z0-9.-]{1,128})\/kept\/([0-9a-f]{64})\/(.+)$/;
/** The host's own scripts of a composed page, in their order. */
const HOSTS = ["mini/preload.js", "mini/own-files.js"];
const PROGRAMS_MAX = 3;

const worker = /** @type {any} */ (globalThis);

/** Verified packages and their composed pages; who was asked for last is last. @type {Map<string, { all: Promise<Package>, pages: Map<string, Promise<{ html: string, policy: string }>> }>} */
const programs = new Map();

worker.addEventListener("install", (event) => event.waitUntil(install()));
worker.addEventListener("activate", (event) => event.waitUntil(begin()));

/** A page of our version that is the only one open: nobody needs the old one. */
worker.addEventListener("message", (event) => {
  if (event.data?.newest === SHELL.version) event.waitUntil(takeOver());
});

worker.addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (origin !== location.origin || request.method !== "GET") return;
  const [, appId, sha256, path] = KEPT.exec(pathname) ?? [];
  if (appId) event.respondWith(keptPage(appId, sha256, path));
  else if (pathname.startsWith(FOLDER)) event.respondWith(file(request));
  else if (request.mode === "navigate" && SHELL.pages.includes(pathname)) event.respondWith(page(event));
});

async function install() {
  const cache = await caches.open(CACHE);
  await cache.addAll(SHELL.files.map((name) => FOLDER + name));
}

async function begin() {
  const old = (await caches.keys()).filter((name) => name.startsWith("shell-") && name !== CACHE);
  await Promise.all(old.map((name) => caches.delete(name)));
  await worker.registration.navigationPreload?.enable();
  await worker.clients.claim();
}

async function takeOver() {
  const open = await worker.clients.matchAll({ type: "window", includeUncontrolled: true });
  if (open.filter(({ frameType }) => frameType === "top-level").length === 1) await worker.skipWaiting();
}

const fromCache = async (address) => (await caches.open(CACHE)).match(address, { ignoreVary: true });

const file = async (request) => (await fromCache(request.url)) ?? fetch(request);

/** The city's, if it answers; else what we keep. */
async function page(event) {
  const asked = event.preloadResponse.then((early) => early ?? fetch(event.request));
  const late = new Promise((resolve) => setTimeout(resolve, PATIENCE_MS, null));
  const answer = await Promise.race([asked, late]).catch(() => null);
  if (answer && answer.status < 500) return answer;
  return (await fromCache(PAGE)) ?? asked;
}

async function keptPage(appId, sha256, path) {
  try {
    const { html, policy, reach } = await pageOf(appId, sha256, decodeURIComponent(path));
    return document(html, 200, policy, reach);
  } catch (error) {
    // The shell's script reads it there: a frame tells no status.
    const code = /^[A-Z_]+$/.test(error?.code ?? "") ? error.code : "UNTRUSTED";
    return document(`<!doctype html><html><head><meta name="refused" content="${code}"><title></title></head></html>`, 403);
  }
}

async function pageOf(appId, sha256, path) {
  const { all, pages } = program(`${appId} ${sha256}`, () => opened(appId, sha256));
  if (!pages.has(path)) pages.set(path, composedFor(await all, path));
  return pages.get(path);
}

/** What was refused is not remembered. */
function program(key, open) {
  const one = programs.get(key) ?? { all: open(), pages: new Map() };
  programs.delete(key);
  programs.set(key, one);
  one.all.catch(() => programs.delete(key));
  if (programs.size > PROGRAMS_MAX) programs.delete(programs.keys().next().value);
  return one;
}

async function opened(appId, sha256) {
  const { files, profile } = await keptPackage(appId, sha256);
  return new Package(files, profile);
}

async function composedFor(all, path) {
  const { html, policy } = await composed(all, path, await Promise.all(HOSTS.map(hostScript)));
  return { html: player(html), policy, reach: reachOf(all.profile.domains) };
}

async function hostScript(name) {
  const answer = (await fromCache(FOLDER + name)) ?? (await fetch(FOLDER + name));
  return answer.text();
}

/** As the city says of pages that come by the network (`policy.connection_allowlist`), without an origin of their own. */
const reachOf = ({ connect, img }) => `(${[...new Set([...connect, ...img])].map((one) => `"${one}"`).join(" ")})`;

const document = (html, status, policy = "default-src 'none'; frame-ancestors 'self'", reach = "()") =>
  new Response(html, {
    status,
    headers: {
      "Content-Type": "text/html; charset=utf-8",
      "Content-Security-Policy": policy,
      "Connection-Allowlist": reach,
      "Permissions-Policy": PERMISSIONS_POLICY,
      "Referrer-Policy": "no-referrer",
      "X-Content-Type-Options": "nosniff",
      "Cache-Control": "no-store",
    },
  });
