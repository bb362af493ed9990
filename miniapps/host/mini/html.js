/**
 * Where a page of a package names other files, and what its inline scripts are: the twin of the reader in
 * `bundles/html.py`, with places.
 *
 * Every page of a package was let through by that reader when it was published: it is written in the part of HTML on which
 * all parsers agree. So a tokenizer finds its tags as a browser would, and no parser is needed here (in the shell
 * `DOMParser` would ask for a Trusted Types policy, and a service worker has none). Nothing hangs on it: what may run in a
 * composed page is said by the hashes of its scripts. A place that is missed is a picture that is not seen.
 */

/** @typedef {{ value: string, from: number, to: number }} Attribute  the decoded value; where all of it is written */
/**
 * @typedef {{ name: string, from: number, to: number, closesItself: boolean, attributes: Map<string, Attribute>, textFrom: number, textTo: number }} Tag
 *   from, to: of the start tag. textFrom, textTo: of what <script> and <style> hold, else equal
 */

/** A page that is not plainly written. The city lets none through. */
export class NotPlain extends Error {}

const DOCTYPE = /[\t\n\f\r ]*<!doctype[^>]*>/iy;
const TAG = /<(\/?)([a-zA-Z][^\t\n\f\r />"'<=\0]*)/y;
const ATTRIBUTE =
  /[\t\n\f\r /]+([^\t\n\f\r />"'<=\0]+)(?:[\t\n\f\r ]*=[\t\n\f\r ]*(?:"([^"]*)"|'([^']*)'|([^\t\n\f\r "'<>=`]+)))?(?=[\t\n\f\r />])/y;
const TAG_END = /[\t\n\f\r /]*>/y;
const COMMENT = /<!--(?!-?>)(?:(?!--)[^])*-->/y;
const TEXT_ELEMENTS = ["script", "style", "title", "textarea", "noscript"];
const NAMED = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

/** As a browser's first step leaves a text; hashes are of this. @param {Uint8Array} data */
export const pageText = (data) => new TextDecoder("utf-8", { fatal: true }).decode(data).replace(/\r\n?/g, "\n");

/** Where the host's own words come: after the doctype. @param {string} text */
export const afterDoctype = (text) => matched(DOCTYPE, text, 0)?.[0].length ?? 0;

/** @param {string} text @returns {Tag[]} in their order @throws {NotPlain} */
export function startTags(text) {
  /** @type {Tag[]} */
  const tags = [];
  /** The open elements from <svg> or <math> on. @type {string[]} */
  const foreign = [];
  let at = afterDoctype(text);
  while ((at = text.indexOf("<", at)) >= 0) {
    const comment = matched(COMMENT, text, at);
    const opening = matched(TAG, text, at);
    if (comment) at += comment[0].length;
    else if (!opening) at += 1;
    else if (opening[1]) {
      at = after(TAG_END, text, at + opening[0].length);
      foreign.pop();
    } else {
      const tag = startTag(text, at, opening);
      tags.push(tag);
      at = Math.max(tag.to, tag.textTo);
      if ((foreign.length > 0 || ["svg", "math"].includes(tag.name)) && !tag.closesItself) foreign.push(tag.name);
      if (TEXT_ELEMENTS.includes(tag.name) && !(foreign.length > 0 && tag.closesItself)) {
        [tag.textFrom, tag.textTo] = [tag.to, endOf(tag.name, text, tag.to)];
        at = tag.textTo;
      }
    }
  }
  return tags;
}

function startTag(text, from, opening) {
  const attributes = new Map();
  let at = from + opening[0].length;
  for (let one; (one = matched(ATTRIBUTE, text, at)); at += one[0].length) {
    const value = one[2] ?? one[3] ?? one[4] ?? "";
    const name = at + one[0].indexOf(one[1]);
    attributes.set(one[1].toLowerCase(), { value: decoded(value), from: name, to: at + one[0].length });
  }
  const to = after(TAG_END, text, at);
  const closesItself = text.slice(at, to).endsWith("/>");
  return { name: opening[2].toLowerCase(), from, to, closesItself, attributes, textFrom: to, textTo: to };
}

function endOf(name, text, from) {
  const end = new RegExp(`</${name}(?=[\\t\\n\\f\\r />])`, "ig");
  end.lastIndex = from;
  const found = end.exec(text);
  if (!found) throw new NotPlain(`<${name}> does not end`);
  return found.index;
}

function after(pattern, text, at) {
  const end = matched(pattern, text, at);
  if (!end) throw new NotPlain(`at ${at}`);
  return at + end[0].length;
}

function matched(pattern, text, at) {
  pattern.lastIndex = at;
  return pattern.exec(text);
}

/** Paths hold no other references than these. @param {string} value */
const decoded = (value) =>
  value.replace(/&(?:#x([0-9a-f]{1,6})|#([0-9]{1,7})|(amp|lt|gt|quot|apos));/gi, (all, hex, decimal, name) => {
    if (name) return NAMED[name.toLowerCase()];
    const point = hex ? Number.parseInt(hex, 16) : Number(decimal);
    return point > 0 && point < 0x110000 ? String.fromCodePoint(point) : all;
  });

/** @param {string} value  for an attribute between double quotes */
export const quoted = (value) => `"${value.replaceAll("&", "&amp;").replaceAll('"', "&quot;")}"`;

/**
 * A text with some of its parts said otherwise.
 * @param {string} text @param {{ from: number, to: number, text: string }[]} edits  that do not overlap; what is put at one place keeps its order
 */
export function edited(text, edits) {
  const parts = [];
  let at = 0;
  for (const edit of edits.toSorted((one, other) => one.from - other.from || one.to - other.to)) {
    parts.push(text.slice(at, edit.from), edit.text);
    at = edit.to;
  }
  parts.push(text.slice(at));
  return parts.join("");
}
