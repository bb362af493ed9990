"""Archives: what every reader opens, and what every reader refuses, with the code."""

from __future__ import annotations

import base64
from typing import Final

from citytong_sdk.bundles import archive, errors, hashing

from .zips import Entry, deflated, zipped

_A, _B = Entry(), Entry(name=b"app.css", content=b"a{}")


def vectors() -> object:
    good = [
        {"id": case, "bytes": _b64(data), "files_h1": hashing.files_h1(archive.unpack(data))}
        for case, data in _GOOD.items()
    ]
    refused = [
        {"id": case, "bytes": _b64(data), "code": code, **({"limits": _LIMITS[case]} if case in _LIMITS else {})}
        for case, (data, code) in _BAD.items()
    ]
    return {"good": good, "refused": refused}


def _b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _named(*names: str | bytes) -> bytes:
    return zipped([Entry(name=name if isinstance(name, bytes) else name.encode()) for name in names])


_GOOD: Final = {
    "pkg-zip-stored": zipped([_A, _B]),
    "pkg-zip-deflated": zipped([Entry(method=8, packed=deflated(b"1"))]),
    "pkg-zip-version-1.0": zipped([Entry(fields={"version": 10})]),
    "pkg-zip-ascii-name-without-flag": zipped([Entry(fields={"flags": 0})]),
    "pkg-zip-empty-file": zipped([Entry(name=b"app.css", content=b"")]),
    "pkg-zip-no-unix-mode": zipped([Entry(central={"external": 0})]),
    "pkg-zip-any-date": zipped([Entry(fields={"date": 0x5A21, "time": 0x7000})]),
    "pkg-name-chinese": _named("页面/首页.html"),
    "pkg-name-same-in-two-folders": _named("pages/a/a.js", "pages/b/a.js"),
    "pkg-name-dots-inside": _named("vendor.min.js", "a..b.js"),
    "pkg-name-255-bytes": _named("a" * 252 + ".js"),
    "pkg-zip-magic-of-a-block-in-a-file": zipped([Entry(content=b"CITYMA Sig Blk 1PK\5\6")]),
}

_ZIP64_LOCATOR: Final = b"PK\6\7" + bytes(16)

