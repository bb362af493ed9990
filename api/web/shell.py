"""The web shell, served from memory: read once, packed once, cached for ever under its version.

`/` names every file of the shell under `/v-<hash of all of them>/`: a browser that knows the version asks for none of
them again, and one that meets a new version never mixes two. What is asked for without a version is revalidated.

A sandbox city's page says that it is one (`data-sandbox`), and the shell shows it on every screen.

Screens live behind the `#` of `/`. Those that others send people to, by a link that is typed or printed, have an
address of their own here, which leads there. Where what they bring stands behind a `#` of its own, the address is the
page itself: a redirect would lose it, and a query string would be sent, and logged.

The service worker is at `/sw.js` alone, and asked for again each time: before its text come the version and the files
that it keeps, and it imports those of the version. So a new version is a new worker (miniapps/host/sw.js).
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Final

from aiohttp import web

from core.files import File

_TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
}
_ALWAYS: Final = {"Cache-Control": "public, max-age=31536000, immutable"}
_AGAIN: Final = {"Cache-Control": "no-cache"}
# The OpenID provider's pages: docs/decisions/0049-the-provider-s-pages-are-screens-of-the-shell.md
_SCREENS: Final = ("/authorize/{interaction:[A-Za-z0-9_-]{1,64}}", "/device", "/signed-out")
# Where the provider of real-person checks sends people on to (docs/decisions/0035).
_LANDINGS: Final = ("/real-name/face",)
_WORKER: Final = "sw.js"
_IMPORTED: Final = re.compile(rb'^(import .* from )"\./', re.MULTILINE)
_RELATIVE: Final = re.compile(rb'\b(href|src)="(?![a-z]+:|[/#])')


@dataclass(slots=True)
class Shell:
    """folder: of the shell. live: read again whenever the page is opened, for whoever works on it. sandbox: whether the
    city is one.
    """

    folder: Path
    live: bool = False
    sandbox: bool = False
    _version: str = field(default="", init=False)
    _files: Mapping[str, File] = field(init=False)
    _worker: File | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        self._read()

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/", self._page),
            *(web.get(path, self._page) for path in _LANDINGS),
            *(web.get(path, _to_screen) for path in _SCREENS),
            web.get(f"/{_WORKER}", self._service_worker),
            web.get("/v-{version:[0-9a-f]{16}}/{path:.+}", self._versioned),
            web.get("/{path:.+}", self._unversioned),
        ]

    def _read(self) -> None:
        raw = {
            path.relative_to(self.folder).as_posix(): path.read_bytes()
            for path in sorted(self.folder.rglob("*"))
            if path.suffix in _TYPES
        }
        version = hashlib.sha256(b"".join(name.encode() + raw[name] for name in raw)).hexdigest()[:16]
        if version == self._version:
            return
        self._version = version
        prefix = rf'\1="/v-{self._version}/'.encode()
        raw["index.html"] = _RELATIVE.sub(prefix, raw["index.html"])
        if self.sandbox:
            raw["index.html"] = raw["index.html"].replace(b"<html ", b"<html data-sandbox ", 1)
        if (worker := raw.pop(_WORKER, None)) is not None:
            self._worker = _made(self._worker_of(worker, sorted(raw)), ".js")
        self._files = {name: _made(text, Path(name).suffix) for name, text in raw.items()}

    def _worker_of(self, text: bytes, files: Sequence[str]) -> bytes:
        told = {"version": self._version, "files": files, "pages": ["/", *_LANDINGS]}
        imported = _IMPORTED.sub(rf'\1"/v-{self._version}/'.encode(), text)
        return f"const SHELL = {json.dumps(told)};\n".encode() + imported

    async def _page(self, request: web.Request) -> web.Response:
        if self.live:
            self._read()
        return self._files["index.html"].answer(request, **_AGAIN)

    async def _service_worker(self, request: web.Request) -> web.Response:
        if self._worker is None:
            raise web.HTTPNotFound()
        return self._worker.answer(request, **_AGAIN)

    async def _versioned(self, request: web.Request) -> web.Response:
        current = request.match_info["version"] == self._version
        return self._file(request).answer(request, **(_ALWAYS if current else _AGAIN))

    async def _unversioned(self, request: web.Request) -> web.Response:
        return self._file(request).answer(request, **_AGAIN)

    def _file(self, request: web.Request) -> File:
        """By its exact name, from memory: no path leads anywhere else."""
        try:
            return self._files[request.match_info["path"]]
        except KeyError:
            raise web.HTTPNotFound() from None


# Who works on it changes a few files, and the rest need not be packed again; nor for the next city of one process.
@lru_cache(maxsize=512)
def _made(raw: bytes, suffix: str) -> File:
    return File.of(raw, {"Content-Type": _TYPES[suffix]})


async def _to_screen(request: web.Request) -> web.Response:
    return web.Response(
        status=303, headers={"Location": f"/#{request.rel_url.raw_path_qs}", "Cache-Control": "no-store"}
    )
