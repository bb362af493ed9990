/**
 * Pictures that the citizen chose and files that were fetched. A program holds them by a `blob:` address, which serves
 * `<img>` and the calls that take a path; the bytes themselves come and go in pieces, for a message holds 256 KiB.
 */
import { MpError } from './errors.js';

const PIECE = 144 * 1024;

export class Files {
  #blobs = new Map();

  add(blob) {
    const address = URL.createObjectURL(blob);
    this.#blobs.set(address, blob);
    return address;
  }

  get(address, method, path) {
    const blob = this.#blobs.get(address);
    if (!blob) throw new MpError('E_INVALID_PARAM', { method, path, message: 'No such file: take a path that chooseMedia or downloadFile gave.' });
    return blob;
  }

  /** `options` whose `filePath` may be a Blob, with an address in its place. */
  named(options) {
    const blob = options?.filePath;
    return blob instanceof Blob ? { ...options, filePath: this.add(blob) } : options;
  }

  /** Fetches from the host what it keeps as `file`. */
  async read({ file, type, size }, ask) {
    const pieces = [];
    for (let offset = 0; offset < size; ) {
      const { data } = await ask('tempFileRead', { file, offset, length: Math.min(PIECE, size - offset) });
      const bytes = Uint8Array.from(atob(data), (character) => character.charCodeAt(0));
      if (!bytes.length) break;
      pieces.push(bytes);
      offset += bytes.length;
    }
    return new Blob(pieces, { type });
  }

  /** Gives the host a copy, and returns the name by which it keeps it. */
  async write(blob, ask) {
    const bytes = new Uint8Array(await blob.arrayBuffer());
    let kept;
    for (let offset = 0; offset < bytes.length || !kept; offset += PIECE) {
      const data = base64(bytes.subarray(offset, offset + PIECE));
      kept = (await ask('tempFileWrite', kept ? { file: kept, data } : { type: blob.type || 'image/png', data })).file;
    }
    return kept;
  }
}

function base64(bytes) {
  let text = '';
  for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return btoa(text);
}
