/** While one acts for somebody: what can be done for them, instead of a screen that is one's own alone. */

import { acting, stopActing } from "../acting.js";
import { fill, h } from "../dom.js";
import { t } from "../i18n.js";
import { linkRow } from "../ui/list.js";

/** What opens a screen that is somebody's, by its address in the table of screens; others stay one's own. */
const OPEN = {
  "/code": "citycode:show",
  "/health": "health:read",
  "/cases": "reports:read",
  "/cases/:id": "reports:read",
  "/wallet": "licences:read",
  "/licences/:id": "licences:read",
  "/bills": "payments:read",
  "/bills/:id": "payments:read",
  "/wallet/money": "payments:read",
  "/messages": "notifications:read",
  "/messages/:id": "notifications:read",
};
/** Nothing of the other's is shown here. */
const WHOEVERS = new Set(["/me/family", "/me/display"]);

/** What can be looked at. */
const HUB = [
  ["/code", "code.title"],
  ["/health", "health.title"],
  ["/wallet", "wallet.title"],
  ["/bills", "bills.title"],
  ["/cases", "acting.reports"],
  ["/messages", "inbox.title"],
];

/** May this screen be shown now? @param {string} pattern  as in the table of screens */
export function openWhileActing(pattern) {
  return !acting() || WHOEVERS.has(pattern) || Boolean(acting()?.matters.includes(OPEN[pattern]));
}

/** @param {HTMLElement} main @param {string} pattern */
export function actingHub(main, pattern) {
  const one = acting();
  fill(
    main,
    h("h1", { tabindex: "-1", "data-testid": "acting-hub" }, t("acting.hub", { name: one.name })),
    h("p.lead", null, t(pattern === "/home" ? "acting.hub.lead" : "acting.closed")),
    h(
      "ul.rows",
      null,
      HUB.filter(([to]) => openWhileActing(to)).map(([to, title]) => linkRow({ to, title: t(title) })),
    ),
    h("button.second.wide.acting-end", { type: "button", onclick: stopActing }, t("acting.end.back")),
  );
}
