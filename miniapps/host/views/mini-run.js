/** A program that runs: the screen that shows it. What runs it is loaded when the first one is opened. */

import { fill, h } from "../dom.js";
import { t } from "../i18n.js";
import { fetchRuntime, TRIAL, wayTo } from "../mini-way.js";
import { replace } from "../router.js";
import { problem } from "../ui/load.js";
import { skeleton } from "../ui/skeleton.js";

/** @type {import("../router.js").View} */
export const miniRun = { title: "mini.one", for: "CITIZEN", back: "/mini", enter };

/** @param {import("../router.js").Screen} screen */
async function enter(screen) {
  const { appId } = screen.at;
  const known = appId.toLowerCase(); // however a link spells it
  if (appId !== known) return replace(location.hash.slice(1).replace(appId, known));
  const link = linkOf(screen.asked);
  const way = wayTo(appId);
  fill(screen.main, h("h1.unseen", { tabindex: "-1" }, t("mini.one")), skeleton("title", "block"));
  try {
    const { enterProgram } = await fetchRuntime();
    if (screen.signal.aborted) return;
    history.replaceState(history.state, "", `#/mini/${appId}`); // whoever comes back to it finds it as they left it
    enterProgram(screen, link, screen.asked.has(TRIAL) ? { scene: TRIAL } : way);
  } catch (error) {
    if (!screen.signal.aborted) fill(screen.main, problem(error, screen.again));
  }
}

/** `?page=…&query=…`: whoever made the link wrote it. @param {URLSearchParams} asked */
function linkOf(asked) {
  const page = asked.get("page");
  const query = Object.fromEntries(new URLSearchParams(asked.get("query") ?? ""));
  return page || Object.keys(query).length ? { page, query } : null;
}