_BAD: Final[dict[str, tuple[bytes, str]]] = {
    "pkg-zip-nothing": (b"", errors.NOT_A_ZIP),
    "pkg-zip-text": (b"<!doctype html><title>Not a package</title>", errors.NOT_A_ZIP),
    "pkg-zip-no-end-record": (zipped([_A])[:-22], errors.NOT_A_ZIP),
    "pkg-zip-end-cut": (zipped([_A])[:-1], errors.NOT_A_ZIP),
    "pkg-zip-no-entries": (zipped([]), errors.EMPTY),
    "pkg-zip-data-before": (zipped([_A], before=b"#!/bin/sh\n"), errors.ZIP_PREFIX),
    "pkg-zip-data-before-unshifted": (zipped([_A], before=b"MZ", shift=-2), errors.ZIP_PREFIX),
    "pkg-zip-trailing-byte": (zipped([_A], after=b"\0"), errors.ZIP_TRAILING),
    "pkg-zip-trailing-archive": (zipped([_A]) + zipped([_B]), errors.ZIP_LAYOUT),
    "pkg-zip-comment": (zipped([_A], end_comment=b"hello"), errors.ZIP_COMMENT),
    # The last record counts: of nothing, and not where it says.
    "pkg-zip-comment-is-an-end-record": (zipped([_A], end_comment=zipped([])), errors.ZIP_LAYOUT),
    "pkg-zip-comment-length-lies": (zipped([_A], end={"comment": 3}), errors.ZIP_COMMENT),
    "pkg-zip-entry-comment": (zipped([Entry(comment=b"x")]), errors.ZIP_COMMENT),
    "pkg-zip-multi-disk": (zipped([_A], end={"disk": 1}), errors.ZIP_MULTI_DISK),
    "pkg-zip-multi-disk-directory": (zipped([_A], end={"start_disk": 1}), errors.ZIP_MULTI_DISK),
    "pkg-zip-multi-disk-entry": (zipped([Entry(central={"disk": 1})]), errors.ZIP_MULTI_DISK),
    "pkg-zip-64-count": (zipped([_A], end={"here": 0xFFFF, "count": 0xFFFF}), errors.ZIP_64),
    "pkg-zip-64-offset": (zipped([_A], end={"offset": 0xFFFFFFFF}), errors.ZIP_64),
    "pkg-zip-64-locator": (zipped([_A])[:-22] + _ZIP64_LOCATOR + zipped([_A])[-22:], errors.ZIP_64),
    "pkg-zip-64-size": (zipped([Entry(fields={"size": 0xFFFFFFFF})]), errors.ZIP_64),
    "pkg-zip-counts-differ": (zipped([_A, _B], end={"here": 1}), errors.ZIP_DIRECTORY),
    "pkg-zip-counts-too-few": (zipped([_A, _B], end={"here": 1, "count": 1}), errors.ZIP_DIRECTORY),
    "pkg-zip-counts-too-many": (zipped([_A], end={"here": 2, "count": 2}), errors.ZIP_DIRECTORY),
    "pkg-zip-directory-name-too-long": (zipped([Entry(central={"name_length": 900})]), errors.ZIP_DIRECTORY),
    "pkg-zip-directory-elsewhere": (zipped([_A], end={"offset": 3}), errors.ZIP_LAYOUT),
    "pkg-zip-gap-between": (zipped([_A, _B], between=b"hidden"), errors.ZIP_LAYOUT),
    "pkg-zip-gap-before-directory": (zipped([_A], after_entries=b"hidden"), errors.ZIP_LAYOUT),
    "pkg-zip-overlap": (zipped([_A, Entry(name=b"app.css", central={"offset": 0})]), errors.ZIP_LAYOUT),
    "pkg-zip-overlap-quoted": (
        zipped([Entry(content=zipped([_B]), fields={"packed": 4, "size": 4}), _B]),
        errors.ZIP_CRC,
    ),
    "pkg-zip-directory-in-another-order": (zipped([_A, _B], reverse=True), errors.ZIP_PREFIX),
    "pkg-zip-data-into-directory": (zipped([Entry(fields={"packed": 200, "size": 200})]), errors.ZIP_LAYOUT),
    "pkg-zip-headers-name": (zipped([Entry(local_name=b"app.jz")]), errors.ZIP_HEADERS_DIFFER),
    "pkg-zip-headers-size": (zipped([Entry(local={"size": 9})]), errors.ZIP_HEADERS_DIFFER),
    "pkg-zip-headers-packed": (zipped([Entry(local={"packed": 9})]), errors.ZIP_HEADERS_DIFFER),
    "pkg-zip-headers-method": (zipped([Entry(local={"method": 8})]), errors.ZIP_HEADERS_DIFFER),
    "pkg-zip-headers-crc": (zipped([Entry(local={"crc": 1})]), errors.ZIP_HEADERS_DIFFER),
    "pkg-zip-headers-flags": (zipped([Entry(local={"flags": 0})]), errors.ZIP_HEADERS_DIFFER),
    "pkg-zip-headers-date": (zipped([Entry(local={"date": 0})]), errors.ZIP_HEADERS_DIFFER),
    "pkg-zip-headers-extra": (zipped([Entry(local={"extra_length": 1})]), errors.ZIP_HEADERS_DIFFER),
    "pkg-zip-encrypted": (zipped([Entry(fields={"flags": 0x0801})]), errors.ZIP_ENCRYPTED),
    "pkg-zip-encrypted-strong": (zipped([Entry(fields={"flags": 0x0840})]), errors.ZIP_ENCRYPTED),
    "pkg-zip-data-descriptor": (zipped([Entry(fields={"flags": 0x0808})]), errors.ZIP_FLAGS),
    "pkg-zip-method-bzip2": (zipped([Entry(method=12)]), errors.ZIP_METHOD),
    "pkg-zip-method-deflate64": (zipped([Entry(method=9)]), errors.ZIP_METHOD),
    "pkg-zip-version-4.5": (zipped([Entry(fields={"version": 45})]), errors.ZIP_METHOD),
    "pkg-zip-extra": (zipped([Entry(extra=b"UT\5\0\1....")]), errors.ZIP_EXTRA),
    "pkg-zip-extra-unicode-path": (zipped([Entry(extra=b"up\5\0\1....")]), errors.ZIP_EXTRA),
    "pkg-zip-symlink": (zipped([Entry(central={"external": 0o120777 << 16})]), errors.ZIP_FILE_TYPE),
    "pkg-zip-device": (zipped([Entry(central={"external": 0o020644 << 16})]), errors.ZIP_FILE_TYPE),
    "pkg-zip-directory-entry": (zipped([Entry(name=b"pages/", content=b"")]), errors.ZIP_FILE_TYPE),
    "pkg-zip-directory-attribute": (zipped([Entry(central={"external": 0x10})]), errors.ZIP_FILE_TYPE),
    "pkg-zip-stored-two-sizes": (zipped([Entry(fields={"size": 2})]), errors.ZIP_SIZE),
    "pkg-zip-unpacks-to-more": (
        zipped([Entry(method=8, content=b"12345", packed=deflated(b"12345"), fields={"size": 3})]),
        errors.ZIP_SIZE,
    ),
    "pkg-zip-unpacks-to-less": (
        zipped([Entry(method=8, content=b"12345", packed=deflated(b"12345"), fields={"size": 7})]),
        errors.ZIP_SIZE,
    ),
    "pkg-zip-deflate-broken": (zipped([Entry(method=8, packed=b"\7\7\7")]), errors.ZIP_DATA),
    "pkg-zip-deflate-cut": (zipped([Entry(method=8, packed=deflated(b"1")[:-1])]), errors.ZIP_DATA),
    "pkg-zip-deflate-not-last": (zipped([Entry(method=8, packed=b"\0" + deflated(b"1")[1:])]), errors.ZIP_DATA),
    "pkg-zip-deflate-goes-on": (zipped([Entry(method=8, packed=deflated(b"1") + b"hidden")]), errors.ZIP_DATA),
    "pkg-zip-crc": (zipped([Entry(fields={"crc": 1})]), errors.ZIP_CRC),
    "pkg-zip-ratio": (zipped([Entry(method=8, packed=deflated(b"1"), fields={"size": 601})]), errors.RATIO),
    "pkg-zip-ratio-of-nothing": (zipped([Entry(method=8, packed=b"", fields={"size": 1})]), errors.RATIO),
    "pkg-zip-budget-packed": (zipped([_A]), errors.TOO_LARGE),
    "pkg-zip-budget-unpacked": (zipped([_A, _B]), errors.UNPACKED_TOO_LARGE),
    "pkg-zip-budget-entries": (zipped([_A, _B]), errors.TOO_MANY_ENTRIES),
    "pkg-name-not-utf-8": (_named(b"\xff.js"), errors.NAME_ENCODING),
    "pkg-name-overlong-utf-8": (_named(b"..\xc0\xaf.js"), errors.NAME_ENCODING),
    "pkg-name-cp437": (zipped([Entry(name=b"caf\x82.js", fields={"flags": 0})]), errors.NAME_ENCODING),
    "pkg-name-absolute": (_named("/app.js"), errors.NAME_PATH),
    "pkg-name-parent": (_named("a/../app.js"), errors.NAME_PATH),
    "pkg-name-parent-first": (_named("../app.js"), errors.NAME_PATH),
    "pkg-name-here": (_named("./app.js"), errors.NAME_PATH),
    "pkg-name-empty-segment": (_named("a//app.js"), errors.NAME_PATH),
    "pkg-name-empty": (_named(""), errors.NAME_PATH),
    "pkg-name-backslash": (_named("..\\app.js"), errors.NAME_FORBIDDEN),
    "pkg-name-drive": (_named("C:app.js"), errors.NAME_FORBIDDEN),
    "pkg-name-nul": (_named("app.js\0.png"), errors.NAME_FORBIDDEN),
    "pkg-name-c1": (_named("a\x85.js"), errors.NAME_FORBIDDEN),
    "pkg-name-delete": (_named("a\x7f.js"), errors.NAME_FORBIDDEN),
    "pkg-name-wildcard": (_named("*.js"), errors.NAME_FORBIDDEN),
    "pkg-name-private-use": (_named("\ue000.js"), errors.NAME_FORBIDDEN),
    "pkg-name-special": (_named("\ufffc.js"), errors.NAME_FORBIDDEN),
    "pkg-name-noncharacter": (_named("\U0001fffe.js"), errors.NAME_FORBIDDEN),
    "pkg-name-language-tag": (_named("\U000e0001.js"), errors.NAME_FORBIDDEN),
    "pkg-name-hidden": (_named(".htaccess.js"), errors.NAME_FORBIDDEN),
    "pkg-name-trailing-dot": (_named("a./app.js"), errors.NAME_FORBIDDEN),
    "pkg-name-256-bytes": (_named("a" * 253 + ".js"), errors.NAME_LENGTH),
    "pkg-name-duplicate": (_named("app.js", "app.js"), errors.NAME_DUPLICATE),
    "pkg-name-case": (_named("app.js", "App.js"), errors.NAME_COLLISION),
    "pkg-name-case-of-folders": (_named("pages/a.js", "Pages/b.js"), errors.NAME_COLLISION),
    "pkg-name-full-case-folding": (_named("straße.js", "STRASSE.js"), errors.NAME_COLLISION),
    "pkg-name-final-sigma": (_named("ος.js", "οσ.js"), errors.NAME_COLLISION),
    "pkg-name-composition": (_named("é.js", "e\u0301.js"), errors.NAME_COLLISION),
    "pkg-name-kelvin": (_named("k.js", "\u212a.js"), errors.NAME_COLLISION),
    "pkg-name-file-and-folder": (_named("a.js", "a.js/b.js"), errors.NAME_COLLISION),
    "pkg-name-folder-and-file": (_named("a.js/b.js", "a.js"), errors.NAME_COLLISION),
    "pkg-type-php": (_named("index.php"), errors.TYPE_FORBIDDEN),
    "pkg-type-xhtml": (_named("index.xhtml"), errors.TYPE_FORBIDDEN),
    "pkg-type-none": (_named("README"), errors.TYPE_FORBIDDEN),
}

_LIMITS: Final = {
    "pkg-zip-budget-packed": {"packed": 100, "unpacked": 1000, "entries": 10, "ratio": 100},
    "pkg-zip-budget-unpacked": {"packed": 1000, "unpacked": 3, "entries": 10, "ratio": 100},
    "pkg-zip-budget-entries": {"packed": 1000, "unpacked": 1000, "entries": 1, "ratio": 100},
}
