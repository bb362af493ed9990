"""The transparency log as anybody reads it: its checkpoint, its tiles, and the entries under them.

A tile's address says which hashes and how many, so it never changes and is kept for ever. Which tiles there are follows
from the checkpoint, and `miniapps/bundles/tiles.py` says which of them a proof needs.
Source: C2SP tlog-tiles, with the prefix `/tlog`.
"""

from __future__ import annotations

from typing import Final

from aiohttp import web

from miniapps.bundles import tiles
from miniapps.releases.log import Log

PREFIX: Final = "/tlog"
_FOR_EVER: Final = "public, max-age=31536000, immutable"
_ANYBODY: Final = {"Access-Control-Allow-Origin": "*", "Cross-Origin-Resource-Policy": "cross-origin"}


def routes(log: Log) -> list[web.RouteDef]:
    doors = _Doors(log)
    return [web.get(f"{PREFIX}/checkpoint", doors.checkpoint), web.get(f"{PREFIX}/tile/{{path:.+}}", doors.tile)]


class _Doors:
    def __init__(self, log: Log) -> None:
        self._log = log

    async def checkpoint(self, _: web.Request) -> web.Response:
        return web.Response(text=await self._log.checkpoint(), headers={"Cache-Control": "no-cache", **_ANYBODY})

    async def tile(self, request: web.Request) -> web.Response:
        """404 for what is no tile, and for one that the log has not reached."""
        try:
            tile = tiles.read_path(request.match_info["path"])
        except ValueError:
            raise web.HTTPNotFound() from None
        found = await (self._log.entries(tile) if tile.level == tiles.ENTRIES else self._log.hashes(tile))
        if found is None:
            raise web.HTTPNotFound()
        headers = {"Content-Type": "application/octet-stream", "Cache-Control": _FOR_EVER, **_ANYBODY}
        return web.Response(body=found, headers=headers)
