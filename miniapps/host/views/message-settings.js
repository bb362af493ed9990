/**
 * Message settings: by which way each kind of message also comes, when not, and to which address. Every message is in
 * the inbox, whatever stands here.
 *
 * In elder mode one thing a screen: `#/me/messages?about=quiet`.
 */

import { ask, whole } from "../api.js";
import { fill, h } from "../dom.js";
import { CONFIRM_EMAIL, REACHED, REMOVE_EMAIL, SET_EMAIL, SET_REACHED } from "../documents-paper.js";
import { clock, joined } from "../format.js";
import { t } from "../i18n.js";
import { prefs } from "../prefs.js";
import { toHeading } from "../router.js";
import { announce } from "../ui/announce.js";
import { busy } from "../ui/busy.js";
import { icon } from "../ui/icons.js";
import { linkRow } from "../ui/list.js";
import { forgetAnswers, load } from "../ui/load.js";
import { confirmSheet } from "../ui/sheet.js";
import { skeleton } from "../ui/skeleton.js";
import { complain } from "../ui/trouble.js";

const QUIET = { start: "22:00", end: "07:00" };

/** @type {import("../router.js").View} */
export const messageSettings = { title: "reach.title", for: "CITIZEN", back: "/me", enter };

/** @param {import("../router.js").Screen} screen */
function enter(screen) {
  const region = h("div.reach");
  const about = screen.asked.get("about");
  fill(
    screen.main,
    h("h1", { tabindex: "-1" }, t("reach.title")),
    about ? null : h("p.lead", null, t("reach.lead")),
    region,
  );
  return load(region, {
    key: "reach",
    signal: screen.signal,
    ask: async () => ({ data: await whole(ask(REACHED, {}, screen)), errors: [] }),
    skeleton: () => skeleton("row", "row", "row", "row"),
    show: ({ data }) => parts(screen, data.me.notificationPreferences, about),
  });
}

function parts(screen, reach, about) {
  if (about === "quiet") return quiet(screen, reach);
  if (about === "email") return email(screen, reach);
  const one = reach.categories.find(({ category }) => category === about);
  if (one) return [ways(screen, reach, one), noPush(reach)];
  if (prefs().mode === "elder") return contents(reach);
  return [
    h("h2.section", null, t("reach.ways")),
    noPush(reach),
    reach.categories.map((each) => ways(screen, reach, each)),
    quiet(screen, reach),
    email(screen, reach),
  ];
}

/** Elder mode: each leads to a screen of its own. */
const contents = (reach) =>
  h(
    "ul.rows",
    { "data-testid": "reach-parts" },
    reach.categories.map(({ category, label, ...on }) =>
      linkRow({ to: `/me/messages?about=${category}`, title: label, fact: onWords(on) }),
    ),
    linkRow({ to: "/me/messages?about=quiet", title: t("reach.quiet"), fact: quietWords(reach) }),
    linkRow({ to: "/me/messages?about=email", title: t("reach.email"), fact: reach.email?.address ?? t("reach.email.none") }),
  );

const onWords = ({ push, email: mail }) =>
  joined([push && t("reach.push"), mail && t("reach.mail")].filter(Boolean)) || t("reach.inbox_only");

const quietWords = ({ quietHours }) => (quietHours ? `${quietHours.start}–${quietHours.end}` : t("reach.quiet.off"));

/** Why a push would not come. */
function noPush({ pushAvailable, pushTargets }) {
  if (pushAvailable && pushTargets.length) return null;
  return h("p.hint", null, t(pushAvailable ? "reach.push.none" : "reach.push.off"));
}

/** One kind of message and its two ways; kept as soon as it is ticked. */
function ways(screen, reach, { category, label, ...on }) {
  const place = h("div");
  const box = (way, words, available) => {
    const input = h("input", { type: "checkbox", checked: on[way], disabled: !available });
    input.addEventListener("change", () => keep(screen, { categories: [{ category, [way]: input.checked }] }, input, place));
    return h("label.choice", { "data-off": !available }, input, h("span", null, words), icon("check"));
  };
  return h(
    "fieldset.choices.columns.ways",
    { "data-testid": `ways-${category}` },
    h("legend", null, label),
    box("push", t("reach.push"), reach.pushAvailable),
    box("email", t("reach.mail"), reach.emailAvailable),
    place,
  );
}

/** What the city did not take goes back to what it was. */
async function keep(screen, input, box, place) {
  fill(place);
  try {
    await whole(ask(SET_REACHED, { input }, screen));
    forgetAnswers();
    announce(t("reach.kept"));
  } catch (error) {
    if (screen.signal.aborted) return;
    box.checked = !box.checked;
    complain(place, error);
  }
}

