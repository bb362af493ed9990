// Made by `make contract` of sdk/contract/bridge.schema.json; not to be changed by hand.
import type { MpError } from '../errors.js';

/** JSON of the program's own. */
export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };

/** What a call resolves to that has nothing to say. */
export type Nothing = {};

/** What every call takes beside its parameters. */
export interface CallOptions<R = unknown> {
  /** Calls off: the promise rejects with E_ABORTED. */
  signal?: AbortSignal;
  /** Milliseconds; 0 for no deadline. */
  timeout?: number;
  /** As in wx; the promise settles all the same. */
  success?: (result: R extends string | readonly unknown[] ? R : R & { errMsg: string }) => void;
  fail?: (error: MpError) => void;
  complete?: (outcome: R | MpError) => void;
}

export type Permission =
  /** Recognise you. The program recognises you when you come back, by a number that only it knows you by. */
  | 'city.user.openid'
  /** Phone number. The program's maker gets the phone number of your account. */
  | 'city.user.phone'
  /** Name and picture. The program sees the display name and picture of your account. */
  | 'city.user.profile'
  /** Real name. The program sees the real name that the city verified. */
  | 'city.user.realname'
  /** Address. The program sees the addresses that you saved. */
  | 'city.user.address'
  /** Exact location. The program learns where you are, to a few metres, while it is open. */
  | 'city.device.location'
  /** Approximate location. The program learns in which neighbourhood you are, to about a kilometre, while it is open. */
  | 'city.device.location.fuzzy'
  /** Camera. The program may ask you to scan a code or take a picture; it gets what you took, never the camera itself. */
  | 'city.device.camera'
  /** Pictures. The program gets pictures that you choose, and may offer you pictures to save. */
  | 'city.device.album'
  /** Clipboard. The program reads or writes what you copy, when you tap for it. */
  | 'city.device.clipboard'
  /** Fingerprint or face. The program may ask this device to check that it is you; it never gets your fingerprint or face. */
  | 'city.device.biometry'
  /** Ask for payments. The program may ask you to pay; you confirm each payment in the city's own sheet. */
  | 'city.pay'
  /** Send you messages. The program sends messages of the kinds that you accept, once for each time that you accept. */
  | 'city.message.subscribe'
  /** Storage of its own. The program keeps data in this browser under an address of its own. */
  | 'city.web.own-origin'
  | `city.data.${string}`;

export interface Launch {
  /** A page of the manifest, with its query: `pages/loan/loan?id=7`. */
  page: string;
  /** Written by whoever made the link: untrusted. */
  query: { [key: string]: string };
  /** How the citizen came: `home`, `link`, `code`, `program`, … */
  scene: string;
  /** The program that opened this one; set by the host. */
  referrer?: Referrer;
}

export interface Env {
  platform: 'web' | 'ios' | 'android' | 'harmony' | 'devtools';
  hostVersion: string;
  protocol: number;
  /** Reverse domain name, lower case. */
  appId: string;
  version: {
    name: string;
    code: number;
  };
  /** BCP 47. */
  lang: string;
  dir: 'ltr' | 'rtl';
  theme: Theme;
  /** Insets. */
  safeArea: SafeArea;
  fontScale: number;
  elderMode: boolean;
  network: NetworkType;
  /** Whether each page is a document, or one document routes itself. */
  style: 'pages' | 'spa';
  /** As in the manifest; the first is home. */
  pages: string[];
  /** Open pages, the shown one last. */
  stack: string[];
  /** Approved domains; a path given to fetch goes to the first. */
  connect: string[];
  /** Methods of this protocol that this host does not offer. */
  unsupported: string[];
}

export interface Referrer {
  /** Reverse domain name, lower case. */
  appId: string;
  /** JSON of the program's own. */
  extraData?: { [key: string]: Json };
}

export interface Capability {
  /** A permission's name, as in the manifest. */
  name: Permission;
  state: 'granted' | 'prompt' | 'denied' | 'unavailable';
  /** What stands in the way; null when nothing does. */
  why: null | 'manifest' | 'review' | 'consent' | 'policy' | 'context' | 'quota';
  /** The program's own words, from the manifest. */
  reason?: string;
}

export interface SafeArea {
  /** CSS pixels. */
  top: number;
  /** CSS pixels. */
  right: number;
  /** CSS pixels. */
  bottom: number;
  /** CSS pixels. */
  left: number;
}

