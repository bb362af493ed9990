/** Messages that a program may send: the sheet on which a person says which. */

import { h } from "../dom.js";
import { t } from "../i18n.js";
import { icon, shape } from "./icons.js";
import { armedButton } from "./mini-armed.js";
import { itsWords, whoIsIt } from "./mini-program.js";
import { asked, wordsOf } from "./mini-sheets.js";
import { withGaps } from "./mini-subscriptions.js";

/**
 * @param {import("../mini/chrome.js").ProgramFacts} program
 * @param {import("../mini/chrome.js").Subscribable[]} wanted
 * @param {AbortSignal} signal
 * @returns {Promise<import("../mini/chrome.js").SubscribeAnswer | null>}
 */
export function subscribeSheet(program, wanted, signal) {
  return asked(signal, /** @type {any} */ (null), (answer, until) => {
    const rows = wanted.map((one) => ({ one, el: tick(one) }));
    const always = /** @type {HTMLInputElement} */ (h("input", { type: "checkbox", name: "always" }));
    const list = h("fieldset.ticks", { "data-testid": "wanted" }, h("legend", null, t("mini.subscribe.which")));
    list.append(...rows.map(({ el }) => el));
    const say = (accepted) =>
      answer({
        accepted,
        refused: wanted.map(({ name }) => name).filter((name) => !accepted.includes(name)),
        always: always.checked,
        text: wordsOf(list.closest("dialog")),
      });
    const ticked = () => rows.filter(({ el }) => el.querySelector("input")?.checked).map(({ one }) => one.name);
    return {
      title: t("mini.subscribe.title", { name: program.name }),
      body: [
        whoIsIt(program),
        list,
        h(
          "fieldset.ticks",
          { "data-testid": "always" },
          h("label.choice.tick", null, always, h("span", null, t("mini.subscribe.always")), icon("check")),
        ),
        h("p.side-note", null, shape("info"), h("span", null, t("mini.subscribe.once"))),
      ],
      actions: h(
        "div.yes-no",
        null,
        armedButton(t("mini.ask.yes.these"), () => say(ticked()), until),
        h("button.second.as-easy", { type: "button", "data-testid": "deny", onclick: () => say([]) }, t("mini.ask.no.all")),
      ),
    };
  });
}

const tick = ({ name, words }) =>
  h(
    "label.choice.tick",
    null,
    h("input", { type: "checkbox", name: "template", value: name, checked: true }),
    h("span", null, h("b", null, itsWords(withGaps(words.title))), h("span.permit-means", null, withGaps(words.body))),
    icon("check"),
  );
