/**
 * How somebody comes to a program's screen: said by what led there, and taken by the screen, once. What leads there has
 * the program made ready while a finger is coming down on it (a click follows after some 80 ms), or rests on it.
 */

/**
 * @typedef {object} Way
 * @property {string} scene     as in `mini/chrome.js`
 * @property {string | null} [referrer]   the session of the program that led here
 * @property {object | null} [extraData]  of that program, for the new one alone
 */

/** The scene of those who build it, or review it, and try what is not released (`?trial`): for anybody else there is none. */
export const TRIAL = "trial";

/** @type {(Way & { appId: string }) | null} */
let said = null;

/** @param {string} appId @param {Way} way */
export const leadTo = (appId, way) => void (said = { appId, ...way });

/** Nobody said: they came by a link, or reloaded the page. @param {string} appId @returns {Way} */
export function wayTo(appId) {
  const way = said?.appId === appId ? said : { scene: "link" };
  said = null;
  return way;
}

const MEMORY_GB_MIN = 2;

/** For a link to a program. @param {string} appId */
export const readyOnTouch = (appId) => {
  const ready = () => void makeReady(appId);
  return { onpointerdown: ready, onpointerenter: ready, onfocus: ready };
};

/** What runs programs, fetched before one is touched. */
export const fetchRuntime = () => import("./ui/mini-runs.js");

async function makeReady(appId) {
  const { connection, deviceMemory = MEMORY_GB_MIN } = /** @type {any} */ (navigator);
  const { prepareRun } = await fetchRuntime();
  if (!connection?.saveData && deviceMemory >= MEMORY_GB_MIN) prepareRun(appId);
}
