/** A service asks who one is: the provider sends the browser here, and the answer goes back to it. */

import { askAsMyself, askOpenly, signOut, whole } from "../api.js";
import { INTERACTION, INTERACTION_MINE } from "../documents-consent.js";
import { fill, h } from "../dom.js";
import { t } from "../i18n.js";
import { signInFirst } from "../router.js";
import { audience } from "../session.js";
import { announce } from "../ui/announce.js";
import { asking, denyButton, whatItAsks, whoAsks } from "../ui/asking.js";
import { load, problem } from "../ui/load.js";
import { skeleton } from "../ui/skeleton.js";

/** Answered, too late, or never there: the city says no more, and the page neither. */
const GONE = "OIDC_INTERACTION_GONE";

/** @type {import("../router.js").View} */
export const authorize = { title: "ask.title", for: "ANYONE", enter };

/** @param {import("../router.js").Screen} screen */
function enter(screen) {
  const region = h("div.ask-page");
  fill(screen.main, region);
  return load(region, {
    key: `ask ${audience()} ${screen.at.interaction}`,
    signal: screen.signal,
    ask: () => read(screen),
    skeleton: () => skeleton("title", "line", "row", "row"),
    show: ({ data }) => (data.gone ? gone(data.gone) : question(screen, region, data)),
  });
}

async function read(screen) {
  const id = screen.at.interaction;
  const asked = audience() === "CITIZEN" ? askAsMyself(INTERACTION_MINE, { id }, screen) : askOpenly(INTERACTION, { id });
  try {
    return { data: await whole(asked), errors: [] };
  } catch (error) {
    if (error.code !== GONE) throw error;
    return { data: { gone: error }, errors: [] };
  }
}

const gone = (error) => [
  h("h1", { tabindex: "-1" }, t("ask.title")),
  problem(error),
  audience() ? h("a.second", { href: "#/home" }, t("ask.home")) : null,
];

function question(screen, region, { interaction: asked, me }) {
  const onanswer = (to) => onwards(region, to);
  if (me) return asking({ asked, me, signal: screen.signal, onanswer });
  const said = h("div");
  const staff = audience() === "STAFF";
  const begin = staff ? signOut : signInFirst;
  return [
    whoAsks(asked),
    whatItAsks(asked),
    said,
    h(
      "div.yes-no",
      null,
      staff ? h("p", null, t("ask.staff")) : null,
      h("button.primary.wide", { type: "button", onclick: begin, "data-testid": "sign-in-first" }, t(staff ? "ask.staff.out" : "ask.signin")),
      denyButton({ asked, signal: screen.signal, onanswer }, said),
    ),
    h("p.hint", null, t("ask.free")),
  ];
}

/** To the provider, which knows the way back to the service. */
function onwards(region, to) {
  fill(region, h("h1", { tabindex: "-1" }, t("ask.onwards")), h("p.lead", null, t("ask.onwards.text")));
  announce(t("ask.onwards"));
  location.assign(to);
}
