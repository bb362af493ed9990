"""What the city tells a program's backend by itself, as the Python SDK hears it."""

from __future__ import annotations

from typing import Any

import pytest
from citytong_sdk import CityTongError, MiniApp
from citytong_sdk.errors import NotFound, WebhookInvalid

from api.programs import ProgramStores
from core.audit import ENTRIES
from core.clock import FixedClock, to_ms
from core.mongo import Session
from miniapps.backends.courier import PLACES
from miniapps.backends.model import RETRIES, Kind, Webhook
from miniapps.backends.store import DELIVERIES, WEBHOOKS
from tests.support.backing import APP, Backing
from tests.support.city import OpenCity, did
from tests.support.receiving import Receiver, receiving
from tests.support.threats import covers
from tests.support.waiting import until

OPENID, PHONE, NAME = "city.user.openid", "city.user.phone", "city.data.masked_name"
OUYANG, LIU = "13800000003", "13800000004"
REVIEWER, OFFICER = "13900000017", "13900000019"
SET = "mutation($app: String!, $url: String) { setWebhook(appId: $app, url: $url) { url state } }"
LOOK = "query($app: String!) { developerApp(appId: $app) { webhook { url state failingSince disabledAt } } }"
ANSWER = """mutation($id: ID!, $yes: [String!]!) {
  answerMiniPermissions(session: $id, granted: $yes, denied: [], text: "“胡同你好”申请获取信息。") { name state }
}"""
LOGIN = "mutation($id: ID!) { miniLogin(session: $id) { code } }"
SETTLE = """mutation($app: String!, $name: String!) {
  setMiniPermission(appId: $app, name: $name, state: PROMPT) { name state }
}"""
WHO = "{ me { id } }"
ORGANISATION = "query($app: String!) { developerApp(appId: $app) { organisation { id } } }"
RATE = """mutation($of: ID!, $grade: DeveloperGrade) {
  rateOrganisation(organisation: $of, grade: $grade, reason: "Madam Wang complained") { grade }
}"""
WORDS = """mutation($app: String!, $title: JSON!, $body: JSON!) {
  setMiniTemplate(appId: $app, name: "loan_due", title: $title, body: $body) { name }
}"""
BAN = """mutation($app: String!, $banned: Boolean!) {
  banMiniTemplate(appId: $app, name: "loan_due", banned: $banned, reason: "Madam Wang complained") { state }
}"""


def _later(city: OpenCity, seconds: float) -> None:
    assert isinstance(city.clock, FixedClock)
    city.clock.advance(seconds=seconds)


async def _heard(app: MiniApp, receiver: Receiver, count: int) -> Any:
    """What the last of so many calls said."""

    async def came() -> bool:
        return len(receiver.calls) >= count

    await until(came, what=f"webhook {count}")
    assert len(receiver.calls) == count
    headers, body = receiver.calls[-1]
    return await app.webhooks.verify(headers, body)


async def _stands(city: OpenCity, app: MiniApp, id: str, state: str, attempts: int) -> Any:
    """The delivery, once it stands so and the turn that brought it there has ended: pauses count from its end."""

    async def look() -> Any:
        listed = (await app.webhooks.deliveries(first=10))["deliveries"]
        (one,) = (row for row in listed if row["id"] == id)
        if (one["state"], one["attempts"]) != (state, attempts):
            return None
        # Looked at last: a turn that had not begun before may be at work by now.
        row = await city.city.ground.mongo.collection(WEBHOOKS).find_one({"_id": APP})
        return one if row is not None and row.get("busy_until") is None else None

    return await until(look, what=f"{state} after {attempts}")


