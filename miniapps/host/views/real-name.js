/** How well the city knows me, by what evidence, and how to be known better: by the register here, or at a counter. */

import { askAsMyself, renewed, whole } from "../api.js";
import { CONFIRM_NAME, COUNTER_TICKET, REAL_NAME } from "../documents-family.js";
import { fill, h } from "../dom.js";
import { clock, date } from "../format.js";
import { t } from "../i18n.js";
import { actButton, attempt } from "../ui/act.js";
import { announce } from "../ui/announce.js";
import { busy } from "../ui/busy.js";
import { icon } from "../ui/icons.js";
import { forgetAnswers, load } from "../ui/load.js";
import { skeleton } from "../ui/skeleton.js";
import { textField } from "../ui/text-field.js";

/** @type {import("../router.js").View} */
export const realName = { title: "realname.title", for: "CITIZEN", back: "/me", enter };

/** @param {import("../router.js").Screen} screen */
function enter(screen) {
  const region = h("div");
  fill(screen.main, h("h1", { tabindex: "-1" }, t("realname.title")), region);
  return load(region, {
    key: "real-name",
    signal: screen.signal,
    ask: () => askAsMyself(REAL_NAME, {}, screen),
    skeleton: () => skeleton("line", "row", "row"),
    show: ({ data }) => page(screen, data.realName),
  });
}

function page(screen, standing) {
  const open = (kind) => standing.ways.some((way) => way.kind === kind && way.available && way.level > standing.level);
  return [
    h("p.holder-level", { "data-testid": "level" }, icon("seal"), t(`level.${standing.level}`)),
    standing.validUntil ? h("p.hint-2", null, t("realname.until", { day: date(standing.validUntil) })) : null,
    standing.evidence.length ? evidence(standing.evidence) : null,
    open("REGISTER") ? byRegister(screen) : null,
    open("COUNTER") ? atCounter(screen) : null,
    h("p.side-note", null, t("realname.why")),
  ];
}

const evidence = (all) => [
  h("h2.section", null, t("realname.evidence")),
  h(
    "ul.rows",
    { "data-testid": "evidence" },
    all.map((one) =>
      h(
        "li.piece",
        null,
        h("p", null, t(`realname.kind.${one.kind}`)),
        h("p.hint-2", null, `${one.source} · ${date(one.at)} · ${t("family.until", { day: date(one.expiresAt) })}`),
      ),
    ),
  ),
];

function byRegister(screen) {
  const said = h("div", { id: "trouble" });
  const name = textField({ id: "own-name", words: t("realname.name"), autocomplete: "name" });
  const number = textField({ id: "own-number", words: t("realname.number"), autocomplete: "off", maxlength: 18, figures: true });
  const send = h("button.primary.wide", { type: "submit" }, t("realname.send"));
  const work = async () => {
    const input = { name: name.read(), idNumber: number.read().toUpperCase() };
    await whole(askAsMyself(CONFIRM_NAME, { input }, screen));
    await renewed(); // the next token says the new level
    announce(t("realname.done"));
    forgetAnswers();
    if (!screen.signal.aborted) screen.again();
  };
  const submit = (event) => {
    event.preventDefault();
    busy(send, t("state.doing"), () => attempt(work, { said, signal: screen.signal }));
  };
  return [
    h("h2.section", null, t("realname.kind.REGISTER")),
    h("form.form", { novalidate: true, onsubmit: submit, "data-testid": "confirm-name" }, name.el, number.el, said, send),
  ];
}

/** A number for the officer: eight digits, good once. */
function atCounter(screen) {
  const said = h("div");
  const shown = h("div", { "data-testid": "ticket" });
  const work = async () => {
    const { issueCounterTicket: ticket } = await whole(askAsMyself(COUNTER_TICKET, {}, screen));
    fill(
      shown,
      h("p.figures.big-code", null, `${ticket.code.slice(0, 4)} ${ticket.code.slice(4)}`),
      h("p.hint-2", null, t("realname.ticket.until", { clock: clock(ticket.expiresAt) })),
    );
    announce(t("realname.ticket.until", { clock: clock(ticket.expiresAt) }));
    return false;
  };
  return [
    h("h2.section", null, t("realname.kind.COUNTER")),
    h("p.hint-2", null, t("realname.ticket.text")),
    shown,
    said,
    actButton({ words: t("realname.ticket"), work, said, signal: screen.signal, look: "second.wide.spaced", id: "issue-ticket" }),
  ];
}
