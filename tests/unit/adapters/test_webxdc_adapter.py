"""Apps of webxdc as programs: what moves, what is said, what is refused."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Final

import pytest

from sdk.adapters.webxdc.__main__ import main
from sdk.adapters.webxdc.convert import convert, read

PAGE: Final = b"""<!doctype html><html><head><title>t</title><script src="webxdc.js"></script>
<link rel="stylesheet" href="/a.css"><link rel="icon" href="/none.png"></head>
<body onload='start("x")'><a href="/a.css?v=1" onclick="go(); return false;">go</a>
<input onkeyup=look() disabled/><a href="//other.example/a.css">a</a></body></html>"""


def test_handlers_move_into_a_script_and_paths_begin_at_the_page() -> None:
    made = convert({"index.html": PAGE, "a.css": b"", "webxdc.js": b"theirs"}, app_id="org.example.app")
    assert (made.refused, made.handlers, made.sinks, made.left) == ("", 3, (), ("webxdc.js",))
    page = made.files["index.html"].decode()
    assert page.count('data-webxdc-on="') == 3
    assert [one for one in ("onload", "onclick", "onkeyup") if one in page] == []
    assert 'href="./a.css"' in page and 'href="./a.css?v=1"' in page
    assert 'href="/none.png"' in page and 'href="//other.example/a.css"' in page
    assert page.endswith('<script src="webxdc-handlers.js"></script></body></html>')
    script = made.files["webxdc-handlers.js"].decode()
    assert '[data-webxdc-on="0"]\').onload = function (event) { start("x")\n};' in script
    assert "go(); return false;" in script and "look()" in script
    assert b"theirs" not in made.files["webxdc.js"]


def test_a_page_in_a_folder_keeps_its_own_script_beside_it() -> None:
    app = {"index.html": b"<p>x</p>", "more/page.html": b'<img src="/a.png" onclick="x()">', "a.png": b"p"}
    made = convert(app, app_id="org.example.app")
    assert b'src="../a.png" data-webxdc-on="0"' in made.files["more/page.html"]
    assert b"x()" in made.files["more/page-webxdc-handlers.js"]


def test_what_writes_html_from_text_is_said_and_asked_for() -> None:
    made = convert({"index.html": b"<p>x</p>", "js/a.js": b"p.innerHTML = 'x'"}, app_id="org.example.app", name="名")
    manifest = json.loads(made.files["manifest.json"])
    assert made.sinks == ("js/a.js",)
    assert manifest["city_csp"] == {"trusted_types": False}
    assert (manifest["name"], manifest["pages"]) == ("名", ["index"])


def test_what_no_program_may_hold_is_said_in_the_packages_own_words() -> None:
    made = convert({"index.html": b'<iframe src="a.html"></iframe>'}, app_id="org.example.app")
    assert made.refused.startswith("BUNDLE_HTML_ELEMENT")


def test_an_app_is_a_zip_or_a_folder_with_what_is_public_over_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    app = tmp_path / "app"
    (app / "public").mkdir(parents=True)
    (app / "index.html").write_bytes(PAGE)
    (app / "public" / "icon.png").write_bytes(b"icon")
    (app / ".git").mkdir()
    (app / ".git" / "config").write_bytes(b"x")
    assert set(read(app)) == {"index.html", "icon.png"}
    packed = tmp_path / "app.xdc"
    with zipfile.ZipFile(packed, "w") as opened:
        opened.writestr("index.html", PAGE)
        opened.writestr("manifest.toml", 'name = "Of theirs"')
    out = tmp_path / "out"
    monkeypatch.setattr("sys.argv", ["webxdc", str(packed), str(out), "--app-id", "org.example.app"])
    assert main() == 0
    assert "3 handlers moved out of attributes" in capsys.readouterr().out
    assert json.loads((out / "manifest.json").read_text())["name"] == "Of theirs"
    with pytest.raises(ValueError, match=r"index\.html"):
        read(tmp_path / "app" / "public")
