"""Pages that the shell composes, beside what the city says of the same pages: policy, scripts, tags."""

from __future__ import annotations

import json
import random
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from miniapps.bundles import html, policy
from miniapps.bundles.errors import BundleError
from miniapps.bundles.statement import Profile

HOST = Path("miniapps/host").resolve()
PAGE = "pages/home/home.html"
_HTML = """\ufeff<!DOCTYPE html>\r\n<html><head>
<link rel=modulepreload href=../../common/a.js><link rel="icon" href="x.png">
<link rel="stylesheet" integrity="sha256-AAAA" href='../../common/look.css'>
<script>inline(1 < 2);\r\n</script></head><body>
<svg><style>g{fill:url(../../common/it%27s.png)}</style><image href="../../common/it's.png"/></svg>
<img src="../../common/it&#39;s.png"><script type="module" src="../../common/a.js"></script>
<script src="../../common/old.js" integrity="sha256-AAAA" defer></script></body></html>"""
_FILES = {
    PAGE: _HTML,
    "common/a.js": "import './b.js?1'; import('./b.js'); // import './no.js'\nexport const at = import.meta.url;",
    "common/b.js": "export * from '../common/a.js';",
    "common/old.js": "old();",
    "common/look.css": "h1 { background: url(it\\'s.png) }",
    "common/it's.png": "picture",
}
_PIECES = (
    "<svg>|</svg>|<svg><title>|<g>|</g>|<g/>|<style>|</style>|<style/>|<title>|</title>|<textarea>|</textarea>|"
    "<noscript>|</noscript>|<script>|</script>|1</script>|<script type=module>2|"
    "<p a='>'>|<p a=\">\">|</p>|<!--|-->|<img alt=x/>|x|<br/>|=|/|>|<|&lt;"
).split("|")
_STYLES = {
    '@import "x.css" layer(a);': '@import url("data:,") layer(a);',
    "@import url( 'x' );": '@import url("data:,");',
    "a{b:URL(x)}/* url(x) */": 'a{b:url("data:,")}/* url(x) */',
    "a{content:'url(x)'}": "a{content:'url(x)'}",
    'a{b:url("\\78 y")}': 'a{b:url("data:,")}',
    "a{b:url(y)}": "a{b:url(y)}",
}


def _profile(**more: Any) -> Profile:
    return Profile("city", 0, 0, "org.example.a", 1, "", "", "", "", **more)


PROFILES = {
    "plain": _profile(),
    "more": _profile(connect=("https://api.example",), img=("https://img.example",), trusted_types=False),
}


def _plain_pages(count: int) -> list[str]:
    pieces = random.Random(6)
    found: list[str] = []
    while len(found) < count:
        text = "".join(pieces.choices(_PIECES, k=pieces.randint(3, 10)))
        try:
            html.check_html("p.html", text.encode())
        except BundleError:
            continue
        found.append(text)
    return found


@pytest.fixture(scope="module")
def plain() -> list[str]:
    return _plain_pages(400)


@pytest.fixture(scope="module")
def said(plain: list[str]) -> Any:
    profiles = {
        name: {"domains": {"connect": one.connect, "img": one.img}, "trusted_types": one.trusted_types}
        for name, one in PROFILES.items()
    }
    asked = {"files": _FILES, "page": PAGE, "profiles": profiles, "plain": plain, "styles": list(_STYLES)}
    script = Path(__file__).with_name("composed.mjs")
    ran = subprocess.run(
        ["node", str(script), f"{HOST}/"],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return json.loads(ran.stdout)


def _directives(text: str) -> dict[str, set[str]]:
    return {name: set(values) for name, *values in (one.split() for one in text.split("; "))}


@pytest.mark.parametrize("name", PROFILES)
def test_a_composed_page_may_do_no_more_than_one_by_the_network(said: Any, name: str) -> None:
    composed = _directives(said["pages"][name]["policy"])
    city = _directives(policy.content_security_policy(profile=PROFILES[name], hashes=(), shell_origins=["x"]))
    del city["sandbox"]  # the frame's attribute says it
    assert composed.keys() - city.keys() == {"object-src"}
    assert city.keys() - composed.keys() == set()
    for directive, values in composed.items():
        hashes = {one for one in values if one.startswith("'sha256-")}
        more = values - hashes - {"data:", "blob:"} - (city.get(directive, set()) | {"'none'", "'self'"})
        assert (directive, more) == (directive, set())
        assert "data:" not in values if directive in ("script-src", "default-src", "worker-src") else True


def test_every_script_of_a_composed_page_is_named_in_its_policy(said: Any) -> None:
    page = said["pages"]["plain"]
    allowed = _directives(page["policy"])["script-src"]
    found = html.inline_script_hashes(page["html"].encode())
    assert len(found) == 5  # the host's two, the inline one, the import map, the entry
    assert set(found) <= allowed
    assert len(allowed) == len(found) + 2 + 1 + 1  # two modules, one script by its integrity, WebAssembly


def test_a_composed_page_names_no_file_by_an_address(said: Any) -> None:
    text = re.sub(r"data:[^\"')]*", "data:", said["pages"]["plain"]["html"])
    assert text.startswith("<!DOCTYPE html><script>host.one();</script><script>host.two();</script>")
    assert re.findall(r"""(?:src|href)=(?!"data:)[^ >]*|url\((?!"data:|&quot;data:)[^)]*""", text) == []
    assert text.count('src="data:') == 2 and text.count('href="data:') == 2
    assert "sha256-AAAA" not in text


def test_the_features_that_a_page_may_not_ask_for_are_the_city_s(said: Any) -> None:
    assert said["permissions"] == policy.PERMISSIONS_POLICY


def test_tags_are_read_as_the_city_reads_them(said: Any, plain: list[str]) -> None:
    assert sum("<script" in page for page in plain) > 50
    for page, tags in zip(plain, said["scripts"], strict=True):
        scripts = [text for name, text in tags if name == "script" and text]
        assert set(html.inline_script_hashes(page.encode())) == {html._source(text) for text in scripts}, page


def test_style_sheets_are_read_by_their_tokens(said: Any) -> None:
    assert dict(zip(_STYLES, said["styles"], strict=True)) == _STYLES
