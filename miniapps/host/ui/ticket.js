/** A counter's ticket: what an officer reads from the phone, on white as a code is, with the time that it has left. */

import { fill, h } from "../dom.js";
import { clock } from "../format.js";
import { t } from "../i18n.js";
import { cityNow } from "../session.js";
import { announce } from "./announce.js";
import { keepAwake } from "./awake.js";
import { shape } from "./icons.js";
import { mark } from "./mark.js";

/** @param {{ code: string, expiresAt: string }} ticket @param {AbortSignal} screen */
export function ticketSlab(ticket, screen) {
  const until = Date.parse(ticket.expiresAt);
  const left = h("span.slab-time.figures");
  const number = h("p.ticket-number.figures", { "data-testid": "ticket" }, `${ticket.code.slice(0, 4)} ${ticket.code.slice(4)}`);
  const slab = h(
    "section.slab.ticket",
    null,
    h("p.slab-head", null, mark(), h("span", null, t("prove.ticket.head")), left),
    number,
    h("p.ticket-until", null, t("realname.ticket.until", { clock: clock(ticket.expiresAt) })),
  );
  const tick = () => {
    if (screen.aborted || !slab.isConnected) return clearInterval(timer);
    const seconds = Math.ceil((until - cityNow()) / 1000);
    if (seconds > 0) return void fill(left, `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`);
    clearInterval(timer);
    slab.replaceChildren(h("p.ticket-over", { "data-testid": "ticket-over" }, shape("clock"), h("span", null, t("prove.ticket.over"))));
    announce(t("prove.ticket.over"));
  };
  const timer = setInterval(tick, 1000);
  requestAnimationFrame(tick);
  keepAwake(screen);
  announce(t("realname.ticket.until", { clock: clock(ticket.expiresAt) }));
  return slab;
}
