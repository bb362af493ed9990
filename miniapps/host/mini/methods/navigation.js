/** Going from page to page, to other programs, and out. */

import { BridgeError } from "../errors.js";
import { route } from "../routes.js";
import { httpsUrl, miniUri } from "../urls.js";

const go =
  (action) =>
  async ({ program, page, params }) => {
    const leaves = action !== "navigateTo" && program.pages.top === page;
    if (leaves && !(await program.mayLeave(page))) throw new BridgeError("E_USER_CANCEL");
    program.pages.go(action, route(params.url));
    return {};
  };

const confirmed = async ({ program, signal }, question) => {
  if (!(await program.ask((until) => program.chrome.confirmSheet(question, until), signal))) {
    throw new BridgeError("E_USER_CANCEL");
  }
};

/** @type {Record<string, import("../plugs.js").Method>} */
export const navigation = {
  navigateTo: go("navigateTo"),
  redirectTo: go("redirectTo"),
  switchTab: go("switchTab"),
  reLaunch: go("reLaunch"),

  async navigateBack({ program, page, params }) {
    if (!(await program.mayLeave(page))) throw new BridgeError("E_USER_CANCEL");
    program.pages.back(params.delta ?? 1);
    return {};
  },

  async openMiniProgram(call) {
    const { program, params } = call;
    const to = params.uri ? miniUri(params.uri) : { appId: params.appId, ...(params.path && route(params.path)) };
    if (!to) throw new BridgeError("E_INVALID_PARAM", { path: "/uri" });
    await confirmed(call, { kind: "open-program", subject: to.appId });
    program.hide("program");
    program.chrome.openProgram({
      appId: to.appId,
      page: to.page ?? null,
      query: to.query ?? {},
      scene: "program",
      referrer: program.session,
      extraData: params.extraData ?? null,
    });
    return {};
  },

  navigateBackMiniProgram({ program, params }) {
    if (!program.opening.referrer) throw new BridgeError("E_UNSUPPORTED", { message: "no program opened this one" });
    program.goBack(params.extraData ?? null);
    return {};
  },

  exitMiniProgram({ program }) {
    program.chrome.leave();
    program.close("LEFT");
    return {};
  },

  async openURL(call) {
    const url = httpsUrl(call.params.url);
    if (!url) throw new BridgeError("E_INVALID_PARAM", { path: "/url" });
    await confirmed(call, { kind: "open-url", subject: url.href, host: url.host });
    call.program.chrome.openUrl(url.href);
    return {};
  },

  async makePhoneCall(call) {
    const number = call.params.phoneNumber;
    await confirmed(call, { kind: "make-call", subject: number });
    call.program.chrome.call(number.replace(/[ -]/g, ""));
    return {};
  },

  async share({ program, page, params, signal }) {
    const { page: path, query } = params.path ? route(params.path) : page.route;
    const search = new URLSearchParams(query).toString();
    const address = `${location.origin}/miniapp/${program.facts.appId}/${path}${search && `?${search}`}`;
    const shared = { title: params.title, text: params.text ?? "", address };
    if (!(await program.ask((until) => program.chrome.share(shared, until), signal))) {
      throw new BridgeError("E_USER_CANCEL");
    }
    return {};
  },

  pageReady({ page }) {
    page.paint();
    return {};
  },

  pageStack({ program, params }) {
    program.pages.told(params.stack);
    return {};
  },
};
