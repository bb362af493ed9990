"""The whole way: an event, a message, a sender, Google's library or a mail, and the stand-in's process."""

from __future__ import annotations

import logging
import re

import pytest
import pytest_asyncio

from core.clock import FixedClock
from core.crypto import FieldCipher
from core.ids import Ids
from core.locale import Locale
from core.mongo import Mongo
from core.tasks import going_on
from notifications.dispatcher import Dispatcher
from notifications.mail import SmtpCarrier
from notifications.model import Channel, Platform, TargetKind
from notifications.outgoing import DeliveryStore
from notifications.push import FcmCarrier
from notifications.reach import ReachStore
from notifications.service import Notifications
from notifications.store import MessageStore
from notifications.worker import chores
from tests.contract.notifications.standing_in import StandIn
from tests.support.waiting import until
from tests.unit.notifications.told import ANNA, SHANGHAI, citizen, deliveries, event, tell


@pytest_asyncio.fixture
async def room(mongo: Mongo, cipher: FieldCipher, ids: Ids, clock: FixedClock) -> Notifications:
    opened = Notifications(
        store=MessageStore(mongo=mongo),
        reach=ReachStore(mongo=mongo),
        deliveries=DeliveryStore(mongo=mongo),
        cipher=cipher,
        ids=ids,
        clock=clock,
        zone=SHANGHAI,
        channels=frozenset(Channel),
    )
    await opened.open()
    return opened


async def test_a_bill_reaches_phone_and_address_and_a_lost_phone_is_forgotten(
    room: Notifications,
    mongo: Mongo,
    cipher: FieldCipher,
    standing_in: StandIn,
    fcm: FcmCarrier,
    smtp: SmtpCarrier,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    await standing_in.behave({"whole-way-lost": {"fault": "UNREGISTERED"}})
    for value in ("whole-way-phone", "whole-way-lost"):
        await room.register_push(
            principal=citizen(), kind=TargetKind.FID, value=value, platform=Platform.IOS, language=Locale.EN
        )
    sender = Dispatcher(room=room, carriers={Channel.PUSH: fcm, Channel.EMAIL: smtp})
    async with going_on(chores(sender)):
        address = "whole.way@example.cn"
        await room.set_email(principal=citizen(), address=address, language=Locale.ZH_CN)

        async def code() -> str | None:
            mails = await standing_in.arrived(address)
            found = re.search(r"验证码：(\d{6})", mails[0]["text"]) if mails else None
            return found[1] if found else None

        await room.confirm_email(principal=citizen(), code=await until(code, what="the code"))
        await tell(room, event("payments.bill_due", cipher=cipher))

        async def all_ended() -> bool:
            return not [row for row in await deliveries(mongo) if "next_at" in row]

        await until(all_ended, what="the end of all deliveries")
    [push] = await standing_in.arrived("whole-way-phone")
    assert push["message"]["notification"] == {"title": "You have a bill that is due in 3 days"}
    [_, mail] = await standing_in.arrived(address)
    assert mail["subject"] == "您有一份账单还有3天到期"
    assert "“十一月电费”尚未缴纳，金额¥86.40" in mail["text"]
    assert [room.address(target) for target in (await room.reach.of(ANNA)).targets] == ["whole-way-phone"]
    ended = {(row["channel"], row["state"], row["code"]) for row in await deliveries(mongo)}
    assert ended == {("EMAIL", "SENT", ""), ("PUSH", "SENT", ""), ("PUSH", "FAILED", "UNREGISTERED")}
    for secret in ("whole-way", "whole.way", "十一月电费", fcm._credential.token):
        assert secret not in caplog.text
