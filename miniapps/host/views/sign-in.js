/** Signing in begins with a phone number, a passkey, a password, or a phone that is signed in already. */

import { askOpenly, CityError, whole } from "../api.js";
import { isDemo } from "../demo.js";
import { fill, h } from "../dom.js";
import { REQUEST_CODE } from "../documents.js";
import { SIGN_IN_WITH_PASSKEY } from "../documents-security.js";
import { draft, setDraft } from "../draft.js";
import { enterBy } from "../entering.js";
import { cityHour, phoneGroups } from "../format.js";
import { t } from "../i18n.js";
import { prefs, setPrefs } from "../prefs.js";
import { offeredWhileTyping, PASSKEY_CANCELLED, passkeysHere, showPasskey } from "../passkeys.js";
import { recovering } from "../recovering.js";
import { deviceId, deviceName, wasEnded } from "../session.js";
import { announce } from "../ui/announce.js";
import { busy } from "../ui/busy.js";
import { demoAccounts } from "../ui/demo-line.js";
import { horizon } from "../ui/horizon.js";
import { icon, shape } from "../ui/icons.js";
import { complain } from "../ui/trouble.js";

export const MOBILE = /^1\d{10}$/;
/** A fair day: the sign-in page knows no district yet. */
const FAIR = 45;

/** @type {import("../router.js").View} */
export const signIn = { title: "signin.title", for: "NOBODY", enter };

/** @param {import("../router.js").Screen} screen */
function enter(screen) {
  const { phone, audience } = draft();
  const staff = audience === "STAFF";
  const place = h("div", { id: "trouble" });
  const onfocus = () => offerPasskeys(screen, place);
  const input = phoneInput(phone, { autocomplete: passkeysHere() ? "tel-national webauthn" : "tel-national", onfocus });
  const send = h("button.primary.wide", { type: "submit" }, t("signin.send"));
  const submit = (event) => {
    event.preventDefault();
    busy(send, t("signin.sending"), () => sendCode(screen, input, place));
  };
  const demo = h("div");
  fill(
    screen.main,
    h("h1", { tabindex: "-1" }, t(staff ? "signin.heading.staff" : "signin.heading")),
    h("p.lead", null, t(staff ? "signin.lead.staff" : "signin.lead")),
    wasEnded() ? endedNotice() : null,
    h(
      "form.sign-in-form",
      { novalidate: true, onsubmit: submit },
      h("label", { for: "phone" }, t("signin.phone")),
      h("div.field", null, h("span.field-lead", { "aria-hidden": "true" }, "+86"), input),
      place,
      send,
    ),
    demo,
    ways(screen, place),
    staff ? null : lostPhone(),
    others(screen, staff),
    ground(),
  );
  isDemo().then(
    (demoCity) =>
      demoCity &&
      fill(
        demo,
        demoAccounts(audience, (number) => setPhone(input, number)),
      ),
  );
}

/** Beside the code: each is a page, but for the passkey, which the browser asks for. */
const ways = (screen, place) =>
  h(
    "nav.ways",
    { "aria-label": t("signin.ways") },
    passkeysHere() ? passkeyButton(screen, place) : null,
    h("a.way", { href: "#/sign-in/password" }, icon("dots"), h("span", null, t("signin.by.password"))),
    h("a.way", { href: "#/sign-in/screen" }, icon("scan"), h("span", null, t("signin.by.screen"))),
  );

/** Begun, it is the way on, and says so. */
const lostPhone = () =>
  h("a.lost-phone", { href: "#/sign-in/recover", "data-testid": "lost-phone" }, t(recovering() ? "recover.goes.on" : "recover.link"));

function passkeyButton(screen, place) {
  const words = h("span", null, t("signin.by.passkey"));
  const button = h("button.way", { type: "button", "data-testid": "by-passkey" }, icon("key"), words);
  button.addEventListener("click", () => {
    offering?.abort(); // a browser shows one request at a time
    return busy(words, t("proof.passkey.waiting"), () => byPasskey({ signal: screen.signal }, place));
  });
  return button;
}

