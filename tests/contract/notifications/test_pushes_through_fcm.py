"""Google's own library against a server that speaks FCM HTTP v1."""

from __future__ import annotations

import asyncio
import json
import stat
import threading
import time
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from core.clock import FixedClock
from notifications.channels import Again, Refused, Taken
from notifications.model import Priority, TargetKind
from notifications.push import CannotPush, FcmCarrier
from tests.contract.notifications.standing_in import StandIn, parcel
from tests.support.waiting import DEADLINE_S, until


async def test_a_push_arrives_with_nothing_personal(standing_in: StandIn, fcm: FcmCarrier) -> None:
    assert await fcm.send([parcel("fid-arrives", text="never shown on a phone")]) == [Taken()]
    [arrived] = await standing_in.arrived("fid-arrives")
    assert arrived["message"] == {
        "fid": "fid-arrives",
        "notification": {"title": "您有一份新账单，请查看"},
        "data": {"delivery": "dlv_1", "link": "/bills/bil_1"},
        "android": {"priority": "high", "ttl": "3600s"},
        "apns": {"headers": {"apns-priority": "10"}},
        "webpush": {"headers": {"TTL": "3600", "Urgency": "high"}},
    }


async def test_tokens_of_older_apps_are_served_without_a_warning(standing_in: StandIn, fcm: FcmCarrier) -> None:
    old = parcel("token-of-old", kind=TargetKind.TOKEN, priority=Priority.ROUTINE)
    assert await fcm.send([old]) == [Taken()]
    [arrived] = await standing_in.arrived("token-of-old")
    assert arrived["message"]["token"] == "token-of-old"
    assert "fid" not in arrived["message"]
    assert arrived["message"]["android"]["priority"] == "normal"


ANSWERS: list[tuple[dict[str, Any], Again | Refused]] = [
    ({"fault": "UNREGISTERED"}, Refused("UNREGISTERED", target_gone=True)),
    ({"fault": "SENDER_ID_MISMATCH"}, Refused("SENDER_ID_MISMATCH", target_gone=True)),
    ({"fault": "INVALID_ARGUMENT"}, Refused("INVALID_ARGUMENT", target_gone=True)),
    ({"fault": "QUOTA_EXCEEDED", "retryAfterS": 17}, Again("QUOTA_EXCEEDED", after_s=17.0)),
    ({"fault": "QUOTA_EXCEEDED"}, Again("QUOTA_EXCEEDED")),
    ({"fault": "UNAVAILABLE"}, Again("UNAVAILABLE")),
    ({"fault": "UNAVAILABLE", "retryAfterS": 5}, Again("UNAVAILABLE", after_s=5.0)),
    ({"fault": "UNAUTHENTICATED"}, Again("UNAUTHENTICATED")),
    ({"fault": "HANG"}, Again("DEADLINE_EXCEEDED")),
]


@pytest.mark.parametrize(("told", "outcome"), ANSWERS)
async def test_what_fcm_answers_is_told_apart(
    standing_in: StandIn, fcm: FcmCarrier, told: dict[str, Any], outcome: Again | Refused
) -> None:
    """The faulty one fails, its neighbours in the same batch do not, and nobody tries again behind the dispatcher."""
    await standing_in.behave({"fid-faulty": {**told, "times": 1}})
    started = time.monotonic()
    outcomes = await fcm.send([parcel("fid-before"), parcel("fid-faulty"), parcel("fid-after")])
    assert outcomes == [Taken(), outcome, Taken()]
    assert time.monotonic() - started < 15
    assert await fcm.send([parcel("fid-faulty")]) == [Taken()]


async def test_a_message_that_is_our_own_fault_keeps_the_target(standing_in: StandIn, fcm: FcmCarrier) -> None:
    assert await fcm.send([parcel("fid-huge", title="长" * 2000)]) == [Refused("INVALID_ARGUMENT", target_gone=False)]
    assert await standing_in.arrived("fid-huge") == []


async def test_a_token_that_the_server_forgot_is_asked_for_anew(standing_in: StandIn, fcm: FcmCarrier) -> None:
    assert await fcm.send([parcel("fid-token")]) == [Taken()]
    fcm._credential.token = "forgotten"
    assert await fcm.send([parcel("fid-token")]) == [Again("UNAUTHENTICATED")]
    assert await fcm.send([parcel("fid-token")]) == [Taken()]


async def test_a_batch_goes_out_in_chunks_and_keeps_its_order(standing_in: StandIn, fcm: FcmCarrier) -> None:
    await standing_in.behave({"fid-n-33": {"fault": "UNREGISTERED"}})
    outcomes = await fcm.send([parcel(f"fid-n-{n}", id=f"dlv_{n}") for n in range(50)])
    assert [n for n, outcome in enumerate(outcomes) if outcome != Taken()] == [33]
    assert [one["message"]["data"]["delivery"] for one in await standing_in.arrived("fid-n-49")] == ["dlv_49"]


