import type { ErrorCode, Why } from './generated/errors.js';
import type { Json } from './generated/methods.js';

export type { ErrorCode, Why };

export interface MpErrorOptions {
  method?: string;
  message?: string;
  why?: Why;
  retryAfter?: number;
  path?: string;
  data?: { [name: string]: Json };
  docs?: string;
  cause?: unknown;
}

/** What a call rejects with. `code` and `errno` are stable; sentences are not. */
export class MpError extends Error {
  constructor(code: ErrorCode, about?: MpErrorOptions);
  readonly name: 'MpError';
  readonly code: ErrorCode;
  readonly errno: number;
  /** As in `wx`: `login:fail user cancel`. */
  readonly errMsg: string;
  /** What was called. */
  readonly method: string;
  /** Whether the same call may go well later. */
  readonly retryable: boolean;
  /** Who said no. */
  readonly why?: Why;
  /** Seconds. */
  readonly retryAfter?: number;
  /** An address that explains the code. */
  readonly docs: string;
  /** `path`: a JSON pointer to the parameter that is wrong. */
  readonly data: { readonly path?: string; readonly [name: string]: Json | undefined };
  /** Whether `error` is an MpError, and of this code if one is given. */
  static is<C extends ErrorCode>(error: unknown, code?: C): error is MpError & { readonly code: C };
}
