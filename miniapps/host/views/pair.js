/** A device without a keyboard shows a code: entered here, it becomes a question like any other service's. */

import { askAsMyself, whole } from "../api.js";
import { ENTER_USER_CODE, INTERACTION_MINE } from "../documents-consent.js";
import { fill, h } from "../dom.js";
import { t } from "../i18n.js";
import { toHeading } from "../router.js";
import { attempt } from "../ui/act.js";
import { announce } from "../ui/announce.js";
import { asking } from "../ui/asking.js";
import { busy } from "../ui/busy.js";
import { state } from "../ui/state.js";
import { trouble } from "../ui/trouble.js";

/** @type {import("../router.js").View} */
export const pair = { title: "pair.title", for: "CITIZEN", back: "/home", enter };

/** @param {import("../router.js").Screen} screen */
function enter(screen) {
  const said = h("div", { id: "trouble" });
  const input = codeInput(screen.asked.get("user_code") ?? "");
  const send = h("button.primary.wide", { type: "submit" }, t("pair.next"));
  const work = async () => {
    if (clean(input.value).length < 8) return tooShort(input, said);
    const { enterUserCode } = await whole(askAsMyself(ENTER_USER_CODE, { userCode: clean(input.value) }, screen));
    const { interaction, me } = await whole(askAsMyself(INTERACTION_MINE, { id: enterUserCode.id }, screen));
    if (!screen.signal.aborted) question(screen, interaction, me);
  };
  const submit = (event) => {
    event.preventDefault();
    busy(send, t("state.doing"), () => attempt(work, { said, signal: screen.signal }));
  };
  fill(
    screen.main,
    h("h1", { tabindex: "-1" }, t("pair.title")),
    h("p.lead", null, t("pair.lead")),
    h(
      "form.form",
      { novalidate: true, onsubmit: submit },
      h("label.block", { for: "user-code" }, t("pair.code")),
      h("div.field", null, input),
      h("p.hint-2", { id: "code-hint" }, t("pair.hint")),
      said,
      send,
    ),
  );
}

const codeInput = (given) =>
  h("input.figures.code-text", {
    id: "user-code",
    type: "text",
    autocomplete: "off",
    autocapitalize: "characters",
    spellcheck: "false",
    maxlength: 12,
    required: true,
    value: given.slice(0, 12),
    "aria-describedby": "code-hint trouble",
    oninput: ({ target }) => target.removeAttribute("aria-invalid"),
  });

const clean = (text) => text.normalize("NFKC").toUpperCase().replace(/[^A-Z0-9]/g, "");

function tooShort(input, said) {
  input.setAttribute("aria-invalid", "true");
  fill(said, trouble({ role: "alert" }, t("pair.short")));
  input.focus();
  return false;
}

function question(screen, asked, me) {
  const onanswer = (_, said) => {
    fill(
      screen.main,
      h("h1", { tabindex: "-1" }, t(`pair.done.${said}`)),
      state(said === "yes" ? "ok" : "plain", said === "yes" ? "ok" : "stop", t(`pair.after.${said}`), "paired"),
      h("a.second.wide", { href: "#/home" }, t("ask.home")),
    );
    announce(t(`pair.done.${said}`));
    toHeading();
  };
  fill(screen.main, h("div.ask-page", null, asking({ asked, me, signal: screen.signal, onanswer })));
  toHeading();
}