@covers("T35")
async def test_what_nobody_hears_is_told_again_until_it_is_dead(same_city: OpenCity) -> None:
    city = same_city
    backing = await Backing.registered(city)
    async with receiving() as receiver, backing.app() as app:
        await did(city, SET, backing.builder, app=APP, url=receiver.url)
        receiver.status, receiver.location = 302, receiver.url
        id = await app.webhooks.test()
        for attempt, pause in enumerate(RETRIES, start=1):
            one = await _stands(city, app, id, "pending", attempt)
            assert (one["lastStatus"], len(receiver.calls)) == (302, attempt)  # nothing is followed
            _later(city, pause.total_seconds() + 5)
        dead = await _stands(city, app, id, "dead", len(RETRIES) + 1)
        assert dead["nextAt"] is None
        stands = (await did(city, LOOK, await city.token("13800000001"), app=APP))["webhook"]
        assert stands["state"] == "FAILING" and stands["failingSince"] is not None
        assert len({headers["webhook-id"] for headers, _ in receiver.calls}) == 1

        receiver.status, receiver.location = 200, ""
        await app.webhooks.replay(id)
        again = await _heard(app, receiver, len(RETRIES) + 2)
        assert again.id == id
        await _stands(city, app, id, "delivered", 1)
        with pytest.raises(NotFound):
            await app.webhooks.replay("whd_01J9ZZZZZZZZZZZZZZZZZZZZZZ")

        # A week of nothing but failures: it is called no more until an address is set again.
        receiver.status = 500
        failing = await app.webhooks.test()
        await _heard(app, receiver, len(RETRIES) + 3)
        await _stands(city, app, failing, "pending", 1)
        _later(city, 7 * 86400 + 60)

        async def disabled() -> bool:
            found = await city.city.rooms.platform.webhooks.store.webhook(APP)
            return found is not None and found.disabled_at is not None

        await until(disabled, what="the end of calling")
        with pytest.raises(CityTongError) as none:
            await app.webhooks.test()
        assert none.value.code == "MINIAPPS_NO_WEBHOOK"
        await did(city, SET, await city.token("13800000001"), app=APP, url=receiver.url)
        assert await app.webhooks.test()


async def test_receivers_that_are_slow_keep_nobody_but_their_like(same_city: OpenCity) -> None:
    city = same_city
    backing, webhooks = await Backing.registered(city), city.city.rooms.platform.webhooks
    # All places but one; and later, more than there are for those whose last call failed.
    slow_ones = [f"org.example.slow{number}" for number in range(PLACES[False] - 1)]

    async def told(session: Session) -> None:
        now = to_ms(city.clock.now())
        for app_id in slow_ones:
            await webhooks.store.put(Webhook(app_id, slow.url, now), session=session)
            await webhooks.telling.tell(app_id, Kind.PING, {}, session=session)

    async def called() -> bool:
        return len(slow.calls) >= slow_calls

    async def failing() -> bool:
        found = [await webhooks.store.webhook(app_id) for app_id in slow_ones]
        return all(one is not None and one.failing_since is not None for one in found)

    async with receiving() as slow, receiving() as healthy, backing.app() as app:
        await did(city, SET, backing.builder, app=APP, url=healthy.url)
        slow.answers.clear()
        slow_calls = len(slow_ones)
        await city.city.ground.mongo.transaction(told)
        await until(called, what="slow receivers that think")
        await app.webhooks.test()
        assert (await _heard(app, healthy, 1)).type == "ping"
        assert len(slow.calls) == slow_calls  # and each of them still thinks

        slow.status = 500
        slow.answers.set()
        await until(failing, what="their failures")
        slow.answers.clear()
        slow_calls += PLACES[True]
        _later(city, RETRIES[0].total_seconds() + 5)
        await until(called, what="slow receivers that think again")
        await app.webhooks.test()
        assert (await _heard(app, healthy, 2)).type == "ping"
        assert len(slow.calls) == slow_calls
        slow.answers.set()


async def test_a_ban_is_told_with_a_code_and_nobody_s_name_and_its_end(same_city: OpenCity) -> None:
    city = same_city
    backing = await Backing.registered(city)
    officer, reviewer = [await city.token(who, audience="STAFF") for who in (OFFICER, REVIEWER)]
    mine = (await did(city, ORGANISATION, backing.builder, app=APP))["organisation"]["id"]
    async with receiving() as receiver, backing.app() as app:
        await did(city, SET, backing.builder, app=APP, url=receiver.url)
        for count, (grade, kind) in enumerate(
            [("BLOCKED", "organisation.blocked"), ("B", "organisation.unblocked")], start=1
        ):
            await did(city, RATE, officer, of=mine, grade=grade)
            told = await _heard(app, receiver, count)
            assert (told.type, told.organisation, told.reason, told.app_id) == (kind, mine, "officer", APP)
        # Another grade is no news; neither is the same ban again.
        await did(city, RATE, officer, of=mine, grade=None)
        words = {"zh-CN": "快到期了", "en": "Due soon"}
        await did(city, WORDS, backing.builder, app=APP, title=words, body=words)
        for count, (banned, kind) in enumerate([(True, "template.banned"), (False, "template.allowed")], start=3):
            for _ in range(2):
                await did(city, BAN, reviewer, app=APP, banned=banned)
            told = await _heard(app, receiver, count)
            assert (told.type, told.template) == (kind, "loan_due")
        assert "Wang" not in str(receiver.calls)


