/** Bills: what is due comes first, the soonest above; then what is done with. */

import { ask, whole } from "../api.js";
import { fill, h } from "../dom.js";
import { BILLS } from "../documents-paper.js";
import { date } from "../format.js";
import { t } from "../i18n.js";
import { billState } from "../ui/bill-state.js";
import { icon } from "../ui/icons.js";
import { empty, linkRow } from "../ui/list.js";
import { load } from "../ui/load.js";
import { pages } from "../ui/pages.js";
import { skeleton } from "../ui/skeleton.js";
import { state } from "../ui/state.js";

/** @type {import("../router.js").View} */
export const bills = { title: "bills.title", for: "CITIZEN", back: "/home", dock: true, enter };

/** @param {import("../router.js").Screen} screen */
function enter(screen) {
  const region = h("div");
  fill(screen.main, h("h1", { tabindex: "-1" }, t("bills.title")), region);
  return load(region, {
    key: "bills",
    signal: screen.signal,
    ask: async () => ({ data: await whole(ask(BILLS, { after: null }, screen)), errors: [] }),
    skeleton: () => skeleton("short", "row", "row"),
    show: ({ data }) => list(screen, data.me),
  });
}

function list(screen, me) {
  if (!me.bills.nodes.length) return empty(t("bills.none"), t("bills.none.hint"));
  const due = [...me.due.nodes].sort((one, other) => one.dueOn.localeCompare(other.dueOn));
  const settled = h("ul.rows", { "data-testid": "settled" });
  const past = h(
    "section",
    { "aria-labelledby": "settled", hidden: true },
    h("h2.section", { id: "settled" }, t("bills.settled")),
    settled,
  );
  const foot = pages(me.bills, {
    place(bill) {
      if (bill.status === "UNPAID") return; // it stands above
      settled.append(billRow(bill));
      past.hidden = false;
    },
    ask: async (after) => (await whole(ask(BILLS, { after }, screen))).me.bills,
    signal: screen.signal,
  });
  return [
    h(
      "section",
      { "aria-labelledby": "due" },
      h("h2.section", { id: "due" }, t("bills.due")),
      due.length
        ? h("ul.rows", { "data-testid": "due" }, due.map(billRow))
        : h("p.nothing-due", null, t("bills.due.none")),
    ),
    past,
    foot,
    h("ul.rows.purse-row", null, linkRow({ to: "/wallet/money", title: t("money.title") })),
  ];
}

const billRow = (bill) =>
  h(
    "li",
    { "data-testid": "bill", "data-status": bill.status },
    h(
      "a.bill",
      { href: `#/bills/${bill.id}` },
      h("span.bill-title", null, bill.title),
      h("span.bill-amount.figures", null, bill.amount.text),
      h("span.bill-biller", null, bill.biller.name),
      h("span.bill-state", null, bill.status === "UNPAID" ? t("bill.due.on", { day: date(bill.dueOn) }) : null),
      state(...billState(bill)),
      icon("next"),
    ),
  );
