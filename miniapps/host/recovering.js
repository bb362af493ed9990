/**
 * A recovery that was begun on this device: over reloads, the provider's page, and the days that it waits. Whoever has its
 * id carries it on, so it lies here and nowhere else; who it is about is not kept.
 */

import { device, parsed } from "./storage.js";

const KEY = "citytong.recovery";
const STATES = ["CODE_SENT", "PHONE_PROVEN", "WAITING"];

/**
 * @typedef {{ id: string, phone: string, state: "CODE_SENT" | "PHONE_PROVEN" | "WAITING", expiresAt: string,
 *   dueAt: string | null, checkUrl: string | null }} Recovering
 */

/** @returns {Recovering | null} null as well when it is too late for its next step */
export function recovering() {
  const kept = /** @type {any} */ (parsed(device.get(KEY)));
  const whole = typeof kept.id === "string" && STATES.includes(kept.state) && Date.now() < Date.parse(kept.expiresAt);
  return whole ? kept : null;
}

/** @param {Partial<Recovering>} told  by the city; what it does not say again stays */
export function keepRecovering(told) {
  const known = recovering();
  const checkUrl = told.checkUrl ?? known?.checkUrl ?? null;
  device.set(KEY, JSON.stringify({ ...known, ...told, checkUrl }));
}

export const dropRecovering = () => device.drop(KEY);
