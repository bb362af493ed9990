/** My passkeys: made on this device, named, taken away. */

import { ask, renewed, whole } from "../api.js";
import { fill, h } from "../dom.js";
import {
  ADD_PASSKEY,
  ASK_FOR_PASSKEY,
  BEGIN_PASSKEY_REGISTRATION,
  REMOVE_PASSKEY,
  RENAME_PASSKEY,
  SIGN_IN_METHODS,
} from "../documents-security.js";
import { date, when } from "../format.js";
import { t } from "../i18n.js";
import { makePasskey, passkeysHere } from "../passkeys.js";
import { toHeading } from "../router.js";
import { audience, deviceName } from "../session.js";
import { announce } from "../ui/announce.js";
import { busy } from "../ui/busy.js";
import { icon, shape } from "../ui/icons.js";
import { forgetAnswers, load } from "../ui/load.js";
import { renameSheet } from "../ui/rename-sheet.js";
import { confirmSheet } from "../ui/sheet.js";
import { skeleton } from "../ui/skeleton.js";
import { complain } from "../ui/trouble.js";

/** @type {import("../router.js").View} */
export const securityPasskeys = { title: "passkeys.title", for: "SIGNED_IN", back: "/security", enter };

/** @param {import("../router.js").Screen} screen */
function enter(screen) {
  const region = h("div");
  const place = h("div", { role: "status" });
  fill(
    screen.main,
    h("h1", { tabindex: "-1" }, t("passkeys.title")),
    h("p.lead", null, t("passkeys.lead")),
    region,
    place,
    passkeysHere() ? addButton(place, () => again(screen, "passkeys.added")) : notHere(),
  );
  return load(region, {
    key: "security",
    signal: screen.signal,
    ask: () => ask(SIGN_IN_METHODS, {}, screen),
    skeleton: () => skeleton("row", "row"),
    show: ({ data }) => list(screen, place, data.signInMethods),
  });
}

/** What is on screen is old. */
function again(screen, words) {
  forgetAnswers();
  if (screen.signal.aborted) return;
  screen.again();
  toHeading();
  announce(t(words));
}

export const notHere = () =>
  h("p.notice.info.flush", { "data-testid": "no-passkeys-here" }, shape("info"), h("span", null, t("passkeys.not_here")));

/** Made on this device, kept by the city, and from now on the session's tokens say so. @param {HTMLElement} place @param {() => unknown} onadded */
export function addButton(place, onadded) {
  const button = h("button.primary.wide", { type: "button", "data-testid": "add-passkey" }, t("passkeys.add"));
  button.addEventListener("click", () =>
    busy(button, t("proof.passkey.waiting"), async () => {
      fill(place);
      try {
        const { beginPasskeyRegistration: begun } = await whole(ask(BEGIN_PASSKEY_REGISTRATION));
        const credential = await makePasskey(begun.options);
        await whole(ask(ADD_PASSKEY, { name: deviceName(), credential }));
        await renewed().catch(() => null);
        await onadded();
      } catch (error) {
        complain(place, error);
      }
    }),
  );
  return button;
}

function list(screen, place, { passkeys, secondStepByPasskey }) {
  if (!passkeys.length) return h("p.hint", { "data-testid": "empty" }, t("passkeys.none"));
  return [
    h("ul.rows", { "data-testid": "passkeys" }, passkeys.map((one) => row(screen, place, one))),
    audience() === "CITIZEN" ? asksForIt(screen, place, secondStepByPasskey) : null,
  ];
}

const row = (screen, place, one) =>
  h(
    "li.device",
    { "data-testid": "passkey" },
    h(
      "div",
      null,
      h("p.device-name", null, one.name),
      h("p.device-fact", null, t(one.synced ? "passkeys.synced" : "passkeys.bound"), " · ", date(one.createdAt)),
      one.lastUsedAt ? h("p.device-fact", null, t("devices.seen", { when: when(one.lastUsedAt) })) : null,
    ),
    h(
      "button.second",
      { type: "button", "aria-label": t("passkeys.rename.named", { name: one.name }), onclick: () => rename(screen, one) },
      t("passkeys.rename"),
    ),
    h(
      "button.second",
      {
        type: "button",
        "aria-label": t("passkeys.remove.named", { name: one.name }),
        onclick: () => remove(screen, place, one),
      },
      t("passkeys.remove"),
    ),
  );

const rename = (screen, one) =>
  renameSheet({
    name: one.name,
    rename: (name) => whole(ask(RENAME_PASSKEY, { id: one.id, name }, screen)),
    onrenamed: () => again(screen, "rename.done"),
    signal: screen.signal,
  });

async function remove(screen, place, one) {
  const sure = await confirmSheet({
    title: t("passkeys.remove.ask", { name: one.name }),
    body: h("p", null, t("passkeys.remove.text")),
    yes: t("passkeys.remove"),
    no: t("sheet.no"),
    signal: screen.signal,
  });
  if (!sure) return;
  fill(place);
  try {
    await whole(ask(REMOVE_PASSKEY, { id: one.id }, screen));
    again(screen, "passkeys.removed");
  } catch (error) {
    if (!screen.signal.aborted) complain(place, error);
  }
}

/** A citizen's choice: is the passkey a faster way in, or a second step too? */
function asksForIt(screen, place, wanted) {
  const box = h("input", { type: "checkbox", name: "second", checked: wanted });
  box.addEventListener("change", async () => {
    fill(place);
    try {
      await whole(ask(ASK_FOR_PASSKEY, { wanted: box.checked }, screen));
      forgetAnswers();
      announce(t(box.checked ? "passkeys.second.on" : "passkeys.second.off"));
    } catch (error) {
      box.checked = !box.checked;
      if (!screen.signal.aborted) complain(place, error);
    }
  });
  return h(
    "label.choice.tick.boxed.asks-for-it",
    null,
    box,
    h("span", null, h("b", null, t("passkeys.second")), h("span.tick-value", null, t("passkeys.second.hint"))),
    icon("check"),
  );
}
