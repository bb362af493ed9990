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

  get(address, method) {
    const blob = this.#blobs.get(address);
    if (!blob) throw new MpError('E_INVALID_PARAM', { method, path: '/filePath', message: 'No such file: take a path that chooseMedia or downloadFile gave.' });
    return blob;
  }

  /** `options` whose `filePath` may be a Blob, with an address in its place. */
  named(options) {
    const blob = options?.filePath;
    return blob instanceof Blob ? { ...options, filePath: this.add(blob) } : options;
  }

  /** `chooseMedia`; `ask(method, params)` speaks to the host. */
  async choose({ count = 9, sourceType = ['album'] }, ask) {
    const chosen = await ask('mediaChoose', { count, source: sourceType[0] });
    const tempFiles = [];
    for (const { file, type, size } of chosen.files) {
      const pieces = [];
      for (let offset = 0; offset < size; offset += PIECE) {
        const { data } = await ask('tempFileRead', { file, offset, length: Math.min(PIECE, size - offset) });
        pieces.push(Uint8Array.from(atob(data), (character) => character.charCodeAt(0)));
      }
      tempFiles.push({ tempFilePath: this.add(new Blob(pieces, { type })), fileType: 'image', size });
    }
    return { tempFiles, type: 'image' };
  }

  /** `saveImageToAlbum`. */
  async save({ filePath }, ask) {
    const blob = this.get(filePath, 'saveImageToAlbum');
    const bytes = new Uint8Array(await blob.arrayBuffer());
    let file;
    for (let offset = 0; offset < bytes.length || !file; offset += PIECE) {
      const data = base64(bytes.subarray(offset, offset + PIECE));
      ({ file } = await ask('tempFileWrite', file ? { file, data } : { type: blob.type || 'image/png', data }));
    }
    return ask('albumSave', { file });
  }
}

function base64(bytes) {
  let text = '';
  for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return btoa(text);
}
