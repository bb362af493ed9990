/**
 * The payment sheet: drawn by the host alone. Who asks, for what, how much, and what is left afterwards; no is as easy
 * as yes.
 *
 * A payment has one idempotency key. It is drawn with the sheet and stays with the bill for as long as the city's answer
 * is missing, also when the sheet is closed meanwhile: asked again under the same key, the city answers what it did, and
 * pays nothing twice. Until it has answered we do not know, and say so.
 */

import { acting } from "../acting.js";
import { ask, lineBroke, whole } from "../api.js";
import { fill, h } from "../dom.js";
import { PAY, PURSE, TOP_UP } from "../documents-paper.js";
import { date, money } from "../format.js";
import { t } from "../i18n.js";
import { onSessionChange, randomId } from "../session.js";
import { announce } from "./announce.js";
import { busy } from "./busy.js";
import { icon, shape } from "./icons.js";
import { armed, closeButton, openSheet } from "./sheet.js";
import { complain } from "./trouble.js";

/** By ourselves, before we leave it to the reader. */
const AGAIN_AFTER_MS = [1_000, 3_000, 8_000];
/** These came from the city, and do not say whether it paid. */
const UNSETTLED = new Set(["INTERNAL", "SUBGRAPH_TIMEOUT", "SUBGRAPH_UNAVAILABLE"]);
const SHORT = "PAYMENTS_INSUFFICIENT_FUNDS";
/** Test money comes in round sums, of at most this. */
const TOP_UP_STEP_FEN = 10_000;
const TOP_UP_MOST_FEN = 100_000;

/** The key of each payment whose answer has not come, by bill. @type {Map<string, string>} */
const unanswered = new Map();
onSessionChange(() => unanswered.clear());

/** @typedef {"paid" | "no" | "unknown"} Outcome  `unknown`: closed before the city answered, or the bill has changed */

/**
 * @param {any} bill
 * @param {any} wallet
 * @param {AbortSignal} signal  of the screen that asks
 * @returns {Promise<Outcome>}
 */
export function paySheet(bill, wallet, signal) {
  return new Promise((resolve) => {
    const body = h("div.paying", { "data-testid": "pay-sheet" });
    const actions = h("div.stack");
    /** @type {Outcome} */
    let outcome = "no";
    const dialog = openSheet({
      title: t("pay.title"),
      body,
      actions,
      kind: "ask",
      signal,
      onclose: () => resolve(outcome),
    });
    const close = (how) => {
      outcome = how;
      dialog.close();
    };
    const asked = unanswered.get(bill.id);
    if (asked) outcome = "unknown";
    const sheet = { body, actions, bill, dialog, close, mark: (how) => (outcome = how) };
    if (asked) settle(sheet, asked);
    else offer(sheet, wallet);
  });
}

/** What is asked for; or what is missing. */
function offer(sheet, wallet) {
  const { body, actions, bill } = sheet;
  const after = wallet.available.amount - bill.amount.amount;
  sheet.mark("no");
  fill(body, who(bill), sums(bill, wallet, after), after < 0 ? lacking(-after) : null);
  if (after < 0) fill(actions, wallet.topUpOpen && !acting() ? topUp(sheet, -after) : null, closeButton(t("sheet.close")));
  else fill(actions, confirm(sheet), closeButton(t("sheet.no")));
}

const who = (bill) =>
  h(
    "div.pay-who",
    null,
    h("p.biller", null, icon("seal"), h("b", null, bill.biller.name)),
    h("p.hint", null, t("pay.verified")),
  );

const sums = (bill, wallet, after) =>
  h(
    "dl.facts.sums",
    null,
    sum("pay.for", bill.title),
    sum("bill.due", date(bill.dueOn)),
    sum("pay.amount", h("b.pay-amount", null, bill.amount.text)),
    sum("pay.balance", wallet.available.text),
    after < 0 ? null : sum("pay.after", money(after)),
  );

const sum = (key, value) => h("div", null, h("dt", null, t(key)), h("dd.figures", null, value));

const lacking = (fen) =>
  h(
    "p.state.warn.lacking",
    { "data-testid": "lacking", role: "status" },
    shape("warn"),
    h("span", null, t("pay.lacking", { amount: money(fen) })),
  );

