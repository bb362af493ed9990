/** A program that went away, or did not come: what happened, what can be done, the code small. */

import { fill, h } from "../dom.js";
import { has, t } from "../i18n.js";
import { announce } from "./announce.js";
import { shape } from "./icons.js";
import { empty } from "./list.js";
import { problem } from "./load.js";
import { whoIsIt } from "./mini-program.js";

/**
 * @param {import("../router.js").Screen} screen
 * @param {{ closing: import("../mini/chrome.js").Closing, program: import("../mini/chrome.js").ProgramFacts | null, again: () => void }} what
 */
export function closedPage({ main }, { closing: { code, retry }, program, again }) {
  const words = has(`mini.closed.${code}`) ? code : "BROKEN";
  const title = t(`mini.closed.${words}`);
  fill(
    main,
    h(
      "section.problem",
      { "data-testid": "mini-closed", "data-code": code },
      shape(retry ? "warn" : "stop"),
      h("h1", { tabindex: "-1" }, title),
      program ? whoIsIt(program) : null,
      h("p", null, t(`mini.closed.hint.${words}`)),
      retry
        ? h("button.second.wide", { type: "button", "data-testid": "mini-retry", onclick: again }, t("mini.again"))
        : null,
      h("a.second.wide", { href: "#/mini" }, t("mini.all")),
      h("p.code-small", null, code),
    ),
  );
  announce(title);
  main.querySelector("h1")?.focus();
}

/**
 * @param {import("../router.js").Screen} screen
 * @param {any} error  of the city, of the player, or of what is trusted
 * @param {() => void} again
 */
export function refusedPage(screen, error, again) {
  if (error.code === "NOT_FOUND")
    return void fill(
      screen.main,
      h("h1", { tabindex: "-1" }, t("mini.one")),
      empty(t("mini.gone"), t("mini.gone.hint")),
      h("a.second.wide", { href: "#/mini" }, t("mini.all")),
    );
  if (error.extensions)
    return void fill(
      screen.main,
      h("h1.unseen", { tabindex: "-1" }, t("mini.one")),
      problem(error, again),
      h("a.second", { href: "#/mini" }, t("mini.all")),
    );
  return closedPage(screen, {
    closing: { code: has(`mini.closed.${error.code}`) ? error.code : "BROKEN", retry: error.code !== "UNTRUSTED" },
    program: null,
    again,
  });
}
