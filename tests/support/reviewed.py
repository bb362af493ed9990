"""Packages of the corpus of review (`sdk/contract/vectors/review`): a base and what is changed in it.

A case's `files` replace those of the base (null: gone; an object: as JSON; a list: joined, so that no key stands in
the repository as a scanner would find it), `manifest` changes members of the manifest, `archive` packs the files and
spoils the archive, `known` is what the caller knows. `@id` stands for the id of the first document, `@<path>` for a
file's hash.
"""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from citytong_sdk.bundles import archive, blocks

VECTORS: Final = Path(__file__).parents[2] / "sdk/contract/vectors/review"
Json = dict[str, Any]
_DEVELOPER: Final = struct.pack("<I", blocks.DEVELOPER)


@dataclass(frozen=True, slots=True)
class Case:
    id: str
    package: bytes | Mapping[str, bytes]
    schema: str | None
    known: Json
    findings: list[tuple[str, str, int]]


def cases(name: str) -> list[Case]:
    return [_case(one) for one in _read(name)]


def base() -> dict[str, bytes]:
    return _files({})


def _read(name: str) -> Any:
    return json.loads((VECTORS / f"{name}.json").read_text(encoding="utf-8"))


def _case(one: Json) -> Case:
    files = _files(one)
    known = dict(one.get("known", {}))
    if "proved" in known:
        known["proved"] = frozenset(known["proved"])
    if "icons" in known:
        known["icons"] = {hashlib.sha256(files[key[1:]]).hexdigest(): who for key, who in known["icons"].items()}
    found = [(rule, path, line) for rule, path, line in one.get("findings", [])]
    return Case(one["id"], _spoiled(files, one.get("archive", "")), one.get("schema"), known, found)


def _files(one: Json) -> dict[str, bytes]:
    files: dict[str, Any] = {**_read("base"), **one.get("files", {})}
    if isinstance(files["manifest.json"], dict):
        files["manifest.json"] = {**files["manifest.json"], **one.get("manifest", {})}
    documents = files.get("operations.json", {}).get("documents", [""])
    id = hashlib.sha256(documents[0].encode()).hexdigest()
    return {path: _content(content, id) for path, content in files.items() if content is not None}


def _content(content: Any, id: str) -> bytes:
    if isinstance(content, list):
        content = "".join(id if part == "@id" else part for part in content)
    return (content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)).encode()


def _spoiled(files: dict[str, bytes], how: str) -> bytes | Mapping[str, bytes]:
    if not how:
        return files
    packed = archive.pack(files)
    data = packed.index(b"app.css") + len(b"app.css")
    spoiled = {
        "plain": packed,
        "prefix": b"#!/bin/sh\n" + packed,
        "trailing": packed + b"more",
        "truncated": packed[:-30],
        "flipped": packed[:data] + bytes([packed[data] ^ 0xFF]) + packed[data + 1 :],
        "none": b"\x7fELF" * 20,
        "block": blocks.join(packed, {blocks.DEVELOPER: b"x"}).replace(_DEVELOPER, b"\xff" * len(_DEVELOPER)),
    }
    return spoiled[how]
