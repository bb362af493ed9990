"""A program writes to a citizen who asked it to: words that a reviewer saw, one message for each yes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from citytong_sdk.errors import (
    CityTongError,
    InvalidInput,
    NotSubscribed,
    SubscriptionSpent,
    TemplateUnknown,
)

from core.clock import FixedClock
from core.graph import Context
from core.locale import Locale
from core.mongo import Session
from miniapps.backends.shelves import MESSAGES
from miniapps.developers.model import Role
from miniapps.developers.rating import Fact
from miniapps.versions.model import State, Version
from miniapps.versions.store import VERSIONS
from tests.support.backing import APP, Backing
from tests.support.city import OpenCity, did
from tests.support.counting import counted
from tests.support.receiving import receiving
from tests.support.waiting import until

OPENID, PHONE, NAME, SUBSCRIBE = (
    "city.user.openid",
    "city.user.phone",
    "city.data.masked_name",
    "city.message.subscribe",
)
OUYANG, LIU, REVIEWER = "13800000003", "13800000004", "13900000017"
WRITE = """mutation($app: String!, $name: String!, $title: JSON!, $body: JSON!) {
  setMiniTemplate(appId: $app, name: $name, title: $title, body: $body) { name written { title } approved { title } }
}"""
WORDS: Any = {
    "title": {"zh-CN": "《{book}》快到期了", "en": "{book} is due soon"},
    "body": {"zh-CN": "请在{day}前归还《{book}》。", "en": "Bring {book} back by {day}."},
}
WANTED = """query($id: ID!, $names: [String!]!) {
  miniSubscriptionsWanted(session: $id, templates: $names) { name choice words { title body } }
}"""
ANSWER = """mutation($id: ID!, $yes: [String!]!, $no: [String!]!, $always: Boolean!) {
  answerMiniSubscriptions(session: $id, accepted: $yes, refused: $no, always: $always, text: "“胡同你好”想发消息") {
    name choice
  }
}"""
MINE = "query($app: String!) { miniSubscriptions(appId: $app) { template left always words { title } } }"
TAKE_BACK = """mutation($app: String!, $name: String!) {
  takeBackMiniSubscription(appId: $app, template: $name, askAgain: false) { template left always }
}"""
INBOX = "{ me { inbox(first: 10) { nodes { subject body link } } } }"
TEMPLATES = "query($app: String!) { miniTemplates(appId: $app) { name handedIn { title } banned } }"
BAN = """mutation($app: String!, $name: String!) {
  banMiniTemplate(appId: $app, name: $name, reason: "It advertises") { banned bannedBecause }
}"""
ALLOW = BAN.replace("name: $name,", "name: $name, banned: false,")
DECIDE = """mutation($app: String!, $name: String!, $revision: String!, $yes: Boolean!, $why: String!) {
  decideMiniTemplate(appId: $app, name: $name, revision: $revision, accepted: $yes, reason: $why) {
    state refusedBecause approved { title }
  }
}"""
WAITING = """{ miniTemplatesWaiting(first: 50) {
  nodes { appId programName own builder { name } template { name handedInAt } }
} }"""
REGISTER = "mutation($name: String) { registerDeveloper(input: {name: $name}) { id } }"
NEW_APP = """mutation($of: ID!, $app: String!, $name: String!) {
  registerApp(input: {organisation: $of, appId: $app, category: LIVING, names: {en: $name}}) { appId }
}"""
PAGE = """query($first: Int!) { miniTemplatesWaiting(first: $first) {
  nodes { appId programName builder { name grade } own }
} }"""
QUEUE = (
    """query($first: Int!) { reviewQueue(first: $first) { nodes { appId programName builder { name grade } own } } }"""
)
STANDS = "query($app: String!) { miniTemplates(appId: $app) { name state revision approved { title } } }"
LOGIN = "mutation($id: ID!) { miniLogin(session: $id) { code } }"
SET = "mutation($app: String!, $url: String) { setWebhook(appId: $app, url: $url) { state } }"


async def _approved(city: OpenCity) -> None:
    """A version with the words is handed in and approved, as its events tell."""
    rooms = city.city.rooms
    told = {"app_id": APP, "before": "in_review", "state": "approved", "version_code": 1, "version_name": "1.1.0"}

    async def work(session: Session) -> None:
        await rooms.program_messages.shelf.hand_in(APP, at=city.clock.now(), session=session)
        await rooms.ground.outbox.append(name="miniapps.version_moved", payload=told, session=session)

    await rooms.ground.mongo.transaction(work)

    async def good() -> bool:
        found = await rooms.program_messages.shelf.templates(APP)
        return all(one.approved for one in found.values())

    await until(good, what="the approval of words")


async def test_a_citizen_gets_the_messages_that_they_asked_for(same_city: OpenCity) -> None:
    city = same_city
    backing = await Backing.registered(city)
    permissions = (OPENID, PHONE, NAME, SUBSCRIBE)
    await backing.released(permissions=permissions, city_subscribe_templates=["loan_due", "new_book"])
    ouyang, reviewer = await city.token(OUYANG), await city.token(REVIEWER, audience="STAFF")
    session = await backing.opened(ouyang)
    names = ["loan_due", "other"]

    # Words: of both languages, with the same places, without addresses; shown once a version with them is approved.
    for body in ({"en": "x"}, {"zh-CN": "{day}", "en": "none"}, {"zh-CN": "http://x", "en": "http://x"}):
        refused = await city.ask(
            WRITE, token=backing.builder, app=APP, name="loan_due", title=WORDS["title"], body=body
        )
        assert refused.codes == ["BAD_USER_INPUT"], body
    assert (await city.ask(WRITE, token=ouyang, app=APP, name="loan_due", **WORDS)).codes == ["NOT_FOUND"]
    written = await did(city, WRITE, backing.builder, app=APP, name="loan_due", **WORDS)
    assert (written["written"]["title"], written["approved"]) == ("{book} is due soon", None)
    before = await did(city, WANTED, ouyang, id=session, names=names)
    assert [one["choice"] for one in before] == ["FILTER", "FILTER"]
    await _approved(city)
    (seen,) = await did(city, TEMPLATES, reviewer, app=APP)
    assert (seen["name"], seen["handedIn"]["title"]) == ("loan_due", "{book} is due soon")
    changed: Any = {**WORDS, "title": {"zh-CN": "{book}", "en": "Win {book}"}}
    await did(city, WRITE, backing.builder, app=APP, name="loan_due", **changed)
    asks, none = await did(city, WANTED, ouyang, id=session, names=names)
    assert (asks["choice"], none["choice"]) == ("ASK", "FILTER")
    assert asks["words"]["title"] == "{book} is due soon"  # as it was approved

    async with receiving() as receiver, backing.app() as app:
        await did(city, SET, backing.builder, app=APP, url=receiver.url)
        who = await app.auth.code2session((await did(city, LOGIN, ouyang, id=session))["code"])
        data = {"book": "红楼梦", "day": "12月1日"}
        send = app.messages.send_subscribe
        with pytest.raises(NotSubscribed):
            await send(who.openid, "loan_due", data)
        with pytest.raises(NotSubscribed):
            await send("o_nobody", "loan_due", data)

        assert (await city.ask(ANSWER, token=ouyang, id=session, yes=["other"], no=[], always=False)).codes == [
            "MINIAPPS_TEMPLATE_UNKNOWN"
        ]
        await did(city, ANSWER, ouyang, id=session, yes=["loan_due"], no=[], always=False)
        with pytest.raises(TemplateUnknown):
            await send(who.openid, "other", data)
        for wrong in ({"book": "x"}, {**data, "more": "x"}, {**data, "day": "see www.example.com"}):
            with pytest.raises(InvalidInput):
                await send(who.openid, "loan_due", wrong)
        with pytest.raises(InvalidInput):
            await send(who.openid, "loan_due", data, page="pages/none")

        sent = await send(who.openid, "loan_due", data, page="pages/index?id=7", idempotency_key="due-7")
        again = await send(who.openid, "loan_due", data, page="pages/index?id=7", idempotency_key="due-7")
        assert again == sent
        with pytest.raises(CityTongError) as reused:
            await send(who.openid, "loan_due", {**data, "day": "now"}, idempotency_key="due-7")
        assert reused.value.code == "MINIAPPS_IDEMPOTENCY_KEY_REUSED"
        with pytest.raises(SubscriptionSpent):
            await send(who.openid, "loan_due", data)

        async def came() -> Any:
            nodes = (await did(city, INBOX, ouyang))["inbox"]["nodes"]
            return next((one for one in nodes if "红楼梦" in one["subject"]), None)

        message = await until(came, what="the message")
        assert message["subject"].endswith("红楼梦 is due soon") and "by 12月1日" in message["body"]
        assert message["link"] == f"/mini/{APP}?page=pages%2Findex&query=id%3D7"
        row = await city.city.ground.mongo.collection(MESSAGES).find_one({"_id": sent.id})
        assert row is not None and "红楼梦" not in str(row)

        async def told() -> Any:
            events = [await app.webhooks.verify(headers, body) for headers, body in receiver.calls]
            kinds = {event.type for event in events}
            return events if {"subscription.changed", "message.delivered"} <= kinds else None

        events = {event.type: event for event in await until(told, what="what the backend is told")}
        assert events["message.delivered"].message_id == sent.id
        assert (events["subscription.changed"].openid, events["subscription.changed"].accepted) == (who.openid, True)

        # Always: no sheet, and still one message for each asking; taken back, there is none.
        await did(city, ANSWER, ouyang, id=session, yes=["loan_due"], no=[], always=True)
        (kept,) = await did(city, MINE, ouyang, app=APP)
        assert (kept["template"], kept["left"], kept["always"]) == ("loan_due", 1, True)
        assert (await did(city, WANTED, ouyang, id=session, names=["loan_due"]))[0]["choice"] == "ACCEPT"
        assert await did(city, MINE, await city.token(LIU), app=APP) == []
        (gone,) = await did(city, TAKE_BACK, ouyang, app=APP, name="loan_due")
        assert (gone["left"], gone["always"]) == (0, False)
        with pytest.raises(NotSubscribed):
            await send(who.openid, "loan_due", data)
        assert (await did(city, WANTED, ouyang, id=session, names=["loan_due"]))[0]["choice"] == "REJECT"

        # What the city bans is asked for and sent by nobody.
        assert (await city.ask(BAN, token=backing.builder, app=APP, name="loan_due")).codes == ["FORBIDDEN"]
        banned = await did(city, BAN, reviewer, app=APP, name="loan_due")
        assert banned == {"banned": True, "bannedBecause": "It advertises"}
        assert (await did(city, WANTED, ouyang, id=session, names=["loan_due"]))[0]["choice"] == "BAN"
        with pytest.raises(NotSubscribed):
            await send(who.openid, "loan_due", data)


async def test_a_reviewer_decides_about_the_words_that_they_saw(same_city: OpenCity) -> None:
    city = same_city
    backing = await Backing.registered(city)
    reviewer, shelf = await city.token(REVIEWER, audience="STAFF"), city.city.rooms.program_messages.shelf

    async def handed_in(session: Session) -> None:
        await shelf.hand_in(APP, at=city.clock.now(), session=session)

    async def approved(session: Session) -> None:
        await shelf.approve(APP, session=session)

    async def stands(state: str, title: str | None) -> str:
        """As reviewers see it; what they decide about."""
        one = next(one for one in await did(city, STANDS, reviewer, app=APP) if one["name"] == "room_free")
        assert (one["state"], (one["approved"] or {}).get("title")) == (state, title)
        return str(one["revision"])

    async def waits() -> list[Any]:
        """Since when, wherever officers find what waits."""
        found = (await did(city, WAITING, reviewer))["nodes"]
        mine = [one for one in found if one["template"]["name"] == "room_free"]
        assert all((one["appId"], one["programName"], one["own"]) == (APP, "Hello Hutong", False) for one in mine)
        return [one["template"]["handedInAt"] for one in mine]

    def decided(revision: str, yes: bool, why: str = "") -> Any:
        return city.ask(DECIDE, token=reviewer, app=APP, name="room_free", revision=revision, yes=yes, why=why)

    in_transaction = city.city.ground.mongo.transaction
    await did(city, WRITE, backing.builder, app=APP, name="room_free", **WORDS)
    assert await stands("WRITTEN", None) == ""
    assert (await decided("", True)).codes == ["MINIAPPS_TEMPLATE_CHANGED"]
    await in_transaction(handed_in)
    first = await stands("WAITING", None)
    (since,) = await waits()
    assert (await city.ask(WAITING, token=backing.builder)).codes == ["FORBIDDEN"]
    # Handed in with the next version as they are, they go on waiting; a ban leaves nothing to decide.
    assert isinstance(city.clock, FixedClock)
    city.clock.advance(seconds=1)
    await in_transaction(handed_in)
    assert await waits() == [since]
    await did(city, BAN, reviewer, app=APP, name="room_free")
    assert await waits() == []
    await did(city, ALLOW, reviewer, app=APP, name="room_free")
    assert await waits() == [since]
    # What was refused is not good with the version, nor when the same is handed in once more.
    assert (await decided(first, False)).codes == ["BAD_USER_INPUT"]
    assert (await decided(first, False, "Say which book")).errors == []
    await in_transaction(handed_in)
    await in_transaction(approved)
    assert await stands("REFUSED", None) == first
    assert await waits() == []
    # Other words are decided about anew, and nobody takes those that they did not see.
    other: Any = {**WORDS, "title": {"zh-CN": "《{book}》今天到期", "en": "{book} is due today"}}
    await did(city, WRITE, backing.builder, app=APP, name="room_free", **other)
    await in_transaction(handed_in)
    second = await stands("WAITING", None)
    assert await waits() > [since]
    assert (await decided(first, True)).codes == ["MINIAPPS_TEMPLATE_CHANGED"]
    assert (await decided(second, True)).errors == []
    await stands("APPROVED", "{book} is due today")
    assert await waits() == []
    # Who builds it decides nothing, and neither does an officer of the same person.
    await _builds(city)
    for codes, who in ((["FORBIDDEN"], backing.builder), (["MINIAPPS_OWN_MATTER"], reviewer)):
        answer = await city.ask(DECIDE, token=who, app=APP, name="room_free", revision=second, yes=False, why="No")
        assert answer.codes == codes
        assert (await city.ask(BAN, token=who, app=APP, name="room_free")).codes == codes
    await stands("APPROVED", "{book} is due today")


async def test_a_page_of_words_that_wait_is_read_by_as_many_commands_as_one_row(same_city: OpenCity) -> None:
    city, rooms = same_city, same_city.city.rooms
    reviewer, wanted = await city.token(REVIEWER, audience="STAFF"), dict[str, Any]()
    for phone, name, incidents, grade in ((OUYANG, "Ouyang builds", 4, "D"), (LIU, "Liu builds", 0, "C")):
        builder = await city.token(phone)
        organisation = (await did(city, REGISTER, builder, name=name))["id"]
        for number in ("one", "two"):
            app, called = f"dev.{name.split()[0].lower()}.{number}", f"{name} {number}"
            await did(city, NEW_APP, builder, of=organisation, app=app, name=called)
            await did(city, WRITE, builder, app=app, name="due_back", **WORDS)
            await _waits(city, app)
            stands = {"builder": {"name": name, "grade": grade}, "own": phone == OUYANG}
            wanted[app] = {"appId": app, "programName": called, **stands}
        await _went_wrong(city, organisation, incidents)
    await _builds(city, "dev.ouyang.one")

    async def asked(first: int, *, page: str = PAGE, of: str = "miniTemplatesWaiting") -> tuple[list[Any], list[str]]:
        """The page, and what it asked of MongoDB."""
        who = await rooms.wings.identity.authenticate(token=reviewer)
        context = Context(request_id="req_1", principal=who, locale=Locale.EN, services=rooms.services)
        async with counted(rooms.ground.redis, keys=":mini:") as there:
            answer = await city.city.engine.execute(query=page, variables={"first": first}, context=context)
        return answer.as_dict()["data"][of]["nodes"], sorted(there.mongo)

    (one, for_one), (all_, for_all) = await asked(1), await asked(50)
    assert len(one) == 1 and {row["appId"]: row for row in all_ if row["appId"] in wanted} == wanted
    rooms_own = ["accounts", "accounts", "apps", "developers", "organisations", "templates"]
    of_identity = ["citizens", "organisations", "relations", "staff"]
    assert for_one == [
        "aggregate mini_facts",
        *(f"find identity_{name}" for name in of_identity),
        *(f"find mini_{name}" for name in rooms_own),
    ]
    assert for_all == for_one

    # Versions that wait are named, and their builders found, by the same way.
    async with _queued(city, wanted):
        (one, for_one), (all_, for_all) = [await asked(first, page=QUEUE, of="reviewQueue") for first in (1, 50)]
    assert len(one) == 1 and {row["appId"]: row for row in all_ if row["appId"] in wanted} == wanted
    assert for_one == [
        "aggregate mini_facts",
        *(f"find identity_{name}" for name in of_identity),
        *(f"find mini_{name}" for name in ("accounts", "accounts", "apps", "developers", "organisations", "versions")),
    ]
    assert for_all == for_one


@asynccontextmanager
async def _queued(city: OpenCity, app_ids: Iterable[str]) -> AsyncIterator[None]:
    """A version of each waits for a reviewer."""
    store = city.city.rooms.platform.records.desk.store
    versions = [
        Version(
            id=f"mpv_{number}",
            app_id=app_id,
            organisation=found.organisation,
            developer="dev_1",
            version_name="1.0.0",
            version_code=1,
            package=f"{number:064}",
            files_h1="",
            size=1,
            asked=frozenset(),
            domains=frozenset(),
            state=State.IN_REVIEW,
            created_at=city.clock.now(),
            queued=f"{number:03}",
        )
        for number, app_id in enumerate(app_ids)
        if (found := await city.city.rooms.platform.developers.store.app(app_id))
    ]

    async def waits(session: Session) -> None:
        for version in versions:
            await store.put(version, session=session)

    await store.mongo.transaction(waits)
    yield
    await store.mongo.collection(VERSIONS).delete_many({"_id": {"$in": [version.id for version in versions]}})


async def _waits(city: OpenCity, app_id: str) -> None:
    """Its words wait for an officer."""
    shelf = city.city.rooms.program_messages.shelf

    async def handed_in(session: Session) -> None:
        await shelf.hand_in(app_id, at=city.clock.now(), session=session)

    await city.city.ground.mongo.transaction(handed_in)


async def _went_wrong(city: OpenCity, organisation: str, times: int) -> None:
    async def noted(session: Session) -> None:
        for _ in range(times):
            await city.city.rooms.platform.developers.note(
                organisation=organisation, fact=Fact.INCIDENT, session=session
            )

    await city.city.ground.mongo.transaction(noted)


async def _builds(city: OpenCity, app_id: str = APP) -> None:
    """The reviewer is a member of those who build this, as a citizen."""
    assert isinstance(city.clock, FixedClock)
    city.clock.advance(seconds=61)  # a phone is sent so many codes
    await city.token(REVIEWER)
    rooms = city.city.rooms
    citizen, store = (
        await rooms.wings.identity.store.citizen_of_phone(f"+86{REVIEWER}"),
        rooms.platform.developers.store,
    )
    app = await store.app(app_id)
    assert citizen is not None and app is not None
    account, developer = (
        await store.account(app.organisation),
        await store.made_developer(citizen.id, at=app.created_at),
    )
    assert account is not None
    joined = replace(account, members={**account.members, developer.id: Role.READER})

    async def join(session: Session) -> None:
        await store.put_account(joined, session=session)

    await rooms.ground.mongo.transaction(join)
