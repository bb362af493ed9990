"""What is answered on programs' hosts: their files, the city's few of its own, and nothing else.

Rules
- `/<root>/<path>` is a file of a release, found by its exact name. `/__mini/<name>` is one that the city gives every
  program; with the version of all of these between, it is kept for ever. Everything else is 404, and nothing here reads
  a cookie or a token.
- One address takes a body: where browsers say what a page tried (`reports`). Whatever they say gets one answer.
- A file's address names its content, so it is kept for ever. Pages are asked for again: they begin with the host's
  script of now, and a revoked release does not start from what a browser has kept.
- A revoked release is gone (410), and the browser is told to throw away what it kept of it (T9).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self

from aiohttp import web

from core.errors import BadInput, DomainError, Unavailable
from core.files import File
from core.uploads import read_body
from miniapps.bundles import names
from miniapps.bundles.html import inline_script_hashes
from miniapps.bundles.policy import NO_DOCUMENT, PERMISSIONS_POLICY
from miniapps.releases.origins import Origins
from miniapps.releases.reports import BYTES_MAX, TYPE, Hears, blocked
from miniapps.releases.shelf import Shelf

HOST_FOLDER: Final = "__mini"
REPORTS: Final = f"/{HOST_FOLDER}/reports/"
PRELOAD: Final = "preload.js"
_HOST: Final = Path(__file__).parents[1] / "host" / "mini"
WAITING: Final = "waiting.html"
_NAMES: Final = (PRELOAD, WAITING)
_FOR_EVER: Final = "public, max-age=31536000, immutable"
_ASK_AGAIN: Final = "no-cache"
_METHODS: Final = ("GET", "HEAD")
_REPORT_WITHIN_S: Final = 5
# Of an answer that is no file: nothing in it can do anything.
_BARE: Final = {
    "Content-Security-Policy": NO_DOCUMENT,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Access-Control-Allow-Origin": "*",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "Cache-Control": "no-store",
}


def _headers(name: str, text: bytes) -> dict[str, str]:
    told = {**_BARE, "Content-Type": names.check_type(name)}
    return told | _page_headers(text) if name.endswith(".html") else told


def _page_headers(text: bytes) -> dict[str, str]:
    """Of a page of the city's own: its script runs and may go to a page of the same host. Whoever frames it learns
    nothing by it, and the page that it goes to says by whom it may be framed."""
    hashes = " ".join(inline_script_hashes(text))
    policy = (
        f"default-src 'none'; script-src {hashes}; base-uri 'none'; form-action 'none'; "
        "sandbox allow-scripts allow-forms; require-trusted-types-for 'script'; trusted-types 'none'"
    )
    return {
        "Content-Security-Policy": policy,
        "Permissions-Policy": PERMISSIONS_POLICY,
        "Connection-Allowlist": "(response-origin)",
    }


@dataclass(frozen=True, slots=True)
class HostFiles:
    """The city's own files on every program's host, under a version that is the hash of all of them."""

    version: str
    files: Mapping[str, File] = field(repr=False)

    @classmethod
    def of(cls, raw: Mapping[str, bytes]) -> Self:
        digest = hashlib.sha256(b"".join(name.encode() + b"\0" + raw[name] for name in sorted(raw)))
        files = {name: File.of(text, _headers(name, text)) for name, text in raw.items()}
        return cls(digest.hexdigest()[:16], files)

    @classmethod
    def shipped(cls) -> Self:
        """Those beside the shell's runtime, which they belong to."""
        return cls.of({name: (_HOST / name).read_bytes() for name in _NAMES})

    def path_of(self, name: str) -> str:
        return f"/{HOST_FOLDER}/{self.version}/{name}"


@dataclass(frozen=True, slots=True)
class ProgramHosts:
    """Every host of programs. Answers the door for them (`api.web.hosts.OtherHosts`).

    hears: who counts what browsers say. address: where a request is from.
    """

    origins: Origins
    shelf: Shelf
    host_files: HostFiles
    hears: Hears
    address: Callable[[web.Request], str]

    def owns(self, host: str) -> bool:
        return self.origins.owns(host)

    async def answer(self, request: web.Request) -> web.Response:
        key = self.origins.key_at(request.host)
        if request.method == "POST" and key is not None and request.rel_url.path.startswith(REPORTS):
            return await self._heard(request, key)
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
        return file.answer(request, **{"Cache-Control": _FOR_EVER if version else _ASK_AGAIN})

    async def _heard(self, request: web.Request, key: str) -> web.Response:
        """Says nothing of what became of it."""
        with suppress(DomainError):
            if request.content_type != TYPE:
                return _plain(204)
            found = await self.shelf.find(key, request.rel_url.path.removeprefix(REPORTS))
            body = await read_body(
                request,
                bytes_max=BYTES_MAX,
                within_s=_REPORT_WITHIN_S,
                too_large=BadInput(field="body", problem="is too large"),
                too_slow=BadInput(field="body", problem="is too slow"),
            )
            if found is not None and (one := blocked(body, csp=found[0].csp, host=request.host)):
                await self.hears.blocked(found[0].release, one, address=self.address(request))
        return _plain(204)

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
        return file.answer(request)


def _plain(status: int, **headers: str) -> web.Response:
    return web.Response(status=status, headers={**_BARE, **headers})
