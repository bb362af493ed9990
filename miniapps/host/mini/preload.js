/**
 * The host's own first words in every page of a program: a classic script, served under the program's origin, put before
 * all others when a page is served. It runs in the program's world and can be no guard of the city's; it takes away what
 * no policy of the browser takes, and makes a page right before its first line runs.
 *
 * - It takes the one Trusted Types policy that the page may have (`mp#host`), so that no program can.
 * - It takes away WebRTC, which no Content Security Policy reaches, also from windows that the page makes; and what makes
 *   documents of text without asking Trusted Types (a document of an XMLHttpRequest, XSLT), where `srcdoc` could hide.
 * - It gives what an opaque frame lacks and ported programs expect: localStorage (kept by the host), sessionStorage, an
 *   empty cookie.
 * - It says hello, answers signs of life, shows the host's look, tells of errors and of the first paint, and hands the
 *   line over once (`Symbol.for("citytong.mp")`).
 *
 * Rules: strict, no dependency, nothing global but that symbol; what a page may have changed is taken hold of first.
 */
(() => {
  "use strict";

  const HELLO_EVERY_MS = 100;
  const PREFIX = "localStorage/";
  const WRITE_AFTER_MS = 120;
  const REPORT_MAX = 500;
  const player = globalThis.parent;
  const host = player.parent; // in a city the topmost; a developer's panel may stand above it
  if (player === globalThis) return; // opened by itself: there is no host

  const post = MessagePort.prototype.postMessage;
  const define = Object.defineProperty;

  takePolicy();
  takeAway(globalThis);
  takeDocuments();
  watchWindows();
  const boot = readBoot();
  if (boot) showLook(boot.look);
  const line = makeLine(boot ? boot.welcome : null);
  giveStorage(line);
  handOver(line);
  tellOfErrors(line);
  tellOfPaint(line);

  function takePolicy() {
    try {
      globalThis.trustedTypes?.createPolicy("mp#host", {});
    } catch {
      // The page has no such rule, or two preloads: either way nobody else gets it.
    }
  }

  /** @param {any} realm */
  function takeAway(realm) {
    const gone = /^(webkit|moz)?RTC|^WebTransport|^webkitMediaStream$|^WebSocketStream$|^XSLTProcessor$/;
    for (const name of Object.getOwnPropertyNames(realm).filter((one) => gone.test(one))) {
      delete realm[name];
      if (name in realm) define(realm, name, { value: undefined });
    }
  }

  /** A request answers with text, bytes or JSON. */
  function takeDocuments() {
    const asked = XMLHttpRequest.prototype;
    const { get, set } = Object.getOwnPropertyDescriptor(asked, "responseType");
    define(asked, "responseXML", { configurable: false, get: () => null });
    define(asked, "responseType", {
      configurable: false,
      get,
      set(wanted) {
        const kind = `${wanted}`;
        if (kind !== "document") set.call(this, kind);
      },
    });
  }

  /** A window of the same origin that the page makes is emptied when it is first looked at. */
  function watchWindows() {
    for (const kind of [HTMLIFrameElement, HTMLFrameElement, HTMLObjectElement]) {
      for (const name of ["contentWindow", "contentDocument"]) {
        const { get } = Object.getOwnPropertyDescriptor(kind.prototype, name);
        define(kind.prototype, name, {
          configurable: false,
          get() {
            const got = get.call(this);
            const view = name === "contentWindow" ? got : got?.defaultView;
            try {
              if (view) takeAway(view);
            } catch {
              // Of another origin: not for the page either.
            }
            return got;
          },
        });
      }
    }
  }

  /** What the host wrote into the frame's name. The next document of this frame does not find it. */
  function readBoot() {
    const written = globalThis.name;
    if (!written.startsWith('{"mp":"boot"')) return null;
    globalThis.name = "";
    try {
      return JSON.parse(written);
    } catch {
      return null;
    }
  }

  /**
   * The line: messages wait in it until there is a port, and for the SDK until it listens.
   * @param {object | null} known  the welcome, where the host could say it before the page began
   */
  function makeLine(known) {
    let port = null;
    let mine = 0;
    let taker = null;
    const out = [];
    const heard = [];
    let welcomed;
    const welcome = new Promise((resolve) => (welcomed = resolve));

    const say = (message) => (port ? post.call(port, message) : out.push(message));
    const pass = (event) => (taker ? taker(event) : heard.push(event));
    const name = `preload ${crypto.getRandomValues(new Uint32Array(2)).join("")}`; // of this document
    const hello = () => player.postMessage({ mp: "hello", protocols: [1], sdk: name }, "*");
    const again = setInterval(hello, HELLO_EVERY_MS);

    function hear(event) {
      const said = event.data;
      if (said === null || typeof said !== "object") return;
      if ("ping" in said) say({ pong: said.ping });
      else if ("look" in said) showLook(said.look);
      else if (!(said.id < 0)) {
        if (said.ev === "storagechange") line.onstorage?.(said.d);
        if (said.ev === "apphide" || said.ev === "appunload") line.onend?.();
        pass(event);
      }
    }

    const line = {
      known,
      welcome,
      onstorage: null,
      onend: null,
      say,
      /** A call of the preload's own; its answer is nobody's. */
      call: (method, params) => say({ id: --mine, m: method, p: params }),
      /** What the SDK gets in place of a port. */
      end: {
        postMessage: say,
        start() {},
        close: () => port?.close(),
        onclose: null,
        get onmessage() {
          return taker;
        },
        set onmessage(listener) {
          taker = typeof listener === "function" ? listener : null;
          while (taker && heard.length > 0) taker(heard.shift());
        },
      },
    };

    globalThis.addEventListener("message", function welcoming(event) {
      if (event.source !== host && event.source !== player) return;
      if (event.data?.mp !== "welcome" || !event.ports[0] || port) return;
      event.stopImmediatePropagation();
      globalThis.removeEventListener("message", welcoming);
      clearInterval(again);
      port = event.ports[0];
      port.onmessage = hear;
      for (const message of out.splice(0)) say(message);
      const { look, ...rest } = event.data;
      showLook(look);
      welcomed(rest);
    });
    hello();
    return line;
  }

  function handOver(line) {
    let taken = false;
    const take = () => {
      if (taken) return null;
      taken = true;
      const both = (welcome) => ({ port: line.end, welcome });
      return line.known ? both(line.known) : line.welcome.then(both);
    };
    define(globalThis, Symbol.for("citytong.mp"), { value: Object.freeze({ take }) });
  }

  /** @param {{ theme: string, mode: string, fontScale: number, tokens: Record<string, string> } | undefined} look */
  function showLook(look) {
    if (!look) return;
    const root = document.documentElement;
    root.dataset.theme = look.theme;
    root.dataset.mode = look.mode;
    const tokens = Object.entries(look.tokens).map(([name, value]) => `${name}: ${value};`);
    const scale = look.fontScale === 1 ? "" : `font-size: ${look.fontScale * 100}%;`;
    sheet().replaceSync(`@layer citytong { :root { color-scheme: ${look.theme}; ${scale} ${tokens.join(" ")} } }`);
  }

  /** In a layer, so that a program's own rules come before the host's. */
  function sheet() {
    showLook.sheet ??= new CSSStyleSheet();
    if (!document.adoptedStyleSheets.includes(showLook.sheet)) {
      document.adoptedStyleSheets = [showLook.sheet, ...document.adoptedStyleSheets];
    }
    return showLook.sheet;
  }

  function giveStorage(line) {
    const values = new Map();
    const fill = (all) => {
      for (const [key, value] of Object.entries(all)) {
        if (key.startsWith(PREFIX)) values.set(key.slice(PREFIX.length), String(value));
      }
    };
    if (line.known) fill(line.known.storage);
    else line.welcome.then((welcome) => fill(welcome.storage));
    line.onstorage = ({ put, removed, clear }) => {
      if (clear) values.clear();
      for (const key of removed) if (key.startsWith(PREFIX)) values.delete(key.slice(PREFIX.length));
      fill(put);
    };
    lend("localStorage", storage(values, writer(line)));
    lend("sessionStorage", storage(new Map(), () => {}));
    define(Document.prototype, "cookie", { configurable: true, get: () => "", set() {} });
  }

  /** What was written within a moment goes together: programs that were not written for a bridge write in loops. */
  function writer(line) {
    let changes = new Map();
    let due = null;
    const send = () => {
      clearTimeout(due);
      due = null;
      const put = {};
      const removed = [];
      for (const [key, value] of changes) if (value === null) removed.push(key);
        else put[key] = value;
      changes = new Map();
      if (Object.keys(put).length + removed.length > 0) line.call("storageWrite", { put, removed });
    };
    line.onend = send;
    return (key, value) => {
      changes.set(PREFIX + key, value);
      due ??= setTimeout(send, WRITE_AFTER_MS);
    };
  }

  function lend(name, value) {
    define(globalThis, name, { configurable: true, enumerable: true, get: () => value });
  }

  /** The Storage interface, with its named properties, over a map. `written`: null for what was removed. */
  function storage(values, written) {
    const methods = {
      getItem: (key) => values.get(String(key)) ?? null,
      setItem(key, value) {
        values.set(String(key), String(value));
        written(String(key), String(value));
      },
      removeItem: (key) => void (values.delete(String(key)) && written(String(key), null)),
      clear() {
        for (const key of [...values.keys()]) methods.removeItem(key);
      },
      key: (index) => [...values.keys()][index] ?? null,
    };
    return new Proxy(Object.create(null), {
      get(_, key) {
        if (key === "length") return values.size;
        if (Object.hasOwn(methods, key)) return methods[key];
        return typeof key === "string" ? values.get(key) : undefined;
      },
      set: (_, key, value) => (methods.setItem(key, value), true),
      has: (_, key) => key === "length" || Object.hasOwn(methods, key) || values.has(key),
      deleteProperty: (_, key) => (methods.removeItem(key), true),
      ownKeys: () => [...values.keys()],
      getOwnPropertyDescriptor: (_, key) =>
        values.has(key) ? { value: values.get(key), writable: true, enumerable: true, configurable: true } : undefined,
    });
  }

  function tellOfErrors(line) {
    const tell = (message) => line.say({ h: "fault", d: { message: String(message).slice(0, REPORT_MAX) } });
    globalThis.addEventListener("error", (event) => event.message && tell(`${event.message} (${event.lineno}:${event.colno})`));
    globalThis.addEventListener("unhandledrejection", (event) => {
      const { reason } = event;
      tell(reason instanceof Error ? `${reason.name}: ${reason.message}` : reason);
    });
  }

  function tellOfPaint(line) {
    const paints = new PerformanceObserver((list) => {
      const [first] = list.getEntriesByName("first-contentful-paint");
      if (!first) return;
      paints.disconnect();
      line.say({ h: "painted", d: { ms: Math.round(first.startTime) } });
    });
    paints.observe({ type: "paint", buffered: true });
  }
})();
