/** What a plate is, and what can be done there. Opened by the shell's camera, by a typed code, or by any camera at all. */

import { ask, whole } from "../api.js";
import { fill, h } from "../dom.js";
import { CHECK_IN, PLACE, READ_PLATE } from "../documents-street.js";
import { clockSeconds } from "../format.js";
import { t } from "../i18n.js";
import { randomId } from "../session.js";
import { announce } from "../ui/announce.js";
import { busy } from "../ui/busy.js";
import { icon, shape } from "../ui/icons.js";
import { load } from "../ui/load.js";
import { reader } from "../ui/reader.js";
import { skeleton } from "../ui/skeleton.js";
import { complain } from "../ui/trouble.js";

const DIGITS = /^\d{21}$/;
/** Codes of people are not for a citizen to read, and go neither into an address nor to the city. */
const PEOPLE_S = [
  [/^CC1:/i, "PERSONAL"],
  [/^CL1:/i, "LICENCE"],
];
/** What the city says of a plate that is none, by its code: which words and which shape. */
const REFUSALS = {
  NOT_FOUND: ["UNKNOWN", "elsewhere"],
  CITYCODE_PLATE_MALFORMED: ["STRANGE", "elsewhere"],
  CITYCODE_PLATE_FOREIGN: ["FOREIGN", "elsewhere"],
  CITYCODE_PLATE_FORGED: ["FORGED", "stop"],
  CITYCODE_PLATE_KEY_UNKNOWN: ["KEY_UNKNOWN", "key"],
  CITYCODE_PLATE_REPLACED: ["REPLACED", "clock"],
};

/** What another screen shows that wants to be signed in. */
const LINK = /\/#\/link\/[\w-]{1,64}$/;

/** @type {import("../router.js").View} */
export const scan = { title: "scan.title", for: "CITIZEN", back: "/home", enter };

/** @param {import("../router.js").Screen} screen */
function enter(screen) {
  const code = screen.asked.get("code")?.trim();
  if (code) return showPlate(screen, code);
  const region = h("div", { role: "status" });
  const onread = (text, { settled }) => {
    const whose = PEOPLE_S.find(([form]) => form.test(text))?.[1];
    settled();
    if (LINK.test(text) && text.startsWith(`${location.origin}/#`)) return screen.go(text.slice(text.indexOf("#") + 1));
    if (!whose) return screen.go(`/scan?code=${encodeURIComponent(text.slice(0, 512))}`);
    fill(region, notPlate(whose, "info"));
    announce(t(`scan.${whose}`));
  };
  fill(
    screen.main,
    h("h1", { tabindex: "-1" }, t("scan.heading")),
    h("p.lead", null, t("scan.lead")),
    region,
    reader({ signal: screen.signal, ready: () => (fill(region), true), onread }),
  );
}

function showPlate(screen, code) {
  const region = h("div");
  fill(screen.main, h("h1.unseen", { tabindex: "-1" }, t("scan.title")), region);
  const digits = DIGITS.test(code);
  return load(region, {
    key: `plate ${code}`,
    signal: screen.signal,
    ask: () => asked(digits ? ask(PLACE, { code }, screen) : ask(READ_PLATE, { text: code }, screen)),
    skeleton: () => skeleton("block", "row"),
    show: ({ data }) => {
      const place = data.place ?? data.readCode;
      return [data.refusal ? notPlate(...data.refusal) : plate(screen, place, digits ? null : code), another()];
    },
  });
}

/** What the city says of a code that is no plate of its own is an answer. */
const asked = (asking) =>
  asking.catch((error) => {
    const refusal = REFUSALS[error.code];
    if (!refusal) throw error;
    return { data: { refusal }, errors: [] };
  });

const another = () => h("a.second.wide.another", { href: "#/scan" }, icon("scan"), t("scan.another"));

const notPlate = (what, form) =>
  h(
    "section.plate.none",
    { "data-testid": "not-a-plate", "data-what": what },
    shape(form),
    h("h2", null, t(`scan.${what}`)),
    h("p", null, t(`scan.hint.${what}`)),
  );

/** The plate as an object: enamel with its two screws, the number at its foot. */
function plate(screen, place, text) {
  const offers = place.active ? place.actions.map(({ kind }) => kind) : [];
  return [
    h(
      "section.plate",
      { "data-testid": "plate", "data-active": String(place.active) },
      h("p.plate-kind", null, place.kindLabel, " · ", place.district.name ?? ""),
      h("h2", null, place.name),
      h("p.plate-number.figures", null, groups(place.code)),
    ),
    place.active
      ? null
      : h("p.notice.info.flush", { "data-testid": "retired" }, shape("clock"), h("span", null, t("scan.retired"))),
    offers.includes("REPORT")
      ? h("a.primary.wide", { href: `#/report?place=${place.code}`, "data-testid": "report" }, t("scan.report"))
      : null,
    offers.includes("CHECK_IN") ? checkIn(screen, text) : null,
    place.active && !offers.length ? h("p.hint", null, t("scan.nothing")) : null,
  ];
}

/** "110101 010503 000000001" */
const groups = (code) => `${code.slice(0, 6)} ${code.slice(6, 12)} ${code.slice(12)}`;

/** Only the plate itself proves that one stands before it. */
function checkIn(screen, text) {
  if (!text) return h("p.hint", null, t("scan.checkin.plate"));
  const said = h("div", { role: "status" });
  const clientCheckInId = randomId("in"); // once: sent again, it is the same visit
  const button = h("button.second.wide", { type: "button", "data-testid": "check-in" }, t("scan.checkin"));
  const go = async () => {
    try {
      const { checkIn: done } = await whole(ask(CHECK_IN, { input: { text, clientCheckInId } }));
      if (screen.signal.aborted) return;
      const words = t("scan.checkin.done", { clock: clockSeconds(done.at) });
      fill(said, h("p.done", { "data-testid": "checked-in" }, shape("ok"), h("span", null, words)));
      button.hidden = true;
    } catch (error) {
      if (!screen.signal.aborted) complain(said, error);
    }
  };
  button.addEventListener("click", () => busy(button, t("scan.checkin.going"), go));
  return h("div.offer", null, button, said, h("p.hint", null, t("scan.checkin.hint")));
}
