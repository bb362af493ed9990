/**
 * My phone is lost: my account, on another phone. A code to the new one, a look at me, a wait in which the account's own
 * devices can stop it, and then it is here. Whoever comes back days later finds the step that is due.
 */

import { askOpenly, CityError, lineBroke, whole } from "../api.js";
import { demoCode } from "../demo.js";
import { BEGIN_RECOVERY, CONFIRM_RECOVERY, FINISH_RECOVERY } from "../documents-person.js";
import { fill, h } from "../dom.js";
import { enterWith } from "../entering.js";
import { dayAndClock, phoneGroups } from "../format.js";
import { t } from "../i18n.js";
import { toHeading } from "../router.js";
import { dropRecovering, keepRecovering, recovering } from "../recovering.js";
import { cityNow, deviceName } from "../session.js";
import { actButton } from "../ui/act.js";
import { announce } from "../ui/announce.js";
import { askForm } from "../ui/ask-form.js";
import { codeField } from "../ui/code-field.js";
import { demoFill } from "../ui/demo-line.js";
import { shape } from "../ui/icons.js";
import { numberField } from "../ui/number-field.js";
import { confirmSheet } from "../ui/sheet.js";
import { state } from "../ui/state.js";
import { textField } from "../ui/text-field.js";
import { MOBILE, national } from "./sign-in.js";

const CODE_LENGTH = 6;
const ENDED = "IDENTITY_RECOVERY_EXPIRED";
/** Timers count no further. */
const LONGEST_MS = 86_400_000;

/** @type {import("../router.js").View} */
export const recover = { title: "recover.title", for: "NOBODY", back: "/sign-in", enter };

/** @param {import("../router.js").Screen} screen */
function enter(screen) {
  const asked = recovering();
  fill(screen.main, heading(), STEPS[asked?.state ?? "NONE"](screen, asked));
}

const heading = () => h("h1", { tabindex: "-1" }, t("recover.title"));

const STEPS = { NONE: whoAndWhere, CODE_SENT: codeSent, PHONE_PROVEN: toBeSeen, WAITING: waiting };

/** @param {number} now  1 to 4 */
const way = (now) =>
  h(
    "ol.steps.recover-steps",
    null,
    [1, 2, 3, 4].map((step) => h("li", { "aria-current": step === now ? "step" : null }, t(`recover.step.${step}`))),
  );

function next(screen, words) {
  if (screen.signal.aborted) return;
  screen.again();
  announce(words);
}

function whoAndWhere(screen) {
  const name = textField({ id: "lost-name", words: t("realname.name"), autocomplete: "name" });
  const number = numberField({ id: "lost-number", words: t("realname.number"), type: ofResident(() => number) });
  const phone = textField({ id: "lost-phone", words: t("recover.phone"), type: "tel", inputmode: "numeric", autocomplete: "tel-national", maxlength: 18, figures: true });
  const work = async () => {
    const newPhone = national(phone.input.value);
    const input = { name: name.read(), idNumber: number.read(), newPhone };
    if (!MOBILE.test(newPhone)) throw new CityError("AUTH_PHONE_INVALID", "");
    const { beginRecovery: begun } = await whole(askOpenly(BEGIN_RECOVERY, { input }));
    keepRecovering({ ...begun, phone: newPhone });
    next(screen, t("number.sent"));
  };
  const inputs = { BAD_INPUT: name.input, AUTH_PHONE_INVALID: phone.input, CLIENT_NUMBER_FORM: number.input, IDENTITY_ID_NUMBER_INVALID: number.input };
  const focus = ({ code }) => inputs[code] ?? null;
  const fields = [name.el, number.el, phone.el];
  const form = askForm({ fields, focus, words: t("signin.send"), work, signal: screen.signal, id: "recover" });
  return [
    h("p.lead", null, t("recover.lead")),
    way(1),
    form.el,
    h("p.side-note", null, shape("info"), h("span", null, t("recover.not"))),
  ];
}

/** Residents of Hong Kong, Macao and Taiwan have such a number, too. */
const ofResident = (field) => () => (/^8[123]/.test(field()?.input.value ?? "") ? "RESIDENCE_PERMIT" : "RESIDENT_ID");

function codeSent(screen, asked) {
  const { el, input } = codeField({ id: "lost-code", length: CODE_LENGTH, describedby: "trouble", onwhole: () => form.submit() });
  const work = () =>
    orBeginAgain(screen, async () => {
      const { confirmRecovery: told } = await whole(askOpenly(CONFIRM_RECOVERY, { id: asked.id, code: input.value }));
      keepRecovering(told);
      next(screen, t("number.confirmed"));
    });
  const focus = () => ((input.value = ""), input);
  const label = h("label", { for: "lost-code" }, t("number.code", { phone: phoneGroups(asked.phone) }));
  const form = askForm({ fields: [label, el], focus, words: t("proof.send"), work, signal: screen.signal, id: "recover-code" });
  const demo = h("div");
  demoCode(asked.phone, asked.expiresAt, screen.signal).then((code) => code && fill(demo, demoFill(code, input)));
  return [way(1), form.el, demo, beginAgain(screen)];
}

function toBeSeen(screen, asked) {
  return [
    way(2),
    h("p.lead", null, t("recover.look")),
    asked.checkUrl ? h("a.primary.wide", { href: asked.checkUrl, "data-testid": "to-be-seen" }, t("prove.face.begin")) : null,
    beginAgain(screen),
  ];
}

function waiting(screen, asked) {
  const left = Date.parse(asked.dueAt) - cityNow();
  if (left > 0) {
    const timer = setTimeout(screen.again, Math.min(left, LONGEST_MS));
    screen.signal.addEventListener("abort", () => clearTimeout(timer));
    return [
      state("info", "clock", t("recover.waits", { when: dayAndClock(asked.dueAt) })),
      way(3),
      h("p.lead", null, t("recover.waits.text")),
      h("p.hint-2", null, t("recover.within", { when: dayAndClock(asked.expiresAt) })),
      beginAgain(screen),
    ];
  }
  const said = h("div");
  const work = () =>
    orBeginAgain(screen, async () => {
      await enterWith(FINISH_RECOVERY, { id: asked.id, deviceName: deviceName() });
      dropRecovering();
    });
  return [
    state("ok", "ok", t("recover.due")),
    way(4),
    h("p.lead", null, t("recover.due.text")),
    said,
    actButton({ words: t("recover.finish"), work, said, signal: screen.signal, look: "primary.wide", id: "finish-recovery" }),
    beginAgain(screen),
  ];
}

/** It has ended in the city: stopped by the account's owner, or too late. Then it has ended here, too. */
async function orBeginAgain(screen, work) {
  try {
    await work();
  } catch (error) {
    if (error.code !== ENDED || lineBroke(error)) throw error;
    dropRecovering();
    if (screen.signal.aborted) return;
    const notice = h("p.notice.info", { "data-testid": "recovery-ended" }, shape("info"), h("span", null, t("recover.ended")));
    fill(screen.main, heading(), notice, whoAndWhere(screen));
    announce(t("recover.ended"));
    toHeading();
  }
}

function beginAgain(screen) {
  const forget = async () => {
    const question = { title: t("recover.again.ask"), body: h("p", null, t("recover.again.text")), yes: t("recover.again"), no: t("sheet.no") };
    if (!(await confirmSheet({ ...question, signal: screen.signal }))) return;
    dropRecovering();
    screen.again();
  };
  return h("div.sign-in-other", null, h("button.quiet", { type: "button", onclick: forget, "data-testid": "begin-again" }, t("recover.again")));
}
