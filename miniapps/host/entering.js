/**
 * However somebody proved themself, here they come in; or go on to the second step, where one is due; or say first whether
 * an account that nobody used for long is theirs.
 */

import { askOpenly, whole } from "./api.js";
import { dropDraft, setDraft } from "./draft.js";
import { proceed, replace } from "./router.js";
import { alone, keep } from "./session.js";

const SECOND_STEP = "AUTH_SECOND_FACTOR_REQUIRED";
const SLEEPS = "AUTH_ACCOUNT_SLEEPS";
/** The city's own, told by this device's clock, which may be minutes off. */
const PENDING_MS = 300_000;
const WAKE_MS = 600_000;

/**
 * @param {string} document  a mutation that begins a session
 * @param {Record<string, unknown>} input
 */
export const enterBy = (document, input) => enterWith(document, { input });

/** @param {string} document  a mutation that begins a session @param {Record<string, unknown>} variables */
export async function enterWith(document, variables) {
  const askedAt = Date.now();
  try {
    const answer = await whole(askOpenly(document, variables));
    await enter(Object.values(answer)[0], askedAt);
  } catch (error) {
    if (error.code === SECOND_STEP) {
      const { pending_id: id, methods } = error.extensions;
      setDraft({ sent: undefined, sleeps: undefined, pending: { id, methods, until: askedAt + PENDING_MS } });
      replace("/sign-in/second");
    } else if (error.code === SLEEPS) {
      const { pending_id: id, proven } = error.extensions;
      setDraft({ sent: undefined, sleeps: { id, proven: proven === true, until: askedAt + WAKE_MS } });
      replace("/sign-in/sleeps");
    } else throw error;
  }
}

/** @param {import("./session.js").SignInResult} result @param {number} askedAt  this device's clock when we asked */
export async function enter(result, askedAt) {
  await alone(() => keep(result, askedAt));
  dropDraft();
  proceed();
}
