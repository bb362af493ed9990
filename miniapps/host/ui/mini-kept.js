/** Without a line: the programs that this citizen used on this device, which start from what it keeps of them. */

import { fill, h } from "../dom.js";
import { t } from "../i18n.js";
import { lastRuns } from "../mini/owned.js";
import { programTiles } from "./mini-program.js";

/** @returns {HTMLElement} empty where there is none */
export function keptPrograms() {
  const region = h("section", { "data-testid": "kept-programs" });
  void lastRuns().then((runs) => {
    const programs = runs.map(({ program }) => program);
    if (programs.length) fill(region, h("h2.section", null, t("mini.title")), programTiles(programs, "recent"));
  });
  return region;
}
