/** How many messages wait, in the dock: a number to the eye, words to the ear. Asked for while somebody looks. */

import { onActingChange } from "../acting.js";
import { ask } from "../api.js";
import { UNREAD } from "../documents-paper.js";
import { fill, h } from "../dom.js";
import { t } from "../i18n.js";
import { audience, onSessionChange } from "../session.js";
import { announce } from "./announce.js";

const LOOK_EVERY_MS = 60_000;
/** The city counts so far. */
const COUNTED = 99;

/** @type {number | null} */
let count = null;
let region = h("span");

/** Stands in the dock; empty while nothing waits. @returns {HTMLElement} */
export function unreadBadge() {
  region = h("span.unread-count", { "data-testid": "unread" });
  draw();
  if (count === null) look();
  return region;
}

/** What a screen has just learnt. More than before is said aloud. @param {number | null | undefined} now */
export function setUnread(now) {
  if (typeof now !== "number") return;
  if (count !== null && now > count) announce(t("unread.came", { n: now - count }));
  count = now;
  draw();
}

/** Looks again every minute while a dock is on screen and somebody looks at it. */
export function watchUnread() {
  onSessionChange(() => (count = null));
  onActingChange(() => (count = null));
  setInterval(() => region.isConnected && !document.hidden && navigator.onLine && look(), LOOK_EVERY_MS);
}

async function look() {
  if (audience() !== "CITIZEN") return;
  const answer = await ask(UNREAD).catch(() => null); // the dock stands without its number
  setUnread(answer?.data.me?.unreadCount);
}

function draw() {
  fill(
    region,
    count
      ? [
          h("span.unread-number", { "aria-hidden": "true" }, count > COUNTED ? `${COUNTED}+` : count),
          h("span.unseen", null, t("unread.words", { n: count })),
        ]
      : null,
  );
}
