/**
 * ZIP archives, read in one way: the twin of `bundles/archive.py`, `names.py` and `blocks.py`, with the same codes.
 *
 * There is one shape alone: entries end to end from the first byte, in the order of the central directory, each header
 * the same in both places, then the directory, then the end record. Whatever two readers could take for different files
 * is refused. A signing block may stand before the directory; `split` takes it out and gives the bytes that were signed.
 */

export const BUDGET = { packed: 2_000_000, unpacked: 10_000_000, entries: 2_000, ratio: 100 };
export const BLOCK = { developer: 0x01000101, platform: 0x02000201, logProof: 0x02000301 };

/** Everything that a package may hold, and as what it is served. */
export const MEDIA_TYPES = {
  avif: "image/avif",
  css: "text/css; charset=utf-8",
  csv: "text/csv; charset=utf-8",
  gif: "image/gif",
  html: "text/html; charset=utf-8",
  ico: "image/x-icon",
  jpeg: "image/jpeg",
  jpg: "image/jpeg",
  js: "text/javascript; charset=utf-8",
  json: "application/json; charset=utf-8",
  m4a: "audio/mp4",
  map: "application/json; charset=utf-8",
  md: "text/markdown; charset=utf-8",
  mjs: "text/javascript; charset=utf-8",
  mp3: "audio/mpeg",
  mp4: "video/mp4",
  ogg: "audio/ogg",
  otf: "font/otf",
  png: "image/png",
  svg: "image/svg+xml",
  ttf: "font/ttf",
  txt: "text/plain; charset=utf-8",
  wasm: "application/wasm",
  wav: "audio/wav",
  webm: "video/webm",
  webmanifest: "application/manifest+json; charset=utf-8",
  webp: "image/webp",
  woff: "font/woff",
  woff2: "font/woff2",
};

/** A package that is refused. `code` is the contract with the city; `path` and `detail` say where and what. */
export class BundleError extends Error {
  /** @param {string} code @param {string} [path] @param {string} [detail] */
  constructor(code, path = "", detail = "") {
    super([code, path, detail].filter(Boolean).join(": "));
    this.name = "BundleError";
    this.code = code;
    this.path = path;
    this.detail = detail;
  }
}

const LOCAL = 0x04034b50;
const CENTRAL = 0x02014b50;
const END = 0x06054b50;
const LOCATOR_64 = 0x07064b50;
const LOCAL_BYTES = 30;
const CENTRAL_BYTES = 46;
const END_BYTES = 22;
const DEFLATED = 8;
const UTF_8 = 0x0800;
const ENCRYPTED = 0x0001 | 0x0040 | 0x2000;
const MAGIC = "CITYMA Sig Blk 1";
const FOOT_BYTES = 8 + MAGIC.length;
const BLOCK_BYTES_MAX = 64_000;
const SEGMENT_BYTES_MAX = 255;
const PATH_BYTES_MAX = 65_535;

/** @typedef {Uint8Array<ArrayBuffer>} Bytes */
/** @typedef {{ shared: Bytes, flags: number, method: number, crc: number, packed: number, size: number, name: Bytes, path: string, offset: number }} Entry */

/**
 * @param {Bytes} data  an archive without a signing block
 * @param {typeof BUDGET} [limits]
 * @returns {Promise<Map<string, Bytes>>} its files by path, in its order
 * @throws {BundleError}
 */
export async function unpack(data, limits = BUDGET) {
  if (data.length > limits.packed) throw new BundleError("BUNDLE_TOO_LARGE");
  const { entries, start: directory } = directoryOf(data, limits);
  checkNames(entries.map((entry) => entry.path));
  checkSizes(entries, limits);
  /** @type {Map<string, Bytes>} */
  const files = new Map();
  let position = 0;
  for (const entry of entries) {
    if (entry.offset !== position) throw new BundleError(misplaced(position), entry.path);
    const start = dataOffset(data, entry, directory);
    position = start + entry.packed;
    if (position > directory) throw new BundleError("BUNDLE_ZIP_LAYOUT", entry.path);
    files.set(entry.path, await content(data.subarray(start, position), entry));
  }
  if (position !== directory) throw new BundleError("BUNDLE_ZIP_LAYOUT");
  return files;
}

/**
 * @param {Bytes} bundle
 * @returns {{ unsigned: Bytes, values: Map<number, Bytes> }} the bytes that were signed, and the signing block by id
 * @throws {BundleError}
 */
