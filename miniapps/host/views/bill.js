/** One bill: what, who, by when, how much. Unpaid, it is paid here; paid, it is its receipt. */

import { ask, missing } from "../api.js";
import { fill, h } from "../dom.js";
import { BILL_PAGE } from "../documents-paper.js";
import { date, dayAndClock } from "../format.js";
import { t } from "../i18n.js";
import { toHeading } from "../router.js";
import { announce } from "../ui/announce.js";
import { billState } from "../ui/bill-state.js";
import { icon } from "../ui/icons.js";
import { forgetAnswers, load, missingPart } from "../ui/load.js";
import { mark } from "../ui/mark.js";
import { paySheet } from "../ui/pay-sheet.js";
import { skeleton } from "../ui/skeleton.js";
import { state } from "../ui/state.js";

/** @type {import("../router.js").View} */
export const bill = { title: "bill.title", for: "CITIZEN", back: "/bills", enter };

/** @param {import("../router.js").Screen} screen */
function enter(screen) {
  const region = h("div");
  fill(screen.main, h("h1.unseen", { tabindex: "-1" }, t("bill.title")), region);
  const draw = () =>
    load(region, {
      key: `bill ${screen.at.id}`,
      signal: screen.signal,
      ask: () => ask(BILL_PAGE, { id: screen.at.id }, screen),
      skeleton: () => skeleton("title", "block", "row"),
      show: ({ data, errors }) => [
        face(data.bill),
        data.bill.status === "UNPAID" ? paying(screen, data, errors, draw) : receipt(data.bill),
      ],
    });
  return draw();
}

const face = (owed) =>
  h(
    "section.owed",
    { "data-testid": "bill-face", "data-status": owed.status },
    h("h2", null, owed.title),
    h("p.owed-amount.figures", null, owed.amount.text),
    state(...billState(owed)),
    h(
      "dl.facts",
      null,
      fact("bill.biller", h("span.biller", null, icon("seal"), owed.biller.name)),
      fact("bill.due", date(owed.dueOn)),
      fact("bill.issued", date(owed.issuedAt)),
      fact("bill.number", groups(owed.number)),
    ),
  );

const fact = (key, value) => h("div", null, h("dt", null, t(key)), h("dd.figures", null, value));

/** Twenty digits as people read them. */
const groups = (number) => number.replace(/(\d{4})(?=\d)/g, "$1 ");

function paying(screen, { bill: owed, me }, errors, draw) {
  const failed = missing(errors, "me", "wallet");
  if (failed) return missingPart(t("money.missing"), screen.again, failed);
  const pay = async () => {
    const outcome = await paySheet(owed, me.wallet, screen.signal);
    if (screen.signal.aborted || outcome === "no") return;
    if (outcome === "paid") forgetAnswers();
    await draw();
    toHeading();
    if (outcome === "paid") announce(t("pay.done", { title: owed.title }));
  };
  return h(
    "button.primary.wide",
    { type: "button", "data-testid": "pay", onclick: pay },
    t("pay.do", { amount: owed.amount.text }),
  );
}

/** Paper that the browser prints as it is. */
function receipt(owed) {
  const { payment } = owed;
  if (!payment) return h("p.nothing-due", null, t("bill.cancelled"));
  const { refund } = payment;
  return [
    h(
      "section.receipt",
      { "aria-labelledby": "receipt", "data-testid": "receipt" },
      h("p.receipt-head", null, mark(), t("city.app")),
      h("h2", { id: "receipt" }, t("receipt.title")),
      h(
        "dl.facts",
        null,
        h("div", null, h("dt", null, t("receipt.number")), h("dd.figures", { "data-testid": "receipt-number" }, groups(payment.receipt.number))),
        fact("receipt.for", owed.title),
        fact("bill.biller", owed.biller.name),
        fact("receipt.at", `${date(payment.paidAt)} ${dayAndClock(payment.paidAt).split(" ").at(-1)}`),
        payment.paidBy ? fact("receipt.by", payment.paidBy.maskedName) : null,
        fact("receipt.amount", payment.amount.text),
      ),
      refund ? refunded(refund) : null,
    ),
    h("button.second.wide.print", { type: "button", onclick: () => print() }, t("receipt.print")),
  ];
}

const refunded = (refund) =>
  h(
    "div.refund",
    { "data-testid": "refund" },
    h("h3", null, t("refund.title")),
    h("p", null, t("refund.text", { amount: refund.amount.text, day: date(refund.refundedAt) })),
    h("p", null, t("refund.why", { why: refund.reason })),
  );
