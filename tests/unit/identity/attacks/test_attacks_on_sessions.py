"""Somebody has another's session, or something that once led to one: what it is good for."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
import re
from datetime import timedelta
from itertools import groupby

import pytest
from graphql import FieldDefinitionNode, ObjectTypeDefinitionNode, parse

from core.principal import Principal, PrincipalKind
from identity.credentials.errors import PasswordWrong
from identity.credentials.links import Link
from identity.credentials.proofs import Proof
from identity.model import ENROL_SCOPE, Audience
from identity.staffing.model import Kind
from tests.support.attacks import against
from tests.support.marks import ROOT
from tests.unit.identity.credentials.holders import HERE, PASSPHRASE, Holders
from tests.unit.identity.room import CLERK, LIU, NEWCOMER, ZHANG, Room, outcome
from tests.unit.identity.staffing.bureau import OFFICER, REASON, Bureau

UNKNOWN = "13700000099"


async def approved(people: Holders, principal: Principal) -> Link:
    """A screen to which the phone has said yes, and which has not yet fetched its session."""
    link = await people.credentials.links.begin(audience=Audience.CITIZEN, device_name="屏", origin=HERE)
    await people.credentials.links.approve(principal=principal, code=link.code, number=link.number, origin=HERE)
    return link


@against("a stolen session", "refresh token from before a step-up")
async def test_a_refresh_token_from_before_a_step_up_is_good_no_longer(people: Holders) -> None:
    room = people.room
    stolen = await room.sign_in(ZHANG)
    zhang = await room.principal(stolen)
    await people.with_password(zhang)
    step_up = people.credentials.step_up.confirm
    surer = await step_up(principal=zhang, proof=Proof(password=PASSPHRASE), origin=HERE)
    before, refresh = await room.dump(), room.identity.sessions.refresh
    assert await outcome(refresh(refresh_token=stolen.refresh)) == "AUTH_REFRESH_INVALID"
    assert await room.dump() == before
    # Its owner goes on; of a step-up and a refresh at one instant the step-up's token is left, whichever came first.
    newest = await refresh(refresh_token=surer.refresh)
    again, other = await asyncio.gather(
        step_up(principal=zhang, proof=Proof(password=PASSPHRASE), origin=HERE),
        outcome(refresh(refresh_token=newest.refresh)),
    )
    assert other in ("ok", "AUTH_REFRESH_INVALID")
    assert (await refresh(refresh_token=again.refresh)).session.id == zhang.session_id


@against("a stolen session", "screen that waits for its session")
async def test_a_phone_that_was_signed_out_lets_no_screen_in(people: Holders) -> None:
    room, zhang = people.room, await people.zhang()
    link = await approved(people, zhang)
    await room.identity.sessions.sign_out(principal=zhang)
    before = await room.dump()
    finish = people.credentials.links.finish(id=link.id, secret=link.secret)
    assert await outcome(finish) == "AUTH_LINK_EXPIRED"
    assert await room.dump() == before


@against("a stolen session", "password that was found out")
async def test_who_found_out_a_password_does_not_make_it_theirs(people: Holders) -> None:
    """On a device that is not trusted, the password that stands is no proof for another one."""
    zhang = await people.zhang()
    await people.with_password(zhang)
    thief = dataclasses.replace(zhang, cooling_until=people.room.clock.now() + timedelta(hours=24))
    before = await people.room.dump()
    change = people.credentials.passwords.set(
        principal=thief, password="a quite different one", current=PASSPHRASE, origin=HERE
    )
    assert await outcome(change) == "STEP_UP_REQUIRED"
    assert await people.room.dump() == before


@against("skipping the second factor", "two answers at one instant")
async def test_of_two_second_steps_at_one_instant_one_begins_a_session(people: Holders) -> None:
    secret, codes = await people.with_totp(await people.zhang())
    asked = await people.pending()
    results = await asyncio.gather(
        outcome(people.complete(asked.pending_id, totp=people.totp(secret))),
        outcome(people.complete(asked.pending_id, recovery_code=codes[0])),
        outcome(people.complete(asked.pending_id, recovery_code=codes[1])),
    )
    assert sorted(results) == ["AUTH_SIGN_IN_EXPIRED", "AUTH_SIGN_IN_EXPIRED", "ok"]


@against("a frozen or erased account", "code", "password", "passkey", "screen", "refresh", "access token")
async def test_a_frozen_account_opens_by_no_way_of_signing_in(people: Holders, bureau: Bureau) -> None:
    room = people.room
    begun = await room.sign_in(LIU)
    liu = await room.principal(begun)
    await people.with_password(liu)
    passkey = await people.with_passkey(liu)
    begun = await room.identity.sessions.refresh(refresh_token=begun.refresh)
    link = await approved(people, await room.principal(begun))
    officer = await bureau.officer()
    await bureau.freeze(officer, liu.actor)
    code = await room.code(LIU)
    before = await room.dump()
    told = {
        "code": await outcome(room.answer(LIU, code)),
        "password": await outcome(people.by_password(phone=LIU)),
        "passkey": await outcome(people.by_passkey(passkey)),
        "screen": await outcome(people.credentials.links.finish(id=link.id, secret=link.secret)),
        "refresh": await outcome(room.identity.sessions.refresh(refresh_token=begun.refresh)),
        "token": await outcome(room.identity.authenticate(token=begun.access.text)),
    }
    assert told == {
        **dict.fromkeys(("code", "password", "passkey", "refresh"), "AUTH_ACCOUNT_FROZEN"),
        "screen": "AUTH_LINK_EXPIRED",
        "token": "AUTH_TOKEN_INVALID",
    }
    assert await room.dump() == before


@against("another's rights", "officer about themself")
async def test_no_officer_decides_about_the_account_of_their_own_phone(bureau: Bureau) -> None:
    """Nor does a second one with them: neither proposes, and neither approves."""
    own = await bureau.room.citizen(OFFICER)
    officer = await bureau.officer()
    before = await bureau.room.dump()
    accounts = bureau.staffing.accounts
    told = [
        await outcome(bureau.freeze(officer, own.actor)),
        await outcome(accounts.end_sessions(principal=officer, citizen_id=own.actor, reason=REASON)),
        await outcome(bureau.propose(officer, Kind.ACCOUNT_END, own.actor)),
        await outcome(bureau.propose(officer, Kind.ACCOUNT_HOLD, own.actor, until=bureau.days(30))),
    ]
    assert told == ["STAFF_OWN_MATTER"] * 4
    assert await bureau.room.dump() == before


@against("skipping the second factor", "session that can only enrol")
async def test_what_a_session_that_can_only_enrol_reaches(people: Holders) -> None:
    """Fields that ask for no scope are its own credentials, devices and sessions; rooms ask for a citizen besides."""
    signed_in = await people.room.sign_in(CLERK, audience=Audience.STAFF)
    clerk = await people.room.principal(signed_in)
    enrolling = dataclasses.replace(clerk, scopes=frozenset({ENROL_SCOPE}), jurisdiction=None, department="")
    before = await people.room.dump()
    for query in (
        "{ staffMe { id } }",
        "{ me { id } }",
        'mutation { setHomeDistrict(code: "110101") { id } }',
        'mutation { lookAtLink(code: "x") { deviceName } }',
        'mutation { approveLink(code: "x", number: 1) }',
        'mutation { denyLink(code: "x") }',
    ):
        answer = await people.ask(query, principal=enrolling)
        assert [one["code"] for one in answer["errors"]] == ["FORBIDDEN"], query
    assert await people.room.dump() == before
    assert unscoped("identity") == OWN_ACCOUNT


OWN_ACCOUNT = {
    *("signInMethods", "setPassword", "removePassword", "beginPasskeyRegistration", "addPasskey", "renamePasskey"),
    *("removePasskey", "askForPasskey", "beginTotp", "confirmTotp", "removeTotp", "renewRecoveryCodes"),
    *("requestStepUpCode", "stepUp", "lookAtLink", "approveLink", "denyLink"),
    *("devices", "securityEvents", "renameDevice", "forgetDevice", "trustDevice", "registerDeviceKey"),
    *("endOtherSessions", "signOut", "revokeSession", "me", "acting", "setHomeDistrict"),
}


def unscoped(graph: str) -> set[str]:
    """Root fields of one room that ask for somebody who is signed in and for nothing else."""
    document = parse((ROOT / "api" / "supergraph.graphql").read_text())
    roots = [one for one in document.definitions if isinstance(one, ObjectTypeDefinitionNode)]
    fields = [field for root in roots if root.name.value in ("Query", "Mutation") for field in root.fields or ()]
    return {
        field.name.value
        for field in fields
        if _directives(field) & {"authenticated"}
        and not _directives(field) & {"requiresScopes", "policy"}
        and f"graph: {graph.upper()}"
        in str(field.loc.source.body[field.loc.start : field.loc.end] if field.loc else "")
    }


def _directives(field: FieldDefinitionNode) -> set[str]:
    return {one.name.value for one in field.directives or ()}


# --- enumeration


@against("enumeration by timing", "password")
async def test_a_wrong_password_costs_the_same_commands_whosoever_phone_it_is(
    people: Holders, caplog: pytest.LogCaptureFixture
) -> None:
    """Also when its account was used a moment ago, or never: keys are fetched alike."""
    room = people.room
    await people.with_password(await people.zhang())
    await room.citizen(NEWCOMER)
    await people.with_password(await room.clerk(CLERK))
    before = await room.dump()
    tried = {
        "with a password": (ZHANG, Audience.CITIZEN),
        "without": (LIU, Audience.CITIZEN),
        "without a name": (NEWCOMER, Audience.CITIZEN),
        "nobody's": (UNKNOWN, Audience.CITIZEN),
    }
    staff = {"staff's": (CLERK, Audience.STAFF), "no staff's": (ZHANG, Audience.STAFF)}
    for group in (tried, staff):
        commands = {}
        for which, (phone, audience) in {**group, **{f"{one}, again": told for one, told in group.items()}}.items():
            caplog.clear()
            with caplog.at_level(logging.DEBUG, logger="pymongo.command"), pytest.raises(PasswordWrong):
                await people.by_password("wrong-" + PASSPHRASE, phone=phone, audience=audience)
            commands[which] = [collection for collection, _ in groupby(found(caplog))]
        one = next(iter(commands.values()))
        assert one[1:] == ["personal_keys", "identity_keychains", "personal_keys"]
        assert commands == dict.fromkeys(commands, one)
    assert await room.dump() == before


def found(caplog: pytest.LogCaptureFixture) -> list[str]:
    """The collections that were looked into, in order."""
    told = [record.getMessage() for record in caplog.records if "Command started" in record.getMessage()]
    return [match[1] for one in told if (match := re.search(r'\\?"find\\?": \\?"(\w+)', one))]


@against("another's rights", "staff without a citizen's account")
async def test_staff_are_no_citizens_and_citizens_no_staff(room: Room) -> None:
    """One phone may have both accounts; a session of the one is nothing to the other."""
    citizen, staff = await room.citizen(CLERK), await room.clerk(CLERK)
    assert (citizen.kind, staff.kind) == (PrincipalKind.CITIZEN, PrincipalKind.STAFF)
    before = await room.dump()
    sessions = room.identity.sessions
    assert await outcome(sessions.revoke(principal=citizen, session_id=staff.session_id)) == "NOT_FOUND"
    assert await outcome(sessions.revoke(principal=staff, session_id=citizen.session_id)) == "NOT_FOUND"
    assert await outcome(room.identity.me(principal=staff)) == "FORBIDDEN"
    assert await outcome(room.identity.staff_me(principal=citizen)) == "FORBIDDEN"
    assert await room.dump() == before