export interface AuthSetting {
  /** By permission, for what the citizen was asked. */
  authSetting: { [key: string]: boolean };
}

export type Theme = 'light' | 'dark';

export type NetworkType = 'wifi' | '2g' | '3g' | '4g' | '5g' | 'unknown' | 'none';

export type CapabilitiesResult = Capability[];

export interface AuthorizeParams {
  scopes: Permission[];
}

export interface AuthorizeResult {
  granted: Permission[];
  denied: Permission[];
}

export interface LoginResult {
  /** Single use. */
  code: string;
  expiresIn: number;
}

export interface GetUserProfileParams {
  /** What for. Shown to the citizen. */
  desc?: string;
}

export interface GetUserProfileResult {
  nickName: string;
  avatarUrl?: string;
  /** BCP 47. */
  language: string;
}

export interface GetPhoneNumberParams {
  /**
   * Ask for a JWE that only the program's server opens.
   * @default false
   */
  sealed?: boolean;
}

export type GetPhoneNumberResult = {
  /** Single use. */
  code: string;
  expiresIn: number;
} | {
  sealed: string;
};

export interface GraphqlParams {
  documentId: string;
  variables?: { [key: string]: Json };
}

export interface GraphqlResult {
  /** As the document says; a withheld field is null. */
  data: Json;
  errors?: { [key: string]: Json }[];
  /** Fields that the citizen refused: `Citizen.phone`. */
  withheld: string[];
}

export interface RequestParams {
  url: string;
  /** @default "GET" */
  method?: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'OPTIONS';
  /** A string, or JSON: the body, or the query of a GET. */
  data?: Json;
  header?: { [key: string]: string };
  /** @default "json" */
  dataType?: 'json' | 'text';
  /** @default "text" */
  responseType?: 'text' | 'arraybuffer';
}

export interface RequestResult {
  /** Parsed JSON, text or an ArrayBuffer. */
  data: Json;
  statusCode: number;
  header: { [key: string]: string };
}

export interface FetchParams {
  url: string;
}

export interface UploadFileParams {
  url: string;
  /** As chooseMedia and downloadFile give it. */
  filePath: string;
  /** The form's field. */
  name: string;
  header?: { [key: string]: string };
  formData?: { [key: string]: string };
}

export interface UploadFileResult {
  data: string;
  statusCode: number;
}

export interface DownloadFileParams {
  url: string;
  header?: { [key: string]: string };
}

export interface DownloadFileResult {
  tempFilePath: string;
  statusCode: number;
}

export interface GetStorageSyncParams {
  key: string;
}

export interface SetStorageSyncParams {
  key: string;
  /** JSON. */
  data: Json;
}

export interface RemoveStorageSyncParams {
  key: string;
}

export interface GetStorageInfoSyncResult {
  keys: string[];
  /** KiB. */
  currentSize: number;
  /** KiB. */
  limitSize: number;
}

export interface GetStorageParams {
  key: string;
}

export interface GetStorageResult {
  /** JSON. */
  data: Json;
}

export interface SetStorageParams {
  key: string;
  /** JSON. */
  data: Json;
}

export interface RemoveStorageParams {
  key: string;
}

export interface GetStorageInfoResult {
  keys: string[];
  /** KiB. */
  currentSize: number;
  /** KiB. */
  limitSize: number;
}

export interface NavigateToParams {
  /** A page of the manifest, with its query: `pages/loan/loan?id=7`. */
  url: string;
}

export interface RedirectToParams {
  /** A page of the manifest, with its query: `pages/loan/loan?id=7`. */
  url: string;
}

export interface SwitchTabParams {
  /** A page of the manifest, with its query: `pages/loan/loan?id=7`. */
  url: string;
}

export interface ReLaunchParams {
  /** A page of the manifest, with its query: `pages/loan/loan?id=7`. */
  url: string;
}

export interface NavigateBackParams {
  /** @default 1 */
  delta?: number;
}

export type OpenMiniProgramParams = {
  /** Reverse domain name, lower case. */
  appId: string;
  /** A page of the manifest, with its query: `pages/loan/loan?id=7`. */
  path?: string;
  /** JSON of the program's own. */
  extraData?: { [key: string]: Json };
} | {
  uri: string;
  /** JSON of the program's own. */
  extraData?: { [key: string]: Json };
};

