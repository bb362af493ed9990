/** For whom I may act, who may act for me, and each time that it was done. Always my own, whoever I act for now. */

import { acting, stopActing } from "../acting.js";
import { actFor, askAsMyself, missing, whole } from "../api.js";
import { fill, h } from "../dom.js";
import { END_RELATION, FAMILY } from "../documents-street.js";
import { date, when } from "../format.js";
import { t } from "../i18n.js";
import { replace } from "../router.js";
import { announce } from "../ui/announce.js";
import { busy } from "../ui/busy.js";
import { empty } from "../ui/list.js";
import { forgetAnswers, load, missingPart } from "../ui/load.js";
import { pages } from "../ui/pages.js";
import { confirmSheet } from "../ui/sheet.js";
import { skeleton } from "../ui/skeleton.js";
import { complain } from "../ui/trouble.js";

/** @type {import("../router.js").View} */
export const family = { title: "family.title", for: "CITIZEN", back: "/me", enter };

/** @param {import("../router.js").Screen} screen */
function enter(screen) {
  const region = h("div");
  fill(screen.main, h("h1", { tabindex: "-1" }, t("family.title")), h("p.lead", null, t("family.lead")), region);
  return load(region, {
    key: "family",
    signal: screen.signal,
    ask: () => askAsMyself(FAMILY, { after: null }, screen),
    skeleton: () => skeleton("row", "row", "row"),
    show: ({ data: { me }, errors }) => [
      relations(screen, me.relations, missing(errors, "me", "relations")),
      actings(screen, me.actings, missing(errors, "me", "actings")),
    ],
  });
}

function relations(screen, all, failed) {
  if (failed || !all) return failed ? missingPart(t("family.missing"), screen.again, failed) : null;
  const live = all.filter((one) => !one.endedAt);
  if (!live.length) return empty(t("family.none"), t("family.none.hint"));
  const side = (name, title) => {
    const some = live.filter((one) => one.side === name);
    return some.length
      ? h("section", { "data-testid": `side-${name}` }, h("h2.section", null, t(title)), some.map((one) => relation(screen, one)))
      : null;
  };
  return [side("ACTOR", "family.for"), side("SUBJECT", "family.by")];
}

function relation(screen, one) {
  const theirs = one.side === "ACTOR";
  const name = (theirs ? one.subject : one.actor)?.maskedName ?? t("family.somebody");
  const said = h("div");
  return h(
    "article.relation",
    { "data-testid": "relation" },
    h("h3", null, name),
    h("p.hint-2", null, `${one.kindLabel} · ${one.provenBy}`),
    h("p.matters", null, one.matterLabels.join(" · ")),
    one.until ? h("p.hint-2", null, t("family.until", { day: date(one.until) })) : null,
    said,
    h("div.relation-do", null, theirs ? actButton(screen, one, name, said) : null, endButton(screen, one, name, said)),
  );
}

function actButton(screen, one, name, said) {
  if (acting()?.relation === one.id) return h("p.hint-2", { "data-testid": "acting-now" }, t("family.now"));
  const begin = h("button.second", { type: "button", "data-testid": "act-for" }, t("family.act", { name }));
  const go = async () => {
    try {
      await actFor(one.id);
      announce(t("acting.for", { name }));
      replace("/home");
    } catch (error) {
      if (!screen.signal.aborted) complain(said, error);
    }
  };
  begin.addEventListener("click", () => busy(begin, t("family.beginning"), go));
  return begin;
}

function endButton(screen, one, name, said) {
  const end = h("button.second", { type: "button", "aria-label": t("family.end.named", { name }) }, t("family.end"));
  const go = async () => {
    const sure = await confirmSheet({
      title: t("family.end.named", { name }),
      body: [
        h("p", null, t(one.side === "ACTOR" ? "family.end.actor" : "family.end.subject", { name })),
        h("p.hint-2", null, t("family.end.again", { source: one.provenBy })),
      ],
      yes: t("family.end"),
      no: t("sheet.no"),
      signal: screen.signal,
    });
    if (!sure) return;
    try {
      await whole(askAsMyself(END_RELATION, { id: one.id }));
      forgetAnswers();
      announce(t("family.ended", { name }));
      if (acting()?.relation === one.id) return stopActing();
      if (!screen.signal.aborted) screen.again();
    } catch (error) {
      if (!screen.signal.aborted) complain(said, error);
    }
  };
  end.addEventListener("click", () => busy(end, t("family.end"), go));
  return end;
}

function actings(screen, connection, failed) {
  if (failed) return missingPart(t("family.actings.missing"), screen.again, failed);
  if (!connection?.nodes.length) return null;
  const rows = h("ul.rows", { "data-testid": "actings" });
  const foot = pages(connection, {
    place: (one) => rows.append(actingRow(one)),
    ask: async (after) => (await whole(askAsMyself(FAMILY, { after }, screen))).me.actings,
    signal: screen.signal,
  });
  return [h("h2.section", null, t("family.actings")), rows, foot];
}

const actingRow = (one) =>
  h(
    "li.acting-row",
    null,
    h(
      "p",
      null,
      t("family.acted", { actor: one.actor?.maskedName ?? t("family.somebody"), subject: one.subject?.maskedName ?? t("family.somebody") }),
    ),
    h("p.hint-2", null, `${one.kindLabel} · ${when(one.at)}`),
  );
