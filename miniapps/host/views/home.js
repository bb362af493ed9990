/** Home: who you are, your air, the one thing that matters, what you use. Then nothing. */

import { ask, missing } from "../api.js";
import { fill, h } from "../dom.js";
import { HOME } from "../documents.js";
import { MINI_PROGRAMS } from "../documents-mini.js";
import { cityHour, clock, daysTo, joined, money, nameLang, partOfDay, today, when } from "../format.js";
import { t } from "../i18n.js";
import { homeDistrict, knowHomeDistrict, knownHomeDistrict } from "../home-district.js";
import { fetchRuntime } from "../mini-way.js";
import { cityNow } from "../session.js";
import { changeTiles, programRow, programTiles } from "../ui/mini-program.js";
import { horizon } from "../ui/horizon.js";
import { airShape, icon, shape } from "../ui/icons.js";
import { linkRow } from "../ui/list.js";
import { load, missingPart } from "../ui/load.js";
import { keptPrograms } from "../ui/mini-kept.js";
import { skeleton } from "../ui/skeleton.js";
import { setUnread } from "../ui/unread.js";
import { untouched } from "../ui/untouched.js";

const DAY_MS = 86_400_000;
/** From here on the air is worth a line of its own. */
const HEAVY = 200;
/** A licence that ends within so many days matters today. */
const SOON_DAYS = 60;
const RESTS_MS = 250;
/** So many programs lie side by side. */
const TILES = 4;
/** No health order is in force: nothing to show, and nothing wrong. */
const NO_ORDER = "HEALTH_NOT_IN_FORCE";
/** Whoever acts for somebody sees what they were given, and no more. */
const NOT_MINE = "FORBIDDEN";

/** @type {import("../router.js").View} */
export const home = { title: "home.title", for: "CITIZEN", dock: true, enter };

