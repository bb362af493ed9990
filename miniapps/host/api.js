/**
 * The one way to the city: POST /graphql.
 *
 * `ask` returns what the city answered, `{data, errors}`, also when parts are missing: a screen shows what came and
 * says what did not. It throws `CityError` only when there is nothing to show.
 *
 * What is refused because the city wants to know again who asks (`STEP_UP_REQUIRED`) is asked once more when they have
 * proven it; callers never see the refusal.
 */

import { forgetKey, isBound, registration, sendShown } from "./device-key.js";
import { acting, fresh, keepActing, stopActing } from "./acting.js";
import { prefs } from "./prefs.js";
import { REFRESH, SIGN_OUT } from "./documents.js";
import { FORGET_DEVICE, REGISTER_DEVICE_KEY } from "./documents-security.js";
import { ACT_FOR } from "./documents-street.js";
import * as session from "./session.js";
import { firstOf } from "./signals.js";

const TIMEOUT_MS = 12_000;
const GRAPH = "/graphql";

/** The codes below exist in this client only; all others are the city's. */
export const OFFLINE = "CLIENT_OFFLINE";
export const UNREACHABLE = "CLIENT_UNREACHABLE";
export const TIMEOUT = "CLIENT_TIMEOUT";
export const ACTING_ENDED = "CLIENT_ACTING_ENDED";
/** They were asked to prove that it is them, and would not: nothing happened. */
export const NOT_PROVEN = "CLIENT_NOT_PROVEN";
/** The city wants a proof that it is them, just now. */
export const STEP_UP = "STEP_UP_REQUIRED";
const SIGNED_OUT = "UNAUTHENTICATED";

/** The browser sent a request twice by itself, and the city took the first: what came of it nobody told us. */
const TWICE = "AUTH_DPOP_PROOF_REPLAYED";

const ENDED = new Set([
  "AUTH_REFRESH_REUSED",
  "AUTH_REFRESH_INVALID",
  "AUTH_TOKEN_INVALID",
  "AUTH_DPOP_REQUIRED",
  "AUTH_DPOP_KEY_MISSING",
  SIGNED_OUT,
]);

export class CityError extends Error {
  /** @param {string} code @param {string} message @param {Record<string, unknown>} [extensions] */
  constructor(code, message, extensions = {}) {
    super(message);
    this.code = code;
    this.extensions = extensions;
  }
}

/** Nothing is known of what the city did: the line broke before an answer. @param {any} error */
export const lineBroke = (error) => [OFFLINE, UNREACHABLE, TIMEOUT].includes(error.code);

/** @typedef {{ message: string, path?: (string | number)[], extensions?: { code?: string } & Record<string, unknown> }} GraphError */
/** @template T @typedef {{ data: T, errors: GraphError[] }} Answer */

/**
 * Ask as the person who is signed in, or for the one whom they act for in this tab.
 * @template T
 * @param {string} document
 * @param {Record<string, unknown>} [variables]
 * @param {{ signal?: AbortSignal }} [options]
 * @returns {Promise<Answer<T>>}
 */
export const ask = (document, variables, options = {}) =>
  acting() ? askForThem(document, variables, options) : askAsMyself(document, variables, options);

/**
 * What is one's own whoever one acts for: relations, beginning to act.
 * @template T
 * @param {string} document
 * @param {Record<string, unknown>} [variables]
 * @param {{ signal?: AbortSignal }} [options]
 * @returns {Promise<Answer<T>>}
 */
export async function askAsMyself(document, variables, options = {}) {
  const asker = session.sessionId();
  let token = session.accessToken() ?? (await renew(null));
  let answer = await post(document, variables, { ...options, token });
  if (codeOf(answer) === "AUTH_TOKEN_EXPIRED") {
    token = await renew(token);
    answer = await post(document, variables, { ...options, token });
  }
  answer = await proven(answer, options, async () => {
    const surer = session.accessToken() ?? (await renew(null));
    return post(document, variables, { ...options, token: surer });
  });
  if (ENDED.has(codeOf(answer))) await session.forget({ only: asker, byCity: true });
  return settle(answer);
}

/** @typedef {(signal?: AbortSignal) => Promise<boolean>} Prove  has who is signed in prove it again; true when they have */
/** @type {Prove | null} */
let prover = null;
/** @type {Promise<boolean> | null} */
let proving = null;

