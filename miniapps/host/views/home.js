/** Home: who you are, your air, the one thing that matters, what you use. Then nothing. */

import { ask, missing } from "../api.js";
import { fill, h } from "../dom.js";
import { HOME } from "../documents.js";
import { cityHour, clock, nameLang, partOfDay, today, when } from "../format.js";
import { t } from "../i18n.js";
import { cityNow } from "../session.js";
import { horizon } from "../ui/horizon.js";
import { airShape, icon } from "../ui/icons.js";
import { linkRow } from "../ui/list.js";
import { load, missingPart } from "../ui/load.js";
import { skeleton } from "../ui/skeleton.js";

const DAY_MS = 86_400_000;
/** From here on the air is worth a line of its own. */
const HEAVY = 200;

/** @type {import("../router.js").View} */
export const home = { title: "home.title", for: "CITIZEN", dock: true, enter };

/** @param {import("../router.js").Screen} screen */
function enter(screen) {
  const region = h("div.home");
  const finder = search(); // one for the visit: what was typed stays
  fill(screen.main, region);
  return load(region, {
    key: "home",
    signal: screen.signal,
    ask: () => ask(HOME, {}, screen),
    skeleton: () => skeleton("title", "line", "block", "row", "row"),
    show: ({ data: { me }, errors }) => [greeting(me), matters(me), air(me, errors, screen), services(me), finder],
  });
}

const greeting = (me) =>
  h(
    "div.greeting",
    null,
    h("p.today", null, today()),
    h(
      "h1",
      { tabindex: "-1" },
      h("span", null, t(`home.greeting.${partOfDay()}`)),
      h("span.greeting-name", { lang: nameLang(me.name ?? "") }, me.name ?? me.maskedPhone),
    ),
  );

/** One line, the first that holds. */
function matters(me) {
  const [scan] = me.scans?.nodes ?? [];
  const air = me.homeDistrict?.airQuality;
  if (air?.aqi > HEAVY) return matter(null, t("home.matters.air", { category: air.categoryLabel }));
  if (scan && cityNow() - Date.parse(scan.at) < DAY_MS) {
    return matter(
      "/scans",
      t("home.matters.scan", { when: when(scan.at), who: scan.scanner.organisation, why: scan.purposeLabel }),
    );
  }
  return matter(null, t(me.homeDistrict ? "home.matters.nothing" : "home.matters.district"));
}

const matter = (to, words) =>
  to
    ? h("a.matter", { href: `#${to}`, "data-testid": "matter" }, h("span", null, words), icon("next"))
    : h("p.matter", { "data-testid": "matter" }, words);

function air(me, errors, screen) {
  const district = me.homeDistrict;
  if (!district) return noAir();
  const failed = missing(errors, "me", "homeDistrict", "airQuality");
  return h(
    "section.air",
    { "aria-labelledby": "air", "data-testid": "air" },
    h("h2", { id: "air" }, t("home.air", { district: district.name })),
    failed
      ? missingPart(t("home.air.missing"), screen.again, failed)
      : district.airQuality
        ? airNow(district.airQuality)
        : h("p.air-none", null, t("home.air.none")),
    horizon({ aqi: district.airQuality?.aqi ?? null, hour: cityHour() }),
  );
}

const noAir = () =>
  h(
    "section.air",
    { "aria-labelledby": "air", "data-testid": "air" },
    h("h2", { id: "air" }, t("home.air.choose")),
    h("p.air-none", null, h("a.second", { href: "#/me/district" }, t("home.air.choose.do"))),
    horizon({ aqi: null, hour: cityHour() }),
  );

const airNow = (air) => [
  h(
    "p.air-now",
    null,
    h("span.air-number", { "data-testid": "aqi" }, air.aqi),
    h("span.air-word", { "data-category": air.category }, airShape(air.category), air.categoryLabel),
  ),
  h("p.air-advice", null, air.advice),
  h(
    "p.air-facts",
    null,
    h(
      "span.air-details",
      null,
      facts(air).map((fact) => h("span.air-fact", null, fact)),
    ),
    air.synthetic ? h("span.synthetic", { "data-testid": "synthetic" }, t("home.air.synthetic")) : null,
  ),
];

const facts = (air) => [
  ...(air.primaryPollutant ? [air.primaryPollutant.name] : []),
  t("home.air.observed", { clock: clock(air.observedAt) }),
  t("home.air.stations", { n: air.stationCount }),
  ...(air.synthetic ? [] : [air.source]), // its mark stands beside
];

/** What this person can do here today, each with a live fact. Laid as bricks. */
function services(me) {
  const [scan] = me.scans?.nodes ?? [];
  const devices = me.sessions
    ? `${me.sessions.nodes.filter((session) => !session.revokedAt).length}${me.sessions.pageInfo.hasNextPage ? "+" : ""}`
    : "";
  return h(
    "section",
    { "aria-labelledby": "services" },
    h("h2.section", { id: "services" }, t("home.services")),
    h(
      "ul.bricks",
      null,
      brick("/scans", t("scans.title"), scan ? when(scan.at) : t("scans.none")),
      brick("/me/devices", t("devices.title"), devices && t("devices.count", { n: devices })),
      brick("/me/display", t("display.title"), t("display.fact")),
      brick("/me/district", t("district.title"), me.homeDistrict?.name ?? t("district.none")),
    ),
  );
}

const brick = (to, title, fact) =>
  h("li", null, h("a.brick", { href: `#${to}` }, h("span.brick-title", null, title), h("span.brick-fact", null, fact)));

/** Over what is here. Each entry has the words that people might use for it. */
const FINDABLE = [
  ["/code", "dock.code", "search.code"],
  ["/scans", "scans.title", "search.scans"],
  ["/me/devices", "devices.title", "search.devices"],
  ["/me/district", "district.title", "search.district"],
  ["/me/display", "display.title", "search.display"],
  ["/me", "me.title", "search.me"],
];

function search() {
  const found = h("ul.rows", { "data-testid": "found" });
  const said = h("p.hint", { role: "status" });
  const look = ({ target }) => {
    const wanted = target.value.trim().toLowerCase();
    const hits = wanted
      ? FINDABLE.filter(([, title, words]) => `${t(title)} ${t(words)}`.toLowerCase().includes(wanted))
      : [];
    fill(
      found,
      hits.map(([to, title]) => linkRow({ to, title: t(title) })),
    );
    fill(said, wanted && !hits.length ? t("search.nothing") : "");
  };
  return h(
    "search.search",
    null,
    h(
      "label.field.pill",
      null,
      icon("search"),
      h("span.unseen", null, t("search.label")),
      h("input", { type: "search", placeholder: t("search.label"), autocomplete: "off", oninput: look }),
    ),
    found,
    said,
  );
}
