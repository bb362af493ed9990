/** The shell of CityTong: which screens there are, and what happens when the world changes around them. */

import { onActingChange } from "./acting.js";
import { proveWith } from "./api.js";
import "./mini/owned.js"; // what programs keep here goes with its citizen, whether one was opened or not
import { applyPrefs, onPrefs } from "./prefs.js";
import { onSessionChange, wasEnded } from "./session.js";
import { forgetWanted, redraw, start } from "./router.js";
import { watchLine } from "./ui/line.js";
import { stepUpSheet } from "./ui/step-up.js";
import { watchUnread } from "./ui/unread.js";
import { access } from "./views/access.js";
import { account, accounts } from "./views/accounts.js";
import { act, acts } from "./views/acts.js";
import { authorize } from "./views/authorize.js";
import { bill } from "./views/bill.js";
import { bills } from "./views/bills.js";
import { oneCase, staffCase } from "./views/case.js";
import { cases } from "./views/cases.js";
import { children } from "./views/children.js";
import { code } from "./views/code.js";
import { consent, consents } from "./views/consents.js";
import { copy } from "./views/copy.js";
import { counter } from "./views/counter.js";
import { desk } from "./views/desk.js";
import { devices } from "./views/devices.js";
import { display } from "./views/display.js";
import { district } from "./views/district.js";
import { enrol } from "./views/enrol.js";
import { faceBack } from "./views/face-back.js";
import { family } from "./views/family.js";
import { health } from "./views/health.js";
import { home } from "./views/home.js";
import { inbox } from "./views/inbox.js";
import { interventions } from "./views/interventions.js";
import { invite } from "./views/invite.js";
import { leave } from "./views/leave.js";
import { licenceShow } from "./views/licence-show.js";
import { licence } from "./views/licence.js";
import { link } from "./views/link.js";
import { me } from "./views/me.js";
import { member, members } from "./views/members.js";
import { messageSettings } from "./views/message-settings.js";
import { message } from "./views/message.js";
import { mini } from "./views/mini.js";
import { miniAbout } from "./views/mini-about.js";
import { miniPermits } from "./views/mini-permits.js";
import { miniRun } from "./views/mini-run.js";
import { money } from "./views/money.js";
import { myData } from "./views/my-data.js";
import { organisationInvite, organisationMember } from "./views/organisation-post.js";
import { organisation } from "./views/organisation.js";
import { organisationNew, organisations } from "./views/organisations.js";
import { pair } from "./views/pair.js";
import { propose } from "./views/propose.js";
import { realName } from "./views/real-name.js";
import { realNameWay } from "./views/real-name-way.js";
import { recover } from "./views/recover.js";
import { report } from "./views/report.js";
import { scan } from "./views/scan.js";
import { scans } from "./views/scans.js";
import { securityApp } from "./views/security-app.js";
import { securityClaims } from "./views/security-claims.js";
import { securityDevices } from "./views/security-devices.js";
import { securityMerge } from "./views/security-merge.js";
import { securityPasskeys } from "./views/security-passkeys.js";
import { securityPassword } from "./views/security-password.js";
import { securityPhone } from "./views/security-phone.js";
import { securityRecovery } from "./views/security-recovery.js";
import { security } from "./views/security.js";
import { signInCode } from "./views/sign-in-code.js";
import { signInPassword } from "./views/sign-in-password.js";
import { signInScreen } from "./views/sign-in-screen.js";
import { signInSecond } from "./views/sign-in-second.js";
import { signIn } from "./views/sign-in.js";
import { signedOut } from "./views/signed-out.js";
import { sleeps } from "./views/sleeps.js";
import { staffCases } from "./views/staff-cases.js";
import { wallet } from "./views/wallet.js";
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

start({
  "/authorize/:interaction": authorize,
  "/device": pair,
  "/signed-out": signedOut,
  "/sign-in": signIn,
  "/sign-in/code": signInCode,
  "/sign-in/password": signInPassword,
  "/sign-in/recover": recover,
  "/sign-in/screen": signInScreen,
  "/sign-in/second": signInSecond,
  "/sign-in/sleeps": sleeps,
  "/enrol": enrol,
  "/link/:code": link,
  "/home": home,
  "/code": code,
  "/messages": inbox,
  "/messages/:id": message,
  "/wallet": wallet,
  "/wallet/money": money,
  "/licences/:id": licence,
  "/licences/:id/show": licenceShow,
  "/bills": bills,
  "/bills/:id": bill,
  "/scans": scans,
  "/scan": scan,
  "/report": report,
  "/cases": cases,
  "/cases/:id": oneCase,
  "/health": health,
  "/mini": mini,
  "/mini/:appId": miniRun,
  "/mini/:appId/about": miniAbout,
  "/me": me,
  "/me/family": family,
  "/me/family/children": children,
  "/me/family/invite": invite,
  "/me/organisations": organisations,
  "/me/organisations/new": organisationNew,
  "/me/organisations/:id": organisation,
  "/me/organisations/:id/invite": organisationInvite,
  "/me/organisations/:id/:member": organisationMember,
  "/me/real-name": realName,
  "/me/real-name/:way": realNameWay,
  "/real-name/face": faceBack,
  "/me/data": myData,
  "/me/data/consents": consents,
  "/me/data/consents/:id": consent,
  "/me/data/access": access,
  "/me/data/copy": copy,
  "/me/data/interventions": interventions,
  "/me/data/leave": leave,
  "/me/devices": devices,
  "/security": security,
  "/security/app": securityApp,
  "/security/claims": securityClaims,
  "/security/devices": securityDevices,
  "/security/merge": securityMerge,
  "/security/passkeys": securityPasskeys,
  "/security/password": securityPassword,
  "/security/phone": securityPhone,
  "/security/recovery": securityRecovery,
  "/me/district": district,
  "/me/display": display,
  "/me/messages": messageSettings,
  "/me/programs": miniPermits,
  "/desk": desk,
  "/desk/accounts": accounts,
  "/desk/accounts/:id": account,
  "/desk/acts": acts,
  "/desk/acts/:id": act,
  "/desk/cases": staffCases,
  "/desk/cases/:id": staffCase,
  "/desk/counter": counter,
  "/desk/propose/:kind": propose,
  "/desk/staff": members,
  "/desk/staff/:id": member,
});
