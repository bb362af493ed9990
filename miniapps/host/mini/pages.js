/**
 * Which pages of a program are open. At most ten lie on each other; pages of the tab bar stay open beside each other.
 *
 * Two kinds of programs: of pages, where each page is a document (W3C), and of one document that routes itself (spa),
 * which is told by `route` what to show and tells by `pageStack` what it shows.
 */

import { BridgeError } from "./errors.js";
import { Page } from "./page.js";
import { route, known } from "./routes.js";

export const STACK_MAX = 10;

/** @typedef {import("./routes.js").Route} Route */
/** @typedef {"navigateTo" | "redirectTo" | "switchTab" | "reLaunch" | "navigateBack"} Action */

/** Every page a document. */
export class Documents {
  /** @param {import("./program.js").Program} program */
  constructor(program) {
    this.program = program;
    /** The page that is seen is the last. @type {Page[]} */
    this.pages = [];
    /** Pages of the tab bar that are open, also those that are not in the stack. @type {Map<string, Page>} */
    this.tabs = new Map();
  }

  get top() {
    return this.pages[this.pages.length - 1] ?? null;
  }

  /** @returns {Page[]} */
  all() {
    return [...new Set([...this.tabs.values(), ...this.pages])];
  }

  /** @param {Page} [opening]  not yet among them @returns {string[]} */
  stack(opening) {
    const open = this.pages.includes(/** @type {Page} */ (opening)) || !opening ? this.pages : [...this.pages, opening];
    return open.slice(-STACK_MAX).map((page) => page.route.text);
  }

  /** @param {Action} action @param {Route} to */
  go(action, to) {
    known(to, this.program.routes);
    const tab = this.program.isTab(to.page);
    if (action === "switchTab" && !tab) throw new BridgeError("E_INVALID_PARAM", { path: "/url", message: "/url: no tab" });
    if (tab && (action === "navigateTo" || action === "redirectTo")) {
      throw new BridgeError("E_INVALID_PARAM", { path: "/url", message: "/url: a tab is reached by switchTab" });
    }
    if (action === "navigateTo" && this.pages.length >= STACK_MAX) throw new BridgeError("E_QUOTA", { why: "quota" });
    const before = this.top;
    const gone = this.#left(action);
    const page = this.#pageFor(to, tab);
    this.pages = [...this.pages.filter((one) => !gone.includes(one)), page];
    if (action === "switchTab") this.pages = [page];
    if (!page.frame) page.open();
    this.#turn(before, gone);
  }

  /** @param {number} delta @returns {boolean} whether anything lay behind */
  back(delta) {
    if (this.pages.length < 2) return false;
    const before = this.top;
    const gone = this.pages.slice(Math.max(1, this.pages.length - delta));
    this.pages = this.pages.slice(0, this.pages.length - gone.length);
    this.#turn(before, gone);
    return true;
  }

  /** Programs of pages have nothing to tell. @throws {BridgeError} */
  told() {
    throw new BridgeError("E_UNSUPPORTED");
  }

  #left(action) {
    if (action === "navigateTo") return [];
    if (action === "redirectTo") return [this.top];
    if (action === "switchTab") return this.pages.filter((page) => !this.tabs.has(page.route.page));
    const all = this.all();
    this.tabs.clear();
    return all;
  }

  #pageFor(to, tab) {
    const open = tab ? this.tabs.get(to.page) : null;
    if (open) return open;
    const page = new Page(this.program, to);
    if (tab) this.tabs.set(to.page, page);
    return page;
  }

  #turn(before, gone) {
    if (before && before !== this.top && !gone.includes(before)) before.show(false);
    for (const page of gone) this.program.leavePage(page);
    this.program.turned();
  }
}

/** One document that routes itself. */
export class Routed {
  /** @param {import("./program.js").Program} program */
  constructor(program) {
    this.program = program;
    /** @type {Page | null} */
    this.page = null;
    /** @type {string[]} */
    this.open = [];
  }

  get top() {
    return this.page;
  }

  all() {
    return this.page ? [this.page] : [];
  }

  stack() {
    return this.open;
  }

  go(action, to) {
    if (!this.page) {
      this.page = new Page(this.program, { ...to, page: this.program.routes[0] });
      this.open = [to.text];
      this.page.open();
      return this.program.turned();
    }
    if (action === "navigateTo") {
      if (this.open.length >= STACK_MAX) throw new BridgeError("E_QUOTA", { why: "quota" });
      this.open = [...this.open, to.text];
    } else if (action === "redirectTo") this.open = [...this.open.slice(0, -1), to.text];
    else this.open = [to.text];
    return this.#show(action);
  }

  back(delta) {
    if (this.open.length < 2) return false;
    this.open = this.open.slice(0, Math.max(1, this.open.length - delta));
    this.#show("navigateBack");
    return true;
  }

  /** @param {string[]} stack  as the program says; it is only ever shown to itself */
  told(stack) {
    this.open = stack.slice(-STACK_MAX).map((text) => route(text).text);
    this.program.draw();
  }

  #show(action) {
    const { page, query } = route(this.open[this.open.length - 1]);
    this.page?.emit("route", { action, page, query, stack: this.open });
    this.program.turned();
  }
}
