// Made by `make contract` of sdk/contract/bridge.schema.json; not to be changed by hand.

export const PROTOCOL = 1;
export const LIMITS = Object.freeze({ messageBytes: 262144, inFlight: 64, depth: 32, storageBytes: 10485760, storageValueBytes: 204800, pageStack: 10, pingsMissed: 3, readyMs: 3000 });
/** Token buckets, by the class of a method. */
export const RATES = Object.freeze({
  free: { burst: 20000, perSecond: 5000 },
  data: { burst: 60, perSecond: 10 },
  ui: { burst: 40, perSecond: 5 },
  write: { burst: 400, perSecond: 50 },
  costly: { burst: 6, perSecond: 0.2 },
});
export const METHODS = Object.freeze({
  capabilities: { since: "1.0", rate: "free", deadlineMs: 10000, permission: null, permissionWhen: null, gesture: false, internal: false },
  authorize: { since: "1.0", rate: "costly", deadlineMs: 0, permission: null, permissionWhen: null, gesture: false, internal: false },
  getSetting: { since: "1.0", rate: "free", deadlineMs: 10000, permission: null, permissionWhen: null, gesture: false, internal: false },
  openSetting: { since: "1.0", rate: "costly", deadlineMs: 0, permission: null, permissionWhen: null, gesture: true, internal: false },
  login: { since: "1.0", rate: "costly", deadlineMs: 10000, permission: "city.user.openid", permissionWhen: null, gesture: false, internal: false },
  checkSession: { since: "1.0", rate: "data", deadlineMs: 10000, permission: "city.user.openid", permissionWhen: null, gesture: false, internal: false },
  getLaunchToken: { since: "1.0", rate: "data", deadlineMs: 10000, permission: "city.user.openid", permissionWhen: null, gesture: false, internal: false },
  getUserProfile: { since: "1.0", rate: "costly", deadlineMs: 0, permission: "city.user.profile", permissionWhen: null, gesture: false, internal: false },
  getPhoneNumber: { since: "1.0", rate: "costly", deadlineMs: 0, permission: "city.user.phone", permissionWhen: null, gesture: false, internal: false },
  graphql: { since: "1.0", rate: "data", deadlineMs: 10000, permission: null, permissionWhen: null, gesture: false, internal: false },
  storageWrite: { since: "1.0", rate: "write", deadlineMs: 10000, permission: null, permissionWhen: null, gesture: false, internal: true },
  navigateTo: { since: "1.0", rate: "ui", deadlineMs: 10000, permission: null, permissionWhen: null, gesture: false, internal: false },
  redirectTo: { since: "1.0", rate: "ui", deadlineMs: 10000, permission: null, permissionWhen: null, gesture: false, internal: false },
  switchTab: { since: "1.0", rate: "ui", deadlineMs: 10000, permission: null, permissionWhen: null, gesture: false, internal: false },
  reLaunch: { since: "1.0", rate: "ui", deadlineMs: 10000, permission: null, permissionWhen: null, gesture: false, internal: false },
  navigateBack: { since: "1.0", rate: "ui", deadlineMs: 10000, permission: null, permissionWhen: null, gesture: false, internal: false },
  openMiniProgram: { since: "1.0", rate: "costly", deadlineMs: 0, permission: null, permissionWhen: null, gesture: true, internal: false },
  navigateBackMiniProgram: { since: "1.0", rate: "ui", deadlineMs: 10000, permission: null, permissionWhen: null, gesture: false, internal: false },
  exitMiniProgram: { since: "1.0", rate: "ui", deadlineMs: 10000, permission: null, permissionWhen: null, gesture: false, internal: false },
  openURL: { since: "1.0", rate: "costly", deadlineMs: 0, permission: null, permissionWhen: null, gesture: true, internal: false },
  pageReady: { since: "1.0", rate: "free", deadlineMs: 10000, permission: null, permissionWhen: null, gesture: false, internal: true },
  pageStack: { since: "1.0", rate: "ui", deadlineMs: 10000, permission: null, permissionWhen: null, gesture: false, internal: true },
  showToast: { since: "1.0", rate: "ui", deadlineMs: 10000, permission: null, permissionWhen: null, gesture: false, internal: false },
  hideToast: { since: "1.0", rate: "ui", deadlineMs: 10000, permission: null, permissionWhen: null, gesture: false, internal: false },
  showLoading: { since: "1.0", rate: "ui", deadlineMs: 10000, permission: null, permissionWhen: null, gesture: false, internal: false },
  hideLoading: { since: "1.0", rate: "ui", deadlineMs: 10000, permission: null, permissionWhen: null, gesture: false, internal: false },
  showModal: { since: "1.0", rate: "ui", deadlineMs: 0, permission: null, permissionWhen: null, gesture: false, internal: false },
  showActionSheet: { since: "1.0", rate: "ui", deadlineMs: 0, permission: null, permissionWhen: null, gesture: false, internal: false },
  setNavigationBarTitle: { since: "1.0", rate: "ui", deadlineMs: 10000, permission: null, permissionWhen: null, gesture: false, internal: false },
  setNavigationBarColor: { since: "1.0", rate: "ui", deadlineMs: 10000, permission: null, permissionWhen: null, gesture: false, internal: false },
  stopPullDownRefresh: { since: "1.0", rate: "ui", deadlineMs: 10000, permission: null, permissionWhen: null, gesture: false, internal: false },
  enableAlertBeforeUnload: { since: "1.0", rate: "ui", deadlineMs: 10000, permission: null, permissionWhen: null, gesture: false, internal: false },
  disableAlertBeforeUnload: { since: "1.0", rate: "ui", deadlineMs: 10000, permission: null, permissionWhen: null, gesture: false, internal: false },
  setTabBarBadge: { since: "1.0", rate: "ui", deadlineMs: 10000, permission: null, permissionWhen: null, gesture: false, internal: false },
  uiMainButtonSet: { since: "1.0", rate: "ui", deadlineMs: 10000, permission: null, permissionWhen: null, gesture: false, internal: true },
  uiBackButtonSet: { since: "1.0", rate: "ui", deadlineMs: 10000, permission: null, permissionWhen: null, gesture: false, internal: true },
  uiSettingsButtonSet: { since: "1.0", rate: "ui", deadlineMs: 10000, permission: null, permissionWhen: null, gesture: false, internal: true },
  getLocation: { since: "1.0", rate: "costly", deadlineMs: 0, permission: "city.device.location.fuzzy", permissionWhen: { type: { exact: "city.device.location" } }, gesture: false, internal: false },
  scanCode: { since: "1.0", rate: "costly", deadlineMs: 0, permission: "city.device.camera", permissionWhen: null, gesture: false, internal: false },
  mediaChoose: { since: "1.0", rate: "costly", deadlineMs: 0, permission: "city.device.album", permissionWhen: { source: { camera: "city.device.camera" } }, gesture: false, internal: true },
  tempFileRead: { since: "1.0", rate: "free", deadlineMs: 10000, permission: null, permissionWhen: null, gesture: false, internal: true },
  tempFileWrite: { since: "1.0", rate: "free", deadlineMs: 10000, permission: null, permissionWhen: null, gesture: false, internal: true },
  albumSave: { since: "1.0", rate: "costly", deadlineMs: 0, permission: "city.device.album", permissionWhen: null, gesture: true, internal: true },
  setClipboardData: { since: "1.0", rate: "costly", deadlineMs: 0, permission: "city.device.clipboard", permissionWhen: null, gesture: true, internal: false },
  getClipboardData: { since: "1.0", rate: "costly", deadlineMs: 0, permission: "city.device.clipboard", permissionWhen: null, gesture: true, internal: false },
  vibrateShort: { since: "1.0", rate: "ui", deadlineMs: 10000, permission: null, permissionWhen: null, gesture: false, internal: false },
  makePhoneCall: { since: "1.0", rate: "costly", deadlineMs: 0, permission: null, permissionWhen: null, gesture: true, internal: false },
  share: { since: "1.0", rate: "costly", deadlineMs: 0, permission: null, permissionWhen: null, gesture: true, internal: false },
  requestPayment: { since: "1.0", rate: "costly", deadlineMs: 0, permission: "city.pay", permissionWhen: null, gesture: true, internal: false },
  requestSubscribeMessage: { since: "1.0", rate: "costly", deadlineMs: 0, permission: "city.message.subscribe", permissionWhen: null, gesture: true, internal: false },
  updateApply: { since: "1.0", rate: "ui", deadlineMs: 10000, permission: null, permissionWhen: null, gesture: false, internal: true },
  logWrite: { since: "1.0", rate: "write", deadlineMs: 10000, permission: null, permissionWhen: null, gesture: false, internal: true },
  reportEvent: { since: "1.0", rate: "write", deadlineMs: 10000, permission: null, permissionWhen: null, gesture: false, internal: false },
});
export const EVENTS = Object.freeze({
  appshow: { since: "1.0", internal: false },
  apphide: { since: "1.0", internal: false },
  apperror: { since: "1.0", internal: false },
  appunload: { since: "1.0", internal: false },
  themechange: { since: "1.0", internal: false },
  localechange: { since: "1.0", internal: false },
  fontscale: { since: "1.0", internal: false },
  networkchange: { since: "1.0", internal: false },
  memorywarning: { since: "1.0", internal: false },
  capabilitychange: { since: "1.0", internal: false },
  "update-ready": { since: "1.0", internal: false },
  mainbutton: { since: "1.0", internal: false },
  backbutton: { since: "1.0", internal: false },
  settingsbutton: { since: "1.0", internal: false },
  pulldownrefresh: { since: "1.0", internal: false },
  resize: { since: "1.0", internal: false },
  route: { since: "1.0", internal: true },
  storagechange: { since: "1.0", internal: true },
});
export const ERRORS = Object.freeze({
  E_NO_HOST: { errno: 1001, retryable: false, why: null, message: { en: "This page does not run in the city's app. Check mp.inHost.", "zh-CN": "当前页面未在城市应用中运行。请先检查 mp.inHost。" }, docs: "https://open.city.example/docs/sdk/bridge#E_NO_HOST" },
  E_TIMEOUT: { errno: 1002, retryable: true, why: null, message: { en: "No answer came in time. Try again, or give a longer timeout.", "zh-CN": "等待超时。请重试，或设置更长的 timeout。" }, docs: "https://open.city.example/docs/sdk/bridge#E_TIMEOUT" },
  E_DISCONNECTED: { errno: 1003, retryable: true, why: null, message: { en: "The line to the host ended: the page closes or loads anew.", "zh-CN": "与宿主的连接已断开，页面正在关闭或重新加载。" }, docs: "https://open.city.example/docs/sdk/bridge#E_DISCONNECTED" },
  E_UNSUPPORTED: { errno: 1004, retryable: false, why: null, message: { en: "This host does not offer that. Ask mp.canIUse first.", "zh-CN": "当前宿主不支持该能力。请先用 mp.canIUse 判断。" }, docs: "https://open.city.example/docs/sdk/bridge#E_UNSUPPORTED" },
  E_INVALID_PARAM: { errno: 1005, retryable: false, why: null, message: { en: "A parameter is not as documented; path says which.", "zh-CN": "参数不符合文档，位置见 path。" }, docs: "https://open.city.example/docs/sdk/bridge#E_INVALID_PARAM" },
  E_RATE_LIMITED: { errno: 1006, retryable: true, why: "quota", message: { en: "Too many calls. Wait for retryAfter seconds.", "zh-CN": "调用过于频繁。请等待 retryAfter 秒后再试。" }, docs: "https://open.city.example/docs/sdk/bridge#E_RATE_LIMITED" },
  E_QUOTA: { errno: 1007, retryable: false, why: "quota", message: { en: "A limit is reached. Remove something first.", "zh-CN": "已达到配额上限。请先清理数据。" }, docs: "https://open.city.example/docs/sdk/bridge#E_QUOTA" },
  E_ABORTED: { errno: 1008, retryable: false, why: null, message: { en: "The program called this off.", "zh-CN": "该调用已被程序自行取消。" }, docs: "https://open.city.example/docs/sdk/bridge#E_ABORTED" },
  E_INTERNAL: { errno: 1009, retryable: true, why: null, message: { en: "Something failed in the city's app. Try again later.", "zh-CN": "城市应用内部出错。请稍后重试。" }, docs: "https://open.city.example/docs/sdk/bridge#E_INTERNAL" },
  E_TOO_LARGE: { errno: 1010, retryable: false, why: null, message: { en: "The message is too large. Send less at once.", "zh-CN": "消息过大。请减少单次发送的数据。" }, docs: "https://open.city.example/docs/sdk/bridge#E_TOO_LARGE" },
  E_USER_CANCEL: { errno: 1101, retryable: false, why: null, message: { en: "The citizen cancelled.", "zh-CN": "用户已取消。" }, docs: "https://open.city.example/docs/sdk/bridge#E_USER_CANCEL" },
  E_PERMISSION_DENIED: { errno: 1102, retryable: false, why: "consent", message: { en: "The citizen said no. Go on without it, or offer mp.openSetting.", "zh-CN": "用户已拒绝。请在无此权限下继续，或引导用户打开 mp.openSetting。" }, docs: "https://open.city.example/docs/sdk/bridge#E_PERMISSION_DENIED" },
  E_NOT_DECLARED: { errno: 1103, retryable: false, why: "manifest", message: { en: "The manifest does not declare this permission. Add it to req_permissions with a reason.", "zh-CN": "清单未声明该权限。请在 req_permissions 中添加并说明理由。" }, docs: "https://open.city.example/docs/sdk/bridge#E_NOT_DECLARED" },
  E_NOT_GRANTED: { errno: 1104, retryable: false, why: "review", message: { en: "The review did not grant this permission to the version. Ask for it with the next submission.", "zh-CN": "审核未授予该版本此权限。请在下次提交时申请。" }, docs: "https://open.city.example/docs/sdk/bridge#E_NOT_GRANTED" },
  E_CONSENT_REQUIRED: { errno: 1105, retryable: false, why: "consent", message: { en: "The citizen has not been asked yet, or took it back. Call mp.authorize.", "zh-CN": "尚未征得用户同意，或用户已撤回。请调用 mp.authorize。" }, docs: "https://open.city.example/docs/sdk/bridge#E_CONSENT_REQUIRED" },
  E_NEEDS_GESTURE: { errno: 1106, retryable: false, why: "context", message: { en: "This must follow a tap of the citizen, in a program that is shown.", "zh-CN": "该调用须由用户点击触发，且程序处于前台。" }, docs: "https://open.city.example/docs/sdk/bridge#E_NEEDS_GESTURE" },
  E_UI_BUSY: { errno: 1107, retryable: true, why: "context", message: { en: "Another sheet of the host is open. Wait until it closes.", "zh-CN": "宿主正在显示其他弹窗。请等其关闭后再试。" }, docs: "https://open.city.example/docs/sdk/bridge#E_UI_BUSY" },
  E_POLICY: { errno: 1108, retryable: false, why: "policy", message: { en: "The city's rules forbid it here: age, guardian or region.", "zh-CN": "城市规则不允许：年龄、监护或地区限制。" }, docs: "https://open.city.example/docs/sdk/bridge#E_POLICY" },
  E_NETWORK: { errno: 1201, retryable: true, why: null, message: { en: "The network could not be reached. Try again later.", "zh-CN": "网络不可用。请稍后重试。" }, docs: "https://open.city.example/docs/sdk/bridge#E_NETWORK" },
  E_DOMAIN_NOT_ALLOWED: { errno: 1202, retryable: false, why: "manifest", message: { en: "That domain is not in the manifest's city_domains.", "zh-CN": "该域名不在清单的 city_domains 中。" }, docs: "https://open.city.example/docs/sdk/bridge#E_DOMAIN_NOT_ALLOWED" },
  E_HTTP: { errno: 1203, retryable: false, why: null, message: { en: "The server answered with an error; data.status says which.", "zh-CN": "服务器返回错误，状态码见 data.status。" }, docs: "https://open.city.example/docs/sdk/bridge#E_HTTP" },
  E_DOC_UNKNOWN: { errno: 1301, retryable: false, why: "review", message: { en: "That document is not one of this version's. Run tong typegen and submit again.", "zh-CN": "该文档不属于当前版本。请运行 tong typegen 并重新提交。" }, docs: "https://open.city.example/docs/sdk/bridge#E_DOC_UNKNOWN" },
  E_DOC_REVOKED: { errno: 1302, retryable: false, why: "policy", message: { en: "The city withdrew that document.", "zh-CN": "该文档已被城市撤销。" }, docs: "https://open.city.example/docs/sdk/bridge#E_DOC_REVOKED" },
  E_FIELD_WITHHELD: { errno: 1303, retryable: false, why: "consent", message: { en: "The citizen withholds a field without which there is no answer; withheld says which.", "zh-CN": "用户未同意提供必要字段，详见 withheld。" }, docs: "https://open.city.example/docs/sdk/bridge#E_FIELD_WITHHELD" },
  E_ORDER_INVALID: { errno: 1401, retryable: false, why: null, message: { en: "The order is unknown, paid, closed or expired. Create another on your server.", "zh-CN": "订单不存在、已支付、已关闭或已过期。请在服务端重新下单。" }, docs: "https://open.city.example/docs/sdk/bridge#E_ORDER_INVALID" },
  E_PAY_LIMIT: { errno: 1402, retryable: false, why: "policy", message: { en: "The payment is above a limit of the citizen or of the program.", "zh-CN": "支付金额超过用户或程序的限额。" }, docs: "https://open.city.example/docs/sdk/bridge#E_PAY_LIMIT" },
  E_APP_REVOKED: { errno: 1501, retryable: false, why: "policy", message: { en: "The city took this mini-program out of service.", "zh-CN": "该小程序已被城市停止服务。" }, docs: "https://open.city.example/docs/sdk/bridge#E_APP_REVOKED" },
  E_VERSION_REVOKED: { errno: 1502, retryable: false, why: "policy", message: { en: "This version was revoked. Close and open again.", "zh-CN": "该版本已被撤销。请关闭后重新打开。" }, docs: "https://open.city.example/docs/sdk/bridge#E_VERSION_REVOKED" },
  E_UPDATE_REQUIRED: { errno: 1503, retryable: false, why: "policy", message: { en: "A newer version is required. Close and open again.", "zh-CN": "需要更新版本。请关闭后重新打开。" }, docs: "https://open.city.example/docs/sdk/bridge#E_UPDATE_REQUIRED" },
});

