/** My money with the city: what is there, and every movement of it. */

import { ask, whole } from "../api.js";
import { fill, h } from "../dom.js";
import { MONEY_PAGE } from "../documents-paper.js";
import { when } from "../format.js";
import { t } from "../i18n.js";
import { empty } from "../ui/list.js";
import { forgetAnswers, load } from "../ui/load.js";
import { pages } from "../ui/pages.js";
import { topUpButton } from "../ui/pay-sheet.js";
import { skeleton } from "../ui/skeleton.js";
import { acting } from "../acting.js";

const TOP_UP_FEN = 10_000;

/** @type {import("../router.js").View} */
export const money = { title: "money.title", for: "CITIZEN", back: "/wallet", enter };

/** @param {import("../router.js").Screen} screen */
function enter(screen) {
  const region = h("div");
  fill(screen.main, h("h1", { tabindex: "-1" }, t("money.title")), region);
  return load(region, {
    key: "money",
    signal: screen.signal,
    ask: async () => ({ data: await whole(ask(MONEY_PAGE, { after: null }, screen)), errors: [] }),
    skeleton: () => skeleton("title", "row", "row", "row"),
    show: ({ data }) => [balance(data.me.wallet, screen), entries(data.me.wallet, screen)],
  });
}

function balance(wallet, screen) {
  const place = h("div");
  const done = () => {
    forgetAnswers();
    screen.again();
  };
  return h(
    "section.purse",
    { "aria-labelledby": "balance" },
    h("h2", { id: "balance" }, t("money.balance")),
    h("p.purse-sum.figures", { "data-testid": "balance" }, wallet.available.text),
    wallet.topUpOpen && !acting()
      ? [h("p.hint", null, t("money.test")), topUpButton(TOP_UP_FEN, done, place), place]
      : null,
  );
}

function entries(wallet, screen) {
  if (!wallet.entries.nodes.length) return empty(t("money.none"), t("money.none.hint"));
  const rows = h("ul.rows", { "data-testid": "entries" });
  const foot = pages(wallet.entries, {
    place: (entry) => rows.append(entryRow(entry)),
    ask: async (after) => (await whole(ask(MONEY_PAGE, { after }, screen))).me.wallet.entries,
    signal: screen.signal,
  });
  return h("section", { "aria-labelledby": "entries" }, h("h2.section", { id: "entries" }, t("money.entries")), rows, foot);
}

function entryRow({ at, kindLabel, amount, payment }) {
  const bill = payment?.bill;
  const words = [
    h("span.entry-title", null, bill ? `${kindLabel} · ${bill.title}` : kindLabel),
    h("span.entry-amount.figures", { "data-way": amount.amount < 0 ? "out" : "in" }, amount.amount > 0 ? "+" : null, amount.text),
    h("time.entry-at", { datetime: at }, when(at)),
  ];
  return h("li", null, bill ? h("a.entry", { href: `#/bills/${bill.id}` }, words) : h("div.entry", null, words));
}
