/** The runtime's parts that need no frame, each with the cases that make it what it is. Run in the harness's page. */

import { Budget } from "/mini/budget.js";
import { Gate } from "/mini/capabilities.js";
import { ENDINGS, bridgeError, refusal } from "/mini/errors.js";
import { RATES } from "/mini/generated/bridge.js";
import { Handshake } from "/mini/handshake.js";
import { pageStates, programStates } from "/mini/lifecycle.js";
import { Manifest } from "/mini/manifest.js";
import { route, routeTo } from "/mini/routes.js";
import { CHANGED, ProgramStorage } from "/mini/storage.js";
import { Told } from "/mini/told.js";
import { httpsUrl, miniUri, pageUrl, programOrigin } from "/mini/urls.js";
import { weigh } from "/mini/weigh.js";
import { CityError } from "/api.js";
import { Stage } from "/ui/mini-stage.js";

function same(found, expected) {
  const [one, other] = [JSON.stringify(found), JSON.stringify(expected)];
  if (one !== other) throw new Error(`${one} is not ${other}`);
}

const codeOf = async (work) => {
  try {
    await work();
    return null;
  } catch (error) {
    return error.code ?? error.name;
  }
};

const HOSTILE = [
  "javascript:alert(1)", "JaVaScRiPt:alert(1)", " javascript:alert(1)", "java\nscript:alert(1)", "\u0000javascript:alert(1)",
  "data:text/html,<script>1</script>", "blob:https://example.org/1", "file:///etc/passwd", "http://example.org/", "ftp://example.org/",
  "//example.org/", "/graphql", "https:example.org", "https:/example.org", "https:\\\\example.org", "https://exa mple.org/",
  "https://user@example.org/", "https://user:pass@example.org/", "https://city.example@evil.example/", "https://evil.example\\@city.example/",
  "https://example.org\t/", "https://\n", "https://", "https:///", "https://?", "https://#", "https://[::1", "https://%00/",
  "intent://scan/#Intent;scheme=zxing;end", "weixin://dl/business", "tel:110", "sms:110", "mailto:a@b", "about:blank", "about:srcdoc",
  "view-source:https://example.org/", "filesystem:https://example.org/", "ws://example.org/", "wss://example.org/", "chrome://settings",
  "vbscript:msgbox", `https://example.org/${"x".repeat(2048)}`, "", null, 7, {}, ["https://example.org/"],
];

/** Time that stands still until it is told. */
function still() {
  const due = [];
  return {
    time: 0,
    due,
    now() {
      return this.time;
    },
    after(ms, work) {
      due.push(work);
      return () => due.splice(due.indexOf(work), due.includes(work) ? 1 : 0);
    },
  };
}

function gate(states, answer) {
  const clock = still();
  const asked = [];
  const known = () => Object.entries(states).map(([name, [state, why]]) => ({ name, state, why, reason: "" }));
  const made = new Gate({
    capabilities: known(),
    ask: async (wanted) => (asked.push(wanted.map(({ name }) => name)), answer(wanted)),
    tell: async ({ granted }) => {
      for (const name of granted) states[name] = ["GRANTED", null];
      return known();
    },
    shown: () => true,
    touched: () => false,
    changed() {},
    clock,
  });
  return { made, asked, clock };
}

const never = new AbortController().signal;

function storage(more = {}) {
  const clock = still();
  const sent = [];
  const changes = [];
  const made = new ProgramStorage({
    kept: { values: { a: 1 }, revision: 3, waiting: null },
    send: async (revision, change) => (sent.push([revision, structuredClone(change)]), revision + 1),
    keep: async () => {},
    changed: (change, writer) => changes.push([change, writer]),
    clock,
    ...more,
  });
  return { made, sent, changes, clock };
}

const city = (code, extensions = {}) => new CityError(code, "", extensions);

