/**
 * What the city says of a code: who (masked) and since when, what a licence is worth, or why not. Each refusal has its own words, shape and
 * colour, and what an officer does next.
 */

import { ask, lineBroke, missing, whole } from "../api.js";
import { fill, h } from "../dom.js";
import { SCAN_CODE } from "../documents.js";
import { SCAN_FOR_HEALTH, VERIFY_LICENCE } from "../documents-street.js";
import { clockSeconds, date, dayAndClock } from "../format.js";
import { has, t } from "../i18n.js";
import { onSessionChange, randomId } from "../session.js";
import { announce } from "./announce.js";
import { healthCard } from "./health-card.js";
import { icon, shape } from "./icons.js";
import { errorWords } from "./load.js";
import { closeButton, openSheet } from "./sheet.js";
import { skeleton } from "./skeleton.js";

/** Purposes for which the city tells a colour, and for how long it does. */
const SEES_HEALTH = new Set(["HEALTH_CHECK", "CLINIC"]);
const SHOWN_MS = 5 * 60_000;

/** Shape and colour of each refusal. */
const REFUSALS = {
  CITYCODE_FORGED: ["stop", "stop"],
  CITYCODE_KEY_UNKNOWN: ["key", "stop"],
  CITYCODE_REPLAYED: ["twice", "warn"],
  CITYCODE_EXPIRED: ["clock", "warn"],
  CITYCODE_NOT_YET_VALID: ["clock", "info"],
  CITYCODE_FOREIGN: ["elsewhere", "info"],
  CITYCODE_MALFORMED: ["torn", "plain"],
  LICENCES_CODE_FORGED: ["stop", "stop"],
  LICENCES_CODE_KEY_UNKNOWN: ["key", "stop"],
  LICENCES_CODE_REPLAYED: ["twice", "warn"],
  LICENCES_CODE_EXPIRED: ["clock", "warn"],
  LICENCES_CODE_NOT_YET_VALID: ["clock", "info"],
  LICENCES_CODE_FOREIGN: ["elsewhere", "info"],
  LICENCES_CODE_MALFORMED: ["torn", "plain"],
};

/**
 * The id of each check whose answer has not come. The city may have recorded it: asked again under the same id it answers
 * what it answered, under another it would call an honest citizen's code used.
 * @type {Map<string, string>}
 */
const unanswered = new Map();
onSessionChange(() => unanswered.clear());

/**
 * @typedef {{
 *   text: string, purpose?: string, signal: AbortSignal,
 *   again: () => void, settled: () => void, done: () => void,
 * }} Scan  `again`: on to the next person. `settled`: the city has answered. `done`: and the sheet is closed
 */

/** A city code, for what the officer said. @param {Scan} scan */
export const verdict = ({ text, purpose, ...scan }) =>
  onSheet(scan, (body) => judge(body, `${purpose} ${text}`, (id) => scanned({ text, purpose, clientScanId: id }, body)));

/** A licence, for what its holder said. @param {Scan} scan */
export const licenceVerdict = ({ text, ...scan }) =>
  onSheet(scan, (body) => judge(body, `licence ${text}`, (id) => verified({ text, clientVerificationId: id }, body)));

async function scanned(input, body) {
  const withHealth = SEES_HEALTH.has(input.purpose);
  const { data, errors } = await ask(withHealth ? SCAN_FOR_HEALTH : SCAN_CODE, { input });
  accept(body, data.scanCityCode, withHealth ? healthPart(data.scanCityCode, errors) : null);
}

async function verified(input, body) {
  showLicence(body, (await whole(ask(VERIFY_LICENCE, { input }))).verifyLicence);
}

/** @param {(body: HTMLElement) => Promise<boolean>} judged */
function onSheet({ signal, again, settled, done }, judged) {
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
    const answered = await judged(body);
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

const nextWords = (body) => (body.dataset.verdict === "refused" ? "verdict.again" : "verdict.next");

/**
 * Shows what the city says.
 * @param {string} check  what is checked, and what for
 * @param {(id: string) => Promise<void>} ask
 * @returns {Promise<boolean>} did it say anything?
 */
async function judge(body, check, ask) {
  const id = unanswered.get(check) ?? randomId("scan");
  unanswered.set(check, id);
  try {
    await ask(id);
  } catch (error) {
    refuse(body, error);
    if (lineBroke(error)) return false;
  }
  unanswered.delete(check);
  return true;
}

function accept(body, scan, health) {
  const level = t(`level.${scan.person.realNameLevel}`);
  body.dataset.verdict = "accepted";
  fill(
    body,
    stamp("ok", "ok", t("verdict.ok")),
    h("p.verdict-name", { "data-testid": "masked-name" }, scan.person.maskedName),
    h("p.holder-level", null, icon("seal"), level),
    health,
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

/** For five minutes from the scan, as long as the city would say it. */
function healthPart(scan, errors) {
  const failed = missing(errors, "scanCityCode", "health");
  if (failed) return h("p.notice.info.flush", { "data-testid": "no-health" }, shape("info"), h("span", null, failed.message));
  if (!scan.health) return null;
  const place = h("div", null, healthCard(scan.health, h("p.health-reason", null, t("verdict.health.until", { when: dayAndClock(scan.health.validUntil) }))));
  const over = () => fill(place, h("p.notice.info.flush", { "data-testid": "health-over" }, shape("clock"), h("span", null, t("verdict.health.over"))));
  setTimeout(over, SHOWN_MS);
  return place;
}

/** What the licence is worth now; nothing of it is shown when it is worth nothing. */
function showLicence(body, found) {
  const valid = found.result === "VALID";
  body.dataset.verdict = valid ? "accepted" : "not-valid";
  body.dataset.status = found.status;
  const words = t(valid ? "verdict.licence.ok" : "verdict.licence.not");
  fill(
    body,
    stamp(valid ? "ok" : "stop", valid ? "ok" : "stop", words),
    h("p.verdict-name", null, found.type.name),
    h("p", { "data-testid": "masked-name" }, t("verdict.holder", { name: found.holder.maskedName })),
    h(
      "dl.facts",
      null,
      found.fields.map(({ label, value, name }) => line(label, value, { "data-field": name })),
      line(t("verdict.licence.status"), found.statusLabel),
      found.validUntil ? line(t("verdict.licence.until"), date(found.validUntil)) : null,
      line(t("verdict.purpose"), found.purpose),
      line(t("verdict.at"), clockSeconds(found.at), { "data-testid": "scanned-at" }),
    ),
    h("p.hint", null, t("verdict.seen")),
  );
  announce(`${words} ${found.type.name}. ${found.statusLabel}`);
  navigator.vibrate?.(valid ? 60 : [80, 60, 80]);
}

const line = (words, value, props = {}) => h("div", null, h("dt", null, words), h("dd.figures", props, value));

const stamp = (form, colour, words) => h(`p.stamp.${colour}`, null, shape(form), h("span", null, words));
