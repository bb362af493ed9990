"""Tokens that are bound to a key, at both ways in: the lean one and aiohttp's take the same, and refuse the same."""

from __future__ import annotations

import asyncio

import aiohttp
import pytest

from tests.contract.web.doors import door, serving

# By what is sent: method, headers, what is answered, and what the challenge names.
CASES = {
    "a bound token with its proof": ("POST", {"Authorization": "DPoP bound", "DPoP": "POST /graphql bound"}, 200, None),
    "by GET, which is another proof": ("GET", {"Authorization": "DPoP bound", "DPoP": "GET /graphql bound"}, 200, None),
    "a POST's proof for a GET": ("GET", {"Authorization": "DPoP bound", "DPoP": "POST /graphql bound"}, 401, "proof"),
    "as a bearer's": ("POST", {"Authorization": "Bearer bound"}, 401, "token"),
    "as a bearer's by GET": ("GET", {"Authorization": "Bearer bound"}, 401, "token"),
    "as a bearer's, with a proof": (
        "POST",
        {"Authorization": "Bearer bound", "DPoP": "POST /graphql None"},
        401,
        "token",
    ),
    "without a proof": ("POST", {"Authorization": "DPoP bound"}, 401, "token"),
    "with another token's proof": (
        "POST",
        {"Authorization": "DPoP bound", "DPoP": "POST /graphql other"},
        401,
        "proof",
    ),
    "one that is bound to nothing": (
        "POST",
        {"Authorization": "DPoP free", "DPoP": "POST /graphql free"},
        401,
        "token",
    ),
    "a bad one": ("POST", {"Authorization": "DPoP bad", "DPoP": "POST /graphql bad"}, 401, "token"),
    "nobody, with a bad proof": ("POST", {"DPoP": "x"}, 401, "proof"),
    "nobody, with a proof": ("POST", {"DPoP": "POST /graphql None"}, 200, None),
    "a bearer's token as ever": ("POST", {"Authorization": "Bearer free"}, 200, None),
}


async def _told(session: aiohttp.ClientSession, base: str, method: str, headers: dict[str, str]) -> tuple[int, str]:
    asked = {"json": {"query": "{hello}"}} if method == "POST" else {"params": {"query": "{hello}"}}
    sent = {**headers, "GraphQL-Require-Preflight": "1"}
    async with session.request(method, f"{base}/graphql", headers=sent, **asked) as answer:  # type: ignore[arg-type]
        return answer.status, answer.headers.get("WWW-Authenticate", "")


@pytest.mark.parametrize("lean", [True, False], ids=["lean", "aiohttp"])
async def test_a_bound_token_opens_nothing_without_its_key(lean: bool) -> None:
    async with serving(door(), lean=lean) as base, aiohttp.ClientSession() as session:
        told = await asyncio.gather(*(_told(session, base, method, sent) for method, sent, _, _ in CASES.values()))
        challenges = {
            None: "",
            "proof": 'DPoP algs="ES256", error="invalid_dpop_proof"',
            "token": 'DPoP algs="ES256", error="invalid_token"',
        }
        expected = {name: (status, challenges[problem]) for name, (_, _, status, problem) in CASES.items()}
        assert dict(zip(CASES, told, strict=True)) == expected
        # Two lines of proofs are one list, which is no proof.
        twice = [("Authorization", "DPoP bound"), ("DPoP", "POST /graphql bound"), ("DPoP", "POST /graphql bound")]
        async with session.post(f"{base}/graphql", json={"query": "{hello}"}, headers=twice) as answer:
            assert answer.status == 401
