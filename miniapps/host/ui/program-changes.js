/** What a version changes, as text: nothing of a package is drawn or run here. */

import { h } from "../dom.js";
import { t } from "../i18n.js";
import { permissionName } from "./mini-permissions.js";

const KIB = 1024;

/** @param {number} bytes */
export const size = (bytes) => (bytes < KIB ? t("programs.bytes", { n: bytes }) : `${(bytes / KIB).toFixed(bytes < 10 * KIB ? 1 : 0)} KB`);

/** @param {any} found  MiniVersionDifference */
export function changesOf({ manifest, permissions, domains, operations, files, cut }) {
  const first = manifest.every(({ before }) => before === null) && files.every(({ before }) => before === null);
  return [
    h("h2.section", null, t("programs.changes")),
    h("p.hint-2", { "data-testid": "against" }, t(first ? "programs.changes.first" : "programs.changes.against")),
    sides("permissions", permissions, permissionName),
    sides("domains", domains),
    sides("operations", operations),
    manifest.length ? fold(t("programs.manifest", { n: manifest.length }), "manifest", manifest.map(member)) : null,
    files.length ? h("h3.changed", null, t("programs.files", { n: files.length })) : null,
    h("div", { "data-testid": "files" }, files.map(file)),
    cut ? h("p.hint-2", null, t("programs.files.cut")) : null,
  ];
}

function sides(what, { added, removed }, name = (/** @type {string} */ one) => one) {
  if (!added.length && !removed.length) return null;
  const row = (one, side) => h("li", { "data-side": side }, h("b", null, t(`programs.side.${side}`)), " ", h("span.asked", null, name(one)));
  return [
    h("h3.changed", null, t(`programs.changed.${what}`)),
    h("ul.plain.sides", { "data-testid": what }, added.map((one) => row(one, "added")), removed.map((one) => row(one, "removed"))),
  ];
}

const fold = (words, id, ...inside) => h("details.fold", { "data-testid": id }, h("summary", null, words), ...inside);

const member = ({ name, before, after }) => [
  h("h4.member", null, name),
  h("pre.diff", null, before === null ? null : lined(written(before), "-"), after === null ? null : lined(written(after), "+")),
];

const written = (value) => JSON.stringify(value, null, 2).split("\n");
const lined = (lines, sign) => lines.map((line) => diffLine(`${sign}${line}`));

const file = ({ path, before, after, lines }) => {
  const words = `${path} · ${sizes(before, after)}`;
  if (!lines.length) return h("p.unlined", null, words, " · ", t("programs.file.unread"));
  return fold(words, "file", h("pre.diff", null, lines.map(diffLine)));
};

function sizes(before, after) {
  if (before === null) return t("programs.file.new", { size: size(after) });
  if (after === null) return t("programs.file.gone", { size: size(before) });
  return t("programs.file.sizes", { before: size(before), after: size(after) });
}

/** The sign at its beginning says what the colour says. @param {string} line */
const diffLine = (line) => h(line[0] === "+" ? "span.line.came" : line[0] === "-" ? "span.line.went" : line.startsWith("@@") ? "span.line.at" : "span.line", null, `${line}\n`);
