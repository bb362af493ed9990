/** How large a message is, and whether it is JSON at all: what comes over a port may be a map, a cycle, or a picture. */

import { LIMITS } from "./generated/bridge.js";

const BYTES_MAX = LIMITS.messageBytes;
const DEPTH_MAX = LIMITS.depth;
const HALF = /\p{Surrogate}/u;

/**
 * @param {unknown} value
 * @returns {number} its bytes in UTF-8, escapes not counted; more than a message may have when it is too large (then
 *   not all was looked at); -1 when it is not JSON, or a text or key in it has half
 *   of a pair of surrogates alone
 */
export function weigh(value) {
  bytes = 0;
  return add(value, 0) ? bytes : -1;
}

/** What was counted so far: a walk calls nothing that could begin another. */
let bytes = 0;

/** @param {any} one @param {number} depth @returns {boolean} whether it is JSON, as far as was looked */
function add(one, depth) {
  if (typeof one === "string") return text(one);
  if (typeof one === "number") bytes += 8;
  else if (one === null || typeof one === "boolean") bytes += 5;
  else if (typeof one !== "object" || depth === DEPTH_MAX) return false;
  else return Array.isArray(one) ? list(one, depth + 1) : record(one, depth + 1);
  return typeof one !== "number" || Number.isFinite(one);
}

/** @param {any[]} values @param {number} depth */
function list(values, depth) {
  bytes += 2 + values.length;
  if (bytes > BYTES_MAX) return true;
  if (Object.keys(values).length !== values.length) return false;
  for (let i = 0; i < values.length && bytes <= BYTES_MAX; i += 1) if (!add(values[i], depth)) return false;
  return true;
}

/** @param {Record<string, any>} values @param {number} depth */
function record(values, depth) {
  bytes += 2;
  if (Object.getPrototypeOf(values) !== Object.prototype) return false;
  for (const key in values) {
    bytes += 2;
    if (bytes > BYTES_MAX) return true;
    if (key === "__proto__" || !text(key) || !add(values[key], depth)) return false;
  }
  return true;
}

/** @param {string} one */
function text(one) {
  bytes += 2 + one.length;
  if (bytes > BYTES_MAX) return true;
  let pairs = false;
  for (let i = 0; i < one.length; i += 1) {
    const unit = one.charCodeAt(i);
    if (unit < 0x80) continue;
    const half = (unit & 0xf800) === 0xd800;
    bytes += unit < 0x800 || half ? 1 : 2;
    pairs ||= half;
  }
  return !pairs || !HALF.test(one);
}
