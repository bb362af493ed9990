import type {
  CallOptions, Capability, DownloadFileParams, DownloadFileResult, Env, EventData, Json, Launch, Methods, ReportEventParams, RequestParams,
  RequestResult, UploadFileParams, UploadFileResult,
} from './generated/methods.js';

export { MpError } from './errors.js';
export type { ErrorCode, Why } from './errors.js';
export type * from './generated/methods.js';

/** A document of the city's graph that this version was approved with, made by `tong typegen`. */
export interface TypedDocument<R = unknown, V = Record<string, never>> {
  readonly documentId: string;
  /** Never there: carries the types. */
  readonly __types?: (variables: V) => R;
}

/** An answer of the graph. What the citizen refused is null in `data` and named in `withheld`. */
export interface GraphqlAnswer<R> {
  data: R;
  errors?: { [key: string]: Json }[];
  /** `Citizen.phone` */
  withheld: string[];
}

/** What `mp.on` hears. `route` goes to programs that are one document: show this page now. */
export interface Events extends EventData {
  route: {
    action: 'navigateTo' | 'redirectTo' | 'switchTab' | 'reLaunch' | 'navigateBack';
    page: string;
    /** Written by whoever made the link: untrusted. */
    query: { [key: string]: string };
    /** Open pages, the shown one last. */
    stack: string[];
  };
}

export interface ListenOptions {
  /** Stops listening when it aborts. */
  signal?: AbortSignal;
}

export interface ButtonState {
  visible?: boolean;
  disabled?: boolean;
}

/** A button that the host draws around the program. What `set` leaves out stays as it was. */
export interface HostButton<S extends ButtonState> {
  set(state: S): Promise<object>;
  /** Returns what ends the listening. */
  onClick(listener: () => void, options?: ListenOptions): () => void;
}

export interface Log {
  info(...said: unknown[]): void;
  warn(...said: unknown[]): void;
  error(...said: unknown[]): void;
  /** Copies what the page writes to `console` into the log; returns what ends it. No personal data, please. */
  captureConsole(levels?: ('info' | 'warn' | 'error' | 'log' | 'debug')[]): () => void;
}

export interface UpdateManager {
  onUpdateReady(listener: (update: EventData['update-ready']) => void, options?: ListenOptions): () => void;
  /** Closes this run and starts the newer version. */
  applyUpdate(): Promise<object>;
}

export interface InputObject {
  readonly pagePath: string;
  readonly referrerInfo?: Launch['referrer'];
  readonly lang: string;
  readonly dir: 'ltr' | 'rtl';
}

export interface LifecycleError {
  readonly errorDescription: string;
  readonly lang?: string;
  readonly dir?: 'ltr' | 'rtl';
}

export interface PageInputObject {
  /** Written by whoever made the link: untrusted. */
  readonly pageInputQuery: { readonly [key: string]: string };
}

/** An event of a life: what it is about stands in `inputObject` and beside it. */
export type LifeEvent<T> = Event & { readonly inputObject: T } & T;
type Handler<T> = ((event: LifeEvent<T>) => void) | null;

/** A program's life (W3C MiniApp Lifecycle). Events: `globallaunched`, `globalshown`, `globalhidden`, `globalerror`, `globalunloaded`. */
export interface ProgramLife extends EventTarget {
  /** '' before the host has answered. */
  readonly globalState: '' | 'launched' | 'shown' | 'hidden' | 'error' | 'unloaded';
  readonly inputObject?: InputObject;
  readonly lifecycleError?: LifecycleError;
  ongloballaunched: Handler<InputObject>;
  onglobalshown: Handler<InputObject>;
  onglobalhidden: Handler<InputObject>;
  onglobalerror: Handler<LifecycleError>;
  onglobalunloaded: Handler<InputObject>;
}

