"""Packages in Chromium: its streams and its WebCrypto say what the vectors say.

And its parser finds nothing in a page that the city's reader of pages let through without seeing it.
"""

from __future__ import annotations

import json
import random
from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio
from citytong_sdk.bundles import html
from citytong_sdk.bundles.errors import BundleError
from playwright.async_api import Browser, Page, Route

ROOT = Path(__file__).parents[2]
# Nothing listens there: every request is answered from the tree.
ORIGIN = "http://localhost:9"

SAY = """async () => {
  const { unpack } = await import("/miniapps/host/mini/unzip.js");
  const { verifyPackage, keysOf, logKeyOf, filesH1, floorOf } = await import("/miniapps/host/mini/package.js");
  const read = async (name) => (await fetch(`/sdk/contract/vectors/bundles/${name}.json`)).json();
  const bytes = (text) => Uint8Array.from(atob(text), (one) => one.charCodeAt(0));
  const said = {};
  const tell = async ({ id }, run) => (said[id] = await run().catch((fault) => fault.code ?? String(fault)));
  const archives = await read("archives");
  for (const one of [...archives.good, ...archives.refused])
    await tell(one, async () => filesH1(await unpack(bytes(one.bytes), one.limits)));
  const signed = await read("signatures");
  const developerKeys = await keysOf(signed.developer_keys);
  const platformKeys = await keysOf(signed.platform_keys);
  const known = { developerKeys, platformKeys, logKey: await logKeyOf(signed.log_key), now: signed.now };
  for (const one of [...signed.good, ...signed.refused]) {
    const more = { ...known, seenVersionCode: one.seen_version_code, revocations: one.revoked };
    await tell(one, async () => (await verifyPackage(bytes(one.bytes), more)).statement.files_h1);
  }
  for (const one of signed.floors) await tell(one, async () => floorOf(one, one.app_id, one.seen));
  return said;
}"""

# Handlers, `srcdoc`, scripts whose hash is not known and scripts of SVG, as Chromium sees them, also in templates.
FIND = """async (pages) => {
  const found = [];
  for (const [page, hashes] of pages) {
    const within = (one) => [one, ...(one.content ? seen(one.content) : [])];
    const seen = (root) => [...root.querySelectorAll("*")].flatMap(within);
    for (const element of seen(new DOMParser().parseFromString(page, "text/html"))) {
      for (const { name } of element.attributes) if (/^on|^srcdoc$/.test(name)) found.push([page, name]);
      if (element.localName !== "script" || !element.textContent) continue;
      const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(element.textContent));
      const hash = `'sha256-${btoa(String.fromCharCode(...new Uint8Array(digest)))}'`;
      const known = hashes.includes(hash) && !element.namespaceURI.endsWith("svg");
      if (!known) found.push([page, element.textContent]);
    }
  }
  return found;
}"""

# Where parsers were led astray before, in pieces.
PIECES = (
    "<svg>|</svg>|<svg><title>|<svg><style>|<svg><a>|<math>|</math>|<math><mi>x</mi>|<mi>|</mi>|<mglyph>|<malignmark>|"
    "<annotation>|<desc>|</desc>|<g>|</g>|<g/>|<path d='|<style>|</style>|<title>|</title>|<textarea>|</textarea>|"
    "<noscript>|</noscript>|<template>|</template>|<script>|</script>|<script/>|1</script>|<script>2|<select>|</select>|"
    "<option>|</option>|<option><hr>|<table>|</table>|<colgroup>|<td>|<form>|</form>|<button>|<p>|</p>|<br>|</br>|"
    "<a href='x'>|</a>|<head>|<body>|</body>|</html>|<!--|-->|<img src=x>|<img onerror=x>|<img alt='|<b title=\"|'>|"
    '">|x|=|/|>|<|&lt;'
).split("|")


@pytest_asyncio.fixture
async def page(shell_browser: Browser) -> AsyncIterator[Page]:
    async def answer(route: Route) -> None:
        await route.fulfill(path=ROOT / route.request.url.removeprefix(f"{ORIGIN}/"))

    opened = await shell_browser.new_page()
    await opened.route(f"{ORIGIN}/**", answer)
    await opened.goto(f"{ORIGIN}/sdk/contract/vectors/bundles/addresses.json")
    yield opened
    await opened.close()


async def test_chromium_says_of_packages_what_the_vectors_say(page: Page) -> None:
    archives, signed = (
        json.loads((ROOT / f"sdk/contract/vectors/bundles/{name}.json").read_text(encoding="utf-8"))
        for name in ("archives", "signatures")
    )
    refused = {one["id"]: one["code"] for one in [*archives["refused"], *signed["refused"]]}
    good = {one["id"]: one["files_h1"] for one in archives["good"]}
    believed = {one["id"]: signed["hashes"]["files_h1"] for one in signed["good"]}
    floors = {one["id"]: one["floor"] for one in signed["floors"]}
    assert await page.evaluate(SAY) == {**refused, **good, **believed, **floors}


async def test_chromium_finds_nothing_in_a_page_that_its_reader_did_not(page: Page) -> None:
    random_pages = random.Random(6)
    let_through: list[tuple[str, tuple[str, ...]]] = []
    while len(let_through) < 800:
        text = "".join(random_pages.choices(PIECES, k=random_pages.randint(3, 10)))
        try:
            html.check_html("p.html", text.encode())
        except BundleError:
            continue
        let_through.append((text, html.inline_script_hashes(text.encode())))
    assert await page.evaluate(FIND, let_through) == []
