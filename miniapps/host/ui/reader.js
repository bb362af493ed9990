/** Reading a code: the camera when there is one, and a field to paste into, always. */

import { readCode } from "../camera.js";
import { fill, h } from "../dom.js";
import { t } from "../i18n.js";
import { firstOf } from "../signals.js";
import { icon } from "./icons.js";
import { trouble } from "./trouble.js";

/**
 * @typedef {{ again: () => void, settled: () => void }} Then
 *   `again` starts over the way the code was read; `settled`: the text is of no more use
 */

/**
 * @param {{ signal: AbortSignal, ready: () => boolean, onread: (text: string, then: Then) => void }} use
 * @returns {HTMLElement}
 */
export function reader({ signal, ready, onread }) {
  const finder = h("div.finder-place");
  const place = h("div", { role: "status" });
  const open = h(
    "button.primary.wide",
    { type: "button", "data-testid": "open-camera" },
    icon("scan"),
    t("reader.open"),
  );

  /** @param {string} [except] */
  async function look(except) {
    if (!ready()) return;
    fill(place);
    const stop = new AbortController();
    const close = h("button.second.wide", { type: "button", onclick: () => stop.abort() }, t("reader.stop"));
    const video = h("video.finder-video", { playsinline: true, muted: true, "aria-label": t("reader.video") });
    fill(
      finder,
      h("div.finder", { "data-testid": "finder" }, video, h("div.finder-frame", { "aria-hidden": "true" })),
      close,
    );
    open.hidden = true;
    close.focus();
    let text = null;
    try {
      text = await readCode(/** @type {HTMLVideoElement} */ (video), firstOf(stop.signal, signal), { except });
    } catch ({ fault }) {
      fill(place, trouble({ "data-testid": "camera-trouble", "data-fault": fault }, t(`reader.${fault}`)));
    }
    fill(finder);
    open.hidden = false;
    open.focus(); // the sheet gives it back here
    if (text) onread(text, { again: () => look(text), settled: () => {} });
  }

  open.addEventListener("click", () => look());
  return h("section.reader", { "aria-label": t("reader.label") }, open, finder, place, pasteField(ready, onread));
}

function pasteField(ready, onread) {
  const input = h("textarea", {
    id: "paste",
    rows: 2,
    autocomplete: "off",
    autocapitalize: "off",
    spellcheck: "false",
    maxlength: 4096,
  });
  const submit = (event) => {
    event.preventDefault();
    if (!input.value.trim()) return input.focus();
    if (!ready()) return;
    onread(input.value.trim(), { again: () => input.focus(), settled: () => (input.value = "") });
  };
  return h(
    "form.paste",
    { onsubmit: submit },
    h("label", { for: "paste" }, t("reader.paste")),
    input,
    h("button.second", { type: "submit", "data-testid": "verify" }, t("reader.verify")),
  );
}
