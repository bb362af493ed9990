/**
 * What stands around a program that runs: the bar with its verified name and the host's capsule, its frame, its buttons
 * and tabs. It lies in the page beneath no screen, because a frame that is moved loads again; a screen shows and hides it.
 *
 * In the bar the program chooses the colours and the first line. The second line, the capsule and the signs that something
 * is going on are the host's.
 */

import { fill, h } from "../dom.js";
import { nameLang } from "../format.js";
import { t } from "../i18n.js";
import { frontOn } from "../mini-colour.js";
import { prefs } from "../prefs.js";
import { icon, shape } from "./icons.js";
import { builtBy, programIcon } from "./mini-program.js";

/** A longer one of a program would lie over it for good. */
const TOAST_MS_MAX = 10_000;
const NOTICE_MS = 4_000;
/** Nothing that takes less needs a word. */
const SPLASH_AFTER_MS = 400;

/** @typedef {import("../mini/chrome.js").ProgramFacts} Facts */

/**
 * @typedef {object} Pressed  what the host's own controls do
 * @property {() => void} back @property {() => void} home @property {() => void} menu @property {() => void} close @property {() => void} end
 * @property {(index: number) => void} tab @property {() => void} main @property {() => void} again
 */

export class Stage {
  /** @param {string} appId @param {Pressed} pressed */
  constructor(appId, pressed) {
    this.pressed = pressed;
    /** @type {Facts | null} */
    this.program = null;
    this.bar = null;
    /** What stands in each place. @type {Map<HTMLElement, string>} */
    this.drawn = new Map();
    this.lines = h("div.mini-lines");
    this.lead = h("div.mini-lead");
    this.top = h("header.mini-bar", null, this.lead, this.lines, this.#capsule());
    this.work = h("div.mini-work", { hidden: true });
    this.slow = h("div.mini-slow", { role: "alert" });
    this.mount = h("div.mini-mount");
    this.splash = h("div.mini-splash", { hidden: true });
    this.curtain = h("div.mini-curtain", { hidden: true });
    this.small = h("div.mini-small", { role: "status" });
    this.notices = h("div.mini-notices", { role: "status" });
    this.frame = h("main.mini-frame", null, this.mount, this.splash, this.curtain, this.small, this.notices);
    this.foot = h("div.mini-foot");
    this.tabs = h("nav.mini-tabs", { "aria-label": t("mini.tabs"), hidden: true });
    this.el = h(
      "div.mini-stage",
      { "data-testid": "mini-stage", "data-app": appId },
      this.top,
      this.work,
      this.slow,
      this.frame,
      this.foot,
      this.tabs,
    );
    /** Ends when another screen is shown. */
    this.seen = new AbortController();
    this.drawBar({
      title: "",
      front: "black",
      background: "",
      loading: false,
      style: "default",
      back: false,
      levels: 0,
      home: false,
    });
  }

  #capsule() {
    const button = (look, words, onclick, id) =>
      h(
        "button.mini-key",
        { type: "button", "aria-label": words, "data-testid": id, onclick },
        icon(look),
        h("span.mini-key-words", null, words),
      );
    return h(
      "div.mini-capsule",
      { role: "group", "aria-label": t("mini.capsule") },
      button("more", t("mini.menu"), () => this.pressed.menu(), "mini-menu"),
      button("cross", t("mini.close"), () => this.pressed.close(), "mini-close"),
    );
  }

  /** @param {Facts} program */
  know(program) {
    this.program = program;
    if (this.bar) this.drawBar(this.bar);
    fill(this.curtain, programIcon(program, "large"), h("p.mini-name", null, program.name));
    if (!this.splash.hidden) this.#drawSplash();
  }

  /** @param {boolean} shown */
  show(shown) {
    this.el.hidden = !shown;
    if (shown && this.seen.signal.aborted) this.seen = new AbortController();
    if (!shown) this.seen.abort();
  }

  /** There, and laid out, but seen by nobody: its frame loads as one that is seen. @param {boolean} waits */
  wait(waits) {
    this.el.classList.toggle("waits", waits);
  }

