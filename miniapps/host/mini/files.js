/** Files that a program got from a person, or offers to one: kept by the host for as long as the program runs. */

import { randomId } from "../session.js";
import { BridgeError } from "./errors.js";

const BYTES_MAX = 40 * 1024 * 1024;

export class Files {
  constructor() {
    /** @type {Map<string, Blob>} */
    this.held = new Map();
    this.bytes = 0;
  }

  /** @param {Blob} blob @returns {string} */
  add(blob) {
    this.#room(blob.size);
    const id = randomId("file");
    this.held.set(id, blob);
    return id;
  }

  /** @param {string} id @throws {BridgeError} */
  get(id) {
    const blob = this.held.get(id);
    if (!blob) throw new BridgeError("E_INVALID_PARAM", { path: "/file" });
    return blob;
  }

  /** @param {string} id @param {Uint8Array<ArrayBuffer>} more */
  append(id, more) {
    const blob = this.get(id);
    this.#room(more.length);
    this.held.set(id, new Blob([blob, more], { type: blob.type }));
  }

  #room(bytes) {
    if (this.bytes + bytes > BYTES_MAX) throw new BridgeError("E_QUOTA", { why: "quota" });
    this.bytes += bytes;
  }
}

/** @param {Blob} blob @returns {Promise<string>} */
export async function base64(blob) {
  const bytes = new Uint8Array(await blob.arrayBuffer());
  let text = "";
  for (let i = 0; i < bytes.length; i += 8192) text += String.fromCharCode(...bytes.subarray(i, i + 8192));
  return btoa(text);
}

/** @param {string} text @returns {Uint8Array<ArrayBuffer>} @throws {BridgeError} */
export function fromBase64(text) {
  try {
    return Uint8Array.from(atob(text), (one) => one.charCodeAt(0));
  } catch {
    throw new BridgeError("E_INVALID_PARAM", { path: "/data" });
  }
}
