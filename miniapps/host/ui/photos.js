/** Photos from the camera or the album: each shown small, with how far it has gone, and a way to take it out again. */

import { lineBroke } from "../api.js";
import { fill, h } from "../dom.js";
import { t } from "../i18n.js";
import { uploadPhoto } from "../upload.js";
import { announce } from "./announce.js";
import { icon, shape } from "./icons.js";
import { errorWords } from "./load.js";

const PHOTOS_MAX = 5;
let count = 0;

/**
 * @param {{
 *   signal: AbortSignal, label: string, sent?: import("../report-draft.js").SentPhoto[],
 *   onchange?: (sent: import("../report-draft.js").SentPhoto[]) => void,
 * }} use
 * @returns {{ el: HTMLElement, sent: () => import("../report-draft.js").SentPhoto[], waiting: () => boolean }}
 *   `sent`: those that the city has. `waiting`: some are still on their way
 */
export function photoField({ signal, label, sent = [], onchange = () => {} }) {
  const id = `photos-${++count}`;
  /** @type {{ el: HTMLElement, sent: import("../report-draft.js").SentPhoto | null, going: boolean }[]} */
  const photos = [];
  const shown = h("ul.photos", { "aria-label": label });
  const said = h("p.hint", { role: "status" });
  const input = /** @type {HTMLInputElement} */ (
    h("input.photo-input", {
      id,
      type: "file",
      accept: "image/*",
      multiple: true,
      onchange: () => {
        take([...(input.files ?? [])]);
        input.value = "";
      },
    })
  );
  const add = h("label.second.photo-add", { for: id }, input, icon("camera"), h("span", null, t("photos.add")));
  const whole = () => photos.flatMap((photo) => photo.sent ?? []);
  const changed = () => {
    add.hidden = photos.length >= PHOTOS_MAX;
    fill(said, t("photos.count", { n: photos.length, max: PHOTOS_MAX }));
    onchange(whole());
  };

  function take(files) {
    if (files.length > PHOTOS_MAX - photos.length) announce(t("photos.most", { max: PHOTOS_MAX }));
    for (const file of files.slice(0, PHOTOS_MAX - photos.length)) begin(file);
  }

  function place(photo) {
    photos.push(photo);
    shown.append(photo.el);
    changed();
  }

  function remove(photo, stop) {
    stop.abort();
    photos.splice(photos.indexOf(photo), 1);
    photo.el.remove();
    changed();
    input.focus();
  }

  function begin(file) {
    const stop = new AbortController();
    signal.addEventListener("abort", () => stop.abort(), { signal: stop.signal });
    const url = URL.createObjectURL(file);
    stop.signal.addEventListener("abort", () => URL.revokeObjectURL(url));
    const state = h("div.photo-state");
    const photo = { el: h("li.photo", { "data-testid": "photo" }), sent: null, going: true };
    fill(photo.el, picture(url), state, removeButton(() => remove(photo, stop)));
    place(photo);
    const go = async () => {
      photo.going = true;
      photo.el.dataset.state = "going";
      fill(state, t("photos.going", { n: 0 }));
      try {
        const onprogress = (share) => fill(state, t("photos.going", { n: Math.round(share * 100) }));
        const { id: made, thumbnailUrl } = await uploadPhoto(file, { signal: stop.signal, onprogress });
        photo.sent = { id: made, thumbnailUrl };
        photo.el.dataset.state = "sent";
        fill(state, icon("check"), t("photos.sent"));
      } catch (error) {
        if (!stop.signal.aborted) fail(photo, state, error, go);
      } finally {
        photo.going = false;
      }
      if (!stop.signal.aborted) changed();
    };
    go();
  }

  for (const one of sent) {
    const photo = { el: h("li.photo", { "data-testid": "photo", "data-state": "sent" }), sent: one, going: false };
    fill(
      photo.el,
      picture(one.thumbnailUrl),
      h("div.photo-state", null, icon("check"), t("photos.sent")),
      removeButton(() => remove(photo, new AbortController())),
    );
    place(photo);
  }
  changed();
  return {
    el: h("section.photo-field", null, h("h2.section", null, label), shown, add, said),
    sent: whole,
    waiting: () => photos.some((photo) => photo.going),
  };
}

const picture = (src) =>
  h("img", { src, alt: t("photos.alt"), width: 96, height: 96, onerror: ({ target }) => (target.hidden = true) });

const removeButton = (onclick) =>
  h("button.photo-remove", { type: "button", "aria-label": t("photos.remove"), onclick }, icon("cross"));

/** What the city does not take, it says why; what the line broke, goes again. */
function fail(photo, state, error, again) {
  const { code, title, hint } = errorWords(error);
  photo.el.dataset.state = "failed";
  photo.el.dataset.code = code;
  fill(
    state,
    shape("stop"),
    h("span", null, h("b", null, title), " ", hint),
    lineBroke(error) ? h("button.second", { type: "button", onclick: again }, t("state.retry")) : null,
  );
  announce(`${title} ${hint}`);
}
