/** How a case stands: a word and a shape of its own, the colour besides. */

import { dayAndClock } from "../format.js";
import { t } from "../i18n.js";
import { h } from "../dom.js";
import { state } from "./state.js";

const LOOKS = {
  SUBMITTED: ["info", "clock"],
  ACCEPTED: ["info", "info"],
  IN_PROGRESS: ["info", "half"],
  RESOLVED: ["ok", "ok"],
  CLOSED: ["plain", "ok"],
  RETURNED: ["warn", "warn"],
  REJECTED: ["stop", "stop"],
  DUPLICATE: ["plain", "twice"],
  REOPENED: ["warn", "round"],
};
const SETTLED = new Set(["RESOLVED", "CLOSED", "REJECTED", "DUPLICATE"]);

/** @param {{ status: string, statusLabel: string }} one */
export const caseStatus = ({ status, statusLabel }) => state(...(LOOKS[status] ?? LOOKS.SUBMITTED), statusLabel, "status");

/** By when, or that it is late; nothing once it is settled. @param {{ status: string, dueAt: string, overdue: boolean }} one */
export function due({ status, dueAt, overdue }) {
  if (SETTLED.has(status)) return null;
  if (overdue) return state("stop", "clock", t("case.overdue", { when: dayAndClock(dueAt) }), "overdue");
  return h("p.case-due.figures", null, t("case.due", { when: dayAndClock(dueAt) }));
}
