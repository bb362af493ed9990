// Both validators in JavaScript on the published vectors. Prints what each finds: [implementation, case, fault or null].
import { readFileSync } from "node:fs";

const at = (path) => new URL(`../../../${path}`, import.meta.url);
const { valid, invalid } = JSON.parse(readFileSync(at("sdk/contract/vectors/bridge.json"), "utf8"));
const host = await import(at("miniapps/host/mini/generated/bridge.js"));
const kit = await import(at("sdk/js/src/generated/validate.js"));
const { METHODS } = await import(at("sdk/js/src/generated/methods.js"));

function put(root, pointer, value) {
  const names = pointer.slice(1).split("/");
  const last = names.pop();
  names.reduce((inner, name) => inner[name], root)[last] = value;
}

function grown({ value, grow = [] }) {
  for (const { at: pointer, text, times, lists } of grow) {
    put(value, pointer, lists ? JSON.parse("[".repeat(lists) + "]".repeat(lists)) : text.repeat(times));
  }
  return value;
}

const CHECKS = { params: host.checkParams, result: host.checkResult, event: host.checkEvent, wire: host.checkWire };

const found = [];
for (const one of [...valid, ...invalid]) {
  const value = grown(one);
  found.push(["host", one.name, CHECKS[one.check](one.of, value)]);
  // A shape of 0 is left to the host: the SDK alone makes such calls.
  const looked = one.check === "params" && !(Object.hasOwn(METHODS, one.of) && METHODS[one.of].shape === 0);
  if (looked) found.push(["kit", one.name, kit.checkParams(one.of, value)]);
}

// What no JSON can say, but a program can pass.
const cycle = {};
cycle.self = cycle;
for (const [name, value] of Object.entries({ NaN, Infinity, function: () => 1, symbol: Symbol("s"), bigint: 1n, cycle })) {
  const params = { key: "k", data: value };
  found.push(["kit", `not JSON: ${name}`, kit.checkParams("setStorage", params)]);
  found.push(["host", `not JSON: ${name}`, host.checkParams("storageWrite", { put: { k: value } })]);
}
process.stdout.write(JSON.stringify(found));
