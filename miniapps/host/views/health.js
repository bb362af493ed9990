/** Health status: what it is, what it rests on, until when, by which rules, and who has looked. Off when no order is in force. */

import { acting } from "../acting.js";
import { ask, missing, whole } from "../api.js";
import { fill, h } from "../dom.js";
import { DECLARE_HEALTH, HEALTH } from "../documents-street.js";
import { clock, dayName, dayAndClock } from "../format.js";
import { t } from "../i18n.js";
import { randomId } from "../session.js";
import { announce } from "../ui/announce.js";
import { busy } from "../ui/busy.js";
import { healthCard } from "../ui/health-card.js";
import { icon } from "../ui/icons.js";
import { empty } from "../ui/list.js";
import { forgetAnswers, load, missingPart, problem } from "../ui/load.js";
import { pages } from "../ui/pages.js";
import { closeButton, openSheet } from "../ui/sheet.js";
import { skeleton } from "../ui/skeleton.js";
import { complain, trouble } from "../ui/trouble.js";

const SYMPTOMS = ["FEVER", "COUGH", "FATIGUE", "BREATHLESSNESS", "LOSS_OF_SMELL", "DIARRHOEA"];

/** @type {import("../router.js").View} */
export const health = { title: "health.title", for: "CITIZEN", back: "/home", enter };

/** @param {import("../router.js").Screen} screen */
function enter(screen) {
  const region = h("div");
  fill(screen.main, h("h1", { tabindex: "-1" }, title()), region);
  return load(region, {
    key: "health",
    signal: screen.signal,
    ask: () => ask(HEALTH, { after: null }, screen),
    skeleton: () => skeleton("block", "line", "row"),
    show: ({ data, errors }) => [
      now(screen, data, missing(errors, "me", "healthStatus")),
      looks(screen, data.me.healthLooks, missing(errors, "me", "healthLooks")),
    ],
  });
}

const title = () => (acting() ? t("health.of", { name: acting().name }) : t("health.title"));

function now(screen, { me, healthOrder }, failed) {
  if (!healthOrder || failed?.extensions?.code === "HEALTH_NOT_IN_FORCE") return off();
  if (failed) return failedStatus(screen, failed);
  const status = me.healthStatus;
  return [
    healthCard(
      status,
      h("p.health-name", { "data-testid": "health-of" }, me.maskedName),
      h("p.health-reason", null, status.reason),
      h("p.health-advice", null, status.advice),
    ),
    basis(status.basis),
    h(
      "dl.facts",
      null,
      fact("health.until", dayAndClock(status.validUntil)),
      fact("health.computed", dayAndClock(status.computedAt)),
      fact("health.rules", t("health.rules.version", { n: status.rulesVersion })),
      fact("health.order", healthOrder.reason),
      fact("health.order.until", dayAndClock(healthOrder.until)),
      fact("health.order.by", healthOrder.department?.name),
    ),
    acting() ? null : declareButton(screen),
  ];
}

const fact = (key, value) => (value ? h("div", null, h("dt", null, t(key)), h("dd.figures", null, value)) : null);

/** Calmly: nothing is wrong, there is nothing to show. */
const off = () => h("div", { "data-testid": "health-off" }, empty(t("health.off"), t("health.off.hint")));

const failedStatus = (screen, failed) =>
  problem(Object.assign(new Error(failed.message), { code: failed.extensions?.code, extensions: failed.extensions }), screen.again);

const basis = (facts) =>
  facts.length
    ? h(
        "section",
        null,
        h("h2.section", null, t("health.basis")),
        h(
          "ul.rows",
          { "data-testid": "basis" },
          facts.map((one) => h("li.scan", null, h("time.figures", { datetime: one.at }, dayAndClock(one.at)), h("p", null, one.label))),
        ),
      )
    : h("p.hint", null, t("health.basis.none"));

function looks(screen, connection, failed) {
  if (failed) return missingPart(t("health.looks.missing"), screen.again, failed);
  if (!connection) return null;
  const head = h("h2.section", null, t("health.looks"));
  if (!connection.nodes.length) return [head, h("p.hint", null, t("health.looks.none"))];
  const rows = h("ul.rows", { "data-testid": "looks" });
  const foot = pages(connection, {
    place: (look) => rows.append(lookRow(look)),
    ask: async (after) => (await whole(ask(HEALTH, { after }, screen))).me.healthLooks,
    signal: screen.signal,
  });
  return [head, rows, foot];
}

const lookRow = (look) =>
  h(
    "li.scan",
    { "data-testid": "look" },
    h("time.figures", { datetime: look.at }, clock(look.at)),
    h(
      "div",
      null,
      h("p.scan-who", null, look.officer?.organisation ?? look.delegate?.maskedName ?? t("health.somebody")),
      h(
        "p.scan-why",
        null,
        [dayName(look.at), look.purposeLabel, ...(look.officer ? [t("staff.badge", { badge: look.officer.badge })] : [])].join(" · "),
      ),
    ),
  );

const declareButton = (screen) =>
  h(
    "button.second.wide.declare",
    { type: "button", "data-testid": "declare", onclick: () => declare(screen) },
    t("health.declare"),
  );

function declare(screen) {
  const clientFactId = randomId("fact"); // once: sent again, it is the same word
  const chosen = new Set();
  let none = false;
  const said = h("div");
  const noneBox = h("input", { type: "checkbox", onchange: () => pickNone() });
  const boxes = SYMPTOMS.map((symptom) =>
    h("input", { type: "checkbox", value: symptom, onchange: ({ target }) => pick(symptom, target.checked) }),
  );
  const pick = (symptom, on) => {
    chosen[on ? "add" : "delete"](symptom);
    none = /** @type {any} */ (noneBox).checked = false;
  };
  const pickNone = () => {
    none = /** @type {any} */ (noneBox).checked;
    if (!none) return;
    chosen.clear();
    for (const box of boxes) /** @type {any} */ (box).checked = false;
  };
  const row = (box, words) => h("label.choice", null, box, h("span", null, words), icon("check"));
  const send = h("button.primary", { type: "button", "data-testid": "send-declaration" }, t("health.declare.send"));
  const go = async () => {
    if (!none && !chosen.size) return fill(said, trouble({ role: "alert" }, t("health.declare.lacks")));
    try {
      await whole(ask(DECLARE_HEALTH, { input: { clientFactId, symptoms: [...chosen] } }));
      announce(t("health.declared"));
      forgetAnswers();
      dialog.close();
      screen.again();
    } catch (error) {
      if (!screen.signal.aborted) complain(said, error);
    }
  };
  send.addEventListener("click", () => busy(send, t("report.sending"), go));
  const dialog = openSheet({
    title: t("health.declare"),
    body: [
      h("p.hint-2", null, t("health.declare.lead")),
      h(
        "fieldset.choices",
        null,
        h("legend", null, t("health.symptoms")),
        SYMPTOMS.map((symptom, i) => row(boxes[i], t(`symptom.${symptom}`))),
        row(noneBox, t("symptom.none")),
      ),
      said,
    ],
    actions: [send, closeButton(t("sheet.no"))],
    kind: "step",
    signal: screen.signal,
  });
}
