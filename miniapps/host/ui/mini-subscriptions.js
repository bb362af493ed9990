/** The messages that a person asked a program for, and how they take them back. */

import { ask as askCity, askAsMyself, whole } from "../api.js";
import { MINI_SUBSCRIPTIONS, TAKE_BACK_MINI_SUBSCRIPTION } from "../documents-mini.js";
import { fill, h } from "../dom.js";
import { t } from "../i18n.js";
import { attempt } from "./act.js";
import { announce } from "./announce.js";
import { problem } from "./load.js";
import { itsWords } from "./mini-program.js";

/** What comes later is a gap. @param {string} words */
export const withGaps = (words) => words.replace(/\{[a-z0-9_]+\}/g, "…");

/**
 * On the page about a program; nothing where the person asked it for nothing.
 * @param {string} appId
 * @param {AbortSignal} signal
 * @returns {HTMLElement}
 */
export function subscriptionList(appId, signal) {
  const region = h("div", { "data-testid": "mini-subscriptions" });
  const said = h("div");
  const draw = (rows) => {
    const list = h("ul.rows", null, rows.map((one) => row(one, takeBack)));
    fill(region, rows.length ? [h("h2.section", null, t("mini.subscribe.mine")), list, said] : said);
  };
  const takeBack = (one) =>
    attempt(
      async () => {
        const told = await whole(askAsMyself(TAKE_BACK_MINI_SUBSCRIPTION, { appId, template: one.template }, { signal }));
        draw(told.takeBackMiniSubscription);
        announce(t("mini.subscribe.taken"));
      },
      { said, signal },
    );
  askCity(MINI_SUBSCRIPTIONS, { appId }, { signal }).then(
    ({ data }) => draw(data.miniSubscriptions ?? []),
    (error) => signal.aborted || fill(region, problem(error)),
  );
  return region;
}

const row = (one, takeBack) =>
  h(
    "li.permit",
    { "data-name": one.template },
    h("div", null, h("b", null, itsWords(withGaps(one.words?.title ?? one.template))), h("span.permit-state", null, standing(one))),
    one.always === false && !one.left
      ? null
      : h("button.second", { type: "button", onclick: () => takeBack(one) }, t("mini.subscribe.take")),
  );

const standing = ({ left, always }) =>
  always === false ? t("mini.subscribe.never") : t(always ? "mini.subscribe.each" : "mini.subscribe.left", { n: left });
