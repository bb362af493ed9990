/** The person's device, always by the host's own hand: the program gets what came of it. */

import { BridgeError } from "../errors.js";

const LOCATION_MS_MAX = 25_000;
/** Of a degree: about a kilometre. */
const FUZZY = 100;
const FUZZY_METRES = 1000;
const BUZZ_MS = { light: 10, medium: 20, heavy: 40 };

/** @type {Record<string, import("../plugs.js").Method>} */
export const device = {
  async getLocation({ program, params }) {
    if (!program.shown) throw new BridgeError("E_NEEDS_GESTURE", { why: "context" });
    const type = params.type ?? "fuzzy";
    const { coords, timestamp } = await position(type === "exact");
    const at = Math.round(timestamp);
    if (type === "exact") return { ...place(coords, 1), accuracy: coords.accuracy, type, at };
    return { ...place(coords, FUZZY), accuracy: Math.max(FUZZY_METRES, coords.accuracy), type, at };
  },

  async scanCode({ program, signal }) {
    const result = await program.ask((until) => program.chrome.scan(until), signal);
    if (result === null) throw new BridgeError("E_USER_CANCEL");
    return { result: result.slice(0, 8192), scanType: "QR_CODE" };
  },

  async setClipboardData({ program, params }) {
    await reach(() => navigator.clipboard.writeText(params.data));
    program.chrome.notice("clipboard-written");
    return {};
  },

  async getClipboardData({ program }) {
    const data = await reach(() => navigator.clipboard.readText());
    program.chrome.notice("clipboard-read");
    return { data: data.slice(0, 16_384) };
  },

  vibrateShort({ program, params }) {
    if (!program.shown) throw new BridgeError("E_UI_BUSY", { why: "context" });
    program.chrome.vibrate(BUZZ_MS[params.type ?? "medium"]);
    return {};
  },
};

/** Rounded to the middle of its field, so that no walk along a border shows more. */
const place = ({ latitude, longitude }, fields) =>
  fields === 1
    ? { latitude, longitude }
    : { latitude: middle(latitude, fields), longitude: middle(longitude, fields) };

const middle = (degrees, fields) => Number(((Math.floor(degrees * fields) + 0.5) / fields).toFixed(4));

/** @returns {Promise<GeolocationPosition>} */
const position = (exact) =>
  new Promise((resolve, reject) => {
    const refused = ({ code }) =>
      reject(code === 1 ? new BridgeError("E_PERMISSION_DENIED", { why: "context" }) : new BridgeError("E_NETWORK"));
    const options = { enableHighAccuracy: exact, timeout: LOCATION_MS_MAX, maximumAge: exact ? 0 : 300_000 };
    navigator.geolocation.getCurrentPosition(resolve, refused, options);
  });

/** @template T @param {() => Promise<T>} act @returns {Promise<T>} */
async function reach(act) {
  try {
    return await act();
  } catch {
    throw new BridgeError("E_PERMISSION_DENIED", { why: "context" }); // the browser's own no
  }
}