function quiet(screen, { quietHours }) {
  const place = h("div");
  const on = h("input", { type: "checkbox", checked: Boolean(quietHours) });
  const start = timeField("quiet-start", t("reach.quiet.start"), (quietHours ?? QUIET).start);
  const end = timeField("quiet-end", t("reach.quiet.end"), (quietHours ?? QUIET).end);
  const times = h("div.times", { hidden: !quietHours }, start.el, end.el);
  const store = () => {
    times.hidden = !on.checked;
    const hours = on.checked ? { start: start.input.value, end: end.input.value } : null;
    if (hours && !(hours.start && hours.end)) return;
    return keepQuiet(screen, hours, place);
  };
  for (const input of [on, start.input, end.input]) input.addEventListener("change", store);
  return h(
    "section",
    { "aria-labelledby": "quiet", "data-testid": "quiet" },
    h("h2.section", { id: "quiet" }, t("reach.quiet")),
    h("label.choice", null, on, h("span", null, t("reach.quiet.on")), icon("check")),
    times,
    h("p.hint", null, t("reach.quiet.hint")),
    place,
  );
}

async function keepQuiet(screen, quietHours, place) {
  fill(place);
  try {
    await whole(ask(SET_REACHED, { input: { quietHours } }, screen));
    forgetAnswers();
    announce(t("reach.kept"));
  } catch (error) {
    if (!screen.signal.aborted) complain(place, error);
  }
}

function timeField(id, words, value) {
  const input = h("input", { type: "time", id, value, required: true });
  return { input, el: h("div.time", null, h("label", { for: id }, words), h("div.field", null, input)) };
}

/** The address, or the way to one: write it, then the code that came to it. */
function email(screen, reach) {
  const body = h("div.email", { "data-testid": "email" });
  const draw = (address, waiting) =>
    fill(
      body,
      address ? known(screen, address, () => draw(null, null)) : null,
      waiting ? codeForm(screen, waiting, (done) => draw(done, null), () => draw(address, null)) : null,
      !address && !waiting && reach.emailAvailable ? addressForm(screen, (sent) => draw(null, sent)) : null,
      reach.emailAvailable ? null : h("p.hint", null, t("reach.email.off")),
    );
  draw(reach.email?.address, reach.unconfirmedEmail);
  return h(
    "section",
    { "aria-labelledby": "email" },
    h("h2.section", { id: "email" }, t("reach.email")),
    body,
  );
}

function known(screen, address, ongone) {
  const place = h("div");
  const remove = async () => {
    const sure = await confirmSheet({
      title: t("reach.email.remove.ask"),
      body: h("p", null, t("reach.email.remove.text", { address })),
      yes: t("reach.email.remove"),
      no: t("sheet.no"),
      signal: screen.signal,
    });
    if (sure) await attempt(screen, place, () => ask(REMOVE_EMAIL, {}, screen), () => (ongone(), t("reach.email.removed")));
  };
  return h(
    "div.known-email",
    null,
    h("p", null, icon("seal"), address),
    h("button.second", { type: "button", onclick: remove }, t("reach.email.remove")),
    place,
  );
}

function addressForm(screen, onsent) {
  const place = h("div");
  const input = h("input", { type: "email", id: "address", autocomplete: "email", required: true, maxlength: 254 });
  const button = h("button.second", { type: "submit" }, t("reach.email.send"));
  const send = (event) => {
    event.preventDefault();
    const asked = () => ask(SET_EMAIL, { input: { address: input.value.trim() } }, screen);
    busy(button, t("signin.sending"), () =>
      attempt(screen, place, asked, (data) => (onsent(data.setNotificationEmail), t("reach.email.sent"))),
    );
  };
  return h(
    "form.small-form",
    { onsubmit: send },
    h("label", { for: "address" }, t("reach.email.address")),
    h("div.field", null, input),
    button,
    place,
  );
}

function codeForm(screen, { address, codeExpiresAt }, ondone, onother) {
  const place = h("div");
  const input = h("input", {
    type: "text",
    id: "email-code",
    inputmode: "numeric",
    autocomplete: "one-time-code",
    maxlength: 6,
    required: true,
  });
  const button = h("button.second", { type: "submit" }, t("reach.email.confirm"));
  const enterCode = (event) => {
    event.preventDefault();
    const asked = () => ask(CONFIRM_EMAIL, { code: input.value.trim() }, screen);
    const done = (data) => (ondone(data.confirmNotificationEmail.address), t("reach.email.confirmed"));
    busy(button, t("verdict.checking"), () => attempt(screen, place, asked, done));
  };
  return h(
    "form.small-form",
    { onsubmit: enterCode },
    h("p", null, t("reach.email.waits", { address, clock: clock(codeExpiresAt) })),
    h("label", { for: "email-code" }, t("reach.email.code")),
    h("div.field", null, input),
    button,
    h("button.quiet", { type: "button", onclick: onother }, t("reach.email.other")),
    place,
  );
}

/** @param {(data: any) => string} onsuccess  says what to announce */
async function attempt(screen, place, asked, onsuccess) {
  fill(place);
  try {
    const words = onsuccess(await whole(asked()));
    forgetAnswers();
    announce(words);
    toHeading();
  } catch (error) {
    if (!screen.signal.aborted) complain(place, error);
  }
}
