/** Messages: what the city told me, newest first. What I have not read yet has a mark and a word. */

import { acting } from "../acting.js";
import { ask, whole } from "../api.js";
import { fill, h } from "../dom.js";
import { INBOX, MARK_ALL_READ } from "../documents-paper.js";
import { clock, dayName } from "../format.js";
import { t } from "../i18n.js";
import { toHeading } from "../router.js";
import { announce } from "../ui/announce.js";
import { busy } from "../ui/busy.js";
import { icon, shape } from "../ui/icons.js";
import { empty } from "../ui/list.js";
import { forgetAnswers, load } from "../ui/load.js";
import { pages } from "../ui/pages.js";
import { skeleton } from "../ui/skeleton.js";
import { complain } from "../ui/trouble.js";
import { setUnread } from "../ui/unread.js";

/** @type {import("../router.js").View} */
export const inbox = { title: "inbox.title", for: "CITIZEN", dock: true, enter };

/** @param {import("../router.js").Screen} screen */
function enter(screen) {
  const region = h("div");
  fill(
    screen.main,
    h(
      "div.heading",
      null,
      h("h1", { tabindex: "-1" }, t("inbox.title")),
      acting() ? null : h("a.quiet", { href: "#/me/messages" }, t("reach.short")),
    ),
    region,
  );
  return load(region, {
    key: "inbox",
    signal: screen.signal,
    ask: async () => ({ data: await whole(ask(INBOX, { after: null }, screen)), errors: [] }),
    skeleton: () => skeleton("short", "row", "row", "row", "row"),
    show: ({ data }) => list(screen, data.me),
  });
}

function list(screen, me) {
  setUnread(me.unreadCount);
  if (!me.inbox.nodes.length) return empty(t("inbox.none"), t("inbox.none.hint"));
  const days = h("div.days", { "data-testid": "inbox" });
  const foot = pages(me.inbox, {
    place: (letter) => under(days, dayName(letter.at), letterRow(letter)),
    ask: async (after) => (await whole(ask(INBOX, { after }, screen))).me.inbox,
    signal: screen.signal,
  });
  return [me.unreadCount && !acting() ? markAll(screen, me.inbox.nodes[0].id) : null, days, foot];
}

/** Under the day's name; a page may go on with the day that the last one ended with. */
function under(days, day, row) {
  let section = days.lastElementChild;
  if (section?.getAttribute("data-day") !== day) {
    section = h("section.day", { "data-day": day }, h("h2.section", null, day), h("ul.rows"));
    days.append(section);
  }
  section.querySelector("ul").append(row);
}

const letterRow = (letter) =>
  h(
    "li",
    { "data-testid": "letter", "data-unread": !letter.readAt },
    h(
      "a.letter",
      { href: `#/messages/${letter.id}` },
      h(
        "span.letter-head",
        null,
        letter.readAt ? null : h("span.new", null, shape("dot"), t("inbox.unread")),
        h("span", null, letter.sender),
        h("time.figures", { datetime: letter.at }, clock(letter.at)),
      ),
      h("span.letter-subject", null, letter.subject),
      icon("next"),
    ),
  );

/** Up to the newest that is on screen: what has come since stays unread. */
function markAll(screen, upTo) {
  const place = h("div");
  const button = h("button.quiet", { type: "button", "data-testid": "mark-all" }, t("inbox.all"));
  button.addEventListener("click", () =>
    busy(button, t("inbox.marking"), async () => {
      try {
        const { markAllMessagesRead } = await whole(ask(MARK_ALL_READ, { upTo }, screen));
        setUnread(markAllMessagesRead.unreadCount);
        forgetAnswers();
        toHeading();
        announce(t("inbox.marked"));
        screen.again();
      } catch (error) {
        if (!screen.signal.aborted) complain(place, error);
      }
    }),
  );
  return h("div.mark-all", null, button, place);
}
