"""What is answered on programs' hosts: their files, the city's few of its own, and nothing else.

Rules
- `/<root>/<path>` is a file of a release, found by its exact name. `/__mini/<name>` is one that the city gives every
  program; with the version of all of these between, it is kept for ever. Everything else is 404, and nothing here reads
  a body, a cookie or a token.
- A file's address names its content, so it is kept for ever. Pages are asked for again: they begin with the host's
  script of now, and a revoked release does not start from what a browser has kept.
- A revoked release is gone (410), and the browser is told to throw away what it kept of it (T9).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self

from aiohttp import web

from core.errors import Unavailable
from miniapps.bundles import names
from miniapps.bundles.policy import NO_DOCUMENT
from miniapps.releases.opening import File
from miniapps.releases.origins import Origins
from miniapps.releases.shelf import Shelf

HOST_FOLDER: Final = "__mini"
PRELOAD: Final = "preload.js"
_HOST: Final = Path(__file__).parents[1] / "host" / "mini"
_NAMES: Final = (PRELOAD,)
_FOR_EVER: Final = "public, max-age=31536000, immutable"
_ASK_AGAIN: Final = "no-cache"
_METHODS: Final = ("GET", "HEAD")
# Of an answer that is no file: nothing in it can do anything.
_BARE: Final = {
    "Content-Security-Policy": NO_DOCUMENT,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Access-Control-Allow-Origin": "*",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "Cache-Control": "no-store",
}


@dataclass(frozen=True, slots=True)
class HostFiles:
    """The city's own files on every program's host, under a version that is the hash of all of them."""

    version: str
    files: Mapping[str, File] = field(repr=False)

    @classmethod
    def of(cls, raw: Mapping[str, bytes]) -> Self:
        digest = hashlib.sha256(b"".join(name.encode() + b"\0" + raw[name] for name in sorted(raw)))
        files = {name: File.of(text, {**_BARE, "Content-Type": names.check_type(name)}) for name, text in raw.items()}
        return cls(digest.hexdigest()[:16], files)

    @classmethod
    def shipped(cls) -> Self:
        """Those beside the shell's runtime, which they belong to."""
        return cls.of({name: (_HOST / name).read_bytes() for name in _NAMES})

    def path_of(self, name: str) -> str:
        return f"/{HOST_FOLDER}/{self.version}/{name}"


@dataclass(frozen=True, slots=True)
class ProgramHosts:
    """Every host of programs. Answers the door for them (`api.web.hosts.OtherHosts`)."""

    origins: Origins
    shelf: Shelf
    host_files: HostFiles

    def owns(self, host: str) -> bool:
        return self.origins.owns(host)

    async def answer(self, request: web.Request) -> web.Response:
        key = self.origins.key_at(request.host)
        if request.method not in _METHODS:
            return _plain(405, Allow=", ".join(_METHODS))
        first, _, path = request.rel_url.path.removeprefix("/").partition("/")
        if key is None:
            return _plain(404)
        if first == HOST_FOLDER:
            return self._of_host(request, path)
        try:
            return await self._of_release(request, key, first, path)
        except Unavailable:
            return _plain(503)

    def _of_host(self, request: web.Request, path: str) -> web.Response:
        version, _, name = path.rpartition("/")
        file = self.host_files.files.get(name)
        if file is None or version not in ("", self.host_files.version):
            return _plain(404)
        return _answer(request, file, **{"Cache-Control": _FOR_EVER if version else _ASK_AGAIN})

    async def _of_release(self, request: web.Request, key: str, root: str, path: str) -> web.Response:
        found = await self.shelf.find(key, root)
        if found is None:
            return _plain(404)
        opened, runs = found
        if not runs:
            return _plain(410, **{"Clear-Site-Data": '"cache", "storage"'})
        file = opened.files.get(path)
        if file is None:
            return _plain(404)
        return _answer(request, file)


def _plain(status: int, **headers: str) -> web.Response:
    return web.Response(status=status, headers={**_BARE, **headers})


def _answer(request: web.Request, file: File, **headers: str) -> web.Response:
    told = {**file.headers, **headers, "ETag": file.etag, "Vary": "Accept-Encoding"}
    if _has(request, file.etag):
        return web.Response(status=304, headers=told)
    if file.packed is None or "gzip" not in request.headers.get("Accept-Encoding", ""):
        return web.Response(body=file.raw, headers=told)
    return web.Response(body=file.packed, headers={**told, "Content-Encoding": "gzip"})


def _has(request: web.Request, etag: str) -> bool:
    """RFC 9110 §13.1.2."""
    return any(tag.strip().removeprefix("W/") == etag for tag in request.headers.get("If-None-Match", "").split(","))
