"""Devices and what is unusual about sign-ins: noticed, told, cooling off, trusted, forgotten."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import orjson

from core.errors import StepUpRequired
from core.paging import PageRequest
from core.principal import ANONYMOUS, Principal
from identity.arrivals import Origin
from identity.credentials.proofs import Proof
from identity.devices.service import Devices
from identity.model import Audience
from identity.relations import RelationKind
from tests.support.attacks import against
from tests.unit.identity.credentials.holders import HERE, NUMBERS, PASSPHRASE
from tests.unit.identity.devices.owners import BEIJING, GUANGZHOU, UNKNOWN, Owners, owners
from tests.unit.identity.room import ALEXANDER, CLERK, ZHANG, Room, outcome

FIRST = PageRequest.of(first=50, after=None)


async def dangerous(city: Owners, principal: Principal) -> str:
    """What somebody does who takes an account over: set a password."""
    passwords = city.credentials.passwords
    return await outcome(passwords.set(principal=principal, password=PASSPHRASE, current=None, origin=HERE))


@against("a stolen session", "device that is not trusted")
async def test_a_new_device_is_noticed_and_cools_off(city: Owners) -> None:
    first = await city.on("a")
    assert first.cooling_until is None and await city.kinds(first.actor) == []
    assert (await city.on("a")).cooling_until is None

    new = await city.on("b")
    noticed_at = city.room.clock.now()
    assert new.cooling_until == noticed_at + timedelta(hours=24)
    assert await city.kinds(new.actor) == ["new_device"]
    [event] = await city.room.events("identity.sign_in_noticed")
    assert event.payload == {"account_id": new.actor, "citizen": new.actor, "what": "new_device"}
    [entry] = await city.room.audited("devices.sign_in_noticed")
    assert entry["about"] == {"session": new.session_id, "signals": ["new_device"]}

    # What asks for a fresh proof asks for a strong one there, and says until when; on the first device it does not.
    try:
        await city.credentials.totp.begin(principal=new)
    except StepUpRequired as asked:
        assert (asked.strong, asked.cooling_until) == (True, new.cooling_until)
    assert await dangerous(city, new) == "STEP_UP_REQUIRED"
    assert await outcome(city.devices.end_others(principal=new)) == "STEP_UP_REQUIRED"
    revoke = city.room.identity.sessions.revoke
    assert await outcome(revoke(principal=new, session_id=first.session_id)) == "STEP_UP_REQUIRED"
    # Nor does it help to sign in there again, to act for somebody, or to wait for new tokens.
    again = await city.on("b")
    assert again.cooling_until == new.cooling_until
    acting = await city.room.acting(RelationKind.CARER, actor=again)
    assert acting.cooling_until == new.cooling_until
    # A device without an id is new each time.
    assert (await city.on("")).cooling_until != new.cooling_until

    city.room.clock.advance(seconds=24 * 3600)
    later = await city.on("b")
    assert not later.cooling(city.room.clock.now())
    assert await dangerous(city, later) == "ok"


async def test_what_makes_a_device_trusted(city: Owners) -> None:
    """A yes from a trusted device, another screen's QR code, two factors; never its own word."""
    known, new = await city.on("a"), await city.on("b")
    [id_new] = [
        one.device.id for one in await city.devices.own(principal=new) if not one.device.trusted(city.room.clock.now())
    ]
    assert await outcome(city.devices.trust(principal=new, device_id=id_new)) == "STEP_UP_REQUIRED"
    alexander = await city.on("z", phone=ALEXANDER)
    assert await outcome(city.devices.trust(principal=alexander, device_id=id_new)) == "NOT_FOUND"
    known = await city.on("a")
    used = await city.devices.trust(principal=known, device_id=id_new)
    assert used.device.trusted(city.room.clock.now()) and len(used.sessions) == 1
    assert (await city.on("b")).cooling_until is None
    assert (await city.kinds(known.actor))[0] == "device_trusted"

    # A screen that a known device lets in is trusted, and its owner still reads of it.
    links = city.credentials.links
    link = await links.begin(audience=Audience.CITIZEN, device_name="大厅屏", origin=replace(HERE, device_id="screen"))
    await links.approve(principal=await city.on("a"), code=link.code, number=NUMBERS[0], origin=HERE)
    screen = await links.finish(id=link.id, secret=link.secret, origin=replace(HERE, device_id=""))
    assert screen is not None and screen.session.cooling_until is None
    assert (await city.kinds(known.actor))[0] == "new_device"

    # Two factors: the sign-in that took a second step.
    city.room.clock.advance(seconds=3600)
    secret, _ = await city.people.with_totp(await city.on("a"))
    second = await city.people.pending()
    strong = await city.people.complete(second.pending_id, totp=city.people.totp(secret))
    assert strong.session.cooling_until is None


