"""Opening programs, what ends them, and who may speak for a session (T12, T19, T20)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from core.errors import BadInput, DomainError, Forbidden, NotFound, SignInRequired
from core.principal import ANONYMOUS, Principal
from miniapps.errors import SessionOver, TooOften
from miniapps.limits import OPENINGS
from miniapps.sessions.errors import PageUnknown, ReferrerRefused
from miniapps.sessions.model import AT_ONCE_MAX, LIFE, TOLD_FOR, Ending, Standing
from tests.support.threats import covers
from tests.unit.miniapps.runs import AIR, LIBRARY, PROMPT, SHOP, ZHANG, Runs, citizen, states

ELSEWHERE, LIU = citizen(session="ses_2"), citizen("cit_liu", "ses_9")


async def _ended(runs: Runs, session: str, who: Principal = ZHANG) -> Ending | None:
    return (await runs.sessions.told(principal=who, session_id=session)).ending


async def test_one_answer_has_all_that_a_host_needs(runs: Runs) -> None:
    opened = await runs.begin(ZHANG, page="pages/loan/loan", query={"id": "7"}, scene="link")
    session = opened.session
    assert (session.citizen, session.app_id, session.version_code, session.release) == (
        "cit_zhang",
        LIBRARY.app_id,
        14,
        "mpr_1",
    )
    assert (session.way.page, session.way.query, session.way.scene) == ("pages/loan/loan", {"id": "7"}, "link")
    assert session.way.referrer is None
    assert session.expires_at - session.opened_at == LIFE
    assert states(opened.capabilities) == {
        "city.device.camera": PROMPT,
        "city.device.location": PROMPT,
        "city.user.address": "UNAVAILABLE:review",
        "city.user.openid": "GRANTED:",
        "city.user.phone": PROMPT,
    }
    assert (opened.kept.values, opened.kept.revision) == ({}, 0)
    run = await runs.sessions.running_one(principal=ZHANG, session_id=session.id)
    assert (run.session, run.program) == (session, LIBRARY)


@pytest.mark.parametrize(
    ("who", "refusal"),
    [
        (ANONYMOUS, SignInRequired),
        (replace(ZHANG, subject="cit_child", scopes=frozenset({"consents:give"})), Forbidden),
    ],
)
async def test_nobody_opens_one_for_somebody_else(runs: Runs, who: Principal, refusal: type[DomainError]) -> None:
    with pytest.raises(refusal):
        await runs.begin(who)


@pytest.mark.parametrize(
    ("how", "refusal"),
    [
        ({"app_id": "org.example.nothing"}, NotFound),
        ({"page": "pages/admin/admin"}, PageUnknown),
        ({"page": "pages/index/index?x=1"}, PageUnknown),
        ({"query": {"id": 7}}, BadInput),
        ({"query": ["id"]}, BadInput),
        ({"query": {f"n{n}": "" for n in range(33)}}, BadInput),
        ({"query": {"id": "x" * 2048}}, BadInput),
        ({"scene": ""}, BadInput),
        ({"scene": "Home page"}, BadInput),
        ({"scene": "x" * 33}, BadInput),
        ({"referrer_session": "mps_01J9ZZZZZZZZZZZZZZZZZZZZZZ"}, SessionOver),
        ({"referrer_session": LIBRARY.app_id}, SessionOver),
    ],
)
@covers("T19")
async def test_a_forged_link_opens_nothing(runs: Runs, how: dict[str, Any], refusal: type[DomainError]) -> None:
    with pytest.raises(refusal):
        await runs.begin(ZHANG, **how)
    assert await runs.sessions.recent(principal=ZHANG, citizen="cit_zhang", limit=9) == []


@covers("T20")
async def test_where_it_was_opened_from_is_the_citys_word(runs: Runs) -> None:
    library, air = (await runs.begin(ZHANG)).session.id, (await runs.begin(ZHANG, AIR.app_id)).session.id
    shop = await runs.begin(ZHANG, SHOP.app_id, referrer_session=library)
    assert shop.session.way.referrer == LIBRARY.app_id
    with pytest.raises(ReferrerRefused):
        await runs.begin(ZHANG, SHOP.app_id, referrer_session=air)
    assert (await runs.begin(ZHANG, SHOP.app_id)).session.way.referrer is None  # the citizen's own wish
    others = (await runs.begin(LIU)).session.id
    with pytest.raises(SessionOver):  # a session of somebody else's leads nowhere
        await runs.begin(ZHANG, SHOP.app_id, referrer_session=others)
    await runs.sessions.close(principal=ZHANG, session_id=library)
    with pytest.raises(SessionOver):
        await runs.begin(ZHANG, SHOP.app_id, referrer_session=library)


@pytest.mark.parametrize("who", [LIU, ELSEWHERE, citizen("cit_liu", "ses_1")])
async def test_a_session_is_its_citizens_from_the_sign_in_that_opened_it(runs: Runs, who: Principal) -> None:
    session = (await runs.begin(ZHANG)).session.id
    with pytest.raises(SessionOver) as refused:
        await runs.sessions.running_one(principal=who, session_id=session)
    assert refused.value.because == "EXPIRED"
    assert await _ended(runs, session, who) is Ending.EXPIRED
    await runs.sessions.close(principal=who, session_id=session)
    assert await _ended(runs, session) is None


async def test_it_ends_when_it_is_closed_and_says_so_for_a_while(runs: Runs) -> None:
    session = (await runs.begin(ZHANG)).session.id
    await runs.sessions.close(principal=ZHANG, session_id=session)
    assert await _ended(runs, session) is Ending.CLOSED
    await runs.sign_out(ZHANG)
    assert await _ended(runs, session) is Ending.CLOSED  # what ended it first
    (key,) = [one async for one in runs.redis.scan_iter("*:mini:session:*")]
    assert 0 < await runs.redis.pttl(key) <= TOLD_FOR.total_seconds() * 1000


async def test_it_ends_with_its_sign_in_and_no_other(runs: Runs) -> None:
    here, there = (await runs.begin(ZHANG)).session.id, (await runs.begin(ELSEWHERE)).session.id
    await runs.sign_out(ZHANG)
    assert await _ended(runs, here) is Ending.SIGNED_OUT
    assert await runs.sessions.still_running(here) is None
    assert await _ended(runs, there, ELSEWHERE) is None


@pytest.mark.parametrize(
    ("standing", "ending"),
    [
        (Standing.VERSION_REVOKED, Ending.VERSION_REVOKED),
        (Standing.PROGRAM_REVOKED, Ending.PROGRAM_REVOKED),
    ],
)
@covers("T9")
async def test_what_was_revoked_is_over_with_the_next_look(runs: Runs, standing: Standing, ending: Ending) -> None:
    session = (await runs.begin(ZHANG)).session.id
    runs.programs.set("mpr_1", standing=standing)
    assert await _ended(runs, session) is ending
    runs.programs.set("mpr_1", standing=Standing.RUNS)
    with pytest.raises(SessionOver) as refused:  # and stays so
        await runs.sessions.running_one(principal=ZHANG, session_id=session)
    assert refused.value.because == ending.value


async def test_it_lives_twelve_hours(runs: Runs) -> None:
    session = (await runs.begin(ZHANG)).session.id
    runs.clock.advance(seconds=LIFE.total_seconds() - 1)
    assert await _ended(runs, session) is None
    runs.clock.advance(seconds=1)
    assert await _ended(runs, session) is Ending.EXPIRED
    with pytest.raises(SessionOver):
        await runs.sessions.running_one(principal=ZHANG, session_id=session)


async def test_the_oldest_of_too_many_is_over(runs: Runs) -> None:
    first = (await runs.begin(ZHANG)).session
    runs.clock.advance(seconds=1)
    for number in range(AT_ONCE_MAX):
        if number == AT_ONCE_MAX - 1:
            assert await _ended(runs, first.id) is None
        await runs.sessions.running.begin(
            replace(first, id=f"{first.id[:-4]}ZZ{number:02}", opened_at=runs.clock.now())
        )
    assert await _ended(runs, first.id) is Ending.EXPIRED


async def test_redis_says_nothing_of_who_runs_what(runs: Runs) -> None:
    session = (await runs.begin(ZHANG, query={"id": "secret"})).session.id
    for key in [one async for one in runs.redis.scan_iter("*:mini:*")]:
        told = repr((key, await runs.redis.dump(key)))
        assert not any(word in told for word in ("cit_zhang", "ses_1", LIBRARY.app_id, "secret", session))


async def test_whoever_opens_too_often_waits(runs: Runs) -> None:
    for _ in range(OPENINGS.count_max):
        await runs.sessions.paces.charge(OPENINGS, "cit_zhang")
    with pytest.raises(TooOften) as refused:
        await runs.begin(ZHANG)
    assert 0 < refused.value.retry_after_s <= 60
    await runs.begin(LIU)
    runs.clock.advance(seconds=60)
    await runs.begin(ZHANG)


async def test_the_last_one_opened_comes_first(runs: Runs) -> None:
    for app in (LIBRARY, AIR, SHOP, LIBRARY):
        await runs.begin(ZHANG, app.app_id)
        runs.clock.advance(seconds=1)
    recent = await runs.sessions.recent(principal=ZHANG, citizen="cit_zhang", limit=2)
    assert recent == [LIBRARY.app_id, SHOP.app_id]
    with pytest.raises(NotFound):
        await runs.sessions.recent(principal=LIU, citizen="cit_zhang", limit=2)
