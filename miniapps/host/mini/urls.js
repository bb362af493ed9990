/**
 * Addresses that come from a program. A host that opens what it is told to open runs `javascript:` in its own name
 * (CVE-2024-33905), so an address is parsed, not matched, and only `https:` passes.
 */

const LENGTH_MAX = 2048;

/**
 * @param {unknown} text
 * @returns {URL | null}  null: not an address that the host may open. Names and passwords within it are refused: they
 *   show a reader one host and lead to another
 */
export function httpsUrl(text) {
  if (typeof text !== "string" || text.length > LENGTH_MAX || !/^https:\/\//i.test(text)) return null;
  if (/[\s\u0000-\u001f\u007f\\]/.test(text)) return null;
  const url = parsed(text);
  return url && url.protocol === "https:" && url.hostname && !url.username && !url.password ? url : null;
}

/**
 * The address of a page in a program's own origin.
 * @param {{ origin: string, root: string }} release
 * @param {string} page  as `pagePath` of `routes.js` gives it
 * @param {Record<string, string>} query
 */
export function pageUrl({ origin, root }, page, query) {
  const url = new URL(`/${root}/${page}.html`, programOrigin(origin));
  url.search = new URLSearchParams(query).toString();
  return url.href;
}

/**
 * @param {string} origin  as the city says it
 * @returns {string}
 * @throws when programs would run in the city's own origin: they would be the shell
 */
export function programOrigin(origin) {
  const url = new URL(origin);
  const safe = url.protocol === "https:" || (url.protocol === "http:" && url.hostname.endsWith(".localhost"));
  if (!safe || url.origin !== origin || url.origin === globalThis.location?.origin) {
    throw new TypeError("no origin for programs");
  }
  return url.origin;
}

/**
 * A mini-program's address (W3C MiniApp Addressing): `<scheme>:` or a host by https, then `/miniapp/<id>/<page>`.
 * The host in it is not followed: programs are asked for at this city alone.
 * @param {string} text
 * @returns {{ appId: string, page?: string, query?: Record<string, string> } | null}
 */
export function miniUri(text) {
  const found = MINI_URI.exec(text);
  if (!found) return null;
  const { id, path, search } = /** @type {Record<string, string>} */ (found.groups);
  const query = Object.fromEntries([...new URLSearchParams(search ?? "")].slice(0, 32));
  return { appId: id.toLowerCase(), ...(path && { page: path }), query };
}

const MINI_URI =
  /^(?:https:\/\/[^/?#\s]+\/|[a-z][a-z0-9+.-]*:\/\/)miniapp\/(?<id>[A-Za-z0-9._~-]+)(?:;version=[A-Za-z0-9._~-]*)?(?:\/(?<path>[A-Za-z0-9._~\/-]*))?(?:\?(?<search>[^#]*))?(?:#.*)?$/;

function parsed(text) {
  try {
    return new URL(text);
  } catch {
    return null;
  }
}
