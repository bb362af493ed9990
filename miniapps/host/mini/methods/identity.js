/** Who the citizen is to a program, and the city's data that it may read. */

import { askAsMyself, whole } from "../../api.js";
import { prefs } from "../../prefs.js";
import { BridgeError } from "../errors.js";

const NAME = `query MiniProfileName { me { id maskedName } }`;

/** @type {Record<string, import("../plugs.js").Method>} */
export const identity = {
  login: ({ program, signal }) => program.city.login(signal),
  checkSession: () => ({}), // its permission was seen to

  async getLaunchToken({ program, signal }) {
    const { token, expiresAt } = await program.city.launchToken(signal);
    return { token, expiresAt: Date.parse(expiresAt) };
  },

  async getPhoneNumber({ program, params, signal }) {
    if (params.sealed) throw new BridgeError("E_UNSUPPORTED", { path: "/sealed" });
    return program.city.phoneCode(signal);
  },

  async getUserProfile() {
    const { me } = await whole(askAsMyself(NAME));
    return { nickName: me.maskedName, language: prefs().locale };
  },

  async graphql({ program, params, signal }) {
    const { answer, refusal } = await program.city.graphql(params.documentId, params.variables ?? {}, signal);
    if (refusal) throw refusal;
    return answer;
  },
};
