/** Two accounts of mine become one: this one stays, the other ends for good. */

import { askAsMyself, CityError, whole } from "../api.js";
import { demoCode } from "../demo.js";
import { BEGIN_MERGE, CONFIRM_MERGE } from "../documents-person.js";
import { fill, h } from "../dom.js";
import { phoneGroups } from "../format.js";
import { has, t } from "../i18n.js";
import { toHeading } from "../router.js";
import { announce } from "../ui/announce.js";
import { askForm } from "../ui/ask-form.js";
import { codeField } from "../ui/code-field.js";
import { demoFill } from "../ui/demo-line.js";
import { shape } from "../ui/icons.js";
import { confirmSheet } from "../ui/sheet.js";
import { state } from "../ui/state.js";
import { textField } from "../ui/text-field.js";
import { MOBILE, national } from "./sign-in.js";

const CODE_LENGTH = 6;
const REFUSED = "IDENTITY_MERGE_REFUSED";

/** @type {import("../router.js").View} */
export const securityMerge = { title: "merge.title", for: "CITIZEN", back: "/security", enter };

/** @param {import("../router.js").Screen} screen */
function enter(screen) {
  const region = h("div");
  fill(
    screen.main,
    h("h1", { tabindex: "-1" }, t("merge.title")),
    h("p.lead", null, t("merge.lead")),
    h("ul.bullets", null, ["comes", "ends", "never"].map((one) => h("li", null, t(`merge.${one}`)))),
    region,
  );
  fill(region, whichOther(screen, region));
}

function whichOther(screen, region) {
  const phone = textField({ id: "other-phone", words: t("merge.phone"), type: "tel", inputmode: "numeric", autocomplete: "off", maxlength: 18, figures: true });
  const work = async () => {
    const other = national(phone.input.value);
    if (!MOBILE.test(other)) throw new CityError("AUTH_PHONE_INVALID", "");
    const { beginMerge: begun } = await whole(askAsMyself(BEGIN_MERGE, { phone: other }, screen));
    if (screen.signal.aborted) return;
    itsCode(screen, region, other, begun);
    announce(t("number.sent"));
  };
  return askForm({ fields: phone.el, focus: () => phone.input, words: t("signin.send"), work, signal: screen.signal, id: "merge" }).el;
}

function itsCode(screen, region, other, begun) {
  const { el, input } = codeField({ id: "merge-code", length: CODE_LENGTH, describedby: "trouble" });
  const work = async () => {
    if (input.value.length < CODE_LENGTH) throw new CityError("CLIENT_PROOF_EMPTY", "");
    const question = { title: t("merge.ask"), body: h("p", null, t("merge.ask.text", { phone: phoneGroups(other) })), yes: t("merge.do"), no: t("sheet.no") };
    if (!(await confirmSheet({ ...question, signal: screen.signal }))) return false;
    try {
      await whole(askAsMyself(CONFIRM_MERGE, { id: begun.id, code: input.value }, screen));
    } catch (error) {
      if (error.code !== REFUSED) throw error;
      return void refused(region, error.extensions.because);
    }
    done(region);
  };
  const focus = ({ code }) => (code === "CLIENT_PROOF_EMPTY" ? input : ((input.value = ""), input));
  const label = h("label", { for: "merge-code" }, t("number.code", { phone: phoneGroups(other) }));
  const form = askForm({ fields: [label, el], focus, words: t("merge.do"), work, signal: screen.signal, id: "merge-confirm" });
  const demo = h("div");
  fill(region, form.el, demo);
  input.focus();
  demoCode(other, begun.expiresAt, screen.signal, { mine: false }).then((code) => code && fill(demo, demoFill(code, input)));
}

function done(region) {
  fill(
    region,
    state("ok", "ok", t("merge.done"), "merged"),
    h("p", null, t("merge.done.text")),
    h("a.second.wide.spaced", { href: "#/security/phone" }, t("merge.done.phone")),
  );
  announce(t("merge.done"));
  toHeading();
}

/** Why it cannot be: only what was proven to be theirs is told. */
function refused(region, because) {
  const known = has(`merge.because.${because}`) ? because : "OTHER";
  fill(
    region,
    h(
      "section.problem",
      { "data-testid": "merge-refused", "data-because": because },
      shape("warn"),
      h("h2", null, t("merge.refused")),
      h("p", null, t(`merge.because.${known}`)),
    ),
  );
  announce(t("merge.refused"));
  toHeading();
}
