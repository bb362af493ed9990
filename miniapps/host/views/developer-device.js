/** A developer's tool shows a code: entered here, the tool builds for one of my organisations. Who builds nothing yet
 * begins here, in their own name.
 */

import { askAsMyself, whole } from "../api.js";
import { APPROVE_TOOL, BUILDER, DENY_TOOL, REGISTER_DEVELOPER } from "../documents-building.js";
import { fill, h } from "../dom.js";
import { t } from "../i18n.js";
import { toHeading } from "../router.js";
import { actButton, attempt } from "../ui/act.js";
import { announce } from "../ui/announce.js";
import { busy } from "../ui/busy.js";
import { choices } from "../ui/list.js";
import { forgetAnswers, load } from "../ui/load.js";
import { skeleton } from "../ui/skeleton.js";
import { state } from "../ui/state.js";
import { textField } from "../ui/text-field.js";

/** @type {import("../router.js").View} */
export const developerDevice = { title: "build.title", for: "CITIZEN", back: "/home", enter };

/** @param {import("../router.js").Screen} screen */
function enter(screen) {
  const region = h("div");
  fill(screen.main, region);
  return load(region, {
    key: "builder",
    signal: screen.signal,
    ask: () => askAsMyself(BUILDER, {}, screen),
    skeleton: () => skeleton("title", "line", "row"),
    show: ({ data }) => {
      const mine = (data.developer?.organisations ?? []).filter(({ blocked }) => !blocked);
      return mine.length ? tool(screen, mine) : begin(screen);
    },
  });
}

function tool(screen, organisations) {
  const said = h("div", { id: "trouble" });
  const code = textField({
    id: "user-code",
    words: t("pair.code"),
    hint: t("build.hint"),
    value: (screen.asked.get("code") ?? "").slice(0, 12),
    figures: true,
    autocomplete: "off",
    autocapitalize: "characters",
    spellcheck: "false",
    maxlength: 12,
  });
  let organisation = organisations[0].id;
  const options = organisations.map(({ id, name, role }) => [id, `${name} · ${t(`build.role.${role}`)}`]);
  const whom = choices({ legend: t("build.whom"), name: "whom", value: organisation, options, onpick: (id) => (organisation = id) });
  const send = h("button.primary.wide", { type: "submit", "data-testid": "approve-tool" }, t("build.approve"));
  const work = async () => {
    await whole(askAsMyself(APPROVE_TOOL, { userCode: code.read(), organisation }, screen));
    done(screen, "yes");
  };
  const refuse = async () => {
    await whole(askAsMyself(DENY_TOOL, { userCode: code.read() }, screen));
    done(screen, "no");
  };
  const deny = { words: t("build.deny"), work: refuse, said, signal: screen.signal, look: "second.wide", id: "deny-tool" };
  return [
    h("h1", { tabindex: "-1" }, t("build.title")),
    h("p.lead", null, t("build.lead")),
    form(screen, { fields: [code.el, whom], said, buttons: [send, actButton(deny)], work }),
  ];
}

function begin(screen) {
  const said = h("div", { id: "trouble" });
  const name = textField({ id: "studio", words: t("build.name"), hint: t("build.name.hint"), autocomplete: "off", maxlength: 60 });
  const send = h("button.primary.wide", { type: "submit", "data-testid": "begin-building" }, t("build.begin"));
  const work = async () => {
    await whole(askAsMyself(REGISTER_DEVELOPER, { input: { name: name.read() } }, screen));
    forgetAnswers();
    screen.again();
  };
  return [
    h("h1", { tabindex: "-1" }, t("build.title")),
    h("p.lead", null, t("build.none")),
    form(screen, { fields: [name.el], said, buttons: [send], work }),
  ];
}

/** The first of the buttons sends it. */
function form(screen, { fields, said, buttons, work }) {
  const submit = (event) => {
    event.preventDefault();
    busy(buttons[0], t("state.doing"), () => attempt(work, { said, signal: screen.signal }));
  };
  return h("form.form", { novalidate: true, onsubmit: submit }, fields, said, buttons);
}

function done(screen, answer) {
  if (screen.signal.aborted) return;
  fill(
    screen.main,
    h("h1", { tabindex: "-1" }, t(`pair.done.${answer}`)),
    state(answer === "yes" ? "ok" : "plain", answer === "yes" ? "ok" : "stop", t(`build.after.${answer}`), "paired"),
    h("a.second.wide", { href: "#/home" }, t("ask.home")),
  );
  announce(t(`pair.done.${answer}`));
  toHeading();
}
