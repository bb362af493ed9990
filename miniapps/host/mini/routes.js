/** Pages of a program, as it names them: `pages/loan/loan?id=7`. */

import { BridgeError } from "./errors.js";

/** @typedef {{ page: string, query: Record<string, string>, text: string }} Route  page: as in the manifest, no extension */

const QUERY_MAX = 32;

/**
 * @param {string} text  of the form that the bridge's contract calls `page-path`
 * @returns {Route}
 */
export function route(text) {
  const [path, search = ""] = text.replace(/^\//, "").split(/\?(.*)/s);
  const page = withoutExtension(path);
  const query = Object.fromEntries([...new URLSearchParams(search)].slice(0, QUERY_MAX));
  return { page, query, text: search ? `${page}?${search}` : page };
}

/** @param {string} page @param {Record<string, string>} query */
export const routeTo = (page, query) => {
  const search = new URLSearchParams(query).toString();
  return route(search ? `${page}?${search}` : page);
};

/** @param {string} path */
export const withoutExtension = (path) => path.replace(/^\.?\//, "").replace(/\.html$/, "");

/**
 * @param {Route} wanted
 * @param {string[]} pages  of the manifest
 * @throws {BridgeError} E_INVALID_PARAM when the program has no such page
 */
export function known(wanted, pages) {
  if (pages.includes(wanted.page)) return wanted;
  throw new BridgeError("E_INVALID_PARAM", { path: "/url", message: "/url: the manifest has no such page" });
}
