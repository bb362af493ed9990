/**
 * A program that runs: its session with the city, its pages, what it may do, what it keeps, and the life it leads.
 *
 * It is one of one citizen. It lives while it is before them, and five minutes beyond; it ends when it, they, or the city
 * end it, and `chrome.closed` says why, once. All strings of the program pass through here to `chrome` as data.
 *
 * It may begin on what its last run was told, while the city is asked (`ahead.js`): its pages then load, and none of them
 * gets a port before the city has said that it is so (`confirm`); else it is as if it had not been (`drop`).
 */

import { sessionId } from "../session.js";
import { Budget } from "./budget.js";
import { Gate, toProgram } from "./capabilities.js";
import { city, settle } from "./city.js";
import { BridgeError, ENDINGS } from "./errors.js";
import { Files } from "./files.js";
import { ERRORS, METHODS } from "./generated/bridge.js";
import { write } from "./kept.js";
import { HIDDEN_MS_MAX, programStates } from "./lifecycle.js";
import { surroundings, watchLook } from "./look.js";
import { Manifest } from "./manifest.js";
import { method, unsupported } from "./methods/all.js";
import { ownKey } from "./owned.js";
import { Documents, Routed } from "./pages.js";
import { routeTo } from "./routes.js";
import { ProgramStorage } from "./storage.js";
import { Told } from "./told.js";

/** So long a page that is closed may still write down what it has. */
const GRACE_MS = 300;
const STANDING_EVERY_MS = 30_000;
/** Nothing was painted: the program may draw nothing that counts. The skeleton goes all the same, and a word is said. */
const PAINT_MS_MAX = 4_000;

/** @typedef {{ program: Program, page: import("./page.js").Page, params: any, signal: AbortSignal }} MethodCall */

const UNLOADED = /** @type {Record<string, string>} */ ({
  IDLE: "hidden",
  PRESSURE: "pressure",
  UPDATE: "update",
  E_APP_REVOKED: "revoked",
  E_VERSION_REVOKED: "revoked",
});

/** These get no last words. */
const AT_ONCE = new Set(["SEIZED", "FLOOD", "E_APP_REVOKED", "E_VERSION_REVOKED"]);

/** What a page that is going may still say. */
const LAST_WORDS = new Set(["storageWrite", "logWrite"]);

export class Program {
  /**
   * @param {object} run
   * @param {any} run.answer   `MiniSession` of the city, or as it was last kept
   * @param {boolean} [run.sure]  false: the city has not answered yet
   * @param {import("./chrome.js").Opening} run.opening
   * @param {import("./frame.js").Player | import("./frame.js").KeptPlayer} run.player
   * @param {import("./storage.js").Kept} run.kept
   * @param {boolean} run.offline  the city did not answer; what is known is from the last time
   * @param {import("./clock.js").Clock} run.clock
   * @param {(program: Program) => void} run.ended
   */
  constructor({ answer, opening, player, kept, offline, clock, ended, sure = true }) {
    /** Null before the city has answered. @type {string | null} */
    this.session = sure ? answer.id : null;
    /** Whose it is: the session of the shell. */
    this.person = sessionId();
    this.facts = factsOf(answer);
    this.release = answer.release;
    this.manifest = new Manifest(answer.release.manifest);
    this.routes = this.manifest.pages;
    this.opening = opening;
    this.chrome = opening.chrome;
    this.player = player;
    this.clock = clock;
    this.ended = ended;
    this.offline = offline;
    this.city = city(answer.id);
    /** What waits for the city's answer; null once it has come. @type {(() => void)[] | null} */
    this.unsure = sure ? null : [];
    this.life = new AbortController();
    this.states = programStates((from, to) => console.warn(`program ${this.facts.appId}: ${from} → ${to} dropped`));
    this.budget = new Budget(clock.now);
    this.files = new Files();
    this.asking = false;
    /** When it took the keyboard that was not its. @type {number[]} */
    this.taken = [];
    /** @type {AbortController | null} */
    this.silence = null;
    /** @type {{ versionName: string, versionCode: number } | null} */
    this.newer = null;
    /** What it hands to the program that opened it. @type {{ appId: string, extraData: object | null } | null} */
    this.returned = null;
    this.badges = new Map();
    this.told = new Told({ send: async (entries) => this.offline || this.city.note(entries), clock });
    this.launch = launchOf(answer, opening);
    this.gate = new Gate({
      capabilities: answer.capabilities,
      ask: (wanted, signal) => this.ask((until) => this.chrome.permissionSheet(wanted, until), signal),
      tell: (said) => this.city.answer(said),
      shown: () => this.shown,
      touched: () => navigator.userActivation?.isActive !== false,
      changed: (changed) => this.emit("capabilitychange", { capabilities: changed.map(toProgram) }),
      clock,
    });
    this.storage = new ProgramStorage({
      kept,
      send: (revision, change) => this.city.store(revision, change),
      keep: (one) => write("storage", ownKey(this.facts.appId), one),
      changed: (change, writer) => this.emit("storagechange", change, writer),
      clock,
    });
    this.pages = this.manifest.spa ? new Routed(this) : new Documents(this);
    /** Of a run that has ended: its last words. */
    this.words = { said: () => {}, sent: () => {} };
    this.said = new Promise((resolve) => (this.words.said = resolve));
    this.sent = new Promise((resolve) => (this.words.sent = resolve));
    this.stopHidden = () => {};
    this.stopStanding = () => {};
    this.stopPaint = () => {};
  }