export function split(bundle) {
  if (bundle.length > BUDGET.packed + BLOCK_BYTES_MAX) throw new BundleError("BUNDLE_TOO_LARGE");
  const end = endOf(bundle).start;
  const view = viewOf(bundle);
  const foot = end - FOOT_BYTES;
  if (foot < 0 || ascii(bundle.subarray(foot + 8, end)) !== MAGIC) return { unsigned: bundle, values: new Map() };
  const size = Number(view.getBigUint64(foot, true));
  const start = end - size - 8;
  const sound = size >= FOOT_BYTES && size <= BLOCK_BYTES_MAX && start >= 0;
  if (!sound || Number(view.getBigUint64(start, true)) !== size) throw new BundleError("BUNDLE_BLOCK");
  const values = valuesOf(bundle.subarray(start + 8, foot));
  const unsigned = new Uint8Array(bundle.length - (end - start));
  unsigned.set(bundle.subarray(0, start));
  unsigned.set(bundle.subarray(end), start);
  viewOf(unsigned).setUint32(unsigned.length - 6, start, true);
  return { unsigned, values };
}

/** @param {Bytes} pairs */
function valuesOf(pairs) {
  const view = viewOf(pairs);
  /** @type {Map<number, Bytes>} */
  const values = new Map();
  let last = 0;
  for (let at = 0; at < pairs.length; ) {
    if (at + 12 > pairs.length) throw new BundleError("BUNDLE_BLOCK");
    const after = at + 8 + Number(view.getBigUint64(at, true));
    const id = view.getUint32(at + 8, true);
    if (after < at + 12 || after > pairs.length) throw new BundleError("BUNDLE_BLOCK");
    if (!Object.values(BLOCK).includes(id) || id <= last) throw new BundleError("BUNDLE_BLOCK");
    values.set(id, pairs.slice(at + 12, after));
    [at, last] = [after, id];
  }
  if (values.size === 0) throw new BundleError("BUNDLE_BLOCK");
  return values;
}

/** How many entries there are, and where the directory begins. @param {Bytes} data */
function endOf(data) {
  const at = data.length - END_BYTES;
  const view = viewOf(data);
  if (at < 0 || view.getUint32(at, true) !== END) throw noEnd(data);
  const [disk, diskOfDirectory, here, count] = [4, 6, 8, 10].map((field) => view.getUint16(at + field, true));
  const [size, start] = [12, 16].map((field) => view.getUint32(at + field, true));
  if (view.getUint16(at + 20, true)) throw new BundleError("BUNDLE_ZIP_COMMENT");
  const marks = [disk, diskOfDirectory, here, count].includes(0xffff) || [size, start].includes(0xffffffff);
  if (marks || (at >= 20 && view.getUint32(at - 20, true) === LOCATOR_64)) throw new BundleError("BUNDLE_ZIP_64");
  if (disk || diskOfDirectory) throw new BundleError("BUNDLE_ZIP_MULTI_DISK");
  if (here !== count) throw new BundleError("BUNDLE_ZIP_DIRECTORY");
  if (start + size !== at) throw new BundleError("BUNDLE_ZIP_LAYOUT");
  return { count, start };
}

/** Why an archive does not end in an end record: something follows one, or there is none. @param {Bytes} data */
function noEnd(data) {
  const view = viewOf(data);
  const first = Math.max(data.length - END_BYTES - 0xffff, 0);
  let at = data.length - 4;
  while (at >= first && view.getUint32(at, true) !== END) at -= 1;
  if (at < first || at + END_BYTES > data.length) return new BundleError("BUNDLE_NOT_A_ZIP");
  const commented = view.getUint16(at + 20, true) === data.length - at - END_BYTES;
  return new BundleError(commented ? "BUNDLE_ZIP_COMMENT" : "BUNDLE_ZIP_TRAILING");
}

/** @param {Bytes} data @param {typeof BUDGET} limits */
function directoryOf(data, limits) {
  const { count, start } = endOf(data);
  if (count > limits.entries) throw new BundleError("BUNDLE_TOO_MANY_ENTRIES");
  if (count === 0) throw new BundleError("BUNDLE_EMPTY");
  const end = data.length - END_BYTES;
  /** @type {Entry[]} */
  const entries = [];
  let at = start;
  for (let i = 0; i < count; i += 1) {
    const { entry, after } = entryAt(data, at, end);
    entries.push(entry);
    at = after;
  }
  if (at !== end) throw new BundleError("BUNDLE_ZIP_DIRECTORY");
  return { entries, start };
}

