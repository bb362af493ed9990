/**
 * Players and the frames within them: the one place where a program's document is made, and where its windows are heard.
 *
 * With a line (`Player`): the shell frames `/run/<app id>`, a document of its own origin without any script, whose policy
 * names one program's origin and nothing else. The program's pages are frames within it, served by the network; so a
 * program that navigates can get nowhere but to itself, and two programs can be open under two policies.
 *
 * From what this device keeps (`KeptPlayer`): each page has a player of its own, `/run/<app id>/kept/<package>/<page>.html`,
 * which the shell's service worker puts together from the package, verified again. The program's frame waits in it as a
 * `srcdoc` within a <template>, and is under the player's policy once it is put into the document.
 *
 * Either way the frame is opaque: `allow-same-origin` is never given. See docs/decisions/0053.
 */

import { Handshake, isHello } from "./handshake.js";
import { programOrigin } from "./urls.js";

const SANDBOX = "allow-scripts allow-forms";
/** What a program's frame is for the windows around it. */
const OPAQUE = "null";
/** A name longer than this is not worth its copy. */
const NAME_MAX = 1024 * 1024;
/** Each page begins with `preload.js`, whose hello is on the way when the page has loaded. */
const HELLO_MS_MAX = 2_000;
/** On a program's host: says that it is there, and goes where it is told. */
const WAITING = "/__mini/waiting.html";
const STYLE = `
  html, body { height: 100%; margin: 0; overflow: hidden; }
  iframe { position: absolute; inset: 0; width: 100%; height: 100%; border: 0; }
  iframe[hidden] { display: none; }
`;

/** @typedef {{ onPort: (port: MessagePort, answer: (welcome: object) => void) => void, onNewDocument: () => void, onMissing: () => void, onRefused: (code: string) => void }} Hearing */
/**
 * @typedef {{ url: string, page: string, title: string, boot: object, hearing: Hearing }} PageFrame
 *   title: the program's name. onMissing: its first document did not come. boot: what its preload reads before anything else runs
 */

/** `message`: why, where a package was refused. */
export class PlayerUnavailable extends Error {}

/** One document for all pages of a program, which come by the network. */
export class Player {
  /** @param {HTMLIFrameElement} element  that shows the player */
  constructor(element) {
    this.element = element;
    this.within = dressed(element);
    /** @type {Set<Frame>} */
    this.frames = new Set();
    /** An empty page of the program's host. @type {HTMLIFrameElement | null} */
    this.spare = null;
    this.spareWaits = false;
    heard(element, this.frames);
  }

  /**
   * @param {HTMLElement} mount
   * @param {string} appId
   * @param {AbortSignal} signal
   * @returns {Promise<Player>}
   * @throws {PlayerUnavailable} when the city did not answer with its player
   */
  static async open(mount, appId, signal) {
    const element = playerAt(`/run/${encodeURIComponent(appId)}`);
    const loaded = new Promise((resolve) => element.addEventListener("load", resolve, { once: true }));
    mount.append(element);
    signal.addEventListener("abort", () => element.remove(), { once: true });
    await Promise.race([loaded, aborted(signal)]);
    if (!isPlayer(element)) {
      element.remove();
      throw new PlayerUnavailable("no player");
    }
    return new Player(element);
  }

