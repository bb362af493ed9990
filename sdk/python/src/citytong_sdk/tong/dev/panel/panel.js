/** The panel beside the phone: who holds it, what they allowed, what went over the bridge. */

const $ = (id) => document.getElementById(id);
const DEVICES = ["390x760", "320x568", "412x880", "768x900"];
const TRACE_MAX = 500;

const asked = new URLSearchParams(location.search);
let citizen = asked.get("citizen") ?? "zh";
let state = null;
/** @type {any[]} */
let trace = [];

const at = (path) => `/tong/${path}?citizen=${citizen}`;
const send = (path, body) =>
  fetch(at(path), { method: "POST", headers: { "Content-Type": "application/json", "X-Tong": "1" }, body: JSON.stringify(body) });
const act = (type, more = {}) => send("do", { type, with: more });

function element(name, text, attributes = {}) {
  const made = document.createElement(name);
  if (text !== null) made.textContent = text;
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

function options(select, entries, chosen) {
  select.replaceChildren(...entries.map(([value, words]) => element("option", words, { value })));
  select.value = chosen;
}

/** How often the state was asked for, and which answer stands on the panel: answers may come in another order. */
let [asks, shown] = [0, 0];

async function refresh() {
  const mine = ++asks;
  const now = await (await fetch(at("state"))).json();
  if (mine < shown) return;
  shown = mine;
  if (!state) trace = now.trace;
  state = now;
  draw();
}

function draw() {
  const { program, fault, host } = state;
  $("name").textContent = program ? `${program.name} ${program.versionName} (${program.versionCode})` : "tong dev";
  document.title = program ? `${program.name} · tong dev` : "tong dev";
  $("facts").textContent = program
    ? `${program.appId} · ${program.files} files, ${Math.ceil(program.bytes / 1024)} KiB of 2,048 · host ${host.hash}`
    : "Nothing to show yet.";
  const { sandbox } = state;
  $("sandbox").hidden = !sandbox;
  if (sandbox) $("sandbox").textContent = `${sandbox.url} answers, as ${sandbox.name} (${sandbox.id}, level ${sandbox.level})`;
  $("fault").hidden = !fault;
  if (fault) $("fault").textContent = [`${fault.code}: ${fault.message}`, fault.where, fault.why, fault.advice && `→ ${fault.advice}`].filter(Boolean).join("\n");
  options($("citizen"), state.citizens.map(({ id, name }) => [id, `${name} (${id})`]), citizen);
  for (const select of document.querySelectorAll("[data-pref]")) {
    const own = state.citizen.prefs[select.dataset.pref] ?? select.options[0].value;
    if (select !== document.activeElement) select.value = own;
  }
  $("offline").checked = state.offline;
  $("slow").value = String(state.slowMs);
  if (program) options($("page"), program.pages.map((page) => [page, page]), program.pages.includes($("page").value) ? $("page").value : program.pages[0]);
  drawCapabilities();
  drawMessages();
  drawFindings();
  $("stored").textContent = Object.keys(state.citizen.stored).length ? JSON.stringify(state.citizen.stored, null, 2) : "nothing";
  drawTrace();
}

function drawCapabilities() {
  const rows = state.capabilities.map(({ name, state: is, why }) => {
    const select = element("select", null, { "aria-label": name });
    options(select, ["PROMPT", "GRANTED", "DENIED"].map((one) => [one, one.toLowerCase()]), is);
    select.disabled = is === "UNAVAILABLE";
    if (select.disabled) select.replaceChildren(element("option", `unavailable (${why})`));
    select.addEventListener("change", () => send("permission", { name, state: select.value }));
    const row = element("tr", null);
    const place = element("td", null);
    place.append(select);
    row.append(element("th", name, { scope: "row" }), place);
    return row;
  });
  const none = element("tr", null);
  none.append(element("td", "The manifest asks for none.", { class: "none" }));
  $("capabilities").tBodies[0].replaceChildren(...(rows.length ? rows : [none]));
}

/** What the citizen wants, and what the program's server sent them, newest first. */
function drawMessages() {
  const wanted = Object.entries(state.citizen.subscribed).filter(([, left]) => left);
  $("subscribed").textContent = wanted.length ? wanted.map(([name, left]) => `${name}: ${left} wanted`).join(", ") : "None is wanted.";
  const rows = state.citizen.messages.toReversed().map(({ template, data, page }) => {
    const row = element("li", null);
    row.append(element("b", template), " ", Object.entries(data).map(([name, value]) => `${name}: ${value}`).join(", "));
    if (!page) return row;
    const [path, query] = page.split("?");
    const open = element("button", `Open ${page}`, { type: "button" });
    open.addEventListener("click", () => act("page", { page: path, query }));
    row.append(" ", open);
    return row;
  });
  $("messages").replaceChildren(...(rows.length ? rows : [element("li", "Nothing sent.", { class: "none" })]));
}

function drawFindings() {
  $("count").textContent = state.findings.length ? `(${state.findings.length})` : "";
  const rows = state.findings.map(({ rule, severity, path, line, message, advice }) =>
    element("li", `${rule} ${path}${line ? `:${line}` : ""} ${message} ${advice ? `→ ${advice}` : ""}`, { "data-severity": severity }),
  );
  $("findings").replaceChildren(...(rows.length ? rows : [element("li", "Nothing to say.", { class: "none" })]));
}

function drawTrace() {
  const wanted = $("filter").value.toLowerCase();
  const rows = trace
    .filter((entry) => entry.citizen === citizen)
    .map((entry) => [entry, JSON.stringify(entry.message)])
    .filter(([, text]) => text.toLowerCase().includes(wanted))
    .slice(-TRACE_MAX)
    .reverse()
    .map(([{ direction, message }, text]) => {
      const row = element("li", null, message.err ? { "data-err": "" } : {});
      row.append(element("b", direction === "from" ? "asks" : message.ev ? "event" : "told"), text);
      return row;
    });
  $("trace").replaceChildren(...(rows.length ? rows : [element("li", "Nothing yet.", { class: "none" })]));
}

function frame() {
  const origin = `http://${citizen}.localhost:${state.host.port}`;
  $("host").src = `${origin}/`;
  $("alone").href = `${origin}/`;
}

function size(name) {
  const [width, height] = name.split("x").map(Number);
  Object.assign($("host"), { width, height });
}

$("citizen").addEventListener("change", async ({ target }) => {
  citizen = target.value;
  history.replaceState(null, "", `?citizen=${citizen}&device=${$("device").value}`);
  await refresh();
  frame();
});
$("device").addEventListener("change", ({ target }) => size(target.value));
$("offline").addEventListener("change", () => send("network", { offline: $("offline").checked, slowMs: Number($("slow").value) }));
$("slow").addEventListener("change", () => send("network", { offline: $("offline").checked, slowMs: Number($("slow").value) }));
$("forget").addEventListener("click", () => send("forget", {}));
$("page").addEventListener("change", ({ target }) => act("page", { page: target.value }));
$("filter").addEventListener("input", drawTrace);
$("clear").addEventListener("click", () => {
  trace = [];
  drawTrace();
});
for (const select of document.querySelectorAll("[data-pref]"))
  select.addEventListener("change", () => send("prefs", { [select.dataset.pref]: select.value }));
for (const button of document.querySelectorAll("[data-do]")) button.addEventListener("click", () => act(button.dataset.do));

const device = /^\d{3,4}x\d{3,4}$/.exec(asked.get("device") ?? "")?.[0] ?? DEVICES[0];
options($("device"), [...new Set([device, ...DEVICES])].map((name) => [name, name.replace("x", " × ")]), device);
size($("device").value);
await refresh();
frame();
let due = 0;
let stale = false;
new EventSource("/tong/events").onmessage = ({ data }) => {
  const event = JSON.parse(data);
  if (event.type === "trace") {
    trace.push(event);
    if (trace.length > TRACE_MAX) trace.splice(0, trace.length - TRACE_MAX);
  } else stale = true;
  due ||= setTimeout(() => {
    due = 0;
    if (stale) void refresh();
    else drawTrace();
    stale = false;
  }, 60);
};
