/** What is to be known of a program before one opens it: who builds it, what it may do, which version runs. */

import { ask, askAsMyself, missing, whole } from "../api.js";
import { MINI_PROGRAM, SET_MINI_PERMISSION } from "../documents-mini.js";
import { fill, h } from "../dom.js";
import { nameLang } from "../format.js";
import { t } from "../i18n.js";
import { leadTo, readyOnTouch } from "../mini-way.js";
import { empty } from "../ui/list.js";
import { load, missingPart } from "../ui/load.js";
import { neverGets, permissionList } from "../ui/mini-permissions.js";
import { builtBy, programIcon } from "../ui/mini-program.js";
import { subscriptionList } from "../ui/mini-subscriptions.js";
import { skeleton } from "../ui/skeleton.js";

/** @type {import("../router.js").View} */
export const miniAbout = { title: "mini.about", for: "CITIZEN", back: "/mini", enter };

/** @param {import("../router.js").Screen} screen */
function enter(screen) {
  const region = h("div");
  fill(screen.main, region);
  const { appId } = screen.at;
  return load(region, {
    key: `mini about ${appId}`,
    signal: screen.signal,
    ask: () => ask(MINI_PROGRAM, { appId }, screen),
    skeleton: () => skeleton("title", "line", "row", "row"),
    show: ({ data, errors }) =>
      data.miniProgram
        ? about(screen, data, missing(errors, "miniCapabilities"))
        : [h("h1", { tabindex: "-1" }, t("mini.one")), empty(t("mini.gone"), t("mini.gone.hint"))],
  });
}

function about(screen, { miniProgram: program, miniCapabilities: capabilities }, failed) {
  const { appId } = program;
  const set = async (name, state) =>
    (await whole(askAsMyself(SET_MINI_PERMISSION, { appId, name, state }))).setMiniPermission;
  return [
    h(
      "div.mini-head",
      null,
      programIcon(program, "large"),
      h(
        "div",
        null,
        h("h1", { tabindex: "-1", lang: nameLang(program.name) }, program.name),
        builtBy(program.organisation),
      ),
    ),
    program.description ? h("p.lead", null, program.description) : null,
    h(
      "a.primary.wide",
      {
        href: `#/mini/${appId}`,
        "data-testid": "mini-open",
        ...readyOnTouch(appId),
        onclick: () => leadTo(appId, { scene: "home" }),
      },
      t("mini.open"),
    ),
    h("h2.section", null, t("mini.may")),
    failed
      ? missingPart(t("mini.may.missing"), screen.again, failed)
      : permissionList({ capabilities, set, signal: screen.signal }),
    neverGets(),
    subscriptionList(appId, screen.signal),
    h("h2.section", null, t("mini.facts")),
    h(
      "dl.facts",
      { "data-testid": "mini-facts" },
      fact("mini.fact.by", program.organisation.name),
      fact("mini.fact.kind", t(`mini.kind.${program.category}`)),
      fact("mini.fact.version", program.versionName),
      fact("mini.fact.id", program.appId),
    ),
  ];
}

const fact = (key, words) => h("div", null, h("dt", null, t(key)), h("dd", null, words));