  /**
   * Has the browser make ready for pages of this origin: the first one takes the place of an empty one.
   * @param {string} origin @returns {Promise<void>} it is there
   */
  warm(origin) {
    const spare = (this.spare = this.#opaque());
    const there = new Promise((resolve) => {
      this.element.contentWindow?.addEventListener("message", ({ source, data }) => {
        if (spare !== this.spare || source !== spare.contentWindow || data?.mp !== "waiting") return;
        this.spareWaits = true;
        resolve();
      });
    });
    spare.src = programOrigin(origin) + WAITING;
    this.within.body.append(spare);
    return there;
  }

  /** A page of the program. @param {PageFrame} page */
  add({ url, title, boot, hearing }) {
    const { spare } = this;
    const name = nameOf(boot);
    this.spare = null;
    const frame = new Frame(this.frames, hearing, spare && this.spareWaits ? spare : this.#opaque());
    const { element } = frame;
    element.title = title;
    frame.watch(element);
    if (element === spare) spare.contentWindow?.postMessage({ mp: "begin", name, url }, "*");
    else {
      spare?.remove();
      element.name = name;
      element.src = url;
      this.within.body.append(element);
    }
    return frame;
  }

  #opaque() {
    const element = this.within.createElement("iframe");
    element.setAttribute("sandbox", SANDBOX);
    element.setAttribute("allow", "");
    element.setAttribute("referrerpolicy", "no-referrer");
    element.setAttribute("credentialless", "");
    return element;
  }

  /** Behind a sheet of the host: no tap, no key, no focus reaches the program. @param {boolean} held */
  hold(held) {
    hold([this.element], held);
  }

  close() {
    for (const frame of this.frames) frame.close();
    this.element.remove();
  }
}

/** A player for each page, from what this device keeps. */
export class KeptPlayer {
  /** @param {HTMLElement} mount @param {{ appId: string, packageSha256: string }} release @param {AbortSignal} signal */
  constructor(mount, { appId, packageSha256 }, signal) {
    this.mount = mount;
    this.folder = `/run/${encodeURIComponent(appId)}/kept/${packageSha256}/`;
    this.signal = signal;
    /** Players that are there before their page is. @type {Map<string, HTMLIFrameElement>} */
    this.ready = new Map();
    /** @type {Set<Frame>} */
    this.frames = new Set();
    signal.addEventListener("abort", () => this.close(), { once: true });
  }

  /** The player of a page that will be added. @param {string} page @throws {PlayerUnavailable} */
  async prepare(page) {
    const element = playerAt(this.#address(page));
    element.hidden = true;
    this.ready.set(page, element);
    const loaded = new Promise((resolve) => element.addEventListener("load", resolve, { once: true }));
    this.mount.append(element);
    await Promise.race([loaded, aborted(this.signal)]);
    if (waiting(element)) return;
    this.close();
    throw new PlayerUnavailable(refusal(element));
  }

  /** @param {PageFrame} page */
  add({ page, title, boot, hearing }) {
    const element = this.ready.get(page) ?? playerAt(this.#address(page));
    const frame = new Frame(this.frames, hearing, element);
    if (this.ready.delete(page)) {
      begin(frame, title, boot);
      return frame;
    }
    element.addEventListener("load", () => begin(frame, title, boot), { once: true });
    this.mount.append(element);
    return frame;
  }

  /** @param {boolean} held */
  hold(held) {
    hold([...this.frames].map((frame) => frame.element), held);
  }

  close() {
    for (const frame of this.frames) frame.close();
    for (const element of this.ready.values()) element.remove();
    this.ready.clear();
  }

  /** @param {string} page */
  #address(page) {
    return `${this.folder}${page.split("/").map(encodeURIComponent).join("/")}.html`;
  }
}

/** The page that waits in a player begins. @param {Frame} frame @param {string} title @param {object} boot */
function begin(frame, title, boot) {
  const { element } = frame;
  const program = waiting(element);
  if (!program) return frame.hearing.onRefused(refusal(element));
  program.title = title;
  program.name = nameOf(boot);
  heard(element, new Set([frame]));
  frame.watch(program);
  const { body } = dressed(element);
  const [empty] = body.children;
  program.addEventListener("load", () => empty.remove(), { once: true });
  body.append(program);
  return undefined;
}

/** @param {HTMLIFrameElement} player @returns {HTMLIFrameElement | null} */
const waiting = (player) =>
  isPlayer(player) ? (player.contentDocument?.querySelector("template")?.content.querySelector("iframe") ?? null) : null;

/** Why there is no page: what the worker says in place of one. @param {HTMLIFrameElement} player */
const refusal = (player) =>
  /** @type {HTMLMetaElement | null} */ (player.contentDocument?.querySelector("meta[name=refused]"))?.content ?? "UNTRUSTED";

/** One page's frame: `element` is what is shown and hidden; the program's own window may be deeper. */
export class Frame {
  /** @param {Set<Frame>} among @param {Hearing} hearing @param {HTMLIFrameElement} element */
  constructor(among, hearing, element) {
    this.among = among;
    this.hearing = hearing;
    this.element = element;
    this.handshake = new Handshake();
    /** @type {HTMLIFrameElement | null} */
    this.program = null;
    among.add(this);
  }

