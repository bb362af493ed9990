/** Under what a citizen's own things are kept on this device, and that they go when the citizen does. */

import { onSessionChange, sessionId } from "../session.js";
import { forgetBut, readAll } from "./kept.js";

/** Two sessions never see each other's. @param {string} appId */
export const ownKey = (appId) => `${sessionId()} ${appId}`;

/** What this citizen's programs were told when they were opened last. @returns {Promise<any[]>} */
export const lastRuns = () => readAll("runs", `${sessionId()} `);

onSessionChange(() => void forgetBut(`${sessionId()} `));
