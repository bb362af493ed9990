/**
 * The shell of the bridge's benchmark: opens programs by the real runtime. What differs from the shell, of this page
 * alone: `graphql` answers here, with what it was sent; and the clock that budgets read runs so fast that no bucket is ever
 * empty (the runtime takes a clock; tests give one, too).
 */

import { CLOCK } from "/mini/clock.js";
import { identity } from "/mini/methods/identity.js";
import { keep } from "/session.js";

const answer = (variables) => ({ data: variables, withheld: [] });
identity.graphql = ({ params }) => answer(params.variables);
const { openProgram } = await import("/mini/runtime.js");

const FAST = { ...CLOCK, now: () => performance.now() * 1e6 };
const chrome = new Proxy({}, { get: () => () => undefined });
const at = (ms) => new Date(Date.now() + ms).toISOString();
const session = { id: "ses_1", audience: "CITIZEN", lastSeenAt: at(0), enrolling: false };
await keep({ accessToken: "a.b.c", accessTokenExpiresAt: at(3_600_000), refreshToken: "r", session }, Date.now());

const programs = {};

Object.assign(globalThis, {
  async open(appId) {
    const mount = document.createElement("div");
    document.body.append(mount);
    programs[appId] = { mount, running: await openProgram({ appId, mount, chrome }, FAST) };
  },

  show: (appId) => programs[appId].running.show(),

  /** A port to the same document, and nothing on it but the answer. */
  bare(appId) {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = ({ data: { id, p } }) => port1.postMessage({ id, ok: answer(p.variables) });
    const player = programs[appId].mount.querySelector("iframe").contentDocument;
    player.querySelector("iframe").contentWindow.postMessage("bare", "*", [port2]);
  },
});
document.documentElement.dataset.ready = "yes";
