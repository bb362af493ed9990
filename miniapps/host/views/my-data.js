/** What the city holds of me and who saw it: what I agreed to, who read, a copy for me, and leaving. */

import { ask, missing } from "../api.js";
import { MY_DATA } from "../documents-consent.js";
import { fill, h } from "../dom.js";
import { date } from "../format.js";
import { t } from "../i18n.js";
import { linkRow } from "../ui/list.js";
import { load, missingPart } from "../ui/load.js";
import { skeleton } from "../ui/skeleton.js";

/** @type {import("../router.js").View} */
export const myData = { title: "mydata.title", for: "CITIZEN", back: "/me", enter };

/** @param {import("../router.js").Screen} screen */
function enter(screen) {
  const region = h("div");
  fill(screen.main, h("h1", { tabindex: "-1" }, t("mydata.title")), h("p.lead", null, t("mydata.lead")), region);
  return load(region, {
    key: "my-data",
    signal: screen.signal,
    ask: () => ask(MY_DATA, {}, screen),
    skeleton: () => skeleton("row", "row", "row", "row"),
    show: ({ data, errors }) => {
      const failed = missing(errors, "consents") ?? missing(errors, "dataDownloads") ?? missing(errors, "erasure");
      return [rows(data), failed ? missingPart(t("mydata.missing"), screen.again, failed) : null];
    },
  });
}

const rows = ({ consents, dataDownloads, erasure }) =>
  h(
    "ul.rows",
    { "data-testid": "my-data" },
    linkRow({ to: "/me/data/consents", title: t("consents.title"), fact: consents ? running(consents) : "" }),
    linkRow({ to: "/me/programs", title: t("mini.permits") }),
    linkRow({ to: "/me/data/access", title: t("access.title") }),
    linkRow({ to: "/me/data/interventions", title: t("interventions.title") }),
    linkRow({ to: "/me/data/copy", title: t("copy.title"), fact: ready(dataDownloads) }),
    linkRow({ to: "/me/data/leave", title: t("leave.title"), fact: leaving(erasure) }),
  );

const running = (consents) => {
  const n = consents.filter((one) => !one.withdrawnAt).length;
  return n ? t("consents.count", { n }) : t("consents.count.none");
};
const ready = (downloads) => (downloads?.some((one) => one.state === "READY") ? t("copy.ready") : "");
const leaving = (erasure) => (erasure?.state === "WAITING" ? t("leave.due", { day: date(erasure.dueAt) }) : "");
