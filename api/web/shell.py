"""The web shell, served from memory: read once, packed once, cached for ever under its version.

`/` names every file of the shell under `/v-<hash of all of them>/`: a browser that knows the version asks for none of
them again, and one that meets a new version never mixes two. What is asked for without a version is revalidated.

Screens live behind the `#` of `/`. Those that others send people to, by a link that is typed or printed, have an
address of their own here, which leads there. Where what they bring stands behind a `#` of its own, the address is the
page itself: a redirect would lose it, and a query string would be sent, and logged.

The service worker is at `/sw.js` alone, and asked for again each time: before its text come the version and the files
that it keeps, and it imports those of the version. So a new version is a new worker (miniapps/host/sw.js).
"""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from aiohttp import web

_TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
}
_FOR_EVER: Final = "public, max-age=31536000, immutable"
_ASK_AGAIN: Final = "no-cache"
# The OpenID provider's pages: docs/decisions/0049-the-provider-s-pages-are-screens-of-the-shell.md
_SCREENS: Final = ("/authorize/{interaction:[A-Za-z0-9_-]{1,64}}", "/device", "/signed-out")
# Where the provider of real-person checks sends people on to (docs/decisions/0035).
_LANDINGS: Final = ("/real-name/face",)
_WORKER: Final = "sw.js"
_IMPORTED: Final = re.compile(rb'^(import .* from )"\./', re.MULTILINE)
_RELATIVE: Final = re.compile(rb'\b(href|src)="(?![a-z]+:|[/#])')


@dataclass(frozen=True, slots=True)
class _File:
    raw: bytes
    packed: bytes
    etag: str
    content_type: str

    @classmethod
    def of(cls, raw: bytes, suffix: str) -> _File:
        etag = f'"{hashlib.sha256(raw).hexdigest()[:20]}"'
        return cls(raw, gzip.compress(raw, mtime=0), etag, _TYPES[suffix])

    def answer(self, request: web.Request, *, cache: str) -> web.Response:
        headers = {"Cache-Control": cache, "ETag": self.etag, "Vary": "Accept-Encoding"}
        if request.headers.get("If-None-Match") == self.etag:
            return web.Response(status=304, headers=headers)
        headers["Content-Type"] = self.content_type
        if "gzip" not in request.headers.get("Accept-Encoding", ""):
            return web.Response(body=self.raw, headers=headers)
        return web.Response(body=self.packed, headers={**headers, "Content-Encoding": "gzip"})


@dataclass(slots=True)
class Shell:
    """folder: of the shell. live: read again whenever the page is opened, for whoever works on it."""

    folder: Path
    live: bool = False
    _version: str = field(default="", init=False)
    _files: Mapping[str, _File] = field(init=False)
    _worker: _File | None = field(init=False, default=None)

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
        if (worker := raw.pop(_WORKER, None)) is not None:
            self._worker = _File.of(self._worker_of(worker, sorted(raw)), ".js")
        self._files = {name: _File.of(text, Path(name).suffix) for name, text in raw.items()}

    def _worker_of(self, text: bytes, files: Sequence[str]) -> bytes:
        told = {"version": self._version, "files": files, "pages": ["/", *_LANDINGS]}
        imported = _IMPORTED.sub(rf'\1"/v-{self._version}/'.encode(), text)
        return f"const SHELL = {json.dumps(told)};\n".encode() + imported

    async def _page(self, request: web.Request) -> web.Response:
        if self.live:
            self._read()
        return self._files["index.html"].answer(request, cache=_ASK_AGAIN)

    async def _service_worker(self, request: web.Request) -> web.Response:
        if self._worker is None:
            raise web.HTTPNotFound()
        return self._worker.answer(request, cache=_ASK_AGAIN)

    async def _versioned(self, request: web.Request) -> web.Response:
        current = request.match_info["version"] == self._version
        return self._file(request).answer(request, cache=_FOR_EVER if current else _ASK_AGAIN)

    async def _unversioned(self, request: web.Request) -> web.Response:
        return self._file(request).answer(request, cache=_ASK_AGAIN)

    def _file(self, request: web.Request) -> _File:
        """By its exact name, from memory: no path leads anywhere else."""
        try:
            return self._files[request.match_info["path"]]
        except KeyError:
            raise web.HTTPNotFound() from None


async def _to_screen(request: web.Request) -> web.Response:
    return web.Response(
        status=303, headers={"Location": f"/#{request.rel_url.raw_path_qs}", "Cache-Control": "no-store"}
    )
