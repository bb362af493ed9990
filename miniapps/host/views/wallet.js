/** The wallet: my licences as objects, and my money with the city. */

import { ask, missing } from "../api.js";
import { fill, h } from "../dom.js";
import { WALLET } from "../documents-paper.js";
import { t } from "../i18n.js";
import { licenceFace } from "../ui/licence-face.js";
import { empty, linkRow } from "../ui/list.js";
import { load, missingPart } from "../ui/load.js";
import { skeleton } from "../ui/skeleton.js";

/** @type {import("../router.js").View} */
export const wallet = { title: "wallet.title", for: "CITIZEN", back: "/home", dock: true, enter };

/** @param {import("../router.js").Screen} screen */
function enter(screen) {
  const region = h("div");
  fill(screen.main, h("h1", { tabindex: "-1" }, t("wallet.title")), h("p.lead", null, t("wallet.lead")), region);
  return load(region, {
    key: "wallet",
    signal: screen.signal,
    ask: () => ask(WALLET, {}, screen),
    skeleton: () => skeleton("block", "block", "row"),
    show: ({ data, errors }) => [licences(data.me, errors, screen), purse(data.me, errors, screen)],
  });
}

function licences(me, errors, screen) {
  const failed = missing(errors, "me", "licences");
  if (failed) return missingPart(t("wallet.missing"), screen.again, failed);
  if (!me.licences.length) return empty(t("wallet.none"), t("wallet.none.hint"));
  return h(
    "ul.cards",
    { "data-testid": "licences" },
    me.licences.map((licence) =>
      h("li", null, h("a.card-link", { href: `#/licences/${licence.id}` }, licenceFace(licence, me.maskedName))),
    ),
  );
}

function purse(me, errors, screen) {
  const failed = missing(errors, "me", "wallet");
  if (failed) return missingPart(t("money.missing"), screen.again, failed);
  return h(
    "ul.rows.purse-row",
    null,
    linkRow({ to: "/wallet/money", title: t("money.title"), fact: me.wallet.available.text }),
  );
}
