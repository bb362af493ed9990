"""The peer of the benchmarks: an aiohttp handler that reads the same request and answers the same bytes, no more."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import orjson
import uvloop
from aiohttp import web


def main() -> None:
    payload = orjson.loads(Path(sys.argv[1]).read_bytes())

    async def handle(request: web.Request) -> web.Response:
        orjson.loads(await request.read())
        return web.Response(body=orjson.dumps(payload), content_type="application/json")

    async def app() -> web.Application:
        application = web.Application()
        application.router.add_post("/graphql", handle)
        return application

    uvloop.install()
    web.run_app(
        app(), host="127.0.0.1", port=0, access_log=None, print=lambda said: print(json.dumps(said), flush=True)
    )


if __name__ == "__main__":
    main()
