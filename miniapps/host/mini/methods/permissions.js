/** What a program may do, as it can ask. */

import { toProgram } from "../capabilities.js";

const setting = (gate) => ({
  authSetting: Object.fromEntries(
    gate
      .all()
      .filter(({ state }) => state === "GRANTED" || state === "DENIED")
      .map(({ name, state }) => [name, state === "GRANTED"]),
  ),
});

/** @type {Record<string, import("../plugs.js").Method>} */
export const permissions = {
  capabilities: ({ program }) => program.gate.all().map(toProgram),
  authorize: ({ program, params, signal }) => program.gate.authorize(params.scopes, signal),
  getSetting: ({ program }) => setting(program.gate),

  async openSetting({ program, signal }) {
    await program.settings(signal);
    return setting(program.gate);
  },
};
