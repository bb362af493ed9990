/**
 * A screen's content in every state: skeleton, content, error; and what we knew already while the new answer is on its
 * way, or when it does not come.
 *
 * Answers are remembered in memory only, until sign-out: they are somebody's.
 */

import { acting } from "../acting.js";
import { fill, h } from "../dom.js";
import { clock, dayAndClock } from "../format.js";
import { has, t } from "../i18n.js";
import { lineBroke } from "../api.js";
import { prefs } from "../prefs.js";
import { toHeading } from "../router.js";
import { cityNow } from "../session.js";
import { announce } from "./announce.js";
import { shape } from "./icons.js";

/** A skeleton that flashes by is worse than a short nothing. */
const SKELETON_AFTER_MS = 150;

/** By language, whom it is asked for, and key: a part of the city answers in the reader's. @type {Map<string, { answer: any, at: number }>} */
const answers = new Map();

export const forgetAnswers = () => answers.clear();

/**
 * @template T
 * @param {HTMLElement} region
 * @param {{
 *   key: string,
 *   signal: AbortSignal,
 *   ask: () => Promise<import("../api.js").Answer<T>>,
 *   skeleton: () => HTMLElement,
 *   show: (answer: import("../api.js").Answer<T>) => import("../dom.js").Child,
 *   without?: () => import("../dom.js").Child,
 * }} part  without: what there is without a line, under the notice
 */
export async function load(region, part) {
  const key = `${prefs().locale} ${acting()?.relation ?? ""} ${part.key}`;
  const known = answers.get(key);
  const waiting = known ? null : setTimeout(() => refill(region, part.skeleton()), SKELETON_AFTER_MS);
  if (known) refill(region, part.show(known.answer));
  region.setAttribute("aria-busy", "true");
  try {
    const answer = await part.ask();
    if (part.signal.aborted) return;
    if (!answer.errors.length) answers.set(key, { answer, at: cityNow() });
    if (!known || !(inUse(region) || same(answer, known.answer))) refill(region, part.show(answer));
  } catch (error) {
    if (!part.signal.aborted) lacking(region, part, known, error);
  } finally {
    clearTimeout(waiting ?? undefined);
    region.removeAttribute("aria-busy");
  }
}

/** What we knew stays where only the line is bad. When it is back, we ask again by ourselves. */
function lacking(region, part, known, error) {
  const retry = () => load(region, part);
  const notice = known && lineBroke(error) ? asOf(known.at, retry) : problem(error, retry);
  if (known && lineBroke(error)) region.prepend(notice);
  else refill(region, [notice, lineBroke(error) ? part.without?.() : null]);
  addEventListener("online", () => notice.isConnected && retry(), { signal: part.signal, once: true });
}

const asOf = (at, retry) =>
  h(
    "div.partial",
    { "data-testid": "as-of", role: "status" },
    shape("clock"),
    h("div", null, t("state.known", { clock: clock(at) })),
    h("button.second", { type: "button", onclick: retry }, t("state.retry")),
  );

/** New content; a focus that was in the old one goes to where the screen begins. */
function refill(region, content) {
  const held = region.contains(document.activeElement);
  fill(region, content);
  if (held && !region.contains(document.activeElement)) toHeading();
}

/** Nothing changes under a reader's hands. */
const inUse = (region) =>
  region.contains(document.activeElement) && document.activeElement.matches("input, select, textarea");

const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);

/** What happened, why, what to do; the code small. @param {any} error @param {() => void} [retry] */
export function problem(error, retry) {
  const words = errorWords(error);
  announce(words.title);
  return h(
    "section.problem",
    { "data-testid": "problem", "data-code": words.code },
    shape("warn"),
    h("h2", null, words.title),
    words.hint ? h("p", null, words.hint) : null,
    retry ? h("button.second", { type: "button", onclick: retry }, t("state.retry")) : null,
    h("p.code-small", null, words.incident ? `${words.code} · ${words.incident}` : words.code),
  );
}

/**
 * One part of a screen did not come; the rest stands.
 * @param {string} what
 * @param {() => void} retry
 * @param {import("../api.js").GraphError} error
 */
export const missingPart = (what, retry, error) =>
  h(
    "div.partial",
    { "data-testid": "partial" },
    shape("warn"),
    h("div", null, h("p", null, what), h("p.code-small", null, error.extensions?.code ?? "INTERNAL")),
    h("button.second", { type: "button", onclick: retry }, t("state.retry")),
  );

/** @param {any} error @returns {{ code: string, title: string, hint: string, incident?: string }} */
export function errorWords(error) {
  const code = error.code ?? "CLIENT_FAULT";
  const spent = code === "AUTH_CODE_WRONG" && error.extensions?.tries_left === 0;
  const said = spent ? "AUTH_CODE_SPENT" : code;
  const known = has(`error.${said}`);
  const ownWords = !known && error.extensions; // the city's own, which say what to do
  const values = {
    minutes: Math.max(1, Math.ceil((error.extensions?.retry_after_s ?? 60) / 60)),
    n: error.extensions?.tries_left ?? 0,
    until: error.extensions?.until ? dayAndClock(error.extensions.until) : "",
    reference: error.extensions?.reference ?? "",
  };
  return {
    code,
    title: known ? t(`error.${said}`, values) : ownWords ? error.message : t("error.CLIENT_FAULT"),
    hint: has(`error.${said}.hint`) ? t(`error.${said}.hint`, values) : ownWords ? "" : t("error.hint"),
    incident: error.extensions?.incident,
  };
}
