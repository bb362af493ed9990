/**
 * The first script of a citizen's host while somebody works on a program: signs the citizen in, opens the program, tells
 * the panel what goes over the bridge, and does what the panel asks. The host's own files come after it, unchanged.
 */

const told = [];
let telling = 0;

const send = (path, body) =>
  fetch(path, { method: "POST", headers: { "Content-Type": "application/json", "X-Tong": "1" }, body: JSON.stringify(body) });

/** Texts of a call may be long, and the panel shows lines. */
const SHOWN_MAX = 4_000;

function note(direction, message) {
  if (!message || typeof message !== "object" || "ping" in message || "pong" in message) return;
  const text = JSON.stringify(message);
  told.push({ direction, message: text.length > SHOWN_MAX ? { cut: text.slice(0, SHOWN_MAX) } : message });
  telling ||= setTimeout(() => {
    telling = 0;
    void send("/tong/trace", { entries: told.splice(0) }).catch(() => null);
  }, 50);
}

/** The host's end of every bridge is a MessagePort of this realm. */
function listenToPorts() {
  const { postMessage } = MessagePort.prototype;
  MessagePort.prototype.postMessage = function (message, ...rest) {
    note("to", message);
    return postMessage.call(this, message, ...rest);
  };
  const handler = Object.getOwnPropertyDescriptor(MessagePort.prototype, "onmessage");
  Object.defineProperty(MessagePort.prototype, "onmessage", {
    ...handler,
    set(hear) {
      handler.set.call(this, (event) => {
        note("from", event.data);
        return hear.call(this, event);
      });
    },
  });
}

const { session, prefs, appId } = await (await fetch("/tong/session")).json();
listenToPorts();
const { keep } = await import("/session.js");
const { setPrefs } = await import("/prefs.js");
setPrefs(prefs);
await keep(session, Date.now());
if (appId && !location.hash.startsWith("#/mini/")) location.hash = `#/mini/${appId}`;
await import("/app.js");

/** The page that is seen, and what it was opened with: a program that was saved begins there again. */
function here() {
  for (const player of document.querySelectorAll("iframe")) {
    const frames = [...(player.contentDocument?.querySelectorAll("iframe") ?? [])];
    const seen = frames.find((frame) => !frame.hidden);
    if (!seen?.src) continue;
    const url = new URL(seen.src);
    const page = decodeURIComponent(url.pathname).split("/").slice(2).join("/").replace(/\.html$/, "");
    return { page, query: Object.fromEntries(url.searchParams) };
  }
  return null;
}

async function reload() {
  const { running } = await import("/mini/runtime.js");
  const run = running(appId);
  if (!run) return location.reload();
  const at = here();
  if (at) await send("/tong/here", at);
  return run.reload();
}

/** What the panel asks of the host of this citizen. @type {Record<string, (event: any) => unknown>} */
const ACTS = {
  saved: ({ ok }) => ok && reload(),
  reload,
  prefs: ({ prefs: wanted }) => setPrefs(wanted),
  capabilities: () => reload(),
  hide: () => (location.hash = "#/mini"),
  show: () => (location.hash = `#/mini/${appId}`),
  page: ({ page, query }) => (location.hash = `#/mini/${appId}?${new URLSearchParams({ page, query: query ?? "" })}`),
  blank: async () => {
    for (const { name } of await indexedDB.databases()) indexedDB.deleteDatabase(name ?? "");
    localStorage.clear();
    location.reload();
  },
};

const [me] = location.hostname.split(".");
new EventSource("/tong/events").onmessage = ({ data }) => {
  const event = JSON.parse(data);
  if (event.citizen && event.citizen !== me) return;
  void ACTS[event.type]?.(event);
};
