/**
 * The player and the frames within it: the one place where a program's document is made, and where its windows are heard.
 *
 * The shell frames `/run/<app id>`, a document of its own origin without any script, whose policy names one program's
 * origin and nothing else. The program's pages are frames within it; so a program that navigates can get nowhere but to
 * itself, and two programs can be open under two policies. See docs/decisions/0053.
 */

import { Handshake, isHello } from "./handshake.js";

const SANDBOX = "allow-scripts allow-forms";
/** What a program's frame is for the windows around it: `allow-same-origin` is never given. */
const OPAQUE = "null";
/** A name longer than this is not worth its copy. */
const NAME_MAX = 1024 * 1024;
const STYLE = `
  html, body { height: 100%; margin: 0; overflow: hidden; }
  iframe { position: absolute; inset: 0; width: 100%; height: 100%; border: 0; }
  iframe[hidden] { display: none; }
`;

/** @typedef {{ onPort: (port: MessagePort, answer: (welcome: object) => void) => void, onNewDocument: () => void }} Hearing */

export class Player {
  /** @param {HTMLIFrameElement} element @param {Window} view @param {Document} within */
  constructor(element, view, within) {
    this.element = element;
    this.document = within;
    /** @type {Set<Frame>} */
    this.frames = new Set();
    const sheet = new /** @type {any} */ (view).CSSStyleSheet();
    sheet.replaceSync(STYLE);
    within.adoptedStyleSheets = [sheet];
    view.addEventListener("message", (event) => {
      for (const frame of this.frames) frame.heard(event);
    });
  }

  /**
   * @param {HTMLElement} mount
   * @param {string} appId
   * @param {AbortSignal} signal
   * @returns {Promise<Player>}
   * @throws {PlayerUnavailable} when the city did not answer with its player
   */
  static async open(mount, appId, signal) {
    const element = document.createElement("iframe");
    element.className = "mini-player";
    element.title = ""; // the frame within has the program's name
    element.src = `/run/${encodeURIComponent(appId)}`;
    const loaded = new Promise((resolve) => element.addEventListener("load", resolve, { once: true }));
    mount.append(element);
    signal.addEventListener("abort", () => element.remove(), { once: true });
    await Promise.race([loaded, aborted(signal)]);
    const within = element.contentDocument;
    if (!within?.querySelector("[data-player]")) {
      element.remove();
      throw new PlayerUnavailable("no player");
    }
    return new Player(element, /** @type {Window} */ (element.contentWindow), within);
  }

  /**
   * A page of the program.
   * @param {{ url: string, title: string, boot: object, hearing: Hearing }} page
   *   title: the program's name. boot: what its preload reads before anything else runs
   */
  add({ url, title, boot, hearing }) {
    const frame = new Frame(this, title, hearing);
    this.frames.add(frame);
    frame.start(url, boot);
    return frame;
  }

  /** Behind a sheet of the host: no tap, no key, no focus reaches the program. @param {boolean} held */
  hold(held) {
    this.element.inert = held;
    if (held && document.activeElement === this.element) this.element.blur();
  }

  close() {
    for (const frame of this.frames) frame.close();
    this.element.remove();
  }
}

export class PlayerUnavailable extends Error {}

export class Frame {
  /** @param {Player} player @param {string} title @param {Hearing} hearing */
  constructor(player, title, hearing) {
    this.player = player;
    this.hearing = hearing;
    this.handshake = new Handshake();
    const element = player.document.createElement("iframe");
    element.setAttribute("sandbox", SANDBOX);
    element.setAttribute("allow", "");
    element.setAttribute("referrerpolicy", "no-referrer");
    element.setAttribute("credentialless", "");
    element.title = title;
    element.addEventListener("load", () => this.handshake.load() && hearing.onNewDocument());
    this.element = element;
  }

  /**
   * The name is read by the first document in the frame and by no other window: what the host knows is there before the
   * first line of the program runs.
   */
  start(url, boot) {
    const name = JSON.stringify(boot);
    if (name.length <= NAME_MAX) this.element.name = name;
    this.element.src = url;
    this.player.document.body.append(this.element);
  }

  /** @param {MessageEvent} event */
  heard(event) {
    if (!isHello(event, this.element.contentWindow, OPAQUE) || !this.handshake.hello()) return;
    this.element.removeAttribute("name"); // it was read: a document that comes later asks for what is true then
    const { port1, port2 } = new MessageChannel();
    this.hearing.onPort(port1, (welcome) => this.element.contentWindow?.postMessage(welcome, "*", [port2]));
  }

  /** The document at the other end is gone. */
  gone() {
    this.handshake.closed();
  }

  /** @param {boolean} shown */
  show(shown) {
    this.element.hidden = !shown;
    this.element.inert = !shown;
  }

  focus() {
    this.element.focus({ preventScroll: true });
  }

  close() {
    this.player.frames.delete(this);
    this.element.remove();
  }
}

const aborted = (signal) =>
  new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
