/**
 * `@citytong/sdk/testing`: a host for tests and for a page that is opened by itself. It stands where a real host's
 * `preload.js` would (door.js), speaks the same messages, checks parameters with the same validator and answers as a host
 * would for a citizen who says yes; tests say otherwise with `respond`, `fail`, `refuses` and `intercept`. Works in Node,
 * in jsdom and in a browser. One at a time; `close()` leaves the page without a host again.
 */
import { HANDOVER } from './door.js';
import { noEnv, NO_LAUNCH } from './facts.js';
import { EVENTS, METHODS, PROTOCOL } from './generated/methods.js';
import { PERMISSIONS, PERMISSIONS_WHEN } from './generated/permissions.js';
import { checkParams } from './generated/validate.js';
import { mp, MpError } from './index.js';
import { nearest } from './nearest.js';
import { replies } from './replies.js';

const CONNECT = Symbol.for('citytong.mp.connect');
const copy = (value) => (value === undefined ? undefined : JSON.parse(JSON.stringify(value)));
const TOLD_FIRST = { apphide: { reason: 'home' }, appunload: { reason: 'closed' }, apperror: { errorDescription: 'an error of the test' } };

/** The program's end of the line: shaped like a MessagePort, and without one, so that no process is kept alive by it. */
class Port {
  onclose = null;
  #hears = null;
  #early = [];
  #said;

  constructor(said) {
    this.#said = said;
  }

