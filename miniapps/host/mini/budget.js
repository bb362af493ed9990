/**
 * How often a program may ask, as token buckets, one for each class of methods in the bridge's contract.
 *
 * A program has one budget for all its pages and all their ports: who opens a new port does not begin anew. Refusals are
 * counted too: a program that goes on asking when it was told to wait is a flood, and loses its port.
 */

import { RATES } from "./generated/bridge.js";

/** burst: tokens at the start, and at most; perSecond: how they come back. */
const CLASSES = { ...RATES, refusal: { burst: 500, perSecond: 20 } };

/** @typedef {keyof typeof CLASSES} RateClass */

export class Budget {
  /** @param {() => number} now  in milliseconds */
  constructor(now) {
    this.now = now;
    /** @type {Map<string, { tokens: number, at: number }>} */
    this.buckets = new Map();
  }

  /**
   * Take one token.
   * @param {RateClass} name
   * @returns {number} 0, or the milliseconds until there is one
   */
  take(name) {
    const { burst, perSecond } = CLASSES[name];
    const now = this.now();
    const bucket = this.buckets.get(name) ?? { tokens: burst, at: now };
    const tokens = Math.min(burst, bucket.tokens + ((now - bucket.at) / 1000) * perSecond);
    const taken = tokens >= 1;
    this.buckets.set(name, { tokens: taken ? tokens - 1 : tokens, at: now });
    return taken ? 0 : Math.ceil(((1 - tokens) / perSecond) * 1000);
  }
}
