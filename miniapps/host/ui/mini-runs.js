/**
 * The programs that run in this page, each on a stage of its own: two at most, one of them before the reader. They live
 * beneath the screens: a screen shows one and, when it is left, hides it.
 */

import { h } from "../dom.js";
import { t } from "../i18n.js";
import { openProgram, prepareProgram } from "../mini/runtime.js";
import { leadTo, TRIAL } from "../mini-way.js";
import { back, go, levels } from "../router.js";
import { announce } from "./announce.js";
import { chromeOf } from "./mini-chrome.js";
import { closedPage, refusedPage } from "./mini-closed.js";
import { menuSheet } from "./mini-sheets.js";
import { Stage } from "./mini-stage.js";

/** A page that is closed still writes down what it has; its frame is needed for that. */
const REMOVED_AFTER_MS = 1_000;
/** What was made ready for nothing costs memory. */
const READY_MS_MAX = 10_000;

/** @typedef {{ page: string | null, query: Record<string, string> }} Link */

/** By id. @type {Map<string, Run>} */
const runs = new Map();
/** One that was made ready, and is not opened yet. @type {Run | null} */
let ready = null;
const place = h("div", { id: "programs" });

/** Somebody is about to open it. One at a time; thrown away after a while. @param {string} appId */
export function prepareRun(appId) {
  if (runs.has(appId) || ready?.appId === appId) return;
  ready?.unused.abort();
  ready = new Run(appId);
  ready.prepare();
}

/**
 * @param {import("../router.js").Screen} screen
 * @param {Link | null} link  to a page of it
 * @param {import("../mini-way.js").Way} way
 */
export function enterProgram(screen, link, way) {
  const { appId } = screen.at;
  const known = runs.get(appId);
  // Who comes back to what is tried finds it; who opens the program opens what is released.
  const opens = link !== null || way.scene !== "link";
  const another = opens && known?.running && known.isTrial !== (way.scene === TRIAL);
  if (known && !another) return known.show(screen, link && { ...link, scene: way.scene });
  const run = ready?.appId === appId ? ready : new Run(appId);
  return run.begin(screen, { ...link, ...way });
}

const app = () => /** @type {HTMLElement} */ (document.getElementById("app"));

class Run {
  /** @param {string} appId */
  constructor(appId) {
    this.appId = appId;
    /** Aborts when it was made ready for nothing. */
    this.unused = new AbortController();
    this.isReady = 0;
    /** @type {import("../mini/chrome.js").Running | null} */
    this.running = null;
    /** The screen that shows it. @type {import("../router.js").Screen | null} */
    this.screen = null;
    /** While it opens. */
    this.wanted = new AbortController();
    /** How many lie behind what it shows, and whom that is told. */
    this.levels = 0;
    this.tellLevels = (_) => {};
    this.settings = null;
    this.pulls = false;
    this.left = false;
    this.stage = new Stage(appId, {
      back: () => this.running?.back() || back("/mini"),
      home: () => this.running?.home(),
      menu: () => void this.menu(),
      close: () => this.putAway(),
      end: () => this.running?.close(),
      tab: (index) => this.running?.tab(index),
      main: () => this.running?.press("main"),
      again: () => this.running?.reload(),
    });
  }

  get isTrial() {
    return this.stage.program?.trial === true;
  }

  /** On a stage that nobody sees yet. */
  prepare() {
    this.#place();
    this.stage.wait(true);
    this.isReady = setTimeout(() => this.unused.abort(), READY_MS_MAX);
    this.unused.signal.addEventListener("abort", () => {
      if (ready === this) ready = null;
      clearTimeout(this.isReady);
      this.stage.el.remove();
    });
    void prepareProgram({ appId: this.appId, mount: this.stage.mount, signal: this.unused.signal });
  }

