/** Where a style sheet names other files: `url(…)` and `@import`. A scanner for CSS's tokens, as far as they matter here. */

import { edited } from "./html.js";

const STRING = `"(?:[^"\\\\\\n]|\\\\[^])*"|'(?:[^'\\\\\\n]|\\\\[^])*'`;
const TOKENS = new RegExp(
  [
    "/\\*[^]*?\\*/",
    `(?<import>@import\\s*)(?<imported>${STRING})`,
    `url\\(\\s*(?:(?<quoted>${STRING})|(?<bare>[^"'()\\s\\\\](?:[^"'()\\s\\\\]|\\\\[^])*))\\s*\\)`,
    STRING,
  ].join("|"),
  "gi",
);

/**
 * @param {string} text
 * @param {(address: string) => string | null} addressOf  of what stands in the place of an address; null: it stays
 */
export function withAddresses(text, addressOf) {
  const edits = [];
  for (const token of text.matchAll(TOKENS)) {
    const { import: begin = "", imported, quoted, bare } = token.groups;
    const written = imported ?? quoted ?? bare;
    if (written === undefined) continue;
    const address = addressOf(value(bare === undefined ? written.slice(1, -1) : written));
    if (address === null) continue;
    edits.push({ from: token.index, to: token.index + token[0].length, text: `${begin}url("${address}")` });
  }
  return edited(text, edits);
}

/** Without escapes. @param {string} written */
const value = (written) =>
  written.replace(/\\(?:([0-9a-f]{1,6})\s?|\n|([^]))/gi, (_, hex, one) =>
    hex ? String.fromCodePoint(Number.parseInt(hex, 16) || 0xfffd) : (one ?? ""),
  );
