/**
 * One page of a program: a document of its own in a frame of its own, its bridge, and what the host draws for it.
 * A page that another one covers stays as it is, hidden; so whoever goes back finds it as they left it.
 */

import { Bridge } from "./bridge.js";
import { look } from "./look.js";
import { pageStates } from "./lifecycle.js";
import { pageUrl } from "./urls.js";

const BUTTON = { text: "", loading: false, disabled: false, visible: false };

export class Page {
  /** @param {import("./program.js").Program} program @param {import("./routes.js").Route} route */
  constructor(program, route) {
    this.program = program;
    this.route = route;
    this.states = pageStates((from, to) => console.warn(`page ${route.page}: ${from} → ${to} dropped`));
    const { title, front, background } = program.windowOf();
    this.bar = { title, front, background, loading: false };
    this.buttons = { main: { ...BUTTON }, back: { ...BUTTON }, settings: { ...BUTTON } };
    /** Asked before this page is left. @type {string | null} */
    this.alert = null;
    this.pulling = false;
    this.painted = false;
    /** @type {Bridge | null} */
    this.bridge = null;
    /** Of the document that said hello last. @type {MessagePort | null} */
    this.greeted = null;
    this.shown = false;
    this.frame = null;
  }

  /** Its document is asked for. */
  open() {
    const { program, route } = this;
    this.frame = program.player.add({
      url: pageUrl(program.release, route.page, route.query),
      page: route.page,
      title: program.facts.name,
      boot: { mp: "boot", welcome: program.welcome(this), look: look() },
      hearing: {
        onPort: (port, answer) => this.#greeted(port, answer),
        onNewDocument: () => this.#disconnected(),
        onMissing: () => program.missing(this),
        onRefused: (code) => program.close(code),
      },
    });
    this.frame.show(false);
  }

  /** @param {boolean} shown  it is the page that is seen, and the program is on screen. @param {string} reason  if not */
  show(shown, reason = "covered") {
    if (shown === this.shown) return;
    this.shown = shown;
    this.frame.show(shown);
    if (this.states.state !== "loaded") this.states.to(shown ? "shown" : "hidden");
    if (!this.bridge) return;
    this.bridge.watch(shown);
    if (shown) this.bridge.emit("appshow", this.program.launch);
    else this.bridge.emit("apphide", { reason });
  }

  /** @param {string} type @param {object} [data] */
  emit(type, data) {
    this.bridge?.emit(type, data);
  }

  /** For its preload. */
  showLook(how) {
    this.bridge?.tell({ look: how });
  }

  /** @param {string} reason */
  leave(reason) {
    this.show(false, "closed");
    this.states.to("unloaded");
    this.emit("appunload", { reason });
  }

  /** @param {string} [code]  what the SDK is told */
  close(code) {
    this.greeted = null;
    this.bridge?.close(code);
    this.frame?.close();
  }

  /** A document of this frame said hello. It is answered once the city has said that the program may run. */
  #greeted(port, answer) {
    this.greeted = port;
    this.program.onceSure(() => this.greeted === port && this.#connected(port, answer));
  }

  #connected(port, answer) {
    this.bridge?.close();
    this.bridge = new Bridge(
      port,
      {
        call: (call) => this.program.call(this, call),
        told: (kind, data) => this.#told(kind, data),
        onFailed: (code) => this.program.told.failed(code),
        onFlood: () => this.program.close("FLOOD"),
        onSilent: () => this.program.silent(this),
        onAlive: () => this.program.alive(this),
      },
      this.program.budget,
      this.program.clock,
    );
    answer({ ...this.program.welcome(this), look: look() });
    if (this.states.state === "loaded") {
      this.states.to("ready");
      this.states.to(this.shown ? "shown" : "hidden");
    }
    if (!this.shown) return;
    this.bridge.watch(true);
    this.bridge.emit("appshow", this.program.launch);
  }

  /** Another document is there: what the last one asked for ends, and what the host drew for it goes. */
  #disconnected() {
    this.bridge?.close();
    this.bridge = null;
    this.greeted = null;
    this.buttons = { main: { ...BUTTON }, back: { ...BUTTON }, settings: { ...BUTTON } };
    this.alert = null;
    this.program.draw();
  }

  #told(kind, data) {
    if (kind === "painted") return this.paint();
    const message = typeof data?.message === "string" ? data.message.slice(0, 1024) : "";
    this.program.fault(message);
    return undefined;
  }

  paint() {
    if (this.painted) return;
    this.painted = true;
    this.program.painted(this);
  }
}
