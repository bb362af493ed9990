"""Which modules a page will import, told to the browser beside the page (`Link: …; rel=modulepreload`): it asks for all
of them at once, where it would else find each in the one that imports it, a round trip after another.

A hint is no promise. What looks like an import and is none is fetched for nothing, and can only be a file of the same
package; what is missed here is fetched when it is met. So patterns will do, over the beginning of each file.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from typing import Final
from urllib.parse import quote, unquote

MODULES_MAX: Final = 48
# Static imports stand first in what people and bundlers write.
_READ_MAX: Final = 32 * 1024
_SCRIPT: Final = re.compile(rb"<script\b([^>]{0,1024})>", re.IGNORECASE)
_MODULE: Final = re.compile(rb"""\btype\s*=\s*["']?module\b""", re.IGNORECASE)
_SRC: Final = re.compile(rb"""\bsrc\s*=\s*["']?([^"'\s>]{1,256})""", re.IGNORECASE)
_IMPORT: Final = re.compile(
    rb"""\b(?:import|export)\b(?:[\w$\s{},*]{0,200}?\bfrom\b)?\s*["'](\.{1,2}/[^"'\\\s]{1,256})["']"""
)


def modules(page: str, files: Mapping[str, bytes]) -> str:
    """The `Link` header of the page at `page`; empty where it imports nothing. files: of the package, by path."""
    found: list[str] = []
    waiting = list(_of_page(page, files))
    while waiting and len(found) < MODULES_MAX:
        path = waiting.pop(0)
        if path in found or path not in files:
            continue
        found.append(path)
        waiting += _of_module(path, files)
    # Behind the style sheets and pictures that the first paint waits for.
    return ", ".join(f"<{_address(path, page)}>; rel=modulepreload; fetchpriority=low" for path in found)


def _of_page(page: str, files: Mapping[str, bytes]) -> Iterator[str]:
    raw = files[page][:_READ_MAX]
    for script in _SCRIPT.finditer(raw):
        if _MODULE.search(script[1]) and (src := _SRC.search(script[1])):
            yield _resolved(page, src[1])
    yield from _of_module(page, files)  # what stands in the page itself


def _of_module(path: str, files: Mapping[str, bytes]) -> Iterator[str]:
    for one in _IMPORT.finditer(files[path][:_READ_MAX]):
        yield _resolved(path, one[1])


def _resolved(path: str, address: bytes) -> str:
    """Where a relative address leads from `path`: to no file where it has a host, a query or a fragment."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(path), unquote(address.decode("utf-8", "replace"))))


def _address(path: str, page: str) -> str:
    return quote(posixpath.relpath(path, posixpath.dirname(page) or "."), safe="/.~-_")
