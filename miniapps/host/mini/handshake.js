/**
 * Who gets a port. A frame's window stays the same when its document changes, so "it came from that frame" says little:
 * one hello is answered for each document, and the port of the one before is closed first.
 *
 * `preload.js` says hello while its document is still being parsed, before the frame's `load`. So the `load` that follows
 * an answered hello is that document's own; any other `load` is a new document. A document that goes away closes its end
 * of the port, where the browser tells so (`close`): then the next hello is a new document's as well.
 *
 * Where two documents come quicker than one `load`, the second has to say hello again; it does (every 100 ms).
 */

export class Handshake {
  constructor() {
    /** A port was given. */
    this.greeted = false;
    /** The document that may say hello, or has said it, has loaded. */
    this.loaded = false;
  }

  /** @returns {boolean} whether to answer */
  hello() {
    if (this.greeted) return false;
    this.greeted = true;
    return true;
  }

  /** @returns {boolean} whether the port that there is belongs to a document that is gone */
  load() {
    const gone = this.greeted && this.loaded;
    if (gone) this.greeted = false;
    this.loaded = true;
    return gone;
  }

  /** The other end of the port is gone, and its document with it: what comes next has not loaded. */
  closed() {
    this.greeted = this.loaded = false;
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
    Array.isArray(said.protocols) &&
    said.protocols.includes(1)
  );
}
