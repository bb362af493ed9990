/**
 * However somebody proved themself, here they come in; or go on to the second step, where one is due.
 */

import { askOpenly, whole } from "./api.js";
import { dropDraft, setDraft } from "./draft.js";
import { proceed, replace } from "./router.js";
import { alone, keep } from "./session.js";

const SECOND_STEP = "AUTH_SECOND_FACTOR_REQUIRED";
/** The city's own, told by this device's clock, which may be minutes off. */
const PENDING_MS = 300_000;

/**
 * @param {string} document  a mutation that begins a session
 * @param {Record<string, unknown>} input
 */
export async function enterBy(document, input) {
  const askedAt = Date.now();
  try {
    const answer = await whole(askOpenly(document, { input }));
    await enter(Object.values(answer)[0], askedAt);
  } catch (error) {
    if (error.code !== SECOND_STEP) throw error;
    const { pending_id: id, methods } = error.extensions;
    setDraft({ sent: undefined, pending: { id, methods, until: askedAt + PENDING_MS } });
    replace("/sign-in/second");
  }
}

/** @param {import("./session.js").SignInResult} result @param {number} askedAt  this device's clock when we asked */
export async function enter(result, askedAt) {
  await alone(() => keep(result, askedAt));
  dropDraft();
  proceed();
}
