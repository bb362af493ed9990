/** How large a message is, and whether it is JSON at all: what comes over a port may be a map, a cycle, or a picture. */

import { LIMITS } from "./generated/bridge.js";

const BYTES_MAX = LIMITS.messageBytes;
const DEPTH_MAX = LIMITS.depth;

/**
 * @param {unknown} value
 * @returns {number} its bytes in UTF-8, escapes not counted; more than a message may have when it is too large (then
 *   not all was looked at); -1 when it is not JSON
 */
export function weigh(value) {
  let bytes = 0;

  /** @param {any} one @param {number} depth @returns {boolean} go on */
  const add = (one, depth) => {
    if (bytes > BYTES_MAX) return true;
    if (typeof one === "string") return count(2 + utf8(one));
    if (typeof one === "number") return Number.isFinite(one) && count(8);
    if (one === null || typeof one === "boolean") return count(5);
    if (typeof one !== "object" || depth === DEPTH_MAX) return false;
    count(2);
    if (Array.isArray(one)) return dense(one) && one.every((item) => count(1) && add(item, depth + 1));
    if (Object.getPrototypeOf(one) !== Object.prototype) return false;
    for (const key of Object.keys(one)) {
      if (key === "__proto__" || !count(4 + utf8(key)) || !add(one[key], depth + 1)) return false;
    }
    return true;
  };
  const count = (more) => ((bytes += more), true);

  return add(value, 0) ? bytes : -1;
}

const dense = (list) => Object.keys(list).length === list.length;

/** @param {string} text */
function utf8(text) {
  if (text.length > BYTES_MAX) return text.length;
  let bytes = text.length;
  for (let i = 0; i < text.length; i += 1) {
    const unit = text.charCodeAt(i);
    if (unit > 0x7f) bytes += unit > 0x7ff && (unit < 0xd800 || unit > 0xdfff) ? 2 : 1;
  }
  return bytes;
}
