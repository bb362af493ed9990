
/** @typedef {{ path: string, problem: string }} Fault  path: a JSON pointer */

/** @param {string} problem @returns {Fault} */
const fault = (problem) => ({ path: "", problem });

/** @param {string | number} name @param {Fault} inner @returns {Fault} */
const under = (name, { path, problem }) => ({ path: `/${name}${path}`, problem });

const HALF = /\p{Surrogate}/u;

/** Has a half of a pair alone. Most texts are short and have no pair: there a loop is much faster than the pattern. @param {string} text */
function half(text) {
  if (text.length > 64) return HALF.test(text);
  for (let i = 0; i < text.length; i += 1) if ((text.charCodeAt(i) & 0xf800) === 0xd800) return HALF.test(text);
  return false;
}

/** A key as a part of a pointer; one that would drown a reader is not repeated. @param {string} key */
const token = (key) =>
  key.length > 64 || half(key) ? "…" : key.replaceAll("~", "~0").replaceAll("/", "~1");

/** @param {unknown} value */
const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);

/** @param {string} key @returns {Fault | null} */
const badKey = (key) => (key === "__proto__" || half(key) ? under(token(key), fault("is no key")) : null);

/** The value that is being checked is known to be JSON: what of it may be any JSON is not looked at again. */
let walked = false;

/** Any JSON. @param {any} value @param {number} depth @returns {Fault | null} */
function json(value, depth = 0) {
  if (walked || value === null || typeof value === "boolean") return null;
  if (typeof value === "string") return half(value) ? fault("is not well-formed text") : null;
  if (typeof value === "number") return Number.isFinite(value) ? null : fault("is not JSON");
  if (typeof value !== "object") return fault("is not JSON");
  if (depth === DEPTH) return fault("is nested too deep");
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i += 1) {
      const inner = json(value[i], depth + 1);
      if (inner) return under(i, inner);
    }
    return null;
  }
  for (const key in value) {
    const bad = badKey(key);
    if (bad) return bad;
    const inner = value[key] === undefined ? null : json(value[key], depth + 1);
    if (inner) return under(token(key), inner);
  }
  return null;
}
