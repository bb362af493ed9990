"""Manifests with their package: layout, start page, languages, and the schema for editors."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from miniapps.bundles import errors, manifest
from miniapps.bundles.errors import BundleError

ROOT = Path(__file__).parents[4]
VECTORS = json.loads((ROOT / "sdk/contract/vectors/bundles/manifests.json").read_text(encoding="utf-8"))
BASE: dict[str, Any] = VECTORS["read"][0]["manifest"]
PAGES = {"pages/index/index.html": b"", "pages/loan/loan.html": b""}
FILES = {"manifest.json": b"", "app.js": b"", "app.css": b"", "common/i.png": b"", **PAGES}


def read(**change: object) -> manifest.Manifest:
    return manifest.read(json.dumps({**BASE, **change}).encode())


def without(path: str) -> dict[str, bytes]:
    return {name: content for name, content in FILES.items() if name != path}


@pytest.mark.parametrize("path", ["manifest.json", "app.js", "app.css"])
def test_the_root_has_its_three_files(path: str) -> None:
    manifest.check_layout(read(), FILES)
    with pytest.raises(BundleError, match=errors.LAYOUT_MISSING):
        manifest.check_layout(read(), without(path))


def test_every_page_and_file_that_is_named_is_there() -> None:
    for code, path in ((errors.LAYOUT_PAGE, "pages/loan/loan.html"), (errors.LAYOUT_FILE, "common/i.png")):
        with pytest.raises(BundleError, match=code):
            manifest.check_layout(read(), without(path))
    with pytest.raises(BundleError, match=errors.LAYOUT_FILE):
        manifest.check_layout(read(city_operations="operations.json"), FILES)
    # W3C's own tests name `pages/home/home` and hold `pages/home.html`.
    with pytest.raises(BundleError, match=errors.LAYOUT_PAGE):
        manifest.check_layout(read(pages=["pages/home/home"]), {**FILES, "pages/home.html": b""})


@pytest.mark.parametrize(
    ("asked", "started"),
    [
        ("", "pages/index/index.html"),
        ("pages/loan/loan", "pages/loan/loan.html"),
        ("pages/loan/loan.html", "pages/loan/loan.html"),
        ("pages/other/other", "pages/index/index.html"),
        ("app.js", "pages/index/index.html"),
        ("../secret", "pages/index/index.html"),
    ],
)
def test_the_start_page_is_the_one_asked_for_or_home(asked: str, started: str) -> None:
    assert manifest.start_page(read(), FILES, asked) == started


def test_words_come_from_the_longest_tag_that_the_package_speaks() -> None:
    found = read(
        description="d",
        req_permissions=[{"name": "city.user.phone", "reason": "取书通知"}],
        widgets=[{"name": "w", "path": "w"}],
    )
    english = {
        "name": "Library",
        "window": {"navigation_bar_title_text": "Books"},
        "widgets": {"w": "Loans"},
        "city_reasons": {"city.user.phone": "to tell you"},
    }
    files = {
        "i18n/en.json": json.dumps(english).encode(),
        "i18n/en-GB.json": json.dumps({"name": "The Library", "window.navigation_bar_title_text": "Tomes"}).encode(),
        "i18n/fr.json": b"not json",
    }
    said = manifest.localised(found, files, "en-US")
    assert (said.name, said.window.navigation_bar_title_text, said.description) == ("Library", "Books", "d")
    assert (said.widgets[0].name, said.req_permissions[0].reason) == ("Loans", "to tell you")
    assert manifest.localised(found, files, "en-gb-oxendict").window.navigation_bar_title_text == "Tomes"
    assert manifest.localised(found, files, "fr-CA") == found == manifest.localised(found, files, "zh-CN")


def test_words_in_another_language_are_no_longer_than_in_the_manifest() -> None:
    """A session reads its release with each call: a reason of eight megabytes would come along every time."""
    found = read(
        req_permissions=[{"name": "city.user.phone", "reason": "取书通知"}], widgets=[{"name": "w", "path": "w"}]
    )
    long = "y" * 100_000
    words = {
        **dict.fromkeys(("name", "short_name", "description"), long),
        "window": {"navigation_bar_title_text": long},
        "widgets": {"w": long},
        "city_reasons": {"city.user.phone": long},
    }
    said = manifest.localised(found, {"i18n/en.json": json.dumps(words).encode()}, "en")
    texts = (said.name, said.short_name, said.description, said.window.navigation_bar_title_text, said.widgets[0].name)
    assert [len(text) for text in texts] == [64, 64, 2_000, 64, 64]
    assert len(said.req_permissions[0].reason) == 128


SCHEMA = json.loads((ROOT / "miniapps/bundles/manifest.schema.json").read_text(encoding="utf-8"))
# Faults across members, which a schema cannot see, and one that Python's `$` does not.
BEYOND = {
    "mnf-req-permissions-twice",
    "mnf-city-opt-permissions-required-too",
    "mnf-city-tab-bar-other-page",
    "mnf-name-blank",
    "mnf-app-id-line-feed",
}


def test_the_schema_refuses_what_is_refused_and_takes_what_is_good() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    validator = Draft202012Validator(SCHEMA)
    assert [error.message for error in validator.iter_errors(BASE)] == []
    refused = [case for case in VECTORS["refused"] if "manifest" in case]
    assert {case["id"] for case in refused if validator.is_valid(case["manifest"])} == BEYOND


def test_the_schema_finds_what_w3c_s_own_lets_through() -> None:
    """Erratum 12: its members stand where nothing reads them."""
    validator = Draft202012Validator(SCHEMA)
    for change in (
        {"pages": "oops"},
        {"window": {"orientation": "diagonal"}},
        {"version": {"name": "1", "code": -5}},
    ):
        assert not validator.is_valid({**BASE, **change})
