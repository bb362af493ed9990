/** Signing in: a phone number, then the code that was sent to it. No password to remember. */

import { askOpenly, CityError, whole } from "../api.js";
import { demoCode, isDemo } from "../demo.js";
import { fill, h } from "../dom.js";
import { REQUEST_CODE, SIGN_IN, SIGN_IN_RULES } from "../documents.js";
import { cityHour, phoneGroups } from "../format.js";
import { t } from "../i18n.js";
import { prefs, setPrefs } from "../prefs.js";
import { startPath } from "../router.js";
import { deviceId, deviceName, keep } from "../session.js";
import { announce } from "../ui/announce.js";
import { demoAccounts, demoFill } from "../ui/demo-line.js";
import { horizon } from "../ui/horizon.js";
import { shape } from "../ui/icons.js";
import { errorWords } from "../ui/load.js";

const MOBILE = /^1\d{10}$/;
/** A fair day: the sign-in page knows no district yet. */
const FAIR = 45;

/** @type {import("../router.js").View} */
export const signIn = {
  title: "signin.title",
  for: "NOBODY",
  enter: (screen) => askPhone(screen, { phone: "", audience: "CITIZEN" }),
};

/** @typedef {{ phone: string, audience: import("../session.js").Audience }} Draft */

/** @param {import("../router.js").Screen} screen @param {Draft} draft */
function askPhone(screen, draft) {
  const staff = draft.audience === "STAFF";
  const trouble = h("div", { id: "trouble" });
  const input = phoneInput(draft.phone);
  const send = h("button.primary.wide", { type: "submit" }, t("signin.send"));
  const form = h(
    "form.sign-in-form",
    { novalidate: true, onsubmit: (event) => event.preventDefault() },
    h("label", { for: "phone" }, t("signin.phone")),
    h("div.field", null, h("span.field-lead", { "aria-hidden": "true" }, "+86"), input),
    trouble,
    send,
  );
  form.addEventListener("submit", () =>
    busy(send, () => sendCode(screen, { ...draft, phone: digits(input.value) }, input, trouble)),
  );
  const demo = h("div");
  fill(
    screen.main,
    h("h1", { tabindex: "-1" }, t(staff ? "signin.heading.staff" : "signin.heading")),
    h("p.lead", null, t(staff ? "signin.lead.staff" : "signin.lead")),
    form,
    demo,
    h(
      "div.sign-in-other",
      null,
      h(
        "button.quiet",
        { type: "button", onclick: () => askPhone(screen, { phone: "", audience: staff ? "CITIZEN" : "STAFF" }) },
        t(staff ? "signin.citizen" : "signin.staff"),
      ),
      languageButton(),
    ),
    ground(),
  );
  isDemo().then(
    (demoCity) =>
      demoCity &&
      fill(
        demo,
        demoAccounts(draft.audience, (phone) => setPhone(input, phone)),
      ),
  );
}

const ground = () => h("div.sign-in-horizon", null, horizon({ aqi: FAIR, hour: cityHour() }));

function setPhone(input, phone) {
  input.value = phoneGroups(phone);
  input.focus();
}

const languageButton = () => {
  const other = prefs().locale === "en" ? "zh-CN" : "en";
  return h(
    "button.quiet",
    { type: "button", lang: other, onclick: () => setPrefs({ locale: other }) },
    other === "en" ? "English" : "中文",
  );
};

function phoneInput(value) {
  return h("input", {
    id: "phone",
    type: "tel",
    inputmode: "numeric",
    autocomplete: "tel-national",
    required: true,
    maxlength: 18,
    value: phoneGroups(value),
    "aria-describedby": "trouble",
    oninput: (event) => event.target.removeAttribute("aria-invalid"),
  });
}

async function sendCode(screen, draft, input, trouble) {
  fill(trouble);
  try {
    if (!MOBILE.test(draft.phone)) throw new CityError("AUTH_PHONE_INVALID", "");
    const { requestSignInCode: sent } = await whole(requestCode(draft));
    askCode(screen, draft, sent);
  } catch (error) {
    input.setAttribute("aria-invalid", "true");
    complain(trouble, error);
    input.focus();
  }
}

