/**
 * What can go wrong. `code` is stable and `errno` is its number; sentences may change with any version.
 * The table comes from the contract (`sdk/contract/bridge.schema.json`).
 */
import { ERRORS } from './generated/errors.js';

export class MpError extends Error {
  /**
   * @param {string} code one of the contract's; anything else becomes `E_INTERNAL` (a newer host may know more)
   * @param {object} [about]
   * @param {string} [about.method] what was called
   * @param {string} [about.message] one line that says what to do; else the contract's
   * @param {string} [about.why] who said no: manifest, review, consent, policy, context or quota
   * @param {number} [about.retryAfter] seconds
   * @param {string} [about.path] JSON pointer into the parameters
   * @param {object} [about.data] what else the host tells
   * @param {string} [about.docs] an address
   * @param {unknown} [about.cause]
   */
  constructor(code, { method = 'mp', message, why, retryAfter, path, data, docs, cause } = {}) {
    const known = ERRORS[code] ? code : 'E_INTERNAL';
    const { errno, retryable, message: words, docs: page } = ERRORS[known];
    super(message || words, cause === undefined ? undefined : { cause });
    this.name = 'MpError';
    this.code = known;
    this.errno = errno;
    this.method = method;
    this.errMsg = `${method}:fail ${known.slice(2).toLowerCase().replaceAll('_', ' ')}`;
    this.retryable = retryable;
    this.why = why;
    this.retryAfter = retryAfter;
    this.docs = docs || page;
    this.data = path === undefined ? { ...data } : { ...data, path };
  }

  /** Whether `error` is an `MpError` (of any copy of this package), and of `code` if one is given. */
  static is(error, code) {
    return error?.name === 'MpError' && typeof error.errno === 'number' && (code === undefined || error.code === code);
  }
}
