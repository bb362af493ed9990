/**
 * What the city says of a code: who (masked) and since when, or why not. Each refusal has its own words, shape and
 * colour, and what an officer does next.
 */

import { ask, whole } from "../api.js";
import { fill, h } from "../dom.js";
import { SCAN_CODE } from "../documents.js";
import { clockSeconds } from "../format.js";
import { has, t } from "../i18n.js";
import { randomId } from "../session.js";
import { announce } from "./announce.js";
import { icon, shape } from "./icons.js";
import { errorWords } from "./load.js";
import { closeButton, openSheet } from "./sheet.js";
import { skeleton } from "./skeleton.js";

/** Shape and colour of each refusal. */
const REFUSALS = {
  CITYCODE_FORGED: ["stop", "stop"],
  CITYCODE_KEY_UNKNOWN: ["key", "stop"],
  CITYCODE_REPLAYED: ["twice", "warn"],
  CITYCODE_EXPIRED: ["clock", "warn"],
  CITYCODE_NOT_YET_VALID: ["clock", "info"],
  CITYCODE_FOREIGN: ["elsewhere", "info"],
  CITYCODE_MALFORMED: ["torn", "plain"],
};

/**
 * @param {{ text: string, purpose: string | null, signal: AbortSignal, again: () => void, done: () => void }} scan
 */
export async function verdict({ text, purpose, signal, again, done }) {
  const body = h("div.verdict", { "data-testid": "verdict" });
  let next = false;
  const onclose = () => (done(), next && again());
  const nextButton = h("button.primary", { type: "button", "data-testid": "next" }, t("verdict.next"));
  const dialog = openSheet({
    title: t("verdict.title"),
    body,
    actions: [nextButton, closeButton(t("sheet.close"))],
    onclose,
  });
  nextButton.addEventListener("click", () => {
    next = true;
    dialog.close();
  });
  signal.addEventListener("abort", () => dialog.close());
  const waiting = setTimeout(() => fill(body, skeleton("title", "line")), 400);
  try {
    const { scanCityCode } = await whole(ask(SCAN_CODE, { input: { text, purpose, clientScanId: randomId("scan") } }));
    accept(body, scanCityCode);
  } catch (error) {
    refuse(body, error);
    fill(nextButton, t("verdict.again"));
  } finally {
    clearTimeout(waiting);
  }
}

function accept(body, scan) {
  const level = t(`level.${scan.person.realNameLevel}`);
  body.dataset.verdict = "accepted";
  fill(
    body,
    stamp("ok", "ok", t("verdict.ok")),
    h("p.verdict-name", { "data-testid": "masked-name" }, scan.person.maskedName),
    h("p.holder-level", null, icon("seal"), level),
    h(
      "dl.facts",
      null,
      h("div", null, h("dt", null, t("verdict.purpose")), h("dd", null, scan.purposeLabel)),
      h(
        "div",
        null,
        h("dt", null, t("verdict.at")),
        h("dd.figures", { "data-testid": "scanned-at" }, clockSeconds(scan.at)),
      ),
      h("div", null, h("dt", null, t("verdict.issued")), h("dd.figures", null, clockSeconds(scan.codeIssuedAt))),
    ),
    h("p.hint", null, t("verdict.seen")),
  );
  announce(`${t("verdict.ok")} ${scan.person.maskedName}. ${level}`);
  navigator.vibrate?.(60);
}

function refuse(body, error) {
  const words = errorWords(error);
  const [form, colour] = REFUSALS[words.code] ?? ["warn", "warn"];
  body.dataset.verdict = "refused";
  body.dataset.code = words.code;
  fill(
    body,
    stamp(form, colour, words.title),
    h("p.verdict-do", null, words.hint),
    has(`error.${words.code}.why`) ? h("p.hint", null, t(`error.${words.code}.why`)) : null,
    h("p.code-small", null, words.code),
  );
  announce(`${words.title} ${words.hint}`);
  navigator.vibrate?.([80, 60, 80]);
}

const stamp = (form, colour, words) => h(`p.stamp.${colour}`, null, shape(form), h("span", null, words));