const requestCode = ({ phone, audience }) =>
  askOpenly(REQUEST_CODE, { input: { phone, deviceId: deviceId(), audience } });

/**
 * @param {import("../router.js").Screen} screen
 * @param {Draft} draft
 * @param {{ expiresAt: string, resendAfterS: number }} sent
 */
async function askCode(screen, draft, sent) {
  const length = (await askOpenly(SIGN_IN_RULES).catch(() => null))?.data.signInRules.codeLength ?? 6;
  if (screen.signal.aborted) return;
  const trouble = h("div", { id: "trouble" });
  const input = codeInput(length);
  const enter = h("button.primary.wide", { type: "submit" }, t("signin.enter"));
  const submit = () => busy(enter, () => finish(draft, digits(input.value), input, trouble));
  const demo = h("div");
  fill(
    screen.main,
    h("h1", { tabindex: "-1" }, t("signin.code.heading")),
    h("p.lead", null, t("signin.code.lead"), h("br"), h("b.figures", null, `+86 ${phoneGroups(draft.phone)}`)),
    h(
      "form.sign-in-form",
      { novalidate: true, onsubmit: (event) => (event.preventDefault(), submit()) },
      h("label", { for: "code" }, t("signin.code", { n: length })),
      h("div.cells", { vars: { "--cells": length } }, input),
      trouble,
      enter,
    ),
    demo,
    h(
      "div.sign-in-other",
      null,
      resendButton(screen, draft, sent, trouble),
      h("button.quiet", { type: "button", onclick: () => askPhone(screen, draft) }, t("signin.change")),
    ),
    ground(),
  );
  input.addEventListener("input", () => input.value.length === length && submit());
  input.focus();
  demoCode(draft.phone, sent.expiresAt, screen.signal).then((code) => code && fill(demo, demoFill(code, input)));
}

/** One input, drawn as cells: paste, autofill and screen readers see a single field. */
function codeInput(length) {
  return h("input.figures", {
    id: "code",
    type: "text",
    inputmode: "numeric",
    autocomplete: "one-time-code",
    pattern: "[0-9]*",
    required: true,
    "aria-describedby": "trouble",
    oninput: ({ target }) => {
      target.removeAttribute("aria-invalid");
      const clean = digits(target.value).slice(0, length);
      if (clean !== target.value) target.value = clean;
    },
  });
}

async function finish(draft, code, input, trouble) {
  fill(trouble);
  try {
    const askedAt = Date.now();
    const asked = askOpenly(SIGN_IN, { input: { ...draft, code, deviceId: deviceId(), deviceName: deviceName() } });
    const { signIn: result } = await whole(asked);
    await keep(result, askedAt);
    location.hash = startPath();
  } catch (error) {
    input.value = "";
    input.setAttribute("aria-invalid", "true");
    complain(trouble, error);
    input.focus();
  }
}

function resendButton(screen, draft, sent, trouble) {
  const button = h("button.quiet.figures", { type: "button", "data-testid": "resend" });
  let left = sent.resendAfterS;
  const draw = () => {
    fill(button, left > 0 ? t("signin.resend.in", { n: left }) : t("signin.resend"));
    button.toggleAttribute("disabled", left > 0);
  };
  const timer = setInterval(() => (left--, draw(), left <= 0 && clearInterval(timer)), 1000);
  screen.signal.addEventListener("abort", () => clearInterval(timer));
  button.addEventListener("click", async () => {
    const again = await whole(requestCode(draft)).catch((error) => complain(trouble, error));
    if (again) askCode(screen, draft, again.requestSignInCode);
  });
  draw();
  return button;
}

function complain(trouble, error) {
  const words = errorWords(error);
  fill(
    trouble,
    h(
      "p.trouble",
      { "data-testid": "trouble", "data-code": words.code },
      shape("stop"),
      h("span", null, h("b", null, words.title), " ", words.hint),
    ),
  );
  announce(`${words.title} ${words.hint}`);
}

async function busy(button, work) {
  if (button.getAttribute("aria-disabled") === "true") return;
  button.setAttribute("aria-disabled", "true");
  await work();
  button.removeAttribute("aria-disabled");
}

const digits = (text) =>
  text
    .normalize("NFKC")
    .replace(/^\s*\+86/, "")
    .replace(/\D/g, "");
