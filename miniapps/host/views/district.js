/** My district: whose air and whose news the home page shows. */

import { ask, whole } from "../api.js";
import { fill, h } from "../dom.js";
import { DISTRICTS, SET_DISTRICT } from "../documents.js";
import { knowHomeDistrict } from "../home-district.js";
import { t } from "../i18n.js";
import { announce } from "../ui/announce.js";
import { busy } from "../ui/busy.js";
import { choices } from "../ui/list.js";
import { forgetAnswers, load, problem } from "../ui/load.js";
import { skeleton } from "../ui/skeleton.js";

/** @type {import("../router.js").View} */
export const district = { title: "district.title", for: "CITIZEN", back: "/me", enter };

/** @param {import("../router.js").Screen} screen */
function enter(screen) {
  const region = h("div");
  /** @type {{ code?: string | null }} */
  const picked = {}; // outlives the form, which is drawn anew when the city answers
  fill(screen.main, h("h1", { tabindex: "-1" }, t("district.title")), h("p.lead", null, t("district.lead")), region);
  return load(region, {
    key: "districts",
    signal: screen.signal,
    ask: () => ask(DISTRICTS, {}, screen),
    skeleton: () => skeleton("row", "row", "row", "row", "row"),
    show: ({ data }) => form(screen, data, picked),
  });
}

function form(screen, { districts, me }, picked) {
  picked.code ??= me.homeDistrict?.code ?? null;
  const trouble = h("div");
  const save = h("button.primary.wide", { type: "submit" }, t("district.save"));
  const submit = (event) => {
    event.preventDefault();
    if (!picked.code) return announce(t("district.pick"));
    busy(save, t("district.saving"), () => keep(screen, picked.code, trouble));
  };
  return h(
    "form",
    { onsubmit: submit },
    choices({
      legend: t("district.all"),
      name: "district",
      value: picked.code ?? "",
      options: districts.map(({ code, name }) => [code, name]),
      onpick: (code) => (picked.code = code),
      columns: true,
    }),
    trouble,
    h("div.sticky", null, save),
  );
}

async function keep(screen, code, trouble) {
  fill(trouble);
  try {
    await whole(ask(SET_DISTRICT, { code }));
    forgetAnswers();
    knowHomeDistrict(code);
    if (screen.signal.aborted) return;
    announce(t("district.saved"));
    screen.go("/home");
  } catch (error) {
    if (!screen.signal.aborted) fill(trouble, problem(error));
  }
}
