/** The demo city: where the development SMS sink answers, the sign-in page offers to fill in the code. Nowhere else. */

import { audience, cityNow, onSessionChange } from "./session.js";
import { device } from "./storage.js";

export const DEMO_ACCOUNTS = {
  CITIZEN: [
    ["13800000001", "张丽华"],
    ["13800000002", "Alexander Montgomery-Featherstonehaugh"],
    ["13800000003", "欧阳建国"],
  ],
  STAFF: [
    ["13900000001", "DC-0312"],
    ["13900000002", "HD-0007"],
  ],
};

/** Whose messages a demo city shows to whoever is signed in; nothing of the kind is kept anywhere else. */
const PHONE = "citytong.demo-phone";
const STEP_MS = 30_000;
const LOOK_EVERY_MS = 400;
const LOOKS = 75;
/** Two codes for one phone are never this close together. */
const SAME_MS = 500;

/** A city without the sink answers 404. @returns {Promise<boolean>} */
export async function isDemo() {
  return Boolean((await sink(DEMO_ACCOUNTS.CITIZEN[0][0]))?.ok);
}

/**
 * The code that was just asked for: messages take a moment to arrive, and until then the newest is an older one.
 * @param {string} phone
 * @param {string} expiresAt  of the code that was asked for
 * @param {AbortSignal} signal
 * @param {{ mine?: boolean }} [whose]  mine: who signs in by it; later messages to them are shown too
 * @returns {Promise<string | null>}
 */
export async function demoCode(phone, expiresAt, signal, { mine = true } = {}) {
  for (let look = 0; look < LOOKS && !signal.aborted; look++) {
    const response = await sink(phone);
    if (!response?.ok) return null;
    const message = response.status === 200 ? await response.json() : null;
    if (message && Math.abs(Date.parse(message.expires_at) - Date.parse(expiresAt)) < SAME_MS) {
      if (mine) device.set(PHONE, phone);
      return message.code;
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
  return null;
}

/**
 * The message that is sent next, for what does not say when its code ends.
 * @param {string | null} [phone]  to whoever is signed in, unless said otherwise
 * @returns {Promise<(signal: AbortSignal) => Promise<string | null>>}  told when it is there; null where none is shown
 */
export async function demoMessage(phone = device.get(PHONE)) {
  if (!phone) return async () => null;
  const before = await newest(phone);
  return async (signal) => {
    for (let look = 0; look < LOOKS && !signal.aborted; look++) {
      const message = await newest(phone);
      if (message && message.expires_at !== before?.expires_at) return message.code;
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    }
    return null;
  };
}

async function newest(phone) {
  const response = await sink(phone);
  return response?.status === 200 ? response.json() : null;
}

/**
 * What the app of the demo's staff shows, and again when it shows another.
 * @param {AbortSignal} signal
 * @param {(code: string) => void} show
 */
export async function demoTotps(signal, show) {
  while (!signal.aborted) {
    const response = await fetch("/dev/totp", { cache: "no-store" }).catch(() => null);
    if (!response?.ok || signal.aborted) return;
    const { code, expires_at: until } = await response.json();
    show(code);
    const left = Math.min(STEP_MS, Math.max(LOOK_EVERY_MS, Date.parse(until) - cityNow()));
    await new Promise((resolve) => setTimeout(resolve, left));
  }
}

onSessionChange(() => audience() ?? device.drop(PHONE));

const sink = (phone) => fetch(`/dev/sms?phone=${encodeURIComponent(phone)}`, { cache: "no-store" }).catch(() => null);
