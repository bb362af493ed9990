/** The devices that I sign in on, and what was noticed about my account. What I do not know, I forget or end. */

import { ask, forgetThisDevice, missing, whole } from "../api.js";
import { fill, h } from "../dom.js";
import { END_OTHER_SESSIONS, FORGET_DEVICE, MY_DEVICES, RENAME_DEVICE } from "../documents-security.js";
import { dayAndClock, when } from "../format.js";
import { t } from "../i18n.js";
import { toHeading } from "../router.js";
import { announce } from "../ui/announce.js";
import { icon, shape } from "../ui/icons.js";
import { linkRow } from "../ui/list.js";
import { forgetAnswers, load, missingPart } from "../ui/load.js";
import { renameSheet } from "../ui/rename-sheet.js";
import { confirmSheet } from "../ui/sheet.js";
import { skeleton } from "../ui/skeleton.js";
import { complain } from "../ui/trouble.js";

/** What somebody may want to look at twice. */
const GRAVE = new Set(["IMPOSSIBLE_TRAVEL", "MANY_FAILURES", "MANY_SIGN_INS", "SECOND_PROOF_WANTED"]);

/** @type {import("../router.js").View} */
export const securityDevices = { title: "gear.title", for: "SIGNED_IN", back: "/security", enter };

/** @param {import("../router.js").Screen} screen */
function enter(screen) {
  const region = h("div");
  fill(screen.main, h("h1", { tabindex: "-1" }, t("gear.title")), h("p.lead", null, t("gear.lead")), region);
  const part = {
    key: "gear",
    signal: screen.signal,
    ask: () => ask(MY_DEVICES, {}, screen),
    skeleton: () => skeleton("row", "row", "row"),
    show: ({ data, errors }) => shown(screen, data, missing(errors, "securityEvents"), () => load(region, part)),
  };
  return load(region, part);
}

function shown(screen, { devices, securityEvents }, lacking, retry) {
  const place = h("div", { role: "status" });
  return [
    h("ul.rows", { "data-testid": "gear" }, (devices ?? []).map((one) => row(screen, place, one))),
    place,
    h("button.second.wide.end-others", { type: "button", onclick: () => endOthers(screen, place) }, t("gear.end")),
    h("ul.rows", null, linkRow({ to: "/me/devices", title: t("devices.title"), fact: t("gear.sessions") })),
    h("h2.section", null, t("gear.events")),
    lacking ? missingPart(t("gear.events.missing"), retry, lacking) : events(securityEvents.nodes),
  ];
}

const row = (screen, place, one) =>
  h(
    "li.device",
    { "data-testid": "gear-one", "data-current": one.current },
    h(
      "div",
      null,
      h("p.device-name", null, one.name, one.current ? h("span.this-one", null, icon("check"), t("devices.current")) : null),
      h("p.device-fact", null, t("devices.seen", { when: when(one.lastSeenAt) })),
      one.trusted || !one.coolingUntil
        ? null
        : h("p.device-fact", null, t("gear.cooling", { when: dayAndClock(one.coolingUntil) })),
    ),
    act("gear.rename", one, () =>
      renameSheet({
        name: one.name,
        rename: (name) => whole(ask(RENAME_DEVICE, { id: one.id, name }, screen)),
        onrenamed: () => again(screen, t("rename.done")),
        signal: screen.signal,
      }),
    ),
    act("gear.forget", one, () => forget(screen, place, one)),
  );

const act = (key, { name }, onclick) =>
  h("button.second", { type: "button", "aria-label": `${t(key)} ${name}`, onclick }, t(key));

const forget = (screen, place, one) =>
  sure(screen, place, {
    title: t("gear.forget.ask", { name: one.name }),
    text: t("gear.forget.text"),
    yes: t("gear.forget"),
    work: async () => {
      await (one.current ? forgetThisDevice(one.id) : whole(ask(FORGET_DEVICE, { id: one.id }, screen)));
      return t("gear.forgotten", { name: one.name });
    },
  });

const endOthers = (screen, place) =>
  sure(screen, place, {
    title: t("gear.end.ask"),
    text: t("gear.end.text"),
    yes: t("gear.end"),
    work: async () => t("gear.ended", { n: (await whole(ask(END_OTHER_SESSIONS, {}, screen))).endOtherSessions }),
  });

async function sure(screen, place, { title, text, yes, work }) {
  const said = await confirmSheet({ title, body: h("p", null, text), yes, no: t("sheet.no"), signal: screen.signal });
  if (!said) return;
  fill(place);
  try {
    again(screen, await work());
  } catch (error) {
    if (!screen.signal.aborted) complain(place, error);
  }
}

function again(screen, words) {
  forgetAnswers();
  if (screen.signal.aborted) return;
  screen.again();
  toHeading();
  announce(words);
}

const events = (nodes) =>
  nodes.length
    ? h("ul.rows", { "data-testid": "events" }, nodes.map(event))
    : h("p.hint", null, t("gear.events.none"));

const event = ({ kind, at, deviceName, place }) =>
  h(
    "li.scan",
    null,
    shape(GRAVE.has(kind) ? "warn" : "info"),
    h(
      "div",
      null,
      h("p", null, t(`gear.event.${kind}`)),
      h("p.scan-why", null, [when(at), deviceName, place].filter(Boolean).join(" · ")),
    ),
  );
