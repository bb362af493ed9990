/** The officer's desk: say what for, read the code, see what the city answers. Only the city can tell a true code. */

import { ask, missing } from "../api.js";
import { fill, h } from "../dom.js";
import { DESK } from "../documents.js";
import { clock } from "../format.js";
import { t } from "../i18n.js";
import { decides, handles, inspects, learnRoles, reviewsPrograms, roles, verifies } from "../duties.js";
import { replace } from "../router.js";
import { onSessionChange } from "../session.js";
import { choices, empty, moreButton } from "../ui/list.js";
import { load, missingPart, problem } from "../ui/load.js";
import { reader } from "../ui/reader.js";
import { skeleton } from "../ui/skeleton.js";
import { trouble } from "../ui/trouble.js";
import { licenceVerdict, verdict } from "../ui/verdict.js";

const PURPOSES = ["IDENTITY_CHECK", "VENUE_ENTRY", "TRANSIT", "CLINIC", "HEALTH_CHECK", "LAW_ENFORCEMENT"];
/** A licence's holder has said what for; a city code says it on the scanner's side. */
const LICENCE = /^\s*CL1:/i;

/** The purpose of the last scan: at a gate the next person comes for the same. @type {string | null} */
let purpose = null;
onSessionChange(() => (purpose = null));

/** @type {import("../router.js").View} */
export const desk = { title: "desk.title", for: "STAFF", dock: true, enter };

/**
 * Not everybody who works for the city scans: those who do not are led to what they do.
 * @param {import("../router.js").Screen} screen
 */
async function enter(screen) {
  if (roles()) return inspects() ? counter(screen) : elsewhere(screen);
  const region = h("div");
  fill(screen.main, h("h1", { tabindex: "-1" }, t("desk.heading")), region);
  try {
    await learnRoles(screen);
    if (!screen.signal.aborted) screen.again();
  } catch (error) {
    if (!screen.signal.aborted) fill(region, problem(error, screen.again));
  }
}

function elsewhere(screen) {
  if (handles()) return replace("/desk/cases");
  if (verifies()) return replace("/desk/counter");
  if (decides()) return replace("/desk/acts");
  if (reviewsPrograms()) return replace("/desk/programs");
  fill(screen.main, h("h1", { tabindex: "-1" }, t("desk.heading")), empty(t("desk.notmine"), t("desk.notmine.hint")));
}

function counter(screen) {
  const officer = h("p.lead", { "data-testid": "officer" }, "\u00a0");
  const record = h("div");
  const place = h("div");
  const reload = () => load(record, part(screen, officer));
  const device = reader({
    signal: screen.signal,
    ready: () => (fill(place), true),
    onread: (text, then) => {
      if (LICENCE.test(text)) return licenceVerdict({ text, signal: screen.signal, ...then, done: reload });
      if (purposeChosen(place)) verdict({ text, purpose, signal: screen.signal, ...then, done: reload });
    },
  });
  const pick = choices({
    legend: t("desk.purpose"),
    name: "purpose",
    value: purpose ?? "",
    options: PURPOSES.map((value) => [value, t(`purpose.${value}`)]),
    onpick: (value) => ((purpose = value), fill(place)),
    columns: true,
  });
  fill(screen.main, h("h1", { tabindex: "-1" }, t("desk.heading")), officer, pick, place, device, record);
  return reload();
}

function purposeChosen(place) {
  if (purpose) return true;
  fill(place, trouble({ role: "alert", "data-testid": "trouble" }, t("desk.purpose.first")));
  /** @type {HTMLElement | null} */ (document.querySelector("input[name=purpose]"))?.focus();
  return false;
}

const part = (screen, officer) => ({
  key: "desk",
  signal: screen.signal,
  ask: () => ask(DESK, { after: null }, screen),
  skeleton: () => skeleton("short", "row", "row"),
  show: ({ data, errors }) => {
    fill(
      officer,
      data.staffMe ? t("desk.officer", { organisation: data.staffMe.organisation, badge: data.staffMe.badge }) : "",
    );
    return [
      tallies(data.scanTallies, missing(errors, "scanTallies"), screen),
      own(screen, data.staffScans, missing(errors, "staffScans")),
    ];
  },
});

function tallies(counts, failed, screen) {
  if (failed) return missingPart(t("desk.tallies.missing"), screen.again, failed);
  const sum = counts.reduce((total, tally) => total + tally.count, 0);
  if (!sum) return null;
  return h(
    "section.tallies",
    { "data-testid": "tallies" },
    h("h2.section", null, t("desk.today")),
    h("p.tally-sum.figures", null, h("b", null, sum), " ", t("desk.scans", { n: sum })),
    h(
      "ul.tally-list",
      null,
      counts
        .filter((tally) => tally.count)
        .map((tally) =>
          h("li", { "data-purpose": tally.purpose }, tally.purposeLabel, " ", h("b.figures", null, tally.count)),
        ),
    ),
  );
}

function own(screen, scans, failed) {
  if (failed) return missingPart(t("desk.own.missing"), screen.again, failed);
  return h("section", { "data-testid": "own-scans" }, scans.nodes.length ? seen(screen, scans) : nothingYet());
}

const nothingYet = () => empty(t("desk.none"), t("desk.none.hint"));

function seen(screen, scans) {
  const rows = h("ul.rows");
  const foot = h("div");
  const add = ({ nodes, pageInfo }) => {
    rows.append(...nodes.map(seenRow));
    fill(foot, pageInfo.hasNextPage ? moreButton(() => next(pageInfo.endCursor)) : null);
  };
  const next = (after) =>
    ask(DESK, { after }, screen).then(
      ({ data }) => add(data.staffScans),
      (error) =>
        fill(
          foot,
          problem(error, () => next(after)),
        ),
    );
  add(scans);
  return [h("h2.section", null, t("desk.own")), rows, foot];
}

const seenRow = (scan) =>
  h(
    "li.scan",
    { "data-testid": "scan" },
    h("time.figures", { datetime: scan.at }, clock(scan.at)),
    h("div", null, h("p.scan-who", null, scan.person.maskedName), h("p.scan-why", null, scan.purposeLabel)),
  );
