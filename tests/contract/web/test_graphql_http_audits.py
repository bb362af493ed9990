"""The 60 audits that graphql-http (MIT) makes of a server, against the engine alone on a real port.

`tests/contract/web/audits` holds the package's lock; `make test` installs it before.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import orjson
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.contract.gateway_alone.conftest import SUPERGRAPH, gateway

AUDITS = Path(__file__).parent / "audits"
# A server MAY do these otherwise, and ours does.
MAY_BE_OTHERWISE: dict[str, str] = {}


async def typename(request: web.Request) -> web.Response:
    """A subgraph for a document that asks no more than the engine knows by itself."""
    return web.json_response({"data": {"hello": "hi"}})


@pytest.mark.timeout(120)
async def test_every_audit_passes(tmp_path: Path) -> None:
    file = tmp_path / "supergraph.graphql"
    app = web.Application()
    app.router.add_post("/a", typename)
    async with TestServer(app) as subgraph:
        file.write_text(SUPERGRAPH.replace("URL", str(subgraph.make_url("/a"))))
        async with gateway(file, development=True) as client:
            results = await audited(f"{client.base}/graphql")
    assert len(results) == 60
    failed = {r["id"]: f"{r['name']}: {r['reason']}" for r in results if r["status"] != "ok"}
    assert failed == MAY_BE_OTHERWISE


async def audited(url: str) -> list[dict[str, Any]]:
    run = await asyncio.create_subprocess_exec(
        "node", "run.mjs", url, cwd=AUDITS, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    printed, faults = await run.communicate()
    assert run.returncode == 0, faults.decode()
    found: list[dict[str, Any]] = orjson.loads(printed)
    return found