  /** The first page, before the person. */
  start() {
    watchLook(
      (type, data) => this.emit(type, data),
      (how) => this.pages.all().forEach((page) => page.showLook(how)),
      this.life.signal,
    );
    const back = () => document.visibilityState === "visible" && this.shown && void this.look();
    document.addEventListener("visibilitychange", back, { signal: this.life.signal });
    this.chrome.progress("LOADING");
    this.stopPaint = this.clock.after(PAINT_MS_MAX, () => this.chrome.progress("EMPTY"));
    this.states.to("shown");
    this.pages.go("reLaunch", routeTo(this.launch.page, this.launch.query));
    this.onceSure(() => this.#watchStanding());
  }

  /** Now, or when the city has answered. @param {() => void} work */
  onceSure(work) {
    if (this.unsure) this.unsure.push(work);
    else work();
  }

  /** It is as the last run was told. @param {any} answer  of the city */
  confirm(answer) {
    const waiting = this.unsure ?? [];
    this.unsure = null;
    this.session = answer.id;
    this.facts = factsOf(answer);
    this.city = city(answer.id);
    this.gate.keep(answer.capabilities);
    for (const work of waiting) work();
  }

  /** It is not: nothing of it was answered, and nobody is told. */
  drop() {
    this.unsure = [];
    this.states.to("unloaded");
    this.stopPaint();
    this.life.abort();
    for (const page of this.pages.all()) page.close();
  }

  get shown() {
    return this.states.state === "shown";
  }

  // --- what the host's own controls do

  /** @param {{ page: string, query: Record<string, string>, scene: string } | null} [again]  where they came to */
  show(again = null) {
    this.stopHidden();
    const returns = !this.shown;
    if (returns && !this.states.to("shown")) return;
    if (again) this.launch = again;
    this.#watchStanding();
    // Nobody looked while nobody saw it: the city may have ended it since.
    if (returns && !this.offline) this.onceSure(() => void this.look());
    if (again) this.pages.go("reLaunch", routeTo(again.page, again.query));
    else this.turned();
  }

  /** @param {"home" | "covered" | "program" | "closed"} reason */
  hide(reason = "home") {
    if (!this.shown || !this.states.to("hidden")) return;
    this.stopStanding();
    this.pages.top?.show(false, reason);
    void this.storage.flush();
    this.stopHidden = this.clock.after(HIDDEN_MS_MAX, () => this.close("IDLE"));
  }

  /** @param {number} [steps] @returns {boolean} false: nothing lies behind */
  back(steps = 1) {
    const page = this.pages.top;
    if (!page) return false;
    if (page.buttons.back.visible) {
      page.emit("backbutton");
      return true;
    }
    if (this.pages.stack().length < 2) return false;
    void this.mayLeave(page).then((may) => may && this.pages.back(steps));
    return true;
  }

  home() {
    this.pages.go("reLaunch", routeTo(this.routes[0], {}));
  }

  /** @param {number} index */
  tab(index) {
    const tab = this.manifest.tabs[index];
    if (tab && tab.page !== this.pages.top?.route.page) this.pages.go("switchTab", routeTo(tab.page, {}));
  }

  /** @param {"main" | "back" | "settings"} name */
  press(name) {
    const page = this.pages.top;
    const button = page?.buttons[name];
    if (button?.visible && !button.disabled && !button.loading) page?.emit(`${name}button`);
  }

  pull() {
    const page = this.pages.top;
    if (!page || !this.manifest.pullDown || page.pulling) return;
    page.pulling = true;
    this.draw();
    page.emit("pulldownrefresh");
  }

  async settings(signal = this.life.signal) {
    const set = async (name, state) => {
      this.gate.keep(await settle(this.facts.appId, name, state));
      return this.gate.all();
    };
    await this.ask((until) => this.chrome.settings({ capabilities: this.gate.all(), set }, until), signal);
  }

  /**
   * It goes away. The first reason stands.
   * @param {string} code  of `Closing`
   */
  close(code) {
    if (this.states.state === "unloaded") return;
    if (this.unsure) return void this.unsure.push(() => this.close(code));
    this.states.to("unloaded");
    this.stopHidden();
    this.stopStanding();
    this.stopPaint();
    for (const page of this.pages.all()) page.leave(UNLOADED[code] ?? "closed");
    this.life.abort();
    this.ended(this);
    this.chrome.closed({ code, retry: code !== "E_APP_REVOKED" && code !== "UNTRUSTED" });
    if (AT_ONCE.has(code)) void this.#gone(code);
    else this.clock.after(GRACE_MS, () => void this.#gone(code));
  }

  async #gone(code) {
    for (const page of this.pages.all()) page.close(Object.hasOwn(ERRORS, code) ? code : "E_DISCONNECTED");
    this.player.close();
    this.words.said();
    await this.storage.flush();
    this.words.sent();
    await this.told.flush();
    if (!this.offline) await this.city.end().catch(() => null); // the city ends it by itself, later
  }

  // --- what its pages say

  /** A call over a page's bridge. @param {import("./page.js").Page} page @param {import("./bridge.js").Call} call */
  call(page, { method: name, params, signal }) {
    if (this.states.state === "unloaded" && !LAST_WORDS.has(name)) throw new BridgeError("E_DISCONNECTED");
    const act = method(name);
    if (!act) throw new BridgeError("E_UNSUPPORTED");
    const { gesture, permission, permissionWhen } = METHODS[name];
    if (gesture) this.gate.needTouch();
    const needed = permissionFor(permission, permissionWhen, params);
    if (needed.length === 0 || needed.some((one) => this.gate.state(one) === "GRANTED")) {
      return act({ program: this, page, params, signal });
    }
    if (NEVER_ASKS.has(name)) throw new BridgeError("E_CONSENT_REQUIRED", { why: "consent" });
    return this.gate.need(needed, signal).then(() => act({ program: this, page, params, signal }));
  }

  /**
   * Something that a person answers: one at a time, with the program behind it out of reach.
   * @template T
   * @param {(until: AbortSignal) => Promise<T>} draw
   * @param {AbortSignal} signal
   * @returns {Promise<T>}
   * @throws {BridgeError} E_UI_BUSY while another is up, or the program is not before the person
   */
  async ask(draw, signal) {
    if (!this.shown || this.asking) throw new BridgeError("E_UI_BUSY", { why: "context" });
    const until = AbortSignal.any([signal, this.life.signal]);
    this.asking = true;
    this.player.hold(true);
    try {
      return await orAborted(draw(until), until);
    } finally {
      this.asking = false;
      this.player.hold(false);
    }
  }

  /** May this page be left? @param {import("./page.js").Page} page @returns {Promise<boolean>} */
  async mayLeave(page) {
    const { alert } = page;
    if (alert === null || !this.shown) return true;
    const asked = this.ask((until) => this.chrome.confirmSheet({ kind: "leave-page", subject: alert }, until), this.life.signal);
    return asked.catch(() => false);
  }

  /** @param {string} type @param {object} data @param {unknown} [except] */
  emit(type, data, except) {
    for (const page of this.pages.all()) if (page !== except) page.emit(type, data);
  }

  /** @param {string} message  the program's own */
  fault(message) {
    this.states.to("error");
    this.told.wrote("error", message, Date.now());
    this.emit("apperror", { errorDescription: message.slice(0, 1024) });
  }

  /** A page gave no sign of life. */
  silent(page) {
    if (page !== this.pages.top || this.silence) return;
    this.silence = new AbortController();
    const until = AbortSignal.any([this.silence.signal, this.life.signal]);
    void this.chrome.notResponding(until).then((answer) => {
      const waiting = this.silence && !this.silence.signal.aborted;
      this.silence = null;
      if (waiting && answer === "close") this.close("NOT_RESPONDING");
      else page.bridge?.watch(page.shown);
    });
  }

  alive() {
    this.silence?.abort();
  }

  /** Its document did not come. Where they were is kept; with nothing behind it, the next start may need no line. */
  missing(page) {
    if (this.unsure) return void this.unsure.push(() => this.missing(page));
    if (page !== this.pages.top) return;
    if (this.pages.back(1)) this.chrome.notice("page-missing");
    else this.close("OFFLINE");
  }

  painted(page) {
    if (page !== this.pages.top) return;
    this.stopPaint();
    this.chrome.progress("PAINTED");
  }

  /** Back to the program that opened this one. @param {object | null} extraData */
  goBack(extraData) {
    this.returned = { appId: this.facts.appId, extraData };
    this.close("BACK");
  }

  /** The one that this one opened is done. @param {{ appId: string, extraData: object | null }} from */
  returnedTo({ appId, extraData }) {
    this.launch = { ...this.launch, scene: "program", referrer: { appId, ...(extraData && { extraData }) } };
  }

  /** The city has a newer version: the next start is of it. @param {{ versionName: string, versionCode: number }} newer */
  offer(newer) {
    if (this.newer || this.states.state === "unloaded") return;
    this.newer = newer;
    this.emit("update-ready", newer);
    this.chrome.updateReady(newer.versionName);
  }

  // --- what is seen

  /** Another page is on top, or the same one again. */
  turned() {
    if (this.shown) this.pages.top?.show(true);
    this.draw();
  }

  /** @param {import("./page.js").Page} page */
  leavePage(page) {
    page.leave("closed");
    this.clock.after(GRACE_MS, () => page.close());
  }

  /** The bars, as they are for the page on top. */
  draw() {
    const page = this.pages.top;
    if (!page || this.states.state === "unloaded") return;
    const stack = this.pages.stack();
    const levels = Math.max(stack.length - 1, page.buttons.back.visible ? 1 : 0);
    const deep = levels > 0;
    const first = stack[0]?.split("?")[0] === this.routes[0] || this.isTab(page.route.page);
    this.chrome.navigationBar({ ...page.bar, style: this.manifest.window.style, back: deep, levels, home: !deep && !first });
    this.chrome.tabBar(this.isTab(page.route.page) && stack.length === 1 ? this.#tabBar(page) : null);
    for (const name of /** @type {const} */ (["main", "back", "settings"])) this.chrome.button(name, page.buttons[name]);
    this.chrome.pullDown(page.pulling ? "RUNNING" : this.manifest.pullDown ? "READY" : "OFF");
  }

  /** @param {string} page */
  isTab(page) {
    return this.manifest.tabs.some((tab) => tab.page === page);
  }

  windowOf() {
    return { ...this.manifest.window, title: this.manifest.window.title || this.facts.shortName };
  }

  #tabBar(page) {
    const address = (path) => path && `${this.release.origin}/${this.release.root}/${path}`;
    const tabs = this.manifest.tabs.map((tab, index) => ({
      text: tab.text,
      icon: address(tab.icon),
      selectedIcon: address(tab.selectedIcon),
      badge: this.badges.get(index) || null,
    }));
    const selected = this.manifest.tabs.findIndex((tab) => tab.page === page.route.page);
    return { tabs, selected };
  }

  // --- what a document is told at its beginning

  /** @param {import("./page.js").Page} page  a document of its own is told its own page and query, as a link would have it */
  welcome(page) {
    const { versionName: name, versionCode: code } = this.release;
    return {
      mp: "welcome",
      protocol: 1,
      ...(this.session && { session: this.session }),
      launch: this.manifest.spa ? this.launch : { ...this.launch, page: page.route.page, query: page.route.query },
      env: {
        ...surroundings(),
        appId: this.facts.appId,
        version: { name, code },
        style: this.manifest.spa ? "spa" : "pages",
        pages: this.routes,
        stack: this.pages.stack(),
        connect: this.manifest.connect,
        unsupported: unsupported(),
      },
      storage: this.storage.all(),
    };
  }

  // --- how it stands with the city

  /** Whether it may still run; what it may do. Asked again and again while it is shown. */
  #watchStanding() {
    this.stopStanding();
    if (this.offline) return;
    this.stopStanding = this.clock.after(STANDING_EVERY_MS, () => {
      this.#watchStanding();
      void this.look();
    });
  }

