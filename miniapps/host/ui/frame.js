/** The frame of every screen: the city's name or the way back above, the screen, and the dock at the thumb. */

import { fill, h } from "../dom.js";
import { audits, decides, governsPrograms, handles, inspects, intervenes, manages, reviewsPrograms, verifies } from "../duties.js";
import { t } from "../i18n.js";
import { prefs } from "../prefs.js";
import { audience } from "../session.js";
import { openWhileActing } from "../views/acting-hub.js";
import { actingBanner } from "./acting-banner.js";
import { icon } from "./icons.js";
import { lineNotice } from "./line.js";
import { mark } from "./mark.js";
import { readAloud } from "./speak.js";
import { unreadBadge } from "./unread.js";

/**
 * @param {import("../router.js").View} view
 * @param {string} path  as in the table of screens: `/bills/:id`
 * @param {() => void} goBack
 * @returns {HTMLElement} the empty <main>
 */
export function frame(view, path, goBack) {
  const main = h("main", { id: "main", tabindex: "-1", "data-screen": path.slice(1) });
  fill(
    document.getElementById("app"),
    h("a.skip", { href: "#main", onclick: (event) => skipTo(event, main) }, t("frame.skip")),
    h("header", null, h("div.bar", null, view.back ? backButton(goBack) : brand(), aside(main)), sandboxLine(), lineNotice()),
    actingBanner(),
    main,
    view.dock ? dock(path) : null,
  );
  document.body.classList.toggle("docked", Boolean(view.dock));
  return main;
}

/** The address belongs to the router, so the skip link moves the focus by itself. */
function skipTo(event, main) {
  event.preventDefault();
  main.focus();
}

const backButton = (goBack) => h("button.back", { type: "button", onclick: goBack }, icon("back"), t("frame.back"));

const brand = () =>
  h("span.brand", null, mark(), h("span", null, t("city.app")), h("span.brand-city", null, t("city.name")));

/** Nobody takes a city where programs are tried for their own: the door marks its page. */
const sandboxLine = () =>
  "sandbox" in document.documentElement.dataset
    ? h("p.sandbox-line", { "data-testid": "sandbox" }, h("b", null, t("sandbox.mark")), " · ", t("sandbox.line"))
    : null;

/** Elder mode reads a screen aloud; the others have nothing here. */
const aside = (main) => (prefs().mode === "elder" ? readAloud(main) : null);

function dock(path) {
  const items = audience() === "STAFF" ? staffItems() : citizenItems().filter(({ to }) => to === "/home" || openWhileActing(to));
  return h(
    "nav.dock",
    { "aria-label": t("frame.nav"), "data-testid": "dock" },
    items.map((item) => dockItem(item, path)),
  );
}

const citizenItems = () => [
  { to: "/home", sign: "home", words: t("dock.home") },
  { to: "/messages", sign: "mail", words: t("inbox.title"), beside: unreadBadge() },
  { to: "/code", sign: "code", words: t("dock.code"), city: true },
  { to: "/me", sign: "me", words: t("dock.me") },
];

const staffItems = () => [
  ...(inspects() || !(handles() || decides() || verifies() || reviewsPrograms()) ? [{ to: "/desk", sign: "scan", words: t("dock.desk") }] : []),
  ...(handles() ? [{ to: "/desk/cases", sign: "cases", words: t("dock.cases") }] : []),
  ...(verifies() ? [{ to: "/desk/counter", sign: "seal", words: t("counter.title") }] : []),
  ...(decides() ? [{ to: "/desk/acts", sign: "check", words: t("desk.acts") }] : []),
  ...(reviewsPrograms() || governsPrograms() ? [{ to: "/desk/programs", sign: "programs", words: t("programs.dock") }] : []),
  ...(intervenes() ? [{ to: "/desk/accounts", sign: "search", words: t("accounts.title") }] : []),
  ...(manages() || audits() ? [{ to: "/desk/staff", sign: "family", words: t("members.title") }] : []),
  { to: "/me", sign: "me", words: t("dock.me") },
];

function dockItem({ to, sign, words, city, beside }, path) {
  const here = path === to || (to !== "/desk" && path.startsWith(`${to}/`));
  return h(
    city ? "a.dock-item.city" : "a.dock-item",
    { href: `#${to}`, "aria-current": here ? "page" : null },
    icon(sign),
    h("span", null, words),
    beside,
  );
}
