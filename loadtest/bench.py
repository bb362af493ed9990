"""`make bench-web`: what a request costs beside a bare aiohttp handler of the same payload, in one run.

Prints the table of `docs/benchmarks/web.md`. Quote the CPU column and the ratios: requests/s on a shared machine are
luck, and client, gateway, MongoDB and Valkey share its cores.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import aiohttp

from loadtest.city import embedded_city
from loadtest.http import Measured, load, post

_CONNECTIONS: Final = 16
_SECONDS: Final = 5.0
_CITIZENS: Final = 80
_CODES_FROM_S: Final = 12.0
_ME: Final = "query Me { me { id name maskedName maskedPhone realNameLevel homeDistrict { code name } } }"
_HOME: Final = """query Home { me {
  id name homeDistrict { code name airQuality { aqi categoryLabel observedAt synthetic } }
  scans(first: 1) { nodes { at purposeLabel scanner { organisation badge } } }
} }"""
_CODE: Final = "query Code { me { cityCode { text issuedAt expiresAt } } }"
_SCAN: Final = (
    "mutation Scan($input: ScanCityCodeInput!) { scanCityCode(input: $input) { id at person { maskedName } } }"
)
_REQUEST: Final = "mutation($input: RequestSignInCodeInput!) { requestSignInCode(input: $input) { expiresAt } }"
_COMPLETE: Final = "mutation($input: CompleteSignInInput!) { completeSignIn(input: $input) { accessToken } }"
_SIGN_IN: Final = "mutation($input: SignInInput!) { signIn(input: $input) { accessToken } }"


class Visitor:
    """A client that takes its time: it prepares what the load then repeats."""

    def __init__(self, url: str, session: aiohttp.ClientSession) -> None:
        self.url = url
        self._session = session

    async def ask(self, query: str, variables: dict[str, Any] | None = None, token: str = "") -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        body = {"query": query, "variables": variables or {}}
        async with self._session.post(self.url, json=body, headers=headers) as response:
            answer: dict[str, Any] = await response.json()
        assert "errors" not in answer, answer["errors"]
        return answer

    async def sign_in(self, phone: str, audience: str = "CITIZEN") -> str:
        await self.ask(_REQUEST, {"input": {"phone": phone, "audience": audience}})
        given = {"phone": phone, "audience": audience, "deviceName": "bench", "code": await self._code(phone)}
        if audience == "STAFF":
            return await self._second_step(given)
        token: str = (await self.ask(_SIGN_IN, {"input": given}))["data"]["signIn"]["accessToken"]
        return token

    async def _second_step(self, given: dict[str, str]) -> str:
        """Staff are refused with what goes on: a code of the app that all of the demo's staff have."""
        async with self._session.post(self.url, json={"query": _SIGN_IN, "variables": {"input": given}}) as response:
            refusal = (await response.json())["errors"][0]["extensions"]
        async with self._session.get(self.url.replace("/graphql", "/dev/totp")) as response:
            shown = {"pendingId": refusal["pending_id"], "code": (await response.json())["code"]}
        token: str = (await self.ask(_COMPLETE, {"input": shown}))["data"]["completeSignIn"]["accessToken"]
        return token

    async def _code(self, phone: str) -> str:
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            async with self._session.get(self.url.replace("/graphql", "/dev/sms"), params={"phone": phone}) as response:
                if response.status == 200:
                    code: str = (await response.json())["code"]
                    return code
            await asyncio.sleep(0.02)
        raise TimeoutError("no SMS came")