export interface NavigateBackMiniProgramParams {
  /** JSON of the program's own. */
  extraData?: { [key: string]: Json };
}

export interface OpenURLParams {
  url: string;
}

export interface ShowToastParams {
  title: string;
  /** @default "success" */
  icon?: 'success' | 'error' | 'loading' | 'none';
  /**
   * Milliseconds.
   * @default 1500
   */
  duration?: number;
  /** @default false */
  mask?: boolean;
}

export interface ShowLoadingParams {
  title: string;
  /** @default false */
  mask?: boolean;
}

export interface ShowModalParams {
  title?: string;
  content?: string;
  /** @default true */
  showCancel?: boolean;
  cancelText?: string;
  confirmText?: string;
  /** @default false */
  editable?: boolean;
  placeholderText?: string;
}

export interface ShowModalResult {
  confirm: boolean;
  cancel: boolean;
  /** What was written, where `editable`. */
  content?: string;
}

export interface ShowActionSheetParams {
  alertText?: string;
  itemList: string[];
  itemColor?: string;
}

export interface ShowActionSheetResult {
  tapIndex: number;
}

export interface SetNavigationBarTitleParams {
  title: string;
}

export interface SetNavigationBarColorParams {
  frontColor: '#ffffff' | '#000000';
  backgroundColor: string;
}

export interface PageScrollToParams {
  /** CSS pixels. */
  scrollTop?: number;
  selector?: string;
  /**
   * Milliseconds.
   * @default 300
   */
  duration?: number;
}

export interface EnableAlertBeforeUnloadParams {
  message: string;
}

export interface SetTabBarBadgeParams {
  index: number;
  /** Empty: no badge. */
  text: string;
}

export interface GetLocationParams {
  /** @default "fuzzy" */
  type?: 'fuzzy' | 'exact';
}

export interface GetLocationResult {
  latitude: number;
  longitude: number;
  /** Metres. */
  accuracy: number;
  type: 'fuzzy' | 'exact';
  /** Milliseconds since 1970-01-01T00:00:00Z. */
  at: number;
}

export interface ScanCodeParams {
  /** @default false */
  onlyFromCamera?: boolean;
  scanType?: ('qrCode' | 'barCode' | 'datamatrix' | 'pdf417')[];
}

export interface ScanCodeResult {
  result: string;
  scanType?: string;
}

export interface ChooseMediaParams {
  /** @default 9 */
  count?: number;
  mediaType?: 'image'[];
  sourceType?: ('album' | 'camera')[];
}

export interface ChooseMediaResult {
  tempFiles: {
    /** A blob: address, for <img> and uploadFile. */
    tempFilePath: string;
    fileType: 'image';
    /** Bytes. */
    size: number;
  }[];
  type: 'image';
}

export interface PreviewImageParams {
  urls: string[];
  current?: string;
}

export interface SaveImageToAlbumParams {
  filePath: string;
}

export interface SetClipboardDataParams {
  data: string;
}

export interface GetClipboardDataResult {
  data: string;
}

export interface VibrateShortParams {
  /** @default "medium" */
  type?: 'light' | 'medium' | 'heavy';
}

export interface MakePhoneCallParams {
  phoneNumber: string;
}

export interface ShareParams {
  title: string;
  text?: string;
  /** A page of the manifest, with its query: `pages/loan/loan?id=7`. */
  path?: string;
}

export interface RequestPaymentParams {
  prepayId: string;
}

export interface RequestPaymentResult {
  status: 'submitted' | 'cancelled' | 'pending';
}

export interface RequestSubscribeMessageParams {
  tmplIds: string[];
}

export type RequestSubscribeMessageResult = { [key: string]: 'accept' | 'reject' | 'ban' | 'filter' };

export interface GetSystemInfoSyncResult {
  platform: string;
  /** The host's. */
  version: string;
  SDKVersion: string;
  /** BCP 47. */
  language: string;
  theme: Theme;
  fontSizeScaleFactor: number;
  elderMode: boolean;
  pixelRatio: number;
  /** CSS pixels. */
  screenWidth: number;
  /** CSS pixels. */
  screenHeight: number;
  /** CSS pixels. */
  windowWidth: number;
  /** CSS pixels. */
  windowHeight: number;
  /** Insets. */
  safeArea: SafeArea;
}

