/** My children, as the population register has them, and their accounts. */

import { askAsMyself, whole } from "../api.js";
import { FIND_CHILDREN, OPEN_CHILD } from "../documents-family.js";
import { fill, h } from "../dom.js";
import { date } from "../format.js";
import { t } from "../i18n.js";
import { go } from "../router.js";
import { actButton, attempt } from "../ui/act.js";
import { announce } from "../ui/announce.js";
import { busy } from "../ui/busy.js";
import { textField } from "../ui/text-field.js";
import { empty } from "../ui/list.js";

/** @type {import("../router.js").View} */
export const children = { title: "children.title", for: "CITIZEN", back: "/me/family", enter };

/** @param {import("../router.js").Screen} screen */
function enter(screen) {
  const said = h("div");
  const found = h("div");
  const work = async () => {
    const { findChildren } = await whole(askAsMyself(FIND_CHILDREN, {}, screen));
    if (!screen.signal.aborted) show(screen, found, findChildren);
    return false;
  };
  fill(
    screen.main,
    h("h1", { tabindex: "-1" }, t("children.title")),
    h("p.lead", null, t("children.lead")),
    said,
    actButton({ words: t("children.find"), work, said, signal: screen.signal, look: "primary.wide", id: "find-children" }),
    found,
  );
}

function show(screen, found, all) {
  announce(t("children.found", { n: all.length }));
  if (!all.length) return fill(found, empty(t("children.none"), t("children.none.hint")));
  fill(
    found,
    h("h2.section", null, t("children.list")),
    h(
      "ul.rows",
      { "data-testid": "children" },
      all.map((child) =>
        h("li.piece", null, h("p", null, child.maskedName), h("p.hint-2.figures", null, `${child.maskedIdNumber} · ${date(child.born)}`)),
      ),
    ),
    opening(screen),
  );
}

/** What the register shows is masked: a parent writes the whole name and number, and the register says whether they fit. */
function opening(screen) {
  const said = h("div", { id: "trouble" });
  const name = textField({ id: "child-name", words: t("children.name"), autocomplete: "off" });
  const number = textField({ id: "child-number", words: t("children.number"), autocomplete: "off", maxlength: 18, figures: true });
  const send = h("button.primary.wide", { type: "submit" }, t("children.open"));
  const work = async () => {
    const input = { name: name.read(), idNumber: number.read().toUpperCase() };
    const { openChildAccount } = await whole(askAsMyself(OPEN_CHILD, { input }, screen));
    announce(t("children.opened", { name: openChildAccount.subject?.maskedName ?? "" }));
    go("/me/family");
  };
  const submit = (event) => {
    event.preventDefault();
    busy(send, t("state.doing"), () => attempt(work, { said, signal: screen.signal }));
  };
  return h(
    "section",
    null,
    h("h2.section", null, t("children.open.title")),
    h("p.hint-2", null, t("children.open.text")),
    h("form.form", { novalidate: true, onsubmit: submit, "data-testid": "open-child" }, name.el, number.el, said, send),
  );
}