/** One line of the central directory. @param {Bytes} data @param {number} at @param {number} end */
function entryAt(data, at, end) {
  const view = viewOf(data);
  if (at + CENTRAL_BYTES > end || view.getUint32(at, true) !== CENTRAL) throw new BundleError("BUNDLE_ZIP_DIRECTORY");
  const short = (field) => view.getUint16(at + field, true);
  const long = (field) => view.getUint32(at + field, true);
  const [nameBytes, extra, comment, disk] = [short(28), short(30), short(32), short(34)];
  const after = at + CENTRAL_BYTES + nameBytes + extra + comment;
  if (after > end) throw new BundleError("BUNDLE_ZIP_DIRECTORY");
  const name = data.subarray(at + CENTRAL_BYTES, at + CENTRAL_BYTES + nameBytes);
  const [version, flags, method] = [short(6), short(8), short(10)];
  const [packed, size, external, offset] = [long(20), long(24), long(38), long(42)];
  const path = pathOf(name, flags);
  if (comment) throw new BundleError("BUNDLE_ZIP_COMMENT", path);
  if ([packed, size, offset].includes(0xffffffff) || disk === 0xffff) throw new BundleError("BUNDLE_ZIP_64", path);
  if (disk) throw new BundleError("BUNDLE_ZIP_MULTI_DISK", path);
  if (extra) throw new BundleError("BUNDLE_ZIP_EXTRA", path);
  checkKind(path, version, flags, method, external);
  // From the version on, the entry's own header says the same twenty-six bytes.
  const shared = data.subarray(at + 6, at + 32);
  return { entry: { shared, flags, method, crc: long(16), packed, size, name, path, offset }, after };
}

/** @param {Bytes} name @param {number} flags */
function pathOf(name, flags) {
  const known = flags & UTF_8 || name.every((byte) => byte < 0x80);
  try {
    if (known) return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(name);
  } catch {
    // As for a name in an encoding that nobody says.
  }
  throw new BundleError("BUNDLE_NAME_ENCODING");
}

function checkKind(path, version, flags, method, external) {
  if (flags & ENCRYPTED) throw new BundleError("BUNDLE_ZIP_ENCRYPTED", path);
  if (flags & ~UTF_8) throw new BundleError("BUNDLE_ZIP_FLAGS", path);
  if ((method !== 0 && method !== DEFLATED) || version > 20) throw new BundleError("BUNDLE_ZIP_METHOD", path);
  const kind = external >>> 28;
  if ((kind !== 0 && kind !== 0o10) || external & 0x10 || path.endsWith("/")) {
    throw new BundleError("BUNDLE_ZIP_FILE_TYPE", path);
  }
}

/** @param {Entry[]} entries @param {typeof BUDGET} limits */
function checkSizes(entries, limits) {
  let total = 0;
  for (const { method, packed, size, path } of entries) {
    if (method === 0 && packed !== size) throw new BundleError("BUNDLE_ZIP_SIZE", path);
    if (size > packed * limits.ratio) throw new BundleError("BUNDLE_RATIO", path);
    total += size;
  }
  if (total > limits.unpacked) throw new BundleError("BUNDLE_UNPACKED_TOO_LARGE");
}

/** Where an entry's content begins. @param {Bytes} data @param {Entry} entry @param {number} directory */
function dataOffset(data, entry, directory) {
  const at = entry.offset;
  const after = at + LOCAL_BYTES + entry.name.length;
  if (after > directory) throw new BundleError("BUNDLE_ZIP_LAYOUT", entry.path);
  if (viewOf(data).getUint32(at, true) !== LOCAL) throw new BundleError(misplaced(at), entry.path);
  const said = data.subarray(at + 4, at + LOCAL_BYTES);
  if (!same(said, entry.shared) || !same(data.subarray(at + LOCAL_BYTES, after), entry.name)) {
    throw new BundleError("BUNDLE_ZIP_HEADERS_DIFFER", entry.path);
  }
  return after;
}

/** @param {Bytes} data @param {Entry} entry */
async function content(data, entry) {
  const found = entry.method === DEFLATED ? await inflated(data, entry) : data.slice();
  if (crc32(found) !== entry.crc) throw new BundleError("BUNDLE_ZIP_CRC", entry.path);
  return found;
}

