/** One case: how it stands, what happened, what one can do now; for its reporter and for a handler of its district. */

import { acting } from "../acting.js";
import { ask, missing, whole } from "../api.js";
import { fill, h } from "../dom.js";
import { CASE, RATE_CASE, STAFF_CASE } from "../documents-street.js";
import { dayAndClock } from "../format.js";
import { t } from "../i18n.js";
import { announce } from "../ui/announce.js";
import { busy } from "../ui/busy.js";
import { caseStatus, due } from "../ui/case-status.js";
import { caseSteps } from "../ui/case-steps.js";
import { shape } from "../ui/icons.js";
import { forgetAnswers, load, missingPart } from "../ui/load.js";
import { skeleton } from "../ui/skeleton.js";
import { photoStrip, timeline } from "../ui/timeline.js";
import { complain, trouble } from "../ui/trouble.js";

const STARS = [1, 2, 3, 4, 5];
const RATEABLE = new Set(["RESOLVED", "CLOSED"]);

/** @type {import("../router.js").View} */
export const oneCase = { title: "case.title", for: "CITIZEN", back: "/cases", enter: (screen) => enter(screen, CASE) };

/** @type {import("../router.js").View} */
export const staffCase = {
  title: "case.title",
  for: "STAFF",
  back: "/desk/cases",
  enter: (screen) => enter(screen, STAFF_CASE),
};

/** @param {import("../router.js").Screen} screen */
function enter(screen, document) {
  const region = h("div");
  const question = () => ask(document, { id: screen.at.id }, screen);
  const part = {
    key: `case ${screen.at.id}`,
    signal: screen.signal,
    ask: question,
    skeleton: () => skeleton("title", "line", "block", "row"),
    show: ({ data, errors }) => sheetOf(data.case, errors, use),
  };
  const again = () => {
    forgetAnswers();
    return load(region, part);
  };
  const use = { screen, again, renew: async () => (await question()).data.case, staff: document === STAFF_CASE };
  fill(screen.main, h("h1.unseen", { tabindex: "-1" }, t("case.title")), region);
  return load(region, part);
}

function sheetOf(one, errors, use) {
  const { screen, again, renew } = use;
  return [
    head(one),
    caseSteps(one, { signal: screen.signal, renew, done: again }),
    use.staff || acting() ? null : rating(one, use),
    story(one, use.staff),
    h("h2.section", null, t("case.timeline")),
    timeline(one.timeline),
    use.staff ? internal(one.internalNotes) : null,
    department(one.cityEvent, missing(errors, "case", "cityEvent"), again),
  ];
}

const head = (one) =>
  h(
    "section.case-head",
    { "data-testid": "case-head", "data-status": one.status },
    h("p.case-number.figures", { "data-testid": "number" }, one.number),
    h("h2", null, one.category.name),
    caseStatus(one),
    due(one),
  );

const story = (one, staff) =>
  h(
    "section",
    null,
    h("h2.section", null, t("case.report")),
    h("p.case-words", null, one.description),
    photoStrip(one.photos),
    h(
      "dl.facts",
      null,
      fact("case.place", one.place?.name),
      fact("case.address", one.address),
      fact("case.district", one.district.name),
      fact("case.unit", one.unit),
      fact("case.created", dayAndClock(one.createdAt)),
      one.supporters ? fact("case.supporters", t("case.supporters.n", { n: one.supporters })) : null,
      staff && one.location ? fact("case.point", `${one.location.latitude}, ${one.location.longitude}`) : null,
    ),
    staff && one.locationDoubtful
      ? h("p.notice.info.flush", { "data-testid": "doubtful" }, shape("warn"), h("span", null, t("case.doubtful")))
      : null,
  );

const fact = (key, value) => (value ? h("div", null, h("dt", null, t(key)), h("dd.figures", null, value)) : null);

const internal = (notes) =>
  notes?.length ? [h("h2.section", null, t("case.internal")), timeline(notes)] : null;

/** What it became at the department: another house, which may be silent. */
function department(event, failed, retry) {
  if (failed) return missingPart(t("case.department.missing"), retry, failed);
  if (!event) return null;
  const last = event.dispatches.at(-1);
  return h(
    "section",
    { "data-testid": "department" },
    h("h2.section", null, t("case.department")),
    h("p", null, `${event.levelLabel} · ${event.statusLabel}`),
    last ? h("p.hint-2", null, t("case.sent", { unit: last.unit.name, when: dayAndClock(last.at) })) : null,
  );
}

function rating(one, use) {
  if (one.rating) return rated(one.rating);
  return RATEABLE.has(one.status) ? rateForm(one, use) : null;
}

const rated = ({ stars, comment }) =>
  h(
    "section.rating",
    { "data-testid": "rated" },
    h("h2.section", null, t("rate.mine")),
    h("p", null, t(`rate.${stars}`), " · ", t("rate.of", { n: stars })),
    comment ? h("p.hint-2", null, comment) : null,
  );

function rateForm(one, { screen, again }) {
  let stars = 0;
  const said = h("div");
  const comment = h("textarea", { id: "comment", rows: 2, maxlength: 1000 });
  const send = h("button.second.wide", { type: "submit" }, t("rate.send"));
  const go = async () => {
    try {
      await whole(ask(RATE_CASE, { input: { caseId: one.id, stars, comment: comment.value.trim() || null } }));
      announce(t("rate.thanks"));
      if (!screen.signal.aborted) await again();
    } catch (error) {
      if (!screen.signal.aborted) complain(said, error);
    }
  };
  const submit = (event) => {
    event.preventDefault();
    fill(said, stars ? null : trouble({ role: "alert" }, t("rate.lacks")));
    if (stars) busy(send, t("report.sending"), go);
  };
  return h(
    "form.rating",
    { onsubmit: submit, "data-testid": "rate" },
    h(
      "fieldset.choices.stars",
      null,
      h("legend", null, t("rate.title")),
      STARS.map((n) =>
        h(
          "label.choice",
          null,
          h("input", { type: "radio", name: "stars", value: n, onchange: () => (stars = n) }),
          h("span", null, h("b.figures", { "aria-hidden": "true" }, n), " ", t(`rate.${n}`)),
        ),
      ),
    ),
    h("label.block", { for: "comment" }, t("rate.comment")),
    comment,
    said,
    send,
  );
}
