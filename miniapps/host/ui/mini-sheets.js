/**
 * What a program has the host ask a person. Who asks is always the city's own record; what the program says is quoted.
 * A sheet that is put away without an answer gives nothing.
 */

import { ask as askCity } from "../api.js";
import { MINI_NAME } from "../documents-mini.js";
import { fill, h } from "../dom.js";
import { t } from "../i18n.js";
import { icon, shape } from "./icons.js";
import { armedButton } from "./mini-armed.js";
import { isSensitive, permissionList, permissionName, permissionWords } from "./mini-permissions.js";
import { itsWords, whoIsIt } from "./mini-program.js";
import { problem } from "./load.js";
import { reader } from "./reader.js";
import { closeButton, openSheet } from "./sheet.js";
import { skeleton } from "./skeleton.js";

/**
 * @template T
 * @param {AbortSignal} signal
 * @param {T} without  what it is worth when it was put away
 * @param {(answer: (said: T) => void, until: AbortSignal) => { title: string, body: import("../dom.js").Child, actions: import("../dom.js").Child, kind?: string }} draw
 * @returns {Promise<T>}
 */
export function asked(signal, without, draw) {
  return new Promise((resolve) => {
    const gone = new AbortController();
    let said = without;
    const answer = (now) => {
      said = now;
      dialog.close();
    };
    const dialog = openSheet({
      ...{ kind: "ask", ...draw(answer, gone.signal) },
      signal,
      onclose: () => {
        gone.abort();
        resolve(said);
      },
    });
    dialog.classList.add("mini-sheet");
    if (signal.aborted) dialog.close();
  });
}

/**
 * @param {import("../mini/chrome.js").ProgramFacts} program
 * @param {import("../mini/chrome.js").Capability[]} wanted
 * @param {AbortSignal} signal
 * @returns {Promise<import("../mini/chrome.js").PermissionAnswer | null>}
 */
export function permissionSheet(program, wanted, signal) {
  return asked(signal, /** @type {any} */ (null), (answer, until) => {
    const several = wanted.length > 1;
    const rows = wanted.map((one) => ({
      one,
      el: several ? tick(one) : h("div.permit.alone", null, permissionWords(one)),
    }));
    const given = () =>
      rows.filter(({ el }) => !several || el.querySelector("input")?.checked).map(({ one }) => one.name);
    const list = h(
      several ? "fieldset.ticks" : "div",
      { "data-testid": "wanted" },
      several ? h("legend", null, t("mini.ask.which")) : null,
      rows.map(({ el }) => el),
    );
    const say = (granted) => {
      const denied = wanted.map(({ name }) => name).filter((name) => !granted.includes(name));
      answer({ granted, denied, text: wordsOf(list.closest("dialog")) });
    };
    const yes = armedButton(t(several ? "mini.ask.yes.these" : "mini.ask.yes"), () => say(given()), until);
    const no = h(
      "button.second.as-easy",
      { type: "button", "data-testid": "deny", onclick: () => say([]) },
      t(several ? "mini.ask.no.all" : "mini.ask.no"),
    );
    return {
      title: several
        ? t("mini.ask.several", { name: program.name })
        : t("mini.ask.one", { name: program.name, what: permissionName(wanted[0].name) }),
      body: [
        whoIsIt(program),
        list,
        h("p.side-note", { "data-testid": "on-no" }, shape("info"), h("span", null, t("mini.ask.on.no"))),
      ],
      actions: h("div.yes-no", null, yes, no),
    };
  });
}

/** What is sensitive is not ticked beforehand. */
function tick(one) {
  const sensitive = isSensitive(one.name);
  return h(
    "label.choice.tick",
    null,
    h("input", { type: "checkbox", name: "permission", value: one.name, checked: !sensitive }),
    h("span", null, permissionWords(one), sensitive ? h("span.tick-value", null, t("mini.ask.sensitive")) : null),
    icon("check"),
  );
}

/** As it was read: kept with the consent. */
export const wordsOf = (dialog) =>
  (dialog?.innerText ?? "")
    .replace(/\n{2,}/g, "\n")
    .trim()
    .slice(0, 4_000);

