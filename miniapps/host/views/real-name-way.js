/** One way to prove who I am: by the register, by a document, by my face, by net-ID, or at a counter. */

import { askAsMyself, renewed, whole } from "../api.js";
import { isDemo } from "../demo.js";
import { BEGIN_FACE_CHECK, CONFIRM_DOCUMENT, CONFIRM_NET_ID, COUNTER_TICKET } from "../documents-person.js";
import { CONFIRM_NAME } from "../documents-family.js";
import { fill, h } from "../dom.js";
import { t } from "../i18n.js";
import { replace } from "../router.js";
import { actButton } from "../ui/act.js";
import { announce } from "../ui/announce.js";
import { askForm } from "../ui/ask-form.js";
import { documentFields } from "../ui/document-fields.js";
import { shape } from "../ui/icons.js";
import { forgetAnswers } from "../ui/load.js";
import { numberField } from "../ui/number-field.js";
import { textField } from "../ui/text-field.js";
import { ticketSlab } from "../ui/ticket.js";

const PAGES = { REGISTER: "register", FORM: "document", DOCUMENT: "document", FACE: "face", NET_ID: "net-id", COUNTER: "counter" };

/** @param {string} kind  of evidence */
export const pageOfWay = (kind) => `/me/real-name/${PAGES[kind]}`;

/** @type {import("../router.js").View} */
export const realNameWay = { title: "realname.title", for: "CITIZEN", back: "/me/real-name", enter };

const WAYS = { register: byRegister, document: byDocument, face: byFace, "net-id": byNetId, counter: atCounter };

/** @param {import("../router.js").Screen} screen */
function enter(screen) {
  const way = WAYS[screen.at.way];
  if (!way) return replace("/me/real-name");
  fill(screen.main, way(screen));
}

const heading = (kind) => h("h1", { tabindex: "-1" }, t(`prove.way.${kind}`));

/** The next token says the new level. */
export async function known() {
  await renewed();
  forgetAnswers();
  replace("/me/real-name");
  announce(t("realname.done"));
}

function byRegister(screen) {
  const name = textField({ id: "own-name", words: t("realname.name"), autocomplete: "name" });
  const number = numberField({ id: "own-number", words: t("realname.number"), type: () => "RESIDENT_ID" });
  const work = async () => {
    const input = { name: name.read(), idNumber: number.read() };
    await whole(askAsMyself(CONFIRM_NAME, { input }, screen));
    await known();
  };
  const focus = ({ code }) => (code === "BAD_INPUT" ? name.input : number.input);
  const form = askForm({ fields: [name.el, number.el], focus, words: t("realname.send"), work, signal: screen.signal, id: "confirm-name" });
  return [heading("REGISTER"), h("p.lead", null, t("prove.register.lead")), form.el];
}

function byDocument(screen) {
  const fields = documentFields();
  const work = async () => {
    await whole(askAsMyself(CONFIRM_DOCUMENT, { input: fields.read() }, screen));
    await known();
  };
  const form = askForm({ fields: fields.el, focus: fields.wrong, words: t("realname.send"), work, signal: screen.signal, id: "confirm-document" });
  return [heading("DOCUMENT"), h("p.lead", null, t("prove.document.lead")), form.el];
}

/** The provider's page looks; this one is left for it. */
function byFace(screen) {
  const said = h("div");
  const work = async () => {
    const { beginFaceCheck: check } = await whole(askAsMyself(BEGIN_FACE_CHECK, {}, screen));
    location.assign(check.url);
    return false;
  };
  return [
    heading("FACE"),
    h("p.lead", null, t("prove.face.lead")),
    h("ol.steps", null, ["go", "look", "back"].map((step) => h("li", null, t(`prove.face.${step}`)))),
    said,
    actButton({ words: t("prove.face.begin"), work, said, signal: screen.signal, look: "primary.wide", id: "begin-face" }),
    h("p.side-note", null, shape("info"), h("span", null, t("prove.face.note"))),
  ];
}

function byNetId(screen) {
  const field = /** @type {HTMLTextAreaElement} */ (
    h("textarea", { id: "net-id", rows: 4, autocomplete: "off", spellcheck: "false", "aria-describedby": "trouble" })
  );
  const work = async () => {
    await whole(askAsMyself(CONFIRM_NET_ID, { credential: field.value.trim() }, screen));
    await known();
  };
  const fields = [h("label.block", { for: "net-id" }, t("prove.netid.credential")), field];
  const form = askForm({ fields, focus: () => field, words: t("realname.send"), work, signal: screen.signal, id: "confirm-net-id" });
  const demo = h("div");
  isDemo().then((demoCity) => demoCity && fill(demo, demoPlatform()));
  return [heading("NET_ID"), h("p.lead", null, t("prove.netid.lead")), form.el, demo];
}

/** Where a demo city's people get a credential; elsewhere the country's own app gives it. */
const demoPlatform = () =>
  h(
    "p.demo",
    { "data-testid": "demo-net-id" },
    h("b", null, t("demo.mark")),
    h("a.quiet", { href: "/dev/net-id", target: "_blank", rel: "noopener noreferrer" }, t("prove.netid.demo")),
  );

/** A number for the officer: eight digits, good once, and only while it is on screen with its time. */
function atCounter(screen) {
  const said = h("div");
  const shown = h("div");
  const issue = async () => {
    const { issueCounterTicket: ticket } = await whole(askAsMyself(COUNTER_TICKET, {}, screen));
    if (screen.signal.aborted) return false;
    fill(shown, ticketSlab(ticket, screen.signal));
    fill(foot, take("second.wide", t("prove.ticket.again")));
    return false;
  };
  const take = (look, words) => actButton({ words, work: issue, said, signal: screen.signal, look, id: "issue-ticket" });
  const foot = h("div", null, take("primary.wide", t("realname.ticket")));
  return [
    heading("COUNTER"),
    h("p.lead", null, t("prove.counter.lead")),
    shown,
    said,
    foot,
    h("p.side-note", null, shape("info"), h("span", null, t("realname.ticket.text"))),
  ];
}
