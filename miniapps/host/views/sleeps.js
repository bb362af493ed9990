/** The account of this number was not used for so long that the number may have another holder: whose is it? */

import { WAKE_ACCOUNT, BEGIN_ANEW } from "../documents-person.js";
import { fill, h } from "../dom.js";
import { draft, setDraft } from "../draft.js";
import { enterBy, enterWith } from "../entering.js";
import { phoneGroups } from "../format.js";
import { t } from "../i18n.js";
import { replace } from "../router.js";
import { deviceName } from "../session.js";
import { actButton } from "../ui/act.js";
import { announce } from "../ui/announce.js";
import { askForm } from "../ui/ask-form.js";
import { shape } from "../ui/icons.js";
import { confirmSheet } from "../ui/sheet.js";
import { textField } from "../ui/text-field.js";

const OVER = "AUTH_WAKING_EXPIRED";

/** @type {import("../router.js").View} */
export const sleeps = { title: "sleeps.title", for: "NOBODY", back: "/sign-in", enter };

/** @param {import("../router.js").Screen} screen */
function enter(screen) {
  const { sleeps: asked, phone } = draft();
  if (!asked) return replace("/sign-in");
  fill(
    screen.main,
    h("h1", { tabindex: "-1" }, t("sleeps.title")),
    h("p.lead", null, t("sleeps.lead", { phone: phoneGroups(phone) })),
    h("h2.section", null, t("sleeps.mine")),
    mine(screen, asked),
    h("h2.section", null, t("sleeps.not")),
    h("p.hint-2", null, t("sleeps.not.text")),
    anew(screen, asked),
  );
}

function mine(screen, asked) {
  const name = textField({ id: "sleeps-name", words: t("realname.name"), autocomplete: "name" });
  const number = textField({ id: "sleeps-number", words: t("realname.number"), autocomplete: "off", maxlength: 24, figures: true });
  const work = () =>
    orOver(screen, () => {
      const said = asked.proven ? { name: name.read(), idNumber: number.read() } : {};
      return enterBy(WAKE_ACCOUNT, { pendingId: asked.id, deviceName: deviceName(), ...said });
    });
  const fields = asked.proven ? [name.el, number.el] : [h("p", null, t("sleeps.mine.text"))];
  const focus = ({ code }) => (asked.proven ? (code === "BAD_INPUT" ? name.input : number.input) : null);
  return askForm({ fields, focus, words: t("sleeps.mine.do"), work, signal: screen.signal, id: "wake" }).el;
}

function anew(screen, asked) {
  const said = h("div");
  const work = async () => {
    const question = { title: t("sleeps.not.ask"), body: h("p", null, t("sleeps.not.text")), yes: t("sleeps.not.do"), no: t("sheet.no") };
    if (!(await confirmSheet({ ...question, signal: screen.signal }))) return false;
    await orOver(screen, () => enterWith(BEGIN_ANEW, { pendingId: asked.id, deviceName: deviceName() }));
  };
  return [said, actButton({ words: t("sleeps.not.do"), work, said, signal: screen.signal, look: "second.wide.spaced", id: "begin-anew" })];
}

/** Too late, or tried too often. */
async function orOver(screen, work) {
  try {
    await work();
  } catch (error) {
    if (error.code !== OVER) throw error;
    setDraft({ sleeps: undefined });
    if (screen.signal.aborted) return;
    fill(
      screen.main,
      h("h1", { tabindex: "-1" }, t("sleeps.title")),
      h("section.problem", { "data-testid": "sleeps-over" }, shape("clock"), h("h2", null, t("second.over")), h("p", null, t("sleeps.over"))),
      h("a.primary.wide", { href: "#/sign-in" }, t("second.begin")),
    );
    announce(t("second.over"));
  }
}
