/** Messages that a citizen asks a program for: each yes is one. What they settled for always is done without a sheet. */

/** What the program is told. @type {Record<string, "accept" | "reject" | "ban" | "filter">} */
const TOLD = { ACCEPT: "accept", REJECT: "reject", BAN: "ban", FILTER: "filter" };

/** @type {Record<string, import("../plugs.js").Method>} */
export const messages = {
  async requestSubscribeMessage({ program, params, signal }) {
    const wanted = await program.city.subscriptionsWanted([...new Set(params.tmplIds)], signal);
    const told = Object.fromEntries(wanted.map(({ name, choice }) => [name, TOLD[choice] ?? "reject"]));
    const settled = wanted.filter(({ choice }) => choice === "ACCEPT").map(({ name }) => name);
    if (settled.length) await program.city.subscribe({ accepted: settled, refused: [], always: false, text: "" }, signal);
    const open = wanted.filter(({ choice }) => choice === "ASK");
    if (!open.length) return told;
    const said = await program.ask((until) => program.chrome.subscribeSheet(open, until), signal);
    if (!said) return told;
    await program.city.subscribe(said, signal);
    return { ...told, ...Object.fromEntries(said.accepted.map((name) => [name, "accept"])) };
  },
};
