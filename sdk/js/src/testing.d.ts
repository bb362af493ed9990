import type { MpErrorOptions } from './errors.js';
import type {
  CallOptions, Capability, Env, ErrorCode, Events, GraphqlAnswer, GraphqlParams, Json, Launch, Methods, Permission,
  ReportEventParams,
} from './index.js';

/** Calls that the SDK answers by itself, so that a host is never asked. */
type Local =
  | 'getStorage' | 'setStorage' | 'removeStorage' | 'clearStorage' | 'getStorageInfo' | 'pageScrollTo' | 'previewImage' | 'chooseMedia'
  | 'saveImageToAlbum';
type Asking = { [M in keyof Methods]: Methods[M] extends (...options: any[]) => Promise<any> ? M : never }[keyof Methods];

/** What a host can be asked. */
export type HostMethod = Exclude<Asking, Local> | 'graphql' | 'reportEvent';

export type HostParams<M extends HostMethod> =
  M extends 'graphql' ? GraphqlParams
  : M extends 'reportEvent' ? ReportEventParams
  : M extends keyof Methods ? Omit<NonNullable<Parameters<Methods[M]>[0]>, keyof CallOptions>
  : never;

export type HostResult<M extends HostMethod> =
  M extends 'graphql' ? GraphqlAnswer<unknown>
  : M extends 'reportEvent' ? object
  : M extends 'getLaunchToken' ? { token: string; expiresAt: number }
  : M extends keyof Methods ? Awaited<ReturnType<Methods[M]>>
  : never;

/** Answers by document id: data, or all of an answer. */
export type GraphMock = (documentId: string, variables: any) => unknown;

export interface MockHostOptions {
  user?: { openid?: string; phone?: string; nickName?: string; lang?: string; location?: { latitude: number; longitude: number } };
  /** Granted from the beginning. */
  grants?: Permission[];
  /** Refused whenever the citizen is asked; everything else is granted. */
  refuses?: Permission[];
  graphql?: GraphMock;
  /** Milliseconds before each answer. */
  latency?: number;
  /** What the citizen stored before. */
  storage?: { [key: string]: Json };
  env?: Partial<Env>;
  launch?: Partial<Launch>;
  /** false: no `appshow` at the beginning. */
  shown?: boolean;
  /** Milliseconds since 1970. */
  now?: () => number;
}

export interface HostCall {
  /** A HostMethod, or one of the wire's own: storageWrite, logWrite, … */
  method: string;
  params: any;
}

export interface MockHost {
  /** What was asked, in order. */
  readonly calls: HostCall[];
  /** What the host has kept. */
  readonly storage: { [key: string]: Json };
  readonly grants: Set<string>;
  latency: number;
  respond<M extends HostMethod>(method: M, answer: HostResult<M> | ((params: HostParams<M>) => HostResult<M> | Promise<HostResult<M>>)): this;
  fail(method: HostMethod, code: ErrorCode, about?: Omit<MpErrorOptions, 'method' | 'cause'>): this;
  /** Something happens: the program hears it before this returns. */
  emit<T extends keyof Events>(type: T, data?: Events[T]): this;
  /** Stands before the answers: `next()` goes on. Returns what ends it. */
  intercept(listener: (request: HostCall, next: () => Promise<unknown>) => unknown): () => void;
  capabilities(): Capability[];
  /** The program is without a host again. */
  close(): void;
}

export function createMockHost(options?: MockHostOptions): MockHost;

/** A graph for tests, by document id: data, a function of the variables, or all of an answer. */
export function schemaMock(documents?: { [documentId: string]: unknown }): GraphMock;
