/** What the host draws for a program. */

import { BridgeError } from "../errors.js";

/** A page that is not seen draws nothing over one that is. */
const seen = ({ program, page }) => {
  if (!program.shown || program.pages.top !== page) throw new BridgeError("E_UI_BUSY", { why: "context" });
};

const drawing = (draw) => (call) => {
  seen(call);
  draw(call);
  return {};
};

/** Of this page, seen or not: it is drawn when the page is. */
const keeping = (keep) => (call) => {
  keep(call);
  call.program.draw();
  return {};
};

const button = (name) =>
  keeping(({ page, params }) => {
    page.buttons[name] = { ...page.buttons[name], ...params };
  });

/** @type {Record<string, import("../plugs.js").Method>} */
export const ui = {
  showToast: drawing(({ program, params: { title, icon = "success", duration = 1500, mask = false } }) =>
    program.chrome.toast({ title, icon, durationMs: duration, mask }),
  ),
  hideToast: drawing(({ program }) => program.chrome.hideToast()),
  showLoading: drawing(({ program, params: { title, mask = false } }) => program.chrome.loading({ title, mask })),
  hideLoading: drawing(({ program }) => program.chrome.loading(null)),

  async showModal(call) {
    seen(call);
    const { program, params, signal } = call;
    const asked = {
      title: params.title ?? "",
      content: params.content ?? "",
      showCancel: params.showCancel ?? true,
      cancelText: params.cancelText ?? null,
      confirmText: params.confirmText ?? null,
      editable: params.editable ?? false,
      placeholder: params.placeholderText ?? "",
    };
    const { confirm, content } = await program.ask((until) => program.chrome.modal(asked, until), signal);
    return { confirm, cancel: !confirm, ...(asked.editable && confirm && { content: (content ?? "").slice(0, 10_000) }) };
  },

  async showActionSheet(call) {
    seen(call);
    const { program, params, signal } = call;
    const sheet = { title: params.alertText ?? "", items: params.itemList };
    const tapIndex = await program.ask((until) => program.chrome.actionSheet(sheet, until), signal);
    if (tapIndex === null) throw new BridgeError("E_USER_CANCEL");
    return { tapIndex };
  },

  setNavigationBarTitle: keeping(({ page, params }) => {
    page.bar.title = params.title;
  }),
  setNavigationBarColor: keeping(({ page, params }) => {
    page.bar.front = params.frontColor === "#000000" ? "black" : "white";
    page.bar.background = params.backgroundColor;
  }),
  stopPullDownRefresh: keeping(({ page }) => {
    page.pulling = false;
  }),
  enableAlertBeforeUnload: keeping(({ page, params }) => {
    page.alert = params.message ?? "";
  }),
  disableAlertBeforeUnload: keeping(({ page }) => {
    page.alert = null;
  }),
  setTabBarBadge: keeping(({ program, params }) => {
    program.badges.set(params.index, params.text);
  }),
  uiMainButtonSet: button("main"),
  uiBackButtonSet: button("back"),
  uiSettingsButtonSet: button("settings"),
};
