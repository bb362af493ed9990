"""The dev server's door against other sites that the developer's browser has open."""

from __future__ import annotations

import json
from collections.abc import MutableMapping
from typing import Any, Final, cast

import pytest
from citytong_sdk.testing.rings import Rings
from citytong_sdk.tong.dev.answers import Answers
from citytong_sdk.tong.dev.city import DevCity, Platform
from citytong_sdk.tong.dev.door import PROGRAM_GRAPH, Asked, Door, Reply

PHONE: Final = "city.user.phone"
PORT: Final = 5317
OWN: Final = f"http://zh.localhost:{PORT}"


# Nobody asks it.
_NO_BACKEND: Final = cast(Platform, object())


async def _nothing(scope: MutableMapping[str, Any], receive: object, send: object) -> None:
    raise AssertionError("nobody asks")


@pytest.fixture
def door() -> Door:
    answers = Answers(schema="", scopes={}, mocks={})
    city = DevCity(
        rings=Rings(seed=1, log="city.example/log"), platform=_NO_BACKEND, now=lambda: 0.0, answers=answers, port=PORT
    )
    return Door(city, {}, _nothing)


def _asked(door: Door, body: object, origin: str | None, path: str = "/graphql") -> Reply:
    headers = {"host": f"zh.localhost:{PORT}", **({"origin": origin} if origin else {})}
    return door.answer(Asked("POST", "zh.localhost", path, "", headers, json.dumps(body).encode()))


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://en.localhost:5317", "http://localhost:5317"]
)
def test_another_site_settles_nothing_for_a_citizen(door: Door, origin: str) -> None:
    said = {"operationName": "SetMiniPermission", "variables": {"name": PHONE, "state": "DENIED"}}
    who = door.city.citizens["zh"]
    before = who.capability(PHONE)
    assert _asked(door, said, origin).status == 403 and who.capability(PHONE) == before
    assert _asked(door, said, OWN).status == 200 and who.capability(PHONE) != before


def test_what_is_no_object_asks_nothing(door: Door) -> None:
    assert b"tong dev has no None" in _asked(door, ["OpenMiniProgram"], OWN).body


def test_what_is_not_in_the_file_of_operations_is_not_answered(door: Door) -> None:
    assert b"MINIAPPS_DOCUMENT_UNKNOWN" in _asked(door, {"documentId": "0" * 64}, OWN, PROGRAM_GRAPH).body
