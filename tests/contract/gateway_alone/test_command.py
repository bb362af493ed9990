"""`python -m api gateway`: what it prints, what it needs, and the one sentence for each thing that is wrong."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import orjson
import pytest

from tests.contract.gateway_alone.conftest import SUPERGRAPH, Client, Subgraph
from tests.contract.gateway_alone.conftest import gateway as gateway_of

ROOT = Path(__file__).parents[3]


async def run(*arguments: str) -> tuple[int | None, str, str]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "api", "gateway", "--port", "0", *arguments),
        cwd=ROOT,
        env={},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await asyncio.wait_for(process.communicate(), 30)
    return process.returncode, out.decode(), err.decode()


async def test_it_says_in_one_line_where_it_answers_and_ends_when_told(supergraph: Path, subgraph: Subgraph) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "api", "gateway", "--port", "0", "--supergraph", str(supergraph)),
        cwd=ROOT,
        env={},
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    ready = orjson.loads(await asyncio.wait_for(process.stdout.readline(), 20))
    assert ready["subgraphs"] == {"a": subgraph.url} and ready["pid"] == process.pid
    import aiohttp

    async with aiohttp.ClientSession() as http:
        client = Client(ready["graphql"].removesuffix("/graphql"), http)
        assert await client.ask("{ hello }") == (200, {"data": {"hello": "hi"}})
    process.terminate()
    assert await asyncio.wait_for(process.wait(), 10) == 0


async def test_it_loads_nothing_of_the_city_and_no_driver_of_a_store() -> None:
    city = "{'pymongo', 'redis', 'docket', 'identity', 'notifications', 'miniapps', 'api.app', 'api.domains'}"
    code = f"import sys, api.__main__, api.alone; print({city} & set(sys.modules))"
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", code, cwd=ROOT, stdout=asyncio.subprocess.PIPE)
    out, _ = await asyncio.wait_for(process.communicate(), 30)
    assert out == b"set()\n"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("type Query {", "Syntax Error: Expected Name, found <EOF>."),
        ("type Query { a: Int }", "it has no enum join__Graph."),
        ("enum join__Graph { A } type Query @join__type(graph: B) { a: Int }", "it is not as composition writes it."),
        ("enum join__Graph { A } type T { a: Int }", "Query root type must be provided."),
        (SUPERGRAPH.replace("URL", ""), "The supergraph does not say where a answers: --subgraph a=http://…"),
        (SUPERGRAPH.replace("URL", "ftp://x"), "The URL of subgraph a must be a URL that begins with http://"),
    ],
)
async def test_a_bad_supergraph_is_refused_in_one_sentence(tmp_path: Path, text: str, sentence: str) -> None:
    file = tmp_path / "bad.graphql"
    file.write_text(text)
    status, out, err = await run("--supergraph", str(file))
    assert (status, out) == (2, "") and sentence in err and err.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--supergraph", "/none.graphql"], "/none.graphql cannot be read: No such file or directory."),
        (["--supergraph", "http://u:s3cret@127.0.0.1:9/s?key=s3cret"], "http://127.0.0.1:9/s does not answer."),
        (["--supergraph", "x", "--propagate", "Connection"], "--propagate Connection is not a header"),
        (["--supergraph", "x", "--subgraph", "b"], "--subgraph takes NAME=URL."),
        (["--supergraph", "x", "--attempts", "99"], "--attempts must be from 1 to 10."),
    ],
)
async def test_a_bad_argument_is_refused_in_one_sentence(arguments: list[str], sentence: str) -> None:
    status, out, err = await run(*arguments)
    assert (status, out) == (2, "") and sentence in err and "s3cret" not in err and err.count("\n") == 1


async def test_a_subgraph_may_answer_elsewhere(tmp_path: Path, subgraph: Subgraph) -> None:
    file = tmp_path / "s.graphql"
    file.write_text(SUPERGRAPH.replace("URL", "http://127.0.0.1:9/nowhere"))
    async with gateway_of(file, subgraph=[f"a={subgraph.url}"]) as client:
        assert await client.ask("{ hello }") == (200, {"data": {"hello": "hi"}})
    status, _, err = await run("--supergraph", str(file), "--subgraph", "b=http://x")
    assert status == 2 and "--subgraph names b; there is a." in err


async def test_a_policy_denies_here_and_the_log_says_so_once(
    tmp_path: Path, subgraph: Subgraph, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "s.graphql"
    linked = SUPERGRAPH.replace(
        "schema\n", 'schema @link(url: "https://specs.apollo.dev/policy/v0.1", for: SECURITY)\n'
    )
    guarded = linked.replace("hello: String", 'hello: String @policy(policies: [["nobody"]])')
    file.write_text(guarded.replace("URL", subgraph.url))
    async with gateway_of(file) as client:
        for _ in range(2):
            status, body = await client.ask("{ hello }")
            assert status == 200 and body["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    (said,) = [record for record in caplog.records if "polic" in record.getMessage()]
    assert said.__dict__["facts"] == {"policies": ["nobody"]}
