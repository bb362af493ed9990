/** Where I am signed in; what I do not know, I end. */

import { ask, whole } from "../api.js";
import { fill, h } from "../dom.js";
import { DEVICES, REVOKE, STAFF_DEVICES } from "../documents.js";
import { dayAndClock, when } from "../format.js";
import { t } from "../i18n.js";
import { toHeading } from "../router.js";
import { audience } from "../session.js";
import { announce } from "../ui/announce.js";
import { icon } from "../ui/icons.js";
import { moreButton } from "../ui/list.js";
import { forgetAnswers, load, problem } from "../ui/load.js";
import { confirmSheet } from "../ui/sheet.js";
import { skeleton } from "../ui/skeleton.js";

/** @type {import("../router.js").View} */
export const devices = { title: "devices.title", for: "SIGNED_IN", back: "/me", enter };

/** @param {import("../router.js").Screen} screen */
function enter(screen) {
  const region = h("div");
  fill(screen.main, h("h1", { tabindex: "-1" }, t("devices.title")), h("p.lead", null, t("devices.lead")), region);
  return load(region, {
    key: "devices",
    signal: screen.signal,
    ask: () => page(screen, null),
    skeleton: () => skeleton("row", "row", "row"),
    show: ({ data }) => list(screen, sessionsOf(data)),
  });
}

const page = (screen, after) => ask(audience() === "STAFF" ? STAFF_DEVICES : DEVICES, { after }, screen);
const sessionsOf = (data) => (data.me ?? data.staffMe).sessions;

function list(screen, first) {
  const live = h("ul.rows", { "data-testid": "devices" });
  const over = h("ul.rows");
  const past = h("section", { hidden: true }, h("h2.section", null, t("devices.past")), over);
  const foot = h("div");
  const place = (session) => {
    const row = deviceRow(session, (ended) => (row.remove(), place({ ...session, ...ended })), { screen, foot });
    if (session.current) live.prepend(row);
    else (session.revokedAt ? over : live).append(row);
    past.hidden = !over.children.length;
  };
  const add = ({ nodes, pageInfo }) => {
    nodes.forEach(place);
    fill(foot, pageInfo.hasNextPage ? moreButton(() => next(pageInfo.endCursor)) : null);
  };
  const next = (after) =>
    page(screen, after).then(
      ({ data }) => add(sessionsOf(data)),
      (error) =>
        fill(
          foot,
          problem(error, () => next(after)),
        ),
    );
  add(first);
  return [live, past, foot];
}

/** @param {(ended: object) => void} onended */
function deviceRow(session, onended, at) {
  const live = !session.revokedAt && !session.current;
  return h(
    "li.device",
    { "data-testid": "device", "data-ended": Boolean(session.revokedAt), "data-current": session.current },
    h(
      "div",
      null,
      h("p.device-name", null, session.deviceName, session.current ? thisOne() : null),
      h("p.device-fact", null, t("devices.since", { when: dayAndClock(session.createdAt) })),
      session.current ? null : h("p.device-fact", null, lastSign(session)),
    ),
    live ? endButton(session, onended, at) : null,
  );
}

const thisOne = () => h("span.this-one", null, icon("check"), t("devices.current"));

const lastSign = (session) =>
  session.revokedAt
    ? t("devices.over", { when: when(session.revokedAt) })
    : t("devices.seen", { when: when(session.lastSeenAt) });

const endButton = (session, onended, at) =>
  h(
    "button.second",
    {
      type: "button",
      "aria-label": t("devices.end.named", { name: session.deviceName }),
      onclick: () => end(session, onended, at),
    },
    t("devices.end"),
  );

async function end(session, onended, { screen, foot }) {
  const sure = await confirmSheet({
    title: t("devices.ask", { name: session.deviceName }),
    body: h("p", null, t("devices.ask.text")),
    yes: t("devices.end"),
    no: t("sheet.no"),
    signal: screen.signal,
  });
  if (!sure) return;
  try {
    const { revokeSession: ended } = await whole(ask(REVOKE, { id: session.id }));
    forgetAnswers();
    onended(ended);
    toHeading();
    announce(t("devices.ended", { name: session.deviceName }));
  } catch (error) {
    fill(foot, problem(error));
  }
}
