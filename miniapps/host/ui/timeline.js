/** What happened, oldest first, on one axis: each stop with its time, whose it was, what was said and what was shown. */

import { h } from "../dom.js";
import { dayAndClock } from "../format.js";
import { t } from "../i18n.js";

/** @param {any[]} entries @returns {HTMLElement} */
export const timeline = (entries) => h("ol.timeline", { "data-testid": "timeline" }, entries.map(stop));

const stop = (entry) =>
  h(
    "li.stop",
    { "data-kind": entry.kind, "data-status": entry.status ?? "" },
    h("p.stop-what", null, entry.label),
    h(
      "p.stop-when",
      null,
      h("time.figures", { datetime: entry.at }, dayAndClock(entry.at)),
      whose(entry) ? ` · ${whose(entry)}` : "",
    ),
    entry.note ? h("p.stop-note", null, entry.note) : null,
    photoStrip(entry.photos ?? []),
  );

const whose = ({ by, unit }) => unit ?? (by ? t(`case.by.${by}`) : "");

/** @param {{ url: string, thumbnailUrl: string }[]} photos */
export const photoStrip = (photos) =>
  photos.length
    ? h(
        "ul.strip",
        null,
        photos.map(({ url, thumbnailUrl }, i) =>
          h(
            "li",
            null,
            h(
              "a",
              { href: url, target: "_blank", rel: "noopener" },
              h("img", { src: thumbnailUrl, alt: t("photos.of", { n: i + 1 }), width: 96, height: 96, loading: "lazy" }),
            ),
          ),
        ),
      )
    : null;
