/** One licence: its face, what stands on it (covered until asked), and who has seen it. */

import { ask, missing } from "../api.js";
import { fill, h } from "../dom.js";
import { LICENCE } from "../documents-paper.js";
import { date, joined, when } from "../format.js";
import { t } from "../i18n.js";
import { acting } from "../acting.js";
import { announce } from "../ui/announce.js";
import { licenceFace } from "../ui/licence-face.js";
import { load, missingPart, problem } from "../ui/load.js";
import { skeleton } from "../ui/skeleton.js";

/** @type {import("../router.js").View} */
export const licence = { title: "licence.title", for: "CITIZEN", back: "/wallet", enter };

/** @param {import("../router.js").Screen} screen */
function enter(screen) {
  const region = h("div");
  fill(screen.main, h("h1.unseen", { tabindex: "-1" }, t("licence.title")), region);
  return load(region, {
    key: `licence ${screen.at.id}`,
    signal: screen.signal,
    ask: () => ask(LICENCE, { id: screen.at.id }, screen),
    skeleton: () => skeleton("block", "row", "row", "row"),
    show: ({ data, errors }) =>
      data.licence
        ? [
            licenceFace(data.licence, data.me?.maskedName ?? ""),
            showing(data.licence),
            renewal(data.licence),
            facts(data.licence),
            seen(data.me, data.licence, errors, screen),
          ]
        : problem(notThere(errors)),
  });
}

/** The city names what is missing; a licence that is nobody's of mine comes as nothing. */
const notThere = (errors) => ({
  code: errors[0]?.extensions?.code ?? "NOT_FOUND",
  message: errors[0]?.message,
  extensions: errors[0]?.extensions ?? {},
});

/** Nobody shows another's licence, and what is not valid is not shown at all. */
function showing({ id, status, statusLabel }) {
  if (acting()) return h("p.hint.why-not", { "data-testid": "show-not" }, t("show.acting"));
  if (status !== "VALID")
    return h("p.hint.why-not", { "data-testid": "show-not" }, t("show.invalid", { state: statusLabel }));
  return h("a.primary.wide", { href: `#/licences/${id}/show`, "data-testid": "show" }, t("show.do"));
}

const renewal = ({ renewable, type }) =>
  renewable ? h("p.renewal", null, t("licence.renew", { issuer: type.issuer.name })) : null;

/** Values are covered until their owner asks, and covered again at the next visit. */
function facts(paper) {
  const list = h("dl.facts", { "data-testid": "facts" });
  let open = false;
  const uncover = h("button.second", { type: "button", "data-testid": "uncover", "aria-pressed": "false" });
  const draw = () => {
    const say = open ? (value) => value : covered;
    fill(
      list,
      paper.fields.map(({ label, value }) => fact(label, say(value))),
      fact(t("licence.identifier"), say(paper.identifier), "dd.figures.long"),
      paper.validUntil ? fact(t("licence.until"), date(paper.validUntil)) : null,
      fact(t("licence.from"), date(paper.validFrom)),
      paper.endedReason ? fact(t("licence.reason"), paper.endedReason) : null,
    );
    fill(uncover, t(open ? "licence.cover" : "licence.uncover"));
    uncover.setAttribute("aria-pressed", String(open));
  };
  uncover.addEventListener("click", () => {
    open = !open;
    draw();
    announce(t(open ? "licence.uncovered" : "licence.covered"));
  });
  draw();
  return h(
    "section",
    { "aria-labelledby": "facts" },
    h("div.heading", null, h("h2.section", { id: "facts" }, t("licence.facts")), uncover),
    list,
  );
}

const covered = () => h("span.covered", null, "••••", h("span.unseen", null, t("licence.hidden")));

const fact = (label, value, tag = "dd.figures") => h("div", null, h("dt", null, label), h(tag, null, value));

function seen(me, paper, errors, screen) {
  const failed = missing(errors, "me", "licenceShowings") ?? missing(errors, "me");
  const nodes = (me?.licenceShowings?.nodes ?? []).filter((one) => one.type.code === paper.type.code);
  return h(
    "section",
    { "aria-labelledby": "seen", "data-testid": "seen" },
    h("h2.section", { id: "seen" }, t("licence.seen")),
    failed
      ? missingPart(t("licence.seen.missing"), screen.again, failed)
      : nodes.length
        ? h("ul.rows", null, nodes.map(seenRow))
        : h("p.hint", null, t("licence.seen.none")),
  );
}

const seenRow = (one) =>
  h(
    "li.looked",
    { "data-testid": "showing" },
    h("p.scan-who", null, one.verifier.organisation),
    h("p.scan-why", null, t("licence.seen.why", { badge: one.verifier.badge, when: when(one.at), why: one.purpose })),
    h("p.scan-why", null, t("licence.seen.what", { fields: joined(one.fields.map(({ label }) => label)) })),
  );
