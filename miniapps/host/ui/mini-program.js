/** A program as people know it: its picture, its name, who answers for it. Always the city's own record of it. */

import { fill, h } from "../dom.js";
import { nameLang } from "../format.js";
import { t } from "../i18n.js";
import { leadTo, readyOnTouch } from "../mini-way.js";
import { icon, shape } from "./icons.js";

/** @typedef {import("../mini/chrome.js").ProgramFacts & { description?: string }} Facts */

/** Without a picture, or where it does not come: the first sign of its name, on marble. @param {Facts} program @param {string} [size] */
export function programIcon({ iconUrl, shortName, name }, size = "medium") {
  const face = h(`span.mini-icon.${size}`, { "aria-hidden": "true" }, [...(shortName || name)][0]);
  if (!iconUrl) return face;
  const src = new URL(iconUrl, location.origin).pathname; // the city's own host, whatever is told
  const picture = h(`img.mini-icon.${size}`, { src, alt: "", onerror: () => picture.replaceWith(face) });
  return picture;
}

/** Who builds it; the seal says that the city knows them. @param {Facts["organisation"]} organisation */
export const builtBy = ({ name, verified }) =>
  h(
    "p.mini-by",
    { "data-testid": "mini-by", "data-verified": String(verified) },
    verified ? icon("seal") : shape("warn"),
    h("span", { lang: nameLang(name) }, verified ? name : t("mini.by.unknown", { name })),
  );

/** At the head of every sheet that asks for a program. @param {Facts} program */
export const whoIsIt = (program) =>
  h(
    "div.mini-asker",
    { "data-testid": "mini-asker" },
    programIcon(program),
    h("div", null, h("p.mini-name", { lang: nameLang(program.name) }, program.name), builtBy(program.organisation)),
  );

/**
 * A row that opens the program, and beside it the way to what is to be known of it.
 * @param {Facts} program @param {string} scene
 */
export const programRow = (program, scene) =>
  h(
    "li.mini-row",
    null,
    h(
      "a.mini-open",
      { href: address(program), ...readyOnTouch(program.appId), onclick: () => leadTo(program.appId, { scene }) },
      programIcon(program),
      h(
        "span.mini-words",
        null,
        h("span.mini-name", { lang: nameLang(program.name) }, program.name),
        program.description ? h("span.mini-about", null, program.description) : null,
        h("span.mini-about.by", null, program.organisation.verified ? icon("seal") : null, program.organisation.name),
      ),
    ),
    h(
      "a.mini-more",
      { href: `#/mini/${program.appId}/about`, "aria-label": t("mini.about.named", { name: program.name }) },
      shape("info"),
      h("span.mini-more-words", null, t("mini.about")),
    ),
  );

/** A few programs at a glance. @param {Facts[]} programs @param {string} scene */
export const programTiles = (programs, scene) =>
  h(
    "ul.mini-tiles",
    { "data-testid": "mini-tiles" },
    programs.map((program) => tile(program, scene)),
  );

/** Others in their place: whoever stays keeps their tile. @param {HTMLElement} tiles @param {Facts[]} programs @param {string} scene */
export function changeTiles(tiles, programs, scene) {
  const there = new Map([...tiles.querySelectorAll("a")].map((link) => [link.hash, link.parentElement]));
  fill(tiles, programs.map((program) => there.get(address(program)) ?? tile(program, scene)));
}

const address = ({ appId }) => `#/mini/${appId}`;

const tile = (program, scene) =>
  h(
    "li",
    null,
    h(
      "a.mini-tile",
      { href: address(program), ...readyOnTouch(program.appId), onclick: () => leadTo(program.appId, { scene }) },
      programIcon(program),
      h("span", { lang: nameLang(program.name) }, program.shortName || program.name),
    ),
  );

/** Words of a program, marked as such: a stranger wrote them. @param {string} words */
export const itsWords = (words) => fill(h("q.its-words"), words);
