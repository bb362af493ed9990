/**
 * One sheet for everything that the city asks to be proven again before it does it. Closed without a proof, nothing has
 * happened, and the page below is as it was.
 */

import { askAsMyself, askOpenly, whole } from "../api.js";
import { demoMessage } from "../demo.js";
import { fill, h } from "../dom.js";
import { SIGN_IN_RULES } from "../documents.js";
import { REQUEST_STEP_UP_CODE, SIGN_IN_METHODS, STEP_UP } from "../documents-security.js";
import { t } from "../i18n.js";
import { alone, audience, keep, onSessionChange } from "../session.js";
import { firstOf } from "../signals.js";
import { announce } from "./announce.js";
import { problem } from "./load.js";
import { possible, proofs } from "./proofs.js";
import { closeButton, openSheet } from "./sheet.js";
import { skeleton } from "./skeleton.js";

const CODE_LENGTH = 6;

/** @type {AbortController | null} */
let open = null;
onSessionChange(() => open?.abort());
addEventListener("hashchange", () => open?.abort());

/** @type {import("../api.js").Prove} */
export function stepUpSheet(asker) {
  open = new AbortController();
  const signal = asker ? firstOf(open.signal, asker) : open.signal;
  const gone = open;
  return new Promise((resolve) => {
    let done = false;
    const region = h("div.step-up", { "data-testid": "step-up" }, skeleton("line", "row"));
    const dialog = openSheet({
      title: t("stepup.title"),
      body: [h("p.lead", null, t("stepup.lead")), region],
      actions: closeButton(t("sheet.no")),
      kind: "ask",
      signal,
      onclose: () => {
        gone.abort();
        resolve(done);
      },
    });
    const onproven = () => {
      done = true;
      announce(t("stepup.done"));
      dialog.close();
    };
    offer(region, signal, onproven);
  });
}

async function offer(region, signal, onproven) {
  try {
    const [{ signInMethods: held }, length] = await Promise.all([
      whole(askAsMyself(SIGN_IN_METHODS, {}, { signal })),
      codeLength(),
    ]);
    if (signal.aborted) return;
    const ways = possible(waysOf(held));
    if (!ways.length) return fill(region, h("p", { "data-testid": "no-way" }, t("stepup.none")));
    const message = { length, send: sendCode };
    fill(region, proofs({ ways, audience: audience(), signal, message, prove: (proof) => prove(proof, onproven) }));
  } catch (error) {
    if (signal.aborted) return;
    fill(
      region,
      problem(error, () => offer(region, signal, onproven)),
    );
  }
}

/** An account that has something strong is proven with that; the city takes nothing less. */
function waysOf({ passkeys, totp, recoveryCodesLeft, hasPassword }) {
  const there = [
    ["passkey", passkeys.length > 0],
    ["totp", totp !== null],
    ["recovery", recoveryCodesLeft > 0],
  ];
  const strong = there.filter(([, held]) => held).map(([way]) => way);
  return strong.length ? strong : ["code", ...(hasPassword ? ["password"] : [])];
}

async function prove(proof, onproven) {
  const askedAt = Date.now();
  const { stepUp: result } = await whole(askAsMyself(STEP_UP, { input: proof }));
  await alone(() => keep(result, askedAt));
  onproven();
}

/** @returns {Promise<(signal: AbortSignal) => Promise<string | null>>} */
async function sendCode() {
  const told = await demoMessage();
  await whole(askAsMyself(REQUEST_STEP_UP_CODE));
  return told;
}

const codeLength = async () =>
  (await askOpenly(SIGN_IN_RULES).catch(() => null))?.data.signInRules.codeLength ?? CODE_LENGTH;
