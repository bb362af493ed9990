/**
 * An officer opens what they decide about (体验版): on their own phone, as the citizen who they are, by a code that this
 * screen shows. It ends with the matter.
 */

import { ask, whole } from "../api.js";
import { TRY_UNDER_REVIEW } from "../documents-desk-program.js";
import { h } from "../dom.js";
import { t } from "../i18n.js";
import { TRIAL } from "../mini-way.js";
import { qrPicture } from "../qr.js";
import { actButton } from "./act.js";
import { announce } from "./announce.js";
import { copyButton } from "./copy.js";
import { forgetAnswers } from "./load.js";

/** @param {import("../router.js").Screen} screen @param {any} version */
export const trial = (screen, version) => [
  h("h2.section", null, t("programs.trial")),
  h("p.hint-2", null, t("programs.trial.hint")),
  version.tried ? way(version) : begin(screen, version),
];

function begin(screen, { id }) {
  const said = h("div");
  const work = async () => {
    await whole(ask(TRY_UNDER_REVIEW, { id }, screen));
    forgetAnswers();
    announce(t("programs.trial.done"));
    if (!screen.signal.aborted) screen.again();
  };
  return [said, actButton({ words: t("programs.trial.begin"), work, said, signal: screen.signal, look: "second.wide.spaced", id: "try" })];
}

function way({ appId, testAccount }) {
  const to = `${location.origin}${location.pathname}#/mini/${appId}?${TRIAL}`;
  return h(
    "div.trial",
    { "data-testid": "trial" },
    h("ol.steps", null, ["phone", "scan", "bar"].map((step) => h("li", null, t(`programs.trial.${step}`)))),
    testAccount ? h("p.hint-2", null, t("programs.trial.account", { account: testAccount })) : null,
    h("div.face.app-face", null, qrPicture(to, t("programs.trial.label"))),
    h("div.secret", null, h("p.hash", { "data-testid": "trial-address" }, to), copyButton(to, t("programs.trial.copy"))),
  );
}