@covers("T25")
async def test_a_backend_is_told_what_citizens_and_the_city_do(same_city: OpenCity) -> None:
    city = same_city
    backing = await Backing.registered(city)
    await backing.released(permissions=(OPENID, PHONE, NAME))
    ouyang = await city.token(OUYANG)
    async with receiving() as receiver, backing.app() as app:
        assert await did(city, SET, backing.builder, app=APP, url=None) is None
        before = len((await app.webhooks.deliveries(first=10))["deliveries"])
        with pytest.raises(CityTongError) as none:
            await app.webhooks.test()
        assert none.value.code == "MINIAPPS_NO_WEBHOOK"
        for url in (
            "https://elsewhere.example/hook",
            "http://10.0.0.1/hook",
            "https://127.0.0.1:1@x.example/",
            "/hook",
        ):
            refused = await city.ask(SET, token=backing.builder, app=APP, url=url)
            assert refused.codes == ["MINIAPPS_WEBHOOK_REFUSED"], url
        assert (await city.ask(SET, token=ouyang, app=APP, url=receiver.url)).codes == ["NOT_FOUND"]
        # What an address may hold for the program's own server alone is in no audit.
        await did(city, SET, backing.builder, app=APP, url=f"{receiver.url}?key=hush")
        entries = await city.city.ground.mongo.collection(ENTRIES).find({"kind": "miniapps.webhook_set"}).to_list()
        assert entries and "hush" not in str(entries)
        told = await did(city, SET, backing.builder, app=APP, url=receiver.url)
        assert told == {"url": receiver.url, "state": "ACTIVE"}

        # A ping, which nobody else could have made.
        id = await app.webhooks.test()
        ping = await _heard(app, receiver, 1)
        assert (ping.id, ping.type, ping.app_id) == (id, "ping", APP)
        headers, body = receiver.calls[0]
        with pytest.raises(WebhookInvalid):
            await app.webhooks.verify(headers, body + b" ")
        async with city.http.get(f"{city.base}/.well-known/city-open") as response:
            keys = (await response.json())["webhook_keys"]
        assert keys and all(key.startswith("whpk_") for key in keys)
        one = await _stands(city, app, id, "delivered", 1)
        assert (one["type"], one["lastStatus"], one["nextAt"]) == ("ping", 204, None)

        # What a citizen takes back; it is kept for sending under seal alone.
        session = await backing.opened(ouyang)
        who = await app.auth.code2session((await did(city, LOGIN, ouyang, id=session))["code"])
        await did(city, ANSWER, ouyang, id=session, yes=[PHONE])
        await did(city, SETTLE, ouyang, app=APP, name=PHONE)
        revoked = await _heard(app, receiver, 2)
        assert (revoked.type, revoked.openid, revoked.names) == ("consent.revoked", who.openid, (PHONE,))
        rows = await city.city.ground.mongo.collection(DELIVERIES).find({"app_id": APP}).to_list()
        assert len(rows) == before + 2 and who.openid not in str(rows)

        # Who leaves the city is forgotten by it, and each program is told whom it knew.
        citizen = (await did(city, WHO, ouyang))["id"]
        await ProgramStores.on(city.city.ground).forgetting.forget(citizen)
        forgotten = await _heard(app, receiver, 3)
        assert (forgotten.type, forgotten.openid) == ("citizen.forgotten", who.openid)

        await city.city.rooms.releases.revoke(app_id=APP, version_code=None, reason="It calls at night", by="stf_1")
        gone = await _heard(app, receiver, 4)
        assert (gone.type, gone.reason) == ("app.revoked", "It calls at night")
        _later(city, 15)
        with pytest.raises(CityTongError):
            await app.webhooks.test()  # what was taken back has no backend any more
