/** Asks what something of one's own is to be called. */

import { fill, h } from "../dom.js";
import { t } from "../i18n.js";
import { busy } from "./busy.js";
import { closeButton, openSheet } from "./sheet.js";
import { complain } from "./trouble.js";

const NAME_LENGTH_MAX = 64;

/** @param {{ name: string, rename: (name: string) => Promise<unknown>, onrenamed: () => void, signal: AbortSignal }} named */
export function renameSheet({ name, rename, onrenamed, signal }) {
  const place = h("div", { id: "name-trouble" });
  const input = h("input", {
    id: "own-name",
    type: "text",
    maxlength: NAME_LENGTH_MAX,
    value: name,
    autocomplete: "off",
    "aria-describedby": "name-trouble",
  });
  const save = h("button.primary", { type: "submit", form: "naming" }, t("rename.save"));
  const submit = (event) => {
    event.preventDefault();
    fill(place);
    busy(save, t("password.saving"), async () => {
      try {
        await rename(input.value.trim() || name);
        dialog.close();
        onrenamed();
      } catch (error) {
        complain(place, error);
      }
    });
  };
  const dialog = openSheet({
    title: t("rename.title"),
    body: h(
      "form.sign-in-form",
      { id: "naming", onsubmit: submit },
      h("label", { for: "own-name" }, t("rename.name")),
      h("div.field", null, input),
      place,
    ),
    actions: [save, closeButton(t("sheet.no"))],
    signal,
  });
}