const DEPTH = 32;

/** @typedef {{ path: string, problem: string }} Fault  path: a JSON pointer */

/** @param {string} problem @returns {Fault} */
const fault = (problem) => ({ path: "", problem });

/** @param {string | number} name @param {Fault} inner @returns {Fault} */
const under = (name, { path, problem }) => ({ path: `/${name}${path}`, problem });

const HALF = /\p{Surrogate}/u;

/** Has a half of a pair alone. Most texts are short and have no pair: there a loop is much faster than the pattern. @param {string} text */
function half(text) {
  if (text.length > 64) return HALF.test(text);
  for (let i = 0; i < text.length; i += 1) if ((text.charCodeAt(i) & 0xf800) === 0xd800) return HALF.test(text);
  return false;
}

/** A key as a part of a pointer; one that would drown a reader is not repeated. @param {string} key */
const token = (key) =>
  key.length > 64 || half(key) ? "…" : key.replaceAll("~", "~0").replaceAll("/", "~1");

/** @param {unknown} value */
const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);

/** @param {string} key @returns {Fault | null} */
const badKey = (key) => (key === "__proto__" || half(key) ? under(token(key), fault("is no key")) : null);

/** The value that is being checked is known to be JSON: what of it may be any JSON is not looked at again. */
let walked = false;

