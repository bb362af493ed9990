"""Archives: written in one way, and no way but that."""

from __future__ import annotations

import base64
import hashlib
import io
import sys
import unicodedata
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from miniapps.bundles import archive, blocks, errors, hashing, names
from miniapps.bundles.errors import BundleError

FILES = {"app.js": b"x" * 3000, "app.css": b"", "页/首页.html": b"<p>" + bytes(range(256)), "a.png": bytes(50_000)}


def test_the_same_files_are_the_same_bytes_in_any_order() -> None:
    assert archive.pack(FILES) == archive.pack(dict(reversed(FILES.items())))


def test_what_is_packed_is_what_is_unpacked_here_and_elsewhere() -> None:
    packed = archive.pack(FILES)
    assert dict(archive.unpack(packed)) == FILES
    assert list(archive.unpack(packed)) == sorted(FILES, key=str.encode)
    with zipfile.ZipFile(io.BytesIO(packed)) as other:
        assert {info.filename: other.read(info) for info in other.infolist()} == FILES
        assert {(info.date_time, info.external_attr >> 16, info.extra) for info in other.infolist()} == {
            ((1980, 1, 1, 0, 0, 0), 0o100644, b"")
        }


def test_a_block_leaves_the_archive_readable_and_comes_off_without_a_trace() -> None:
    packed = archive.pack(FILES)
    signed = blocks.join(packed, {blocks.LOG_PROOF: b"proof", blocks.DEVELOPER: b"developer"})
    with zipfile.ZipFile(io.BytesIO(signed)) as other:
        assert other.testzip() is None
    assert blocks.split(signed).values == {blocks.DEVELOPER: b"developer", blocks.LOG_PROOF: b"proof"}
    assert blocks.strip(signed) == packed == blocks.join(packed, {})
    with pytest.raises(BundleError, match=errors.BLOCK):
        blocks.join(signed, {blocks.PLATFORM: b""})
    with pytest.raises(BundleError, match=errors.ZIP_LAYOUT):
        archive.unpack(signed)


@pytest.mark.parametrize(
    ("files", "code"),
    [
        ({}, errors.EMPTY),
        ({"../a.js": b""}, errors.NAME_PATH),
        ({"a.exe": b""}, errors.TYPE_FORBIDDEN),
        ({"\ud800.js": b""}, errors.NAME_FORBIDDEN),
        ({f"{n}.js": b"" for n in range(archive.ENTRIES_MAX + 1)}, errors.TOO_MANY_ENTRIES),
        ({"a.js": bytes(archive.UNPACKED_BYTES_MAX + 1)}, errors.UNPACKED_TOO_LARGE),
        ({"a.js": hashing.sha256_hex(b"").encode() + bytes(archive.PACKED_BYTES_MAX)}, errors.TOO_LARGE),
    ],
)
def test_nothing_is_packed_that_cannot_be_unpacked(files: dict[str, bytes], code: str) -> None:
    with pytest.raises(BundleError) as refused:
        archive.pack(files)
    assert refused.value.code == code


@settings(max_examples=30)
@given(
    st.dictionaries(st.from_regex(r"[a-z]{1,8}(/[a-z]{1,8})?\.js", fullmatch=True), st.binary(max_size=200), min_size=1)
)
def test_any_files_come_back(files: dict[str, bytes]) -> None:
    assert dict(archive.unpack(archive.pack(files))) == files


@given(st.binary(max_size=400), st.integers(0, 400), st.sampled_from(["PK\3\4", "PK\1\2", "PK\5\6", ""]))
def test_any_bytes_are_refused_with_a_code(data: bytes, at: int, magic: str) -> None:
    packed = archive.pack({"a.js": b"1", "b.js": b"2"})
    with pytest.raises(BundleError):
        archive.unpack(packed[:at] + magic.encode() + data + b"\1" + packed[at:])


def test_names_that_fold_alike_by_unicode_fold_alike_here() -> None:
    """Full case folding of canonical equivalents, for each character there is."""

    def folded(text: str) -> str:
        return unicodedata.normalize("NFD", unicodedata.normalize("NFD", text).casefold())

    ours: dict[str, set[str]] = {}
    for point in range(sys.maxunicode + 1):
        if not 0xD800 <= point < 0xE000 and (character := chr(point)).isalpha():
            ours.setdefault(folded(character), set()).add(names.fold(character))
    assert [form for form, found in ours.items() if len(found) > 1] == []


def test_a_path_of_thirty_thousand_folders_is_followed_to_its_end() -> None:
    """In time that grows with its length: with its square this would take longer than a test may."""
    paths = [f"{'a/' * 30_000}{number}.js" for number in range(20)]
    names.check_unique(paths)
    with pytest.raises(BundleError, match=errors.NAME_COLLISION):
        names.check_unique([*paths, f"{'a/' * 30_000}0.JS"])


def test_hashes_are_those_of_the_specification() -> None:
    # Go's dirhash: sha256 of "sha256(content)  name\n" lines.
    assert hashing.files_h1({"a.js": b""}) == "h1:" + _h1_of_one_empty_file()
    assert hashing.root_prefix(hashing.files_h1({"a.js": b""})).isalnum()
    assert len(hashing.app_key("a.b", "k")) == 26 and hashing.app_key("a.b", "k") != hashing.app_key("a.b", "l")
    with pytest.raises(ValueError, match="h1"):
        hashing.root_prefix("h2:" + _h1_of_one_empty_file())


def _h1_of_one_empty_file() -> str:
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    return base64.b64encode(hashlib.sha256(f"{empty}  a.js\n".encode()).digest()).decode()