/**
 * @param {import("../mini/chrome.js").ProgramFacts} program
 * @param {import("../mini/chrome.js").Confirm} question
 * @param {AbortSignal} signal
 * @returns {Promise<boolean>}
 */
export function confirmSheet(program, question, signal) {
  return asked(signal, false, (answer, until) => {
    const yes = (words) => armedButton(words, () => answer(true), until);
    const { title, body, words } = QUESTIONS[question.kind](question, until);
    const actions = h("div.yes-no", null, yes(words), closeButton(t(`mini.no.${question.kind}`), "second.as-easy"));
    if (question.kind === "open-program") nextProgram(question.subject, { body, actions, until });
    return { title, body: [whoIsIt(program), body], actions };
  });
}

/** @type {Record<import("../mini/chrome.js").ConfirmKind, (question: import("../mini/chrome.js").Confirm, until: AbortSignal) => { title: string, body: HTMLElement, words: string }>} */
const QUESTIONS = {
  "open-url": ({ host, subject }) => ({
    title: t("mini.url.title"),
    body: h(
      "div",
      null,
      h("p.mini-subject", null, host),
      h("p.mini-address", null, subject),
      h("p.hint-2", null, t("mini.url.text")),
    ),
    words: t("mini.url.yes"),
  }),
  "make-call": ({ subject }) => ({
    title: t("mini.call.title"),
    body: h("div", null, h("p.mini-subject.figures", null, subject), h("p.hint-2", null, t("mini.call.text"))),
    words: t("mini.call.yes"),
  }),
  "open-program": () => ({
    title: t("mini.next.title"),
    body: h("div", { "data-testid": "next-program" }, skeleton("row")),
    words: t("mini.next.yes"),
  }),
  "leave-page": ({ subject }) => ({
    title: t("mini.leave.title"),
    body: h(
      "div",
      null,
      subject ? h("p.mini-says", null, itsWords(subject)) : null,
      h("p.hint-2", null, t("mini.leave.text")),
    ),
    words: t("mini.leave.yes"),
  }),
  "save-image": ({ image }, until) => ({
    title: t("mini.save.title"),
    body: h("div", null, image ? preview(image, until) : null),
    words: t("mini.save.yes"),
  }),
};

function preview(image, until) {
  const src = URL.createObjectURL(image);
  until.addEventListener("abort", () => URL.revokeObjectURL(src));
  return h("img.mini-picture", { src, alt: t("mini.save.alt") });
}

/** Nobody says yes to a program whose name is not there yet. */
async function nextProgram(appId, { body, actions, until }) {
  const yes = actions.firstElementChild;
  yes.hidden = true;
  try {
    const { data } = await askCity(MINI_NAME, { appId }, { signal: until });
    if (until.aborted) return;
    yes.hidden = !data.miniProgram;
    fill(
      body,
      data.miniProgram
        ? [h("p.hint-2", null, t("mini.next.text")), whoIsIt(data.miniProgram)]
        : h("p", null, t("mini.gone.hint")),
    );
  } catch (error) {
    if (!until.aborted) fill(body, problem(error));
  }
}

/** What this program may do. @returns {Promise<void>} */
export function settingsSheet(program, { capabilities, set }, signal) {
  return asked(signal, undefined, (_, until) => ({
    title: t("mini.may"),
    body: [whoIsIt(program), permissionList({ capabilities, set, signal: until })],
    actions: closeButton(t("sheet.close")),
  }));
}

/** The program's own question: its words, under its name. @returns {Promise<{ confirm: boolean, content: string | null }>} */
export function modalSheet(program, modal, signal) {
  return asked(signal, { confirm: false, content: null }, (answer) => {
    const input = /** @type {HTMLInputElement} */ (
      h("input", { id: "mini-modal", placeholder: modal.placeholder, autocomplete: "off", maxlength: 10_000 })
    );
    const say = (event) => {
      event.preventDefault();
      answer({ confirm: true, content: modal.editable ? input.value : null });
    };
    if (modal.editable) input.value = modal.content;
    return {
      kind: "plain",
      title: modal.title || program.name,
      body: [
        saysWho(program),
        modal.editable
          ? h(
              "form",
              { onsubmit: say },
              h("label.unseen", { for: "mini-modal" }, modal.title || program.name),
              h("div.field", null, input),
            )
          : h("p.mini-content", null, modal.content),
      ],
      actions: h(
        "div.yes-no",
        null,
        h(
          "button.mini-main",
          { type: "button", "data-testid": "modal-yes", onclick: say },
          modal.confirmText || t("mini.modal.yes"),
        ),
        modal.showCancel ? closeButton(modal.cancelText || t("sheet.no"), "second.as-easy") : null,
      ),
    };
  });
}