  /** One look at it. */
  async look() {
    const found = await this.city.standing(this.facts.appId).catch(() => null); // without a line it runs on
    if (!found || this.states.state === "unloaded") return;
    const { miniSession: standing, miniProgram: newest } = found;
    if (standing.ended) return this.close(ENDINGS[standing.ended] ?? standing.ended);
    this.gate.keep(standing.capabilities);
    if (newest && newest.versionCode > this.release.versionCode) this.offer(newest);
  }
}

/** Asked for nothing: these tell how things stand. */
const NEVER_ASKS = new Set(["checkSession"]);

/** A finer permission holds the coarser one. */
const HOLDS = /** @type {Record<string, string>} */ ({ "city.device.location.fuzzy": "city.device.location" });

/** @returns {string[]} one of which will do; the first is asked for */
function permissionFor(permission, when, params) {
  const special = Object.entries(when ?? {}).flatMap(([param, table]) => table[params[param]] ?? []);
  const name = special[0] ?? permission;
  return name ? [name, ...(HOLDS[name] ? [HOLDS[name]] : [])] : [];
}

/** @param {any} answer @returns {import("./chrome.js").ProgramFacts} */
const factsOf = ({ program, trial }) => ({ ...program, trial });

/** @param {any} answer @param {import("./chrome.js").Opening} opening */
function launchOf({ page, query, scene, referrerAppId }, { extraData }) {
  const referrer = referrerAppId && { appId: referrerAppId, ...(extraData && { extraData }) };
  return { page, query, scene, ...(referrer && { referrer }) };
}

/** @template T @param {Promise<T>} work @param {AbortSignal} signal @returns {Promise<T>} */
const orAborted = (work, signal) =>
  new Promise((resolve, reject) => {
    const stop = () => reject(new BridgeError("E_ABORTED"));
    if (signal.aborted) stop();
    signal.addEventListener("abort", stop, { once: true });
    work.then(resolve, reject);
  });
