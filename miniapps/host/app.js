/** The shell of CityTong: which screens there are, and what happens when the world changes around them. */

import { applyPrefs, onPrefs } from "./prefs.js";
import { onSessionChange, wasEnded } from "./session.js";
import { forgetWanted, redraw, start } from "./router.js";
import { watchLine } from "./ui/line.js";
import { code } from "./views/code.js";
import { desk } from "./views/desk.js";
import { devices } from "./views/devices.js";
import { display } from "./views/display.js";
import { district } from "./views/district.js";
import { home } from "./views/home.js";
import { me } from "./views/me.js";
import { scans } from "./views/scans.js";
import { signIn } from "./views/sign-in.js";
import { signInCode } from "./views/sign-in-code.js";
import { forgetAnswers } from "./ui/load.js";

applyPrefs();
onPrefs(redraw);
onSessionChange(() => {
  forgetAnswers();
  redraw();
  if (!wasEnded()) forgetWanted();
});
watchLine();

start({
  "/sign-in": signIn,
  "/sign-in/code": signInCode,
  "/home": home,
  "/code": code,
  "/scans": scans,
  "/me": me,
  "/me/devices": devices,
  "/me/district": district,
  "/me/display": display,
  "/desk": desk,
});