/** @param {import("../router.js").Screen} screen */
function enter(screen) {
  const region = h("div.home");
  const finder = search(screen.signal); // one for the visit: what was typed stays
  fill(screen.main, region);
  return load(region, {
    key: "home",
    signal: screen.signal,
    ask: async () => {
      const district = knownHomeDistrict();
      const { data, errors } = await ask(HOME, { district }, screen);
      if (data.me) knowHomeDistrict(data.me.homeDistrict?.code);
      return { data, district, errors: errors.filter(({ extensions }) => extensions?.code !== NO_ORDER) };
    },
    skeleton: () => skeleton("title", "line", "block", "row", "row"),
    without: keptPrograms,
    show: ({ data: { me, miniPrograms }, district, errors }) => (setUnread(me.unreadCount), [greeting(me), matters(me), air(me, errors, screen), services(me, errors, screen), programs(me, miniPrograms, district, screen), finder]),
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
  for (const first of [pressingBill, endingLicence, movedCase, heavyAir, lateScan]) {
    const [to, words, form] = first(me) ?? [];
    if (words) return matter(to, words, form);
  }
  return matter(null, t(me.homeDistrict ? "home.matters.nothing" : "home.matters.district"));
}

function pressingBill(me) {
  const [bill] = dueBills(me);
  if (!bill) return null;
  const n = daysTo(bill.dueOn);
  const values = { title: bill.title, amount: bill.amount.text, n: Math.abs(n) };
  const words = t(bill.overdue ? "home.matters.overdue" : n ? "home.matters.due" : "home.matters.today", values);
  return [`/bills/${bill.id}`, words, bill.overdue ? "warn" : "clock"];
}

function endingLicence(me) {
  const licence = ending(me)[0];
  if (!licence) return null;
  const values = { type: licence.type.name, n: licence.expiresInDays };
  return [`/licences/${licence.id}`, t(values.n ? "home.matters.licence" : "home.matters.licence.today", values), "clock"];
}

function movedCase(me) {
  const told = me.inbox?.nodes.find(({ category }) => category === "REPORTS");
  return told && [`/messages/${told.id}`, told.subject, "info"];
}

function heavyAir(me) {
  const air = me.homeDistrict?.airQuality;
  return air?.aqi > HEAVY ? [null, t("home.matters.air", { category: air.categoryLabel })] : null;
}

function lateScan(me) {
  const [scan] = me.scans?.nodes ?? [];
  if (!scan || cityNow() - Date.parse(scan.at) >= DAY_MS) return null;
  const values = { when: when(scan.at), who: scan.scanner.organisation, why: scan.purposeLabel };
  return ["/scans", t("home.matters.scan", values)];
}

/** The soonest first. */
const dueBills = (me) => [...(me.bills?.nodes ?? [])].sort((one, other) => one.dueOn.localeCompare(other.dueOn));

const ending = (me) =>
  (me.licences ?? [])
    .filter((one) => one.status === "VALID" && one.expiresInDays !== null && one.expiresInDays <= SOON_DAYS)
    .sort((one, other) => one.expiresInDays - other.expiresInDays);

/** @param {string | null} to @param {string} words @param {string} [form]  the shape of what presses */
const matter = (to, words, form) =>
  to
    ? h(
        form ? "a.matter.pressing" : "a.matter",
        { href: `#${to}`, "data-testid": "matter" },
        form ? shape(form) : null,
        h("span", null, words),
        icon("next"),
      )
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

function services(me, errors, screen) {
  const failed = ({ field }) => (field ? missing(errors, "me", field) : undefined);
  const gone = SERVICES.filter((one) => failed(one) && failed(one).extensions?.code !== NOT_MINE);
  return h(
    "section",
    { "aria-labelledby": "services" },
    h("h2.section", { id: "services" }, t("home.services")),
    h(
      "ul.bricks",
      null,
      SERVICES.map((one) => brick(one.to, t(one.title), failed(one) ? lackingFact(failed(one)) : one.fact(me))),
    ),
    gone.length
      ? missingPart(
          t("home.services.missing", { names: joined(gone.map(({ title }) => t(title))) }),
          screen.again,
          failed(gone[0]),
        )
      : null,
  );
}

const lackingFact = (error) => t(error.extensions?.code === NOT_MINE ? "home.not_mine" : "home.unknown");

function licencesFact(me) {
  if (!me.licences?.length) return t("wallet.fact.none");
  const soon = ending(me).length;
  const all = t("wallet.fact", { n: me.licences.length });
  return soon ? `${all} · ${t("wallet.fact.soon", { n: soon })}` : all;
}

function billsFact(me) {
  const due = dueBills(me);
  const fen = due.reduce((sum, { amount }) => sum + amount.amount, 0);
  return due.length ? t("bills.fact", { n: due.length, amount: money(fen) }) : t("bills.due.none");
}

const reportFact = (me) =>
  me.homeDistrict ? t("home.report.fact", { district: me.homeDistrict.name }) : t("home.report.anywhere");

const casesFact = (me) => me.cases?.nodes[0]?.statusLabel ?? t("home.cases.none");

const healthFact = (me) => me.healthStatus?.label ?? t("home.health.none");

function familyFact(me) {
  const n = (me.relations ?? []).filter(({ side }) => side === "ACTOR").length;
  return n ? t("home.family.fact", { n }) : t("home.family.none");
}

/** What this person can do here today, each with a live fact. Laid as bricks. */
const SERVICES = [
  { field: "licences", to: "/wallet", title: "wallet.title", fact: licencesFact },
  { field: "bills", to: "/bills", title: "bills.title", fact: billsFact },
  { field: null, to: "/report", title: "home.report", fact: reportFact },
  { field: "cases", to: "/cases", title: "home.cases", fact: casesFact },
  { field: "healthStatus", to: "/health", title: "home.health", fact: healthFact },
  { field: "relations", to: "/me/family", title: "home.family", fact: familyFact },
];

const brick = (to, title, fact) =>
  h("li", null, h("a.brick", { href: `#${to}` }, h("span.brick-title", null, title), h("span.brick-fact", null, fact)));

/**
 * What they used last; then what else there is, until the row is full. A part that did not come is not missed here.
 * district: whose programs are among all of them; theirs is known when the city has answered for the first time.
 */
function programs(me, all, district, screen) {
  const recent = me.recentMiniPrograms ?? [];
  const some = tiled(recent, all);
  if (!some.length) return null;
  globalThis.requestIdleCallback?.(() => void fetchRuntime());
  const tiles = programTiles(some, sceneOf(recent));
  if (recent.length < TILES && (me.homeDistrict?.code ?? null) !== district) void ofTheirDistrict(tiles, me, screen);
  return h(
    "section",
    { "aria-labelledby": "programs" },
    h("h2.section", { id: "programs" }, t("mini.title")),
    tiles,
    h("a.second.wide.mini-all", { href: "#/mini" }, t("mini.all")),
  );
}

const sceneOf = (recent) => (recent.length ? "recent" : "home");

function tiled(recent, all) {
  const others = (all?.nodes ?? []).filter(({ appId }) => recent.every((one) => one.appId !== appId));
  return [...recent, ...others].slice(0, TILES);
}

/** Without an answer, those of the whole city stay. */
async function ofTheirDistrict(tiles, { recentMiniPrograms, homeDistrict: home }, { signal }) {
  const recent = recentMiniPrograms ?? [];
  const whenUntouched = untouched(tiles, signal);
  const answer = await ask(MINI_PROGRAMS, { district: home?.code }, { signal }).catch(() => null);
  const all = answer?.data?.miniPrograms;
  if (all) whenUntouched(() => changeTiles(tiles, tiled(recent, all), sceneOf(recent)));
}

/** Over what is here. Each entry has the words that people might use for it. */
const FINDABLE = [
  ["/code", "dock.code", "search.code"],
  ["/messages", "inbox.title", "search.messages"],
  ["/wallet", "wallet.title", "search.wallet"],
  ["/wallet/money", "money.title", "search.money"],
  ["/bills", "bills.title", "search.bills"],
  ["/report", "home.report", "search.report"],
  ["/cases", "home.cases", "search.cases"],
  ["/health", "home.health", "search.health"],
  ["/mini", "mini.title", "search.mini"],
  ["/me/programs", "mini.permits", "search.permits"],
  ["/me/family", "home.family", "search.family"],
  ["/me/messages", "reach.title", "search.reach"],
  ["/scans", "scans.title", "search.scans"],
  ["/me/devices", "devices.title", "search.devices"],
  ["/security", "security.title", "search.security"],
  ["/me/real-name", "realname.title", "search.realname"],
  ["/me/district", "district.title", "search.district"],
  ["/me/display", "display.title", "search.display"],
  ["/me", "me.title", "search.me"],
];

function search(signal) {
  const found = h("ul.rows", { "data-testid": "found" });
  const said = h("p.hint", { role: "status" });
  const programs = programFinder(signal, (n) => n && fill(said));
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
    programs.look(wanted);
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
    programs.el,
    said,
  );
}

const found = async (search, signal) => ask(MINI_PROGRAMS, { search, district: await homeDistrict({ signal }) }, { signal });

/** The city is asked when the typing rests. Without an answer, what is here is found all the same. */
function programFinder(signal, oncount) {
  const el = h("ul.mini-list", { "data-testid": "found-programs" });
  let resting = 0;
  let last = "";
  const show = async (wanted) => {
    const answer = wanted ? await found(wanted, signal).catch(() => null) : null;
    if (wanted !== last || signal.aborted) return;
    const rows = answer?.data?.miniPrograms?.nodes.slice(0, TILES) ?? [];
    fill(el, rows.map((program) => programRow(program, "search")));
    oncount(rows.length);
  };
  const look = (wanted) => {
    last = wanted;
    clearTimeout(resting);
    resting = setTimeout(() => void show(wanted), wanted ? RESTS_MS : 0);
  };
  return { el, look };
}
