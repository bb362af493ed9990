/**
 * What is wrong with a call, before it is sent: it fails where it was made, with the place of the mistake.
 *
 * `methods.js` writes a shape as: 0 any JSON · 1 true or false · "s1,20" text of so many UTF-16 units, "s,20,0" with the
 * pattern PATTERNS[0] · "i0,5" integer · "n0,5" number · [a, b] one of these · {name: shape, "needed!": shape} an object
 * with these members alone · {"[]": shape, n: "1,5"} a list · {"*": shape, n: ",5"} an object with keys of its own ·
 * {"|": shapes} the first that fits.
 */
import { DEPTH, METHODS, PATTERNS } from './methods.js';

const HALF = /\p{Surrogate}/u;

/** Has a half of a pair alone. Most texts are short and have no pair: there a loop is much faster than the pattern. */
function half(text) {
  if (text.length > 64) return HALF.test(text);
  for (let i = 0; i < text.length; i += 1) if ((text.charCodeAt(i) & 0xf800) === 0xd800) return HALF.test(text);
  return false;
}

const fault = (problem, path = '') => ({ path, problem });
const token = (key) => (key.length > 64 || half(key) ? '…' : key.replaceAll('~', '~0').replaceAll('/', '~1'));
const under = (key, inner) => inner && fault(inner.problem, `/${token(`${key}`)}${inner.path}`);
const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);
const first = (list, check) => {
  for (const one of list) {
    const found = check(one);
    if (found) return found;
  }
  return null;
};

/** A length outside of "1,5"; either may be missing. */
function length(count, [least, most]) {
  if (least && count < least) return fault(`is too short: at least ${least}`);
  return most && count > most ? fault(`is too long: at most ${most}`) : null;
}

function text(value, [least, most, pattern]) {
  if (typeof value !== 'string') return fault('must be text');
  const wrong = length(value.length, [least, most]);
  if (wrong || half(value)) return wrong || fault('is not well-formed text');
  const [right, problem = 'does not have the right form'] = PATTERNS[pattern] || [];
  return right && !right.test(value) ? fault(problem) : null;
}

function number(value, whole, [least, most]) {
  if (whole ? !Number.isInteger(value) : !Number.isFinite(value)) return fault(`must be ${whole ? 'an integer' : 'a number'}`);
  if (least && value < least) return fault(`must be at least ${least}`);
  return most && value > most ? fault(`must be at most ${most}`) : null;
}

function json(value, depth) {
  if (value === null || typeof value === 'boolean') return null;
  if (typeof value === 'string') return half(value) ? fault('is not well-formed text') : null;
  if (Number.isFinite(value)) return null;
  if (typeof value !== 'object') return fault('is not JSON');
  if (depth === DEPTH) return fault('is nested too deep');
  if (Array.isArray(value)) {
    for (let at = 0; at < value.length; at += 1) {
      const inner = json(value[at], depth + 1);
      if (inner) return under(at, inner);
    }
    return null;
  }
  for (const key of Object.keys(value)) {
    const inner = badKey(key) || (value[key] === undefined ? null : json(value[key], depth + 1));
    if (inner) return under(key, inner);
  }
  return null;
}

const badKey = (key) => (key === '__proto__' || half(key) ? fault('is no key') : null);

const items = (list, check) => first(list.keys(), (at) => under(at, check(list[at])));

const keys = (map, check) =>
  first(Object.keys(map), (key) => under(key, badKey(key) || (map[key] === undefined ? null : check(map[key]))));

function record(shape, value) {
  const members = Object.keys(shape);
  return (
    first(members, (member) => {
      const key = member.replace('!', '');
      if (value[key] === undefined) return member === key ? null : fault('is missing', `/${key}`);
      return under(key, wrong(shape[member], value[key]));
    }) ||
    first(Object.keys(value), (key) =>
      members.includes(key) || members.includes(`${key}!`) ? null : under(key, fault('is unknown')),
    )
  );
}

function wrong(shape, value) {
  if (shape === 0) return json(value, 0);
  if (shape === 1) return typeof value === 'boolean' ? null : fault('must be true or false');
  if (typeof shape === 'string') {
    const bounds = shape.slice(1).split(',');
    return shape[0] === 's' ? text(value, bounds) : number(value, shape[0] === 'i', bounds);
  }
  if (Array.isArray(shape)) {
    return shape.includes(value) ? null : fault(`must be one of ${shape.map((one) => JSON.stringify(one)).join(', ')}`);
  }
  if (shape['|']) return shape['|'].some((one) => !wrong(one, value)) ? null : fault('fits none of the forms');
  if (shape['[]'] !== undefined) {
    if (!Array.isArray(value)) return fault('must be a list');
    return length(value.length, (shape.n || '').split(',')) || items(value, (one) => wrong(shape['[]'], one));
  }
  if (!isObject(value)) return fault('must be an object');
  const values = shape['*'];
  if (values === undefined) return record(shape, value);
  const many = length(Object.keys(value).length, (shape.n || '').split(','));
  return many || keys(value, (one) => (values ? wrong(values, one) : json(one, 1)));
}

/**
 * @param {string} method
 * @param {unknown} params
 * @returns {{ path: string, problem: string } | null} path: a JSON pointer
 */
export const checkParams = (method, params) =>
  Object.hasOwn(METHODS, method) ? wrong(METHODS[method].shape, params) : fault('is unknown');
