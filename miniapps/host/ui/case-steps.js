/**
 * What somebody may do with a case now, as the city says (`actions`): a button each, a sheet for its words and photos.
 *
 * A decision names the version it was made on. When the case has moved meanwhile, the sheet stays open with what was
 * written, shows what changed, and asks again.
 */

import { ask, whole } from "../api.js";
import { fill, h } from "../dom.js";
import { ACT_ON_CASE, REOPEN_CASE } from "../documents-street.js";
import { t } from "../i18n.js";
import { announce } from "./announce.js";
import { busy } from "./busy.js";
import { caseStatus } from "./case-status.js";
import { shape } from "./icons.js";
import { photoField } from "./photos.js";
import { closeButton, openSheet } from "./sheet.js";
import { complain, trouble } from "./trouble.js";

/** The way forward, of which a screen shows one in the city's colour. */
const FORWARD = ["ACCEPT", "START", "RESOLVE", "ANSWER"];

/**
 * @typedef {{ action: string, label: string, noteRequired: boolean, photoAllowed: boolean, photoRequired: boolean }} Step
 * @param {any} one  the case
 * @param {{ signal: AbortSignal, renew: () => Promise<any>, done: () => void }} use
 *   renew: the case as it is now. done: a step was taken
 */
export function caseSteps(one, { signal, renew, done }) {
  if (!one.actions.length) return null;
  const first = one.actions.find(({ action }) => FORWARD.includes(action));
  const button = (step) =>
    h(
      step === first ? "button.primary.wide" : "button.second.wide",
      { type: "button", "data-action": step.action, onclick: () => stepSheet(one, step, { signal, renew, done }) },
      t(`step.${step.action}`),
    );
  const ordered = [...(first ? [first] : []), ...one.actions.filter((step) => step !== first)];
  return h("section.steps", { "data-testid": "steps" }, h("h2.section", null, t("case.steps")), ordered.map(button));
}

function stepSheet(one, step, { signal, renew, done }) {
  let version = one.version;
  const said = h("div");
  const note = h("textarea", { id: "note", rows: 4, maxlength: 1000 });
  const number = h("input", { id: "duplicate-of", inputmode: "numeric", autocomplete: "off", maxlength: 32 });
  const stop = new AbortController();
  signal.addEventListener("abort", () => stop.abort());
  const photos = step.photoAllowed
    ? photoField({ signal: stop.signal, label: t(step.photoRequired ? "step.photos.must" : "step.photos") })
    : null;
  const send = h("button.primary", { type: "button", "data-testid": "take-step" }, t(`step.${step.action}`));

  async function take() {
    fill(said);
    const lacks = lacking();
    if (lacks) return fill(said, trouble({ role: "alert", "data-testid": "trouble" }, t(lacks)));
    try {
      await whole(request());
      announce(t("step.done", { step: t(`step.${step.action}`) }));
      dialog.close();
      done();
    } catch (error) {
      if (signal.aborted) return;
      if (error.code !== "REPORTS_CASE_CHANGED") return complain(said, error);
      await moved().catch((fault) => complain(said, fault));
    }
  }

  /** The city decides; this only spares a round trip. */
  function lacking() {
    if (step.noteRequired && !note.value.trim()) return "step.lacks.note";
    if (photos?.waiting()) return "report.lacks.photos";
    if (step.photoRequired && !photos?.sent().length) return "step.lacks.photo";
    return step.action === "MARK_DUPLICATE" && !number.value.trim() ? "step.lacks.number" : "";
  }

  function request() {
    const photoIds = photos?.sent().map(({ id }) => id) ?? [];
    const words = note.value.trim();
    if (step.action === "REOPEN") return ask(REOPEN_CASE, { input: { caseId: one.id, reason: words, photoIds } });
    const duplicateOf = step.action === "MARK_DUPLICATE" ? number.value.trim() : null;
    const input = { caseId: one.id, version, action: step.action, note: words || null, photoIds, duplicateOf };
    return ask(ACT_ON_CASE, { input });
  }

  async function moved() {
    const now = await renew();
    version = now.version;
    const still = now.actions.some(({ action }) => action === step.action);
    const last = now.timeline.at(-1);
    fill(
      said,
      h(
        "div.moved",
        { role: "alert", "data-testid": "moved" },
        h("p.moved-title", null, shape("round"), h("b", null, t("step.moved"))),
        caseStatus(now),
        last ? h("p.hint-2", null, last.note ? `${last.label}：${last.note}` : last.label) : null,
        h("p", null, t(still ? "step.moved.again" : "step.moved.over")),
      ),
    );
    send.hidden = !still;
  }

  const dialog = openSheet({
    title: t(`step.${step.action}`),
    body: [
      h("p.hint-2", null, t(`step.means.${step.action}`)),
      step.action === "MARK_DUPLICATE"
        ? [h("label.block", { for: "duplicate-of" }, t("step.number")), h("div.field", null, number)]
        : null,
      h("label.block", { for: "note" }, t(step.noteRequired ? "step.note.must" : "step.note")),
      note,
      photos?.el,
      said,
    ],
    actions: [send, closeButton(t("sheet.no"))],
    kind: "step",
    signal,
    onclose: () => stop.abort(),
  });
  send.addEventListener("click", () => busy(send, t("report.sending"), take));
}
