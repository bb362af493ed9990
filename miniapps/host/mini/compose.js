/**
 * One page of a package as one document, which needs nothing else: what the shell's service worker answers where a
 * program is started from what this device keeps (docs/decisions/0053). A browser asks no service worker for what an
 * opaque frame loads, so the page brings everything with it as `data:` addresses, and its policy names every script in it
 * by its hash. Whatever is no script of the package, or was changed, does not run.
 *
 * Pure, and without a window. What it is given was verified (`package.js`).
 */

import { afterDoctype, edited, pageText, quoted, startTags } from "./html.js";
import { withAddresses } from "./css.js";
import { Modules, encoded, nameOf } from "./modules.js";
import { MEDIA_TYPES } from "./unzip.js";

/** As the city sends with pages of programs (`policy.PERMISSIONS_POLICY`; a test holds them alike). */
export const PERMISSIONS_POLICY = [
  "accelerometer autoplay browsing-topics camera clipboard-read",
  "clipboard-write compute-pressure cross-origin-isolated display-capture encrypted-media fullscreen gamepad geolocation",
  "gyroscope hid identity-credentials-get idle-detection keyboard-map local-fonts magnetometer microphone midi",
  "otp-credentials payment picture-in-picture publickey-credentials-create publickey-credentials-get screen-wake-lock",
  "serial storage-access unload usb window-management xr-spatial-tracking",
]
  .flatMap((line) => line.split(" "))
  .map((feature) => `${feature}=()`)
  .join(", ");

/** Attributes with the address of one file. */
const ADDRESSED = {
  audio: ["src"],
  image: ["href", "xlink:href"],
  img: ["src"],
  input: ["src"],
  source: ["src"],
  track: ["src"],
  video: ["src", "poster"],
};
/** Files that a running page may ask for. Scripts are in its import map, and pages are not read by pages. */
const NOT_ASKED_FOR = new Set(["html", "js", "map", "md", "mjs"]);
const SCRIPT_TYPES = ["", "text/javascript", "application/javascript", "text/ecmascript", "application/ecmascript"];
const IMPORTS_DEEP = 8;
/** Stands for a program's own: addresses are read as in a scheme that has hosts and folders. */
const ORIGIN = "wss://package";

/** @typedef {Uint8Array<ArrayBuffer>} Bytes */
/** @typedef {import("./package.js").Profile} Profile */

/** The files of a package, and under what they stand in a page. */
export class Package {
  /** @param {Map<string, Bytes>} files @param {Profile} profile */
  constructor(files, profile) {
    this.files = files;
    this.profile = profile;
    /** @type {Map<string, string>} */
    this.addresses = new Map();
  }

  /** @param {string} path */
  text(path) {
    return new TextDecoder().decode(this.files.get(path));
  }

  /** What an address in the file `from` leads to. @param {string} address @param {string} from @returns {string | null} */
  path(address, from) {
    try {
      const { origin, pathname } = new URL(address, `${ORIGIN}/root/${encoded(from)}`);
      if (origin !== ORIGIN || !pathname.startsWith("/root/")) return null;
      const path = decodeURIComponent(pathname.slice("/root/".length));
      return this.files.has(path) ? path : null;
    } catch {
      return null;
    }
  }

  /** The file as a `data:` address. @param {string} path @param {number} [deep]  style sheets around this one */
  address(path, deep = 0) {
    const known = this.addresses.get(path);
    if (known) return known;
    const isStyle = path.toLowerCase().endsWith(".css");
    const bytes = isStyle ? utf8(this.style(this.text(path), path, deep)) : /** @type {Bytes} */ (this.files.get(path));
    const address = dataUrl(path, bytes);
    this.addresses.set(path, address);
    return address;
  }

  /** A style sheet, its files in it. @param {string} text @param {string} from @param {number} [deep] */
  style(text, from, deep = 0) {
    return withAddresses(text, (written) => {
      const path = this.path(written, from);
      return path === null || path === from || deep > IMPORTS_DEEP ? null : this.address(path, deep + 1);
    });
  }

  /** @param {string} text @param {string} path @returns {Promise<{ address: string, hash: string }>} */
  async script(text, path) {
    const bytes = utf8(text);
    return { address: dataUrl(path, bytes), hash: await hashOf(bytes) };
  }
}

/**
 * @param {Package} all
 * @param {string} path  of the page
 * @param {string[]} hosts  the host's own scripts, which run first
 * @returns {Promise<{ html: string, policy: string }>}
 */
