/** Copies, and says so. Where the browser does not let us, it says that. */

import { fill, h } from "../dom.js";
import { t } from "../i18n.js";
import { announce } from "./announce.js";

/** @param {string} text @param {string} words */
export function copyButton(text, words) {
  const button = h("button.second", { type: "button", "data-testid": "copy" }, words);
  button.addEventListener("click", async () => {
    const said = await copied(text).then(
      () => t("clip.done"),
      () => t("clip.not"),
    );
    fill(button, said);
    announce(said);
  });
  return button;
}

/** Without a secure context there is no clipboard to write to. @param {string} text */
const copied = async (text) => navigator.clipboard.writeText(text);
