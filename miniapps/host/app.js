/** The shell of CityTong: what happens when the world changes around its screens. */

import { onActingChange } from "./acting.js";
import { proveWith } from "./api.js";
import "./brought.js"; // what a provider's page brought leaves the address before anybody reads it
import "./mini/owned.js"; // what programs keep here goes with its citizen, whether one was opened or not
import { applyPrefs, onPrefs } from "./prefs.js";
import { onSessionChange, wasEnded } from "./session.js";
import { forgetWanted, redraw, start } from "./router.js";
import "./report-draft.js"; // it goes with its citizen, whether the screen was opened or not
import { SCREENS } from "./screens.js";
import { watchLine } from "./ui/line.js";
import { stepUpSheet } from "./ui/step-up.js";
import { watchUnread } from "./ui/unread.js";
import { forgetAnswers } from "./ui/load.js";
import { keepShell } from "./worker.js";

applyPrefs();
proveWith(stepUpSheet);
watchUnread(); // before the screens: it forgets first
onPrefs(redraw);
onSessionChange(() => {
  forgetAnswers();
  redraw();
  if (!wasEnded()) forgetWanted();
});
onActingChange(() => {
  forgetAnswers();
  redraw();
});
watchLine();
keepShell();

start(SCREENS);
