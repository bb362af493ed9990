/**
 * Proving oneself, by one of several ways: a code of the app, a recovery code, a passkey, a code on the phone, the
 * password. One way is on the page; the others are a button each.
 */

import { CityError, lineBroke } from "../api.js";
import { fill, h } from "../dom.js";
import { demoTotps } from "../demo.js";
import { t } from "../i18n.js";
import { passkeysHere, showPasskey } from "../passkeys.js";
import { busy } from "./busy.js";
import { codeField } from "./code-field.js";
import { demoFill } from "./demo-line.js";
import { passwordField } from "./password-field.js";
import { complain } from "./trouble.js";

const TOTP_LENGTH = 6;
const SIX = /^\d{6}$/;
const RECOVERY = /^[a-z2-7]{16}$/i;

/** @typedef {"totp" | "recovery" | "passkey" | "code" | "password"} Way */

/** Of these, what this browser can do: a passkey needs one that knows it. @param {Way[]} ways */
export const possible = (ways) => ways.filter((way) => way !== "passkey" || passkeysHere());

/**
 * @param {{
 *   ways: Way[],
 *   audience: import("../session.js").Audience,
 *   signal: AbortSignal,
 *   prove: (proof: Record<string, string>) => Promise<void>,
 *   message?: Message,
 *   onchange?: (way: Way) => void,
 * }} asked  ways: the usual one first; at least one. prove: throws what the city says against it. message: needed for `code`
 * @typedef {{ length: number, send: () => Promise<(signal: AbortSignal) => Promise<string | null>> }} Message
 *   send: has a code sent; then a demo city tells it
 * @returns {HTMLElement}
 */
export function proofs(asked) {
  const region = h("div.proofs");
  const show = (way, held) => {
    asked.onchange?.(way);
    const { el, focus } = FORMS[way](asked);
    const others = asked.ways.filter((other) => other !== way);
    fill(
      region,
      h("p.proof-lead", null, t(`proof.${way}.lead`)),
      el,
      others.length ? h("div.proof-others", null, others.map((other) => otherButton(other, show))) : null,
    );
    if (held) focus.focus();
  };
  show(asked.ways[0], false);
  return region;
}

const otherButton = (way, show) =>
  h("button.second", { type: "button", "data-way": way, onclick: () => show(way, true) }, t(`proof.${way}`));

const FORMS = {
  totp: (asked) => {
    const field = codeField({ id: "proof", length: TOTP_LENGTH, describedby: "proof-trouble", onwhole: () => form.submit() });
    const demo = h("div");
    const form = typed(asked, "totp", [h("label", { for: "proof" }, t("proof.totp.label")), field.el], field.input, { fits: SIX, demo });
    if (asked.audience === "STAFF") demoTotps(asked.signal, (code) => fill(demo, demoFill(code, field.input)));
    return form;
  },
  recovery: (asked) => {
    const input = h("input.figures", {
      id: "proof",
      type: "text",
      autocomplete: "off",
      autocapitalize: "characters",
      spellcheck: "false",
      maxlength: 40,
      required: true,
      "aria-describedby": "proof-trouble",
      oninput: ({ target }) => target.removeAttribute("aria-invalid"),
    });
    const label = h("label", { for: "proof" }, t("proof.recovery.label"));
    return typed(asked, "recoveryCode", [label, h("div.field", null, input)], input, { fits: RECOVERY });
  },
  password: (asked) => {
    const label = t("proof.password.label");
    const field = passwordField({ id: "proof", label, autocomplete: "current-password", describedby: "proof-trouble" });
    return typed(asked, "password", field.el, field.input);
  },
  code: (asked) => byMessage(asked),
  passkey: (asked) => byPasskey(asked),
};

/** What is typed and sent. name: of the proof, for the city. fits: what a whole one looks like, without its blanks. */
function typed({ prove }, name, field, input, { fits = /./, demo = null } = {}) {
  const place = h("div", { id: "proof-trouble" });
  const send = h("button.primary.wide", { type: "submit" }, t("proof.send"));
  const submit = () =>
    busy(send, t("proof.sending"), async () => {
      fill(place);
      try {
        if (!fits.test(input.value.replace(/[\s-]/g, ""))) throw new CityError("CLIENT_PROOF_EMPTY", "");
        await prove({ [name]: input.value });
      } catch (error) {
        if (error.code?.startsWith("AUTH_")) input.value = "";
        if (!lineBroke(error)) input.setAttribute("aria-invalid", "true");
        complain(place, error);
        input.focus();
      }
    });
  const onsubmit = (event) => (event.preventDefault(), submit());
  return { el: h("form.sign-in-form", { novalidate: true, onsubmit }, field, place, send, demo), focus: input, submit };
}

function byPasskey({ prove, audience, signal }) {
  const place = h("div");
  const send = h("button.primary.wide", { type: "button" }, t("proof.passkey.do"));
  send.addEventListener("click", () =>
    busy(send, t("proof.passkey.waiting"), async () => {
      fill(place);
      try {
        const { id, credential } = await showPasskey({ audience, signal });
        await prove({ passkeyId: id, credential });
      } catch (error) {
        complain(place, error);
      }
    }),
  );
  return { el: h("div.sign-in-form", null, place, send), focus: send };
}

/** First it is sent, then it is typed. */
function byMessage(asked) {
  const place = h("div");
  const region = h("div");
  const send = h("button.primary.wide", { type: "button" }, t("proof.code.do"));
  const again = () =>
    busy(send, t("signin.sending"), async () => {
      fill(place);
      try {
        const told = await asked.message.send();
        const { length } = asked.message;
        const field = codeField({ id: "proof", length, describedby: "proof-trouble", onwhole: () => form.submit() });
        const demo = h("div");
        const label = h("label", { for: "proof" }, t("signin.code", { n: length }));
        const form = typed(asked, "code", [label, field.el], field.input, { demo });
        fill(region, form.el);
        field.input.focus();
        told(asked.signal).then((code) => code && fill(demo, demoFill(code, field.input)));
      } catch (error) {
        complain(place, error);
      }
    });
  send.addEventListener("click", again);
  fill(region, h("div.sign-in-form", null, place, send));
  return { el: region, focus: send };
}
