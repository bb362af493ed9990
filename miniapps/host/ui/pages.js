/** A list that comes page by page: the first is there, the next is asked for by a button under it. */

import { fill, h } from "../dom.js";
import { t } from "../i18n.js";
import { moreButton } from "./list.js";
import { problem } from "./load.js";

/**
 * @template N
 * @typedef {{ nodes: N[], pageInfo: { hasNextPage: boolean, endCursor: string | null } }} Page
 */

/**
 * @template N
 * @param {Page<N>} first
 * @param {{ place: (node: N) => void, ask: (after: string) => Promise<Page<N>>, signal: AbortSignal }} list
 * @returns {HTMLElement} the foot of the list
 */
export function pages(first, { place, ask, signal }) {
  const foot = h("div.foot");
  const add = ({ nodes, pageInfo }) => {
    nodes.forEach(place);
    const more = () => next(/** @type {string} */ (pageInfo.endCursor));
    fill(foot, pageInfo.hasNextPage ? moreButton(more) : h("p.hint", null, t("list.end")));
  };
  const next = async (after) => {
    try {
      add(await ask(after));
    } catch (error) {
      const retry = () => next(after);
      if (!signal.aborted) fill(foot, problem(error, retry));
    }
  };
  add(first);
  return foot;
}
