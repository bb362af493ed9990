"""The verbs of the room, on real MongoDB."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from core.clock import FixedClock
from core.crypto import FieldCipher
from core.errors import BadInput, DomainError, Forbidden, NotFound, SignInRequired
from core.events import Backbone, Event, Limits, Outbox
from core.ids import Ids
from core.locale import Locale
from core.mongo import Mongo, Session
from core.paging import PageRequest
from core.principal import ANONYMOUS, Principal, PrincipalKind
from notifications.announcements import TOLD, Announcement
from notifications.demo import DEMO_EMAIL, load_demo
from notifications.errors import (
    EmailCodeExpired,
    EmailCodeTooSoon,
    EmailCodeWrong,
    EmailInvalid,
    EmailOff,
    PushTargetInvalid,
    TemplateUnknown,
    VariableMissing,
    VariableUnknown,
)
from notifications.model import Category, Channel, Notification, Platform, Priority, QuietHours, TargetKind
from notifications.service import Notifications
from notifications.worker import subscriptions
from tests.conftest import NOW
from tests.support.waiting import until
from tests.unit.notifications.told import (
    ANNA,
    BEN,
    EVENTS,
    Build,
    acting,
    citizen,
    deliveries,
    email,
    event,
    everything,
    phone,
    tell,
)

FIRST_PAGE = PageRequest(first=20)
LINKS = {
    "licences": "/licences/lic_1",
    "payments": "/bills/bil_1",
    "reports": "/cases/cas_1",
    "health": "/health",
    "miniapps": "/me/organisations",
    "identity.acting_begun": "/me/family",
    "identity.invitation": "/me/family",
    "identity.relation": "/me/family",
    "identity.credentials_changed": "/me/devices",
    "identity.sign_in_noticed": "/me/devices",
    "identity.data_download": "/me/data",
    "identity.erasure": "/me/data",
    "identity.phone_change_waiting": "/security/phone",
    "identity.phone_change": "/me/devices",
    "identity.recovery_waiting": "/security/claims",
    "identity.recovery": "/me/devices",
    "identity.account_recovered": "/me/devices",
    "identity.accounts_merged": "/me/devices",
    "identity.account_": "/me/data/access",
    "identity.citizen_registered": "/me/messages",
}


async def inbox(room: Notifications, of: str = ANNA, **more: Any) -> list[Notification]:
    return list((await room.inbox(principal=citizen(of), citizen_id=of, page=FIRST_PAGE, **more)).rows)


# Telling


@pytest.mark.parametrize("name", TOLD)
async def test_each_event_is_one_message_also_when_it_comes_twice(
    room: Notifications, mongo: Mongo, cipher: FieldCipher, name: str
) -> None:
    await phone(room)
    await email(room)
    before = len(await deliveries(mongo))
    again = event(name, cipher=cipher, id_="evt_2") if TOLD[name].once_for else event(name, cipher=cipher)
    await tell(room, event(name, cipher=cipher), event(name, cipher=cipher), again)
    [message] = await inbox(room)
    assert (message.template, message.at, message.read_at) == (name, NOW, None)
    assert message.link == next(link for start, link in LINKS.items() if name.startswith(start))
    channels = room.catalogue.latest(name).channels
    made = (await deliveries(mongo))[before:]
    assert sorted(row["channel"] for row in made) == sorted(channels)
    assert {row["state"] for row in made} <= {"PENDING"}


async def test_what_is_remembered_of_a_message_says_nothing_of_it(
    room: Notifications, mongo: Mongo, cipher: FieldCipher
) -> None:
    await phone(room)
    await email(room)
    await tell(room, *(event(name, cipher=cipher) for name in TOLD))
    remembered = str(await everything(mongo))
    for word in ("身份证", "8640", "电费", "R20261", "路灯", "疫苗", "anna@", "installation-a", "135790", "迁出"):
        assert word not in remembered
    assert str(room.store) and "installation-a" not in repr(await room.reach.of(ANNA))


async def test_the_same_fact_of_another_time_is_another_message(room: Notifications, cipher: FieldCipher) -> None:
    days = [event("payments.bill_due", cipher=cipher, id_=f"evt_{n}", days=n) for n in (3, 0)]
    ends = [
        event("licences.renewed", cipher=cipher, id_=f"evt_{year}", valid_until=f"{year}-01-01")
        for year in (2030, 2040)
    ]
    moves = [event("reports.moved", cipher=cipher, id_=f"evt_m{n}") for n in (1, 2)]
    await tell(room, *days, *ends, *moves)
    assert len(await inbox(room)) == 6


@pytest.mark.parametrize("name", ["reports.created", "reports.moved"])
async def test_an_event_without_a_citizen_tells_nobody(
    room: Notifications, mongo: Mongo, cipher: FieldCipher, name: str
) -> None:
    before = await everything(mongo)
    await tell(room, event(name, cipher=cipher, citizen=None))
    assert await everything(mongo) == before


async def test_facts_that_a_template_needs_must_be_there(
    room: Notifications, mongo: Mongo, cipher: FieldCipher
) -> None:
    await phone(room)
    before = await everything(mongo)
    bare = event("licences.shown", cipher=cipher)
    lacking = Event(bare.id, "payments.bill_due", bare.occurred_at, {**bare.payload, "bill": "bil_1"})
    with pytest.raises(VariableMissing) as refused:
        await tell(room, lacking)
    assert refused.value.public_fields == {"name": "payments.bill_due", "variable": "title"}
    assert await everything(mongo) == before


@pytest.mark.parametrize(
    ("template", "variables", "refusal"),
    [
        ("licences.issued", {"type": "身份证"}, VariableMissing),
        ("licences.issued", {"type": "身份证", "valid_until": None, "holder": "张丽华"}, VariableUnknown),
        ("licences.lent", {}, TemplateUnknown),
    ],
)
async def test_a_message_with_a_hole_is_not_stored(
    room: Notifications, mongo: Mongo, template: str, variables: dict[str, Any], refusal: type[DomainError]
) -> None:
    before = await everything(mongo)
    told = Announcement(ANNA, template, variables, {"licence": "lic_1"}, "k")
    with pytest.raises(refusal):
        await room.store.transaction(lambda session: room.announce(told, session=session))
    assert await everything(mongo) == before


async def test_routine_messages_are_bounded_and_the_inbox_has_them_all(
    room: Notifications, mongo: Mongo, cipher: FieldCipher, clock: FixedClock
) -> None:
    await phone(room)
    await tell(room, *(event("reports.moved", cipher=cipher, id_=f"evt_{n}") for n in range(14)))
    assert len(await inbox(room)) == 14
    assert [row["state"] for row in await deliveries(mongo)] == ["PENDING"] * 12 + ["WITHHELD"] * 2
    await tell(room, event("licences.revoked", cipher=cipher))
    clock.advance(seconds=300)
    await tell(room, event("reports.moved", cipher=cipher, id_="evt_later"))
    assert [row["state"] for row in await deliveries(mongo)][14:] == ["PENDING"] * 2


async def test_concurrent_events_spend_one_rate(
    room: Notifications, build: Build, mongo: Mongo, cipher: FieldCipher
) -> None:
    await phone(room)
    rooms, slots = [room, build(mongo)], asyncio.Semaphore(4)

    async def one(n: int) -> None:
        async with slots:  # as many as the outbox runs of one handler in a process
            await tell(rooms[n % 2], event("reports.moved", cipher=cipher, id_=f"evt_{n}"))

    await asyncio.gather(*map(one, range(14)))
    assert sorted(row["state"] for row in await deliveries(mongo)) == ["PENDING"] * 12 + ["WITHHELD"] * 2


async def test_concurrent_copies_of_a_fact_are_one_message(
    room: Notifications, build: Build, mongo: Mongo, cipher: FieldCipher
) -> None:
    await phone(room)
    rooms = [room, build(mongo)]
    copies = [event("payments.bill_issued", cipher=cipher, id_=f"evt_{n}") for n in range(4)]
    await asyncio.gather(*(tell(rooms[n % 2], copy) for n, copy in enumerate(copies)))
    assert (len(await inbox(room)), len(await deliveries(mongo))) == (1, 1)


async def test_without_channels_the_inbox_works(build: Build, mongo: Mongo, cipher: FieldCipher) -> None:
    room = build(mongo, frozenset())
    await room.open()
    await phone(room)
    await tell(room, event("licences.issued", cipher=cipher))
    assert len(await inbox(room)) == 1
    assert await deliveries(mongo) == []
    with pytest.raises(EmailOff):
        await room.set_email(principal=citizen(), address="a@example.cn", language=Locale.EN)


async def test_events_come_through_the_outbox(
    room: Notifications, mongo: Mongo, redis: object, clock: FixedClock, ids: Ids, cipher: FieldCipher, stores: Any
) -> None:
    backbone = Backbone(
        mongo=mongo,
        redis_url=stores.redis_url,
        clock=clock,
        subscriptions=subscriptions(room),
        limits=Limits(poll_s=0.05),
    )
    await backbone.prepare()
    running = asyncio.create_task(backbone.run())
    outbox = Outbox(mongo=mongo, ids=ids, clock=clock)
    try:

        async def emit(session: Session) -> None:
            for name in ("payments.bill_issued", "licences.issued"):
                await outbox.append(name=name, payload=event(name, cipher=cipher).payload, session=session)

        await mongo.transaction(emit)

        async def both() -> bool:
            return len(await inbox(room)) == 2

        await until(both, what="two messages")
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    assert {message.template for message in await inbox(room)} == {"payments.bill_issued", "licences.issued"}


# The inbox


async def test_pages_stand_still_while_messages_come(
    room: Notifications, cipher: FieldCipher, clock: FixedClock
) -> None:
    async def more(start: int, count: int) -> None:
        for n in range(start, start + count):
            clock.advance(seconds=1)
            await tell(room, event("reports.moved", cipher=cipher, id_=f"evt_{n}"))

    await more(0, 5)
    all_ = [message.id for message in await inbox(room)]
    seen: list[str] = []
    after: str | None = None
    for turn in range(3):
        page = await room.inbox(principal=citizen(), citizen_id=ANNA, page=PageRequest(first=2, after=after))
        seen += [message.id for message in page.rows]
        after = page.keys[-1]
        await room.mark_read(principal=citizen(), ids=[page.rows[0].id])
        await more(10 * (turn + 1), 2)
    assert seen == all_ == sorted(all_, reverse=True)


async def test_unread_is_counted_and_listed(room: Notifications, cipher: FieldCipher, clock: FixedClock) -> None:
    for n in range(3):
        await tell(room, event("reports.moved", cipher=cipher, id_=f"evt_{n}"))
        clock.advance(seconds=1)
    newest, middle, oldest = await inbox(room)
    assert await room.unread_count(principal=citizen(), citizen_id=ANNA) == 3
    assert await room.mark_read(principal=citizen(), ids=[middle.id, middle.id]) == 2
    assert await room.mark_read(principal=citizen(), ids=[middle.id]) == 2
    assert [message.id for message in await inbox(room, unread_only=True)] == [newest.id, oldest.id]
    read = {message.id: message.read_at for message in await inbox(room)}
    assert read == {newest.id: None, middle.id: NOW + timedelta(seconds=3), oldest.id: None}
    assert await room.mark_all_read(principal=citizen(), up_to=middle.id) == 1
    assert await room.mark_all_read(principal=citizen()) == 0
    assert await inbox(room, unread_only=True) == []
    assert len(await inbox(room)) == 3


async def test_somebody_elses_messages_are_not_there(room: Notifications, mongo: Mongo, cipher: FieldCipher) -> None:
    await tell(room, event("licences.issued", cipher=cipher), event("reports.moved", cipher=cipher, citizen=BEN))
    [annas], [bens] = await inbox(room), await inbox(room, BEN)
    before = await everything(mongo)
    with pytest.raises(NotFound):
        await room.inbox(principal=citizen(BEN), citizen_id=ANNA, page=FIRST_PAGE)
    with pytest.raises(NotFound):
        await room.unread_count(principal=citizen(BEN), citizen_id=ANNA)
    with pytest.raises(NotFound):
        await room.reach_of(principal=citizen(BEN), citizen_id=ANNA)
    with pytest.raises(NotFound):
        await room.mark_read(principal=citizen(BEN), ids=[bens.id, annas.id])
    assert await room.messages(principal=citizen(BEN), ids=[annas.id, bens.id]) == {bens.id: bens}
    await room.mark_all_read(principal=citizen(BEN), up_to=bens.id)
    after = await everything(mongo)
    untouched = [[row for row in all_["notifications_messages"] if row["citizen"] == ANNA] for all_ in (before, after)]
    assert untouched[0] == untouched[1] != []
    assert await room.unread_count(principal=citizen(), citizen_id=ANNA) == 1


async def test_who_acts_for_a_citizen_may_read_and_nothing_else(
    room: Notifications, mongo: Mongo, cipher: FieldCipher
) -> None:
    await tell(room, event("licences.issued", cipher=cipher))
    [message] = await inbox(room)
    reader, other = acting("notifications:read"), acting("payments:read")
    page = await room.inbox(principal=reader, citizen_id=ANNA, page=FIRST_PAGE)
    assert [one.id for one in page.rows] == [message.id]
    assert await room.unread_count(principal=reader, citizen_id=ANNA) == 1
    before = await everything(mongo)
    with pytest.raises(Forbidden):
        await room.inbox(principal=other, citizen_id=ANNA, page=FIRST_PAGE)
    for refused in (
        room.mark_read(principal=reader, ids=[message.id]),
        room.mark_all_read(principal=reader),
        room.reach_of(principal=reader, citizen_id=ANNA),
        room.prefer(principal=reader, quiet=None),
        room.set_email(principal=reader, address="ben@example.cn", language=Locale.EN),
        room.confirm_email(principal=reader, code="135790"),
        room.remove_email(principal=reader),
        room.remove_push(principal=reader, target_id="trg_1"),
    ):
        with pytest.raises(Forbidden):
            await refused
    assert await everything(mongo) == before


STAFF = Principal(kind=PrincipalKind.STAFF, actor="stf_1", subject="stf_1", scopes=frozenset({"staff"}))


@pytest.mark.parametrize(("principal", "refusal"), [(ANONYMOUS, SignInRequired), (STAFF, Forbidden)])
async def test_only_citizens_have_an_inbox(
    room: Notifications, principal: Principal, refusal: type[DomainError]
) -> None:
    for asked in (
        room.inbox(principal=principal, citizen_id=ANNA, page=FIRST_PAGE),
        room.mark_read(principal=principal, ids=["msg_1"]),
        room.messages(principal=principal, ids=["msg_1"]),
        room.register_push(
            principal=principal, kind=TargetKind.FID, value="installation", platform=Platform.IOS, language=Locale.EN
        ),
    ):
        with pytest.raises(refusal):
            await asked


@pytest.mark.parametrize("ids_", [[], [f"msg_{n}" for n in range(101)]])
async def test_messages_are_marked_up_to_a_hundred_at_a_time(room: Notifications, ids_: list[str]) -> None:
    with pytest.raises(BadInput):
        await room.mark_read(principal=citizen(), ids=ids_)


async def test_cursors_of_other_lists_are_refused(room: Notifications) -> None:
    for wrong in ("lic_01KAMP0000000000000000000A", "1234:scn", "msg_"):
        with pytest.raises(BadInput):
            await room.inbox(principal=citizen(), citizen_id=ANNA, page=PageRequest(first=2, after=wrong))
    with pytest.raises(BadInput):
        await room.mark_all_read(principal=citizen(), up_to="msg_1")


# Being reached


async def test_a_push_target_is_the_last_ones_who_registered_it(room: Notifications, mongo: Mongo) -> None:
    first = await phone(room, "installation-shared")
    second = await phone(room, "installation-shared", of=BEN)
    assert (await room.reach.of(ANNA)).targets == ()
    [kept] = (await room.reach.of(BEN)).targets
    assert kept == second
    assert first.index == second.index
    await asyncio.gather(*(phone(room, "installation-shared", of=who) for who in [ANNA, BEN] * 5))
    owners = [len((await room.reach.of(who)).targets) for who in (ANNA, BEN)]
    assert sorted(owners) == [0, 1]


async def test_registering_again_keeps_one_and_the_eleventh_sends_the_first_away(room: Notifications) -> None:
    for n in range(10):
        await phone(room, f"installation-{n}")
    again = await phone(room, "installation-0")
    assert len((await room.reach.of(ANNA)).targets) == 10
    await phone(room, "installation-x")
    values = [room.address(target) for target in (await room.reach.of(ANNA)).targets]
    assert values == [f"installation-{n}" for n in range(2, 10)] + ["installation-0", "installation-x"]
    await room.remove_push(principal=citizen(), target_id=again.id)
    assert "installation-0" not in [room.address(target) for target in (await room.reach.of(ANNA)).targets]
    for gone in (again.id, "trg_1"):
        with pytest.raises(NotFound):
            await room.remove_push(principal=citizen(), target_id=gone)


async def test_somebody_elses_target_cannot_be_removed(room: Notifications, mongo: Mongo) -> None:
    annas, address = await phone(room), await email(room)
    before = await everything(mongo)
    for target in (annas, address):
        with pytest.raises(NotFound):
            await room.remove_push(principal=citizen(BEN), target_id=target.id)
    with pytest.raises(NotFound):
        await room.remove_push(principal=citizen(), target_id=address.id)
    assert await everything(mongo) == before


async def test_a_bad_push_target_is_refused(room: Notifications, mongo: Mongo) -> None:
    before = await everything(mongo)
    with pytest.raises(PushTargetInvalid):
        await phone(room, "two\nlines in it")
    assert await everything(mongo) == before


async def test_preferences_that_are_changed_at_once_are_all_changed(
    room: Notifications, build: Build, mongo: Mongo
) -> None:
    rooms, off = (room, build(mongo)), [(category, channel) for category in Category for channel in Channel]
    await asyncio.gather(
        *(
            rooms[n % 2].prefer(principal=citizen(), wanted=[(*one, False)], quiet=None, keep_quiet=True)
            for n, one in enumerate(off)
        )
    )
    kept = (await room.reach_of(principal=citizen(), citizen_id=ANNA)).preferences
    assert (kept.off, kept.quiet) == (frozenset(off), QuietHours.of("22:00", "07:00"))


async def test_many_facts_at_once_for_one_citizen_are_all_told(room: Notifications, cipher: FieldCipher) -> None:
    """Each of them writes down what it spends of her rate: all of them meet in one document."""
    await phone(room)
    told = [event("reports.moved", cipher=cipher, id_=f"evt_{n}") for n in range(20)]
    await asyncio.gather(*(tell(room, one) for one in told))
    assert await room.unread_count(principal=citizen(), citizen_id=ANNA) == 20


async def test_preferences_change_what_is_named_and_nothing_else(room: Notifications) -> None:
    reach = await room.reach_of(principal=citizen(), citizen_id=ANNA)
    assert reach.preferences.quiet == QuietHours.of("22:00", "07:00")
    assert all(reach.preferences.wants(category, channel) for category in Category for channel in Channel)
    await room.prefer(
        principal=citizen(),
        wanted=[(Category.PAYMENTS, Channel.EMAIL, False), (Category.CITY, Channel.PUSH, False)],
        quiet=QuietHours.of("23:30", "06:15"),
    )
    await room.prefer(principal=citizen(), wanted=[(Category.CITY, Channel.PUSH, True)], quiet=None, keep_quiet=True)
    kept = (await room.reach.of(ANNA)).preferences
    assert kept.off == {(Category.PAYMENTS, Channel.EMAIL)}
    assert kept.quiet == QuietHours.of("23:30", "06:15")
    await room.prefer(principal=citizen(), quiet=None)
    assert (await room.reach.of(ANNA)).preferences.quiet is None
    with pytest.raises(BadInput):
        await room.prefer(principal=citizen(), wanted=[(Category.CITY, Channel.PUSH, True)] * 13, quiet=None)


async def test_an_address_is_used_once_it_is_confirmed(room: Notifications, mongo: Mongo, cipher: FieldCipher) -> None:
    await room.set_email(principal=citizen(), address="Anna@Example.CN", language=Locale.EN)
    [code] = await deliveries(mongo)
    assert (code["channel"], code["lane"], code["state"]) == ("EMAIL", 0, "PENDING")
    assert await inbox(room) == []
    assert await room.unread_count(principal=citizen(), citizen_id=ANNA) == 0
    await tell(room, event("licences.issued", cipher=cipher))
    assert len(await deliveries(mongo)) == 1
    confirmed = await room.confirm_email(principal=citizen(), code="135790")
    assert room.address(confirmed) == "Anna@example.cn"
    await tell(room, event("licences.revoked", cipher=cipher))
    assert [row["target"] for row in await deliveries(mongo)] == [code["target"], confirmed.id]
    await room.remove_email(principal=citizen())
    reach = await room.reach.of(ANNA)
    assert (reach.email, reach.unconfirmed) == (None, None)


async def test_a_code_is_tried_five_times_and_used_once(room: Notifications, clock: FixedClock) -> None:
    with pytest.raises(EmailCodeExpired):
        await room.confirm_email(principal=citizen(), code="135790")
    await room.set_email(principal=citizen(), address="a@example.cn", language=Locale.EN)
    for left in (4, 3, 2, 1, 0):
        with pytest.raises(EmailCodeWrong) as wrong:
            await room.confirm_email(principal=citizen(), code="000000")
        assert wrong.value.tries_left == left
    with pytest.raises(EmailCodeExpired):
        await room.confirm_email(principal=citizen(), code="135790")
    assert (await room.reach.of(ANNA)).email is None
    await room.set_email(principal=citizen(), address="a@example.cn", language=Locale.EN)
    clock.advance(seconds=600)
    with pytest.raises(EmailCodeExpired):
        await room.confirm_email(principal=citizen(), code="135790")
    await email(room, "b@example.cn")
    with pytest.raises(EmailCodeExpired):
        await room.confirm_email(principal=citizen(), code="135790")


async def test_guesses_at_one_instant_do_not_outnumber_the_tries(room: Notifications) -> None:
    await room.set_email(principal=citizen(), address="a@example.cn", language=Locale.EN)
    guesses = [room.confirm_email(principal=citizen(), code=f"{n:06d}") for n in range(12)]
    ends = await asyncio.gather(*guesses, return_exceptions=True)
    assert sorted(type(end).__name__ for end in ends) == ["EmailCodeExpired"] * 7 + ["EmailCodeWrong"] * 5


async def test_a_code_is_good_for_its_own_address_alone(room: Notifications) -> None:
    await email(room, "old@example.cn")
    await room.set_email(principal=citizen(), address="new@example.cn", language=Locale.EN)
    with pytest.raises(EmailCodeWrong):
        await room.confirm_email(principal=citizen(), code="1357900")
    kept = (await room.reach.of(ANNA)).email
    assert kept is not None
    assert room.address(kept) == "old@example.cn"


async def test_codes_are_sent_a_few_times_an_hour(room: Notifications, mongo: Mongo, clock: FixedClock) -> None:
    for n in range(3):
        await room.set_email(principal=citizen(), address=f"a{n}@example.cn", language=Locale.EN)
    before = await everything(mongo)
    with pytest.raises(EmailCodeTooSoon) as refused:
        await room.set_email(principal=citizen(), address="a3@example.cn", language=Locale.EN)
    assert refused.value.retry_after_s == 1201
    assert await everything(mongo) == before
    clock.advance(seconds=1201)
    await room.set_email(principal=citizen(), address="a3@example.cn", language=Locale.EN)


async def test_a_header_cannot_be_smuggled_into_an_address(room: Notifications, mongo: Mongo) -> None:
    before = await everything(mongo)
    for address in ("a@example.cn\r\nBcc: b@example.cn", "a@example.cn\nSubject: hi", "a@example.cn,b@example.cn"):
        with pytest.raises(EmailInvalid):
            await room.set_email(principal=citizen(), address=address, language=Locale.EN)
    assert await everything(mongo) == before


async def test_the_demo_adds_what_is_missing_and_changes_nothing(room: Notifications, mongo: Mongo) -> None:
    await load_demo(room=room, people={"zhang": ANNA})
    reach = await room.reach.of(ANNA)
    assert reach.email is not None
    assert (room.address(reach.email), [room.address(one) for one in reach.targets]) == (
        DEMO_EMAIL,
        ["demo-installation-zhang"],
    )
    assert reach.preferences.quiet is None
    before = await everything(mongo)
    await load_demo(room=room, people={"zhang": ANNA})
    assert await everything(mongo) == before


async def test_a_year_is_remembered(room: Notifications, mongo: Mongo, cipher: FieldCipher) -> None:
    await room.set_email(principal=citizen(), address="a@example.cn", language=Locale.EN)
    await tell(room, event("licences.issued", cipher=cipher))
    rows = (await everything(mongo))["notifications_messages"]
    assert sorted(row["forget_at"] for row in rows) == [NOW + timedelta(minutes=10), NOW + timedelta(days=365)]
    assert {row["priority"] for row in rows} == {Priority.CRITICAL, Priority.IMPORTANT}
    assert set(EVENTS) == set(TOLD)