/** A page's life. Events: `pageloaded`, `pageready`, `pageshown`, `pagehidden`, `pageunloaded`. */
export interface PageLife extends EventTarget {
  readonly pageState: '' | 'loaded' | 'ready' | 'shown' | 'hidden' | 'unloaded';
  readonly pageInputObject?: PageInputObject;
  onpageloaded: Handler<PageInputObject>;
  onpageready: Handler<PageInputObject>;
  onpageshown: Handler<PageInputObject>;
  onpagehidden: Handler<PageInputObject>;
  onpageunloaded: Handler<PageInputObject>;
}

type Variables<V, R> = {} extends V
  ? [variables?: V, options?: CallOptions<GraphqlAnswer<R>>]
  : [variables: V, options?: CallOptions<GraphqlAnswer<R>>];

export interface Mp extends Methods {
  /** Whether a host runs this page. */
  readonly inHost: boolean;
  /** What the host tells of itself and of what the citizen prefers; kept current. */
  readonly env: Readonly<Env>;
  /** How the program was opened. `query` is untrusted: whoever made the link wrote it. */
  readonly launch: Readonly<Launch>;
  readonly global: ProgramLife;
  readonly page: PageLife;
  readonly log: Log;
  readonly ui: {
    readonly mainButton: HostButton<ButtonState & { text?: string; loading?: boolean }>;
    readonly backButton: HostButton<ButtonState>;
    readonly settingsButton: HostButton<ButtonState>;
  };
  /**
   * Resolves when a host has answered. Optional: calls made before wait for it.
   * @throws E_NO_HOST where none has within `timeout` (3,000 ms)
   */
  ready(options?: { timeout?: number; signal?: AbortSignal }): Promise<Env>;
  /** Listens; returns what ends it. */
  on<T extends keyof Events>(type: T, listener: (data: Events[T]) => void, options?: ListenOptions): () => void;
  /** Without `listener`: nobody listens to `type` any more. */
  off<T extends keyof Events>(type: T, listener?: (data: Events[T]) => void): void;
  /** `scanCode`, `scanCode.onlyFromCamera`, `on.appshow` */
  canIUse(name: string): boolean;
  /** Asks the city's graph by the id of one of the version's own documents. */
  graphql<R, V>(document: TypedDocument<R, V>, ...more: Variables<V, R>): Promise<GraphqlAnswer<R>>;
  graphql<R = unknown>(documentId: string, variables?: { [name: string]: unknown }, options?: CallOptions<GraphqlAnswer<R>>): Promise<GraphqlAnswer<R>>;
  /**
   * `fetch` to a declared domain, with the launch token (`Authorization: MP …`) unless `token` is false. A path alone goes
   * to the first domain. As with `fetch`, an answer such as 404 is an answer.
   * @throws E_DOMAIN_NOT_ALLOWED, E_NETWORK
   */
  fetch(url: string | URL, init?: RequestInit & { timeout?: number; token?: boolean }): Promise<Response>;
  /** `fetch` in the manner of `wx.request`. */
  request<T = unknown>(options: RequestParams & CallOptions<RequestAnswer<T>>): Promise<RequestAnswer<T>>;
  /** `filePath`: what chooseMedia or downloadFile gave, or a Blob. */
  uploadFile(options: WithFile<UploadFileParams> & CallOptions<UploadFileResult>): Promise<UploadFileResult>;
  downloadFile(options: DownloadFileParams & CallOptions<DownloadFileResult>): Promise<DownloadFileResult>;
  /** The value of a key, or an empty string. */
  getStorageSync<T = any>(key: string): T | '';
  /** There at once, and in the city soon after. @throws E_QUOTA (10 MiB), E_TOO_LARGE (192 KiB), E_NO_HOST */
  setStorageSync(key: string, data: unknown): void;
  removeStorageSync(key: string): void;
  clearStorageSync(): void;
  getUpdateManager(): UpdateManager;
  /** Counts something for the program's statistics. No personal data. */
  reportEvent(eventId: string, data?: ReportEventParams['data'], options?: CallOptions<object>): Promise<object>;
}

type WithFile<P> = Omit<P, 'filePath'> & { filePath: string | Blob };
export type RequestAnswer<T> = Omit<RequestResult, 'data'> & { data: T };
export type { Capability };

export const mp: Mp;
export const global: ProgramLife;
export const page: PageLife;
