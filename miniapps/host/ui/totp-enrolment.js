/** An authenticator app made known to the city: its secret as a picture or to copy, a code of it, then recovery codes. */

import { ask, renewed, whole } from "../api.js";
import { fill, h } from "../dom.js";
import { BEGIN_TOTP, CONFIRM_TOTP } from "../documents-security.js";
import { t } from "../i18n.js";
import { qrPicture } from "../qr.js";
import { toHeading } from "../router.js";
import { busy } from "./busy.js";
import { codeField } from "./code-field.js";
import { copyButton } from "./copy.js";
import { problem } from "./load.js";
import { recoverySheet } from "./recovery-codes.js";
import { skeleton } from "./skeleton.js";
import { complain } from "./trouble.js";

const LENGTH = 6;

/**
 * @param {HTMLElement} region  filled with each step
 * @param {{ signal: AbortSignal, next: string, onkept: () => void, onrefused?: () => void }} how  as in `recoverySheet`
 */
export async function enrolTotp(region, how) {
  fill(region, skeleton("square", "line"));
  try {
    const { beginTotp: made } = await whole(ask(BEGIN_TOTP, {}, { signal: how.signal }));
    if (!how.signal.aborted) fill(region, picture(made), confirming(region, how));
  } catch (error) {
    if (how.signal.aborted) return;
    fill(
      region,
      problem(error, () => enrolTotp(region, how)),
    );
  }
}

const picture = ({ secret, uri }) => [
  h("ol.steps", null, h("li", null, t("app.step.open")), h("li", null, t("app.step.scan"))),
  h("div.face.app-face", null, qrPicture(uri, t("app.qr"))),
  h(
    "div.secret",
    null,
    h("p", null, t("app.by_hand")),
    h("p.figures.secret-text", { "data-testid": "secret" }, secret.replace(/(.{4})(?=.)/g, "$1 ")),
    copyButton(secret, t("app.copy")),
  ),
];

function confirming(region, how) {
  const place = h("div", { id: "app-trouble" });
  const field = codeField({ id: "app-code", length: LENGTH, describedby: "app-trouble", onwhole: () => submit() });
  const send = h("button.primary.wide", { type: "submit" }, t("app.confirm"));
  const submit = () => busy(send, t("proof.sending"), () => confirm(region, how, field.input, place));
  return h(
    "form.sign-in-form",
    { novalidate: true, onsubmit: (event) => (event.preventDefault(), submit()) },
    h("label", { for: "app-code" }, t("app.code")),
    field.el,
    place,
    send,
  );
}

async function confirm(region, how, input, place) {
  fill(place);
  try {
    const { confirmTotp: done } = await whole(ask(CONFIRM_TOTP, { code: input.value }));
    await renewed().catch(() => null); // the tokens say from now on that a second factor was shown
    if (how.signal.aborted) return;
    fill(region, recoverySheet(done.recoveryCodes, how));
    toHeading();
  } catch (error) {
    input.value = "";
    input.setAttribute("aria-invalid", "true");
    complain(place, error);
    input.focus();
  }
}