  /** The screen reader begins here, unless the reader is already inside. */
  focus() {
    if (this.el.contains(document.activeElement)) return;
    /** @type {HTMLElement | null} */ (this.lines.querySelector("h1"))?.focus({ preventScroll: true });
  }

  /** @param {import("../mini/chrome.js").NavigationBar} bar */
  drawBar(bar) {
    this.bar = bar;
    const own = bar.style === "custom" || !bar.background;
    this.top.classList.toggle("plain", own);
    this.top.dataset.front = own ? "" : frontOn(bar.background, bar.front);
    this.top.style.setProperty("--mini-bar", own ? "" : bar.background);
    this.work.hidden = !bar.loading;
    this.#anew(this.lead, bar.style === "custom" ? [] : [bar.back, bar.home], () =>
      bar.style === "custom" ? null : this.#lead(bar),
    );
    fill(this.lines, this.#lines(bar));
    for (const player of this.mount.querySelectorAll("iframe")) player.title = this.program?.name ?? t("mini.one");
  }

  /**
   * A program draws again and again; what says the same stays, since what is replaced under a finger takes no tap.
   * @param {HTMLElement} place @param {unknown} said  all that the drawing depends on, besides the language
   * @param {() => import("../dom.js").Child} draw
   */
  #anew(place, said, draw) {
    const now = JSON.stringify([said, prefs().locale]);
    if (this.drawn.get(place) === now) return;
    this.drawn.set(place, now);
    fill(place, draw());
  }

  #lead({ back, home }) {
    if (!back && !home) return null;
    const [look, words, act] = back
      ? ["back", t("frame.back"), this.pressed.back]
      : ["home", t("mini.first"), this.pressed.home];
    return h(
      "button.mini-key",
      { type: "button", "aria-label": words, "data-testid": "mini-back", onclick: () => act() },
      icon(look),
      h("span.mini-key-words", null, words),
    );
  }

  /** The program's words first; whose they are, always below. */
  #lines({ title, style }) {
    const program = this.program;
    if (!program) return [h("h1.mini-title", { tabindex: "-1" }, t("mini.opening"))];
    const { name, organisation, trial } = program;
    const own = style === "custom" || !title || title === name;
    const who = own ? organisation.name : name;
    return [
      h("h1.mini-title", { tabindex: "-1", lang: nameLang(own ? name : title) }, own ? name : title),
      h(
        "p.mini-who",
        { "data-testid": "mini-who" },
        organisation.verified ? icon("seal") : shape("warn"),
        h("span", { lang: nameLang(who) }, who),
        h("span.unseen", null, t(organisation.verified ? "mini.verified" : "mini.not.verified")),
        trial ? h("b.mini-trial", { "data-testid": "mini-trial" }, t("mini.trial")) : null,
      ),
    ];
  }

  /** @param {import("../mini/chrome.js").TabBar | null} bar */
  drawTabs(bar) {
    this.tabs.hidden = !bar;
    this.#anew(this.tabs, bar, () =>
      (bar?.tabs ?? []).map(({ text, badge }, index) =>
        h(
          "button.mini-tab",
          {
            type: "button",
            "aria-current": index === bar?.selected ? "page" : null,
            onclick: () => this.pressed.tab(index),
          },
          h("span", null, text),
          badge ? h("span.mini-badge", null, badge) : null,
        ),
      ),
    );
  }

  /** @param {import("../mini/chrome.js").HostButton} button */
  drawMain({ text, visible, disabled, loading }) {
    const still = disabled || loading;
    const button = () =>
      h(
        "button.mini-main",
        {
          type: "button",
          "aria-disabled": still ? "true" : null,
          "data-testid": "mini-main",
          onclick: () => still || this.pressed.main(),
        },
        loading ? `${text}…` : text,
      );
    this.#anew(this.foot, visible && [text, disabled, loading], () => visible && button());
  }

  /** @param {"LOADING" | "PAINTED" | "EMPTY"} state */
  progress(state) {
    clearTimeout(this.slowly);
    this.splash.hidden = state !== "LOADING";
    if (state === "EMPTY") this.#empty();
    else this.notices.querySelector("[data-testid=mini-empty]")?.remove();
    if (state === "LOADING") this.#drawSplash();
    if (state === "LOADING") this.slowly = setTimeout(() => this.splash.classList.add("slow"), SPLASH_AFTER_MS);
    else this.splash.classList.remove("slow");
  }

  /** White may be what the program shows, so it stays in reach. */
  #empty() {
    fill(
      this.notices,
      h(
        "div.mini-notice",
        { "data-testid": "mini-empty" },
        shape("warn"),
        h("span", null, t("mini.empty", { name: this.program?.name ?? t("mini.one") })),
        h("button.second", { type: "button", onclick: () => this.pressed.again() }, t("mini.again")),
        h("button.second", { type: "button", onclick: () => this.pressed.end() }, t("mini.close")),
      ),
    );
  }

  #drawSplash() {
    const program = this.program;
    fill(
      this.splash,
      program
        ? [programIcon(program, "large"), h("p.mini-name", null, program.name), builtBy(program.organisation)]
        : null,
      h("p.mini-slowly", { role: "status" }, t("mini.opening")),
    );
  }

  /** Nothing of the program is to be seen beside what the host asks. @param {boolean} held */
  hold(held) {
    this.curtain.hidden = !held;
    this.mount.classList.toggle("held", held);
    this.mount.inert = held;
  }

  /** @param {boolean} pulling */
  pull(pulling) {
    this.work.hidden = !(pulling || this.bar?.loading);
  }

  /** @param {{ title: string, icon: "success" | "error" | "loading" | "none", mask: boolean, durationMs: number | null }} toast */
  toast({ title, icon: sign, mask, durationMs }) {
    clearTimeout(this.toasting);
    const form = { success: "ok", error: "stop", loading: "round", none: null }[sign];
    fill(
      this.small,
      h(
        mask ? "div.mini-mask" : "div.mini-over",
        null,
        h(
          "p.mini-toast",
          { "data-testid": "mini-toast", "data-sign": sign },
          form ? shape(form) : null,
          h("span", null, title),
        ),
      ),
    );
    if (durationMs !== null) this.toasting = setTimeout(() => fill(this.small), Math.min(durationMs, TOAST_MS_MAX));
  }

  hideToast() {
    clearTimeout(this.toasting);
    fill(this.small);
  }

  /** The host's own words about what the program did. @param {string} words */
  notice(words) {
    clearTimeout(this.noticing);
    fill(this.notices, h("p.mini-notice", { "data-testid": "mini-notice" }, shape("info"), h("span", null, words)));
    this.noticing = setTimeout(() => fill(this.notices), NOTICE_MS);
  }

  /** A newer version waits. @param {string} version @param {() => void} onreload */
  offer(version, onreload) {
    fill(
      this.notices,
      h(
        "div.mini-notice",
        { "data-testid": "mini-update" },
        shape("info"),
        h("span", null, t("mini.update", { version })),
        h("button.second", { type: "button", onclick: onreload }, t("mini.update.do")),
        h("button.second", { type: "button", onclick: () => fill(this.notices) }, t("mini.update.later")),
      ),
    );
  }

  /** @param {AbortSignal} signal @returns {Promise<"wait" | "close">} */
  silent(signal) {
    return new Promise((resolve) => {
      const answer = (said) => {
        fill(this.slow);
        resolve(said);
      };
      const words = t("mini.silent", { name: this.program?.name ?? "" });
      fill(
        this.slow,
        h("p", { "data-testid": "mini-silent" }, shape("warn"), h("span", null, words)),
        h("button.second", { type: "button", onclick: () => answer("wait") }, t("mini.silent.wait")),
        h("button.second", { type: "button", onclick: () => answer("close") }, t("mini.close")),
      );
      signal.addEventListener("abort", () => answer("wait"), { once: true });
    });
  }
}
