/**
 * The phone's side of signing in on another screen: what asks, from where, and which number it shows. Whoever was sent
 * this address from afar does not see the number.
 */

import { ask, whole } from "../api.js";
import { fill, h } from "../dom.js";
import { APPROVE_LINK, DENY_LINK, LOOK_AT_LINK } from "../documents-security.js";
import { when } from "../format.js";
import { t } from "../i18n.js";
import { toHeading } from "../router.js";
import { announce } from "../ui/announce.js";
import { busy } from "../ui/busy.js";
import { shape } from "../ui/icons.js";
import { choices } from "../ui/list.js";
import { problem } from "../ui/load.js";
import { armed } from "../ui/sheet.js";
import { skeleton } from "../ui/skeleton.js";
import { complain } from "../ui/trouble.js";

/** @type {import("../router.js").View} */
export const link = { title: "link.title", for: "SIGNED_IN", back: "/me", enter };

/** @param {import("../router.js").Screen} screen */
async function enter(screen) {
  const { code } = screen.at;
  const region = h("div", null, skeleton("line", "row", "row"));
  fill(screen.main, h("h1", { tabindex: "-1" }, t("link.heading")), region);
  try {
    const { lookAtLink: asking } = await whole(ask(LOOK_AT_LINK, { code }, screen));
    if (!screen.signal.aborted) fill(region, question(screen, region, code, asking));
  } catch (error) {
    if (!screen.signal.aborted) fill(region, problem(error, again(error) ? () => enter(screen) : undefined));
  }
}

/** A code that is over stays so; a line may be better next time. */
const again = (error) => error.code !== "AUTH_LINK_EXPIRED";

function question(screen, region, code, asking) {
  let number = 0;
  const place = h("div", { role: "status" });
  const yes = armed(t("link.yes"));
  const no = h("button.second.wide", { type: "button", "data-testid": "deny" }, t("link.no"));
  const done = (form, title, hint) => {
    fill(region, verdict(form, t(title), t(hint)));
    announce(t(title));
    toHeading();
  };
  yes.classList.add("wide");
  yes.addEventListener("click", () =>
    busy(yes, t("link.sending"), async () => {
      if (!number) return fill(place, h("p.trouble", { role: "alert" }, shape("stop"), h("span", null, t("link.pick"))));
      fill(place);
      try {
        await whole(ask(APPROVE_LINK, { code, number }, screen));
        done("ok", "link.done", "link.done.hint");
      } catch (error) {
        if (screen.signal.aborted) return;
        if (error.code === "AUTH_LINK_DENIED") return done("stop", "link.wrong", "link.wrong.hint");
        complain(place, error);
      }
    }),
  );
  no.addEventListener("click", () =>
    busy(no, t("link.sending"), async () => {
      try {
        await whole(ask(DENY_LINK, { code }, screen));
        done("stop", "link.denied", "link.denied.hint");
      } catch (error) {
        if (!screen.signal.aborted) complain(place, error);
      }
    }),
  );
  return [
    h("p.lead", null, t("link.lead")),
    h(
      "section.person.screen-asks",
      { "data-testid": "screen-asks" },
      h("h2", null, asking.deviceName),
      h("p", null, t("link.when", { when: when(asking.requestedAt) })),
      h("p", null, t("link.place", { place: asking.place })),
    ),
    choices({
      legend: t("link.number"),
      name: "number",
      value: "",
      options: asking.numbers.map((one) => [String(one), String(one)]),
      onpick: (picked) => (number = Number(picked)),
      columns: true,
    }),
    place,
    h("div.stack.answers", null, yes, no),
    h("p.hint", null, t("link.hint")),
  ];
}

const verdict = (form, title, hint) =>
  h(
    "section.problem.link-verdict",
    { "data-testid": "link-verdict", "data-tone": form },
    shape(form),
    h("h2", null, title),
    h("p", null, hint),
    h("a.second", { href: "#/me/devices" }, t("link.devices")),
  );
