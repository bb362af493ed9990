/** Words in the reader's language. A test holds the two tables to the same keys, and every key to a use. */

import en from "./locales/en.js";
import zh from "./locales/zh-CN.js";
import { prefs } from "./prefs.js";

/** @typedef {string | { one: string, other: string }} Words */
/** @type {Record<string, Record<string, Words>>} */
const TABLES = { "zh-CN": zh, en };

/**
 * @param {string} key
 * @param {Record<string, string | number>} [values]  for {name} in the words; `n` also chooses the plural
 */
export function t(key, values = {}) {
  const words = TABLES[prefs().locale][key];
  if (words === undefined) throw new Error(`no words for ${key}`);
  const text = typeof words === "string" ? words : words[plural(Number(values.n))];
  return text.replace(/\{(\w+)\}/g, (_, name) => String(values[name]));
}

/** Words that exist only for some codes. @param {string} key @returns {boolean} */
export const has = (key) => key in TABLES[prefs().locale];

const plural = (n) => (new Intl.PluralRules(prefs().locale).select(n) === "one" ? "one" : "other");
