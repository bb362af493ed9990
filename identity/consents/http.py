"""The door for a copy of one's data: a file, to the citizen whose it is."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from aiohttp import web

from core.graph import Context
from identity.consents.downloads import DOWNLOADS_PATH, Downloads


def routes(*, downloads: Downloads, context: Callable[[web.Request], Awaitable[Context]]) -> list[web.RouteDef]:
    """`GET /identity/downloads/{id}` with the citizen's own access token; a ZIP."""

    async def fetch(request: web.Request) -> web.Response:
        principal = (await context(request)).principal
        download, raw = await downloads.fetch(principal=principal, download_id=request.match_info["id"])
        name = f"citytong-{download.asked_at.date().isoformat()}.zip"
        headers = {
            "Cache-Control": "no-store",
            "Content-Disposition": f'attachment; filename="{name}"',
            "X-Content-Type-Options": "nosniff",
        }
        return web.Response(body=raw, content_type="application/zip", headers=headers)

    return [web.get(f"{DOWNLOADS_PATH}/{{id}}", fetch)]
