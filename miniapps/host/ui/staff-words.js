/** Officers, their roles and their part of the city, in words. */

import { h } from "../dom.js";
import { has, t } from "../i18n.js";

export const ROLES = [
  "clerk", "inspector", "case_handler", "licence_clerk", "billing_clerk", "health_officer", "registrar", "counter_clerk",
  "account_officer", "partner_officer", "program_reviewer", "program_officer", "staff_admin", "auditor",
];
export const WHOLE_CITY = "110000";

/** @param {string} role */
export const roleName = (role) => (has(`role.${role}`) ? t(`role.${role}`) : role);

/** @param {string[]} roles */
export const roleNames = (roles) => roles.map(roleName).join(" · ");

/** @param {{ organisation: string, badge: string } | null} card */
export const officerName = (card) =>
  card ? t("desk.officer", { organisation: card.organisation, badge: card.badge }) : t("acts.somebody");

/** A street or community, which has no name here, by its code. @param {string} code @param {{ code: string, name: string }[]} districts */
export const placeName = (code, districts) =>
  code === WHOLE_CITY ? t("staff.city") : (districts.find((one) => one.code === code)?.name ?? code);

/** One fact of several, with its name. @param {string} name @param {import("../dom.js").Child} value */
export const fact = (name, value) => (value ? h("div", null, h("dt", null, name), h("dd", null, value)) : null);

/** @param {string} id @param {string} words @param {[string, string][]} options @param {string} value */
export function select(id, words, options, value) {
  const el = h("select", { id }, options.map(([code, name]) => h("option", { value: code, selected: code === value }, name)));
  return { el: h("label.select", null, h("span", null, words), el), read: () => /** @type {HTMLSelectElement} */ (el).value };
}
