/** Reads a screen aloud with the voice that the device has. Nothing leaves the device. */

import { fill, h } from "../dom.js";
import { t } from "../i18n.js";
import { prefs } from "../prefs.js";
import { icon } from "./icons.js";

const voice = globalThis.speechSynthesis;

/** Some devices have the interface and no voice; voices may come late. */
const voices = () => voice?.getVoices().length ?? 0;

/** @param {HTMLElement} main @returns {HTMLElement | null} */
export function readAloud(main) {
  if (!voice) return null;
  const button = h("button.aloud", {
    type: "button",
    hidden: !voices(),
    "data-testid": "read-aloud",
    onclick: () => (voice.speaking ? hush() : speak()),
  });
  const draw = (speaking) => fill(button, icon(speaking ? "stop" : "sound"), t(speaking ? "elder.stop" : "elder.read"));
  const speak = () => {
    const words = new SpeechSynthesisUtterance(main.innerText);
    words.lang = prefs().locale;
    words.rate = 0.9;
    words.onend = words.onerror = () => draw(false);
    voice.speak(words);
    draw(true);
  };
  draw(false);
  voice.addEventListener?.("voiceschanged", () => (button.hidden = !voices()));
  return button;
}

export const hush = () => voice?.cancel();
