/** One message: who writes, when, what; and the one place where it goes on. */

import { acting } from "../acting.js";
import { ask, whole } from "../api.js";
import { fill, h } from "../dom.js";
import { MARK_READ, MESSAGE } from "../documents-paper.js";
import { when } from "../format.js";
import { t } from "../i18n.js";
import { leadsTo } from "../router.js";
import { forgetAnswers, load } from "../ui/load.js";
import { mark } from "../ui/mark.js";
import { skeleton } from "../ui/skeleton.js";
import { setUnread } from "../ui/unread.js";

/** @type {import("../router.js").View} */
export const message = { title: "message.title", for: "CITIZEN", back: "/messages", enter };

/** What stands on the way on, by the first step of its address. */
const ONWARD = {
  bills: "message.to.bills",
  licences: "message.to.licences",
  cases: "message.to.cases",
  health: "message.to.health",
  security: "message.to.security",
};

/** @param {import("../router.js").Screen} screen */
function enter(screen) {
  const region = h("div");
  fill(screen.main, h("h1.unseen", { tabindex: "-1" }, t("message.title")), region);
  return load(region, {
    key: `message ${screen.at.id}`,
    signal: screen.signal,
    ask: async () => ({ data: await whole(ask(MESSAGE, { id: screen.at.id }, screen)), errors: [] }),
    skeleton: () => skeleton("short", "title", "line", "line"),
    show: ({ data }) => letter(data.message),
  });
}

function letter(told) {
  if (!told.readAt && !acting()) markRead(told.id);
  return h(
    "article.told",
    { "data-testid": "message" },
    h(
      "p.told-head",
      null,
      mark(),
      h("span", null, h("b", null, told.sender), h("time", { datetime: told.at }, when(told.at))),
    ),
    h("h2", null, told.subject),
    told.body.split("\n\n").map((words) => h("p", null, words)),
    leadsTo(told.link) ? h("a.primary.wide", { href: `#${told.link}`, "data-testid": "onward" }, onward(told)) : null,
  );
}

const onward = ({ link }) => t(ONWARD[link.split("/")[1]] ?? "message.to.there");

/** Opened is read. When the line is bad it stays unread, and the next opening marks it. */
async function markRead(id) {
  const marked = await whole(ask(MARK_READ, { ids: [id] })).catch(() => null);
  if (!marked) return;
  setUnread(marked.markMessagesRead.unreadCount);
  forgetAnswers();
}