function confirm(sheet) {
  const key = randomId("pay"); // once per sheet, before any tap
  const button = armed(t("pay.confirm", { amount: sheet.bill.amount.text }));
  button.addEventListener("click", () => {
    if (unanswered.has(sheet.bill.id)) return; // a second tap
    settle(sheet, key);
  });
  return button;
}

/** Asks under one key until the city has said what it did. */
async function settle(sheet, key) {
  const { actions, bill } = sheet;
  unanswered.set(bill.id, key);
  sheet.mark("unknown");
  const waiting = h("p.pay-waiting", { "data-testid": "pay-waiting" }, t("pay.paying"));
  fill(actions, waiting, closeButton(t("sheet.close")));
  sheet.dialog.querySelector("h2").focus();
  announce(t("pay.paying"));
  for (const pause of [...AGAIN_AFTER_MS, null]) {
    const error = await pay(bill, key);
    if (!error || !unsure(error)) {
      unanswered.delete(bill.id);
      return error ? refused(sheet, error) : sheet.close("paid");
    }
    if (!sheet.dialog.isConnected) return; // the key stays with the bill
    if (pause === null) return unknown(sheet, key, error);
    unsureNow(sheet, error, t("pay.unsure"));
    await moment(pause);
    if (!sheet.dialog.isConnected) return;
  }
}

const pay = (bill, key) =>
  whole(ask(PAY, { input: { billId: bill.id, idempotencyKey: key } })).then(
    () => null,
    (error) => error,
  );

const unsure = (error) => lineBroke(error) || UNSETTLED.has(error.code);

/** A pause, or less when the line is back. */
const moment = (ms) =>
  new Promise((resolve) => {
    setTimeout(resolve, ms);
    addEventListener("online", resolve, { once: true });
  });

/** We do not know, and are asking; or have asked in vain. */
function unsureNow({ body }, error, words) {
  const said = body.querySelector("[data-testid=unsure]");
  if (said?.textContent === words) return;
  said?.remove();
  body.append(
    h("p.state.info", { "data-testid": "unsure", "data-code": error.code }, shape("info"), h("span", null, words)),
  );
  announce(words);
}

/** We do not know, and stop asking by ourselves. */
function unknown(sheet, key, error) {
  unsureNow(sheet, error, t("pay.unknown"));
  const again = h("button.primary", { type: "button", "data-testid": "ask-again" }, t("pay.ask_again"));
  const ask = () => again.isConnected && settle(sheet, key);
  again.addEventListener("click", ask);
  addEventListener("online", ask, { once: true });
  fill(sheet.actions, h("p.hint", null, t("pay.once")), again, closeButton(t("sheet.close")));
}

/** The city said no: nothing was paid. */
async function refused(sheet, error) {
  if (!sheet.dialog.isConnected) return;
  const wallet = error.code === SHORT ? await purse() : null;
  if (wallet) return offer(sheet, wallet);
  sheet.mark("unknown"); // the bill may have changed: it is read anew
  const place = h("div");
  fill(sheet.body, who(sheet.bill), place);
  complain(place, error);
  fill(sheet.actions, closeButton(t("sheet.close")));
}

const purse = () => whole(ask(PURSE)).then(({ me }) => me.wallet, () => null);

/** Demonstrations only. One key a button: a second try puts in nothing more. */
function topUp(sheet, missing) {
  const fen = Math.min(TOP_UP_MOST_FEN, Math.ceil(missing / TOP_UP_STEP_FEN) * TOP_UP_STEP_FEN);
  const place = h("div");
  return h("div.stack", null, topUpButton(fen, (wallet) => offer(sheet, wallet), place), place);
}

/**
 * @param {number} fen
 * @param {(wallet: any) => void} ondone
 * @param {HTMLElement} place  for what went wrong
 */
export function topUpButton(fen, ondone, place) {
  const idempotencyKey = randomId("top");
  const button = h(
    "button.second.wide.test-money",
    { type: "button", "data-testid": "top-up" },
    h("span.synthetic", null, t("demo.mark")),
    t("money.top_up", { amount: money(fen) }),
  );
  button.addEventListener("click", () =>
    busy(button, t("money.topping"), async () => {
      try {
        const { topUpWallet } = await whole(ask(TOP_UP, { input: { amountFen: fen, idempotencyKey } }));
        announce(t("money.topped", { amount: money(fen) }));
        ondone(topUpWallet);
      } catch (error) {
        complain(place, error);
      }
    }),
  );
  return button;
}
