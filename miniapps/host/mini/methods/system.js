/** What a program keeps and writes down, and its newer versions. */

import { BridgeError } from "../errors.js";

/** @type {Record<string, import("../plugs.js").Method>} */
export const system = {
  storageWrite: ({ program, page, params }) => program.storage.write(params, page),

  logWrite({ program, params }) {
    for (const { level, at, text } of params.entries) program.note(level, text, at);
    return {};
  },

  updateApply({ program }) {
    if (!program.newer) throw new BridgeError("E_UNSUPPORTED", { message: "no newer version lies ready" });
    program.close("UPDATE");
    return {};
  },
};
