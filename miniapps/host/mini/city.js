/**
 * What the runtime asks of the city, always as the citizen who is signed in, never for whom they act: a program knows
 * one person by one openid. Nothing here reaches a program but by the methods that call it.
 */

import { askAsMyself, CityError, OFFLINE, prove, sendAsMyself, STEP_UP, UNREACHABLE, whole } from "../api.js";
import { prefs } from "../prefs.js";
import * as documents from "./documents.js";

const GRAPHQL = "/mini/graphql";
const ask = (document, variables, signal) => whole(askAsMyself(document, variables, { signal }));

/** @param {import("./chrome.js").Opening} opening */
export const begin = async ({ appId, page, query, scene, referrer }, signal) =>
  (
    await ask(
      documents.OPEN,
      { appId, page: page ?? null, query: query ?? {}, scene: scene ?? "home", referrer: referrer ?? null },
      signal,
    )
  ).openMiniProgram;

/** @param {string} session */
export const city = (session) => ({
  end: () => ask(documents.CLOSE, { session }),
  /** @param {string} appId */
  standing: (appId) => ask(documents.STANDING, { session, appId }),
  /** @param {number} revision @param {import("./storage.js").Change} change */
  store: async (revision, change) =>
    (await ask(documents.STORE, { session, revision, ...change })).writeMiniStorage.revision,
  /** @param {{ granted: string[], denied: string[], text: string }} answer */
  answer: async (answer) => (await ask(documents.ANSWER, { session, ...answer })).answerMiniPermissions,
  login: async (signal) => (await ask(documents.LOGIN, { session }, signal)).miniLogin,
  launchToken: async (signal) => (await ask(documents.LAUNCH_TOKEN, { session }, signal)).miniLaunchToken,
  phoneCode: async (signal) => (await ask(documents.PHONE_CODE, { session }, signal)).miniPhoneCode,
  /** @param {string[]} templates @returns {Promise<import("./chrome.js").Subscribable[]>} */
  subscriptionsWanted: async (templates, signal) =>
    (await ask(documents.SUBSCRIPTIONS_WANTED, { session, templates }, signal)).miniSubscriptionsWanted,
  /** @param {import("./chrome.js").SubscribeAnswer} answer */
  subscribe: (answer, signal) => ask(documents.SUBSCRIBE, { session, ...answer }, signal),
  /** @param {import("./told.js").Entry[]} entries */
  note: (entries) => ask(documents.NOTE, { session, entries }),
  graphql: (documentId, variables, signal) => graphql(session, documentId, variables, signal),
});

/** @param {string} appId @param {string} name @param {"GRANTED" | "DENIED" | "PROMPT"} state */
export const settle = async (appId, name, state) =>
  (await ask(documents.SETTLE, { appId, name, state })).setMiniPermission;

/** Of what the graph refuses, what is about the line to the city: the program hears of it as of any other call. */
const OF_THE_LINE = new Set(["UNAVAILABLE", "LIMITED"]);

/**
 * One of the release's own documents. What the graph refuses for a reason of its own goes to the program with its code
 * and words, as errors of an answer; where it wants a proof that it is the citizen, the shell's sheet asks for one first.
 * @returns {Promise<{ data: any, errors?: any[], withheld: string[] }>}
 */
async function graphql(session, documentId, variables, signal) {
  const told = await sent(session, documentId, variables, signal);
  if (!told.answer?.errors?.some((error) => error.extensions?.code === STEP_UP)) return told;
  await prove(signal);
  return sent(session, documentId, variables, signal);
}

const sent = (session, documentId, variables, signal) =>
  sendAsMyself("POST", GRAPHQL, async (shown) => {
    const response = await reach(session, documentId, variables, { signal, shown });
    const answer = await response.json().catch(() => null);
    if (answer === null || typeof answer !== "object") throw new CityError(UNREACHABLE, "");
    const [first] = answer.errors ?? [];
    const refused = (answer.data ?? null) === null && (!answer.withheld || OF_THE_LINE.has(first?.extensions?.kind));
    const code = refused ? (first?.extensions?.code ?? null) : null;
    return { ...told(answer, first, code), code, date: response.headers.get("Date") };
  });

function told(answer, first, code) {
  if (code) return { refusal: new CityError(code, first.message, first.extensions) };
  const { data = null, errors, withheld = [] } = answer;
  return { answer: { data, withheld, ...(errors?.length && { errors }) } };
}

async function reach(session, documentId, variables, { signal, shown }) {
  const headers = { "Content-Type": "application/json", "Accept-Language": prefs().locale, ...shown };
  const body = JSON.stringify({ session, documentId, variables });
  const asked = { method: "POST", body, headers, signal, credentials: "same-origin", cache: "no-store" };
  try {
    return await fetch(GRAPHQL, /** @type {RequestInit} */ (asked));
  } catch (cause) {
    if (signal.aborted) throw cause;
    throw new CityError(navigator.onLine ? UNREACHABLE : OFFLINE, "");
  }
}
