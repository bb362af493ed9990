/** Another phone number for my account: its code, and, where the city wants to be sure, some days to call it off. */

import { ask, CityError, whole } from "../api.js";
import { demoMessage } from "../demo.js";
import { fill, h } from "../dom.js";
import { BEGIN_PHONE_CHANGE, CANCEL_PHONE_CHANGE, CONFIRM_PHONE_CHANGE, PHONE_CHANGE } from "../documents-security.js";
import { dayAndClock } from "../format.js";
import { t } from "../i18n.js";
import { announce } from "../ui/announce.js";
import { busy } from "../ui/busy.js";
import { codeField } from "../ui/code-field.js";
import { demoFill } from "../ui/demo-line.js";
import { forgetAnswers, load } from "../ui/load.js";
import { skeleton } from "../ui/skeleton.js";
import { state } from "../ui/state.js";
import { complain } from "../ui/trouble.js";
import { MOBILE, national } from "./sign-in.js";

const CODE_LENGTH = 6;

/** What a demo city shows of the code that is on its way. @type {((signal: AbortSignal) => Promise<string | null>) | null} */
let arriving = null;

/** @type {import("../router.js").View} */
export const securityPhone = { title: "number.title", for: "CITIZEN", back: "/security", enter };

/** @param {import("../router.js").Screen} screen */
function enter(screen) {
  const region = h("div");
  fill(screen.main, h("h1", { tabindex: "-1" }, t("number.title")), region);
  return load(region, {
    key: "number",
    signal: screen.signal,
    ask: () => ask(PHONE_CHANGE, {}, screen),
    skeleton: () => skeleton("line", "row"),
    show: ({ data }) => shown(screen, data),
  });
}

function shown(screen, { me, phoneChange: change }) {
  const now = h("p.lead", { "data-testid": "number-now" }, t("number.now", { phone: me.maskedPhone }));
  if (change?.state === "WAITING") return [now, waiting(screen, change)];
  if (change?.state === "CODE_SENT") return [now, codeSent(screen, change)];
  return [now, change?.state === "REFUSED" ? state("warn", "warn", t("number.refused")) : null, asking(screen)];
}

/** What is on screen is old. */
function again(screen, words) {
  forgetAnswers();
  if (screen.signal.aborted) return;
  screen.again();
  announce(words);
}

function asking(screen) {
  const input = h("input", {
    id: "new-phone",
    type: "tel",
    inputmode: "numeric",
    autocomplete: "off",
    maxlength: 18,
    "aria-describedby": "number-trouble",
    oninput: ({ target }) => target.removeAttribute("aria-invalid"),
  });
  const work = async () => {
    const newPhone = national(input.value);
    if (!MOBILE.test(newPhone)) throw new CityError("AUTH_PHONE_INVALID", "");
    arriving = await demoMessage(newPhone);
    await whole(ask(BEGIN_PHONE_CHANGE, { newPhone }, screen));
    return t("number.sent");
  };
  const field = h("div.field", null, h("span.field-lead", { "aria-hidden": "true" }, "+86"), input);
  return form(screen, [h("label", { for: "new-phone" }, t("number.new")), field], input, t("signin.send"), work);
}

function codeSent(screen, change) {
  const { el, input } = codeField({ id: "new-code", length: CODE_LENGTH, describedby: "number-trouble" });
  const work = async () => {
    await whole(ask(CONFIRM_PHONE_CHANGE, { code: input.value }, screen));
    return t("number.confirmed");
  };
  const label = h("label", { for: "new-code" }, t("number.code", { phone: change.maskedPhone }));
  const demo = h("div");
  arriving?.(screen.signal).then((code) => code && fill(demo, demoFill(code, input)));
  return [form(screen, [label, el], input, t("number.confirm"), work), demo, cancelButton(screen)];
}

const waiting = (screen, change) => [
  state("info", "clock", t("number.waits", { phone: change.maskedPhone, when: dayAndClock(change.effectiveAt) })),
  h("p.lead", null, t("number.waits.hint")),
  cancelButton(screen),
];

function form(screen, field, input, words, work) {
  const place = h("div", { id: "number-trouble" });
  const send = h("button.primary.wide", { type: "submit" }, words);
  const submit = (event) => {
    event.preventDefault();
    busy(send, t("password.saving"), async () => {
      fill(place);
      try {
        again(screen, await work());
      } catch (error) {
        input.setAttribute("aria-invalid", "true");
        complain(place, error);
        input.focus();
      }
    });
  };
  return h("form.sign-in-form", { novalidate: true, onsubmit: submit }, field, place, send);
}

function cancelButton(screen) {
  const place = h("div", { role: "status" });
  const button = h("button.second.wide", { type: "button", "data-testid": "call-off" }, t("number.cancel"));
  button.addEventListener("click", () =>
    busy(button, t("password.saving"), async () => {
      try {
        await whole(ask(CANCEL_PHONE_CHANGE, {}, screen));
        again(screen, t("number.cancelled"));
      } catch (error) {
        complain(place, error);
      }
    }),
  );
  return h("div.stack", null, button, place);
}
