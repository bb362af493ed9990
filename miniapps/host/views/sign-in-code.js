/** The code that was sent. Its address is its own, so back and reload work. */

import { askOpenly } from "../api.js";
import { demoCode } from "../demo.js";
import { fill, h } from "../dom.js";
import { SIGN_IN, SIGN_IN_RULES } from "../documents.js";
import { draft, setDraft } from "../draft.js";
import { enterBy } from "../entering.js";
import { phoneGroups } from "../format.js";
import { t } from "../i18n.js";
import { back, replace } from "../router.js";
import { deviceId, deviceName } from "../session.js";
import { busy } from "../ui/busy.js";
import { codeField } from "../ui/code-field.js";
import { demoFill } from "../ui/demo-line.js";
import { skeleton } from "../ui/skeleton.js";
import { complain } from "../ui/trouble.js";
import { ground, requestCode } from "./sign-in.js";

/** Until the city says how long its codes are. */
const USUAL_LENGTH = 6;

/** @type {import("../router.js").View} */
export const signInCode = { title: "signin.code.heading", for: "NOBODY", enter };

/** @param {import("../router.js").Screen} screen */
async function enter(screen) {
  const { phone, sent } = draft();
  if (!sent) return replace("/sign-in");
  fill(screen.main, heading(), skeleton("line", "row"));
  const length = await codeLength();
  if (screen.signal.aborted) return;
  const place = h("div", { id: "trouble" });
  const { el: cells, input } = codeField({ id: "code", length, describedby: "trouble", onwhole: () => submit() });
  const send = h("button.primary.wide", { type: "submit" }, t("signin.enter"));
  const resend = resendButton(screen, place);
  const submit = () => busy(send, t("signin.entering"), () => finish(input, place, { send, resend }));
  const demo = h("div");
  fill(
    screen.main,
    heading(),
    h("p.lead", null, t("signin.code.lead"), h("br"), h("b.figures", null, `+86 ${phoneGroups(phone)}`)),
    h(
      "form.sign-in-form",
      { novalidate: true, onsubmit: (event) => (event.preventDefault(), submit()) },
      h("label", { for: "code" }, t("signin.code", { n: length })),
      cells,
      place,
      send,
    ),
    demo,
    h(
      "div.sign-in-other",
      null,
      resend,
      h("button.quiet", { type: "button", onclick: () => back("/sign-in") }, t("signin.change")),
    ),
    ground(),
  );
  input.focus();
  demoCode(phone, sent.expiresAt, screen.signal).then((code) => code && fill(demo, demoFill(code, input)));
}

const heading = () => h("h1", { tabindex: "-1" }, t("signin.code.heading"));

const codeLength = async () =>
  (await askOpenly(SIGN_IN_RULES).catch(() => null))?.data.signInRules.codeLength ?? USUAL_LENGTH;

async function finish(input, place, buttons) {
  fill(place);
  const { phone, audience } = draft();
  const given = { phone, audience, code: input.value, deviceId: deviceId(), deviceName: deviceName() };
  try {
    await enterBy(SIGN_IN, given);
  } catch (error) {
    if (error.code?.startsWith("AUTH_CODE_")) refused(input, error, buttons);
    complain(place, error);
    input.focus();
  }
}

/** The code was wrong, not the line: it is typed anew; when it is spent, the way on is another one. */
function refused(input, error, { send, resend }) {
  input.value = "";
  input.setAttribute("aria-invalid", "true");
  if (error.extensions.tries_left) return;
  send.classList.replace("primary", "second");
  resend.classList.replace("quiet", "primary");
}

function resendButton(screen, place) {
  const button = h("button.quiet.figures", { type: "button", "data-testid": "resend" });
  const draw = () => {
    const left = Math.ceil((draft().sent.againAt - Date.now()) / 1000);
    fill(button, left > 0 ? t("signin.resend.in", { n: left }) : t("signin.resend"));
    button.toggleAttribute("disabled", left > 0);
    if (left <= 0) clearInterval(timer);
  };
  const timer = setInterval(draw, 1000);
  screen.signal.addEventListener("abort", () => clearInterval(timer));
  button.addEventListener("click", () => busy(button, t("signin.sending"), () => sendAgain(screen, place)));
  draw();
  return button;
}

async function sendAgain(screen, place) {
  try {
    setDraft({ sent: await requestCode(draft()) });
    if (!screen.signal.aborted) screen.again();
  } catch (error) {
    complain(place, error);
  }
}
