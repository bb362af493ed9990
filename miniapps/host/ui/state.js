/** What something is worth now: always a shape and a word, the colour only besides. */

import { h } from "../dom.js";
import { shape } from "./icons.js";

/** @param {"ok" | "warn" | "stop" | "info" | "plain"} tone @param {string} form @param {string} words @param {string} [id] */
export const state = (tone, form, words, id) =>
  h(`p.state.${tone}`, { "data-testid": id ?? "state" }, shape(form), h("span", null, words));
