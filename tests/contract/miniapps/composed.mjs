// What the shell makes of pages that Python gives: prints it as JSON. One process for all.
import { readFileSync } from "node:fs";

const host = new URL(process.argv[2], "file:///");
const { PERMISSIONS_POLICY, Package, composed } = await import(new URL("mini/compose.js", host));
const { pageText, startTags } = await import(new URL("mini/html.js", host));
const { withAddresses } = await import(new URL("mini/css.js", host));
const asked = JSON.parse(readFileSync(0, "utf8"));

const utf8 = new TextEncoder();
const files = new Map(Object.entries(asked.files).map(([path, text]) => [path, utf8.encode(text)]));
const pages = {};
for (const [name, profile] of Object.entries(asked.profiles)) {
  pages[name] = await composed(new Package(files, profile), asked.page, ["host.one();", "host.two();"]);
}
const scripts = asked.plain.map((page) => {
  const text = pageText(utf8.encode(page));
  return startTags(text).map(({ name, textFrom, textTo }) => [name, name === "script" ? text.slice(textFrom, textTo) : ""]);
});
const styles = asked.styles.map((style) => withAddresses(style, (address) => (address.startsWith("x") ? "data:," : null)));
process.stdout.write(JSON.stringify({ permissions: PERMISSIONS_POLICY, pages, scripts, styles }));
