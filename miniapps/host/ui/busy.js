/** A button that is at work says so, to the eye and the ear, and does nothing twice. */

import { fill } from "../dom.js";
import { announce } from "./announce.js";

/** @param {HTMLElement} button @param {string} words  what is going on @param {() => Promise<unknown>} work */
export async function busy(button, words, work) {
  if (button.getAttribute("aria-disabled") === "true") return;
  const usual = [...button.childNodes];
  button.setAttribute("aria-disabled", "true");
  fill(button, words);
  announce(words);
  try {
    await work();
  } finally {
    fill(button, usual);
    button.removeAttribute("aria-disabled");
  }
}
