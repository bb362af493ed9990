/** What the screens of officers who review programs say alike: who builds it, how it stands, what was found. */

import { h } from "../dom.js";
import { nameLang } from "../format.js";
import { t } from "../i18n.js";
import { cityNow } from "../session.js";
import { icon, shape } from "./icons.js";
import { permissionName } from "./mini-permissions.js";
import { state } from "./state.js";

/** @type {Record<string, [tone: any, shape: string]>} */
const LOOKS = {
  DRAFT: ["plain", "blank"], SUBMITTED: ["info", "clock"], CHECKING: ["info", "clock"], IN_REVIEW: ["info", "clock"],
  APPROVED: ["ok", "ok"], REJECTED: ["stop", "stop"], ROLLING: ["info", "half"], RELEASED: ["ok", "ok"],
  SUPERSEDED: ["plain", "back"], REVOKED: ["stop", "stop"], WITHDRAWN: ["plain", "back"], TRIAL: ["plain", "blank"],
};

/** Of a version or a release. @param {string} now */
export const stateOf = (now) => state(...LOOKS[now], t(`programs.state.${now}`), "version-state");

/** @type {Record<string, [tone: any, shape: string]>} */
const SEVERITIES = { ERROR: ["stop", "stop"], WARNING: ["warn", "warn"], NOTE: ["info", "info"] };

/** @param {string} severity */
export const severityOf = (severity) => state(...SEVERITIES[severity], t(`programs.severity.${severity}`));

/** A seal where the register knows them; the grade in words beside it. @param {any} builder */
export const builtBy = (builder) =>
  h(
    "p.mini-by",
    { "data-testid": "builder", "data-verified": String(builder.verified) },
    builder.verified ? icon("seal") : shape("warn"),
    h("span", null, h("b", { lang: nameLang(builder.name) }, builder.name), ` · ${kindOf(builder)}${builder.grade ? ` · ${t(`programs.grade.${builder.grade}`)}` : ""}`),
  );

/** @param {any} builder */
const kindOf = (builder) => t(builder.person ? "programs.by.person" : builder.verified ? "programs.by.verified" : "programs.by.unverified");

/** Its name as people know it; an address as it is. @param {string} asked */
export const askedName = (asked) => (asked.includes("://") ? asked : permissionName(asked));

const HOUR_MS = 3_600_000;
/** So long that somebody asks. */
const LATE_MS = 72 * HOUR_MS;

/** How long it has been with the officers. @param {string} since */
export function waited(since) {
  const waits = Math.max(0, cityNow() - Date.parse(since));
  const hours = Math.floor(waits / HOUR_MS);
  const words = hours < 1 ? t("programs.waits.new") : hours < 48 ? t("programs.waits.hours", { n: hours }) : t("programs.waits.days", { n: Math.floor(hours / 24) });
  return state(waits > LATE_MS ? "warn" : "plain", waits > LATE_MS ? "warn" : "clock", words, "waits");
}

/** Nobody decides about their own. @param {string} words  a key */
export const ownMatter = (words) =>
  h("p.side-note", { "data-testid": "own-matter" }, shape("info"), h("span", null, t(words)));

/** "1.2.0 (14)" @param {{ versionName: string, versionCode: number }} one */
export const versionWords = ({ versionName, versionCode }) => `${versionName} (${versionCode})`;

/** @param {{ percent: number, cohort: string | null, paused: boolean }} rollout */
export const rolloutWords = ({ percent, cohort, paused }) =>
  `${cohort ? t("programs.rollout.testers") : t("programs.rollout.percent", { percent })}${paused ? ` · ${t("programs.rollout.paused")}` : ""}`;
