/** Where I am signed in; what I do not know, I end. */

import { ask, whole } from "../api.js";
import { fill, h } from "../dom.js";
import { DEVICES, REVOKE, STAFF_DEVICES } from "../documents.js";
import { when } from "../format.js";
import { t } from "../i18n.js";
import { audience } from "../session.js";
import { announce } from "../ui/announce.js";
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
  const rows = h("ul.rows", { "data-testid": "devices" });
  const foot = h("div");
  const add = ({ nodes, pageInfo }) => {
    rows.append(...nodes.map((session) => deviceRow(session, foot)));
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
  return [rows, foot];
}

function deviceRow(session, foot) {
  const row = h("li.device", { "data-testid": "device", "data-ended": Boolean(session.revokedAt) });
  const live = !session.revokedAt && !session.current;
  const endButton = () =>
    h(
      "button.second",
      {
        type: "button",
        "aria-label": t("devices.end.named", { name: session.deviceName }),
        onclick: () => end(session, row, foot),
      },
      t("devices.end"),
    );
  return fill(
    row,
    h("div", null, h("p.device-name", null, session.deviceName), h("p.device-fact", null, stateOf(session))),
    live ? endButton() : null,
  );
}

function stateOf(session) {
  if (session.revokedAt) return t("devices.over", { when: when(session.revokedAt) });
  return session.current ? t("devices.current") : t("devices.seen", { when: when(session.lastSeenAt) });
}

async function end(session, row, foot) {
  const sure = await confirmSheet({
    title: t("devices.ask", { name: session.deviceName }),
    body: h("p", null, t("devices.ask.text")),
    yes: t("devices.end"),
    no: t("sheet.no"),
  });
  if (!sure) return;
  try {
    const { revokeSession: ended } = await whole(ask(REVOKE, { id: session.id }));
    forgetAnswers();
    row.replaceWith(deviceRow({ ...session, ...ended }, foot));
    announce(t("devices.ended", { name: session.deviceName }));
  } catch (error) {
    fill(foot, problem(error));
  }
}
