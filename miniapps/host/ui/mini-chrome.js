/** What the runtime of a program says and asks, drawn: `mini/chrome.js` on a stage and its sheets. */

import { h } from "../dom.js";
import { t } from "../i18n.js";
import { saveFile } from "../save-file.js";
import { firstOf } from "../signals.js";
import { announce } from "./announce.js";
import * as sheets from "./mini-sheets.js";
import { subscribeSheet } from "./mini-subscribe.js";

/**
 * @param {import("./mini-stage.js").Stage} stage
 * @param {object} around
 * @param {(closing: import("../mini/chrome.js").Closing) => void} around.closed
 * @param {(levels: number) => void} around.levels   lie behind what the program shows
 * @param {(version: string) => void} around.updateReady
 * @param {import("../mini/chrome.js").Chrome["openProgram"]} around.openProgram
 * @param {() => void} around.leave
 * @param {(settings: import("../mini/chrome.js").HostButton) => void} around.settingsButton
 * @param {(can: boolean) => void} around.pullDown
 * @returns {import("../mini/chrome.js").Chrome}
 */
export function chromeOf(stage, around) {
  /** A sheet lives as long as the program is before the reader. */
  const until = (signal) => firstOf(signal, stage.seen.signal);
  const program = () => /** @type {import("../mini/chrome.js").ProgramFacts} */ (stage.program);
  /** What the host asks: nothing of the program is seen meanwhile. */
  const trusted = async (asking) => {
    stage.hold(true);
    try {
      return await asking;
    } finally {
      stage.hold(false);
    }
  };
  const buttons = {
    main: (button) => stage.drawMain(button),
    back: () => {}, // the bar has it already
    settings: around.settingsButton,
  };
  return {
    navigationBar: (bar) => {
      stage.drawBar(bar);
      around.levels(bar.levels);
    },
    tabBar: (bar) => stage.drawTabs(bar),
    button: (name, button) => buttons[name](button),
    pullDown: (state) => {
      stage.pull(state === "RUNNING");
      around.pullDown(state === "READY");
    },
    progress: (state) => stage.progress(state),
    updateReady: around.updateReady,
    closed: around.closed,

    toast: (toast) => stage.toast(toast),
    hideToast: () => stage.hideToast(),
    loading: (loading) =>
      loading ? stage.toast({ ...loading, icon: "loading", durationMs: null }) : stage.hideToast(),
    notice: (notice) => stage.notice(t(`mini.notice.${notice}`, { name: program().name })),
    vibrate: (ms) => void navigator.vibrate?.(ms),

    modal: (modal, signal) => sheets.modalSheet(program(), modal, until(signal)),
    actionSheet: (sheet, signal) => sheets.actionSheet(program(), sheet, until(signal)),
    permissionSheet: (wanted, signal) => trusted(sheets.permissionSheet(program(), wanted, until(signal))),
    subscribeSheet: (wanted, signal) => trusted(subscribeSheet(program(), wanted, until(signal))),
    confirmSheet: (question, signal) => trusted(sheets.confirmSheet(program(), question, until(signal))),
    settings: (state, signal) => trusted(sheets.settingsSheet(program(), state, until(signal))),
    scan: (signal) => trusted(sheets.scanSheet(program(), until(signal))),
    choosePhotos: (asked, signal) => trusted(sheets.photoSheet(program(), asked, until(signal))),
    share: (shared, signal) => trusted(sheets.shareSheet(program(), shared, until(signal))),
    notResponding: (signal) => stage.silent(signal),

    openUrl: (url) => void open(url, "_blank", "noopener,noreferrer"),
    call: (number) => h("a", { href: `tel:${number}` }).click(),
    save: (name, data) => {
      saveFile(data, name);
      announce(t("mini.saved"));
    },
    openProgram: around.openProgram,
    leave: around.leave,
  };
}