export async function composed(all, path, hosts) {
  const bytes = all.files.get(path);
  if (!bytes || ending(path) !== "html") throw new TypeError("no page");
  const text = pageText(bytes);
  const page = new Page(all, path, new Modules(all), afterDoctype(text));
  const tags = startTags(text);
  for (const tag of tags) if (typeOf(tag) === "importmap") page.modules.understand(heldBy(text, tag), path);
  for (const tag of tags) await page.read(text, tag);
  const { map, hashes } = await page.modules.written();
  const own = page.edits.splice(0); // what is put at one place keeps its order: the host's come first
  page.put(page.begin, hosts.map((script) => `<script>${script}</script>`).join(""));
  if (hashes.length > 0) page.put(page.mapAt ?? page.begin, `<script type="importmap">${map}</script>`);
  page.edits.push(...own);
  const allowed = await Promise.all([...hosts, ...page.inline, ...(hashes.length > 0 ? [map] : [])].map(hashOfText));
  return {
    html: edited(text, page.edits) + filesBlock(all),
    policy: policyOf([...allowed, ...page.hashes, ...hashes], all.profile),
  };
}

const FRAME = '<iframe sandbox="allow-scripts allow-forms" allow="" referrerpolicy="no-referrer"';

/**
 * The document that the shell frames. The page waits in it until the shell puts it there: it begins when it is wanted, and
 * what the host tells it first is there by then. Until then an empty frame of its kind has the browser start its process.
 * @param {string} html
 */
export const player = (html) =>
  `<!doctype html><html><head><meta charset="utf-8"><title></title></head><body>${FRAME} hidden srcdoc=""></iframe><template>${FRAME} srcdoc=${quoted(html)}></iframe></template></body></html>`;

/** One page that is put together. */
class Page {
  /** @param {Package} all @param {string} path @param {Modules} modules @param {number} begin  after the doctype */
  constructor(all, path, modules, begin) {
    this.all = all;
    this.path = path;
    this.modules = modules;
    this.begin = begin;
    /** @type {{ from: number, to: number, text: string }[]} */
    this.edits = [];
    /** Scripts that stand in it. @type {string[]} */
    this.inline = [];
    /** Of scripts that it names. @type {string[]} */
    this.hashes = [];
    /** Where the first module is named: the map has to be known by then. @type {number | null} */
    this.mapAt = null;
  }

  put(at, text) {
    this.edits.push({ from: at, to: at, text });
  }

  /** @param {string} text @param {import("./html.js").Tag} tag */
  async read(text, tag) {
    if (tag.name === "script") return this.script(text, tag);
    if (tag.name === "link") return this.link(tag);
    if (tag.name === "style") {
      const style = this.all.style(heldBy(text, tag), this.path).replaceAll("</", "<\\/");
      this.edits.push({ from: tag.textFrom, to: tag.textTo, text: style });
    }
    for (const name of ADDRESSED[tag.name] ?? []) this.say(tag, name, (value) => this.addressOf(value));
    this.say(tag, "srcset", (value) => this.candidates(value));
    this.say(tag, "style", (value) => this.all.style(value, this.path));
    return undefined;
  }

  /** @param {string} text @param {import("./html.js").Tag} tag */
  async script(text, tag) {
    const type = typeOf(tag);
    const source = tag.attributes.get("src");
    if (type === "importmap") this.say(tag, "type", () => "application/json");
    else if (type === "module") this.module(text, tag, source);
    else if (!SCRIPT_TYPES.includes(type)) return;
    else if (!source) this.stands(tag, heldBy(text, tag), this.path);
    else {
      const path = this.all.path(source.value, this.path);
      if (path === null) return;
      const { address, hash } = await this.all.script(this.all.text(path), path);
      this.hashes.push(hash);
      this.drop(tag, "integrity");
      this.edits.push({ from: source.from, to: source.to, text: `src=${quoted(address)} integrity=${quoted(hash)}` });
    }
  }

  module(text, tag, source) {
    this.mapAt ??= tag.from;
    if (!source) return this.stands(tag, heldBy(text, tag), this.path);
    const path = this.all.path(source.value, this.path);
    if (path === null) return undefined;
    this.modules.add(path);
    this.drop(tag, "integrity");
    this.cut(source.from, source.to);
    const script = `import ${JSON.stringify(nameOf(path))};`;
    this.inline.push(script);
    this.edits.push({ from: tag.textFrom, to: tag.textTo, text: script });
    return undefined;
  }

