/** Stands in for the shell's screens: opens programs and writes down what the runtime tells the chrome. */

import { keep } from "/session.js";
import { openProgram, plug, prepareProgram, running } from "/mini/runtime.js";

const told = [];
/** What a person answers, by the chrome's method; a test sets it. */
const answers = {};
const waiting = {};

const ASKS = ["modal", "actionSheet", "permissionSheet", "subscribeSheet", "confirmSheet", "settings", "scan", "choosePhotos", "share", "notResponding"];

function chromeFor(appId) {
  return new Proxy(
    {},
    {
      get: (_, name) => (...said) => {
        const signal = said.find((one) => one instanceof AbortSignal);
        told.push({ appId, name, said: said.filter((one) => !(one instanceof AbortSignal)) });
        if (!ASKS.includes(name)) return undefined;
        if (name in answers) return Promise.resolve(answers[name]);
        return new Promise((resolve) => {
          waiting[name] = resolve;
          signal?.addEventListener("abort", () => resolve(null));
        });
      },
    },
  );
}

/** A clock that goes when a test says so. */
let now = 0;
let due = [];
const clock = {
  now: () => now,
  after(ms, work) {
    const one = { at: now + ms, work };
    due.push(one);
    return () => (due = due.filter((other) => other !== one));
  },
};

async function pass(ms) {
  const end = now + ms;
  for (;;) {
    due.sort((a, b) => a.at - b.at);
    const next = due[0];
    if (!next || next.at > end) break;
    due.shift();
    now = next.at;
    next.work();
    await new Promise((resolve) => setTimeout(resolve));
  }
  now = end;
}

const mounts = {};
const handles = {};

function mount(appId) {
  mounts[appId]?.remove();
  mounts[appId] = Object.assign(document.createElement("div"), { className: "mount" });
  mounts[appId].style.setProperty("height", "500px");
  document.body.append(mounts[appId]);
}

/** As a finger comes down on it: `open` then begins in what is prepared. */
async function prepare(appId) {
  mount(appId);
  ready.set(appId, new AbortController());
  await prepareProgram({ appId, mount: mounts[appId], signal: ready.get(appId).signal });
}
const ready = new Map();

async function open(appId, more = {}, { real = true } = {}) {
  if (!ready.delete(appId)) mount(appId);
  const opening = { appId, mount: mounts[appId], chrome: chromeFor(appId), ...more };
  handles[appId] = await openProgram(opening, real ? undefined : clock);
  return handles[appId].session;
}

async function signIn(id = "ses_1") {
  const at = (ms) => new Date(Date.now() + ms).toISOString();
  await keep(
    {
      accessToken: "a.b.c",
      accessTokenExpiresAt: at(3_600_000),
      refreshToken: "r",
      session: { id, audience: "CITIZEN", lastSeenAt: at(0), enrolling: false },
    },
    Date.now(),
  );
}

Object.assign(globalThis, { told, answers, waiting, pass, open, prepare, ready, handles, mounts, running, plug, signIn });
document.documentElement.dataset.ready = "yes";
