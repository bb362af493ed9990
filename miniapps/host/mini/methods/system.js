/** What a program keeps, writes down and counts, and its newer versions. */

import { BridgeError } from "../errors.js";

/** @type {Record<string, import("../plugs.js").Method>} */
export const system = {
  storageWrite: ({ program, page, params }) => program.storage.write(params, page),

  logWrite({ program, params }) {
    for (const { level, at, text } of params.entries) program.told.wrote(level, text, at);
    return {};
  },

  /** How often, and nothing else: its `data` may hold what is somebody's, and goes nowhere. */
  reportEvent({ program, params }) {
    program.told.counted(params.eventId);
    return {};
  },

  updateApply({ program }) {
    if (!program.newer) throw new BridgeError("E_UNSUPPORTED", { message: "no newer version lies ready" });
    program.close("UPDATE");
    return {};
  },
};
