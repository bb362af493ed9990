/** Where a bill stands, in a shape and a word. */

import { daysTo } from "../format.js";
import { t } from "../i18n.js";

const SETTLED = { PAID: ["ok", "ok"], REFUNDED: ["info", "back"], CANCELLED: ["plain", "stop"] };
/** From here on a bill presses. */
const SOON_DAYS = 7;

/** @param {any} bill @returns {["ok" | "warn" | "stop" | "info" | "plain", string, string]} tone, shape, words */
export function billState({ status, statusLabel, overdue, dueOn }) {
  if (status !== "UNPAID") return [...SETTLED[status], statusLabel];
  const n = daysTo(dueOn);
  if (overdue) return ["stop", "warn", t("bill.overdue", { n: -n })];
  if (n <= 0) return ["warn", "clock", t("bill.today")];
  return [n <= SOON_DAYS ? "warn" : "plain", "clock", t("bill.left", { n })];
}
