/** What a program may do, in the city's words, with what the program says it is for; and the switches of it. */

import { fill, h } from "../dom.js";
import { has, t } from "../i18n.js";
import { attempt } from "./act.js";
import { announce } from "./announce.js";
import { shape } from "./icons.js";
import { empty } from "./list.js";
import { itsWords } from "./mini-program.js";

/** @typedef {import("../mini/chrome.js").Capability} Capability */

/** Nobody is asked for these once and for all: they tell nothing, or are asked for each time. @type {Record<string, string>} */
const WITHOUT_A_SWITCH = {
  "city.user.openid": "mini.permit.plain",
  "city.web.own-origin": "mini.permit.plain",
  "city.pay": "mini.permit.each",
  "city.message.subscribe": "mini.permit.each",
};

/** Given only by a tick of its own (GB/T 43697, grade 3; PIPL article 28), as the city's ledger has it. */
const SENSITIVE = new Set([
  "city.user.phone",
  "city.user.realname",
  "city.user.address",
  "city.device.location",
  "city.device.biometry",
  "city.data.name",
  "city.data.phone",
  "city.data.city_code",
  "city.data.scans",
  "city.data.health",
  "city.data.developer",
]);

/** @param {string} name */
export const isSensitive = (name) => SENSITIVE.has(name);

/** What people call it. A name that this shell has no words for is shown as it is. @param {string} name */
export const permissionName = (name) => (has(`permit.name.${name}`) ? t(`permit.name.${name}`) : name);

/** What it means, in a sentence; empty for one that this shell does not know. @param {string} name */
export const permissionMeans = (name) => (has(`permit.what.${name}`) ? t(`permit.what.${name}`) : "");

/** @param {Capability} one */
export const permissionWords = ({ name, reason }) => [
  h("b", null, permissionName(name)),
  h("span.permit-means", null, permissionMeans(name)),
  reason ? h("span.permit-why", null, t("mini.ask.reason"), itsWords(reason)) : null,
];

/**
 * @param {{
 *   capabilities: Capability[],
 *   set: (name: string, state: "GRANTED" | "DENIED") => Promise<Capability[]>,
 *   signal: AbortSignal,
 * }} of
 * @returns {HTMLElement}
 */
export function permissionList({ capabilities, set, signal }) {
  const region = h("div", { "data-testid": "mini-permissions" });
  const said = h("div");
  const rows = h("ul.rows");
  const draw = (now) =>
    fill(
      rows,
      now.map((one) => row(one, change)),
    );
  async function change(one, yes, box) {
    let done = false;
    await attempt(
      async () => {
        draw(await set(one.name, yes ? "GRANTED" : "DENIED"));
        done = true;
        announce(t(yes ? "mini.permit.given" : "mini.permit.taken", { name: permissionName(one.name) }));
        /** @type {HTMLElement | null} */ (rows.querySelector(`[name="${one.name}"]`))?.focus();
      },
      { said, signal },
    );
    if (!done) box.checked = !yes;
  }
  if (!capabilities.length) return fill(region, empty(t("mini.permit.none"), t("mini.permit.none.hint")));
  draw(capabilities);
  return fill(region, rows, said);
}

const row = (one, change) =>
  WITHOUT_A_SWITCH[one.name] || one.state === "UNAVAILABLE"
    ? h("li.permit", { "data-name": one.name }, h("div", null, permissionWords(one), standing(one)))
    : h("li.permit", { "data-name": one.name }, switchOf(one, change));

const standing = (one) =>
  one.state === "UNAVAILABLE"
    ? h("span.permit-state", null, shape("stop"), t(`mini.why.${has(`mini.why.${one.why}`) ? one.why : "policy"}`))
    : h("span.permit-state", null, shape("info"), t(WITHOUT_A_SWITCH[one.name]));

/** A native box: keyboards and screen readers know it already. */
function switchOf(one, change) {
  const on = one.state === "GRANTED";
  const box = /** @type {HTMLInputElement} */ (
    h("input", {
      type: "checkbox",
      role: "switch",
      name: one.name,
      checked: on,
      onchange: () => change(one, box.checked, box),
    })
  );
  return h(
    "label.switch",
    null,
    h("span.switch-words", null, permissionWords(one), h("span.permit-state", null, t(stateWords(one)))),
    box,
    h("span.switch-track", { "aria-hidden": "true" }),
  );
}

const stateWords = ({ state: now }) =>
  now === "GRANTED" ? "mini.permit.on" : now === "PROMPT" ? "mini.permit.ask" : "mini.permit.off";

/** What no program gets, whatever it asks for. */
export const neverGets = () =>
  h("p.side-note", { "data-testid": "mini-never" }, shape("stop"), h("span", null, t("mini.never")));
