/**
 * In composed pages alone, right after `preload.js` and before all of the program's: the package's files have no address
 * there, so that what a program asks for by one is answered from the block that the page ends with. Programs need not
 * know: `fetch`, `XMLHttpRequest`, `src` and `poster` of media, `import.meta.url` and `import(name)` work as by the network.
 *
 * Runs in the program's world and guards nothing.
 */
(() => {
  "use strict";

  // As the city serves it: `…/kept/<hash>/` is the package's folder, and the page lies in it.
  const [folder] = /^.*?\/kept\/[0-9a-f]+\//.exec(document.baseURI) ?? [""];
  const define = Object.defineProperty;
  /** `data:` addresses by path, once the page was read to its end. @type {Record<string, string> | null} */
  let files = null;

  const read = new Promise((resolve) => {
    const done = () => resolve(addresses());
    if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", done, { once: true });
    else done();
  });

  function addresses() {
    files ??= JSON.parse(document.getElementById("citytong-files")?.textContent ?? "{}");
    return files;
  }

  /** @returns {string | null} null: not of the package */
  function pathOf(address, from = document.baseURI) {
    try {
      const { href, origin, pathname } = new URL(String(address), from);
      if (!href.startsWith(folder)) return null;
      return decodeURIComponent((origin + pathname).slice(folder.length));
    } catch {
      return null;
    }
  }

  /** What a module is told of itself, by path. */
  const metas = new Map();
  const encoded = (path) => path.split("/").map(encodeURIComponent).join("/").replaceAll("'", "%27");
  const at = (path) => folder + encoded(path);

  function meta(path) {
    if (!metas.has(path)) {
      const resolve = (name) => new URL(name, at(path)).href;
      metas.set(path, Object.assign(Object.create(null), { url: at(path), resolve }));
    }
    return metas.get(path);
  }

  /** The name in the import map of what a module names at run time. */
  function named(from, name) {
    const written = String(name);
    if (!/^(\.{0,2}\/|https?:)/.test(written)) return written;
    const path = pathOf(written, at(from));
    return path === null ? written : `mp:/${encoded(path)}`;
  }

  define(globalThis, Symbol.for("citytong.mp.files"), { value: Object.freeze({ meta, named }) });

  const realFetch = globalThis.fetch;
  define(globalThis, "fetch", {
    configurable: true,
    writable: true,
    value: async function fetch(asked, how) {
      const path = pathOf(asked instanceof Request ? asked.url : asked);
      if (path === null) return realFetch(asked, how);
      const address = (await read)[path];
      if (address === undefined) return new Response(null, { status: 404 });
      return realFetch(address, { signal: how?.signal ?? (asked instanceof Request ? asked.signal : undefined) });
    },
  });

  const { open } = XMLHttpRequest.prototype;
  XMLHttpRequest.prototype.open = function (method, address, ...more) {
    return open.call(this, method, kept(address) ?? address, ...more);
  };

  /** Before the page was read to its end nothing is known: what is asked for by then is asked for again. */
  const kept = (address) => {
    const path = pathOf(address);
    return path === null || document.readyState === "loading" ? null : (addresses()[path] ?? null);
  };

  for (const [kind, name] of [
    [HTMLImageElement, "src"],
    [HTMLMediaElement, "src"],
    [HTMLSourceElement, "src"],
    [HTMLTrackElement, "src"],
    [HTMLVideoElement, "poster"],
    [HTMLLinkElement, "href"],
  ]) {
    const { get, set } = Object.getOwnPropertyDescriptor(kind.prototype, name);
    const say = (element, address) => {
      if (document.readyState !== "loading" || pathOf(address) === null) return set.call(element, kept(address) ?? address);
      return void read.then(() => set.call(element, kept(address) ?? address));
    };
    define(kind.prototype, name, {
      configurable: true,
      enumerable: true,
      get,
      set(address) {
        say(this, address);
      },
    });
    const { setAttribute } = kind.prototype;
    define(kind.prototype, "setAttribute", {
      configurable: true,
      writable: true,
      value(attribute, value) {
        return String(attribute).toLowerCase() === name ? say(this, value) : setAttribute.call(this, attribute, value);
      },
    });
  }

  /** `#name` is of this page, which has no such address here; any other of the package's would lose the page. */
  globalThis.addEventListener("click", (event) => {
    const link = /** @type {any} */ (event.composedPath().find((one) => one instanceof HTMLAnchorElement));
    const path = link?.hasAttribute("href") && !event.defaultPrevented ? pathOf(link.href) : null;
    if (path === null) return;
    event.preventDefault();
    if (path === pathOf(document.baseURI) && link.hash) location.hash = link.hash;
  });

  const RealAudio = globalThis.Audio;
  globalThis.Audio = function Audio(address) {
    const audio = new RealAudio();
    if (address !== undefined) audio.src = address;
    return audio;
  };
  globalThis.Audio.prototype = RealAudio.prototype;
})();
