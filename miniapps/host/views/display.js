/** Display and language: how the city looks to me. It stays on this device. */

import { fill, h } from "../dom.js";
import { t } from "../i18n.js";
import { prefs, setPrefs } from "../prefs.js";
import { choices } from "../ui/list.js";

/** @type {import("../router.js").View} */
export const display = { title: "display.title", for: "ANYONE", back: "/me", enter };

/** @param {import("../router.js").Screen} screen */
function enter(screen) {
  fill(
    screen.main,
    h("h1", { tabindex: "-1" }, t("display.title")),
    choice("mode", t("display.mode"), [
      ["standard", t("display.mode.standard")],
      ["elder", t("display.mode.elder")],
    ]),
    h("p.hint", null, t("display.mode.hint")),
    choice("locale", t("display.locale"), [
      ["zh-CN", "简体中文"],
      ["en", "English"],
    ]),
    choice("theme", t("display.theme"), [
      ["system", t("display.theme.system")],
      ["light", t("display.theme.light")],
      ["dark", t("display.theme.dark")],
    ]),
    choice("text", t("display.text"), [
      ["normal", t("display.text.normal")],
      ["large", t("display.text.large")],
      ["larger", t("display.text.larger")],
    ]),
  );
}

/** Applies at once; the screen is drawn anew and the focus stays on what was picked. */
function choice(name, legend, options) {
  const onpick = (value) => {
    setPrefs({ [name]: value });
    document.querySelector(`input[name="${name}"]:checked`)?.focus();
  };
  return choices({ legend, name, value: prefs()[name], options, onpick });
}
