/** The organisations that I belong to, and how one becomes their owner: the register knows who represents them. */

import { askAsMyself, whole } from "../api.js";
import { ORGANISATIONS, REGISTER_ORGANISATION } from "../documents-family.js";
import { fill, h } from "../dom.js";
import { t } from "../i18n.js";
import { go } from "../router.js";
import { attempt } from "../ui/act.js";
import { announce } from "../ui/announce.js";
import { busy } from "../ui/busy.js";
import { empty, linkRow } from "../ui/list.js";
import { load } from "../ui/load.js";
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
    show: ({ data: { organisations: all } }) => [
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