/** @param {Bytes} data @param {Entry} entry */
async function inflated(data, entry) {
  const found = new Uint8Array(entry.size);
  const reader = new Blob([data]).stream().pipeThrough(new DecompressionStream("deflate-raw")).getReader();
  let at = 0;
  for (;;) {
    const { done, value } = await reader.read().catch(() => {
      throw new BundleError("BUNDLE_ZIP_DATA", entry.path);
    });
    if (done) break;
    if (at + value.length > entry.size) {
      void reader.cancel().catch(() => null);
      throw new BundleError("BUNDLE_ZIP_SIZE", entry.path);
    }
    found.set(value, at);
    at += value.length;
  }
  if (at !== entry.size) throw new BundleError("BUNDLE_ZIP_SIZE", entry.path);
  return found;
}

/** @param {string[]} paths */
function checkNames(paths) {
  for (const path of paths) {
    checkPath(path);
    checkType(path);
  }
  checkUnique(paths);
}

// Names that no file may have: W3C's, code points that this Unicode does not know, and tags.
const FORBIDDEN = /["*:<>\\|\p{Cc}\p{Co}\p{Cs}\p{Cn}\ufff0-\uffff\u{e0001}\u{e007f}]/u;
const bytesOf = (text) => new TextEncoder().encode(text).length;

/** @param {string} path */
export function checkPath(path) {
  if (bytesOf(path) > PATH_BYTES_MAX) throw new BundleError("BUNDLE_NAME_LENGTH");
  for (const segment of path.split("/")) {
    if (segment === "" || segment === "." || segment === "..") throw new BundleError("BUNDLE_NAME_PATH", path);
    if (bytesOf(segment) > SEGMENT_BYTES_MAX) throw new BundleError("BUNDLE_NAME_LENGTH");
    if (segment.startsWith(".") || segment.endsWith(".") || FORBIDDEN.test(segment)) {
      throw new BundleError("BUNDLE_NAME_FORBIDDEN", path);
    }
  }
}

/** The media type that a file is served as. @param {string} path @returns {string} */
export function checkType(path) {
  const name = path.slice(path.lastIndexOf("/") + 1);
  const extension = name.includes(".") ? name.slice(name.lastIndexOf(".") + 1).toLowerCase() : "";
  if (!Object.hasOwn(MEDIA_TYPES, extension)) throw new BundleError("BUNDLE_TYPE_FORBIDDEN", path);
  return MEDIA_TYPES[extension];
}

/** Each path once in any case and composition, none both file and folder. @param {string[]} paths */
function checkUnique(paths) {
  const root = new Map();
  for (const path of paths) {
    const above = path.split("/");
    const name = /** @type {string} */ (above.pop());
    let folder = root;
    for (const segment of above) {
      const key = fold(segment);
      if (!folder.has(key)) folder.set(key, { written: segment, inside: new Map() });
      const { written, inside } = folder.get(key);
      if (!inside || written !== segment) throw new BundleError("BUNDLE_NAME_COLLISION", path);
      folder = inside;
    }
    const other = folder.get(fold(name));
    if (other) {
      const twice = !other.inside && other.written === name;
      throw new BundleError(twice ? "BUNDLE_NAME_DUPLICATE" : "BUNDLE_NAME_COLLISION", path);
    }
    folder.set(fold(name), { written: name, inside: null });
  }
}

const fold = (name) => name.normalize("NFD").toLowerCase().toUpperCase().normalize("NFD");
const misplaced = (at) => (at ? "BUNDLE_ZIP_LAYOUT" : "BUNDLE_ZIP_PREFIX");
const viewOf = (data) => new DataView(data.buffer, data.byteOffset, data.byteLength);
const ascii = (data) => String.fromCharCode(...data);
const same = (one, other) => one.length === other.length && one.every((byte, i) => byte === other[i]);

const CRC = Uint32Array.from({ length: 256 }, (_, n) => {
  let c = n;
  for (let k = 0; k < 8; k += 1) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
  return c;
});

/** @param {Bytes} data */
function crc32(data) {
  let c = 0xffffffff;
  for (let i = 0; i < data.length; i += 1) c = CRC[(c ^ data[i]) & 0xff] ^ (c >>> 8);
  return (c ^ 0xffffffff) >>> 0;
}
