/**
 * The modules of a composed page: each is a `data:` address in one import map, with its integrity, and names the others
 * as `mp:/<path>`. A module that has no address of its own could not name its neighbours in any other way.
 *
 * Only modules that a page can come to are in its map: those that its scripts name, and those that these name. Where one
 * is named by an expression (`import(name)`), all are.
 */

import { parse } from "../vendor/es-module-lexer/lexer.js";
import { edited } from "./html.js";

const META = -2;
const STATIC = -1;
/** What the page's own-files.js gives, by which a module asks where it is and names others at run time. */
const HELPER = 'globalThis[Symbol.for("citytong.mp.files")]';

export class Modules {
  /** @param {import("./compose.js").Package} all */
  constructor(all) {
    this.all = all;
    /** What may be named without an address: the page's own import map. @type {Record<string, string>} */
    this.named = {};
    /** By path. @type {Map<string, string>} */
    this.texts = new Map();
  }

  /** The page's own import map, which the composed one takes in. @param {string} text @param {string} page */
  understand(text, page) {
    for (const [name, address] of Object.entries(JSON.parse(text).imports ?? {})) {
      const path = this.all.path(String(address), page);
      if (path !== null) this.named[name] = path;
    }
  }

  /** A module of the package, and all that it names. @param {string} path */
  add(path) {
    if (this.texts.has(path)) return;
    this.texts.set(path, ""); // modules name each other in circles
    const isScript = /\.m?js$/i.test(path);
    this.texts.set(path, isScript ? this.rewritten(this.all.text(path), path) : this.all.text(path));
  }

  /** A script of the page or of the package, as it may stand in a composed page. @param {string} text @param {string} from */
  rewritten(text, from) {
    const edits = [];
    for (const { n: name, s: start, e: end, d: kind } of parse(text, from)[0]) {
      const path = name === undefined ? null : this.pathOf(name, from);
      if (path !== null) this.add(path);
      if (kind === META) edits.push({ from: start, to: end, text: `${HELPER}.meta(${literal(from)})` });
      else if (kind === STATIC && path !== null) edits.push({ from: start, to: end, text: nameOf(path) });
      else if (kind > STATIC) {
        if (name === undefined) this.addAll();
        edits.push({ from: start, to: start, text: `${HELPER}.named(${literal(from)}, ` });
        edits.push({ from: end, to: end, text: ")" });
      }
    }
    return edited(text, edits);
  }

  addAll() {
    for (const path of this.all.files.keys()) if (/\.m?js$/i.test(path)) this.add(path);
  }

  /** @param {string} name @param {string} from @returns {string | null} null: no file of the package */
  pathOf(name, from) {
    if (/^\.{0,2}\//.test(name)) return this.all.path(name, from);
    if (Object.hasOwn(this.named, name)) return this.named[name];
    const folders = Object.keys(this.named).filter((one) => one.endsWith("/") && name.startsWith(one));
    const [longest] = folders.sort((one, other) => other.length - one.length);
    return longest === undefined ? null : this.all.path(`/${name.slice(longest.length)}`, this.named[longest]);
  }

  /** @returns {Promise<{ map: string, hashes: string[] }>} the import map's text, and what a policy has to allow for it */
  async written() {
    const imports = {};
    const integrity = {};
    const hashes = [];
    for (const [path, text] of this.texts) {
      const { address, hash } = await this.all.script(text, path);
      imports[nameOf(path)] = address;
      integrity[address] = hash;
      hashes.push(hash);
    }
    return { map: JSON.stringify({ imports, integrity }), hashes };
  }
}

/** Under what a module is named in a composed page. @param {string} path */
export const nameOf = (path) => `mp:/${encoded(path)}`;

/** @param {string} path */
export const encoded = (path) => path.split("/").map(encodeURIComponent).join("/").replaceAll("'", "%27");

/** For a script, also one that stands in a page. @param {string} text */
const literal = (text) => JSON.stringify(text).replaceAll("<", "\\u003c");
