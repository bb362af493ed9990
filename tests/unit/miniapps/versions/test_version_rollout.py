"""Who gets which version: a rollout that grows, pauses, is promoted, is rolled back; what is taken back; trials."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from core.errors import NotFound
from core.locale import Locale
from core.mongo import Session
from core.paging import PageRequest
from core.principal import Principal
from miniapps.bundles import statement
from miniapps.developers.errors import LimitReached
from miniapps.developers.model import Rated
from miniapps.developers.rating import Fact, Grade
from miniapps.errors import OwnMatter
from miniapps.releases.errors import CannotChange, ProgramRevoked
from miniapps.releases.model import ReleaseState
from miniapps.releases.rolling import ROLLED_BACK
from miniapps.releases.signing import public_keys
from miniapps.sessions.model import Ending
from miniapps.versions import rollouts
from miniapps.versions.errors import (
    RolloutOnlyGrows,
    RolloutTooFast,
    RolloutTooWide,
    RolloutUnderWay,
    VersionCannotChange,
    VersionNotYet,
)
from miniapps.versions.model import State
from tests.support.threats import covers
from tests.unit.miniapps.releases.workshop import APP
from tests.unit.miniapps.runs import citizen
from tests.unit.miniapps.versions.bench import LI, REVIEWER, ZHANG, Bench

PHONE = "city.user.phone"


def people(count: int) -> list[Principal]:
    return [citizen(f"cit_{number}", session=f"ses_{number}") for number in range(count)]


async def have(bench: Bench, code: int, who: list[Principal]) -> set[str]:
    """Of these, who gets the version; without opening it."""
    programs = bench.sessions.programs
    found = {one.actor: await programs.current(APP, citizen=one.actor) for one in who}
    return {actor for actor, program in found.items() if program.version_code == code}


async def state(bench: Bench, id: str) -> State:
    return (await bench.desk.found(id)).state


async def within(bench: Bench, work: Any) -> Any:
    async def run(session: Session) -> Any:
        return await work(session)

    return await bench.desk.transaction(run)


async def test_a_version_is_countersigned_logged_and_given_to_a_share(bench: Bench) -> None:
    first = await bench.released(1)
    assert first.state is State.RELEASED
    second = await bench.submitted(2)
    with pytest.raises(VersionCannotChange):
        await bench.rollouts.start(principal=ZHANG, id=second.id, percent=5)
    await bench.reviewing.approve(principal=REVIEWER, id=second.id, granted=[PHONE])
    rolled = await bench.rollouts.start(principal=ZHANG, id=second.id, percent=10)
    assert rolled.state is State.ROLLING and rolled.steps[-1].note == "10 %"
    assert await bench.rollouts.start(principal=ZHANG, id=second.id, percent=10) == rolled

    releases, developer = bench.workshop.releases, bench.workshop.developer
    package = await releases.package(rolled.package)
    assert package is not None
    log_key = releases.log.note_keys()[0]
    found = statement.verify(
        package,
        developer_keys=public_keys([developer.jwk]),
        platform_keys=public_keys(releases.rings.platform.jwks()["keys"]),
        log_key=log_key,
        now=int(bench.clock.now().timestamp()),
    )
    # The domain was not granted, so it is not in the city's word.
    assert (found.profile.review, found.profile.capabilities, found.profile.connect) == (
        second.id,
        frozenset({PHONE}),
        (),
    )
    assert found.log_index == 1

    # Whoever is in the share gets it, stays in it, and growing only adds.
    crowd = people(60)
    few = await have(bench, 2, crowd)
    assert 0 < len(few) < 30 and await have(bench, 2, crowd) == few
    with pytest.raises(RolloutOnlyGrows):
        await bench.rollouts.widen(principal=ZHANG, id=second.id, percent=9)
    await bench.rollouts.widen(principal=ZHANG, id=second.id, percent=50)
    half = await have(bench, 2, crowd)
    assert few < half and len(half) < 60
    # Others see what is released.
    listed = await releases.programs(locale=Locale.EN, page=PageRequest.of(first=5, after=None))
    assert [one.version_name for one in listed.rows] == [first.version_name]
    promoted = await bench.rollouts.promote(principal=ZHANG, id=second.id)
    assert (promoted.state, await state(bench, first.id)) == (State.RELEASED, State.SUPERSEDED)
    assert await have(bench, 2, crowd) == {one.actor for one in crowd}
    assert await bench.rollouts.promote(principal=ZHANG, id=second.id) == promoted
    assert await bench.facts(first.organisation) == {Fact.RELEASED: 2}


async def test_paused_nobody_more_gets_it_and_who_has_it_keeps_it(bench: Bench) -> None:
    await bench.released(1)
    second = await bench.rolling(2, percent=20)
    crowd = people(60)
    got = await have(bench, 2, crowd)
    drawn = [one for one in crowd if one.actor in got]
    assert len(drawn) > 1
    assert await bench.opens(drawn[0]) == 2
    await bench.rollouts.pause(principal=ZHANG, id=second.id)
    assert await have(bench, 2, crowd) == {drawn[0].actor}
    paused = await bench.rollouts.pause(principal=ZHANG, id=second.id)
    assert [step.act.value for step in paused.steps].count("pause") == 1
    await bench.rollouts.resume(principal=ZHANG, id=second.id)
    assert await have(bench, 2, crowd) == got


async def test_the_first_version_reaches_a_share_and_nobody_else_has_any(bench: Bench) -> None:
    first = await bench.rolling(1, percent=50)
    crowd = people(20)
    got = set()
    for one in crowd:
        try:
            got.add((await bench.sessions.programs.current(APP, citizen=one.actor)).version_code)
        except NotFound:
            got.add(0)
    assert got == {0, 1}
    # It is not listed before all have it.
    assert await bench.workshop.releases.program(APP) is None
    await bench.rollouts.promote(principal=ZHANG, id=first.id)
    assert await bench.workshop.releases.program(APP) is not None


async def test_testers_are_members_and_whom_they_invited(bench: Bench) -> None:
    await bench.released(1)
    second = await bench.rolling(2, percent=1, cohort="testers")
    assert await have(bench, 2, [ZHANG, LI, *people(20)]) == {ZHANG.actor}
    openid = (await bench.runs.stores.openids.subject(LI.actor, app_id=APP, organisation=second.organisation)).openid
    assert await bench.rollouts.invite(principal=ZHANG, app_id=APP, openid=openid, invited=True) == [openid]
    assert await have(bench, 2, [LI]) == {LI.actor}
    assert await bench.rollouts.invite(principal=ZHANG, app_id=APP, openid=openid, invited=False) == []
    # From testers, it goes on to a share of all.
    wider = await bench.rollouts.widen(principal=ZHANG, id=second.id, percent=20)
    rollout = await bench.rollouts.rollout(wider)
    assert rollout is not None and (rollout.share, rollout.testers) == (2_000, False)


async def test_from_testers_it_reaches_a_share_before_it_reaches_everybody(bench: Bench) -> None:
    # Nobody loses anything to a program's first version, so it may go on at once.
    first = await bench.rolling(1, percent=1, cohort="testers")
    await bench.rollouts.promote(principal=ZHANG, id=first.id)
    second = await bench.rolling(2, percent=1, cohort="testers")
    crowd = people(20)
    for forward in (
        bench.rollouts.promote(principal=ZHANG, id=second.id),
        bench.rollouts.widen(principal=ZHANG, id=second.id, percent=50),
    ):
        with pytest.raises(RolloutTooWide) as refused:
            await forward
        assert refused.value.percent_max == 20
    assert await have(bench, 1, crowd) == {one.actor for one in crowd}
    assert (await state(bench, first.id), await state(bench, second.id)) == (State.RELEASED, State.ROLLING)
    await bench.rollouts.widen(principal=ZHANG, id=second.id, percent=20)
    await bench.rollouts.promote(principal=ZHANG, id=second.id)
    assert await have(bench, 2, crowd) == {one.actor for one in crowd}


async def test_by_the_worst_rating_each_share_stands_for_a_day(bench: Bench) -> None:
    await bench.released(1)
    second = await bench.approved(2)

    rated = Rated(Grade.D, "It was careless", "stf_1", bench.clock.now())
    account = await bench.developers.store.account(bench.organisation.id)
    assert account is not None
    await within(bench, lambda s: bench.developers.store.put_account(replace(account, rated=rated), session=s))
    with pytest.raises(RolloutTooWide):
        await bench.rollouts.start(principal=ZHANG, id=second.id, percent=1.5)
    await bench.rollouts.start(principal=ZHANG, id=second.id, percent=0.5)
    for reached, wanted in ((0.5, 5), (5, 50), (50, 100)):
        bench.clock.advance(seconds=23 * 3600)
        with pytest.raises(RolloutTooFast) as refused:
            await bench.rollouts.widen(principal=ZHANG, id=second.id, percent=reached + 0.1)
        assert refused.value.percent_max == reached
        with pytest.raises(RolloutTooFast):
            await bench.rollouts.promote(principal=ZHANG, id=second.id)
        bench.clock.advance(seconds=3600)
        if wanted < 100:
            with pytest.raises(RolloutTooFast) as refused:
                await bench.rollouts.widen(principal=ZHANG, id=second.id, percent=wanted + 0.1)
            assert refused.value.percent_max == wanted
            await bench.rollouts.widen(principal=ZHANG, id=second.id, percent=wanted)
    assert (await bench.rollouts.promote(principal=ZHANG, id=second.id)).state is State.RELEASED


async def test_one_version_at_a_time_not_too_wide_and_not_too_early(bench: Bench) -> None:
    await bench.released(1)
    second, third = await bench.approved(2), await bench.approved(3)
    with pytest.raises(RolloutTooWide):
        await bench.rollouts.start(principal=ZHANG, id=second.id, percent=50)
    await bench.rollouts.start(principal=ZHANG, id=second.id, percent=20)
    with pytest.raises(RolloutUnderWay) as refusal:
        await bench.rollouts.start(principal=ZHANG, id=third.id, percent=20)
    assert refusal.value.version == second.id and await state(bench, third.id) is State.APPROVED
    fourth = await bench.submitted(4)
    later = bench.clock.now() + timedelta(hours=1)
    await bench.reviewing.approve(principal=REVIEWER, id=fourth.id, not_before=later)
    with pytest.raises(VersionNotYet):
        await bench.rollouts.start(principal=ZHANG, id=fourth.id, percent=5)


async def test_rolled_back_citizens_go_back_to_the_version_before(bench: Bench) -> None:
    first = await bench.released(1)
    second = await bench.rolling(2, percent=20, name="新图书馆")
    # While it is rolled out: the one before runs on.
    gone = await bench.rollouts.roll_back(principal=ZHANG, id=second.id, reason="It loses loans")
    assert (gone.state, await state(bench, first.id)) == (State.REVOKED, State.RELEASED)
    assert await bench.opens(ZHANG) == 1
    (listed,) = await bench.workshop.releases.store.revocations()
    assert (listed.version_code, listed.reason) == (2, f"{ROLLED_BACK}: It loses loans")
    assert await bench.rollouts.roll_back(principal=ZHANG, id=second.id, reason="Again") == gone

    # After it was promoted: the one before runs again, with what it says of itself, and sessions of the other end.
    third = await bench.released(3, name="新图书馆")
    opened = await bench.sessions.begin(principal=ZHANG, app_id=APP)
    assert opened.program.version_code == 3
    await bench.rollouts.roll_back(principal=ZHANG, id=third.id, reason="It loses loans, too")
    assert (await state(bench, third.id), await state(bench, first.id)) == (State.REVOKED, State.RELEASED)
    program = await bench.workshop.releases.program(APP)
    assert program is not None and program.in_(Locale.ZH_CN).name == "图书馆" and program.version_name == "1.1.0"
    told = await bench.sessions.told(principal=ZHANG, session_id=opened.session.id)
    assert told.ending is Ending.VERSION_REVOKED and await bench.opens(ZHANG) == 1
    assert (await bench.facts(first.organisation))[Fact.INCIDENT] == 2
    # What comes next is newer than what was rolled back.
    assert await bench.opens(ZHANG) == 1
    await bench.released(4)
    assert await bench.opens(ZHANG) == 4


async def test_a_developer_takes_a_version_of_their_own_back(bench: Bench) -> None:
    await bench.released(1)
    second = await bench.released(2)
    revoked = await bench.rollouts.revoke(principal=ZHANG, id=second.id, reason="A key leaked")
    assert revoked.state is State.REVOKED
    with pytest.raises(NotFound):
        await bench.opens(ZHANG)
    assert await bench.rollouts.revoke(principal=ZHANG, id=second.id, reason="A key leaked") == revoked


@covers("T42")
async def test_officers_take_a_version_or_a_program_back(bench: Bench) -> None:
    first, second = await bench.released(1), await bench.rolling(2, percent=20)
    with pytest.raises(OwnMatter):
        await within(bench, lambda s: bench.revoking.weigh(APP, officer="stf_zhang", session=s))
    for nothing in (f"{APP}@9", "org.example.none", f"{APP}@", f"{APP}@x", f"{APP}@9999999999999"):
        with pytest.raises(NotFound):
            await within(bench, lambda s, nothing=nothing: bench.revoking.weigh(nothing, officer="stf_1", session=s))
    await within(bench, lambda s: bench.revoking.weigh(f"{APP}@2", officer="stf_1", session=s))
    await within(bench, lambda s: bench.revoking.take_back(f"{APP}@2", reason="It spies", officer="stf_2", session=s))
    taken = await bench.desk.found(second.id)
    assert (taken.state, taken.steps[-1].actor, await state(bench, first.id)) == (
        State.REVOKED,
        "stf_2",
        State.RELEASED,
    )
    with pytest.raises(CannotChange):
        await within(bench, lambda s: bench.revoking.weigh(f"{APP}@2", officer="stf_1", session=s))
    await within(bench, lambda s: bench.revoking.take_back(APP, reason="It spies", officer="stf_2", session=s))
    assert await state(bench, first.id) is State.REVOKED
    with pytest.raises(ProgramRevoked):
        await within(bench, lambda s: bench.revoking.weigh(APP, officer="stf_1", session=s))
    with pytest.raises(NotFound):
        await bench.opens(ZHANG)


async def test_what_is_read_while_a_program_is_taken_back_is_read_again_after(bench: Bench) -> None:
    """Before the commit this process gets what was true before, and would keep it."""
    first = await bench.released(1)
    releases = bench.workshop.releases

    async def shown() -> ReleaseState:
        release = await releases.release(first.release)
        assert release is not None
        return release.state

    async def taken_back(session: Session) -> None:
        await bench.revoking.take_back(APP, reason="It spies", officer="stf_2", session=session)
        assert await shown() is ReleaseState.RELEASED

    await bench.desk.transaction(taken_back)
    assert await shown() is ReleaseState.REVOKED


async def test_a_draft_is_tried_by_who_builds_it_and_by_nobody_else(bench: Bench) -> None:
    draft = await bench.draft(1)
    with pytest.raises(NotFound):
        await bench.opens(ZHANG, scene="trial")
    await bench.versions.try_out(principal=ZHANG, id=draft.id)
    opened = await bench.sessions.begin(principal=ZHANG, app_id=APP, scene="trial")
    assert (opened.program.version_code, opened.program.trial) == (1, True)
    assert (await state(bench, draft.id)) is State.DRAFT
    for who, scene in ((LI, "trial"), (LI, "home"), (ZHANG, "home")):
        with pytest.raises(NotFound):
            await bench.opens(who, scene)
    assert await bench.sessions.recent(principal=ZHANG, citizen=ZHANG.actor, limit=5) == []

    # Another draft of the same code takes its place; the run of the other ends.
    again = await bench.draft(1, description="Mended")
    await bench.versions.try_out(principal=ZHANG, id=again.id)
    told = await bench.sessions.told(principal=ZHANG, session_id=opened.session.id)
    assert told.ending is Ending.VERSION_REVOKED and await bench.opens(ZHANG, "trial") == 1

    # What was tried is released as every other: reviewed, and signed and logged anew.
    await bench.versions.submit(principal=ZHANG, id=again.id)
    await bench.versions.examine_submitted(again.id)
    await bench.reviewing.approve(principal=REVIEWER, id=again.id, granted=[PHONE])
    await bench.rollouts.start(principal=ZHANG, id=again.id, percent=100)
    await bench.rollouts.promote(principal=ZHANG, id=again.id)
    release = (await bench.workshop.releases.running(APP)).release
    assert (release.state, release.granted, release.log_index) == (ReleaseState.RELEASED, frozenset({PHONE}), 2)
    assert await bench.opens(LI) == 1
    with pytest.raises(NotFound):
        await bench.opens(ZHANG, "trial")


async def test_a_trial_is_given_nothing_that_is_the_citys_own_programs(bench: Bench) -> None:
    # Nobody reviewed it, and its builders' colleagues would hand over all that they build.
    asked = [{"name": name, "reason": "试用"} for name in ("city.data.developer", PHONE)]
    draft = await bench.draft(1, req_permissions=asked)
    await bench.versions.try_out(principal=ZHANG, id=draft.id)
    opened = await bench.sessions.begin(principal=ZHANG, app_id=APP, scene="trial")
    assert opened.program.granted == frozenset({PHONE})


async def test_testers_are_so_many_at_most(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rollouts, "TESTERS_MAX", 2)
    for openid in ("o_1", "o_2", "o_2"):
        told = await bench.rollouts.invite(principal=ZHANG, app_id=APP, openid=openid, invited=True)
    assert told == ["o_1", "o_2"]
    with pytest.raises(LimitReached) as refused:
        await bench.rollouts.invite(principal=ZHANG, app_id=APP, openid="o_3", invited=True)
    assert (refused.value.what, refused.value.most) == ("testers", 2)
    await bench.rollouts.invite(principal=ZHANG, app_id=APP, openid="o_1", invited=False)
    assert await bench.rollouts.invite(principal=ZHANG, app_id=APP, openid="o_3", invited=True) == ["o_2", "o_3"]