export interface GetWindowInfoResult {
  pixelRatio: number;
  /** CSS pixels. */
  screenWidth: number;
  /** CSS pixels. */
  screenHeight: number;
  /** CSS pixels. */
  windowWidth: number;
  /** CSS pixels. */
  windowHeight: number;
  /** Insets. */
  safeArea: SafeArea;
}

export interface GetAppBaseInfoResult {
  /** The host's. */
  version: string;
  SDKVersion: string;
  /** BCP 47. */
  language: string;
  theme: Theme;
  fontSizeScaleFactor: number;
  elderMode: boolean;
}

export interface GetAccountInfoSyncResult {
  miniProgram: {
    /** Reverse domain name, lower case. */
    appId: string;
    version: string;
    envVersion: 'develop' | 'trial' | 'release';
  };
}

export interface ReportEventParams {
  eventId: string;
  data?: { [key: string]: string | number | boolean };
}

/** The calls of the SDK, but for those that it types by hand. */
export interface Methods {
  /**
   * What this run may do, and what stands in the way.
   * @since 1.0
   */
  capabilities(options?: CallOptions<CapabilitiesResult>): Promise<CapabilitiesResult>;
  /**
   * Asks the citizen for several permissions in one sheet of the host. A refusal is an answer, not an error.
   * @since 1.0
   * @throws E_NOT_DECLARED
   * @throws E_UI_BUSY
   */
  authorize(options: AuthorizeParams & CallOptions<AuthorizeResult>): Promise<AuthorizeResult>;
  /**
   * What the citizen answered so far.
   * @since 1.0
   */
  getSetting(options?: CallOptions<AuthSetting>): Promise<AuthSetting>;
  /**
   * Opens the host's page of this program's permissions, and tells how it was left.
   * Only after a tap.
   * @since 1.0
   * @throws E_UI_BUSY
   * @throws E_NEEDS_GESTURE
   */
  openSetting(options?: CallOptions<AuthSetting>): Promise<AuthSetting>;
  /**
   * A code that the program's server exchanges for the openid; once, within five minutes.
   * Permission: city.user.openid.
   * @since 1.0
   * @throws E_CONSENT_REQUIRED
   * @throws E_PERMISSION_DENIED
   */
  login(options?: CallOptions<LoginResult>): Promise<LoginResult>;
  /**
   * Resolves while the login still stands; E_CONSENT_REQUIRED when `login` has to be called again.
   * Permission: city.user.openid.
   * @since 1.0
   * @throws E_CONSENT_REQUIRED
   */
  checkSession(options?: CallOptions<Nothing>): Promise<Nothing>;
  /**
   * A signed token for the program's own server, which checks it offline. Kept by the SDK until a minute before it expires.
   * Permission: city.user.openid.
   * @since 1.0
   * @throws E_CONSENT_REQUIRED
   * @throws E_PERMISSION_DENIED
   */
  getLaunchToken(options?: CallOptions<string>): Promise<string>;
  /**
   * The display name and picture of the account.
   * Permission: city.user.profile.
   * @since 1.0
   * @throws E_PERMISSION_DENIED
   * @throws E_UI_BUSY
   */
  getUserProfile(options?: GetUserProfileParams & CallOptions<GetUserProfileResult>): Promise<GetUserProfileResult>;
  /**
   * A code that the program's server exchanges for the phone number; the program never sees it.
   * Permission: city.user.phone.
   * @since 1.0
   * @throws E_PERMISSION_DENIED
   * @throws E_UI_BUSY
   */
  getPhoneNumber(options?: GetPhoneNumberParams & CallOptions<GetPhoneNumberResult>): Promise<GetPhoneNumberResult>;
  /**
   * The keys, and how much room they take.
   * @since 1.0
   */
  getStorageInfoSync(): GetStorageInfoSyncResult;
  /**
   * As getStorageSync.
   * @since 1.0
   */
  getStorage(options: GetStorageParams & CallOptions<GetStorageResult>): Promise<GetStorageResult>;
  /**
   * Keeps a value; resolves when the host has it.
   * @since 1.0
   * @throws E_QUOTA
   * @throws E_TOO_LARGE
   * @throws E_NETWORK
   */
  setStorage(options: SetStorageParams & CallOptions<Nothing>): Promise<Nothing>;
  /**
   * Forgets a key; resolves when the host has.
   * @since 1.0
   * @throws E_NETWORK
   */
  removeStorage(options: RemoveStorageParams & CallOptions<Nothing>): Promise<Nothing>;
  /**
   * Forgets every key; resolves when the host has.
   * @since 1.0
   * @throws E_NETWORK
   */
  clearStorage(options?: CallOptions<Nothing>): Promise<Nothing>;
  /**
   * As getStorageInfoSync.
   * @since 1.0
   */
  getStorageInfo(options?: CallOptions<GetStorageInfoResult>): Promise<GetStorageInfoResult>;
  /**
   * Opens a page above this one. At most ten are open (E_QUOTA).
   * @since 1.0
   * @throws E_QUOTA
   */
  navigateTo(options: NavigateToParams & CallOptions<Nothing>): Promise<Nothing>;
  /**
   * Opens a page in place of this one.
   * @since 1.0
   */
  redirectTo(options: RedirectToParams & CallOptions<Nothing>): Promise<Nothing>;
  /**
   * Goes to a page of the tab bar and closes the others.
   * @since 1.0
   */
  switchTab(options: SwitchTabParams & CallOptions<Nothing>): Promise<Nothing>;
  /**
   * Closes every page and opens one.
   * @since 1.0
   */
  reLaunch(options: ReLaunchParams & CallOptions<Nothing>): Promise<Nothing>;
  /**
   * Closes `delta` pages; the first page stays.
   * @since 1.0
   */
  navigateBack(options?: NavigateBackParams & CallOptions<Nothing>): Promise<Nothing>;
  /**
   * Opens another mini-program, by id or by its W3C address, once the citizen says yes.
   * Only after a tap.
   * @since 1.0
   * @throws E_USER_CANCEL
   * @throws E_NEEDS_GESTURE
   * @throws E_UI_BUSY
   * @throws E_POLICY
   */
  openMiniProgram(options: OpenMiniProgramParams & CallOptions<Nothing>): Promise<Nothing>;
  /**
   * Goes back to the program that opened this one.
   * @since 1.0
   */
  navigateBackMiniProgram(options?: NavigateBackMiniProgramParams & CallOptions<Nothing>): Promise<Nothing>;
  /**
   * Closes this program.
   * @since 1.0
   */
  exitMiniProgram(options?: CallOptions<Nothing>): Promise<Nothing>;
  /**
   * Opens a website outside, once the citizen has seen its address and said yes.
   * Only after a tap.
   * @since 1.0
   * @throws E_USER_CANCEL
   * @throws E_NEEDS_GESTURE
   * @throws E_UI_BUSY
   */
  openURL(options: OpenURLParams & CallOptions<Nothing>): Promise<Nothing>;
  /**
   * A short word that goes away by itself.
   * @since 1.0
   */
  showToast(options: ShowToastParams & CallOptions<Nothing>): Promise<Nothing>;
  /**
   * Takes the toast away.
   * @since 1.0
   */
  hideToast(options?: CallOptions<Nothing>): Promise<Nothing>;
  /**
   * Shows that the citizen has to wait.
   * @since 1.0
   */
  showLoading(options: ShowLoadingParams & CallOptions<Nothing>): Promise<Nothing>;
  /**
   * The waiting is over.
   * @since 1.0
   */
  hideLoading(options?: CallOptions<Nothing>): Promise<Nothing>;
  /**
   * Asks the citizen something in a sheet of the host.
   * @since 1.0
   * @throws E_UI_BUSY
   */
  showModal(options?: ShowModalParams & CallOptions<ShowModalResult>): Promise<ShowModalResult>;
  /**
   * Lets the citizen choose one of a few.
   * @since 1.0
   * @throws E_USER_CANCEL
   * @throws E_UI_BUSY
   */
  showActionSheet(options: ShowActionSheetParams & CallOptions<ShowActionSheetResult>): Promise<ShowActionSheetResult>;
  /**
   * The title of the shown page.
   * @since 1.0
   */
  setNavigationBarTitle(options: SetNavigationBarTitleParams & CallOptions<Nothing>): Promise<Nothing>;
  /**
   * Colours of the bar above the page; the host may keep them legible.
   * @since 1.0
   */
  setNavigationBarColor(options: SetNavigationBarColorParams & CallOptions<Nothing>): Promise<Nothing>;
  /**
   * What was pulled down is fresh.
   * @since 1.0
   */
  stopPullDownRefresh(options?: CallOptions<Nothing>): Promise<Nothing>;
  /**
   * Scrolls the page to a place or to an element.
   * @since 1.0
   */
  pageScrollTo(options?: PageScrollToParams & CallOptions<Nothing>): Promise<Nothing>;
  /**
   * The host asks before the page is left.
   * @since 1.0
   */
  enableAlertBeforeUnload(options: EnableAlertBeforeUnloadParams & CallOptions<Nothing>): Promise<Nothing>;
  /**
   * The host asks no more.
   * @since 1.0
   */
  disableAlertBeforeUnload(options?: CallOptions<Nothing>): Promise<Nothing>;
  /**
   * A small word at a tab.
   * @since 1.0
   */
  setTabBarBadge(options: SetTabBarBadgeParams & CallOptions<Nothing>): Promise<Nothing>;
  /**
   * Where the citizen is (WGS 84). Fuzzy is rounded to about a kilometre.
   * Permission: city.device.location.fuzzy; city.device.location where `type` is exact.
   * @since 1.0
   * @throws E_PERMISSION_DENIED
   * @throws E_CONSENT_REQUIRED
   */
  getLocation(options?: GetLocationParams & CallOptions<GetLocationResult>): Promise<GetLocationResult>;
  /**
   * The host's camera reads a code; the program gets what stands in it.
   * Permission: city.device.camera.
   * @since 1.0
   * @throws E_USER_CANCEL
   * @throws E_PERMISSION_DENIED
   * @throws E_UI_BUSY
   */
  scanCode(options?: ScanCodeParams & CallOptions<ScanCodeResult>): Promise<ScanCodeResult>;
  /**
   * The citizen chooses or takes pictures; the program gets those.
   * Permission: city.device.album.
   * @since 1.0
   * @throws E_USER_CANCEL
   * @throws E_PERMISSION_DENIED
   * @throws E_UI_BUSY
   * @throws E_TOO_LARGE
   */
  chooseMedia(options?: ChooseMediaParams & CallOptions<ChooseMediaResult>): Promise<ChooseMediaResult>;
  /**
   * Shows pictures large, inside the program's own frame.
   * @since 1.0
   */
  previewImage(options: PreviewImageParams & CallOptions<Nothing>): Promise<Nothing>;
  /**
   * Offers the citizen a picture to keep.
   * Permission: city.device.album.
   * Only after a tap.
   * @since 1.0
   * @throws E_USER_CANCEL
   * @throws E_PERMISSION_DENIED
   * @throws E_NEEDS_GESTURE
   * @throws E_UI_BUSY
   * @throws E_TOO_LARGE
   */
  saveImageToAlbum(options: SaveImageToAlbumParams & CallOptions<Nothing>): Promise<Nothing>;
  /**
   * Copies a text; the host says so.
   * Permission: city.device.clipboard.
   * Only after a tap.
   * @since 1.0
   * @throws E_PERMISSION_DENIED
   * @throws E_NEEDS_GESTURE
   */
  setClipboardData(options: SetClipboardDataParams & CallOptions<Nothing>): Promise<Nothing>;
  /**
   * The text that was copied last.
   * Permission: city.device.clipboard.
   * Only after a tap.
   * @since 1.0
   * @throws E_PERMISSION_DENIED
   * @throws E_NEEDS_GESTURE
   */
  getClipboardData(options?: CallOptions<GetClipboardDataResult>): Promise<GetClipboardDataResult>;
  /**
   * A short buzz, where the device can.
   * @since 1.0
   */
  vibrateShort(options?: VibrateShortParams & CallOptions<Nothing>): Promise<Nothing>;
  /**
   * Opens the telephone with a number, once the citizen says yes.
   * Only after a tap.
   * @since 1.0
   * @throws E_USER_CANCEL
   * @throws E_NEEDS_GESTURE
   * @throws E_UI_BUSY
   */
  makePhoneCall(options: MakePhoneCallParams & CallOptions<Nothing>): Promise<Nothing>;
  /**
   * Offers the citizen a link to a page of this program, to pass on.
   * Only after a tap.
   * @since 1.0
   * @throws E_USER_CANCEL
   * @throws E_NEEDS_GESTURE
   * @throws E_UI_BUSY
   */
  share(options: ShareParams & CallOptions<Nothing>): Promise<Nothing>;
  /**
   * The citizen confirms an order in the city's own sheet. The status is a hint; ask your server.
   * Permission: city.pay.
   * Only after a tap.
   * @since 1.0
   * @throws E_ORDER_INVALID
   * @throws E_PAY_LIMIT
   * @throws E_NEEDS_GESTURE
   * @throws E_UI_BUSY
   */
  requestPayment(options: RequestPaymentParams & CallOptions<RequestPaymentResult>): Promise<RequestPaymentResult>;
  /**
   * Asks the citizen which messages this program may send, once each.
   * Permission: city.message.subscribe.
   * Only after a tap.
   * @since 1.0
   * @throws E_NEEDS_GESTURE
   * @throws E_UI_BUSY
   */
  requestSubscribeMessage(options: RequestSubscribeMessageParams & CallOptions<RequestSubscribeMessageResult>): Promise<RequestSubscribeMessageResult>;
  /**
   * The host, the screen and what the citizen prefers.
   * @since 1.0
   */
  getSystemInfoSync(): GetSystemInfoSyncResult;
  /**
   * The screen and the program's part of it.
   * @since 1.0
   */
  getWindowInfo(): GetWindowInfoResult;
  /**
   * The host and what the citizen prefers.
   * @since 1.0
   */
  getAppBaseInfo(): GetAppBaseInfoResult;
  /**
   * This program and its version.
   * @since 1.0
   */
  getAccountInfoSync(): GetAccountInfoSyncResult;
}

