/** Times as people say them: relative when near, absolute when it matters, always in the city's zone. */

import { t } from "./i18n.js";
import { prefs } from "./prefs.js";
import { cityNow } from "./session.js";

const ZONE = "Asia/Shanghai";
const MINUTE = 60_000;

/** @param {Intl.DateTimeFormatOptions} options @param {number} at */
const show = (options, at) => new Intl.DateTimeFormat(prefs().locale, { timeZone: ZONE, ...options }).format(at);

const CLOCK = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
const dayOf = (at) => new Intl.DateTimeFormat("en-CA", { timeZone: ZONE }).format(at);

/** "15:04" @param {string | number} at */
export const clock = (at) => show(CLOCK, instant(at));

/** "15:04:07" @param {string | number} at */
export const clockSeconds = (at) => show({ ...CLOCK, second: "2-digit" }, instant(at));

/** "11月22日 星期日" */
export const today = () => show({ month: "long", day: "numeric", weekday: "long" }, cityNow());

/** "刚刚", "5 分钟前", "今天 15:04", "昨天 15:04", "11月3日 15:04" @param {string | number} at */
export function when(at) {
  const then = instant(at);
  const ago = cityNow() - then;
  if (ago < MINUTE) return t("time.now");
  if (ago < 60 * MINUTE) return t("time.minutes", { n: Math.floor(ago / MINUTE) });
  if (dayOf(then) === dayOf(cityNow())) return t("time.today", { clock: clock(then) });
  if (dayOf(then) === dayOf(cityNow() - 1440 * MINUTE)) return t("time.yesterday", { clock: clock(then) });
  return dayAndClock(then);
}

/** "11月22日 21:05" @param {string | number} at */
export const dayAndClock = (at) => show({ month: "long", day: "numeric", ...CLOCK }, instant(at));

/** The name of the day that a list is grouped by. @param {string} at */
export function dayName(at) {
  const day = dayOf(instant(at));
  if (day === dayOf(cityNow())) return t("time.day.today");
  if (day === dayOf(cityNow() - 1440 * MINUTE)) return t("time.day.yesterday");
  return show({ month: "long", day: "numeric", weekday: "short" }, instant(at));
}

/** @returns {"night" | "morning" | "noon" | "afternoon" | "evening"} */
export function partOfDay() {
  const hour = cityHour();
  if (hour < 5) return "night";
  if (hour < 11) return "morning";
  if (hour < 13) return "noon";
  return hour < 18 ? "afternoon" : "evening";
}

/** 0 to 23, in the city. */
export const cityHour = () => Number(show({ hour: "numeric", hourCycle: "h23" }, cityNow()).replace(/\D/g, ""));

/** "138 0000 0001" @param {string} phone */
export const phoneGroups = (phone) => phone.replace(/^(\d{3})(\d{0,4})(\d{0,4})$/, "$1 $2 $3").trim();

/** The language to break a name by: a Chinese page may hold a long Latin one. @param {string} name */
export const nameLang = (name) => (/^\p{Script=Latin}/u.test(name) ? "en" : "zh-CN");

const instant = (at) => (typeof at === "number" ? at : Date.parse(at));

/** "2026年11月27日" @param {string} day  YYYY-MM-DD, or a moment */
export const date = (day) => show({ dateStyle: "long" }, instant(day));

/** Days from today to that day, in the city: 0 today, below it what is behind us. @param {string} day  YYYY-MM-DD */
export const daysTo = (day) => Math.round((Date.parse(day) - Date.parse(dayOf(cityNow()))) / (1440 * MINUTE));

/** "¥1,234.50", as the city writes it. @param {number} fen */
export function money(fen) {
  const yuan = (Math.abs(fen) / 100).toLocaleString("en", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
  return `${fen < 0 ? "−" : ""}¥${yuan}`;
}

/** "甲、乙和丙" @param {string[]} words */
export const joined = (words) => new Intl.ListFormat(prefs().locale).format(words);
