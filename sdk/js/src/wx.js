/**
 * `wx` for porting: the calls of `mp` under the names that ported code uses, with `success`, `fail` and `complete`. A name
 * that is not there throws `E_UNSUPPORTED` where it is read, and says which name is nearest; to ask first, use
 * `'name' in wx` or `wx.canIUse('name')`.
 */
import { METHODS } from './generated/methods.js';
import { mp, MpError } from './index.js';
import { nearest } from './nearest.js';

/** Names of `wx` by which its `on…` and `off…` go, and ours. */
const EVENTS = {
  AppShow: 'appshow', AppHide: 'apphide', Error: 'apperror', ThemeChange: 'themechange', NetworkStatusChange: 'networkchange',
  MemoryWarning: 'memorywarning', WindowResize: 'resize',
};

const offered = { canIUse: mp.canIUse, getLaunchOptionsSync };
for (const [name, { internal }] of Object.entries(METHODS)) if (!internal) offered[name] = mp[name];
for (const [name, type] of Object.entries(EVENTS)) {
  offered[`on${name}`] = (listener) => mp.on(type, listener);
  offered[`off${name}`] = (listener) => mp.off(type, listener);
}

function getLaunchOptionsSync() {
  const { page, query, scene, referrer } = mp.launch;
  return { path: page, query, scene, referrerInfo: referrer ?? {} };
}

/** What engines and tools look for in any object; that it is not there is an answer. */
const LOOKED_FOR = new Set(['then', 'toJSON', 'constructor', 'prototype', 'nodeType', 'asymmetricMatch', '$$typeof', '__esModule']);

export const wx = new Proxy(Object.freeze(offered), {
  get(target, name) {
    if (typeof name === 'symbol' || LOOKED_FOR.has(name) || Object.hasOwn(target, name)) return target[name];
    const near = nearest(name, Object.keys(target));
    throw new MpError('E_UNSUPPORTED', { method: `wx.${name}`, message: `There is no wx.${name} here. The nearest is wx.${near}.` });
  },
});