/** Who asks for the proof: the shell's sheet. @param {Prove} prove */
export const proveWith = (prove) => void (prover = prove);

/**
 * Have who is signed in prove that it is them. Whoever else asks meanwhile waits for the same answer.
 * @param {AbortSignal} [signal]
 */
export async function prove(signal) {
  proving ??= proof(signal).finally(() => (proving = null));
  if (!(await proving)) throw new CityError(NOT_PROVEN, "");
}

async function proof(signal) {
  const given = await prover(signal);
  if (given) await bindOnce().catch(() => null);
  return given;
}

/** A session from before there were keys takes one when its owner has just proven that it is them. */
const bindOnce = () =>
  session.alone(async () => {
    const token = session.accessToken();
    const input = token && !isBound(token) ? await registration(GRAPH) : null;
    if (!input) return;
    const askedAt = Date.now();
    const { data } = settle(await post(REGISTER_DEVICE_KEY, { input }, { token }));
    await session.keep(data.registerDeviceKey, askedAt);
  });

/** The answer; or, where it was refused for want of a proof, the answer to what is asked again after it. */
async function proven(answer, { signal }, again) {
  if (!answer.errors?.some((error) => error.extensions?.code === STEP_UP)) return answer;
  await prove(signal);
  return again();
}

/** Never falls back to one's own token: the answer would be another person's. */
async function askForThem(document, variables, options) {
  const mine = acting();
  let token = fresh(mine) ? mine.token : await beginAgain(mine);
  let answer = await post(document, variables, { ...options, token });
  if (codeOf(answer) === "AUTH_TOKEN_EXPIRED") {
    token = await beginAgain(mine);
    answer = await post(document, variables, { ...options, token });
  }
  answer = await proven(answer, options, async () =>
    post(document, variables, { ...options, token: await beginAgain(mine) }),
  );
  if (ENDED.has(codeOf(answer))) throw actingEnded(mine);
  return settle(answer);
}

/** The ten minutes are over, the relation may not be. */
async function beginAgain(mine) {
  const asked = whole(askAsMyself(ACT_FOR, { id: mine.relation }));
  const { actFor } = await asked.catch((error) => {
    throw lineBroke(error) ? error : actingEnded(mine);
  });
  if (acting()?.relation !== mine.relation) throw new CityError(ACTING_ENDED, "");
  keepActing(mine.relation, actFor);
  return actFor.accessToken;
}

function actingEnded(mine) {
  if (acting()?.relation === mine.relation) stopActing();
  return new CityError(ACTING_ENDED, "");
}

/** Begin to act for somebody in this tab. @param {string} relation */
export async function actFor(relation) {
  keepActing(relation, (await whole(askAsMyself(ACT_FOR, { id: relation }))).actFor);
}

/**
 * Send as oneself what does not go through the graph.
 * @template {import("./device-key.js").Sent} T
 * @param {string} method
 * @param {string} path
 * @param {(headers: Record<string, string>) => Promise<T>} send  with the headers that show who asks
 */
export async function sendAsMyself(method, path, send) {
  const token = session.accessToken() ?? (await renew(null));
  return sendShown({ method, path, token }, send);
}

/** Have the tokens say what has changed about the session: a second factor, just made. */
export const renewed = () => renew(session.accessToken());

/**
 * Ask as nobody: signing in, and the rules of it. A mutation may begin a session, which is bound to this device then.
 * @template T
 * @param {string} document
 * @param {Record<string, unknown>} [variables]
 * @returns {Promise<Answer<T>>}
 */
export async function askOpenly(document, variables) {
  return settle(await post(document, variables, { begins: document.startsWith("mutation") }));
}

/**
 * Only what was asked for will do: for mutations.
 * @template T
 * @param {Promise<Answer<T>>} asked
 * @returns {Promise<T>}
 */
export async function whole(asked) {
  const { data, errors } = await asked;
  if (errors.length) throw fromGraph(errors[0]);
  return data;
}

/** @param {GraphError} error */
export const fromGraph = (error) =>
  new CityError(error.extensions?.code ?? "INTERNAL", error.message, error.extensions);

/**
 * Did the field at `path` fail?
 * @param {GraphError[]} errors
 * @param {...string} path
 * @returns {GraphError | undefined}
 */