  #place() {
    if (!place.isConnected) app().after(place);
    if (!this.stage.el.isConnected) place.append(this.stage.el);
  }

  /** @param {import("../router.js").Screen} screen @param {Partial<Link> & import("../mini-way.js").Way} how */
  async begin(screen, how) {
    if (ready === this) ready = null;
    clearTimeout(this.isReady);
    runs.set(this.appId, this);
    this.#place();
    this.stage.wait(false);
    this.stage.progress("LOADING");
    this.#seen(screen);
    try {
      const running = await openProgram({
        page: null,
        query: {},
        ...how,
        appId: this.appId,
        mount: this.stage.mount,
        chrome: this.#chrome(),
        signal: this.wanted.signal,
      });
      if (runs.get(this.appId) !== this) return;
      this.running = running;
      this.stage.know(running.program);
      this.#called();
      if (!this.screen) running.hide();
    } catch (error) {
      const shownBy = this.screen;
      this.#gone();
      if (shownBy && !this.wanted.signal.aborted)
        refusedPage(shownBy, error, () => new Run(this.appId).begin(shownBy, { scene: "link" }));
    }
  }

  /** @param {import("../router.js").Screen} screen @param {{ page: string, query: Record<string, string>, scene: string } | null} again */
  show(screen, again) {
    this.#seen(screen);
    this.#called();
    this.running?.show(again?.page ? again : undefined);
  }

  /** Another screen, drawn in the same breath, may be its own again: the language has changed. */
  #seen(screen) {
    this.screen = screen;
    this.tellLevels = levels(screen.signal, (steps) => this.running?.back(steps));
    this.tellLevels(this.levels);
    app().hidden = true;
    this.stage.show(true);
    this.stage.focus();
    screen.signal.addEventListener("abort", () => {
      if (this.screen !== screen) return;
      app().hidden = false;
      this.stage.show(false);
      this.screen = null;
      queueMicrotask(() => this.screen ?? this.#hidden());
    });
  }

  /** It lives on for a while (W3C MiniApp Lifecycle: closed is hidden), but for what is tried before its release. */
  putAway() {
    if (this.isTrial) return this.running?.close();
    this.running?.hide("closed");
    return back("/mini");
  }

  #hidden() {
    if (this.running) this.running.hide();
    else this.wanted.abort();
  }

  #called() {
    const name = this.stage.program?.name;
    if (name && this.screen) document.title = `${name} · ${t("city.app")}`;
  }

  #gone() {
    if (runs.get(this.appId) === this) runs.delete(this.appId);
    this.stage.show(false);
    setTimeout(() => this.stage.el.remove(), REMOVED_AFTER_MS);
    if (this.screen) app().hidden = false;
    this.screen = null;
  }

  #chrome() {
    return chromeOf(this.stage, {
      closed: (closing) => this.#closed(closing),
      levels: (count) => {
        this.levels = count;
        this.tellLevels(count);
      },
      updateReady: (version) => this.stage.offer(version, () => this.running?.reload()),
      openProgram: ({ appId, page, query, scene, referrer, extraData }) => {
        leadTo(appId, { scene, referrer, extraData });
        const said = new URLSearchParams({
          ...(page && { page }),
          ...(page && { query: new URLSearchParams(query).toString() }),
        });
        go(`/mini/${appId}${page ? `?${said}` : ""}`);
      },
      leave: () => {
        this.left = true;
        back("/mini");
      },
      settingsButton: (button) => (this.settings = button.visible ? button : null),
      pullDown: (can) => (this.pulls = can),
    });
  }

  /** @param {import("../mini/chrome.js").Closing} closing */
  #closed(closing) {
    const { screen } = this;
    this.#gone();
    if (!screen || screen.signal.aborted || this.left) return;
    const scene = this.isTrial ? TRIAL : "recent";
    const again = () => void new Run(this.appId).begin(screen, { scene });
    if (closing.code === "UPDATE") again();
    else if (closing.code === "LEFT" || closing.code === "BACK") back("/mini");
    else {
      this.tellLevels(0);
      closedPage(screen, { closing, program: this.stage.program, again });
    }
  }

  menu() {
    const { running } = this;
    const others = [...runs.values()].filter((run) => run !== this && run.running);
    const entry = (words, act, id) => ({ words, act, id });
    const own = running
      ? [
          this.settings
            ? entry(this.settings.text || t("mini.settings"), () => running.press("settings"), "mini-settings")
            : null,
          this.pulls ? entry(t("mini.refresh"), () => running.pull(), "mini-refresh") : null,
          entry(t("mini.may"), () => void running.settings().catch(() => announce(t("mini.busy"))), "mini-may"),
          entry(t("mini.about"), () => go(`/mini/${this.appId}/about`), "mini-about"),
          entry(t("mini.again"), () => running.reload(), "mini-again"),
          entry(t("mini.end"), () => running.close(), "mini-end"),
        ]
      : [];
    const elsewhere = [
      ...others.map((run) =>
        entry(
          t("mini.switch", { name: run.stage.program?.name ?? run.appId }),
          () => go(`/mini/${run.appId}`),
          "mini-switch",
        ),
      ),
      entry(t("mini.all"), () => go("/mini"), "mini-all"),
      entry(t("mini.home"), () => go("/home"), "mini-home"),
    ];
    return menuSheet(
      this.stage.program,
      [...own, ...elsewhere].filter((one) => one !== null),
      this.stage.seen.signal,
    );
  }
}
