/** A copy of everything that the city holds of me: asked for, made, fetched within a week. */

import { askAsMyself, CityError, firstCode, prove, sendAsMyself, UNREACHABLE, whole } from "../api.js";
import { ASK_DOWNLOAD, DOWNLOADS } from "../documents-consent.js";
import { fill, h } from "../dom.js";
import { dayAndClock } from "../format.js";
import { t } from "../i18n.js";
import { saveFile } from "../save-file.js";
import { actButton } from "../ui/act.js";
import { announce } from "../ui/announce.js";
import { forgetAnswers, load } from "../ui/load.js";
import { skeleton } from "../ui/skeleton.js";
import { state } from "../ui/state.js";

/** How often to look whether it is made, while the page is open. */
const LOOK_EVERY_MS = 5_000;
const FORMS = { ASKED: ["info", "clock"], READY: ["ok", "ok"], FAILED: ["stop", "stop"] };

/** @type {import("../router.js").View} */
export const copy = { title: "copy.title", for: "CITIZEN", back: "/me/data", enter };

/** @param {import("../router.js").Screen} screen */
function enter(screen) {
  const region = h("div");
  fill(screen.main, h("h1", { tabindex: "-1" }, t("copy.title")), h("p.lead", null, t("copy.lead")), region);
  const part = {
    key: "copy",
    signal: screen.signal,
    ask: () => askAsMyself(DOWNLOADS, {}, screen),
    skeleton: () => skeleton("row", "row"),
    show: ({ data }) => {
      if (data.dataDownloads.some((one) => one.state === "ASKED")) lookAgain();
      return content(screen, data.dataDownloads);
    },
  };
  let next = 0;
  const lookAgain = () => {
    clearTimeout(next);
    next = setTimeout(() => !screen.signal.aborted && load(region, part), LOOK_EVERY_MS);
  };
  screen.signal.addEventListener("abort", () => clearTimeout(next));
  return load(region, part);
}

function content(screen, all) {
  const said = h("div");
  const waiting = all.some((one) => one.state === "ASKED");
  const work = async () => {
    await whole(askAsMyself(ASK_DOWNLOAD, {}, screen));
    announce(t("copy.asked"));
    forgetAnswers();
    if (!screen.signal.aborted) screen.again();
  };
  const button = { words: t("copy.ask"), work, said, signal: screen.signal, look: "primary.wide", id: "ask-copy" };
  return [
    h("p.side-note", null, t("copy.proof")),
    waiting ? null : actButton(button),
    said,
    all.length ? h("h2.section", null, t("copy.list")) : null,
    h("ul.rows", { "data-testid": "copies" }, all.map((one) => row(screen, one))),
  ];
}

function row(screen, one) {
  const said = h("div");
  const [tone, form] = FORMS[one.state];
  const get = () => take(screen, one);
  return h(
    "li.piece",
    { "data-testid": "copy", "data-state": one.state },
    state(tone, form, t(`copy.state.${one.state}`)),
    h("p.hint-2", null, t("copy.of", { when: dayAndClock(one.askedAt) })),
    one.state === "READY" && one.expiresAt ? h("p.hint-2", null, t("copy.until", { when: dayAndClock(one.expiresAt) })) : null,
    one.url ? actButton({ words: t("copy.get", { size: size(one.size) }), work: get, said, signal: screen.signal, id: "get-copy" }) : null,
    said,
  );
}

const size = (bytes) => (bytes < 1e6 ? `${Math.ceil(bytes / 1e3)} kB` : `${(bytes / 1e6).toFixed(1)} MB`);

/** The file is fetched with one's own token, after a proof where the city wants one, and goes into no address. */
async function take(screen, one) {
  let { answer, code } = await fetched(one);
  if (code === "STEP_UP_REQUIRED") {
    await prove(screen.signal);
    ({ answer, code } = await fetched(one));
  }
  if (!answer.ok) throw new CityError(code ?? UNREACHABLE, "");
  saveFile(await answer.blob(), `citytong-${one.askedAt.slice(0, 10)}.zip`);
  announce(t("copy.got"));
  return false;
}

function fetched(one) {
  const path = new URL(one.url, location.origin).pathname;
  return sendAsMyself("GET", path, async (headers) => {
    const answer = await fetch(path, { headers, cache: "no-store" }).catch(() => null);
    if (!answer) throw new CityError(UNREACHABLE, "");
    return { answer, code: await codeOf(answer), date: answer.headers.get("Date") };
  });
}

/** What a refusal says; an answer's body is left as it is. */
async function codeOf(answer) {
  if (answer.ok) return null;
  const body = await answer.clone().json().catch(() => null);
  return firstCode(body) ?? body?.code ?? null;
}
