"""Senders: what is due is sent once, in its order, at its hour, and comes to an end."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from core.clock import FixedClock
from core.crypto import FieldCipher
from core.locale import Locale
from core.mongo import Mongo
from core.tasks import going_on
from notifications.channels import Again, Parcel, Refused, Taken
from notifications.dispatcher import SendLimits
from notifications.model import Category, Channel, Lane, QuietHours
from notifications.service import Notifications
from notifications.worker import chores
from tests.conftest import NOW
from tests.support.waiting import until
from tests.unit.notifications.told import (
    ANNA,
    Build,
    Desk,
    citizen,
    deliveries,
    dispatcher,
    email,
    event,
    phone,
    tell,
)

ALL = tuple(Lane)


async def states(mongo: Mongo) -> list[tuple[str, str, int]]:
    return [(row["state"], row["code"], row["tries"]) for row in await deliveries(mongo)]


async def test_a_phone_shows_the_notice_and_where_to_go_on(room: Notifications, cipher: FieldCipher) -> None:
    await phone(room)
    await tell(room, event("payments.bill_due", cipher=cipher))
    desk = Desk()
    assert await dispatcher(room, desk).send_due(ALL) == 1
    [parcel] = desk.given
    assert (parcel.to, parcel.locale, parcel.title, parcel.text, parcel.link) == (
        "installation-a",
        Locale.EN,
        "You have a bill that is due in 3 days",
        "",
        "/bills/bil_1",
    )


@pytest.mark.parametrize(("name", "private"), [("payments.bill_due", False), ("health.fact_recorded", True)])
async def test_an_address_gets_the_body_unless_it_is_for_the_inbox_only(
    room: Notifications, cipher: FieldCipher, name: str, private: bool
) -> None:
    await email(room)
    desk = Desk()
    await dispatcher(room, desk).send_due(ALL)
    await tell(room, event(name, cipher=cipher))
    await dispatcher(room, desk).send_due(ALL)
    code, parcel = desk.given
    assert "135790" in code.text
    assert ("¥86.40" in parcel.text, parcel.text == "") == (not private, private)
    assert "86.40" not in parcel.title


async def test_the_urgent_go_first_and_the_critical_have_a_lane_of_their_own(
    room: Notifications, cipher: FieldCipher
) -> None:
    await phone(room)
    await tell(room, event("payments.bill_issued", cipher=cipher), event("payments.bill_due", cipher=cipher))
    await room.set_email(principal=citizen(), address="a@example.cn", language=Locale.EN)
    desk = Desk()
    sender = dispatcher(room, desk, limits=SendLimits(batch=1))
    assert await sender.send_due([Lane.CRITICAL]) == 1
    assert await sender.send_due([Lane.CRITICAL]) == 0
    while await sender.send_due([Lane.IMPORTANT, Lane.ROUTINE]):
        pass
    assert [(parcel.priority, parcel.link) for parcel in desk.given] == [
        ("CRITICAL", "/me/messages"),
        ("IMPORTANT", "/bills/bil_1"),
        ("ROUTINE", "/bills/bil_1"),
    ]


class Meeting(Desk):
    """Sends its first batch only when the other sender holds one too."""

    met: asyncio.Barrier

    async def send(self, parcels: Sequence[Parcel]) -> list[Taken | Again | Refused]:
        if not self.given:
            await self.met.wait()
        return await super().send(parcels)


async def test_two_senders_at_once_send_each_once(
    room: Notifications, build: Build, mongo: Mongo, cipher: FieldCipher
) -> None:
    for n in range(10):
        await phone(room, f"installation-{n}")
    for n in range(6):
        await tell(room, event("licences.revoked", cipher=cipher, id_=f"evt_{n}", reason=f"第{n}个原因"))
        await tell(room, event("reports.moved", cipher=cipher, id_=f"evt_{n}"))
    total = len(await deliveries(mongo))
    assert total == 70
    desks, barrier = [Meeting(), Meeting()], asyncio.Barrier(2)
    for desk in desks:
        desk.met = barrier
    senders = [dispatcher(room, desks[0]), dispatcher(build(mongo), desks[1])]

    async def drain(n: int) -> None:
        for _ in range(total):
            await senders[n].send_due(ALL)

    await asyncio.gather(drain(0), drain(1))
    given = [parcel.id for desk in desks for parcel in desk.given]
    assert len(given) == len(set(given)) == total
    assert {state for state, _, _ in await states(mongo)} == {"SENT"}
    assert all(desk.given for desk in desks)


class Stuck(Desk):
    """Takes what it is given and is killed before it can say so."""

    async def send(self, parcels: Sequence[Parcel]) -> list[Taken | Again | Refused]:
        self.given += parcels
        await asyncio.Event().wait()
        raise AssertionError


async def test_what_a_killed_sender_held_is_taken_over_when_its_lease_ends(
    room: Notifications, build: Build, mongo: Mongo, cipher: FieldCipher, clock: FixedClock
) -> None:
    await phone(room)
    await tell(room, event("licences.issued", cipher=cipher))
    stuck, other = Stuck(), Desk()
    killed = asyncio.create_task(dispatcher(room, stuck).send_due(ALL))

    async def holds() -> bool:
        return bool(stuck.given)

    await until(holds, what="a claimed delivery")
    killed.cancel()
    await asyncio.gather(killed, return_exceptions=True)
    heir = dispatcher(build(mongo), other)
    clock.advance(seconds=59)
    assert await heir.send_due(ALL) == 0
    clock.advance(seconds=1)
    assert await heir.send_due(ALL) == 1
    assert [parcel.id for parcel in other.given] == [parcel.id for parcel in stuck.given]
    assert await states(mongo) == [("SENT", "", 2)]


async def test_a_sender_that_slept_past_its_lease_changes_nothing(
    room: Notifications, build: Build, mongo: Mongo, cipher: FieldCipher, clock: FixedClock
) -> None:
    await phone(room)
    await tell(room, event("licences.issued", cipher=cipher))
    heir = dispatcher(build(mongo), Desk({"installation-a": Again("UNAVAILABLE")}))

    class Sleeper(Desk):
        async def send(self, parcels: Sequence[Parcel]) -> list[Taken | Again | Refused]:
            clock.advance(seconds=61)
            assert await heir.send_due(ALL) == 1
            return await super().send(parcels)

    await dispatcher(room, Sleeper()).send_due(ALL)
    assert await states(mongo) == [("PENDING", "UNAVAILABLE", 2)]


async def test_a_delivery_that_kills_its_senders_comes_to_an_end(
    room: Notifications, mongo: Mongo, cipher: FieldCipher, clock: FixedClock
) -> None:
    await phone(room)
    await tell(room, event("licences.issued", cipher=cipher))
    for _ in range(10):
        claimed = await room.deliveries.claim(
            lanes=ALL, token="dead", now=clock.now(), lease=timedelta(seconds=60), most=5
        )
        assert len(claimed) == 1
        clock.advance(seconds=60)
    desk = Desk()
    await dispatcher(room, desk).send_due(ALL)
    assert (desk.given, await states(mongo)) == ([], [("FAILED", "SENDER_DIED", 11)])


@pytest.mark.parametrize(
    ("answer", "pauses"),
    [
        (Again("UNAVAILABLE"), [2, 4, 8, 16, 32, 64, 128, 256, 512]),
        (Again("QUOTA_EXCEEDED", after_s=60), [60, 60, 60, 60, 60, 64, 128, 256, 512]),
    ],
)
async def test_failed_tries_come_again_later_and_not_for_ever(
    room: Notifications, mongo: Mongo, cipher: FieldCipher, clock: FixedClock, answer: Again, pauses: list[int]
) -> None:
    await phone(room)
    await tell(room, event("licences.issued", cipher=cipher))
    sender = dispatcher(room, Desk({"installation-a": answer}))
    for tries, pause_s in enumerate(pauses, start=1):
        assert await sender.send_due(ALL) == 1
        [row] = await deliveries(mongo)
        assert (row["tries"], row["next_at"] - clock.now()) == (tries, timedelta(seconds=pause_s))
        clock.advance(seconds=pause_s - 0.001)
        assert await sender.send_due(ALL) == 0
        clock.advance(seconds=0.001)
    assert await sender.send_due(ALL) == 1
    assert await states(mongo) == [("FAILED", answer.code, 10)]
    assert sender.counts.endings == {("PUSH", "PENDING", answer.code): 9, ("PUSH", "FAILED", answer.code): 1}
    assert "next_at" not in (await deliveries(mongo))[0]


@pytest.mark.parametrize("gone", [True, False])
async def test_a_target_that_is_gone_is_forgotten(
    room: Notifications, mongo: Mongo, cipher: FieldCipher, gone: bool
) -> None:
    await phone(room)
    await phone(room, "installation-b")
    await email(room)
    await tell(room, event("licences.issued", cipher=cipher))
    refusal = Refused("UNREGISTERED", target_gone=gone)
    await dispatcher(room, Desk({"installation-a": refusal, "anna@example.cn": refusal})).send_due(ALL)
    reach = await room.reach.of(ANNA)
    left = ["installation-b"] if gone else ["installation-a", "installation-b"]
    assert [room.address(target) for target in reach.targets] == left
    assert (reach.email is None) == gone
    assert sorted(await states(mongo)) == [("FAILED", "UNREGISTERED", 1)] * 3 + [("SENT", "", 1)]


async def test_quiet_hours_put_off_all_but_the_critical(
    room: Notifications, mongo: Mongo, cipher: FieldCipher, clock: FixedClock
) -> None:
    await phone(room)
    clock.advance(seconds=10.5 * 3600)  # half past ten at night
    await tell(room, event("licences.issued", cipher=cipher))
    await room.set_email(principal=citizen(), address="a@example.cn", language=Locale.EN)
    desk = Desk()
    assert await dispatcher(room, desk).send_due(ALL) == 1
    assert [parcel.to for parcel in desk.given] == ["a@example.cn"]
    [row] = await deliveries(mongo, state="PENDING")
    assert row["next_at"] == NOW + timedelta(hours=19)  # seven in the morning
    clock.advance(seconds=8.5 * 3600)
    assert await dispatcher(room, desk).send_due(ALL) == 1
    assert [parcel.to for parcel in desk.given] == ["a@example.cn", "installation-a"]


async def test_what_a_citizen_chose_meanwhile_counts(room: Notifications, mongo: Mongo, cipher: FieldCipher) -> None:
    target = await phone(room)
    await tell(room, event("licences.issued", cipher=cipher))
    await room.prefer(principal=citizen(), quiet=QuietHours.of("11:00", "13:00"))
    desk = Desk()
    sender = dispatcher(room, desk)
    await sender.send_due(ALL)
    [row] = await deliveries(mongo)
    assert (row["state"], row["code"], row["tries"]) == ("PENDING", "QUIET_HOURS", 0)
    assert row["next_at"] == NOW + timedelta(hours=1)
    await tell(room, event("licences.revoked", cipher=cipher))
    await room.prefer(principal=citizen(), wanted=[(Category.LICENCES, Channel.PUSH, False)], quiet=None)
    await mongo.collection("notifications_deliveries").update_many({}, {"$set": {"next_at": NOW}})
    await sender.send_due(ALL)
    assert {state for state, _, _ in await states(mongo)} == {"DROPPED"}
    await tell(room, event("payments.bill_due", cipher=cipher))
    await room.remove_push(principal=citizen(), target_id=target.id)
    await sender.send_due(ALL)
    assert [code for _, code, _ in await states(mongo)] == ["UNWANTED", "UNWANTED", "TARGET_GONE"]
    assert desk.given == []


async def test_what_is_over_its_time_is_not_sent(
    room: Notifications, mongo: Mongo, cipher: FieldCipher, clock: FixedClock
) -> None:
    await phone(room)
    await tell(room, event("licences.issued", cipher=cipher))
    clock.advance(seconds=3 * 86_400)
    desk = Desk()
    await dispatcher(room, desk).send_due(ALL)
    assert (desk.given, await states(mongo)) == ([], [("EXPIRED", "", 1)])


class Broken(Desk):
    async def send(self, parcels: Sequence[Parcel]) -> list[Taken | Again | Refused]:
        raise RuntimeError("a bug")


@pytest.mark.parametrize(("desk", "code"), [(Broken(), "CARRIER_BROKE"), (Stuck(), "TIMEOUT")])
async def test_a_carrier_that_breaks_or_hangs_is_a_failed_try(
    room: Notifications, mongo: Mongo, cipher: FieldCipher, desk: Desk, code: str
) -> None:
    await phone(room)
    await tell(room, event("licences.issued", cipher=cipher))
    await dispatcher(room, desk, limits=SendLimits(send_s=0.05)).send_due(ALL)
    assert await states(mongo) == [("PENDING", code, 1)]


async def test_a_sender_wakes_when_something_is_written(room: Notifications, mongo: Mongo, cipher: FieldCipher) -> None:
    await phone(room)
    desk = Desk()
    work: Any = chores(dispatcher(room, desk, limits=SendLimits(poll_s=30)))
    assert set(work) == {"critical messages", "messages"}
    async with going_on(work):
        for n in range(3):
            await tell(room, event("reports.moved", cipher=cipher, id_=f"evt_{n}"))

            async def sent(n: int = n) -> bool:
                return len(desk.given) == n + 1

            await until(sent, what="a push")
        await room.set_email(principal=citizen(), address="a@example.cn", language=Locale.EN)

        async def code_sent() -> bool:
            return desk.given[-1].to == "a@example.cn"

        await until(code_sent, what="a code")

        async def noted() -> bool:  # after it was given
            return await states(mongo) == [("SENT", "", 1)] * 4

        await until(noted, what="four notes of what was sent", deadline_s=5)


async def test_a_sender_without_its_channel_ends_what_it_finds(
    room: Notifications, mongo: Mongo, cipher: FieldCipher
) -> None:
    await phone(room)
    await tell(room, event("licences.issued", cipher=cipher))
    sender = dispatcher(room, Desk())
    sender = type(sender)(room=room, carriers={})
    await sender.send_due(ALL)
    assert await states(mongo) == [("DROPPED", "CHANNEL_OFF", 1)]
