/** What the host told and the page knows, for the calls that answer at once. Readable anywhere: outside a host, in Node. */
import { EVENTS, METHODS, SDK } from './generated/methods.js';

const NO_AREA = { top: 0, right: 0, bottom: 0, left: 0 };

/** What holds where no host has spoken yet. */
export function noEnv() {
  const { navigator } = globalThis;
  return {
    platform: 'web', hostVersion: '', protocol: 0, appId: '', version: { name: '', code: 0 },
    lang: navigator?.language || 'en', dir: 'ltr', theme: 'light', safeArea: NO_AREA, fontScale: 1, elderMode: false,
    network: 'unknown', style: 'spa', pages: [], stack: [], connect: [], unsupported: [],
  };
}

export const NO_LAUNCH = Object.freeze({ page: '', query: Object.freeze({}), scene: '' });

/** Which part of `env` an event changes. */
export const CHANGES = {
  themechange: ({ theme }) => ({ theme }),
  localechange: ({ lang, dir }) => ({ lang, dir }),
  fontscale: ({ fontScale, elderMode }) => ({ fontScale, elderMode }),
  networkchange: ({ networkType }) => ({ network: networkType }),
  resize: ({ safeArea }) => ({ safeArea }),
  route: ({ stack }) => ({ stack }),
};

export function windowInfo({ safeArea }) {
  const { window = {}, screen = {} } = globalThis;
  const { innerWidth = 0, innerHeight = 0, devicePixelRatio = 1 } = window;
  return {
    pixelRatio: devicePixelRatio, screenWidth: screen.width || 0, screenHeight: screen.height || 0,
    windowWidth: innerWidth, windowHeight: innerHeight, safeArea,
  };
}

export function baseInfo({ hostVersion, lang, theme, fontScale, elderMode }) {
  return { version: hostVersion, SDKVersion: SDK, language: lang, theme, fontSizeScaleFactor: fontScale, elderMode };
}

export const systemInfo = (env) => ({ platform: env.platform, ...baseInfo(env), ...windowInfo(env) });

export function accountInfo({ appId, version, platform }) {
  return { miniProgram: { appId, version: version.name, envVersion: platform === 'devtools' ? 'develop' : 'release' } };
}

/** Whether this host offers a method, one of its parameters, or an event: `scanCode`, `scanCode.onlyFromCamera`, `on.appshow`. */
export function canIUse(name, { unsupported }) {
  const [method, part] = String(name).split('.');
  if (method === 'on') return Object.hasOwn(EVENTS, part || '');
  if (!Object.hasOwn(METHODS, method) || METHODS[method].internal || unsupported.includes(method)) return false;
  return part === undefined || METHODS[method].params.includes(part);
}
