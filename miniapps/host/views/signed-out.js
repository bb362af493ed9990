/** Where services send people who leave them. With `?confirm=1` the provider could not tell who asks, so the page does. */

import { CityError, UNREACHABLE } from "../api.js";
import { fill, h } from "../dom.js";
import { t } from "../i18n.js";
import { replace } from "../router.js";
import { audience } from "../session.js";
import { actButton } from "../ui/act.js";
import { icon } from "../ui/icons.js";

/** @type {import("../router.js").View} */
export const signedOut = { title: "out.title", for: "ANYONE", enter };

/** @param {import("../router.js").Screen} screen */
function enter(screen) {
  fill(screen.main, screen.asked.get("confirm") ? question(screen) : done());
}

function question({ signal }) {
  const said = h("div");
  const work = async () => {
    await leave();
    replace("/signed-out");
  };
  return [
    h("h1", { tabindex: "-1" }, t("out.ask")),
    h("p.lead", null, t("out.ask.text")),
    said,
    h(
      "div.yes-no",
      null,
      actButton({ words: t("out.yes"), work, said, signal, look: "primary.wide", id: "leave" }),
      h("a.second.wide.as-easy", { href: "#/home" }, t("out.no")),
    ),
  ];
}

/** Asked from this page's own origin and no other; the provider answers with a way on, which is this page. */
async function leave() {
  const asked = { method: "POST", credentials: "same-origin", redirect: "manual", cache: "no-store" };
  const answer = await fetch("/oidc/end_session/confirm", asked).catch(() => null);
  if (answer?.type !== "opaqueredirect") throw new CityError(UNREACHABLE, "");
}

const done = () => [
  h("h1", { tabindex: "-1" }, t("out.done")),
  h("p.lead", { "data-testid": "signed-out" }, t("out.done.text")),
  audience()
    ? h("p.side-note", null, icon("seal"), h("span", null, t("out.city")))
    : null,
  h("a.second.wide", { href: audience() ? "#/home" : "#/sign-in" }, t(audience() ? "ask.home" : "out.signin")),
];
