/** What I have agreed to: whom, what for, which facts, until when; and each agreement with its receipts. */

import { askAsMyself, whole } from "../api.js";
import { CONSENTS, TAKE_BACK } from "../documents-consent.js";
import { fill, h } from "../dom.js";
import { date, dayAndClock, joined } from "../format.js";
import { t } from "../i18n.js";
import { actButton } from "../ui/act.js";
import { announce } from "../ui/announce.js";
import { empty, linkRow } from "../ui/list.js";
import { load } from "../ui/load.js";
import { confirmSheet } from "../ui/sheet.js";
import { skeleton } from "../ui/skeleton.js";
import { state } from "../ui/state.js";

/** @type {import("../router.js").View} */
export const consents = { title: "consents.title", for: "CITIZEN", back: "/me/data", enter };

/** @type {import("../router.js").View} */
export const consent = { title: "consents.one", for: "CITIZEN", back: "/me/data/consents", enter: enterOne };

const part = (screen, show) => ({
  key: "consents",
  signal: screen.signal,
  ask: () => askAsMyself(CONSENTS, {}, screen),
  skeleton: () => skeleton("row", "row", "row"),
  show,
});

/** @param {import("../router.js").Screen} screen */
function enter(screen) {
  const region = h("div");
  fill(
    screen.main,
    h("h1", { tabindex: "-1" }, t("consents.title")),
    h("p.lead", null, t("consents.lead")),
    h("a.second.wide", { href: "#/me/programs", "data-testid": "to-programs" }, t("mini.permits.to")),
    region,
  );
  return load(region, part(screen, ({ data }) => list(data.consents)));
}

function list(all) {
  if (!all.length) return empty(t("consents.none"), t("consents.none.hint"));
  const rows = (some) => h("ul.rows", { "data-testid": "consents" }, some.map(row));
  const [live, over] = [all.filter((one) => !one.withdrawnAt), all.filter((one) => one.withdrawnAt)];
  return [
    live.length ? rows(live) : h("p", null, t("consents.none")),
    over.length ? [h("h2.section", null, t("consents.over")), rows(over)] : null,
  ];
}

const row = (one) =>
  linkRow({
    to: `/me/data/consents/${one.id}`,
    title: one.clientName,
    fact: one.withdrawnAt ? t("consents.back.on", { day: date(one.withdrawnAt) }) : one.purpose,
  });

/** @param {import("../router.js").Screen} screen */
function enterOne(screen) {
  const region = h("div");
  fill(screen.main, region);
  return load(
    region,
    part(screen, ({ data }) => {
      const one = data.consents.find(({ id }) => id === screen.at.id);
      return one ? record(screen, one) : [h("h1", { tabindex: "-1" }, t("consents.one")), empty(t("consents.gone"), "")];
    }),
  );
}

function record(screen, one) {
  const said = h("div");
  return [
    h("h1", { tabindex: "-1" }, one.clientName),
    one.withdrawnAt
      ? state("plain", "stop", t("consents.back.on", { day: date(one.withdrawnAt) }), "consent-state")
      : state("ok", "ok", one.until ? t("consents.until", { day: date(one.until) }) : t("consents.runs"), "consent-state"),
    h(
      "dl.facts",
      null,
      h("div", null, h("dt", null, t("ask.purpose")), h("dd", null, one.purpose)),
      h("div", null, h("dt", null, t("consents.since")), h("dd", null, dayAndClock(one.since))),
    ),
    one.withdrawnAt ? null : [fields(screen, one, said), said, takeBack(screen, one, said)],
    history(one),
  ];
}

/** Each fact can be taken back on its own, as long as something is left of the agreement. */
function fields(screen, one, said) {
  const several = one.fields.length > 1;
  return [
    h("h2.section", null, t("consents.reads")),
    h(
      "ul.rows",
      { "data-testid": "consent-fields" },
      one.fields.map((field) =>
        h(
          "li.split",
          null,
          h("span", null, field.name, field.sensitive ? h("span.hint-2", null, ` ${t("ask.sensitive")}`) : null),
          several
            ? actButton({
                words: t("consents.field.back"),
                name: t("consents.field.back.named", { name: field.name }),
                work: () => back(screen, one, [field]),
                said,
                signal: screen.signal,
              })
            : null,
        ),
      ),
    ),
  ];
}

const takeBack = (screen, one, said) =>
  actButton({
    words: t("consents.back"),
    work: () => back(screen, one, null),
    said,
    signal: screen.signal,
    look: "second.wide.spaced",
    id: "take-back",
  });

async function back(screen, one, some) {
  const names = joined((some ?? one.fields).map((field) => field.name));
  const sure = await confirmSheet({
    title: t("consents.back.ask", { name: one.clientName }),
    body: [h("p", null, t("consents.back.text", { names })), h("p.hint-2", null, t("consents.back.past"))],
    yes: t("consents.back"),
    no: t("sheet.no"),
    signal: screen.signal,
  });
  if (!sure) return false;
  await whole(askAsMyself(TAKE_BACK, { id: one.id, fields: some?.map((field) => field.code) ?? null }, screen));
  announce(t("consents.back.done", { name: one.clientName }));
  if (!screen.signal.aborted) screen.again();
}

const history = (one) => [
  h("h2.section", null, t("consents.history")),
  h(
    "ol.receipts",
    { "data-testid": "receipts" },
    (one.history ?? []).map((entry) =>
      h(
        "li",
        null,
        h("p", null, h("b", null, t(`consents.act.${entry.act}`)), " · ", dayAndClock(entry.at)),
        h("p.hint-2", null, joined(entry.fields.map((field) => field.name))),
        entry.text ? receipt(entry) : null,
      ),
    ),
  ),
];

const receipt = (entry) =>
  h(
    "details.fold",
    null,
    h("summary", null, t("consents.receipt")),
    h("blockquote", null, entry.text.split("\n").map((line) => h("p", null, line))),
    h("p.hint-2", null, t("consents.receipt.hash")),
    h("p.figures.hint-2.hash", null, entry.textHash),
  );
