/**
 * Who gets a port. A frame's window stays the same when its document changes, so "it came from that frame" says little:
 * one hello is answered for each document, and the port of the one before is closed first.
 *
 * `preload.js` says hello while its document is still being parsed, before the frame's `load`. So the `load` that follows
 * an answered hello is that document's own; any other `load` is a new document. One that leads on before its `load`
 * never has one: until then a hello by another name (each document makes one up) is that of the next document.
 */

export class Handshake {
  constructor() {
    /** The name by which the document that has the port said hello. @type {string | null} */
    this.greeted = null;
    /** The document that may say hello, or has said it, has loaded. */
    this.loaded = false;
  }

  /** @param {string} name  @returns {boolean} whether to answer */
  hello(name) {
    if (this.greeted !== null && (this.loaded || this.greeted === name)) return false;
    this.greeted = name;
    return true;
  }

  /** @returns {boolean} whether the port that there is belongs to a document that is gone */
  load() {
    const gone = this.greeted !== null && this.loaded;
    if (gone) this.greeted = null;
    this.loaded = true;
    return gone;
  }
}

/**
 * @param {MessageEvent} event  at the player's window
 * @param {Window | null} frame  the window that may speak
 * @param {string} origin  "null" for an opaque frame
 */
export function isHello(event, frame, origin) {
  if (event.source === null || event.source !== frame || event.origin !== origin) return false;
  const said = event.data;
  return (
    said !== null &&
    typeof said === "object" &&
    said.mp === "hello" &&
    typeof said.sdk === "string" &&
    Array.isArray(said.protocols) &&
    said.protocols.includes(1)
  );
}
