/** Where it is: what the device says when asked, or a district and words where it does not. */

import { fill, h } from "../dom.js";
import { t } from "../i18n.js";
import { announce } from "./announce.js";
import { busy } from "./busy.js";
import { icon, shape } from "./icons.js";
import { choices } from "./list.js";
import { trouble } from "./trouble.js";

const WITHIN_MS = 12_000;

/**
 * @param {{
 *   point: { longitude: number, latitude: number } | null, district: string, address: string,
 *   districts: { code: string, name: string }[], onchange: (change: object) => void,
 * }} use
 */
export function whereField({ point, district, address, districts, onchange }) {
  const place = h("div", { role: "status" });
  const byHand = h("div");
  const locate = h("button.second.wide", { type: "button", "data-testid": "locate" }, icon("pin"), t("where.locate"));
  const found = () => fill(place, h("p.done", { "data-testid": "located" }, shape("ok"), h("span", null, t("where.have"))));
  const choose = () =>
    fill(
      byHand,
      choices({
        legend: t("where.district"),
        name: "district",
        value: district,
        options: districts.map(({ code, name }) => [code, name]),
        onpick: (code) => onchange({ district: code }),
        columns: true,
      }),
    );

  async function look() {
    fill(place);
    try {
      const { coords } = await position();
      const { longitude, latitude, accuracy } = coords;
      onchange({ point: { longitude, latitude }, district: "" });
      fill(byHand);
      found();
      announce(t("where.have"));
      if (accuracy > 200) place.append(h("p.hint-2", null, t("where.rough", { m: Math.round(accuracy) })));
    } catch (fault) {
      const why = fault.code === 1 ? "denied" : fault.code === 3 ? "late" : "none";
      fill(place, trouble({ "data-testid": "not-located", "data-why": why }, t(`where.${why}`)));
      choose();
    }
  }

  locate.addEventListener("click", () => busy(locate, t("where.looking"), look));
  if (point) found();
  if (district) choose();
  return h(
    "section",
    { "data-testid": "where" },
    h("h2.section", null, t("where.title")),
    locate,
    place,
    byHand,
    h("label.block", { for: "address" }, t("where.address")),
    h("textarea", {
      id: "address",
      rows: 2,
      maxlength: 200,
      value: address,
      oninput: ({ target }) => onchange({ address: target.value }),
    }),
  );
}

/** @returns {Promise<GeolocationPosition>} */
const position = () =>
  new Promise((resolve, reject) => {
    if (!navigator.geolocation) return reject({ code: 2 });
    const how = { enableHighAccuracy: true, timeout: WITHIN_MS, maximumAge: 60_000 };
    navigator.geolocation.getCurrentPosition(resolve, reject, how);
  });
