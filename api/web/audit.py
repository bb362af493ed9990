"""The latest checkpoint of the audit, for whoever keeps copies that the city cannot change."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from core.audit import AuditLog

CHECKPOINT_PATH: Final = "/.well-known/citytong-audit"


def audit_routes(audit: AuditLog) -> list[web.RouteDef]:
    """`GET /.well-known/citytong-audit`: the signed text; 404 while nothing was written yet."""

    async def checkpoint(_: web.Request) -> web.Response:
        latest = await audit.latest()
        if latest is None:
            raise web.HTTPNotFound
        return web.Response(text=latest.text, headers={"Cache-Control": "no-cache", "Access-Control-Allow-Origin": "*"})

    return [web.get(CHECKPOINT_PATH, checkpoint)]