/** Any JSON. @param {any} value @param {number} depth @returns {Fault | null} */
function json(value, depth = 0) {
  if (walked || value === null || typeof value === "boolean") return null;
  if (typeof value === "string") return half(value) ? fault("is not well-formed text") : null;
  if (typeof value === "number") return Number.isFinite(value) ? null : fault("is not JSON");
  if (typeof value !== "object") return fault("is not JSON");
  if (depth === DEPTH) return fault("is nested too deep");
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i += 1) {
      const inner = json(value[i], depth + 1);
      if (inner) return under(i, inner);
    }
    return null;
  }
  for (const key in value) {
    const bad = badKey(key);
    if (bad) return bad;
    const inner = value[key] === undefined ? null : json(value[key], depth + 1);
    if (inner) return under(token(key), inner);
  }
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isNone(v) {
  if (!isObject(v)) return fault("must be an object");
  for (const key of Object.keys(v)) return under(token(key), fault("is unknown"));
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isAppId(v) {
  if (typeof v !== "string") return fault("must be text");
  if (v.length > 128) return fault("is too long: at most 128");
  if (half(v)) return fault("is not well-formed text");
  if (!/^[a-z][a-z0-9-]*(\.[a-z][a-z0-9-]*)+$/.test(v)) return fault("does not have the right form");
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isPermission(v) {
  if (typeof v !== "string") return fault("must be text");
  if (v.length > 128) return fault("is too long: at most 128");
  if (half(v)) return fault("is not well-formed text");
  if (!/^city(\.[a-z][a-z0-9_:-]*)+$/.test(v)) return fault("does not have the right form");
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isPage(v) {
  if (typeof v !== "string") return fault("must be text");
  if (v.length > 2048) return fault("is too long: at most 2048");
  if (half(v)) return fault("is not well-formed text");
  if (!/^\/?(?!\.{1,2}(?:[\/?#]|$))[^\0-\x20\x7f-\xa0\xad\u061c\u1680\u180e\u2000-\u206f\u3000\ufeff\\\/?#:%]+(?:\/(?!\.{1,2}(?:[\/?#]|$))[^\0-\x20\x7f-\xa0\xad\u061c\u1680\u180e\u2000-\u206f\u3000\ufeff\\\/?#:%]+)*(?:\?[^\0-\x20\x7f-\xa0\xad\u061c\u1680\u180e\u2000-\u206f\u3000\ufeff\\#]*)?(?:#[^\0-\x20\x7f-\xa0\xad\u061c\u1680\u180e\u2000-\u206f\u3000\ufeff\\]*)?$/.test(v)) return fault("must be a page of the program");
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isQueryValue(v) {
  if (typeof v !== "string") return fault("must be text");
  if (v.length > 2048) return fault("is too long: at most 2048");
  if (half(v)) return fault("is not well-formed text");
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isQuery(v) {
  if (!isObject(v)) return fault("must be an object");
  const keys = Object.keys(v);
  for (const key of keys) {
    const bad = badKey(key);
    if (bad) return bad;
    const inner = v[key] === undefined ? null : isQueryValue(v[key]);
    if (inner) return under(token(key), inner);
  }
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isExtra(v) {
  if (!isObject(v)) return fault("must be an object");
  const keys = Object.keys(v);
  if (keys.length > 64) return fault("is too long: at most 64");
  for (const key of keys) {
    const bad = badKey(key);
    if (bad) return bad;
    const inner = v[key] === undefined ? null : json(v[key], 1);
    if (inner) return under(token(key), inner);
  }
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isFile(v) {
  if (typeof v !== "string") return fault("must be text");
  if (v.length < 1) return fault("is too short: at least 1");
  if (v.length > 64) return fault("is too long: at most 64");
  if (half(v)) return fault("is not well-formed text");
  if (!/^[A-Za-z0-9_-]+$/.test(v)) return fault("does not have the right form");
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isBase64(v) {
  if (typeof v !== "string") return fault("must be text");
  if (v.length > 196608) return fault("is too long: at most 196608");
  if (half(v)) return fault("is not well-formed text");
  if (!/^[A-Za-z0-9+\/]*={0,2}$/.test(v)) return fault("does not have the right form");
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isCode(v) {
  if (typeof v !== "string") return fault("must be text");
  if (v.length < 1) return fault("is too short: at least 1");
  if (v.length > 128) return fault("is too long: at most 128");
  if (half(v)) return fault("is not well-formed text");
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isSeconds(v) {
  if (!(Number.isInteger(v))) return fault("must be an integer");
  if (v < 0) return fault("must be at least 0");
  if (v > 31536000) return fault("must be at most 31536000");
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isInstant(v) {
  if (!(Number.isInteger(v))) return fault("must be an integer");
  if (v < 0) return fault("must be at least 0");
  if (v > 9007199254740991) return fault("must be at most 9007199254740991");
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isKey(v) {
  if (typeof v !== "string") return fault("must be text");
  if (v.length < 1) return fault("is too short: at least 1");
  if (v.length > 256) return fault("is too long: at most 256");
  if (half(v)) return fault("is not well-formed text");
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isLang(v) {
  if (typeof v !== "string") return fault("must be text");
  if (v.length < 2) return fault("is too short: at least 2");
  if (v.length > 35) return fault("is too long: at most 35");
  if (half(v)) return fault("is not well-formed text");
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isTheme(v) {
  return v === "light" || v === "dark" ? null : fault("must be one of \"light\", \"dark\"");
}

/** @param {any} v @returns {Fault | null} */
function isDir(v) {
  return v === "ltr" || v === "rtl" ? null : fault("must be one of \"ltr\", \"rtl\"");
}

/** @param {any} v @returns {Fault | null} */
function isPixels(v) {
  if (!(typeof v === "number" && Number.isFinite(v))) return fault("must be a number");
  if (v < 0) return fault("must be at least 0");
  if (v > 100000) return fault("must be at most 100000");
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isColour(v) {
  if (typeof v !== "string") return fault("must be text");
  if (half(v)) return fault("is not well-formed text");
  if (!/^#[0-9a-fA-F]{6}$/.test(v)) return fault("does not have the right form");
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isNetwork(v) {
  return v === "wifi" || v === "2g" || v === "3g" || v === "4g" || v === "5g" || v === "unknown" || v === "none" ? null : fault("must be one of \"wifi\", \"2g\", \"3g\", \"4g\", \"5g\", \"unknown\", \"none\"");
}

/** @param {any} v @returns {Fault | null} */
function isMedia(v) {
  return v === "album" || v === "camera" ? null : fault("must be one of \"album\", \"camera\"");
}

/** @param {any} v @returns {Fault | null} */
function isAuthSettingAuthSettingValue(v) {
  return typeof v === "boolean" ? null : fault("must be true or false");
}

/** @param {any} v @returns {Fault | null} */
function isAuthSettingAuthSetting(v) {
  if (!isObject(v)) return fault("must be an object");
  const keys = Object.keys(v);
  for (const key of keys) {
    const bad = badKey(key);
    if (bad) return bad;
    const inner = v[key] === undefined ? null : isAuthSettingAuthSettingValue(v[key]);
    if (inner) return under(token(key), inner);
  }
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isAuthSetting(v) {
  if (!isObject(v)) return fault("must be an object");
  let inner;
  if (v.authSetting === undefined) return under("authSetting", fault("is missing"));
  if ((inner = isAuthSettingAuthSetting(v.authSetting))) return under("authSetting", inner);
  for (const key of Object.keys(v)) if (key !== "authSetting") return under(token(key), fault("is unknown"));
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isSafeArea(v) {
  if (!isObject(v)) return fault("must be an object");
  let inner;
  if (v.top === undefined) return under("top", fault("is missing"));
  if ((inner = isPixels(v.top))) return under("top", inner);
  if (v.right === undefined) return under("right", fault("is missing"));
  if ((inner = isPixels(v.right))) return under("right", inner);
  if (v.bottom === undefined) return under("bottom", fault("is missing"));
  if ((inner = isPixels(v.bottom))) return under("bottom", inner);
  if (v.left === undefined) return under("left", fault("is missing"));
  if ((inner = isPixels(v.left))) return under("left", inner);
  for (const key of Object.keys(v)) if (key !== "top" && key !== "right" && key !== "bottom" && key !== "left") return under(token(key), fault("is unknown"));
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isCapabilityState(v) {
  return v === "granted" || v === "prompt" || v === "denied" || v === "unavailable" ? null : fault("must be one of \"granted\", \"prompt\", \"denied\", \"unavailable\"");
}

/** @param {any} v @returns {Fault | null} */
function isCapabilityWhy(v) {
  return v === null || v === "manifest" || v === "review" || v === "consent" || v === "policy" || v === "context" || v === "quota" ? null : fault("must be one of null, \"manifest\", \"review\", \"consent\", \"policy\", \"context\", \"quota\"");
}

/** @param {any} v @returns {Fault | null} */
function isCapabilityReason(v) {
  if (typeof v !== "string") return fault("must be text");
  if (v.length > 512) return fault("is too long: at most 512");
  if (half(v)) return fault("is not well-formed text");
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isCapability(v) {
  if (!isObject(v)) return fault("must be an object");
  let inner;
  if (v.name === undefined) return under("name", fault("is missing"));
  if ((inner = isPermission(v.name))) return under("name", inner);
  if (v.state === undefined) return under("state", fault("is missing"));
  if ((inner = isCapabilityState(v.state))) return under("state", inner);
  if (v.why === undefined) return under("why", fault("is missing"));
  if ((inner = isCapabilityWhy(v.why))) return under("why", inner);
  if (v.reason !== undefined && (inner = isCapabilityReason(v.reason))) return under("reason", inner);
  for (const key of Object.keys(v)) if (key !== "name" && key !== "state" && key !== "why" && key !== "reason") return under(token(key), fault("is unknown"));
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isReferrer(v) {
  if (!isObject(v)) return fault("must be an object");
  let inner;
  if (v.appId === undefined) return under("appId", fault("is missing"));
  if ((inner = isAppId(v.appId))) return under("appId", inner);
  if (v.extraData !== undefined && (inner = isExtra(v.extraData))) return under("extraData", inner);
  for (const key of Object.keys(v)) if (key !== "appId" && key !== "extraData") return under(token(key), fault("is unknown"));
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isLaunchScene(v) {
  if (typeof v !== "string") return fault("must be text");
  if (v.length > 64) return fault("is too long: at most 64");
  if (half(v)) return fault("is not well-formed text");
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isLaunch(v) {
  if (!isObject(v)) return fault("must be an object");
  let inner;
  if (v.page === undefined) return under("page", fault("is missing"));
  if ((inner = isPage(v.page))) return under("page", inner);
  if (v.query === undefined) return under("query", fault("is missing"));
  if ((inner = isQuery(v.query))) return under("query", inner);
  if (v.scene === undefined) return under("scene", fault("is missing"));
  if ((inner = isLaunchScene(v.scene))) return under("scene", inner);
  if (v.referrer !== undefined && (inner = isReferrer(v.referrer))) return under("referrer", inner);
  for (const key of Object.keys(v)) if (key !== "page" && key !== "query" && key !== "scene" && key !== "referrer") return under(token(key), fault("is unknown"));
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isEnvPlatform(v) {
  return v === "web" || v === "ios" || v === "android" || v === "harmony" || v === "devtools" ? null : fault("must be one of \"web\", \"ios\", \"android\", \"harmony\", \"devtools\"");
}

/** @param {any} v @returns {Fault | null} */
function isEnvProtocol(v) {
  if (!(Number.isInteger(v))) return fault("must be an integer");
  if (v < 1) return fault("must be at least 1");
  if (v > 1000) return fault("must be at most 1000");
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isEnvVersion(v) {
  if (!isObject(v)) return fault("must be an object");
  let inner;
  if (v.name === undefined) return under("name", fault("is missing"));
  if ((inner = isLaunchScene(v.name))) return under("name", inner);
  if (v.code === undefined) return under("code", fault("is missing"));
  if ((inner = isInstant(v.code))) return under("code", inner);
  for (const key of Object.keys(v)) if (key !== "name" && key !== "code") return under(token(key), fault("is unknown"));
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isEnvFontScale(v) {
  if (!(typeof v === "number" && Number.isFinite(v))) return fault("must be a number");
  if (v < 0.5) return fault("must be at least 0.5");
  if (v > 4) return fault("must be at most 4");
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isEnvStyle(v) {
  return v === "pages" || v === "spa" ? null : fault("must be one of \"pages\", \"spa\"");
}

/** @param {any} v @returns {Fault | null} */
function isEnvPages(v) {
  if (!Array.isArray(v)) return fault("must be a list");
  if (v.length < 1) return fault("is too short: at least 1");
  if (v.length > 512) return fault("is too long: at most 512");
  for (let i = 0; i < v.length; i += 1) {
    const inner = isPage(v[i]);
    if (inner) return under(i, inner);
  }
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isEnvStack(v) {
  if (!Array.isArray(v)) return fault("must be a list");
  if (v.length < 1) return fault("is too short: at least 1");
  if (v.length > 10) return fault("is too long: at most 10");
  for (let i = 0; i < v.length; i += 1) {
    const inner = isPage(v[i]);
    if (inner) return under(i, inner);
  }
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isEnvConnectItem(v) {
  if (typeof v !== "string") return fault("must be text");
  if (v.length > 512) return fault("is too long: at most 512");
  if (half(v)) return fault("is not well-formed text");
  if (!/^(?:(?:[Hh][Tt][Tt][Pp][Ss]:\/\/(?:[A-Za-z0-9-]+\.)*[A-Za-z][A-Za-z0-9-]*(?::[0-9]{1,5})?|http:\/\/(?:(?:[A-Za-z0-9-]+\.)*localhost|127\.0\.0\.1|\[::1\])(?::[0-9]{1,5})?)(?:[\/?#][^\0-\x20\x7f-\xa0\xad\u061c\u1680\u180e\u2000-\u206f\u3000\ufeff\\]*)?|\/(?!\/)[^\0-\x20\x7f-\xa0\xad\u061c\u1680\u180e\u2000-\u206f\u3000\ufeff\\]*)$/.test(v)) return fault("must be an https address or a path");
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isEnvConnect(v) {
  if (!Array.isArray(v)) return fault("must be a list");
  if (v.length > 64) return fault("is too long: at most 64");
  for (let i = 0; i < v.length; i += 1) {
    const inner = isEnvConnectItem(v[i]);
    if (inner) return under(i, inner);
  }
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isEnvUnsupported(v) {
  if (!Array.isArray(v)) return fault("must be a list");
  if (v.length > 256) return fault("is too long: at most 256");
  for (let i = 0; i < v.length; i += 1) {
    const inner = isLaunchScene(v[i]);
    if (inner) return under(i, inner);
  }
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isEnv(v) {
  if (!isObject(v)) return fault("must be an object");
  let inner;
  if (v.platform === undefined) return under("platform", fault("is missing"));
  if ((inner = isEnvPlatform(v.platform))) return under("platform", inner);
  if (v.hostVersion === undefined) return under("hostVersion", fault("is missing"));
  if ((inner = isLaunchScene(v.hostVersion))) return under("hostVersion", inner);
  if (v.protocol === undefined) return under("protocol", fault("is missing"));
  if ((inner = isEnvProtocol(v.protocol))) return under("protocol", inner);
  if (v.appId === undefined) return under("appId", fault("is missing"));
  if ((inner = isAppId(v.appId))) return under("appId", inner);
  if (v.version === undefined) return under("version", fault("is missing"));
  if ((inner = isEnvVersion(v.version))) return under("version", inner);
  if (v.lang === undefined) return under("lang", fault("is missing"));
  if ((inner = isLang(v.lang))) return under("lang", inner);
  if (v.dir === undefined) return under("dir", fault("is missing"));
  if ((inner = isDir(v.dir))) return under("dir", inner);
  if (v.theme === undefined) return under("theme", fault("is missing"));
  if ((inner = isTheme(v.theme))) return under("theme", inner);
  if (v.safeArea === undefined) return under("safeArea", fault("is missing"));
  if ((inner = isSafeArea(v.safeArea))) return under("safeArea", inner);
  if (v.fontScale === undefined) return under("fontScale", fault("is missing"));
  if ((inner = isEnvFontScale(v.fontScale))) return under("fontScale", inner);
  if (v.elderMode === undefined) return under("elderMode", fault("is missing"));
  if ((inner = isAuthSettingAuthSettingValue(v.elderMode))) return under("elderMode", inner);
  if (v.network === undefined) return under("network", fault("is missing"));
  if ((inner = isNetwork(v.network))) return under("network", inner);
  if (v.style === undefined) return under("style", fault("is missing"));
  if ((inner = isEnvStyle(v.style))) return under("style", inner);
  if (v.pages === undefined) return under("pages", fault("is missing"));
  if ((inner = isEnvPages(v.pages))) return under("pages", inner);
  if (v.stack === undefined) return under("stack", fault("is missing"));
  if ((inner = isEnvStack(v.stack))) return under("stack", inner);
  if (v.connect === undefined) return under("connect", fault("is missing"));
  if ((inner = isEnvConnect(v.connect))) return under("connect", inner);
  if (v.unsupported === undefined) return under("unsupported", fault("is missing"));
  if ((inner = isEnvUnsupported(v.unsupported))) return under("unsupported", inner);
  for (const key of Object.keys(v)) if (key !== "platform" && key !== "hostVersion" && key !== "protocol" && key !== "appId" && key !== "version" && key !== "lang" && key !== "dir" && key !== "theme" && key !== "safeArea" && key !== "fontScale" && key !== "elderMode" && key !== "network" && key !== "style" && key !== "pages" && key !== "stack" && key !== "connect" && key !== "unsupported") return under(token(key), fault("is unknown"));
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isStorage(v) {
  if (!isObject(v)) return fault("must be an object");
  const keys = Object.keys(v);
  for (const key of keys) {
    const bad = badKey(key);
    if (bad) return bad;
    const inner = v[key] === undefined ? null : json(v[key], 1);
    if (inner) return under(token(key), inner);
  }
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isErrorCode(v) {
  if (typeof v !== "string") return fault("must be text");
  if (v.length > 64) return fault("is too long: at most 64");
  if (half(v)) return fault("is not well-formed text");
  if (!/^E_[A-Z_]+$/.test(v)) return fault("does not have the right form");
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isErrorErrno(v) {
  if (!(Number.isInteger(v))) return fault("must be an integer");
  if (v < 1000) return fault("must be at least 1000");
  if (v > 9999) return fault("must be at most 9999");
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isErrorMessage(v) {
  if (typeof v !== "string") return fault("must be text");
  if (v.length > 1024) return fault("is too long: at most 1024");
  if (half(v)) return fault("is not well-formed text");
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isErrorWhy(v) {
  return v === "manifest" || v === "review" || v === "consent" || v === "policy" || v === "context" || v === "quota" ? null : fault("must be one of \"manifest\", \"review\", \"consent\", \"policy\", \"context\", \"quota\"");
}

/** @param {any} v @returns {Fault | null} */
function isErrorPath(v) {
  if (typeof v !== "string") return fault("must be text");
  if (v.length > 8192) return fault("is too long: at most 8192");
  if (half(v)) return fault("is not well-formed text");
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isError(v) {
  if (!isObject(v)) return fault("must be an object");
  let inner;
  if (v.code === undefined) return under("code", fault("is missing"));
  if ((inner = isErrorCode(v.code))) return under("code", inner);
  if (v.errno === undefined) return under("errno", fault("is missing"));
  if ((inner = isErrorErrno(v.errno))) return under("errno", inner);
  if (v.message === undefined) return under("message", fault("is missing"));
  if ((inner = isErrorMessage(v.message))) return under("message", inner);
  if (v.why !== undefined && (inner = isErrorWhy(v.why))) return under("why", inner);
  if (v.retryAfter !== undefined && (inner = isSeconds(v.retryAfter))) return under("retryAfter", inner);
  if (v.path !== undefined && (inner = isErrorPath(v.path))) return under("path", inner);
  if (v.data !== undefined && (inner = isExtra(v.data))) return under("data", inner);
  if (v.docs === undefined) return under("docs", fault("is missing"));
  if ((inner = isCapabilityReason(v.docs))) return under("docs", inner);
  for (const key of Object.keys(v)) if (key !== "code" && key !== "errno" && key !== "message" && key !== "why" && key !== "retryAfter" && key !== "path" && key !== "data" && key !== "docs") return under(token(key), fault("is unknown"));
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isCallId(v) {
  if (!(Number.isInteger(v))) return fault("must be an integer");
  if (v < -9007199254740991) return fault("must be at least -9007199254740991");
  if (v > 9007199254740991) return fault("must be at most 9007199254740991");
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isAuthorizeParamsScopes(v) {
  if (!Array.isArray(v)) return fault("must be a list");
  if (v.length < 1) return fault("is too short: at least 1");
  if (v.length > 16) return fault("is too long: at most 16");
  for (let i = 0; i < v.length; i += 1) {
    const inner = isPermission(v[i]);
    if (inner) return under(i, inner);
  }
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isAuthorizeParams(v) {
  if (!isObject(v)) return fault("must be an object");
  let inner;
  if (v.scopes === undefined) return under("scopes", fault("is missing"));
  if ((inner = isAuthorizeParamsScopes(v.scopes))) return under("scopes", inner);
  for (const key of Object.keys(v)) if (key !== "scopes") return under(token(key), fault("is unknown"));
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isGetUserProfileParamsDesc(v) {
  if (typeof v !== "string") return fault("must be text");
  if (v.length > 120) return fault("is too long: at most 120");
  if (half(v)) return fault("is not well-formed text");
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isGetUserProfileParams(v) {
  if (!isObject(v)) return fault("must be an object");
  let inner;
  if (v.desc !== undefined && (inner = isGetUserProfileParamsDesc(v.desc))) return under("desc", inner);
  for (const key of Object.keys(v)) if (key !== "desc") return under(token(key), fault("is unknown"));
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isGetPhoneNumberParams(v) {
  if (!isObject(v)) return fault("must be an object");
  let inner;
  if (v.sealed !== undefined && (inner = isAuthSettingAuthSettingValue(v.sealed))) return under("sealed", inner);
  for (const key of Object.keys(v)) if (key !== "sealed") return under(token(key), fault("is unknown"));
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isGraphqlParamsDocumentId(v) {
  if (typeof v !== "string") return fault("must be text");
  if (v.length < 1) return fault("is too short: at least 1");
  if (v.length > 128) return fault("is too long: at most 128");
  if (half(v)) return fault("is not well-formed text");
  if (!/^[A-Za-z0-9:_-]+$/.test(v)) return fault("does not have the right form");
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isGraphqlParams(v) {
  if (!isObject(v)) return fault("must be an object");
  let inner;
  if (v.documentId === undefined) return under("documentId", fault("is missing"));
  if ((inner = isGraphqlParamsDocumentId(v.documentId))) return under("documentId", inner);
  if (v.variables !== undefined && (inner = isStorage(v.variables))) return under("variables", inner);
  for (const key of Object.keys(v)) if (key !== "documentId" && key !== "variables") return under(token(key), fault("is unknown"));
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isStorageWriteParamsRemoved(v) {
  if (!Array.isArray(v)) return fault("must be a list");
  if (v.length > 4096) return fault("is too long: at most 4096");
  for (let i = 0; i < v.length; i += 1) {
    const inner = isKey(v[i]);
    if (inner) return under(i, inner);
  }
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isStorageWriteParams(v) {
  if (!isObject(v)) return fault("must be an object");
  let inner;
  if (v.put !== undefined && (inner = isStorage(v.put))) return under("put", inner);
  if (v.removed !== undefined && (inner = isStorageWriteParamsRemoved(v.removed))) return under("removed", inner);
  if (v.clear !== undefined && (inner = isAuthSettingAuthSettingValue(v.clear))) return under("clear", inner);
  for (const key of Object.keys(v)) if (key !== "put" && key !== "removed" && key !== "clear") return under(token(key), fault("is unknown"));
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isNavigateToParams(v) {
  if (!isObject(v)) return fault("must be an object");
  let inner;
  if (v.url === undefined) return under("url", fault("is missing"));
  if ((inner = isPage(v.url))) return under("url", inner);
  for (const key of Object.keys(v)) if (key !== "url") return under(token(key), fault("is unknown"));
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isNavigateBackParamsDelta(v) {
  if (!(Number.isInteger(v))) return fault("must be an integer");
  if (v < 1) return fault("must be at least 1");
  if (v > 10) return fault("must be at most 10");
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isNavigateBackParams(v) {
  if (!isObject(v)) return fault("must be an object");
  let inner;
  if (v.delta !== undefined && (inner = isNavigateBackParamsDelta(v.delta))) return under("delta", inner);
  for (const key of Object.keys(v)) if (key !== "delta") return under(token(key), fault("is unknown"));
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isOpenMiniProgramParams(v) {
  if (!isObject(v)) return fault("must be an object");
  let inner;
  if (v.appId === undefined) return under("appId", fault("is missing"));
  if ((inner = isAppId(v.appId))) return under("appId", inner);
  if (v.path !== undefined && (inner = isPage(v.path))) return under("path", inner);
  if (v.extraData !== undefined && (inner = isExtra(v.extraData))) return under("extraData", inner);
  for (const key of Object.keys(v)) if (key !== "appId" && key !== "path" && key !== "extraData") return under(token(key), fault("is unknown"));
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isOpenMiniProgramParamsUri(v) {
  if (typeof v !== "string") return fault("must be text");
  if (v.length > 2048) return fault("is too long: at most 2048");
  if (half(v)) return fault("is not well-formed text");
  if (!/^[Hh][Tt][Tt][Pp][Ss]:\/\/(?:[A-Za-z0-9-]+\.)*[A-Za-z][A-Za-z0-9-]*(?::[0-9]{1,5})?\/miniapp\/[a-z][a-z0-9-]*(?:\.[a-z][a-z0-9-]*)+(?:;version=[A-Za-z0-9._~-]{1,64})?(?:[\/?#][^\0-\x20\x7f-\xa0\xad\u061c\u1680\u180e\u2000-\u206f\u3000\ufeff\\]*)?$/.test(v)) return fault("must be the address of a mini-program");
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isOpenMiniProgramParams2(v) {
  if (!isObject(v)) return fault("must be an object");
  let inner;
  if (v.uri === undefined) return under("uri", fault("is missing"));
  if ((inner = isOpenMiniProgramParamsUri(v.uri))) return under("uri", inner);
  if (v.extraData !== undefined && (inner = isExtra(v.extraData))) return under("extraData", inner);
  for (const key of Object.keys(v)) if (key !== "uri" && key !== "extraData") return under(token(key), fault("is unknown"));
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isOpenMiniProgramParams3(v) {
  return isOpenMiniProgramParams(v) && isOpenMiniProgramParams2(v) && fault("fits none of the forms");
}

/** @param {any} v @returns {Fault | null} */
function isNavigateBackMiniProgramParams(v) {
  if (!isObject(v)) return fault("must be an object");
  let inner;
  if (v.extraData !== undefined && (inner = isExtra(v.extraData))) return under("extraData", inner);
  for (const key of Object.keys(v)) if (key !== "extraData") return under(token(key), fault("is unknown"));
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isOpenURLParamsUrl(v) {
  if (typeof v !== "string") return fault("must be text");
  if (v.length > 2048) return fault("is too long: at most 2048");
  if (half(v)) return fault("is not well-formed text");
  if (!/^[Hh][Tt][Tt][Pp][Ss]:\/\/(?:[A-Za-z0-9-]+\.)*[A-Za-z][A-Za-z0-9-]*(?::[0-9]{1,5})?(?:[\/?#][^\0-\x20\x7f-\xa0\xad\u061c\u1680\u180e\u2000-\u206f\u3000\ufeff\\]*)?$/.test(v)) return fault("must be an https address");
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isOpenURLParams(v) {
  if (!isObject(v)) return fault("must be an object");
  let inner;
  if (v.url === undefined) return under("url", fault("is missing"));
  if ((inner = isOpenURLParamsUrl(v.url))) return under("url", inner);
  for (const key of Object.keys(v)) if (key !== "url") return under(token(key), fault("is unknown"));
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isPageReadyParams(v) {
  if (!isObject(v)) return fault("must be an object");
  let inner;
  if (v.page === undefined) return under("page", fault("is missing"));
  if ((inner = isPage(v.page))) return under("page", inner);
  for (const key of Object.keys(v)) if (key !== "page") return under(token(key), fault("is unknown"));
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isPageStackParams(v) {
  if (!isObject(v)) return fault("must be an object");
  let inner;
  if (v.stack === undefined) return under("stack", fault("is missing"));
  if ((inner = isEnvStack(v.stack))) return under("stack", inner);
  for (const key of Object.keys(v)) if (key !== "stack") return under(token(key), fault("is unknown"));
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isShowToastParamsTitle(v) {
  if (typeof v !== "string") return fault("must be text");
  if (v.length < 1) return fault("is too short: at least 1");
  if (v.length > 200) return fault("is too long: at most 200");
  if (half(v)) return fault("is not well-formed text");
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isShowToastParamsIcon(v) {
  return v === "success" || v === "error" || v === "loading" || v === "none" ? null : fault("must be one of \"success\", \"error\", \"loading\", \"none\"");
}

/** @param {any} v @returns {Fault | null} */
function isShowToastParamsDuration(v) {
  if (!(Number.isInteger(v))) return fault("must be an integer");
  if (v < 0) return fault("must be at least 0");
  if (v > 60000) return fault("must be at most 60000");
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isShowToastParams(v) {
  if (!isObject(v)) return fault("must be an object");
  let inner;
  if (v.title === undefined) return under("title", fault("is missing"));
  if ((inner = isShowToastParamsTitle(v.title))) return under("title", inner);
  if (v.icon !== undefined && (inner = isShowToastParamsIcon(v.icon))) return under("icon", inner);
  if (v.duration !== undefined && (inner = isShowToastParamsDuration(v.duration))) return under("duration", inner);
  if (v.mask !== undefined && (inner = isAuthSettingAuthSettingValue(v.mask))) return under("mask", inner);
  for (const key of Object.keys(v)) if (key !== "title" && key !== "icon" && key !== "duration" && key !== "mask") return under(token(key), fault("is unknown"));
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isShowLoadingParamsTitle(v) {
  if (typeof v !== "string") return fault("must be text");
  if (v.length > 200) return fault("is too long: at most 200");
  if (half(v)) return fault("is not well-formed text");
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isShowLoadingParams(v) {
  if (!isObject(v)) return fault("must be an object");
  let inner;
  if (v.title === undefined) return under("title", fault("is missing"));
  if ((inner = isShowLoadingParamsTitle(v.title))) return under("title", inner);
  if (v.mask !== undefined && (inner = isAuthSettingAuthSettingValue(v.mask))) return under("mask", inner);
  for (const key of Object.keys(v)) if (key !== "title" && key !== "mask") return under(token(key), fault("is unknown"));
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isShowModalParamsContent(v) {
  if (typeof v !== "string") return fault("must be text");
  if (v.length > 2000) return fault("is too long: at most 2000");
  if (half(v)) return fault("is not well-formed text");
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isShowModalParamsCancelText(v) {
  if (typeof v !== "string") return fault("must be text");
  if (v.length < 1) return fault("is too short: at least 1");
  if (v.length > 20) return fault("is too long: at most 20");
  if (half(v)) return fault("is not well-formed text");
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isShowModalParams(v) {
  if (!isObject(v)) return fault("must be an object");
  let inner;
  if (v.title !== undefined && (inner = isShowLoadingParamsTitle(v.title))) return under("title", inner);
  if (v.content !== undefined && (inner = isShowModalParamsContent(v.content))) return under("content", inner);
  if (v.showCancel !== undefined && (inner = isAuthSettingAuthSettingValue(v.showCancel))) return under("showCancel", inner);
  if (v.cancelText !== undefined && (inner = isShowModalParamsCancelText(v.cancelText))) return under("cancelText", inner);
  if (v.confirmText !== undefined && (inner = isShowModalParamsCancelText(v.confirmText))) return under("confirmText", inner);
  if (v.editable !== undefined && (inner = isAuthSettingAuthSettingValue(v.editable))) return under("editable", inner);
  if (v.placeholderText !== undefined && (inner = isShowLoadingParamsTitle(v.placeholderText))) return under("placeholderText", inner);
  for (const key of Object.keys(v)) if (key !== "title" && key !== "content" && key !== "showCancel" && key !== "cancelText" && key !== "confirmText" && key !== "editable" && key !== "placeholderText") return under(token(key), fault("is unknown"));
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isShowActionSheetParamsItemListItem(v) {
  if (typeof v !== "string") return fault("must be text");
  if (v.length < 1) return fault("is too short: at least 1");
  if (v.length > 100) return fault("is too long: at most 100");
  if (half(v)) return fault("is not well-formed text");
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isShowActionSheetParamsItemList(v) {
  if (!Array.isArray(v)) return fault("must be a list");
  if (v.length < 1) return fault("is too short: at least 1");
  if (v.length > 10) return fault("is too long: at most 10");
  for (let i = 0; i < v.length; i += 1) {
    const inner = isShowActionSheetParamsItemListItem(v[i]);
    if (inner) return under(i, inner);
  }
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isShowActionSheetParams(v) {
  if (!isObject(v)) return fault("must be an object");
  let inner;
  if (v.alertText !== undefined && (inner = isShowLoadingParamsTitle(v.alertText))) return under("alertText", inner);
  if (v.itemList === undefined) return under("itemList", fault("is missing"));
  if ((inner = isShowActionSheetParamsItemList(v.itemList))) return under("itemList", inner);
  if (v.itemColor !== undefined && (inner = isColour(v.itemColor))) return under("itemColor", inner);
  for (const key of Object.keys(v)) if (key !== "alertText" && key !== "itemList" && key !== "itemColor") return under(token(key), fault("is unknown"));
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isSetNavigationBarTitleParams(v) {
  if (!isObject(v)) return fault("must be an object");
  let inner;
  if (v.title === undefined) return under("title", fault("is missing"));
  if ((inner = isShowLoadingParamsTitle(v.title))) return under("title", inner);
  for (const key of Object.keys(v)) if (key !== "title") return under(token(key), fault("is unknown"));
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isSetNavigationBarColorParamsFrontColor(v) {
  return v === "#ffffff" || v === "#000000" ? null : fault("must be one of \"#ffffff\", \"#000000\"");
}

/** @param {any} v @returns {Fault | null} */
function isSetNavigationBarColorParams(v) {
  if (!isObject(v)) return fault("must be an object");
  let inner;
  if (v.frontColor === undefined) return under("frontColor", fault("is missing"));
  if ((inner = isSetNavigationBarColorParamsFrontColor(v.frontColor))) return under("frontColor", inner);
  if (v.backgroundColor === undefined) return under("backgroundColor", fault("is missing"));
  if ((inner = isColour(v.backgroundColor))) return under("backgroundColor", inner);
  for (const key of Object.keys(v)) if (key !== "frontColor" && key !== "backgroundColor") return under(token(key), fault("is unknown"));
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isEnableAlertBeforeUnloadParams(v) {
  if (!isObject(v)) return fault("must be an object");
  let inner;
  if (v.message === undefined) return under("message", fault("is missing"));
  if ((inner = isShowToastParamsTitle(v.message))) return under("message", inner);
  for (const key of Object.keys(v)) if (key !== "message") return under(token(key), fault("is unknown"));
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isSetTabBarBadgeParamsIndex(v) {
  if (!(Number.isInteger(v))) return fault("must be an integer");
  if (v < 0) return fault("must be at least 0");
  if (v > 4) return fault("must be at most 4");
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isSetTabBarBadgeParamsText(v) {
  if (typeof v !== "string") return fault("must be text");
  if (v.length > 4) return fault("is too long: at most 4");
  if (half(v)) return fault("is not well-formed text");
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isSetTabBarBadgeParams(v) {
  if (!isObject(v)) return fault("must be an object");
  let inner;
  if (v.index === undefined) return under("index", fault("is missing"));
  if ((inner = isSetTabBarBadgeParamsIndex(v.index))) return under("index", inner);
  if (v.text === undefined) return under("text", fault("is missing"));
  if ((inner = isSetTabBarBadgeParamsText(v.text))) return under("text", inner);
  for (const key of Object.keys(v)) if (key !== "index" && key !== "text") return under(token(key), fault("is unknown"));
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isUiMainButtonSetParamsText(v) {
  if (typeof v !== "string") return fault("must be text");
  if (v.length < 1) return fault("is too short: at least 1");
  if (v.length > 40) return fault("is too long: at most 40");
  if (half(v)) return fault("is not well-formed text");
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isUiMainButtonSetParams(v) {
  if (!isObject(v)) return fault("must be an object");
  let inner;
  if (v.text !== undefined && (inner = isUiMainButtonSetParamsText(v.text))) return under("text", inner);
  if (v.loading !== undefined && (inner = isAuthSettingAuthSettingValue(v.loading))) return under("loading", inner);
  if (v.disabled !== undefined && (inner = isAuthSettingAuthSettingValue(v.disabled))) return under("disabled", inner);
  if (v.visible !== undefined && (inner = isAuthSettingAuthSettingValue(v.visible))) return under("visible", inner);
  for (const key of Object.keys(v)) if (key !== "text" && key !== "loading" && key !== "disabled" && key !== "visible") return under(token(key), fault("is unknown"));
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isUiBackButtonSetParams(v) {
  if (!isObject(v)) return fault("must be an object");
  let inner;
  if (v.visible !== undefined && (inner = isAuthSettingAuthSettingValue(v.visible))) return under("visible", inner);
  if (v.disabled !== undefined && (inner = isAuthSettingAuthSettingValue(v.disabled))) return under("disabled", inner);
  for (const key of Object.keys(v)) if (key !== "visible" && key !== "disabled") return under(token(key), fault("is unknown"));
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isGetLocationParamsType(v) {
  return v === "fuzzy" || v === "exact" ? null : fault("must be one of \"fuzzy\", \"exact\"");
}

/** @param {any} v @returns {Fault | null} */
function isGetLocationParams(v) {
  if (!isObject(v)) return fault("must be an object");
  let inner;
  if (v.type !== undefined && (inner = isGetLocationParamsType(v.type))) return under("type", inner);
  for (const key of Object.keys(v)) if (key !== "type") return under(token(key), fault("is unknown"));
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isScanCodeParamsScanTypeItem(v) {
  return v === "qrCode" || v === "barCode" || v === "datamatrix" || v === "pdf417" ? null : fault("must be one of \"qrCode\", \"barCode\", \"datamatrix\", \"pdf417\"");
}

/** @param {any} v @returns {Fault | null} */
function isScanCodeParamsScanType(v) {
  if (!Array.isArray(v)) return fault("must be a list");
  if (v.length < 1) return fault("is too short: at least 1");
  if (v.length > 4) return fault("is too long: at most 4");
  for (let i = 0; i < v.length; i += 1) {
    const inner = isScanCodeParamsScanTypeItem(v[i]);
    if (inner) return under(i, inner);
  }
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isScanCodeParams(v) {
  if (!isObject(v)) return fault("must be an object");
  let inner;
  if (v.onlyFromCamera !== undefined && (inner = isAuthSettingAuthSettingValue(v.onlyFromCamera))) return under("onlyFromCamera", inner);
  if (v.scanType !== undefined && (inner = isScanCodeParamsScanType(v.scanType))) return under("scanType", inner);
  for (const key of Object.keys(v)) if (key !== "onlyFromCamera" && key !== "scanType") return under(token(key), fault("is unknown"));
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isMediaChooseParamsCount(v) {
  if (!(Number.isInteger(v))) return fault("must be an integer");
  if (v < 1) return fault("must be at least 1");
  if (v > 9) return fault("must be at most 9");
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isMediaChooseParams(v) {
  if (!isObject(v)) return fault("must be an object");
  let inner;
  if (v.count === undefined) return under("count", fault("is missing"));
  if ((inner = isMediaChooseParamsCount(v.count))) return under("count", inner);
  if (v.source === undefined) return under("source", fault("is missing"));
  if ((inner = isMedia(v.source))) return under("source", inner);
  for (const key of Object.keys(v)) if (key !== "count" && key !== "source") return under(token(key), fault("is unknown"));
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isTempFileReadParamsLength(v) {
  if (!(Number.isInteger(v))) return fault("must be an integer");
  if (v < 1) return fault("must be at least 1");
  if (v > 147456) return fault("must be at most 147456");
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isTempFileReadParams(v) {
  if (!isObject(v)) return fault("must be an object");
  let inner;
  if (v.file === undefined) return under("file", fault("is missing"));
  if ((inner = isFile(v.file))) return under("file", inner);
  if (v.offset === undefined) return under("offset", fault("is missing"));
  if ((inner = isInstant(v.offset))) return under("offset", inner);
  if (v.length === undefined) return under("length", fault("is missing"));
  if ((inner = isTempFileReadParamsLength(v.length))) return under("length", inner);
  for (const key of Object.keys(v)) if (key !== "file" && key !== "offset" && key !== "length") return under(token(key), fault("is unknown"));
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isTempFileWriteParamsType(v) {
  if (typeof v !== "string") return fault("must be text");
  if (v.length > 64) return fault("is too long: at most 64");
  if (half(v)) return fault("is not well-formed text");
  if (!/^image\/[a-z0-9.+-]+$/.test(v)) return fault("does not have the right form");
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isTempFileWriteParams(v) {
  if (!isObject(v)) return fault("must be an object");
  let inner;
  if (v.file !== undefined && (inner = isFile(v.file))) return under("file", inner);
  if (v.type !== undefined && (inner = isTempFileWriteParamsType(v.type))) return under("type", inner);
  if (v.data === undefined) return under("data", fault("is missing"));
  if ((inner = isBase64(v.data))) return under("data", inner);
  for (const key of Object.keys(v)) if (key !== "file" && key !== "type" && key !== "data") return under(token(key), fault("is unknown"));
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isAlbumSaveParams(v) {
  if (!isObject(v)) return fault("must be an object");
  let inner;
  if (v.file === undefined) return under("file", fault("is missing"));
  if ((inner = isFile(v.file))) return under("file", inner);
  for (const key of Object.keys(v)) if (key !== "file") return under(token(key), fault("is unknown"));
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isSetClipboardDataParamsData(v) {
  if (typeof v !== "string") return fault("must be text");
  if (v.length > 16384) return fault("is too long: at most 16384");
  if (half(v)) return fault("is not well-formed text");
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isSetClipboardDataParams(v) {
  if (!isObject(v)) return fault("must be an object");
  let inner;
  if (v.data === undefined) return under("data", fault("is missing"));
  if ((inner = isSetClipboardDataParamsData(v.data))) return under("data", inner);
  for (const key of Object.keys(v)) if (key !== "data") return under(token(key), fault("is unknown"));
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isVibrateShortParamsType(v) {
  return v === "light" || v === "medium" || v === "heavy" ? null : fault("must be one of \"light\", \"medium\", \"heavy\"");
}

/** @param {any} v @returns {Fault | null} */
function isVibrateShortParams(v) {
  if (!isObject(v)) return fault("must be an object");
  let inner;
  if (v.type !== undefined && (inner = isVibrateShortParamsType(v.type))) return under("type", inner);
  for (const key of Object.keys(v)) if (key !== "type") return under(token(key), fault("is unknown"));
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isMakePhoneCallParamsPhoneNumber(v) {
  if (typeof v !== "string") return fault("must be text");
  if (half(v)) return fault("is not well-formed text");
  if (!/^\+?[0-9][0-9 -]{1,30}$/.test(v)) return fault("does not have the right form");
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isMakePhoneCallParams(v) {
  if (!isObject(v)) return fault("must be an object");
  let inner;
  if (v.phoneNumber === undefined) return under("phoneNumber", fault("is missing"));
  if ((inner = isMakePhoneCallParamsPhoneNumber(v.phoneNumber))) return under("phoneNumber", inner);
  for (const key of Object.keys(v)) if (key !== "phoneNumber") return under(token(key), fault("is unknown"));
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isShareParamsText(v) {
  if (typeof v !== "string") return fault("must be text");
  if (v.length > 1000) return fault("is too long: at most 1000");
  if (half(v)) return fault("is not well-formed text");
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isShareParams(v) {
  if (!isObject(v)) return fault("must be an object");
  let inner;
  if (v.title === undefined) return under("title", fault("is missing"));
  if ((inner = isShowToastParamsTitle(v.title))) return under("title", inner);
  if (v.text !== undefined && (inner = isShareParamsText(v.text))) return under("text", inner);
  if (v.path !== undefined && (inner = isPage(v.path))) return under("path", inner);
  for (const key of Object.keys(v)) if (key !== "title" && key !== "text" && key !== "path") return under(token(key), fault("is unknown"));
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isRequestPaymentParamsPrepayId(v) {
  if (typeof v !== "string") return fault("must be text");
  if (v.length < 1) return fault("is too short: at least 1");
  if (v.length > 128) return fault("is too long: at most 128");
  if (half(v)) return fault("is not well-formed text");
  if (!/^[A-Za-z0-9_-]+$/.test(v)) return fault("does not have the right form");
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isRequestPaymentParams(v) {
  if (!isObject(v)) return fault("must be an object");
  let inner;
  if (v.prepayId === undefined) return under("prepayId", fault("is missing"));
  if ((inner = isRequestPaymentParamsPrepayId(v.prepayId))) return under("prepayId", inner);
  for (const key of Object.keys(v)) if (key !== "prepayId") return under(token(key), fault("is unknown"));
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isRequestSubscribeMessageParamsTmplIdsItem(v) {
  if (typeof v !== "string") return fault("must be text");
  if (v.length < 1) return fault("is too short: at least 1");
  if (v.length > 64) return fault("is too long: at most 64");
  if (half(v)) return fault("is not well-formed text");
  if (!/^[a-z0-9_]+$/.test(v)) return fault("does not have the right form");
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isRequestSubscribeMessageParamsTmplIds(v) {
  if (!Array.isArray(v)) return fault("must be a list");
  if (v.length < 1) return fault("is too short: at least 1");
  if (v.length > 5) return fault("is too long: at most 5");
  for (let i = 0; i < v.length; i += 1) {
    const inner = isRequestSubscribeMessageParamsTmplIdsItem(v[i]);
    if (inner) return under(i, inner);
  }
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isRequestSubscribeMessageParams(v) {
  if (!isObject(v)) return fault("must be an object");
  let inner;
  if (v.tmplIds === undefined) return under("tmplIds", fault("is missing"));
  if ((inner = isRequestSubscribeMessageParamsTmplIds(v.tmplIds))) return under("tmplIds", inner);
  for (const key of Object.keys(v)) if (key !== "tmplIds") return under(token(key), fault("is unknown"));
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isLogWriteParamsEntriesItemLevel(v) {
  return v === "info" || v === "warn" || v === "error" ? null : fault("must be one of \"info\", \"warn\", \"error\"");
}

/** @param {any} v @returns {Fault | null} */
function isLogWriteParamsEntriesItemText(v) {
  if (typeof v !== "string") return fault("must be text");
  if (v.length > 4096) return fault("is too long: at most 4096");
  if (half(v)) return fault("is not well-formed text");
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isLogWriteParamsEntriesItem(v) {
  if (!isObject(v)) return fault("must be an object");
  let inner;
  if (v.level === undefined) return under("level", fault("is missing"));
  if ((inner = isLogWriteParamsEntriesItemLevel(v.level))) return under("level", inner);
  if (v.at === undefined) return under("at", fault("is missing"));
  if ((inner = isInstant(v.at))) return under("at", inner);
  if (v.text === undefined) return under("text", fault("is missing"));
  if ((inner = isLogWriteParamsEntriesItemText(v.text))) return under("text", inner);
  for (const key of Object.keys(v)) if (key !== "level" && key !== "at" && key !== "text") return under(token(key), fault("is unknown"));
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isLogWriteParamsEntries(v) {
  if (!Array.isArray(v)) return fault("must be a list");
  if (v.length < 1) return fault("is too short: at least 1");
  if (v.length > 50) return fault("is too long: at most 50");
  for (let i = 0; i < v.length; i += 1) {
    const inner = isLogWriteParamsEntriesItem(v[i]);
    if (inner) return under(i, inner);
  }
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isLogWriteParams(v) {
  if (!isObject(v)) return fault("must be an object");
  let inner;
  if (v.entries === undefined) return under("entries", fault("is missing"));
  if ((inner = isLogWriteParamsEntries(v.entries))) return under("entries", inner);
  for (const key of Object.keys(v)) if (key !== "entries") return under(token(key), fault("is unknown"));
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isReportEventParamsEventId(v) {
  if (typeof v !== "string") return fault("must be text");
  if (v.length < 1) return fault("is too short: at least 1");
  if (v.length > 64) return fault("is too long: at most 64");
  if (half(v)) return fault("is not well-formed text");
  if (!/^[A-Za-z0-9_.-]+$/.test(v)) return fault("does not have the right form");
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isReportEventParamsDataValue(v) {
  if (typeof v !== "string") return fault("must be text");
  if (v.length > 256) return fault("is too long: at most 256");
  if (half(v)) return fault("is not well-formed text");
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isReportEventParamsDataValue2(v) {
  if (!(typeof v === "number" && Number.isFinite(v))) return fault("must be a number");
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isReportEventParamsDataValue3(v) {
  return isReportEventParamsDataValue(v) && isReportEventParamsDataValue2(v) && isAuthSettingAuthSettingValue(v) && fault("fits none of the forms");
}

/** @param {any} v @returns {Fault | null} */
function isReportEventParamsData(v) {
  if (!isObject(v)) return fault("must be an object");
  const keys = Object.keys(v);
  if (keys.length > 32) return fault("is too long: at most 32");
  for (const key of keys) {
    const bad = badKey(key);
    if (bad) return bad;
    const inner = v[key] === undefined ? null : isReportEventParamsDataValue3(v[key]);
    if (inner) return under(token(key), inner);
  }
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isReportEventParams(v) {
  if (!isObject(v)) return fault("must be an object");
  let inner;
  if (v.eventId === undefined) return under("eventId", fault("is missing"));
  if ((inner = isReportEventParamsEventId(v.eventId))) return under("eventId", inner);
  if (v.data !== undefined && (inner = isReportEventParamsData(v.data))) return under("data", inner);
  for (const key of Object.keys(v)) if (key !== "eventId" && key !== "data") return under(token(key), fault("is unknown"));
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isCapabilitiesResult(v) {
  if (!Array.isArray(v)) return fault("must be a list");
  if (v.length > 128) return fault("is too long: at most 128");
  for (let i = 0; i < v.length; i += 1) {
    const inner = isCapability(v[i]);
    if (inner) return under(i, inner);
  }
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isAuthorizeResultGranted(v) {
  if (!Array.isArray(v)) return fault("must be a list");
  for (let i = 0; i < v.length; i += 1) {
    const inner = isPermission(v[i]);
    if (inner) return under(i, inner);
  }
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isAuthorizeResult(v) {
  if (!isObject(v)) return fault("must be an object");
  let inner;
  if (v.granted === undefined) return under("granted", fault("is missing"));
  if ((inner = isAuthorizeResultGranted(v.granted))) return under("granted", inner);
  if (v.denied === undefined) return under("denied", fault("is missing"));
  if ((inner = isAuthorizeResultGranted(v.denied))) return under("denied", inner);
  for (const key of Object.keys(v)) if (key !== "granted" && key !== "denied") return under(token(key), fault("is unknown"));
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isLoginResult(v) {
  if (!isObject(v)) return fault("must be an object");
  let inner;
  if (v.code === undefined) return under("code", fault("is missing"));
  if ((inner = isCode(v.code))) return under("code", inner);
  if (v.expiresIn === undefined) return under("expiresIn", fault("is missing"));
  if ((inner = isSeconds(v.expiresIn))) return under("expiresIn", inner);
  for (const key of Object.keys(v)) if (key !== "code" && key !== "expiresIn") return under(token(key), fault("is unknown"));
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isGetLaunchTokenResultToken(v) {
  if (typeof v !== "string") return fault("must be text");
  if (v.length < 1) return fault("is too short: at least 1");
  if (v.length > 4096) return fault("is too long: at most 4096");
  if (half(v)) return fault("is not well-formed text");
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isGetLaunchTokenResult(v) {
  if (!isObject(v)) return fault("must be an object");
  let inner;
  if (v.token === undefined) return under("token", fault("is missing"));
  if ((inner = isGetLaunchTokenResultToken(v.token))) return under("token", inner);
  if (v.expiresAt === undefined) return under("expiresAt", fault("is missing"));
  if ((inner = isInstant(v.expiresAt))) return under("expiresAt", inner);
  for (const key of Object.keys(v)) if (key !== "token" && key !== "expiresAt") return under(token(key), fault("is unknown"));
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isGetUserProfileResultNickName(v) {
  if (typeof v !== "string") return fault("must be text");
  if (v.length > 128) return fault("is too long: at most 128");
  if (half(v)) return fault("is not well-formed text");
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isGetUserProfileResult(v) {
  if (!isObject(v)) return fault("must be an object");
  let inner;
  if (v.nickName === undefined) return under("nickName", fault("is missing"));
  if ((inner = isGetUserProfileResultNickName(v.nickName))) return under("nickName", inner);
  if (v.avatarUrl !== undefined && (inner = isOpenURLParamsUrl(v.avatarUrl))) return under("avatarUrl", inner);
  if (v.language === undefined) return under("language", fault("is missing"));
  if ((inner = isLang(v.language))) return under("language", inner);
  for (const key of Object.keys(v)) if (key !== "nickName" && key !== "avatarUrl" && key !== "language") return under(token(key), fault("is unknown"));
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isGetPhoneNumberResultSealed(v) {
  if (typeof v !== "string") return fault("must be text");
  if (v.length < 1) return fault("is too short: at least 1");
  if (v.length > 8192) return fault("is too long: at most 8192");
  if (half(v)) return fault("is not well-formed text");
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isGetPhoneNumberResult(v) {
  if (!isObject(v)) return fault("must be an object");
  let inner;
  if (v.sealed === undefined) return under("sealed", fault("is missing"));
  if ((inner = isGetPhoneNumberResultSealed(v.sealed))) return under("sealed", inner);
  for (const key of Object.keys(v)) if (key !== "sealed") return under(token(key), fault("is unknown"));
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isGetPhoneNumberResult2(v) {
  return isLoginResult(v) && isGetPhoneNumberResult(v) && fault("fits none of the forms");
}

/** @param {any} v @returns {Fault | null} */
function isGraphqlResultErrors(v) {
  if (!Array.isArray(v)) return fault("must be a list");
  if (v.length > 1000) return fault("is too long: at most 1000");
  for (let i = 0; i < v.length; i += 1) {
    const inner = isStorage(v[i]);
    if (inner) return under(i, inner);
  }
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isGraphqlResultWithheld(v) {
  if (!Array.isArray(v)) return fault("must be a list");
  if (v.length > 1000) return fault("is too long: at most 1000");
  for (let i = 0; i < v.length; i += 1) {
    const inner = isReportEventParamsDataValue(v[i]);
    if (inner) return under(i, inner);
  }
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isGraphqlResult(v) {
  if (!isObject(v)) return fault("must be an object");
  let inner;
  if (v.data === undefined) return under("data", fault("is missing"));
  if ((inner = json(v.data))) return under("data", inner);
  if (v.errors !== undefined && (inner = isGraphqlResultErrors(v.errors))) return under("errors", inner);
  if (v.withheld === undefined) return under("withheld", fault("is missing"));
  if ((inner = isGraphqlResultWithheld(v.withheld))) return under("withheld", inner);
  for (const key of Object.keys(v)) if (key !== "data" && key !== "errors" && key !== "withheld") return under(token(key), fault("is unknown"));
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isStorageWriteResult(v) {
  if (!isObject(v)) return fault("must be an object");
  let inner;
  if (v.revision === undefined) return under("revision", fault("is missing"));
  if ((inner = isInstant(v.revision))) return under("revision", inner);
  for (const key of Object.keys(v)) if (key !== "revision") return under(token(key), fault("is unknown"));
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isShowModalResultContent(v) {
  if (typeof v !== "string") return fault("must be text");
  if (v.length > 10000) return fault("is too long: at most 10000");
  if (half(v)) return fault("is not well-formed text");
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isShowModalResult(v) {
  if (!isObject(v)) return fault("must be an object");
  let inner;
  if (v.confirm === undefined) return under("confirm", fault("is missing"));
  if ((inner = isAuthSettingAuthSettingValue(v.confirm))) return under("confirm", inner);
  if (v.cancel === undefined) return under("cancel", fault("is missing"));
  if ((inner = isAuthSettingAuthSettingValue(v.cancel))) return under("cancel", inner);
  if (v.content !== undefined && (inner = isShowModalResultContent(v.content))) return under("content", inner);
  for (const key of Object.keys(v)) if (key !== "confirm" && key !== "cancel" && key !== "content") return under(token(key), fault("is unknown"));
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isShowActionSheetResultTapIndex(v) {
  if (!(Number.isInteger(v))) return fault("must be an integer");
  if (v < 0) return fault("must be at least 0");
  if (v > 9) return fault("must be at most 9");
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isShowActionSheetResult(v) {
  if (!isObject(v)) return fault("must be an object");
  let inner;
  if (v.tapIndex === undefined) return under("tapIndex", fault("is missing"));
  if ((inner = isShowActionSheetResultTapIndex(v.tapIndex))) return under("tapIndex", inner);
  for (const key of Object.keys(v)) if (key !== "tapIndex") return under(token(key), fault("is unknown"));
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isGetLocationResultLatitude(v) {
  if (!(typeof v === "number" && Number.isFinite(v))) return fault("must be a number");
  if (v < -90) return fault("must be at least -90");
  if (v > 90) return fault("must be at most 90");
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isGetLocationResultLongitude(v) {
  if (!(typeof v === "number" && Number.isFinite(v))) return fault("must be a number");
  if (v < -180) return fault("must be at least -180");
  if (v > 180) return fault("must be at most 180");
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isGetLocationResultAccuracy(v) {
  if (!(typeof v === "number" && Number.isFinite(v))) return fault("must be a number");
  if (v < 0) return fault("must be at least 0");
  if (v > 100000000) return fault("must be at most 100000000");
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isGetLocationResult(v) {
  if (!isObject(v)) return fault("must be an object");
  let inner;
  if (v.latitude === undefined) return under("latitude", fault("is missing"));
  if ((inner = isGetLocationResultLatitude(v.latitude))) return under("latitude", inner);
  if (v.longitude === undefined) return under("longitude", fault("is missing"));
  if ((inner = isGetLocationResultLongitude(v.longitude))) return under("longitude", inner);
  if (v.accuracy === undefined) return under("accuracy", fault("is missing"));
  if ((inner = isGetLocationResultAccuracy(v.accuracy))) return under("accuracy", inner);
  if (v.type === undefined) return under("type", fault("is missing"));
  if ((inner = isGetLocationParamsType(v.type))) return under("type", inner);
  if (v.at === undefined) return under("at", fault("is missing"));
  if ((inner = isInstant(v.at))) return under("at", inner);
  for (const key of Object.keys(v)) if (key !== "latitude" && key !== "longitude" && key !== "accuracy" && key !== "type" && key !== "at") return under(token(key), fault("is unknown"));
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isScanCodeResultScanType(v) {
  if (typeof v !== "string") return fault("must be text");
  if (v.length > 32) return fault("is too long: at most 32");
  if (half(v)) return fault("is not well-formed text");
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isScanCodeResult(v) {
  if (!isObject(v)) return fault("must be an object");
  let inner;
  if (v.result === undefined) return under("result", fault("is missing"));
  if ((inner = isErrorPath(v.result))) return under("result", inner);
  if (v.scanType !== undefined && (inner = isScanCodeResultScanType(v.scanType))) return under("scanType", inner);
  for (const key of Object.keys(v)) if (key !== "result" && key !== "scanType") return under(token(key), fault("is unknown"));
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isMediaChooseResultFilesItem(v) {
  if (!isObject(v)) return fault("must be an object");
  let inner;
  if (v.file === undefined) return under("file", fault("is missing"));
  if ((inner = isFile(v.file))) return under("file", inner);
  if (v.type === undefined) return under("type", fault("is missing"));
  if ((inner = isTempFileWriteParamsType(v.type))) return under("type", inner);
  if (v.size === undefined) return under("size", fault("is missing"));
  if ((inner = isInstant(v.size))) return under("size", inner);
  for (const key of Object.keys(v)) if (key !== "file" && key !== "type" && key !== "size") return under(token(key), fault("is unknown"));
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isMediaChooseResultFiles(v) {
  if (!Array.isArray(v)) return fault("must be a list");
  if (v.length < 1) return fault("is too short: at least 1");
  if (v.length > 9) return fault("is too long: at most 9");
  for (let i = 0; i < v.length; i += 1) {
    const inner = isMediaChooseResultFilesItem(v[i]);
    if (inner) return under(i, inner);
  }
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isMediaChooseResult(v) {
  if (!isObject(v)) return fault("must be an object");
  let inner;
  if (v.files === undefined) return under("files", fault("is missing"));
  if ((inner = isMediaChooseResultFiles(v.files))) return under("files", inner);
  for (const key of Object.keys(v)) if (key !== "files") return under(token(key), fault("is unknown"));
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isTempFileReadResult(v) {
  if (!isObject(v)) return fault("must be an object");
  let inner;
  if (v.data === undefined) return under("data", fault("is missing"));
  if ((inner = isBase64(v.data))) return under("data", inner);
  for (const key of Object.keys(v)) if (key !== "data") return under(token(key), fault("is unknown"));
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isTempFileWriteResult(v) {
  if (!isObject(v)) return fault("must be an object");
  let inner;
  if (v.file === undefined) return under("file", fault("is missing"));
  if ((inner = isFile(v.file))) return under("file", inner);
  if (v.size === undefined) return under("size", fault("is missing"));
  if ((inner = isInstant(v.size))) return under("size", inner);
  for (const key of Object.keys(v)) if (key !== "file" && key !== "size") return under(token(key), fault("is unknown"));
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isRequestPaymentResultStatus(v) {
  return v === "submitted" || v === "cancelled" || v === "pending" ? null : fault("must be one of \"submitted\", \"cancelled\", \"pending\"");
}

/** @param {any} v @returns {Fault | null} */
function isRequestPaymentResult(v) {
  if (!isObject(v)) return fault("must be an object");
  let inner;
  if (v.status === undefined) return under("status", fault("is missing"));
  if ((inner = isRequestPaymentResultStatus(v.status))) return under("status", inner);
  for (const key of Object.keys(v)) if (key !== "status") return under(token(key), fault("is unknown"));
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isRequestSubscribeMessageResultValue(v) {
  return v === "accept" || v === "reject" || v === "ban" || v === "filter" ? null : fault("must be one of \"accept\", \"reject\", \"ban\", \"filter\"");
}

/** @param {any} v @returns {Fault | null} */
function isRequestSubscribeMessageResult(v) {
  if (!isObject(v)) return fault("must be an object");
  const keys = Object.keys(v);
  for (const key of keys) {
    const bad = badKey(key);
    if (bad) return bad;
    const inner = v[key] === undefined ? null : isRequestSubscribeMessageResultValue(v[key]);
    if (inner) return under(token(key), inner);
  }
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isApphideDataReason(v) {
  return v === "home" || v === "covered" || v === "program" || v === "closed" ? null : fault("must be one of \"home\", \"covered\", \"program\", \"closed\"");
}

/** @param {any} v @returns {Fault | null} */
function isApphideData(v) {
  if (!isObject(v)) return fault("must be an object");
  let inner;
  if (v.reason === undefined) return under("reason", fault("is missing"));
  if ((inner = isApphideDataReason(v.reason))) return under("reason", inner);
  for (const key of Object.keys(v)) if (key !== "reason") return under(token(key), fault("is unknown"));
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isApperrorData(v) {
  if (!isObject(v)) return fault("must be an object");
  let inner;
  if (v.errorDescription === undefined) return under("errorDescription", fault("is missing"));
  if ((inner = isErrorMessage(v.errorDescription))) return under("errorDescription", inner);
  if (v.lang !== undefined && (inner = isLang(v.lang))) return under("lang", inner);
  if (v.dir !== undefined && (inner = isDir(v.dir))) return under("dir", inner);
  for (const key of Object.keys(v)) if (key !== "errorDescription" && key !== "lang" && key !== "dir") return under(token(key), fault("is unknown"));
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isAppunloadDataReason(v) {
  return v === "closed" || v === "hidden" || v === "pressure" || v === "update" || v === "revoked" ? null : fault("must be one of \"closed\", \"hidden\", \"pressure\", \"update\", \"revoked\"");
}

/** @param {any} v @returns {Fault | null} */
function isAppunloadData(v) {
  if (!isObject(v)) return fault("must be an object");
  let inner;
  if (v.reason === undefined) return under("reason", fault("is missing"));
  if ((inner = isAppunloadDataReason(v.reason))) return under("reason", inner);
  for (const key of Object.keys(v)) if (key !== "reason") return under(token(key), fault("is unknown"));
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isThemechangeData(v) {
  if (!isObject(v)) return fault("must be an object");
  let inner;
  if (v.theme === undefined) return under("theme", fault("is missing"));
  if ((inner = isTheme(v.theme))) return under("theme", inner);
  for (const key of Object.keys(v)) if (key !== "theme") return under(token(key), fault("is unknown"));
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isLocalechangeData(v) {
  if (!isObject(v)) return fault("must be an object");
  let inner;
  if (v.lang === undefined) return under("lang", fault("is missing"));
  if ((inner = isLang(v.lang))) return under("lang", inner);
  if (v.dir === undefined) return under("dir", fault("is missing"));
  if ((inner = isDir(v.dir))) return under("dir", inner);
  for (const key of Object.keys(v)) if (key !== "lang" && key !== "dir") return under(token(key), fault("is unknown"));
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isFontscaleData(v) {
  if (!isObject(v)) return fault("must be an object");
  let inner;
  if (v.fontScale === undefined) return under("fontScale", fault("is missing"));
  if ((inner = isEnvFontScale(v.fontScale))) return under("fontScale", inner);
  if (v.elderMode === undefined) return under("elderMode", fault("is missing"));
  if ((inner = isAuthSettingAuthSettingValue(v.elderMode))) return under("elderMode", inner);
  for (const key of Object.keys(v)) if (key !== "fontScale" && key !== "elderMode") return under(token(key), fault("is unknown"));
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isNetworkchangeData(v) {
  if (!isObject(v)) return fault("must be an object");
  let inner;
  if (v.isConnected === undefined) return under("isConnected", fault("is missing"));
  if ((inner = isAuthSettingAuthSettingValue(v.isConnected))) return under("isConnected", inner);
  if (v.networkType === undefined) return under("networkType", fault("is missing"));
  if ((inner = isNetwork(v.networkType))) return under("networkType", inner);
  for (const key of Object.keys(v)) if (key !== "isConnected" && key !== "networkType") return under(token(key), fault("is unknown"));
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isMemorywarningDataLevel(v) {
  return v === "low" || v === "critical" ? null : fault("must be one of \"low\", \"critical\"");
}

/** @param {any} v @returns {Fault | null} */
function isMemorywarningData(v) {
  if (!isObject(v)) return fault("must be an object");
  let inner;
  if (v.level === undefined) return under("level", fault("is missing"));
  if ((inner = isMemorywarningDataLevel(v.level))) return under("level", inner);
  for (const key of Object.keys(v)) if (key !== "level") return under(token(key), fault("is unknown"));
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isCapabilitychangeDataCapabilities(v) {
  if (!Array.isArray(v)) return fault("must be a list");
  if (v.length < 1) return fault("is too short: at least 1");
  if (v.length > 128) return fault("is too long: at most 128");
  for (let i = 0; i < v.length; i += 1) {
    const inner = isCapability(v[i]);
    if (inner) return under(i, inner);
  }
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isCapabilitychangeData(v) {
  if (!isObject(v)) return fault("must be an object");
  let inner;
  if (v.capabilities === undefined) return under("capabilities", fault("is missing"));
  if ((inner = isCapabilitychangeDataCapabilities(v.capabilities))) return under("capabilities", inner);
  for (const key of Object.keys(v)) if (key !== "capabilities") return under(token(key), fault("is unknown"));
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isUpdate_readyData(v) {
  if (!isObject(v)) return fault("must be an object");
  let inner;
  if (v.versionName === undefined) return under("versionName", fault("is missing"));
  if ((inner = isLaunchScene(v.versionName))) return under("versionName", inner);
  if (v.versionCode === undefined) return under("versionCode", fault("is missing"));
  if ((inner = isInstant(v.versionCode))) return under("versionCode", inner);
  for (const key of Object.keys(v)) if (key !== "versionName" && key !== "versionCode") return under(token(key), fault("is unknown"));
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isResizeData(v) {
  if (!isObject(v)) return fault("must be an object");
  let inner;
  if (v.windowWidth === undefined) return under("windowWidth", fault("is missing"));
  if ((inner = isPixels(v.windowWidth))) return under("windowWidth", inner);
  if (v.windowHeight === undefined) return under("windowHeight", fault("is missing"));
  if ((inner = isPixels(v.windowHeight))) return under("windowHeight", inner);
  if (v.safeArea === undefined) return under("safeArea", fault("is missing"));
  if ((inner = isSafeArea(v.safeArea))) return under("safeArea", inner);
  for (const key of Object.keys(v)) if (key !== "windowWidth" && key !== "windowHeight" && key !== "safeArea") return under(token(key), fault("is unknown"));
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isRouteDataAction(v) {
  return v === "navigateTo" || v === "redirectTo" || v === "switchTab" || v === "reLaunch" || v === "navigateBack" ? null : fault("must be one of \"navigateTo\", \"redirectTo\", \"switchTab\", \"reLaunch\", \"navigateBack\"");
}

/** @param {any} v @returns {Fault | null} */
function isRouteData(v) {
  if (!isObject(v)) return fault("must be an object");
  let inner;
  if (v.action === undefined) return under("action", fault("is missing"));
  if ((inner = isRouteDataAction(v.action))) return under("action", inner);
  if (v.page === undefined) return under("page", fault("is missing"));
  if ((inner = isPage(v.page))) return under("page", inner);
  if (v.query === undefined) return under("query", fault("is missing"));
  if ((inner = isQuery(v.query))) return under("query", inner);
  if (v.stack === undefined) return under("stack", fault("is missing"));
  if ((inner = isEnvStack(v.stack))) return under("stack", inner);
  for (const key of Object.keys(v)) if (key !== "action" && key !== "page" && key !== "query" && key !== "stack") return under(token(key), fault("is unknown"));
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isStoragechangeDataRemoved(v) {
  if (!Array.isArray(v)) return fault("must be a list");
  for (let i = 0; i < v.length; i += 1) {
    const inner = isKey(v[i]);
    if (inner) return under(i, inner);
  }
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isStoragechangeData(v) {
  if (!isObject(v)) return fault("must be an object");
  let inner;
  if (v.put === undefined) return under("put", fault("is missing"));
  if ((inner = isStorage(v.put))) return under("put", inner);
  if (v.removed === undefined) return under("removed", fault("is missing"));
  if ((inner = isStoragechangeDataRemoved(v.removed))) return under("removed", inner);
  if (v.clear === undefined) return under("clear", fault("is missing"));
  if ((inner = isAuthSettingAuthSettingValue(v.clear))) return under("clear", inner);
  for (const key of Object.keys(v)) if (key !== "put" && key !== "removed" && key !== "clear") return under(token(key), fault("is unknown"));
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isHelloMessageMp(v) {
  return v === "hello" ? null : fault("must be one of \"hello\"");
}

/** @param {any} v @returns {Fault | null} */
function isHelloMessageProtocols(v) {
  if (!Array.isArray(v)) return fault("must be a list");
  if (v.length < 1) return fault("is too short: at least 1");
  if (v.length > 8) return fault("is too long: at most 8");
  for (let i = 0; i < v.length; i += 1) {
    const inner = isEnvProtocol(v[i]);
    if (inner) return under(i, inner);
  }
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isHelloMessage(v) {
  if (!isObject(v)) return fault("must be an object");
  let inner;
  if (v.mp === undefined) return under("mp", fault("is missing"));
  if ((inner = isHelloMessageMp(v.mp))) return under("mp", inner);
  if (v.protocols === undefined) return under("protocols", fault("is missing"));
  if ((inner = isHelloMessageProtocols(v.protocols))) return under("protocols", inner);
  if (v.sdk === undefined) return under("sdk", fault("is missing"));
  if ((inner = isLaunchScene(v.sdk))) return under("sdk", inner);
  for (const key of Object.keys(v)) if (key !== "mp" && key !== "protocols" && key !== "sdk") return under(token(key), fault("is unknown"));
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isWelcomeMessageMp(v) {
  return v === "welcome" ? null : fault("must be one of \"welcome\"");
}

/** @param {any} v @returns {Fault | null} */
function isWelcomeMessageSession(v) {
  if (typeof v !== "string") return fault("must be text");
  if (v.length < 1) return fault("is too short: at least 1");
  if (v.length > 64) return fault("is too long: at most 64");
  if (half(v)) return fault("is not well-formed text");
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isWelcomeMessage(v) {
  if (!isObject(v)) return fault("must be an object");
  let inner;
  if (v.mp === undefined) return under("mp", fault("is missing"));
  if ((inner = isWelcomeMessageMp(v.mp))) return under("mp", inner);
  if (v.protocol === undefined) return under("protocol", fault("is missing"));
  if ((inner = isEnvProtocol(v.protocol))) return under("protocol", inner);
  if (v.session !== undefined && (inner = isWelcomeMessageSession(v.session))) return under("session", inner);
  if (v.launch === undefined) return under("launch", fault("is missing"));
  if ((inner = isLaunch(v.launch))) return under("launch", inner);
  if (v.env === undefined) return under("env", fault("is missing"));
  if ((inner = isEnv(v.env))) return under("env", inner);
  if (v.storage === undefined) return under("storage", fault("is missing"));
  if ((inner = isStorage(v.storage))) return under("storage", inner);
  for (const key of Object.keys(v)) if (key !== "mp" && key !== "protocol" && key !== "session" && key !== "launch" && key !== "env" && key !== "storage") return under(token(key), fault("is unknown"));
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isRequestMessage(v) {
  if (!isObject(v)) return fault("must be an object");
  let inner;
  if (v.id === undefined) return under("id", fault("is missing"));
  if ((inner = isCallId(v.id))) return under("id", inner);
  if (v.m === undefined) return under("m", fault("is missing"));
  if ((inner = isWelcomeMessageSession(v.m))) return under("m", inner);
  if (v.p !== undefined && (inner = isStorage(v.p))) return under("p", inner);
  for (const key of Object.keys(v)) if (key !== "id" && key !== "m" && key !== "p") return under(token(key), fault("is unknown"));
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isCancelMessage(v) {
  if (!isObject(v)) return fault("must be an object");
  let inner;
  if (v.cancel === undefined) return under("cancel", fault("is missing"));
  if ((inner = isCallId(v.cancel))) return under("cancel", inner);
  for (const key of Object.keys(v)) if (key !== "cancel") return under(token(key), fault("is unknown"));
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isPongMessage(v) {
  if (!isObject(v)) return fault("must be an object");
  let inner;
  if (v.pong === undefined) return under("pong", fault("is missing"));
  if ((inner = isEnvProtocol(v.pong))) return under("pong", inner);
  for (const key of Object.keys(v)) if (key !== "pong") return under(token(key), fault("is unknown"));
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isAnswerMessage(v) {
  if (!isObject(v)) return fault("must be an object");
  let inner;
  if (v.id === undefined) return under("id", fault("is missing"));
  if ((inner = isCallId(v.id))) return under("id", inner);
  if (v.ok === undefined) return under("ok", fault("is missing"));
  if ((inner = json(v.ok))) return under("ok", inner);
  for (const key of Object.keys(v)) if (key !== "id" && key !== "ok") return under(token(key), fault("is unknown"));
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isRefusalMessage(v) {
  if (!isObject(v)) return fault("must be an object");
  let inner;
  if (v.id === undefined) return under("id", fault("is missing"));
  if ((inner = isCallId(v.id))) return under("id", inner);
  if (v.err === undefined) return under("err", fault("is missing"));
  if ((inner = isError(v.err))) return under("err", inner);
  for (const key of Object.keys(v)) if (key !== "id" && key !== "err") return under(token(key), fault("is unknown"));
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isEventMessage(v) {
  if (!isObject(v)) return fault("must be an object");
  let inner;
  if (v.ev === undefined) return under("ev", fault("is missing"));
  if ((inner = isWelcomeMessageSession(v.ev))) return under("ev", inner);
  if (v.d === undefined) return under("d", fault("is missing"));
  if ((inner = isStorage(v.d))) return under("d", inner);
  for (const key of Object.keys(v)) if (key !== "ev" && key !== "d") return under(token(key), fault("is unknown"));
  return null;
}

/** @param {any} v @returns {Fault | null} */
function isPingMessage(v) {
  if (!isObject(v)) return fault("must be an object");
  let inner;
  if (v.ping === undefined) return under("ping", fault("is missing"));
  if ((inner = isEnvProtocol(v.ping))) return under("ping", inner);
  for (const key of Object.keys(v)) if (key !== "ping") return under(token(key), fault("is unknown"));
  return null;
}

const PARAMS = new Map([
  ["capabilities", isNone],
  ["authorize", isAuthorizeParams],
  ["getSetting", isNone],
  ["openSetting", isNone],
  ["login", isNone],
  ["checkSession", isNone],
  ["getLaunchToken", isNone],
  ["getUserProfile", isGetUserProfileParams],
  ["getPhoneNumber", isGetPhoneNumberParams],
  ["graphql", isGraphqlParams],
  ["storageWrite", isStorageWriteParams],
  ["navigateTo", isNavigateToParams],
  ["redirectTo", isNavigateToParams],
  ["switchTab", isNavigateToParams],
  ["reLaunch", isNavigateToParams],
  ["navigateBack", isNavigateBackParams],
  ["openMiniProgram", isOpenMiniProgramParams3],
  ["navigateBackMiniProgram", isNavigateBackMiniProgramParams],
  ["exitMiniProgram", isNone],
  ["openURL", isOpenURLParams],
  ["pageReady", isPageReadyParams],
  ["pageStack", isPageStackParams],
  ["showToast", isShowToastParams],
  ["hideToast", isNone],
  ["showLoading", isShowLoadingParams],
  ["hideLoading", isNone],
  ["showModal", isShowModalParams],
  ["showActionSheet", isShowActionSheetParams],
  ["setNavigationBarTitle", isSetNavigationBarTitleParams],
  ["setNavigationBarColor", isSetNavigationBarColorParams],
  ["stopPullDownRefresh", isNone],
  ["enableAlertBeforeUnload", isEnableAlertBeforeUnloadParams],
  ["disableAlertBeforeUnload", isNone],
  ["setTabBarBadge", isSetTabBarBadgeParams],
  ["uiMainButtonSet", isUiMainButtonSetParams],
  ["uiBackButtonSet", isUiBackButtonSetParams],
  ["uiSettingsButtonSet", isUiBackButtonSetParams],
  ["getLocation", isGetLocationParams],
  ["scanCode", isScanCodeParams],
  ["mediaChoose", isMediaChooseParams],
  ["tempFileRead", isTempFileReadParams],
  ["tempFileWrite", isTempFileWriteParams],
  ["albumSave", isAlbumSaveParams],
  ["setClipboardData", isSetClipboardDataParams],
  ["getClipboardData", isNone],
  ["vibrateShort", isVibrateShortParams],
  ["makePhoneCall", isMakePhoneCallParams],
  ["share", isShareParams],
  ["requestPayment", isRequestPaymentParams],
  ["requestSubscribeMessage", isRequestSubscribeMessageParams],
  ["updateApply", isNone],
  ["logWrite", isLogWriteParams],
  ["reportEvent", isReportEventParams],
]);

const RESULTS = new Map([
  ["capabilities", isCapabilitiesResult],
  ["authorize", isAuthorizeResult],
  ["getSetting", isAuthSetting],
  ["openSetting", isAuthSetting],
  ["login", isLoginResult],
  ["checkSession", isNone],
  ["getLaunchToken", isGetLaunchTokenResult],
  ["getUserProfile", isGetUserProfileResult],
  ["getPhoneNumber", isGetPhoneNumberResult2],
  ["graphql", isGraphqlResult],
  ["storageWrite", isStorageWriteResult],
  ["navigateTo", isNone],
  ["redirectTo", isNone],
  ["switchTab", isNone],
  ["reLaunch", isNone],
  ["navigateBack", isNone],
  ["openMiniProgram", isNone],
  ["navigateBackMiniProgram", isNone],
  ["exitMiniProgram", isNone],
  ["openURL", isNone],
  ["pageReady", isNone],
  ["pageStack", isNone],
  ["showToast", isNone],
  ["hideToast", isNone],
  ["showLoading", isNone],
  ["hideLoading", isNone],
  ["showModal", isShowModalResult],
  ["showActionSheet", isShowActionSheetResult],
  ["setNavigationBarTitle", isNone],
  ["setNavigationBarColor", isNone],
  ["stopPullDownRefresh", isNone],
  ["enableAlertBeforeUnload", isNone],
  ["disableAlertBeforeUnload", isNone],
  ["setTabBarBadge", isNone],
  ["uiMainButtonSet", isNone],
  ["uiBackButtonSet", isNone],
  ["uiSettingsButtonSet", isNone],
  ["getLocation", isGetLocationResult],
  ["scanCode", isScanCodeResult],
  ["mediaChoose", isMediaChooseResult],
  ["tempFileRead", isTempFileReadResult],
  ["tempFileWrite", isTempFileWriteResult],
  ["albumSave", isNone],
  ["setClipboardData", isNone],
  ["getClipboardData", isSetClipboardDataParams],
  ["vibrateShort", isNone],
  ["makePhoneCall", isNone],
  ["share", isNone],
  ["requestPayment", isRequestPaymentResult],
  ["requestSubscribeMessage", isRequestSubscribeMessageResult],
  ["updateApply", isNone],
  ["logWrite", isNone],
  ["reportEvent", isNone],
]);

const DATA = new Map([
  ["appshow", isLaunch],
  ["apphide", isApphideData],
  ["apperror", isApperrorData],
  ["appunload", isAppunloadData],
  ["themechange", isThemechangeData],
  ["localechange", isLocalechangeData],
  ["fontscale", isFontscaleData],
  ["networkchange", isNetworkchangeData],
  ["memorywarning", isMemorywarningData],
  ["capabilitychange", isCapabilitychangeData],
  ["update-ready", isUpdate_readyData],
  ["mainbutton", isNone],
  ["backbutton", isNone],
  ["settingsbutton", isNone],
  ["pulldownrefresh", isNone],
  ["resize", isResizeData],
  ["route", isRouteData],
  ["storagechange", isStoragechangeData],
]);

const WIRE = new Map([
  ["hello", isHelloMessage],
  ["welcome", isWelcomeMessage],
  ["request", isRequestMessage],
  ["cancel", isCancelMessage],
  ["pong", isPongMessage],
  ["answer", isAnswerMessage],
  ["refusal", isRefusalMessage],
  ["event", isEventMessage],
  ["ping", isPingMessage],
]);

/**
 * @param {Map<string, (value: any) => Fault | null>} table
 * @param {string} name @param {unknown} value
 * @param {boolean} [sound]  it was walked already: it is JSON, not too deep, its texts and keys are well-formed
 * @returns {Fault | null}
 */
const checked = (table, name, value, sound = false) => {
  walked = sound;
  const check = table.get(name);
  return check ? check(value) : fault("is unknown");
};

/** @param {string} method @param {unknown} params @param {boolean} [sound] @returns {Fault | null} */
export const checkParams = (method, params, sound) => checked(PARAMS, method, params, sound);

/** @param {string} method @param {unknown} result @param {boolean} [sound] @returns {Fault | null} */
export const checkResult = (method, result, sound) => checked(RESULTS, method, result, sound);

/** @param {string} type @param {unknown} data @returns {Fault | null} */
export const checkEvent = (type, data) => checked(DATA, type, data);

/** @param {string} kind  hello, welcome, request, cancel, … @param {unknown} message @returns {Fault | null} */
export const checkWire = (kind, message) => checked(WIRE, kind, message);
