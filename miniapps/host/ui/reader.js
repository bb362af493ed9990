/** Reading a code: the camera when there is one, and a field to paste into, always. */

import { CameraError, readCode } from "../camera.js";
import { fill, h } from "../dom.js";
import { t } from "../i18n.js";
import { icon } from "./icons.js";

/**
 * @param {{ signal: AbortSignal, ready: () => boolean, onread: (text: string, again: () => void) => void }} use
 *   `again` starts over the way the code was read
 * @returns {HTMLElement}
 */
export function reader({ signal, ready, onread }) {
  const finder = h("div.finder-place");
  const trouble = h("div", { role: "status" });
  const open = h(
    "button.primary.wide",
    { type: "button", "data-testid": "open-camera" },
    icon("scan"),
    t("reader.open"),
  );

  async function look() {
    if (!ready()) return;
    fill(trouble);
    const stop = new AbortController();
    const video = h("video.finder-video", { playsinline: true, muted: true, "aria-label": t("reader.video") });
    fill(
      finder,
      h("div.finder", { "data-testid": "finder" }, video, h("div.finder-frame", { "aria-hidden": "true" })),
      h("button.second.wide", { type: "button", onclick: () => stop.abort() }, t("reader.stop")),
    );
    open.hidden = true;
    try {
      const text = await readCode(/** @type {HTMLVideoElement} */ (video), AbortSignal.any([stop.signal, signal]));
      if (text) onread(text, look);
    } catch (error) {
      if (!(error instanceof CameraError)) throw error;
      fill(
        trouble,
        h("p.trouble", { "data-testid": "camera-trouble", "data-fault": error.fault }, t(`reader.${error.fault}`)),
      );
    } finally {
      fill(finder);
      open.hidden = false;
    }
  }

  open.addEventListener("click", look);
  return h("section.reader", { "aria-label": t("reader.label") }, open, finder, trouble, pasteField(ready, onread));
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
  const again = () => input.focus();
  const submit = (event) => {
    event.preventDefault();
    if (!input.value.trim()) return input.focus();
    if (!ready()) return;
    onread(input.value.trim(), again);
    input.value = "";
  };
  return h(
    "form.paste",
    { onsubmit: submit },
    h("label", { for: "paste" }, t("reader.paste")),
    input,
    h("button.second", { type: "submit", "data-testid": "verify" }, t("reader.verify")),
  );
}