@contextmanager
def _bare(payload: dict[str, Any]) -> Iterator[tuple[str, int]]:
    """The bare handler in a process of its own: its URL and process id."""
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(payload, file)
        file.flush()
        process = subprocess.Popen(
            [sys.executable, "-m", "loadtest.bare", file.name], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        try:
            port = re.search(r"http://127\.0\.0\.1:(\d+)", process.stdout.readline())
            assert port is not None
            yield f"http://127.0.0.1:{port[1]}/graphql", process.pid
        finally:
            process.terminate()
            process.wait()
            process.stdout.close()


def _request(url: str, query: str, token: str, variables: dict[str, Any] | None = None) -> bytes:
    body = json.dumps({"query": query, "variables": variables or {}}).encode()
    return post(url, body, {"Authorization": f"Bearer {token}"})


async def _beside_bare(
    name: str, url: str, pid: int, requests: list[bytes], answer: dict[str, Any], once: bool
) -> None:
    """Bare, ours, bare again: so that a machine that slows down slows both."""
    with _bare(answer) as (bare_url, bare_pid):
        bodies = [
            request.replace(url.split("/")[2].encode(), bare_url.split("/")[2].encode(), 1) for request in requests
        ]

        async def bare() -> Measured:
            return await load(
                url=bare_url,
                requests=bodies,
                connections=_CONNECTIONS,
                seconds=_SECONDS / 2,
                pid=bare_pid,
                must_hold=b'"data"',
            )

        first = await bare()
        ours = await load(
            url=url,
            requests=requests,
            connections=_CONNECTIONS,
            seconds=_SECONDS if not once else 30,
            pid=pid,
            must_hold=b'"data":{',
            once=once,
        )
        second = await bare()
    assert ours.failures == 0, f"{name}: {ours.failures} of {ours.answers} answers were wrong"
    bare_cpu_ms = (first.cpu_ms + second.cpu_ms) / 2
    bare_rate = (first.per_second + second.per_second) / 2
    print(
        f"| {name} | {ours.answers} | {ours.per_second:.0f} | {bare_rate:.0f} | {ours.per_second / bare_rate:.3f} "
        f"| {ours.cpu_ms:.3f} | {bare_cpu_ms:.3f} | {ours.percentile_ms(0.5):.1f} | {ours.percentile_ms(0.99):.1f} |",
        flush=True,
    )


async def _codes(visitor: Visitor, tokens: list[str]) -> list[str]:
    """Different codes, all still good: each citizen has one a second."""
    found: dict[str, None] = {}
    until = time.monotonic() + _CODES_FROM_S
    while time.monotonic() < until:
        answers = await asyncio.gather(*(visitor.ask(_CODE, token=token) for token in tokens))
        found.update((answer["data"]["me"]["cityCode"]["text"], None) for answer in answers)
    return list(found)


async def _bench(url: str, pid: int) -> None:
    async with aiohttp.ClientSession() as session:
        visitor = Visitor(url, session)
        token = await visitor.sign_in("13800000001")
        officer = await visitor.sign_in("13900000001", "STAFF")
        citizens = [await visitor.sign_in(str(13600000000 + n)) for n in range(_CITIZENS)]
        print("| operation | answers | ours/s | bare/s | ratio | ours CPU ms | bare CPU ms | p50 ms | p99 ms |")
        print("|---|---|---|---|---|---|---|---|---|")
        for name, query in (("me", _ME), ("home (three subgraphs, one over HTTP)", _HOME), ("code issue", _CODE)):
            answer = await visitor.ask(query, token=token)
            await _beside_bare(name, url, pid, [_request(url, query, token)], answer, once=False)
        texts = await _codes(visitor, citizens)
        given = [{"input": {"text": text, "purpose": "TRANSIT"}} for text in texts]
        answer = await visitor.ask(_SCAN, given.pop(), officer)
        scans = [_request(url, _SCAN, officer, variables) for variables in given]
        await _beside_bare("code verify and record", url, pid, scans, answer, once=True)


def main() -> None:
    # One person asks here what thousands would: their limit is counted, and never met.
    unlimited = {"TONG_REQUESTS_PER_MINUTE_MAX": "10000000"}
    with embedded_city({**os.environ, "TONG_LOG_LEVEL": "WARNING", **unlimited}) as city:
        asyncio.run(_bench(city["graphql"], city["pid"]))


if __name__ == "__main__":
    main()
