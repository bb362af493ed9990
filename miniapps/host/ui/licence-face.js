/**
 * A licence as an object. Each type has a material and a picture of its own: the driving licence a bound cover with a
 * road, the residence permit celadon paper with a gate, the senior card amber with a pine; any other is white marble.
 * The threads under them are woven from the licence's own id: no two cards look alike.
 */

import { h, s } from "../dom.js";
import { t } from "../i18n.js";
import { band } from "./band.js";
import { state } from "./state.js";

const MATERIALS = {
  "11110000000021000D001": "driving",
  "11110000000021000D002": "permit",
  "11110000000052000U001": "senior",
};

/** On a 120 × 75 field, right of the words. */
const PICTURES = {
  driving: "M44 75 57 22h6l13 53M60 27v6M60 39v8M60 54v14M0 34q16-14 34-6t24-6M62 22q14-10 28-2t30-5",
  permit:
    "M14 75V46h92v29M8 46h104M14 46q-8 0-12-7 9 3 14-3h88q5 6 14 3-4 7-12 7M28 36V24h64v12M20 24h80M28 24q-6 0-9-6 7 2 11-3h60q4 5 11 3-3 6-9 6M50 75V62a10 10 0 0 1 20 0v13M27 58h10v10H27zM83 58h10v10H83z",
  senior:
    "M96 75Q86 50 92 28T74 2M90 40Q70 34 58 44M91 54q14-8 26-4M84 16Q66 12 52 20M36 44a16 9 0 0 1 32 0zM24 54a14 8 0 0 1 28 0zM34 20a15 8 0 0 1 30 0zM100 50a12 7 0 0 1 24 0zM88 28a12 7 0 0 1 24 0z",
  marble: "M0 62q30-20 58-8t62-20M0 30q40 14 66-6t54 4M40 75q20-30 44-36t36-22",
};

/** Of a licence that is worth something; what ends within this many days says so. */
const SOON_DAYS = 60;

/** @param {any} licence @returns {["ok" | "warn" | "stop" | "info" | "plain", string, string]} tone, shape, words */
export function worth({ status, statusLabel, expiresInDays: days }) {
  if (status !== "VALID") return ["stop", "stop", statusLabel];
  if (days === null) return ["ok", "ok", t("licence.endless")];
  if (days === 0) return ["warn", "warn", t("licence.today")];
  if (days <= SOON_DAYS) return ["warn", "clock", t("licence.left", { n: days })];
  return ["ok", "ok", statusLabel];
}

/** @param {any} licence @param {string} holder  masked @param {string} [level] of its heading */
export function licenceFace(licence, holder, level = "h2") {
  const material = MATERIALS[licence.type.code] ?? "marble";
  return h(
    `div.card.${material}`,
    { "data-testid": "licence-face", "data-status": licence.status, "data-material": material },
    h("div.card-threads", { "aria-hidden": "true" }, band(licence.id)),
    s("svg.card-picture", { viewBox: "0 0 120 75", "aria-hidden": "true" }, s("path", { d: PICTURES[material] })),
    h(level, { tabindex: level === "h1" ? "-1" : null }, licence.type.name),
    h("p.card-issuer", null, licence.type.issuer.name),
    h("p.card-holder", null, holder),
    state(...worth(licence), "expiry"),
  );
}
