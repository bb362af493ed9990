/**
 * Whether a document's number can be one, while it is typed. A number that looks right may still be nobody's: the city asks
 * its registers. The same forms as `identity/id_numbers.py`, which decides.
 */

const WEIGHTS = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
const CHECKS = "10X98765432";
const WHOLE = 18;

/** @typedef {"RESIDENT_ID" | "RESIDENCE_PERMIT" | "HOME_RETURN_PERMIT" | "TAIWAN_PERMIT" | "PERMANENT_RESIDENCE" | "PASSPORT"} DocumentType */
/** @typedef {"good" | "more" | "bad"} Verdict  more: it can still become one */

/** As it is sent. @param {string} typed */
export const tidied = (typed) => typed.normalize("NFKC").replace(/\s/g, "").toUpperCase();

/** @param {DocumentType} type @param {string} typed @returns {Verdict} */
export const judged = (type, typed) => FORMS[type](tidied(typed));

const eighteen = (begins) => (text) => {
  if (text.length < WHOLE) return begins.test(text) && /^\d*$/.test(text) ? "more" : "bad";
  return begins.test(text) && /^\d{17}[\dX]$/.test(text) && isDay(text.slice(6, 14)) && checked(text) ? "good" : "bad";
};

const FORMS = {
  RESIDENT_ID: eighteen(/^(?!8[123])(?:$|[1-9])/),
  RESIDENCE_PERMIT: eighteen(/^(?:$|8$|8[123])/),
  HOME_RETURN_PERMIT: (text) => (/^[HM](?:\d{8}|\d{10})$/.test(text) ? "good" : /^(?:[HM]\d{0,9})?$/.test(text) ? "more" : "bad"),
  TAIWAN_PERMIT: (text) => (/^\d{8}$/.test(text) ? "good" : /^\d{0,7}$/.test(text) ? "more" : "bad"),
  PERMANENT_RESIDENCE(text) {
    if (/^[A-Z]{3}\d{12}$/.test(text)) return "good"; // cards before 2023: how they are checked is not published
    if (/^(?:[A-Z]{0,3}|[A-Z]{3}\d{0,11}|9\d{0,16})$/.test(text)) return "more";
    return /^9\d{16}[\dX]$/.test(text) && isDay(text.slice(6, 14)) && checked(text) ? "good" : "bad";
  },
  PASSPORT(text) {
    if (!/^[A-Z\d]{0,9}$/.test(text)) return "bad";
    if (text.length < 5) return "more";
    return /\d/.test(text) ? "good" : text.length < 9 ? "more" : "bad";
  },
};

const checked = (text) => CHECKS[WEIGHTS.reduce((sum, weight, place) => sum + weight * Number(text[place]), 0) % 11] === text[17];

/** YYYYMMDD */
function isDay(digits) {
  const [year, month, day] = [digits.slice(0, 4), digits.slice(4, 6), digits.slice(6)].map(Number);
  const told = new Date(Date.UTC(year, month - 1, day));
  return year >= 1850 && told.getUTCMonth() === month - 1 && told.getUTCDate() === day && told.getTime() <= Date.now();
}
