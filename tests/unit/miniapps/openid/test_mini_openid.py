"""How programs know citizens: pairwise, once per code, and what a token says (T20, T21, T22, T37)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import jwt
import pytest

from core.clock import epoch_s
from core.errors import DomainError
from core.paging import PageRequest
from core.principal import Principal
from miniapps.errors import NotPermitted, SessionOver, TooOften
from miniapps.ledger import client_of
from miniapps.limits import PHONE_CODES
from miniapps.openid.errors import CodeInvalid, CodeUsed, NoPhone
from miniapps.openid.model import CODE_LIFE, TOKEN_TYPE, Identity
from miniapps.openid.service import PHONE_TOLD
from miniapps.sessions.model import Standing
from tests.support.threats import covers
from tests.unit.miniapps.runs import AIR, ISSUER, LIBRARY, OPENID, PHONE, SHOP, ZHANG, Runs, citizen

LIU = citizen("cit_liu", "ses_9")
FIRST = PageRequest.of(first=10, after=None)


async def _session(runs: Runs, who: Principal = ZHANG, app_id: str = LIBRARY.app_id) -> str:
    return (await runs.begin(who, app_id)).session.id


async def _code(runs: Runs, session: str, who: Principal = ZHANG) -> str:
    return (await runs.openids.login_code(principal=who, session_id=session)).text


async def _identity(runs: Runs, who: Principal = ZHANG, app_id: str = LIBRARY.app_id) -> Identity:
    code = await _code(runs, await _session(runs, who, app_id), who)
    return await runs.openids.redeem_login(code=code, app_id=app_id)


async def _phone_code(runs: Runs, session: str) -> str:
    return (await runs.openids.phone_code(principal=ZHANG, session_id=session)).text


# --- openid and unionid


async def test_a_program_knows_a_citizen_by_an_id_of_its_own(runs: Runs) -> None:
    mine, again = await _identity(runs), await _identity(runs)
    shop, air, liu = (
        await _identity(runs, app_id=SHOP.app_id),
        await _identity(runs, app_id=AIR.app_id),
        await _identity(runs, LIU),
    )
    assert (mine.openid, mine.unionid) == (again.openid, again.unionid)
    assert len({one.openid for one in (mine, shop, air, liu)}) == 4
    assert mine.unionid == shop.unionid  # one organisation builds both
    assert len({one.unionid for one in (mine, air, liu)}) == 3
    assert mine.openid.startswith("o_") and len(mine.openid) == 2 + 26
    assert mine.unionid.startswith("u_") and len(mine.unionid) == 2 + 26
    assert await runs.stores.openids.citizen_of(mine.openid, app_id=LIBRARY.app_id) == "cit_zhang"
    assert await runs.stores.openids.citizen_of(mine.openid, app_id=SHOP.app_id) is None


async def test_many_first_times_at_once_are_one(runs: Runs) -> None:
    store = runs.stores.openids
    found = await asyncio.gather(
        *(store.subject("cit_zhang", app_id=LIBRARY.app_id, organisation="mpo_library") for _ in range(8))
    )
    assert len(set(found)) == 1


async def test_programs_know_a_person_who_made_one_account_of_two(runs: Runs) -> None:
    store, old = runs.stores.openids, citizen("cit_old", "ses_5")
    both, gone = await _identity(runs, old), await _identity(runs, old, AIR.app_id)
    mine = await _identity(runs)
    for _ in range(2):  # twice is once
        await runs.stores.merging.move("cit_old", "cit_zhang")
    for former in (both.openid, mine.openid):
        assert await store.citizen_of(former, app_id=LIBRARY.app_id) == "cit_zhang"
    assert (await _identity(runs)).openid == mine.openid
    assert (await _identity(runs, app_id=AIR.app_id)).openid == gone.openid
    assert await store.subjects("cit_zhang") == {LIBRARY.app_id: mine.openid, AIR.app_id: gone.openid}
    await runs.stores.forgetting.forget("cit_zhang")
    for openid in (both.openid, mine.openid):
        assert await store.citizen_of(openid, app_id=LIBRARY.app_id) is None
    assert (await _identity(runs)).openid not in (mine.openid, both.openid)


# --- login codes


async def test_a_code_tells_who_it_is_and_what_the_program_may_do(runs: Runs) -> None:
    session = await _session(runs)
    await runs.answer(ZHANG, session, granted=[PHONE])
    code = await runs.openids.login_code(principal=ZHANG, session_id=session)
    assert (code.text[:3], len(code.text), code.expires_in) == ("lc_", 25, 300)
    told = await runs.openids.redeem_login(code=code.text, app_id=LIBRARY.app_id)
    assert (told.session_id, told.version_name, told.version_code) == (session, "1.4.0", 14)
    assert told.scopes == (OPENID, PHONE)
    assert code.text not in repr(code)


@covers("T21")
async def test_a_code_is_good_once(runs: Runs) -> None:
    code = await _code(runs, await _session(runs))
    found: list[Any] = await asyncio.gather(
        *(runs.openids.redeem_login(code=code, app_id=LIBRARY.app_id) for _ in range(6)), return_exceptions=True
    )
    assert sum(isinstance(one, Identity) for one in found) == 1
    assert all(isinstance(one, Identity | CodeUsed | CodeInvalid) for one in found)
    with pytest.raises(CodeUsed):
        await runs.openids.redeem_login(code=code, app_id=LIBRARY.app_id)
    with pytest.raises(CodeInvalid):  # nobody else learns that it was ever there
        await runs.openids.redeem_login(code=code, app_id=SHOP.app_id)


@covers("T12", "T21")
async def test_a_code_that_another_program_shows_is_gone_for_both(runs: Runs) -> None:
    code = await _code(runs, await _session(runs))
    for app in (SHOP, LIBRARY):
        with pytest.raises(CodeInvalid):
            await runs.openids.redeem_login(code=code, app_id=app.app_id)


async def _expires(runs: Runs, session: str) -> None:
    runs.clock.advance(seconds=CODE_LIFE.total_seconds())


async def _closes(runs: Runs, session: str) -> None:
    await runs.sessions.close(principal=ZHANG, session_id=session)


async def _signs_out(runs: Runs, session: str) -> None:
    await runs.sign_out(ZHANG)


async def _revoked(runs: Runs, session: str) -> None:
    runs.programs.set("mpr_1", standing=Standing.VERSION_REVOKED)


@pytest.mark.parametrize("meanwhile", [_expires, _closes, _signs_out, _revoked])
@covers("T21")
async def test_a_code_ends_with_its_time_and_its_session(
    runs: Runs, meanwhile: Callable[[Runs, str], Awaitable[None]]
) -> None:
    session = await _session(runs)
    code = await _code(runs, session)
    await meanwhile(runs, session)
    with pytest.raises(CodeInvalid):
        await runs.openids.redeem_login(code=code, app_id=LIBRARY.app_id)


@pytest.mark.parametrize("code", ["", "lc_", "lc_AAAAAAAAAAAAAAAAAAAAAA", "x" * 10_000, "lc_\0*"])
async def test_what_is_no_code_is_invalid(runs: Runs, code: str) -> None:
    with pytest.raises(CodeInvalid):
        await runs.openids.redeem_login(code=code, app_id=LIBRARY.app_id)


async def test_a_code_of_one_kind_opens_nothing_of_the_other(runs: Runs) -> None:
    session = await _session(runs)
    await runs.answer(ZHANG, session, granted=[PHONE])
    with pytest.raises(CodeInvalid):
        await runs.openids.redeem_phone(code=await _code(runs, session), app_id=LIBRARY.app_id)
    with pytest.raises(CodeInvalid):
        await runs.openids.redeem_login(code=await _phone_code(runs, session), app_id=LIBRARY.app_id)


async def test_only_the_citizen_gets_codes_for_what_the_program_may_do(runs: Runs) -> None:
    session = await _session(runs)
    with pytest.raises(SessionOver):
        await _code(runs, session, LIU)
    runs.programs.set("mpr_1", granted=frozenset({PHONE}))
    refused: list[DomainError] = []
    for ask in (runs.openids.login_code, runs.openids.launch_token, runs.openids.phone_code):
        with pytest.raises(NotPermitted) as fault:
            await ask(principal=ZHANG, session_id=session)
        refused.append(fault.value)
    assert [one.public_fields for one in refused] == [
        {"name": OPENID, "why": "review"},
        {"name": OPENID, "why": "review"},
        {"name": PHONE, "why": "consent"},
    ]


# --- launch tokens


@covers("T22")
async def test_a_launch_token_is_checked_offline_and_names_its_program(runs: Runs) -> None:
    library = await runs.begin(ZHANG)
    shop = await runs.begin(ZHANG, SHOP.app_id, scene="program", referrer_session=library.session.id)
    token = await runs.openids.launch_token(principal=ZHANG, session_id=shop.session.id)
    header = jwt.get_unverified_header(token.text)
    assert (header["alg"], header["typ"]) == ("EdDSA", TOKEN_TYPE)
    (key,) = [one for one in runs.openids.keys.jwks()["keys"] if one["kid"] == header["kid"]]
    public = jwt.PyJWK.from_dict({**key, "alg": "EdDSA"})
    checked: Any = {"verify_exp": False, "verify_iat": False}  # the city's clock stands still, PyJWT's does not
    claims = jwt.decode(token.text, public, algorithms=["EdDSA"], audience=SHOP.app_id, issuer=ISSUER, options=checked)
    now = epoch_s(runs.clock.now())
    assert (claims.pop("jti")[:4], claims.pop("sub")) == (
        "mlt_",
        (await runs.stores.openids.subjects("cit_zhang"))[SHOP.app_id],
    )
    assert claims == {
        "iss": ISSUER,
        "aud": SHOP.app_id,
        "sid": shop.session.id,
        "ver": 14,
        "scn": "program",
        "ref": LIBRARY.app_id,
        "iat": now,
        "exp": now + 300,
    }
    with pytest.raises(jwt.InvalidAudienceError):
        jwt.decode(token.text, public, algorithms=["EdDSA"], audience=AIR.app_id, options=checked)
    assert token.text not in repr(token)
    again = await runs.openids.launch_token(principal=ZHANG, session_id=shop.session.id)
    assert again.text != token.text


# --- phone codes


async def test_the_phone_is_told_once_with_consent_and_written_down(runs: Runs) -> None:
    session = await _session(runs)
    with pytest.raises(NotPermitted):
        await _phone_code(runs, session)
    await runs.answer(ZHANG, session, granted=[PHONE])
    code = await _phone_code(runs, session)
    (key,) = [one async for one in runs.redis.scan_iter("*:mini:code:*")]
    assert b"13800000001" not in repr(await runs.redis.get(key)).encode()
    assert await runs.openids.redeem_phone(code=code, app_id=LIBRARY.app_id) == "+8613800000001"
    with pytest.raises(CodeUsed):
        await runs.openids.redeem_phone(code=code, app_id=LIBRARY.app_id)
    (access,) = (await runs.openids.access.page("cit_zhang", request=FIRST)).rows
    client = client_of(LIBRARY.app_id)
    assert (access.reader, access.client, access.fields, access.purpose) == (client, client, (PHONE,), "mini.phone")
    (entry,) = await runs.mongo.collection("audit_entries").find({"kind": PHONE_TOLD}).to_list(None)
    assert (entry["actor"], entry["subject"], entry["about"]["session"]) == (client, "cit_zhang", session)
    (permit,) = (await runs.sessions.permits(principal=ZHANG, citizen="cit_zhang", page=FIRST)).rows
    assert permit.used_at == runs.clock.now()


async def test_a_phone_code_is_worth_nothing_once_consent_is_taken_back(runs: Runs) -> None:
    session = await _session(runs)
    await runs.answer(ZHANG, session, granted=[PHONE])
    code = await _phone_code(runs, session)
    (consent,) = await runs.consents.store.consents("cit_zhang")
    await runs.consents.withdraw(principal=ZHANG, consent_id=consent.id)
    with pytest.raises(NotPermitted):
        await runs.openids.redeem_phone(code=code, app_id=LIBRARY.app_id)
    assert (await runs.openids.access.page("cit_zhang", request=FIRST)).rows == []


async def test_who_has_no_phone_has_none_told(runs: Runs) -> None:
    session = await _session(runs)
    await runs.answer(ZHANG, session, granted=[PHONE])
    code = await _phone_code(runs, session)
    runs.people.phones.clear()
    with pytest.raises(NoPhone):
        await runs.openids.redeem_phone(code=code, app_id=LIBRARY.app_id)
    assert (await runs.openids.access.page("cit_zhang", request=FIRST)).rows == []


async def test_codes_are_not_made_without_end(runs: Runs) -> None:
    session = await _session(runs)
    await runs.answer(ZHANG, session, granted=[PHONE])
    for _ in range(PHONE_CODES.count_max):
        await _phone_code(runs, session)
    with pytest.raises(TooOften):
        await _phone_code(runs, session)
    await _phone_code(runs, await _session(runs))