/** @returns {Promise<number | null>} */
export const actionSheet = (program, { title, items }, signal) =>
  asked(signal, /** @type {number | null} */ (null), (answer) => ({
    kind: "plain",
    title: title || program.name,
    body: [
      saysWho(program),
      h(
        "ul.rows.mini-actions",
        null,
        items.map((words, index) =>
          h("li", null, h("button.row", { type: "button", onclick: () => answer(index) }, words)),
        ),
      ),
    ],
    actions: closeButton(t("sheet.no")),
  }));

/** That these are not the city's words. */
const saysWho = (program) => h("p.mini-says-who", null, t("mini.says", { name: program.name }));

/** @returns {Promise<string | null>} */
export const scanSheet = (program, signal) =>
  asked(signal, /** @type {string | null} */ (null), (answer, until) => ({
    title: t("mini.scan.title"),
    body: [
      whoIsIt(program),
      h("p.hint-2", null, t("mini.scan.text")),
      reader({ signal: until, ready: () => true, onread: (text) => answer(text) }),
    ],
    actions: closeButton(t("sheet.no")),
  }));

/** @returns {Promise<File[] | null>} */
export const photoSheet = (program, { count, source }, signal) =>
  asked(signal, /** @type {File[] | null} */ (null), (answer) => {
    const input = /** @type {HTMLInputElement} */ (
      h("input.photo-input", {
        id: "mini-photos",
        type: "file",
        accept: "image/*",
        multiple: count > 1,
        capture: source === "camera" ? "environment" : null,
        onchange: () => answer([...(input.files ?? [])].slice(0, count)),
      })
    );
    return {
      title: t(source === "camera" ? "mini.photos.take" : "mini.photos.choose", { n: count }),
      body: [whoIsIt(program), h("p.hint-2", null, t("mini.photos.text"))],
      actions: [
        h("label.second.photo-add", { for: "mini-photos" }, input, icon("camera"), h("span", null, t("photos.add"))),
        closeButton(t("sheet.no")),
      ],
    };
  });

/** @returns {Promise<boolean>} */
export const shareSheet = (program, { title, text, address }, signal) =>
  asked(signal, false, (answer) => {
    const said = h("p.hint-2", { role: "status" });
    const hand = () =>
      navigator.share({ title, text, url: address }).then(
        () => answer(true),
        () => null,
      );
    const copy = () =>
      navigator.clipboard.writeText(address).then(
        () => answer(true),
        () => fill(said, t("clip.not")),
      );
    return {
      kind: "plain",
      title: t("mini.share.title"),
      body: [
        whoIsIt(program),
        h("p.mini-says", null, itsWords(text ? `${title} · ${text}` : title)),
        h("p.mini-address", null, address),
        said,
      ],
      actions: [
        "share" in navigator ? h("button.primary", { type: "button", onclick: hand }, t("mini.share.do")) : null,
        h("button.second", { type: "button", "data-testid": "copy-address", onclick: copy }, t("mini.share.copy")),
        closeButton(t("sheet.no")),
      ],
    };
  });

/**
 * The capsule's menu.
 * @param {import("../mini/chrome.js").ProgramFacts | null} program
 * @param {{ words: string, act: () => void, id: string }[]} entries
 * @param {AbortSignal} signal
 */
export const menuSheet = async (program, entries, signal) => {
  const chosen = await asked(signal, /** @type {(() => void) | null} */ (null), (answer) => ({
    kind: "plain",
    title: t("mini.menu"),
    body: [
      program ? whoIsIt(program) : null,
      h(
        "ul.rows.mini-actions",
        null,
        entries.map(({ words, act, id }) =>
          h("li", null, h("button.row", { type: "button", "data-testid": id, onclick: () => answer(act) }, words)),
        ),
      ),
    ],
    actions: closeButton(t("sheet.close")),
  }));
  chosen?.();
};
