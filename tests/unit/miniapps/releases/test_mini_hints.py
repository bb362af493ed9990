"""What a browser is told of a page's modules before it has read them."""

from __future__ import annotations

from miniapps.releases import hints

FILES = {
    "pages/home/home.html": b"""<!doctype html><script src="../../old.js"></script>
<script type="module" src="../../common/main.js"></script>
<script type=module>import { a } from "./own.js"; import("./later.js");</script>""",
    "pages/home/own.js": b'export * from "../../common/deep/c.js"',
    "pages/home/later.js": b"",
    "common/main.js": b'import "./a%20b.js";import{x,y as z}from"./deep/c.js"\n'
    b'import bare from "lit"; import q from "./q.js?1"',
    "common/a b.js": b'import * as m from "./main.js"; import gone from "./gone.js"; import out from "../../../x.js"',
    "common/deep/c.js": b"// nothing further",
    "common/q.js": b"",
    "old.js": b"",
    "pages/plain.html": b"<!doctype html><p>nothing",
}


def test_a_page_s_modules_are_named_once_nearest_first() -> None:
    named = hints.modules("pages/home/home.html", FILES).split(", ")
    addresses = ["../../common/main.js", "own.js", "../../common/a%20b.js", "../../common/deep/c.js"]
    assert named == [f"<{address}>; rel=modulepreload; fetchpriority=low" for address in addresses]
    assert hints.modules("pages/plain.html", FILES) == ""


def test_a_long_chain_ends() -> None:
    chain = {f"m{n}.js": f'import "./m{n + 1}.js"'.encode() for n in range(100)}
    told = hints.modules("index.html", {"index.html": b'<script type="module" src="m0.js"></script>', **chain})
    assert told.count("modulepreload") == hints.MODULES_MAX


def test_a_file_of_nothing_but_the_word_is_read_in_no_time() -> None:
    files = {"index.html": b"<script type=module src=a.js></script>", "a.js": b"import " * 300_000}
    assert hints.modules("index.html", files) == "<a.js>; rel=modulepreload; fetchpriority=low"