async def test_a_stronger_proof_ends_cooling_off(city: Owners) -> None:
    """A passkey that was made on a known device, shown as a step-up on the new one."""
    known = await city.on("a")
    passkey = await city.people.with_passkey(known)
    new = await city.on("b")
    assert await outcome(city.credentials.totp.begin(principal=new)) == "STEP_UP_REQUIRED"
    id, options = await city.people.challenge()
    proof = Proof(passkey_id=id, credential=passkey.get(options))
    surer = await city.credentials.step_up.confirm(principal=new, proof=proof, origin=HERE)
    assert surer.session.cooling_until is None
    assert await outcome(city.credentials.totp.begin(principal=await city.room.principal(surer))) == "ok"
    assert (await city.on("b")).cooling_until is None
    # A sign-in with it is two factors in one.
    id, options = await city.people.challenge()
    there = replace(HERE, device_id="c")
    by_passkey = await city.credentials.passkeys.sign_in(
        id=id, credential=passkey.get(options), device_name="电脑", origin=there
    )
    assert by_passkey.session.cooling_until is None


async def test_a_new_device_after_impossible_travel_needs_a_second_proof(city: Owners) -> None:
    zhang = await city.on("a", address=BEIJING)
    await city.people.with_password(zhang)

    async def by_password(device_id: str, address: str) -> str:
        city.room.clock.advance(seconds=1)
        return await outcome(
            city.credentials.passwords.sign_in(
                phone=ZHANG,
                password=PASSPHRASE,
                audience=Audience.CITIZEN,
                device_name="电脑",
                origin=Origin(device_id, address),
            )
        )

    # A password is not enough; a code is, and the session cools off. On the known device either is: it is only told.
    before = len(await city.room.audited("sessions.begun"))
    assert await by_password("b", GUANGZHOU) == "AUTH_SIGN_IN_BY_CODE"
    assert len(await city.room.audited("sessions.begun")) == before
    # The owner is told of what did not succeed.
    assert (await city.kinds(zhang.actor))[0] == "second_proof_wanted"
    [told] = await city.room.events("identity.sign_in_noticed")
    assert told.payload["what"] == "second_proof_wanted"
    assert await by_password("a", GUANGZHOU) == "ok"
    assert (await city.kinds(zhang.actor))[0] == "impossible_travel"
    page = await city.devices.page_of_events(principal=zhang, request=FIRST)
    assert [(one.kind.value, one.place.zh if one.place else "") for one in page.rows] == [
        ("impossible_travel", "广州"),
        ("second_proof_wanted", "广州"),
    ]
    by_code = await city.on("b", address=BEIJING)
    assert by_code.cooling_until is not None

    # Who has a second factor is asked for it, though they did not choose to be.
    city.room.clock.advance(seconds=86_400)
    passkey = await city.people.with_passkey(await city.on("a", address=BEIJING))
    assert await by_password("c", GUANGZHOU) == "AUTH_SECOND_FACTOR_REQUIRED"
    assert await outcome(city.on("c", address=GUANGZHOU)) == "AUTH_SECOND_FACTOR_REQUIRED"
    assert passkey and await by_password("c", UNKNOWN) == "ok"

    # Wrong tries before the right one count too.
    for _ in range(5):
        await outcome(city.people.by_password("falsch", phone=ZHANG))
    assert await by_password("d", UNKNOWN) == "AUTH_SECOND_FACTOR_REQUIRED"
    assert await by_password("a", UNKNOWN) == "ok"


