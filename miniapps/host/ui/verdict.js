/**
 * What the city says of a code: who (masked) and since when, or why not. Each refusal has its own words, shape and
 * colour, and what an officer does next.
 */

import { ask, lineBroke, whole } from "../api.js";
import { fill, h } from "../dom.js";
import { SCAN_CODE } from "../documents.js";
import { clockSeconds } from "../format.js";
import { has, t } from "../i18n.js";
import { onSessionChange, randomId } from "../session.js";
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
 * The id of each check whose answer has not come. The city may have recorded it: asked again under the same id it answers
 * what it answered, under another it would call an honest citizen's code used.
 * @type {Map<string, string>}
 */
const unanswered = new Map();
onSessionChange(() => unanswered.clear());

/**
 * @param {{
 *   text: string, purpose: string, signal: AbortSignal,
 *   again: () => void, settled: () => void, done: () => void,
 * }} scan  `again`: on to the next person. `settled`: the city has answered. `done`: and the sheet is closed
 */
export async function verdict({ text, purpose, signal, again, settled, done }) {
  const body = h("div.verdict", { "data-testid": "verdict" });
  const button = h("button.primary", { type: "button", "data-testid": "next" });
  let onward = () => {};
  let checking = Promise.resolve(false);

  async function check() {
    delete body.dataset.verdict;
    delete body.dataset.code;
    fill(body, h("p.verdict-name", null, t("verdict.checking")), skeleton("title", "line"));
    fill(button, t("verdict.next"));
    button.setAttribute("disabled", "");
    const answered = await judge(body, { text, purpose });
    fill(button, t(answered ? nextWords(body) : "state.retry"));
    button.removeAttribute("disabled");
    if (answered) settled();
    return answered;
  }

  const dialog = openSheet({
    title: t("verdict.title"),
    body,
    actions: [button, closeButton(t("sheet.close"))],
    signal,
    onclose: () => checking.then(() => signal.aborted || (done(), onward())),
  });
  button.addEventListener("click", async () => {
    if (await checking) {
      onward = again;
      dialog.close();
    } else {
      dialog.querySelector("h2").focus();
      checking = check();
    }
  });
  checking = check();
}

const nextWords = (body) => (body.dataset.verdict === "accepted" ? "verdict.next" : "verdict.again");

/** Shows what the city says. @returns {Promise<boolean>} did it say anything? */
async function judge(body, { text, purpose }) {
  const check = `${purpose} ${text}`;
  const clientScanId = unanswered.get(check) ?? randomId("scan");
  unanswered.set(check, clientScanId);
  try {
    const { scanCityCode } = await whole(ask(SCAN_CODE, { input: { text, purpose, clientScanId } }));
    accept(body, scanCityCode);
  } catch (error) {
    refuse(body, error);
    if (lineBroke(error)) return false;
  }
  unanswered.delete(check);
  return true;
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
