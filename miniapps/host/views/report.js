/** Something is broken: what, where, in words and pictures; whether somebody said so already; then it is the city's. */

import { ask, whole } from "../api.js";
import { MIDDLES } from "../districts.js";
import { fill, h } from "../dom.js";
import { CREATE_REPORT, PLACE, REPORT_FORM, SIMILAR_CASES, SUPPORT_CASE } from "../documents-street.js";
import { when } from "../format.js";
import { t } from "../i18n.js";
import { dropReport, keepReport, reportDraft } from "../report-draft.js";
import { replace } from "../router.js";
import { announce } from "../ui/announce.js";
import { busy } from "../ui/busy.js";
import { categoryField } from "../ui/categories.js";
import { icon } from "../ui/icons.js";
import { forgetAnswers, load } from "../ui/load.js";
import { photoField } from "../ui/photos.js";
import { skeleton } from "../ui/skeleton.js";
import { complain, trouble } from "../ui/trouble.js";
import { whereField } from "../ui/whereabouts.js";

/** @type {import("../router.js").View} */
export const report = { title: "report.title", for: "CITIZEN", back: "/cases", enter };

/** @param {import("../router.js").Screen} screen */
function enter(screen) {
  const place = screen.asked.get("place") ?? "";
  const region = h("div");
  fill(screen.main, h("h1", { tabindex: "-1" }, t("report.heading")), region);
  return load(region, {
    key: `report ${place}`,
    signal: screen.signal,
    ask: () => question(screen, place),
    skeleton: () => skeleton("block", "row", "row"),
    show: ({ data }) => form(screen, data, reportDraft(data.place?.code ?? "")),
  });
}

/** A plate that is not there, or retired, leaves the form without one. */
async function question(screen, code) {
  const [basic, plate] = await Promise.all([
    ask(REPORT_FORM, {}, screen),
    code ? ask(PLACE, { code }, screen).catch(noPlate) : noPlate(),
  ]);
  const place = plate.data.place?.active ? plate.data.place : null;
  return { data: { ...basic.data, place }, errors: [...basic.errors, ...plate.errors] };
}

function noPlate(error) {
  if (error && error.code !== "NOT_FOUND") throw error;
  return { data: { place: null }, errors: [] };
}

function form(screen, { reportCategories, districts, place }, draft) {
  const known = place?.reportCategory ?? "";
  const said = h("div");
  const nearby = h("div");
  const change = (part) => {
    if ("category" in part || "point" in part) way.looked = false; // other neighbours
    keepReport(Object.assign(draft, part));
  };
  const photos = photoField({
    signal: screen.signal,
    label: t("report.photos"),
    sent: draft.photos,
    onchange: (sent) => change({ photos: sent }),
  });
  const way = { draft, place, said, nearby, looked: false };
  const send = h("button.primary.wide", { type: "submit", "data-testid": "send" }, t("report.send"));
  const submit = (event) => {
    event.preventDefault();
    const lacks = lacking(draft, place, photos);
    fill(said, lacks ? trouble({ role: "alert", "data-testid": "trouble" }, t(lacks)) : null);
    if (!lacks) busy(send, t("report.sending"), () => deliver(screen, way));
  };
  if (known) draft.category = known;
  return h(
    "form.report",
    { novalidate: true, onsubmit: submit },
    place ? fromPlate(place, reportCategories) : null,
    known ? null : categoryField({ categories: reportCategories, value: draft.category, onpick: (category) => change({ category }) }),
    place ? null : whereField({ ...draft, districts, onchange: change }),
    h("label.block", { for: "words" }, t("report.words")),
    h("textarea", {
      id: "words",
      rows: 4,
      maxlength: 4000,
      value: draft.words,
      "aria-describedby": "words-hint",
      oninput: ({ target }) => change({ words: target.value }),
    }),
    h("p.hint", { id: "words-hint" }, t("report.words.hint")),
    photos.el,
    nearby,
    said,
    h("div.sticky", null, send),
  );
}

