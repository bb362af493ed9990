"""Every room answers the shell's questions by compiled calls as by graphql-core, on a city with people in it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from api.gateway.transport import LocalTransport, RequestContext, SubgraphRequest, SubgraphResponse
from tests.support.city import OpenCity

ROOT = Path(__file__).parents[2]


def documents() -> dict[str, str]:
    """The queries of the web shell, and a day in the city."""
    script = "import('./miniapps/host/documents.js').then((m) => console.log(JSON.stringify(m)))"
    told = subprocess.run(["node", "-e", script], cwd=ROOT, capture_output=True, text=True, check=True)
    shell = {n: d for n, d in json.loads(told.stdout).items() if isinstance(d, str) and d.startswith("query")}
    # A code is made anew for every question.
    kept = {n: d for n, d in shell.items() if "cityCode {" not in d}
    return {**kept, "A_DAY": (ROOT / "docs" / "a-day.graphql").read_text()}


async def test_the_rooms_answer_by_compiled_calls_as_by_graphql_core(
    city: OpenCity, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: dict[str, set[str]] = {}
    different: list[tuple[str, object, object]] = []
    asked = LocalTransport.fetch

    async def both(own: LocalTransport, request: SubgraphRequest, context: RequestContext) -> SubgraphResponse:
        if request.query.startswith("mutation"):
            return await asked(own, request, context)
        compiled = LocalTransport(own.schema, compile_at=1)
        answers = [await asked(one, request, context) for one in (LocalTransport(own.schema, compile_at=0), compiled)]
        first, second = ((answer.data, sorted(map(repr, answer.errors))) for answer in answers)
        if first != second:
            different.append((request.query, first, second))
        seen.setdefault(request.service, set()).update(compiled.ran)
        return answers[1]

    tokens = [await city.token("13800000001"), await city.token("13900000001", audience="STAFF"), ""]
    monkeypatch.setattr(LocalTransport, "fetch", both)
    for document in documents().values():
        for token in tokens:
            await city.ask(document, token=token)
    assert different == []
    assert {"identity", "citycode", "payments", "licences", "notifications", "reports", "health"} <= seen.keys()
    assert {way for ways in seen.values() for way in ways} == {"compiled"}