export const missing = (errors, ...path) => errors.find((error) => path.every((step, i) => error.path?.[i] === step));

/**
 * A fresh access token. Tabs take turns: the refresh token that this tab knew may have been spent by another one.
 * @param {string | null} stale  the token that the city refused
 */
async function renew(stale) {
  return session.alone(async () => {
    const token = session.accessToken();
    if (token && token !== stale) return token;
    session.dropAccess();
    const asker = session.sessionId();
    const refreshToken = await session.refreshToken();
    if (!refreshToken) return signedOut(asker);
    const askedAt = Date.now();
    const answer = await post(REFRESH, { refreshToken }, { begins: true });
    if (ENDED.has(codeOf(answer))) await session.forget({ only: asker, byCity: true });
    const { data } = settle(answer);
    const left = (await session.refreshToken()) !== refreshToken; // or another came
    if (left) throw new CityError(SIGNED_OUT, "");
    await session.keep(data.refreshSession, askedAt);
    return data.refreshSession.accessToken;
  });
}

async function signedOut(asker) {
  await session.forget({ only: asker, byCity: true });
  throw new CityError(SIGNED_OUT, "");
}

/** Here at once, whatever the line does; in the city when it hears of it, or when the session is left idle. */
export async function signOut() {
  const token = session.accessToken();
  const refreshToken = token ? null : await session.refreshToken();
  await session.forget();
  await end(token, refreshToken).catch(() => null);
}

/** Whoever signs in here next does so on a new device. @param {string} id  of this one */
export async function forgetThisDevice(id) {
  await whole(askAsMyself(FORGET_DEVICE, { id }));
  await forgetKey();
  await session.forget();
}

/** The session that this device does not hold any more. */
async function end(token, refreshToken) {
  const { data } = token ? {} : await post(REFRESH, { refreshToken }, { begins: true, keepalive: true });
  await post(SIGN_OUT, {}, { token: token ?? data.refreshSession.accessToken, keepalive: true });
}

async function post(document, variables, { token, begins, signal, keepalive }) {
  const asked = {
    method: "POST",
    body: JSON.stringify({ query: document, variables, operationName: operationName(document) }),
    signal: firstOf(AbortSignal.timeout(TIMEOUT_MS), ...(signal ? [signal] : [])),
    keepalive,
    credentials: "same-origin",
    cache: "no-store",
  };
  try {
    const { answer, code } = await sendShown({ method: "POST", path: GRAPH, token, begins }, async (shown) => {
      const response = await fetch(GRAPH, { ...asked, headers: { ...headers(), ...shown } });
      const answer = await body(response);
      return { answer, code: codeOf(answer), date: response.headers.get("Date") };
    });
    if (code === TWICE) throw new CityError(UNREACHABLE, "");
    return answer;
  } catch (cause) {
    throw transportError(cause, signal);
  }
}

/** Whatever the status, a GraphQL body is an answer; anything else is a broken line. */
async function body(response) {
  const answer = await response.json().catch(() => null);
  if (!answer || typeof answer !== "object" || !("data" in answer || "errors" in answer)) {
    throw new CityError(UNREACHABLE, "", { status: response.status });
  }
  return answer;
}

function transportError(cause, signal) {
  if (cause instanceof CityError || signal?.aborted) return cause;
  if (cause.name === "TimeoutError") return new CityError(TIMEOUT, "");
  return new CityError(navigator.onLine ? UNREACHABLE : OFFLINE, "");
}

function settle(answer) {
  const errors = answer.errors ?? [];
  const nothing = !answer.data || Object.values(answer.data).every((value) => value === null);
  if (nothing && errors.length) throw fromGraph(errors[0]);
  return { data: answer.data, errors };
}

const codeOf = (answer) => (answer.data ? null : firstCode(answer));

/** The city's reason, in GraphQL's shape. */
export const firstCode = (answer) => answer?.errors?.[0]?.extensions?.code ?? null;

function headers() {
  return {
    "Content-Type": "application/json",
    Accept: "application/graphql-response+json, application/json",
    "Accept-Language": prefs().locale,
    "X-Device-Id": session.deviceId(),
  };
}

const operationName = (document) => /(?:query|mutation)\s+(\w+)/.exec(document)?.[1];