async function byPasskey(how, place) {
  fill(place);
  try {
    const { id, credential } = await showPasskey({ audience: draft().audience, ...how });
    await enterBy(SIGN_IN_WITH_PASSKEY, { id, credential, deviceId: deviceId(), deviceName: deviceName() });
  } catch (error) {
    if (!how.signal.aborted && !(how.whileTyping && error.code === PASSKEY_CANCELLED)) complain(place, error);
  }
}

/** What is offered while one types, if anything. @type {AbortController | null} */
let offering = null;

/** A passkey among what the browser fills in, from the first touch of the field: a page that is only looked at asks nothing. */
async function offerPasskeys(screen, place) {
  if (offering && !offering.signal.aborted) return;
  offering = new AbortController();
  screen.signal.addEventListener("abort", () => offering?.abort());
  if (await offeredWhileTyping()) await byPasskey({ signal: offering.signal, whileTyping: true }, place);
}

function endedNotice() {
  announce(t("signin.ended"));
  return h("p.notice.info", { "data-testid": "ended" }, shape("info"), h("span", null, t("signin.ended")));
}

const others = (screen, staff) =>
  h("div.sign-in-other", null, sideButton(screen, staff), languageButton(), displayLink());

const sideButton = (screen, staff) =>
  h(
    "button.quiet",
    {
      type: "button",
      onclick: () => (setNumber("", staff ? "CITIZEN" : "STAFF"), screen.again()),
    },
    t(staff ? "signin.citizen" : "signin.staff"),
  );

const languageButton = () => {
  const other = prefs().locale === "en" ? "zh-CN" : "en";
  return h(
    "button.quiet",
    { type: "button", lang: other, onclick: () => setPrefs({ locale: other }) },
    other === "en" ? "English" : "中文",
  );
};

const displayLink = () => h("a.quiet", { href: "#/me/display" }, t("display.title"));

export const ground = () => h("div.sign-in-horizon", null, horizon({ aqi: FAIR, hour: cityHour() }));

function setPhone(input, phone) {
  input.value = phoneGroups(phone);
  setNumber(phone);
  input.focus();
}

/** A code that was sent to another number is no use to this one. */
const setNumber = (phone, audience = draft().audience) => setDraft({ phone, audience, sent: undefined });

/** @param {string} value @param {{ autocomplete: string, onfocus?: () => void }} filled  by the browser, how */
export function phoneInput(value, { autocomplete, onfocus }) {
  return h("input", {
    id: "phone",
    type: "tel",
    inputmode: "numeric",
    autocomplete,
    required: true,
    maxlength: 18,
    value: phoneGroups(value),
    "aria-describedby": "trouble",
    onfocus,
    oninput: ({ target }) => {
      target.removeAttribute("aria-invalid");
      setNumber(national(target.value));
    },
  });
}

async function sendCode(screen, input, place) {
  fill(place);
  const { audience } = draft();
  const phone = national(input.value);
  try {
    if (!MOBILE.test(phone)) throw new CityError("AUTH_PHONE_INVALID", "");
    setDraft({ phone, sent: await requestCode({ phone, audience }) });
    if (!screen.signal.aborted) screen.go("/sign-in/code");
  } catch (error) {
    if (error.code === "AUTH_PHONE_INVALID") input.setAttribute("aria-invalid", "true");
    complain(place, error);
    input.focus();
  }
}

/** @param {import("../draft.js").Draft} draft @returns {Promise<import("../draft.js").Draft["sent"]>} */
export async function requestCode({ phone, audience }) {
  const asked = askOpenly(REQUEST_CODE, { input: { phone, deviceId: deviceId(), audience } });
  const { expiresAt, resendAfterS } = (await whole(asked)).requestSignInCode;
  return { expiresAt, againAt: Date.now() + resendAfterS * 1000 };
}

/** However it was written: full-width figures, spaces, dashes, the country's code. @param {string} text */
export const national = (text) =>
  text
    .normalize("NFKC")
    .replace(/[^\d+]/g, "")
    .replace(/^(?:\+|00)?86(?=1\d{10}$)/, "")
    .replace(/\D/g, "");