async def test_the_loop_is_free_while_a_token_is_fetched(fcm: FcmCarrier, monkeypatch: pytest.MonkeyPatch) -> None:
    """google-auth fetches tokens with blocking requests; that must not be in the event loop."""

    fetching, loop_is_free = threading.Event(), threading.Event()

    class Slow:
        valid, expired, token = False, False, "late"

        def refresh(self, _: object) -> None:
            fetching.set()
            self.valid = loop_is_free.wait(DEADLINE_S)

    monkeypatch.setattr(fcm, "_credential", slow := Slow())
    sending = asyncio.create_task(fcm.send([parcel("fid-slow-token")]))

    async def under_way() -> bool:
        return fetching.is_set()

    await until(under_way, what="the fetch of a token")
    loop_is_free.set()
    assert await sending == [Again("UNAUTHENTICATED")]
    assert slow.valid, "the loop went on while the fetch waited for it"


async def test_a_server_that_is_away_is_a_failed_try(
    standing_in: StandIn, clock: FixedClock, unused_tcp_port: int
) -> None:
    away = FcmCarrier(
        url=f"http://127.0.0.1:{unused_tcp_port}",
        project=standing_in.ready["project"],
        credentials_file=Path(standing_in.ready["credentials"]),
        clock=clock,
    )
    assert await away.send([parcel("fid-away")]) == [Again("UNAVAILABLE")]
    await away.close()


async def test_no_token_is_a_failed_try(
    standing_in: StandIn, clock: FixedClock, tmp_path: Path, unused_tcp_port: int
) -> None:
    account = json.loads(Path(standing_in.ready["credentials"]).read_text())
    file = tmp_path / "account.json"
    file.write_text(json.dumps({**account, "token_uri": f"http://127.0.0.1:{unused_tcp_port}/token"}))
    ready = standing_in.ready
    carrier = FcmCarrier(url=ready["fcm"], project=ready["project"], credentials_file=file, clock=clock, timeout_s=1)
    assert await carrier.send([parcel("fid-no-token")] * 2) == [Again("NO_TOKEN")] * 2
    await carrier.close()


@pytest.mark.parametrize("content", [None, "", "{}", '{"type": "service_account", "private_key": "hunter2"}'])
async def test_bad_credentials_are_one_sentence_without_them(
    clock: FixedClock, tmp_path: Path, content: str | None
) -> None:
    file = tmp_path / "account.json"
    if content is not None:
        file.write_text(content)
    with pytest.raises(CannotPush, match="TONG_FCM_CREDENTIALS_FILE") as refused:
        FcmCarrier(project="p", credentials_file=file, clock=clock)
    assert "hunter2" not in str(refused.value)


async def test_the_account_is_its_owners_alone(standing_in: StandIn) -> None:
    file = Path(standing_in.ready["credentials"])
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


BAD: list[tuple[dict[str, Any], str]] = [
    ({}, "message"),
    ({"message": {"token": "t", "fid": "f"}}, "Exactly one"),
    ({"message": {"notification": {"title": "x"}}}, "Exactly one"),
    ({"message": {"fid": "f", "data": {"n": 1}}}, "message.data"),
    ({"message": {"fid": "f", "android": {"priority": "urgent"}}}, "message.android"),
    ({"message": {"fid": "f", "android": {"ttl": "60"}}}, "message.android"),
    ({"message": {"fid": "f", "headline": "x"}}, "headline"),
]


@pytest.mark.parametrize(("body", "said"), BAD)
async def test_the_stand_in_is_as_strict_as_fcm(
    standing_in: StandIn, fcm: FcmCarrier, body: dict[str, Any], said: str
) -> None:
    await fcm.send([parcel("fid-strict")])
    headers = {"Authorization": f"Bearer {fcm._credential.token}"}
    path = f"/v1/projects/{standing_in.ready['project']}/messages:send"
    async with standing_in.session.post(path, json=body, headers=headers) as response:
        answer = await response.json()
    assert (response.status, answer["error"]["status"]) == (400, "INVALID_ARGUMENT")
    assert said in answer["error"]["message"]


@pytest.mark.parametrize("authorization", ["", "Bearer ", "Bearer guessed", "Basic Zm9vOmJhcg=="])
async def test_the_stand_in_asks_for_its_own_tokens(standing_in: StandIn, authorization: str) -> None:
    path = f"/v1/projects/{standing_in.ready['project']}/messages:send"
    headers = {"Authorization": authorization}
    async with standing_in.session.post(path, json={"message": {"fid": "fid-thief"}}, headers=headers) as response:
        assert response.status == 401
    assert await standing_in.arrived("fid-thief") == []
    form = aiohttp.FormData({"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": "a.b.c"})
    async with standing_in.session.post("/token", data=form) as response:
        assert (response.status, await response.json()) == (400, {"error": "invalid_grant"})
