/** My district: whose air and whose news the home page shows. */

import { ask, whole } from "../api.js";
import { fill, h } from "../dom.js";
import { DISTRICTS, SET_DISTRICT } from "../documents.js";
import { t } from "../i18n.js";
import { announce } from "../ui/announce.js";
import { choices } from "../ui/list.js";
import { forgetAnswers, load, problem } from "../ui/load.js";
import { skeleton } from "../ui/skeleton.js";

/** @type {import("../router.js").View} */
export const district = { title: "district.title", for: "CITIZEN", back: "/me", enter };

/** @param {import("../router.js").Screen} screen */
function enter(screen) {
  const region = h("div");
  fill(screen.main, h("h1", { tabindex: "-1" }, t("district.title")), h("p.lead", null, t("district.lead")), region);
  return load(region, {
    key: "districts",
    signal: screen.signal,
    ask: () => ask(DISTRICTS, {}, screen),
    skeleton: () => skeleton("row", "row", "row", "row", "row"),
    show: ({ data }) => form(screen, data),
  });
}

function form(screen, { districts, me }) {
  let picked = me.homeDistrict?.code ?? null;
  const trouble = h("div");
  const save = h("button.primary.wide", { type: "submit" }, t("district.save"));
  const submit = async (event) => {
    event.preventDefault();
    if (!picked) return announce(t("district.pick"));
    try {
      await whole(ask(SET_DISTRICT, { code: picked }));
      forgetAnswers();
      announce(t("district.saved"));
      screen.go("/home");
    } catch (error) {
      fill(trouble, problem(error));
    }
  };
  return h(
    "form",
    { onsubmit: submit },
    choices({
      legend: t("district.all"),
      name: "district",
      value: picked ?? "",
      options: districts.map(({ code, name }) => [code, name]),
      onpick: (code) => (picked = code),
      columns: true,
    }),
    trouble,
    h("div.sticky", null, save),
  );
}