async def test_forgetting_a_device_ends_its_sessions_everywhere(city: Owners) -> None:
    room, devices = city.room, city.devices
    mine, lost = await city.sign_in("a"), await city.sign_in("b")
    elsewhere = room.revocations()
    await elsewhere.open()
    zhang, thief = await room.principal(mine), await room.principal(lost)
    kept, gone = [
        next(one for one in await devices.own(principal=zhang) if one.sessions[0].id == who.session_id)
        for who in (zhang, thief)
    ]
    forget = devices.forget
    acting = await room.acting(RelationKind.CARER, actor=zhang)
    for who, code in (
        (await city.on("z", phone=ALEXANDER), "NOT_FOUND"),
        (acting, "FORBIDDEN"),
        (ANONYMOUS, "UNAUTHENTICATED"),
    ):
        assert await outcome(forget(principal=who, device_id=gone.device.id)) == code
    # From the new device, which is not trusted, the owner's is not forgotten.
    assert await outcome(forget(principal=thief, device_id=kept.device.id)) == "STEP_UP_REQUIRED"

    # While it is refreshed: whichever comes first, in the end its session is over.
    refresh = room.identity.sessions.refresh
    codes = await asyncio.gather(
        outcome(forget(principal=zhang, device_id=gone.device.id)), outcome(refresh(refresh_token=lost.refresh))
    )
    assert codes[0] == "ok" and codes[1] in ("ok", "AUTH_REFRESH_INVALID")
    assert await outcome(room.principal(lost)) == "AUTH_TOKEN_INVALID"
    await elsewhere.refresh()
    assert thief.session_id in elsewhere and zhang.session_id not in elsewhere
    assert await outcome(refresh(refresh_token=lost.refresh)) in ("AUTH_REFRESH_INVALID", "AUTH_REFRESH_REUSED")
    [ended] = [one.payload for one in await room.events("identity.session_ended")]
    assert (ended["session_id"], ended["because"]) == (thief.session_id, "device_forgotten")
    assert len(await room.audited("devices.forgotten")) == 1
    assert [one.device.id for one in await devices.own(principal=zhang)] == [kept.device.id]
    assert (await city.kinds(zhang.actor))[0] == "device_forgotten"
    # It is new when it comes again; an account whose devices are all forgotten is not a new account.
    assert (await city.on("b")).cooling_until is not None
    own = await room.principal(mine)
    assert await outcome(forget(principal=own, device_id=kept.device.id)) == "ok"
    assert await outcome(room.principal(mine)) == "AUTH_TOKEN_INVALID"
    assert (await city.on("a")).cooling_until is not None


async def test_a_sign_in_while_its_device_is_forgotten(city: Owners) -> None:
    zhang, _ = await city.on("a"), await city.on("b")
    other = next(one for one in await city.devices.own(principal=zhang) if one.sessions[0].id != zhang.session_id)
    await asyncio.gather(city.devices.forget(principal=zhang, device_id=other.device.id), city.on("b"))
    # Either it came first and was ended, or it is on a device that is new.
    devices = {one.device.id for one in await city.devices.own(principal=zhang)}
    running = await city.room.identity.store.live_sessions(zhang.actor, now=city.room.clock.now())
    assert {one.device_id for one in running} <= devices


