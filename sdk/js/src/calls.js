/**
 * What all calls have in common: they return a promise that settles, by its deadline at the latest where there is one;
 * they take `signal` and `timeout` (milliseconds; 0: no deadline); they take `success`, `fail` and `complete` as `wx` does;
 * and their parameters are checked before anything is sent.
 */
import { MpError } from './errors.js';
import { METHODS } from './generated/methods.js';
import { checkParams } from './generated/validate.js';
import { plain } from './line.js';

/** `run(signal)`, until the deadline or until the caller's signal aborts. */
export function within(method, deadline, signal, run) {
  return new Promise((resolve, reject) => {
    const inner = new AbortController();
    const stop = (code, cause) => {
      settle(reject, new MpError(code, { method, cause }));
      inner.abort();
    };
    const abort = () => stop('E_ABORTED', signal.reason);
    const timer = deadline > 0 ? setTimeout(stop, deadline, 'E_TIMEOUT') : undefined;
    function settle(how, value) {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
      how(value);
    }
    if (signal?.aborted) return abort();
    signal?.addEventListener('abort', abort);
    run(inner.signal).then(
      (value) => settle(resolve, value),
      (error) => settle(reject, error instanceof MpError ? error : new MpError('E_INTERNAL', { method, cause: error })),
    );
  });
}

/** Parameters as the contract wants them; throws `E_INVALID_PARAM` with the place of the fault in `data.path`. */
export function checked(method, given) {
  const params = plain(given, method) ?? {};
  const fault = checkParams(method, params);
  if (fault) throw new MpError('E_INVALID_PARAM', { method, path: fault.path, message: `${method}: ${fault.path || 'parameters'}: ${fault.problem}` });
  return params;
}

/**
 * One call: `options` are its parameters beside `success`, `fail`, `complete`, `signal` and `timeout`.
 * @param {(params: any, signal: AbortSignal) => Promise<any>} run
 */
export function call(method, options, run) {
  if (options !== undefined && (typeof options !== 'object' || options === null)) options = { '': options };
  const { success, fail, complete, signal, timeout = METHODS[method].deadline_ms, ...given } = options || {};
  const promise = within(method, timeout, signal, async (inner) => run(checked(method, given), inner));
  if (success || fail || complete) {
    promise.then(
      (value) => {
        const told = typeof value === 'object' && value && !Array.isArray(value) ? { ...value, errMsg: `${method}:ok` } : value;
        success?.(told);
        complete?.(told);
      },
      fail || complete
        ? (error) => {
            fail?.(error);
            complete?.(error);
          }
        : undefined,
    );
  }
  return promise;
}
