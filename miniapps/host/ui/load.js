/**
 * A screen's content in every state: skeleton, content, error; and what we knew already while the new answer is on its way.
 *
 * Answers are remembered in memory only, until sign-out: they are somebody's.
 */

import { fill, h } from "../dom.js";
import { has, t } from "../i18n.js";
import { OFFLINE } from "../api.js";
import { announce } from "./announce.js";
import { shape } from "./icons.js";

/** A skeleton that flashes by is worse than a short nothing. */
const SKELETON_AFTER_MS = 150;

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
 * }} part
 */
export async function load(region, part) {
  const known = answers.get(part.key);
  const waiting = known ? null : setTimeout(() => fill(region, part.skeleton()), SKELETON_AFTER_MS);
  if (known) fill(region, part.show(known));
  region.setAttribute("aria-busy", "true");
  try {
    const answer = await part.ask();
    if (part.signal.aborted) return;
    if (!answer.errors.length) answers.set(part.key, answer);
    fill(region, part.show(answer));
  } catch (error) {
    if (part.signal.aborted) return;
    if (!known || error.code !== OFFLINE)
      fill(
        region,
        problem(error, () => load(region, part)),
      );
  } finally {
    clearTimeout(waiting ?? undefined);
    region.removeAttribute("aria-busy");
  }
}

/** What happened, why, what to do; the code small. @param {any} error @param {() => void} [retry] */
export function problem(error, retry) {
  const words = errorWords(error);
  announce(words.title);
  return h(
    "section.problem",
    { "data-testid": "problem", "data-code": words.code },
    shape("warn"),
    h("h2", null, words.title),
    h("p", null, words.hint),
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
  const known = has(`error.${code}`);
  const values = {
    minutes: Math.max(1, Math.ceil((error.extensions?.retry_after_s ?? 60) / 60)),
    n: error.extensions?.tries_left ?? 0,
  };
  return {
    code,
    title: known ? t(`error.${code}`, values) : error.extensions ? error.message : t("error.CLIENT_FAULT"),
    hint: has(`error.${code}.hint`) ? t(`error.${code}.hint`, values) : t("error.hint"),
    incident: error.extensions?.incident,
  };
}
