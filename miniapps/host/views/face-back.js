/** Back from the provider that looked at me: what it signed is brought to the city, for my level or for my lost account. */

import { askAsMyself, askOpenly, lineBroke, whole } from "../api.js";
import { brought, usedUp } from "../brought.js";
import { FINISH_FACE_CHECK, PROVE_RECOVERY } from "../documents-person.js";
import { fill, h } from "../dom.js";
import { t } from "../i18n.js";
import { dropRecovering, keepRecovering, recovering } from "../recovering.js";
import { replace } from "../router.js";
import { audience } from "../session.js";
import { announce } from "../ui/announce.js";
import { problem } from "../ui/load.js";
import { skeleton } from "../ui/skeleton.js";
import { known } from "./real-name-way.js";

/** @type {import("../router.js").View} */
export const faceBack = { title: "face.title", for: "ANYONE", back: "/me/real-name", enter };

/** @param {import("../router.js").Screen} screen */
async function enter(screen) {
  const told = brought();
  const mine = audience() === "CITIZEN";
  const asked = mine ? null : recovering();
  const region = h("div", null, skeleton("line", "line"));
  fill(screen.main, h("h1", { tabindex: "-1" }, t("face.title")), region);
  if (!told || !(mine || asked)) return fill(region, over(mine));
  try {
    if (mine) await finish(told, screen);
    else await prove(told, asked);
  } catch (error) {
    if (screen.signal.aborted) return;
    if (lineBroke(error)) return fill(region, problem(error, screen.again));
    usedUp();
    if (asked && error.code?.startsWith("IDENTITY_")) dropRecovering(); // its look was used: there is no way on from here
    fill(region, problem(error), onward(mine));
  }
}

async function finish({ check, result }, screen) {
  await whole(askAsMyself(FINISH_FACE_CHECK, { id: check, result }, screen));
  usedUp();
  await known();
}

async function prove({ result }, asked) {
  const { proveRecovery: waiting } = await whole(askOpenly(PROVE_RECOVERY, { id: asked.id, result }));
  usedUp();
  keepRecovering(waiting);
  replace("/sign-in/recover");
  announce(t("recover.seen"));
}

/** Reloaded, or opened in another browser than the one that went. */
const over = (mine) => [h("p.lead", { "data-testid": "face-over" }, t("face.over")), onward(mine)];

const onward = (mine) =>
  h("a.primary.wide.spaced", { href: mine ? "#/me/real-name/face" : "#/sign-in/recover", "data-testid": "face-again" }, t("face.again"));