  /** @param {HTMLIFrameElement} program  whose documents are the program's */
  watch(program) {
    this.program = program;
    program.addEventListener("load", () => this.handshake.load() && this.hearing.onNewDocument());
    program.addEventListener("load", () => setTimeout(() => this.#greeted(), HELLO_MS_MAX), { once: true });
  }

  /** Not the program's page, but what a browser shows in place of one: it looks empty, and stays so. */
  #greeted() {
    if (this.handshake.greeted === null && this.among.has(this)) this.hearing.onMissing();
  }

  /** @param {MessageEvent} event */
  heard(event) {
    const view = this.program?.contentWindow ?? null;
    if (!view || !isHello(event, view, OPAQUE) || !this.handshake.hello(event.data.sdk)) return;
    this.program?.removeAttribute("name"); // it was read: a document that comes later asks for what is true then
    const { port1, port2 } = new MessageChannel();
    this.hearing.onPort(port1, (welcome) => view.postMessage(welcome, "*", [port2]));
  }

  /** @param {boolean} shown */
  show(shown) {
    this.element.hidden = !shown;
  }

  close() {
    this.among.delete(this);
    this.element.remove();
  }
}

/** @param {string} address */
function playerAt(address) {
  const element = document.createElement("iframe");
  element.className = "mini-player";
  element.src = address;
  return element;
}

/** Read by the document in the frame, and by no other window. @param {object} boot */
function nameOf(boot) {
  const name = JSON.stringify(boot);
  return name.length <= NAME_MAX ? name : "";
}

/** The city's own document, and no error page. @param {HTMLIFrameElement} element */
function isPlayer({ contentDocument: within }) {
  return within?.contentType === "text/html" && within.URL.startsWith(`${location.origin}/run/`);
}

/** @param {HTMLIFrameElement} element @returns {Document} */
function dressed({ contentDocument: within, contentWindow: view }) {
  const sheet = new /** @type {any} */ (view).CSSStyleSheet();
  sheet.replaceSync(STYLE);
  /** @type {Document} */ (within).adoptedStyleSheets = [sheet];
  return /** @type {Document} */ (within);
}

/** @param {HTMLIFrameElement} player @param {Set<Frame>} frames */
function heard(player, frames) {
  player.contentWindow?.addEventListener("message", (event) => {
    for (const frame of frames) frame.heard(event);
  });
}

/** Players that had the keyboard when a sheet came up. @type {WeakSet<HTMLIFrameElement>} */
const had = new WeakSet();

/** @param {HTMLIFrameElement[]} elements @param {boolean} held */
function hold(elements, held) {
  for (const element of elements) {
    element.inert = held;
    if (held && document.activeElement === element) {
      had.add(element);
      element.blur();
    } else if (!held && had.delete(element) && document.activeElement === document.body) giveBack(element);
  }
}

/** Whoever goes by keyboard goes on where the sheet met them. @param {HTMLIFrameElement} player */
function giveBack(player) {
  const page = /** @type {HTMLElement | null} */ (player.contentDocument?.querySelector("iframe:not([hidden])"));
  page?.blur(); // the player may think that it has the focus still
  player.focus({ preventScroll: true });
  page?.focus();
}

const aborted = (signal) =>
  new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
