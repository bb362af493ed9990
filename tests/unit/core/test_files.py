"""What is answered from memory: packed for those who take it, and by one tag."""

from __future__ import annotations

import gzip

import pytest
from aiohttp.test_utils import make_mocked_request

from core.files import File, takes_gzip

RAW = b"export const shelf = 1;\n" * 40
FILE = File.of(RAW, {"Content-Type": "text/javascript"})


@pytest.mark.parametrize(
    ("accept", "taken"),
    [
        ("gzip", True),
        ("GZIP;q=1", True),
        ("br, gzip, zstd", True),
        ("gzip;q=0.5, br;q=1", True),
        ("*", True),
        ("*;q=0, gzip", True),
        ("identity, gzip", True),
        ("", False),
        ("identity", False),
        ("br", False),
        ("gzip;q=0", False),
        ("gzip; q=0.0, br", False),
        ("gzip;q=0, *", False),
        ("*;q=0", False),
        ("identity, gzip;q=0.5", False),
        ("gzip;q=much", False),
        ("x-gzipped", False),
        (", " * 20 + "gzip", False),
    ],
)
def test_gzip_is_for_those_who_take_it(accept: str, taken: bool) -> None:
    assert takes_gzip(accept) is taken
    answer = FILE.answer(make_mocked_request("GET", "/", {"Accept-Encoding": accept}))
    assert isinstance(answer.body, bytes)
    assert (gzip.decompress(answer.body) if taken else answer.body) == RAW
    assert answer.headers.get("Content-Encoding") == ("gzip" if taken else None)
    assert (answer.headers["Vary"], answer.headers["ETag"]) == ("Accept-Encoding", FILE.etag)


def test_one_weak_tag_stands_for_both_forms() -> None:
    assert FILE.etag.startswith('W/"')
    for told in (FILE.etag, FILE.etag.removeprefix("W/"), f'"other", {FILE.etag}'):
        again = FILE.answer(make_mocked_request("GET", "/", {"If-None-Match": told}), **{"Cache-Control": "no-cache"})
        assert (again.status, again.body, again.headers["Cache-Control"]) == (304, None, "no-cache")
    assert FILE.answer(make_mocked_request("GET", "/", {"If-None-Match": 'W/"other"'})).status == 200


def test_what_is_packed_already_or_gets_no_smaller_is_sent_as_it_is() -> None:
    for raw, kind in ((RAW, "image/png"), (b"a", "text/css")):
        file = File.of(raw, {"Content-Type": kind})
        assert (file.packed, file.size) == (None, len(raw))
        assert file.answer(make_mocked_request("GET", "/", {"Accept-Encoding": "gzip"})).body == raw
