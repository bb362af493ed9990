/** How somebody came to a program's screen: said by what led there, and taken by the screen, once. */

/**
 * @typedef {object} Way
 * @property {string} scene     as in `mini/chrome.js`
 * @property {string | null} [referrer]   the session of the program that led here
 * @property {object | null} [extraData]  of that program, for the new one alone
 */

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