@against("reading another's", "devices")
async def test_the_graph_shows_ones_own(city: Owners) -> None:
    room = city.room
    services: dict[type, object] = {Devices: city.devices}
    zhang, other = await city.on("a", address=BEIJING), await city.on("b", address=GUANGZHOU)
    key = city.key()

    async def ask(query: str, principal: Principal = zhang, **variables: object) -> dict[str, Any]:
        return await room.ask(query, principal=principal, variables=variables, services=services)

    shown = "{ devices { id name current trusted coolingUntil keyBound sessions { id deviceId idleUntil endsAt } } }"
    answer = await ask(shown)
    assert answer["codes"] == []
    other_row, own_row = answer["data"]["devices"]
    assert (own_row["name"], own_row["current"], own_row["trusted"], own_row["coolingUntil"]) == (
        "手机 a",
        True,
        True,
        None,
    )
    assert (other_row["name"], other_row["current"], other_row["trusted"]) == ("手机 b", False, False)
    assert own_row["sessions"][0]["deviceId"] == own_row["id"] and own_row["sessions"][0]["endsAt"]
    rename = "mutation ($id: ID!, $name: String!) { renameDevice(id: $id, name: $name) { name } }"
    assert (await ask(rename, id=own_row["id"], name="我的手机"))["data"]["renameDevice"]["name"] == "我的手机"
    assert (await ask(rename, id=own_row["id"], name=""))["codes"] == ["BAD_USER_INPUT"]
    alexander = await city.on("z", phone=ALEXANDER)
    assert (await ask(rename, alexander, id=own_row["id"], name="x"))["codes"] == ["NOT_FOUND"]
    assert (await ask(rename, id="dev_x", name="x"))["codes"] == ["NOT_FOUND"]

    register = "mutation ($i: RegisterDeviceKeyInput!) { registerDeviceKey(input: $i) { tokenType session { id } } }"
    told = {"publicKey": orjson.dumps(key.jwk).decode(), "proof": key.proof()}
    bound = await ask(register, i=told)
    assert bound["data"]["registerDeviceKey"] == {"tokenType": "DPoP", "session": {"id": zhang.session_id}}
    assert (await ask(register, i=told))["codes"] == ["AUTH_DPOP_PROOF_REPLAYED"]

    events = "{ securityEvents(first: 2) { nodes { kind deviceName place } pageInfo { hasNextPage } } }"
    page = (await ask(events))["data"]["securityEvents"]
    assert page["nodes"] == [
        {"kind": "KEY_REGISTERED", "deviceName": "我的手机", "place": None},
        {"kind": "IMPOSSIBLE_TRAVEL", "deviceName": "手机 b", "place": "广州"},
    ]
    assert (await ask("mutation { endOtherSessions }"))["data"]["endOtherSessions"] == 1
    assert other.session_id in room.identity.revocations and zhang.session_id not in room.identity.revocations
    assert (await ask("mutation { endOtherSessions }"))["data"]["endOtherSessions"] == 0
    acting = await room.acting(RelationKind.CARER, actor=zhang)
    for query in (shown, events, "mutation { endOtherSessions }"):
        assert (await ask(query, acting))["codes"] == ["FORBIDDEN"]

    # Nothing of it stands in clear, and all of it leaves with the account.
    dump = await room.dump()
    for word in ("我的手机", "手机 b", "广州", "Guangzhou"):
        assert word.encode() not in dump and repr(word)[1:-1].encode() not in dump
    await city.devices.watching.store.forget(zhang.actor)
    for name in ("identity_devices", "identity_security_events"):
        assert await room.mongo.collection(name).count_documents({"account_id": zhang.actor}) == 0
    assert await room.mongo.collection("identity_sign_in_habits").count_documents({"_id": zhang.actor}) == 0


async def test_a_demo_city_trusts_at_once_and_staff_are_watched_too(room: Room) -> None:
    city = await owners(room, cool_off=timedelta())
    await city.on("a")
    new = await city.on("b")
    assert new.cooling_until is None and await dangerous(city, new) == "ok"
    assert await city.kinds(new.actor) == ["new_device"]
    await room.sign_in(CLERK, audience=Audience.STAFF)
    clerk = await room.clerk()
    assert await city.kinds(clerk.actor) == ["new_device"]
    # Staff have no inbox of citizens' messages.
    assert "citizen" not in (await room.events("identity.sign_in_noticed"))[-1].payload