  set onmessage(hears) {
    this.#hears = hears;
    while (hears && this.#early.length) hears({ data: this.#early.shift() });
  }

  postMessage(message) {
    this.#said(copy(message));
  }

  tell(message) {
    if (this.#hears) this.#hears({ data: copy(message) });
    else this.#early.push(copy(message));
  }

  close() {
    this.#said = () => {};
  }
}

class MockHost {
  calls = [];
  storage;
  grants;
  latency;
  #port = null;
  #hand = null;
  #answers = new Map();
  #intercepts = [];
  #cancelled = new Set();
  #replies;
  #welcome;
  #refuses;

  constructor(options) {
    const { env, launch, storage = {}, grants = [], refuses = [], latency = 0 } = options;
    this.storage = { ...storage };
    this.grants = new Set(grants);
    this.latency = latency;
    this.#refuses = new Set(refuses);
    const page = launch?.page ?? env?.pages?.[0] ?? 'pages/index/index';
    const told = { hostVersion: 'mock', protocol: PROTOCOL, appId: 'org.example.program', version: { name: '1.0.0', code: 1 }, pages: [page], stack: [page] };
    this.#welcome = {
      mp: 'welcome', protocol: PROTOCOL, session: 'mps_mock',
      launch: { ...NO_LAUNCH, scene: 'home', ...launch, page },
      env: { ...noEnv(), ...told, platform: 'devtools', ...env },
    };
    this.#replies = replies(this, options);
  }

  respond(method, answer) {
    this.#answers.set(known(method), typeof answer === 'function' ? answer : () => answer);
    return this;
  }

  fail(method, code, about = {}) {
    return this.respond(method, () => {
      throw new MpError(code, { ...about, method });
    });
  }

  intercept(listener) {
    this.#intercepts.push(listener);
    return () => (this.#intercepts = this.#intercepts.filter((one) => one !== listener));
  }

  emit(type, data = type === 'appshow' ? this.#welcome.launch : (TOLD_FIRST[type] ?? {})) {
    if (!EVENTS[type]) throw new MpError('E_INVALID_PARAM', { method: 'emit', path: '/type', message: `There is no event "${type}". Did you mean "${nearest(type, Object.keys(EVENTS))}"?` });
    this.#port?.tell({ ev: type, d: data });
    return this;
  }

  /** Permissions as `mp.capabilities` tells them. */
  capabilities() {
    const names = new Set([...Object.values(PERMISSIONS), ...Object.values(PERMISSIONS_WHEN).flatMap((rows) => rows.map((row) => row[2])), ...this.grants]);
    return [...names].map((name) => {
      const state = this.grants.has(name) ? 'granted' : this.#refuses.has(name) ? 'denied' : 'prompt';
      return { name, state, why: state === 'granted' ? null : 'consent' };
    });
  }

  /** Asks the citizen of the test, who says yes unless `refuses` names it. */
  ask(names) {
    for (const name of names) if (!this.#refuses.has(name)) this.grants.add(name);
    return { granted: names.filter((name) => this.grants.has(name)), denied: names.filter((name) => !this.grants.has(name)) };
  }

  open() {
    const standing = Object.getOwnPropertyDescriptor(globalThis, HANDOVER);
    if (standing && !standing.configurable) throw new Error('A real host runs this page: createMockHost is for tests.');
    standing?.value.close?.();
    const take = () => {
      const welcome = copy({ ...this.#welcome, storage: this.storage });
      this.#port = new Port((message) => this.#hear(message));
      return { port: this.#port, welcome };
    };
    this.#hand = { take, close: () => this.#end() };
    Object.defineProperty(globalThis, HANDOVER, { value: this.#hand, configurable: true, enumerable: false });
    mp[CONNECT]();
    return this;
  }

  close() {
    this.#end();
    if (globalThis[HANDOVER] !== this.#hand) return;
    delete globalThis[HANDOVER];
    mp[CONNECT]();
  }

  #end() {
    const port = this.#port;
    this.#port = null;
    port?.onclose?.();
  }

  #hear(message) {
    if ('cancel' in message) this.#cancelled.add(message.cancel);
    else if ('id' in message) this.#answer(message);
  }

  async #answer({ id, m: method, p: params }) {
    const port = this.#port;
    this.calls.push({ method, params });
    if (this.latency > 0) await new Promise((resolve) => setTimeout(resolve, this.latency));
    let said;
    try {
      const run = this.#intercepts.reduceRight(
        (next, listener) => async () => listener({ method, params }, next),
        async () => this.#handle(method, params),
      );
      said = { id, ok: copy((await run()) ?? {}) };
    } catch (error) {
      const { code, errno, message, why, retryAfter, docs, data } = MpError.is(error) ? error : new MpError('E_INTERNAL', { message: String(error) });
      said = { id, err: { code, errno, message, why, retryAfter, data, path: data.path, docs } };
    }
    if (!this.#cancelled.delete(id) && port === this.#port) port.tell(said);
  }

  async #handle(method, params) {
    if (!METHODS[method] || METHODS[method].local) throw new MpError('E_UNSUPPORTED', { method });
    const fault = checkParams(method, params);
    if (fault) throw new MpError('E_INVALID_PARAM', { method, path: fault.path, message: fault.problem });
    const own = this.#answers.get(method);
    if (own) return own(params);
    const permission = needed(method, params);
    if (permission && this.ask([permission]).denied.length) throw new MpError('E_PERMISSION_DENIED', { method, why: 'consent' });
    return this.#replies[method]?.(params);
  }
}

function needed(method, params) {
  const when = PERMISSIONS_WHEN[method]?.find(([name, value]) => params[name] === value);
  return when ? when[2] : PERMISSIONS[method];
}

function known(method) {
  const names = Object.keys(METHODS).filter((name) => !METHODS[name].local);
  if (names.includes(method)) return method;
  throw new MpError('E_UNSUPPORTED', { method, message: `A host is never asked "${method}". Did you mean "${nearest(method, names)}"?` });
}

/** Puts a host before `mp`, shown, and returns its handles. */
export function createMockHost(options = {}) {
  const host = new MockHost(options).open();
  return options.shown === false ? host : host.emit('appshow');
}

/**
 * A graph for tests: answers by document id. A value is an answer's data; a function of the variables returns data, or all
 * of `{ data, errors, withheld }`.
 */
export function schemaMock(documents = {}) {
  return (documentId, variables) => {
    if (!Object.hasOwn(documents, documentId)) throw new MpError('E_DOC_UNKNOWN', { method: 'graphql' });
    const answer = documents[documentId];
    return typeof answer === 'function' ? answer(variables) : answer;
  };
}