  /** A script between its tags. */
  stands(tag, text, from) {
    const script = typeOf(tag) === "module" ? this.modules.rewritten(text, from) : this.classic(text, from);
    this.inline.push(script);
    this.edits.push({ from: tag.textFrom, to: tag.textTo, text: script });
  }

  /** A script that is no module may import one; one of another file may not, from an opaque frame. */
  classic(text, from) {
    if (!/\bimport\b/.test(text)) return text;
    this.mapAt ??= this.begin;
    return this.modules.rewritten(text, from);
  }

  /** Style sheets are brought along; all other links only hint at files. */
  link(tag) {
    const kinds = (tag.attributes.get("rel")?.value ?? "").toLowerCase().split(/[\t\n\f\r ]+/);
    const address = kinds.includes("stylesheet") ? this.addressOf(tag.attributes.get("href")?.value ?? "") : null;
    if (address === null) return this.cut(tag.from, tag.to);
    this.drop(tag, "integrity");
    return this.say(tag, "href", () => address);
  }

  /** @param {import("./html.js").Tag} tag @param {string} name @param {(value: string) => string | null} otherwise */
  say(tag, name, otherwise) {
    const attribute = tag.attributes.get(name);
    const value = attribute ? otherwise(attribute.value) : null;
    if (attribute && value !== null && value !== attribute.value) {
      this.edits.push({ from: attribute.from, to: attribute.to, text: `${name}=${quoted(value)}` });
    }
  }

  addressOf(value) {
    const path = this.all.path(value.trim(), this.path);
    return path === null ? null : this.all.address(path);
  }

  candidates(value) {
    return value.replace(/(^|,)(\s*)([^\s,][^\s]*[^\s,]|[^\s,])/g, (all, comma, space, address) => {
      const found = this.addressOf(address);
      return found === null ? all : `${comma}${space}${found}`;
    });
  }

  drop(tag, name) {
    const attribute = tag.attributes.get(name);
    if (attribute) this.cut(attribute.from, attribute.to);
  }

  cut(from, to) {
    this.edits.push({ from, to, text: "" });
  }
}

const typeOf = ({ name, attributes }) =>
  name === "script" ? (attributes.get("type")?.value ?? "").replace(/^[\t\n\f\r ]+|[\t\n\f\r ]+$/g, "").toLowerCase() : null;

const heldBy = (text, { textFrom, textTo }) => text.slice(textFrom, textTo);

/** What the page may ask for when it runs, at its end: it is painted before this is read. @param {Package} all */
function filesBlock(all) {
  const asked = {};
  for (const path of all.files.keys()) if (!NOT_ASKED_FOR.has(ending(path))) asked[path] = all.address(path);
  return `<script type="application/json" id="citytong-files">${JSON.stringify(asked).replaceAll("<", "\\u003c")}</script>`;
}

/** As the city's for pages that come by the network (`policy.content_security_policy`), without what has an address. */
function policyOf(hashes, { domains, trusted_types: trustedTypes }) {
  const scripts = [...new Set(hashes)].map((hash) => `'${hash}'`);
  return [
    "default-src 'none'",
    ["script-src 'wasm-unsafe-eval'", ...scripts].join(" "),
    "style-src 'unsafe-inline' data:",
    ["img-src data: blob:", ...domains.img].join(" "),
    "font-src data:",
    "media-src data: blob:",
    ["connect-src data:", ...domains.connect].join(" "),
    "worker-src blob:",
    "frame-src 'none'",
    "object-src 'none'",
    "form-action 'none'",
    "base-uri 'none'",
    "frame-ancestors 'self'",
    ...(trustedTypes ? ["require-trusted-types-for 'script'", "trusted-types mp#host"] : []),
  ].join("; ");
}

const ending = (path) => path.slice(path.lastIndexOf(".") + 1).toLowerCase();

function dataUrl(path, bytes) {
  return `data:${(MEDIA_TYPES[ending(path)] ?? "").replace(" ", "")};base64,${base64(bytes)}`;
}

const utf8 = (text) => new TextEncoder().encode(text);
const hashOfText = (text) => hashOf(utf8(text));
const hashOf = async (bytes) => `sha256-${base64(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)))}`;

/** @param {Uint8Array} bytes */
function base64(bytes) {
  const parts = [];
  for (let at = 0; at < bytes.length; at += 8192) parts.push(String.fromCharCode(...bytes.subarray(at, at + 8192)));
  return btoa(parts.join(""));
}