/** What each event tells. */
export interface EventData {
  /** The program is shown, at first and at each return. */
  appshow: Launch;
  /** It is shown no more; five minutes later it may be unloaded. */
  apphide: {
    reason: 'home' | 'covered' | 'program' | 'closed';
  };
  /** Something in the program failed. The SDK raises it for uncaught errors of the page, too. */
  apperror: {
    errorDescription: string;
    /** BCP 47. */
    lang?: string;
    dir?: 'ltr' | 'rtl';
  };
  /** The page is about to go; what is written now still arrives. */
  appunload: {
    reason: 'closed' | 'hidden' | 'pressure' | 'update' | 'revoked';
  };
  /** Light or dark. */
  themechange: {
    theme: Theme;
  };
  /** The citizen chose another language. */
  localechange: {
    /** BCP 47. */
    lang: string;
    dir: 'ltr' | 'rtl';
  };
  /** Text is to be larger or smaller. */
  fontscale: {
    fontScale: number;
    elderMode: boolean;
  };
  /** The line went or came back. */
  networkchange: {
    isConnected: boolean;
    networkType: NetworkType;
  };
  /** Let go of what can be loaded again. */
  memorywarning: {
    level: 'low' | 'critical';
  };
  /** The citizen, or the city, gave or took back a permission of this session. */
  capabilitychange: {
    /** Those that changed. */
    capabilities: Capability[];
  };
  /** A newer version lies ready. */
  "update-ready": {
    versionName: string;
    versionCode: number;
  };
  /** A tap on the main button. */
  mainbutton: Nothing;
  /** A tap on the back button that the program asked for. */
  backbutton: Nothing;
  /** A tap on the settings entry. */
  settingsbutton: Nothing;
  /** The citizen pulled the page down; end it with stopPullDownRefresh. */
  pulldownrefresh: Nothing;
  /** The page is scrolled to its end. */
  reachbottom: Nothing;
  /** The program's part of the screen changed. The SDK raises it for the page's own resize, too. */
  resize: {
    /** CSS pixels. */
    windowWidth: number;
    /** CSS pixels. */
    windowHeight: number;
    /** Insets. */
    safeArea: SafeArea;
  };
}

export const PROTOCOL: number;
export const SDK: string;
export const DEPTH: number;
export const PATTERNS: readonly (readonly [RegExp, string?])[];

export interface MethodRow {
  /** Names of the parameters. */
  params: string[];
  /** 0 for none. */
  deadline_ms: number;
  /** Answered by the SDK itself. */
  local?: true;
  sync?: true;
  /** Not for programs. */
  internal?: true;
}
export const METHODS: Readonly<Record<string, MethodRow & { shape: unknown }>>;
export const EVENTS: Readonly<Record<string, { internal?: true }>>;
