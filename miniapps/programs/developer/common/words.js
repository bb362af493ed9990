/** The words of the program in the reader's language, and times and numbers as people of the city say them. */
import { mp } from '../app.js';
import { en } from './en.js';
import { zh } from './zh.js';

const chinese = () => mp.env.lang.startsWith('zh');
const language = () => (chinese() ? 'zh-CN' : 'en');

export function t(key, values = {}) {
  const words = (chinese() ? zh : en)[key];
  return typeof words === 'function' ? words(values) : words;
}

const show = (options, at) => new Intl.DateTimeFormat(language(), { timeZone: 'Asia/Shanghai', ...options }).format(at);
const CLOCK = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' };
const DAY = { month: 'long', day: 'numeric' };

/** "14:05" today, "11月22日 14:05" on another day. */
export function moment(at) {
  const then = new Date(at);
  return show(show(DAY, then) === show(DAY, new Date()) ? CLOCK : { ...DAY, ...CLOCK }, then);
}

/** "11月22日" of the city's "2026-11-22". */
export const dayOf = (day) => show(DAY, new Date(`${day}T12:00:00+08:00`));

/** The city's day so many days before today, ISO 8601. */
export const dayBefore = (days) => new Intl.DateTimeFormat('en-CA', { timeZone: 'Asia/Shanghai' }).format(Date.now() - days * 86_400_000);

export const number = (n, options) => new Intl.NumberFormat(language(), options).format(n);
export const percent = (n) => number(n, { maximumFractionDigits: 2 });
export const kilobytes = (bytes) => `${number(bytes / 1024, { maximumFractionDigits: 1 })} KB`;
