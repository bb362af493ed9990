/** The organisations that I belong to, and how one becomes their owner: the register knows who represents them. Who asks
 * me to build programs with them is answered here too.
 */

import { askAsMyself, whole } from "../api.js";
import { BUILD_NOT_WITH, BUILD_WITH } from "../documents-building.js";
import { ORGANISATIONS, REGISTER_ORGANISATION } from "../documents-family.js";
import { fill, h } from "../dom.js";
import { date } from "../format.js";
import { t } from "../i18n.js";
import { go } from "../router.js";
import { actButton, attempt } from "../ui/act.js";
import { announce } from "../ui/announce.js";
import { busy } from "../ui/busy.js";
import { empty, linkRow } from "../ui/list.js";
import { forgetAnswers, load } from "../ui/load.js";
import { skeleton } from "../ui/skeleton.js";
import { textField } from "../ui/text-field.js";

/** @type {import("../router.js").View} */
export const organisations = { title: "orgs.title", for: "CITIZEN", back: "/me", enter };

/** @type {import("../router.js").View} */
export const organisationNew = { title: "orgs.add", for: "CITIZEN", back: "/me/organisations", enter: enterNew };

/** @param {import("../router.js").Screen} screen */
function enter(screen) {
  const region = h("div");
  fill(screen.main, h("h1", { tabindex: "-1" }, t("orgs.title")), h("p.lead", null, t("orgs.lead")), region);
  return load(region, {
    key: "organisations",
    signal: screen.signal,
    ask: () => askAsMyself(ORGANISATIONS, {}, screen),
    skeleton: () => skeleton("row", "row"),
    show: ({ data: { organisations: all, developerInvitations: asked } }) => [
      asked?.length ? [h("h2.section", null, t("invited.mine")), asked.map((one) => builder(screen, one))] : null,
      all.length
        ? h("ul.rows", { "data-testid": "organisations" }, all.map(row))
        : empty(t("orgs.none"), t("orgs.none.hint")),
      h("a.second.wide.spaced", { href: "#/me/organisations/new" }, t("orgs.add")),
    ],
  });
}

const row = (one) =>
  linkRow({
    to: `/me/organisations/${one.id}`,
    title: one.name,
    fact: one.suspendedBy ? t("orgs.suspended") : one.member.roleLabel,
  });

function builder(screen, { id, organisationName: name, role, expiresAt }) {
  const said = h("div");
  const heading = h("h3", { tabindex: "-1" }, name);
  /** What came of it stands where it was asked: it is seen nowhere else in the shell. */
  const answered = (words) => {
    announce(words);
    fill(card, heading, h("p.hint-2", null, words));
    card.dataset.testid = "builder-answered";
    heading.focus({ preventScroll: true });
  };
  const button = (words, document, told, testid) => {
    const work = async () => {
      await whole(askAsMyself(document, { id }, screen));
      forgetAnswers();
      if (!screen.signal.aborted) answered(t(told));
    };
    return actButton({ words: t(words), name: `${t(words)} · ${name}`, work, said, signal: screen.signal, id: testid });
  };
  const card = h(
    "article.relation",
    { "data-testid": "builder-asks" },
    heading,
    h("p.hint-2", null, `${t("build.asked")} · ${t(`build.role.${role}`)}`),
    h("p.hint-2", null, t("invited.until", { day: date(expiresAt) })),
    said,
    h(
      "div.relation-do",
      null,
      button("invited.accept", BUILD_WITH, "build.with", "build-with"),
      button("invited.decline", BUILD_NOT_WITH, "invited.declined", "build-not-with"),
    ),
  );
  return card;
}

/** @param {import("../router.js").Screen} screen */
function enterNew(screen) {
  const said = h("div", { id: "trouble" });
  const uscc = textField({ id: "uscc", words: t("orgs.uscc"), hint: t("orgs.uscc.hint"), autocomplete: "off", maxlength: 18, figures: true });
  const name = textField({ id: "org-name", words: t("orgs.name"), autocomplete: "organization", maxlength: 100 });
  const send = h("button.primary.wide", { type: "submit" }, t("orgs.register"));
  const work = async () => {
    const asked = { uscc: uscc.read().toUpperCase(), name: name.read() };
    const { registerOrganisation: made } = await whole(askAsMyself(REGISTER_ORGANISATION, asked, screen));
    announce(t("orgs.registered", { name: made.name }));
    go(`/me/organisations/${made.id}`);
  };
  const submit = (event) => {
    event.preventDefault();
    busy(send, t("state.doing"), () => attempt(work, { said, signal: screen.signal }));
  };
  fill(
    screen.main,
    h("h1", { tabindex: "-1" }, t("orgs.add")),
    h("p.lead", null, t("orgs.add.lead")),
    h("form.form", { novalidate: true, onsubmit: submit }, uscc.el, name.el, said, send),
  );
}
