/** For whom I may act, who may act for me, and each time that it was done. Always my own, whoever I act for now. */

import { acting, stopActing } from "../acting.js";
import { actFor, askAsMyself, missing, whole } from "../api.js";
import { fill, h } from "../dom.js";
import { ACCEPT, DECLINE, FAMILY, RENEW_RELATION, WITHDRAW_INVITATION } from "../documents-family.js";
import { END_RELATION } from "../documents-street.js";
import { date, when } from "../format.js";
import { t } from "../i18n.js";
import { replace } from "../router.js";
import { cityNow } from "../session.js";
import { announce } from "../ui/announce.js";
import { actButton } from "../ui/act.js";
import { busy } from "../ui/busy.js";
import { empty, linkRow } from "../ui/list.js";
import { forgetAnswers, load, missingPart } from "../ui/load.js";
import { pages } from "../ui/pages.js";
import { confirmSheet } from "../ui/sheet.js";
import { skeleton } from "../ui/skeleton.js";
import { complain } from "../ui/trouble.js";

const DAY_MS = 86_400_000;
/** Under the year that the city allows, whatever the clocks say. */
const RENEWED_DAYS = 364;

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
    show: ({ data: { me, invitations: asked }, errors }) => [
      invitations(screen, asked, missing(errors, "invitations")),
      ways(),
      relations(screen, me.relations, missing(errors, "me", "relations")),
      actings(screen, me.actings, missing(errors, "me", "actings")),
    ],
  });
}

/** What one can begin oneself: a child's account, somebody who acts, somebody to act for. */
const ways = () =>
  acting()
    ? null
    : h(
        "ul.rows",
        { "data-testid": "family-ways" },
        linkRow({ to: "/me/family/invite", title: t("family.invite") }),
        linkRow({ to: "/me/family/children", title: t("children.title") }),
        linkRow({ to: "/me/organisations", title: t("orgs.title") }),
      );

function invitations(screen, all, failed) {
  if (failed) return missingPart(t("invited.missing"), screen.again, failed);
  const [mine, sent] = [all.filter((one) => !one.sent), all.filter((one) => one.sent)];
  const some = (list, title) => (list.length ? [h("h2.section", null, t(title)), list.map((one) => invitation(screen, one))] : null);
  return [some(mine, "invited.mine"), some(sent.filter((one) => one.state === "WAITING"), "invited.sent")];
}

function invitation(screen, one) {
  const name = one.agency?.organisation ?? (one.sent ? one.addressee : one.sender?.maskedName) ?? t("family.somebody");
  const said = h("div");
  const go = (document, words) => async () => {
    await whole(askAsMyself(document, { id: one.id }, screen));
    announce(words);
    forgetAnswers();
    if (!screen.signal.aborted) screen.again();
  };
  const button = (words, document, told, id) =>
    actButton({ words, name: `${words} · ${name}`, work: go(document, told), said, signal: screen.signal, id });
  return h(
    "article.relation",
    { "data-testid": one.sent ? "invitation-sent" : "invitation" },
    h("h3", null, name),
    h("p.hint-2", null, `${one.kindLabel} · ${t(invitationSide(one))}`),
    h("p.matters", null, one.matterLabels.join(" · ")),
    one.onceOnly ? h("p.hint-2", null, t("family.once")) : null,
    one.until ? h("p.hint-2", null, t("family.until", { day: date(one.until) })) : null,
    h("p.hint-2", null, t("invited.until", { day: date(one.expiresAt) })),
    said,
    h(
      "div.relation-do",
      null,
      one.sent
        ? button(t("invited.withdraw"), WITHDRAW_INVITATION, t("invited.withdrawn"), "withdraw")
        : [
            button(t("invited.accept"), ACCEPT, t("invited.accepted"), "accept"),
            button(t("invited.decline"), DECLINE, t("invited.declined"), "decline"),
          ],
    ),
  );
}

/** Which side the reader is, or would be. */
const invitationSide = (one) => {
  if (one.agency) return "invited.member";
  return one.side === "ACTOR" ? "invited.actor" : "invited.subject";
};

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
  const name = one.agency?.organisation ?? (theirs ? one.subject : one.actor)?.maskedName ?? t("family.somebody");
  const said = h("div");
  return h(
    "article.relation",
    { "data-testid": "relation" },
    h("h3", null, name),
    h("p.hint-2", null, `${one.kindLabel} · ${one.provenBy}`),
    h("p.matters", null, one.matterLabels.join(" · ")),
    one.until ? h("p.hint-2", null, t("family.until", { day: date(one.until) })) : null,
    one.onceOnly ? h("p.hint-2", null, t("family.once")) : null,
    one.paused ? h("p.hint-2", null, t("family.paused")) : null,
    said,
    h(
      "div.relation-do",
      null,
      theirs && !one.paused ? beginButton(screen, one, name, said) : null,
      renewable(one) ? renewButton(screen, one, name, said) : null,
      endButton(screen, one, name, said),
    ),
  );
}

/** What goes on by invitation the subject lets go on for another year. */
const renewable = (one) => one.side === "SUBJECT" && one.until && ["CARER", "PROXY"].includes(one.kind) && !one.onceOnly;

function renewButton(screen, one, name, said) {
  const until = new Date(cityNow() + RENEWED_DAYS * DAY_MS).toISOString();
  const work = async () => {
    await whole(askAsMyself(RENEW_RELATION, { id: one.id, until }, screen));
    announce(t("family.renewed", { name, day: date(until) }));
    forgetAnswers();
    if (!screen.signal.aborted) screen.again();
  };
  return actButton({ words: t("family.renew"), name: t("family.renew.named", { name }), work, said, signal: screen.signal, id: "renew" });
}

function beginButton(screen, one, name, said) {
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
      t("family.acted", {
        actor: one.actor?.maskedName ?? t("family.somebody"),
        subject: one.agency?.organisation ?? one.subject?.maskedName ?? t("family.somebody"),
      }),
    ),
    h("p.hint-2", null, `${one.kindLabel} · ${when(one.at)}`),
    h("p.hint-2", null, one.matterLabels.join(" · ")),
  );