export const units = {
  "no hostile address is opened": () => same(HOSTILE.filter((one) => httpsUrl(one) !== null), []),
  "an address that is plain is": () => same(httpsUrl("HTTPS://Example.org:8443/a?b#c").href, "https://example.org:8443/a?b#c"),

  "a program's page is in its own origin": () => {
    const release = { origin: "https://abc.mini.example", root: "r1" };
    same(pageUrl(release, "pages/a/a", { q: "ü&=/" }), "https://abc.mini.example/r1/pages/a/a.html?q=%C3%BC%26%3D%2F");
    same(pageUrl(release, "//evil.example/a", {}).startsWith("https://abc.mini.example/r1/"), true);
  },
  "no program runs in the city's own origin": async () => {
    for (const origin of [location.origin, "http://example.org", "https://a.example/path", "javascript:1"]) {
      same(await codeOf(() => programOrigin(origin)), "TypeError");
    }
    same(programOrigin("http://abc.mini.localhost:81"), "http://abc.mini.localhost:81");
  },
  "a mini-program's address is read": () => {
    same(miniUri("https://m.city.example/miniapp/org.Example.lib;version=1.0/pages/i?k=v#b"), { appId: "org.example.lib", page: "pages/i", query: { k: "v" } });
    same(miniUri("city://miniapp/org.a.b"), { appId: "org.a.b", query: {} });
    same([miniUri("javascript:miniapp/org.a.b"), miniUri("https://x/other/org.a.b"), miniUri("miniapp/org.a.b")], [null, null, null]);
  },

  "routes are paths and queries": () => {
    same(route("/pages/a/a.html?x=1&y=%20"), { page: "pages/a/a", query: { x: "1", y: " " }, text: "pages/a/a?x=1&y=%20" });
    same(routeTo("pages/a/a", { b: "c?d" }).query, { b: "c?d" });
  },
  "a manifest's oddities count as not said": () => {
    const read = new Manifest({ pages: ["./pages/a/a.html"], window: { navigation_bar_background_color: "url(x)", navigation_bar_title_text: 7 } });
    same([read.pages, read.spa, read.window.background, read.window.title, read.tabs], [["pages/a/a"], true, "#000000", "", []]);
  },

  "what is no JSON has no weight": () => {
    const cycle = {};
    cycle.self = cycle;
    const deep = JSON.parse("[".repeat(100) + "]".repeat(100));
    const holes = [1, , 2];
    const laden = Object.assign([1], { more: "x".repeat(300_000) });
    for (const odd of [undefined, new Map(), new Date(), cycle, deep, holes, laden, "\ud83d", { a: ["x\ude00"] }, { "k\ud83d": 1 }, NaN, 1n, { a: undefined }, { a: new Uint8Array(1) }, JSON.parse('{"__proto__": 1}')]) {
      same(weigh(odd), -1);
    }
  },
  "weight is of bytes": () => {
    const text = "市民".repeat(100);
    same(Math.abs(weigh({ text }) - new TextEncoder().encode(JSON.stringify({ text })).length) < 8, true);
    same(weigh("x".repeat(300_000)) > 262_144, true);
    same(weigh("市".repeat(90_000)) > 262_144, true);
    same(weigh("👩".repeat(65_000)) < 262_144, true);
    same(weigh(Array.from({ length: 200_000 }, () => 1)) > 262_144, true);
    same(weigh(Array.from({ length: 300_000 })) > 262_144, true);
    same(weigh(Object.fromEntries(Array.from({ length: 30_000 }, (_, at) => [`key ${at}`, null]))) > 262_144, true);
    same([weigh({ a: [true, null, 1, "é"] }), weigh({ a: [true, null, 1, "é"] })], [35, 35]);
  },

  "tokens are taken and come back": () => {
    const clock = still();
    const budget = new Budget(() => clock.time);
    const { burst, perSecond } = RATES.ui;
    for (let i = 0; i < burst; i += 1) same(budget.take("ui"), 0);
    same(budget.take("ui"), Math.ceil(1000 / perSecond));
    same(budget.take("data"), 0);
    clock.time += Math.ceil(1000 / perSecond);
    same([budget.take("ui"), budget.take("ui") > 0], [0, true]);
  },

  "one hello is answered for each document": () => {
    const frame = new Handshake();
    same([frame.hello("a"), frame.hello("a"), frame.load(), frame.hello("a"), frame.hello("b")], [true, false, false, false, false]);
    same([frame.load(), frame.hello("b"), frame.hello("c")], [true, true, false]);
  },
  "a document that leads on before its load gives way": () => {
    const frame = new Handshake();
    same([frame.hello("a"), frame.hello("b"), frame.hello("b"), frame.load(), frame.hello("c")], [true, true, false, false, false]);
  },
  "a document that said nothing is not waited for": () => {
    const frame = new Handshake();
    same([frame.load(), frame.load(), frame.hello("a"), frame.load()], [false, false, true, true]);
  },

  "what is no step of a life is dropped": () => {
    const dropped = [];
    const life = programStates((from, to) => dropped.push([from, to]));
    same([life.to("hidden"), life.to("shown"), life.to("error"), life.state, life.to("hidden"), life.to("unloaded"), life.to("shown")], [false, true, true, "shown", true, true, false]);
    same(dropped, [["launched", "hidden"], ["unloaded", "shown"]]);
    const page = pageStates(() => {});
    same([page.to("shown"), page.to("ready"), page.to("shown"), page.to("ready")], [false, true, true, false]);
  },

  "every state of a capability has its answer": async () => {
    const states = {
      "city.user.openid": ["GRANTED", ""], "city.user.phone": ["DENIED", "consent"], "city.pay": ["UNAVAILABLE", "review"],
      "city.user.address": ["UNAVAILABLE", "policy"], "city.user.realname": ["UNAVAILABLE", "manifest"],
    };
    const { made } = gate(states, () => null);
    const codes = {};
    for (const name of [...Object.keys(states), "city.other"]) codes[name] = await codeOf(() => made.need([name], never));
    same(codes, {
      "city.user.openid": null, "city.user.phone": "E_PERMISSION_DENIED", "city.pay": "E_NOT_GRANTED", "city.user.address": "E_POLICY",
      "city.user.realname": "E_NOT_DECLARED", "city.other": "E_NOT_DECLARED",
    });
    same(await codeOf(() => made.needTouch()), "E_NEEDS_GESTURE");
  },
  "a yes holds only for what was asked": async () => {
    const states = { a: ["PROMPT", "consent"], b: ["PROMPT", "consent"] };
    const { made, asked } = gate(states, () => ({ granted: ["a", "b", "c"], denied: [], text: "" }));
    same(await made.authorize(["a"], never), { granted: ["a"], denied: [] });
    same([made.state("b"), asked], ["PROMPT", [["a"]]]);
  },
  "sheets are few": async () => {
    const names = Array.from({ length: 9 }, (_, i) => `p${i}`);
    const { made, asked, clock } = gate(Object.fromEntries(names.map((name) => [name, ["PROMPT", ""]])), () => null);
    const codes = [];
    for (const name of names) {
      codes.push(await codeOf(() => made.need([name], never)));
      if (codes.length % 4 === 0) clock.time += 61_000;
    }
    same([codes[2], codes[3], codes[8], asked.length], ["E_USER_CANCEL", "E_RATE_LIMITED", "E_PERMISSION_DENIED", 6]);
  },

  "writes of a moment go to the city together": async () => {
    const { made, sent, changes } = storage();
    same(made.write({ put: { b: 2 } }, "page"), { revision: 3 });
    made.write({ removed: ["a"] }, "page");
    made.write({ put: { c: 3 } }, "page");
    await made.flush();
    same(sent, [[3, { clear: false, removed: ["a"], put: { b: 2, c: 3 } }]]);
    same([made.all(), made.revision, changes.length, changes[0][1]], [{ b: 2, c: 3 }, 4, 3, "page"]);
    await made.flush();
    same(sent.length, 1);
  },
  "keys of a stranger mean nothing here": () => {
    const { made } = storage();
    made.write({ put: JSON.parse('{"constructor": 1, "toString": 2}') }, null);
    same([made.all(), {}.polluted], [{ a: 1, constructor: 1, toString: 2 }, undefined]);
  },
  "what is too much is not written": async () => {
    const { made } = storage();
    same(await codeOf(() => made.write({ put: { k: "x".repeat(300_000) } })), "E_TOO_LARGE");
    const full = Object.fromEntries(Array.from({ length: 60 }, (_, i) => [`k${i}`, "x".repeat(180_000)]));
    same(await codeOf(() => made.write({ put: full })), "E_QUOTA");
    same(made.all(), { a: 1 });
  },
  "two devices' writes are both kept": async () => {
    const calls = [];
    const { made } = storage({
      send: async (revision, change) => {
        calls.push([revision, change.put]);
        if (revision !== 9) throw city(CHANGED, { revision: 9 });
        return 10;
      },
    });
    made.write({ put: { mine: true } }, "page");
    await made.flush();
    await made.flush();
    same(calls, [[3, { mine: true }], [9, { mine: true }]]);
    same(made.revision, 10);
  },
  "without a line what was written waits": async () => {
    let line = false;
    const sent = [];
    const { made } = storage({
      send: async (revision, change) => {
        if (!line) throw city("CLIENT_OFFLINE");
        sent.push(change);
        return revision + 1;
      },
    });
    made.write({ put: { b: 1 } });
    await made.flush();
    made.write({ put: { b: 2, c: 3 }, removed: ["a"] });
    line = true;
    await made.flush();
    same(sent, [{ clear: false, removed: ["a"], put: { b: 2, c: 3 } }]);
  },

  "what a run tells goes in batches, and not more than its share": async () => {
    const clock = still();
    const { due } = clock;
    const sent = [];
    let line = true;
    const told = new Told({ clock, send: async (entries) => void (line ? sent.push(entries) : await Promise.reject(city("CLIENT_OFFLINE"))) });
    const at = Date.now();
    told.wrote("warn", `${"x".repeat(999)}😀`, at);
    told.wrote("info", "", at);
    told.counted("renewed");
    told.failed("E_USER_CANCEL");
    told.failed("E_NETWORK");
    same([sent.length, due.length], [0, 1]);
    due.shift()();
    same(sent[0].map(({ level, text, code, event }) => [level, text?.length, code, event]), [
      ["WARN", 999, undefined, undefined], ["INFO", undefined, undefined, "renewed"], ["ERROR", undefined, "E_NETWORK", undefined],
    ]);
    same(sent[0][0].at, new Date(at).toISOString());
    for (let i = 0; i < 120; i += 1) told.wrote("info", `line ${i}`, 8.7e15);
    same(due.length, 1);
    await told.flush();
    same([sent[1].length, sent[1][0].text, sent[1][49].text, new Date(sent[1][0].at) <= new Date()], [50, "line 70", "line 119", true]);
    line = false;
    told.wrote("error", "lost", at);
    await told.flush();
    line = true;
    await told.flush();
    same(sent.length, 2);
  },

  "who tries a version sees that they do": () => {
    const stage = new Stage("org.example.library", /** @type {any} */ ({}));
    const marks = () => [...stage.el.querySelectorAll("[data-testid=mini-trial]")].map((mark) => mark.textContent);
    const facts = { appId: "org.example.library", name: "Library", shortName: "Library", iconUrl: null, versionName: "1.0.3" };
    const known = { ...facts, organisation: { id: "mpo_1", name: "Libraries", verified: true } };
    stage.know({ ...known, trial: false });
    same(marks(), []);
    stage.know({ ...known, trial: true });
    same(marks().length === 1 && ["Trial", "体验版"].includes(marks()[0]), true);
  },

  "the city's refusals have names of the contract": () => {
    const codes = [
      bridgeError(city("MINIAPPS_SESSION_OVER", { because: "PROGRAM_REVOKED" })), bridgeError(city("MINIAPPS_SESSION_OVER", { because: "CLOSED" })),
      bridgeError(city("MINIAPPS_NOT_PERMITTED", { why: "review" })), bridgeError(city("MINIAPPS_TOO_OFTEN", { kind: "LIMITED", retry_after_s: 3 })),
      bridgeError(city("CLIENT_OFFLINE")), bridgeError(city("ANYTHING", { kind: "UNAVAILABLE" })), bridgeError(new TypeError("secret")),
      bridgeError(new DOMException("", "AbortError")), refusal("nonsense"),
    ].map(({ code }) => code);
    same(codes, [
      "E_APP_REVOKED", "E_DISCONNECTED", "E_NOT_GRANTED", "E_RATE_LIMITED", "E_NETWORK", "E_NETWORK", "E_INTERNAL", "E_ABORTED", "E_POLICY",
    ]);
    same(bridgeError(city("MINIAPPS_TOO_OFTEN", { kind: "LIMITED", retry_after_s: 3 })).more.retryAfterMs, 3000);
    same(ENDINGS.VERSION_REVOKED, "E_VERSION_REVOKED");
  },
};

/** What fails, by name. */
export async function failures() {
  const found = {};
  for (const [name, check] of Object.entries(units)) {
    try {
      await check();
    } catch (error) {
      found[name] = String(error.message);
    }
  }
  return [Object.keys(units).length, found];
}
