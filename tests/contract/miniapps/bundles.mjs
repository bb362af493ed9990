// The shell's reader of packages on the shared vectors: prints what it says of each as JSON. One process for all.
import { readFileSync } from "node:fs";
import { inflateRawSync } from "node:zlib";

const [host, vectors] = process.argv.slice(2).map((path) => new URL(path, "file:///"));
const { unpack, MEDIA_TYPES } = await import(new URL("mini/unzip.js", host));
const { verifyPackage, readRevocations, keysOf, logKeyOf, filesH1, rootPrefix, appKey, inject } = await import(
  new URL("mini/package.js", host)
);
const read = (name) => JSON.parse(readFileSync(new URL(`${name}.json`, vectors), "utf8"));
const bytes = (text) => Uint8Array.from(Buffer.from(text, "base64"));
const told = (run) => run().then((found) => ({ ok: found ?? true }), (fault) => ({ code: fault.code ?? String(fault) }));

// Node 20 passes over what follows a deflate stream, which the Compression Standard forbids and browsers refuse.
const Streamed = globalThis.DecompressionStream;
class Standard extends TransformStream {
  constructor(format) {
    const parts = [];
    if (format !== "deflate-raw") throw new TypeError(format);
    super({
      transform: (part) => void parts.push(part),
      flush(out) {
        const packed = Buffer.concat(parts);
        const { buffer, engine } = inflateRawSync(packed, { info: true });
        if (engine.bytesWritten !== packed.length) throw new TypeError("junk after the stream");
        out.enqueue(new Uint8Array(buffer));
      },
    });
  }
}

const results = { media: MEDIA_TYPES, cases: {}, flips: {} };
const archives = read("archives");
for (const { id, bytes: text, limits } of [...archives.good, ...archives.refused]) {
  globalThis.DecompressionStream = id === "pkg-zip-deflate-goes-on" ? Standard : Streamed;
  results.cases[id] = await told(async () => filesH1(await unpack(bytes(text), limits)));
}
globalThis.DecompressionStream = Streamed;

const signatures = read("signatures");
const [developerKeys, platformKeys] = [await keysOf(signatures.developer_keys), await keysOf(signatures.platform_keys)];
const known = { developerKeys, platformKeys, logKey: await logKeyOf(signatures.log_key), now: signatures.now };
for (const { id, bytes: text, seen_version_code: seenVersionCode, revoked: revocations } of [
  ...signatures.good,
  ...signatures.refused,
]) {
  const more = { ...known, seenVersionCode, revocations };
  results.cases[id] = await told(async () => (await verifyPackage(bytes(text), more)).logIndex);
}
for (const { id, text, now, seen_sequence: seenSequence } of signatures.revocations) {
  results.cases[id] = await told(async () => (await readRevocations(text, { keys: platformKeys, now, seenSequence })).sequence);
}
const { hashes } = signatures;
results.hashes = { root: rootPrefix(hashes.files_h1), app_key: await appKey("org.example.library", hashes.organisation_key_id) };

// Every byte of a package that everybody believes.
const good = bytes(signatures.good[0].bytes);
for (let at = 0; at < good.length; at += 1) {
  const flipped = good.slice();
  flipped[at] ^= 1 << at % 8;
  const { ok, code } = await told(() => verifyPackage(flipped, known));
  const said = ok === undefined ? code : "BELIEVED";
  results.flips[said] = (results.flips[said] ?? 0) + 1;
}

results.injected = read("pages").injected.map(({ html, src }) => Buffer.from(inject(new TextEncoder().encode(html), src)).toString());
console.log(JSON.stringify(results));
