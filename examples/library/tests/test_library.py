"""The library, against a city of tests that signs everything for real."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from backend.library import TEMPLATE, application, remind
from backend.operations import Reader
from backend.shelves import LOAN, Shelves
from citytong_sdk import MiniApp
from citytong_sdk.testing import FakeClock, FakePlatform
from citytong_sdk.testing.model import Citizen
from litestar.testing import TestClient

APP = "org.example.library"
NAME = "city.data.masked_name"


@pytest.fixture
def city(citytong_platform: FakePlatform) -> FakePlatform:
    return citytong_platform


@pytest.fixture
def app(city: FakePlatform) -> MiniApp:
    app = city.mini_app(APP, templates=[TEMPLATE])

    def reader(_: Mapping[str, Any], citizen: Citizen | None) -> dict[str, Any]:
        return {"me": {"maskedName": "张*明" if citizen and NAME in citizen.grants else None}}

    city.answer(Reader.id, reader, withheld={"Citizen.maskedName": NAME})
    return app


@pytest.fixture
def citizen(city: FakePlatform) -> Citizen:
    return city.citizen(grants=["city.user.openid", "city.user.phone", "city.message.subscribe", NAME])


@pytest.fixture
def shelves(tmp_path: Path) -> Shelves:
    return Shelves(tmp_path / "library.sqlite")


@pytest.fixture
def library(app: MiniApp, shelves: Shelves, citytong_clock: FakeClock) -> Iterator[httpx.Client]:
    served = application(app, shelves, now=citytong_clock.now)
    with TestClient(served) as client:
        yield client


def token(city: FakePlatform, citizen: Citizen) -> dict[str, str]:
    return {"authorization": f"MP {city.launch_token(citizen)}"}


def sign_in(library: httpx.Client, city: FakePlatform, citizen: Citizen) -> dict[str, str]:
    shown = token(city, citizen)
    answer = library.post("/session", json={"code": city.login_code(citizen)}, headers=shown)
    assert answer.status_code == 201, answer.text
    return shown


def test_without_a_token_nothing_is_told(library: httpx.Client) -> None:
    assert library.get("/loans").status_code == 401


def test_a_reader_borrows_and_brings_back(library: httpx.Client, city: FakePlatform, citizen: Citizen) -> None:
    shown = sign_in(library, city, citizen)
    lent = library.post("/loans", json={"book": "lao-she", "branch": "110101"}, headers=shown)
    assert lent.status_code == 201
    again = library.post("/loans", json={"book": "lao-she", "branch": "110101"}, headers=shown)
    assert (again.status_code, again.json()) == (409, {"code": "ALREADY"})
    other = sign_in(library, city, city.citizen(grants=["city.user.openid"]))
    none_left = library.post("/loans", json={"book": "lao-she", "branch": "110101"}, headers=other)
    assert none_left.json() == {"code": "NONE_LEFT"}
    not_theirs = library.post(f"/loans/{lent.json()['id']}/return", headers=other)
    assert not_theirs.status_code == 404
    assert library.post(f"/loans/{lent.json()['id']}/return", headers=shown).json() == []


def test_a_login_code_opens_once(library: httpx.Client, city: FakePlatform, citizen: Citizen) -> None:
    shown, code = token(city, citizen), city.login_code(citizen)
    first = library.post("/session", json={"code": code}, headers=shown)
    second = library.post("/session", json={"code": code}, headers=shown)
    assert (first.status_code, second.status_code) == (201, 502)


def test_a_phone_is_learnt_by_its_code_and_forgotten_with_the_consent(
    library: httpx.Client, city: FakePlatform, citizen: Citizen
) -> None:
    shown = sign_in(library, city, citizen)
    assert library.post("/phone", json={"code": city.phone_code(citizen)}, headers=shown).status_code == 201
    told = city.signed_webhook(
        {
            "type": "consent.revoked",
            "timestamp": "2027-01-15T08:00:00Z",
            "data": {"appId": APP, "openid": city.openid(citizen), "names": ["city.user.phone"]},
        }
    )
    answer = library.post("/webhooks/city", content=told.body, headers=dict(told.headers))
    assert answer.status_code == 204
    again = library.post("/session", json={"code": city.login_code(citizen)}, headers=shown)
    assert again.json() == {"phone": False}


def test_what_is_withheld_is_no_error(
    library: httpx.Client, city: FakePlatform, citizen: Citizen, shelves: Shelves
) -> None:
    citizen.grants.discard(NAME)
    sign_in(library, city, citizen)
    with sqlite3.connect(shelves.path) as database:
        assert database.execute("select openid, name from readers").fetchall() == [(city.openid(citizen), None)]
    database.close()


def test_a_webhook_of_somebody_else_changes_nothing(library: httpx.Client, city: FakePlatform) -> None:
    told = city.signed_webhook({"type": "ping", "timestamp": "2027-01-15T08:00:00Z", "data": {"appId": APP}})
    forged = library.post("/webhooks/city", content=told.body + b" ", headers=dict(told.headers))
    assert forged.status_code == 401


def test_whoever_asked_to_be_told_is_told_once(
    library: httpx.Client,
    app: MiniApp,
    city: FakePlatform,
    citizen: Citizen,
    shelves: Shelves,
    citytong_clock: FakeClock,
) -> None:
    shown = sign_in(library, city, citizen)
    library.post("/loans", json={"book": "shen-fu", "branch": "110101"}, headers=shown)
    city.subscribe(citizen, TEMPLATE)

    def reminded(now: datetime) -> int:
        return asyncio.run(remind(app, shelves, now=now))

    assert reminded(citytong_clock.now()) == 0
    soon = citytong_clock.now() + LOAN - timedelta(days=2)
    assert reminded(soon) == 1
    assert reminded(soon) == 0
    assert [(one.template, one.data["title"]) for one in city.sent_messages] == [(TEMPLATE, "浮生六记")]
