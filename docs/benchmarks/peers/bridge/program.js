/** The program of the bridge's benchmark: asks one way or the other, and counts. */
import { asker } from "./asker.js";
import { ask } from "./way.js";

const bare = new Promise((resolve) => {
  addEventListener("message", ({ data, ports }) => data === "bare" && resolve(asker(ports[0])));
});

const reading = (number) => ({ station: `st_${1000 + number}`, at: 1_795_000_000_000 + number, pm25: 31.5, name: "东四", ok: true });

/** What is asked: as many readings as fit in so many bytes of JSON, one at least. */
function question(bytes) {
  const readings = [reading(0)];
  const size = () => new TextEncoder().encode(JSON.stringify({ readings })).length;
  while (size() + 80 < bytes) readings.push(reading(readings.length));
  return { readings };
}

const QUESTIONS = new Map([100, 10_000].map((bytes) => [bytes, question(bytes)]));

/** Goes on for `ms` with so many calls under way, or until there were `most` of them. */
async function measure({ way, bytes, inFlight, ms = Infinity, most = Infinity }) {
  const one = way === "bare" ? await bare : ask;
  const asked = QUESTIONS.get(bytes);
  const each = [];
  const began = performance.now();
  let left = most;
  const caller = async () => {
    for (let at = performance.now(); at - began < ms && left > 0; ) {
      left -= 1;
      const { data } = await one(asked);
      if (data.readings.length !== asked.readings.length) throw new Error("not what was asked");
      const now = performance.now();
      if (each.length < 100_000) each.push(now - at);
      at = now;
    }
  };
  await Promise.all(Array.from({ length: inFlight }, caller));
  const took = performance.now() - began;
  each.sort((a, b) => a - b);
  const at = (share) => each[Math.min(each.length - 1, Math.floor(each.length * share))];
  return { calls: each.length, ms: took, p50: at(0.5), p99: at(0.99) };
}

Object.assign(globalThis, { measure, size: (bytes) => JSON.stringify(QUESTIONS.get(bytes)).length, ready: true });