function fromPlate(place, categories) {
  const category = categories.find(({ code }) => code === place.reportCategory);
  return h(
    "section.plate.small",
    { "data-testid": "from-plate" },
    h("p.plate-kind", null, t("report.from"), " · ", place.district.name ?? ""),
    h("h2", null, place.name),
    category ? h("p.plate-category", null, icon("check"), category.name) : null,
  );
}

/** The first thing that is missing, as a key of the word tables. */
function lacking(draft, place, photos) {
  if (!draft.category) return "report.lacks.category";
  if (!place && !draft.point && !draft.district) return "report.lacks.where";
  if (!place && !draft.point && !draft.address.trim()) return "report.lacks.address";
  if (!draft.words.trim()) return "report.lacks.words";
  return photos.waiting() ? "report.lacks.photos" : "";
}

/** Where it is, as the city takes it. A chosen district alone is too rough to look for neighbours by. */
const pointOf = ({ point, district }) => point ?? { longitude: MIDDLES[district][0], latitude: MIDDLES[district][1] };

async function deliver(screen, way) {
  const { draft, place, said, nearby } = way;
  fill(said);
  try {
    const exact = place?.location ?? draft.point;
    const similar = exact && !way.looked ? await similarTo(draft, exact) : [];
    if (screen.signal.aborted) return;
    way.looked = true;
    if (similar.length) return fill(nearby, already(screen, similar, way));
    const { createReport } = await whole(ask(CREATE_REPORT, { input: input(draft, place) }));
    done(screen, `/cases/${createReport.id}`, t("report.sent", { number: createReport.number }));
  } catch (error) {
    if (!screen.signal.aborted) complain(said, error);
  }
}

const similarTo = async ({ category, photos }, location) => {
  const about = { categoryCode: category, location, photoIds: photos.map(({ id }) => id) };
  return (await whole(ask(SIMILAR_CASES, { input: about }))).similarCases;
};

const input = (draft, place) => ({
  clientReportId: draft.id,
  categoryCode: draft.category,
  description: draft.words.trim(),
  photoIds: draft.photos.map(({ id }) => id),
  ...(place ? { placeCode: place.code } : { location: pointOf(draft), address: draft.address.trim() || null }),
});

/** The city has it: nothing of it stays here, and back does not lead to an empty form. */
function done(screen, path, words) {
  dropReport();
  forgetAnswers();
  announce(words);
  if (!screen.signal.aborted) replace(path);
}

function already(screen, similar, way) {
  const send = h("button.second.wide", { type: "button", "data-testid": "send-anyway" }, t("similar.anyway"));
  send.addEventListener("click", () => busy(send, t("report.sending"), () => deliver(screen, way)));
  announce(t("similar.title", { n: similar.length }));
  return h(
    "section.similar",
    { "data-testid": "similar" },
    h("h2", null, t("similar.title", { n: similar.length })),
    h("p.hint-2", null, t("similar.lead")),
    h("ul.rows", null, similar.slice(0, 3).map((one) => neighbour(screen, one, way))),
    send,
  );
}

function neighbour(screen, one, { said }) {
  const follow = h("button.second", { type: "button", "data-testid": "follow" }, t("similar.follow"));
  const go = async () => {
    try {
      await whole(ask(SUPPORT_CASE, { id: one.id }));
      done(screen, "/cases", t("similar.followed", { number: one.number }));
    } catch (error) {
      if (error.code === "REPORTS_OWN_CASE") return done(screen, `/cases/${one.id}`, t("similar.own"));
      if (!screen.signal.aborted) complain(said, error);
    }
  };
  follow.addEventListener("click", () => busy(follow, t("report.sending"), go));
  return h(
    "li.neighbour",
    { "data-testid": "neighbour" },
    h(
      "div",
      null,
      h("p", null, t("similar.one", { m: one.distanceM, when: when(one.createdAt) })),
      h("p.hint-2.figures", null, `${one.statusLabel} · ${one.number}`),
    ),
    follow,
  );
}
