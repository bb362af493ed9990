"""A version from its upload to an officer's decision, what is granted beside it, and where it is filed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, timedelta

import pytest

from core.errors import BadInput, Forbidden, NotFound, SignInRequired
from core.events import EVENTS, Event
from core.locale import Text
from core.paging import PageRequest
from core.principal import ANONYMOUS
from miniapps.bundles import blocks
from miniapps.bundles.hashing import sha256_hex
from miniapps.developers.rating import Fact
from miniapps.errors import OwnMatter, TooOften
from miniapps.limits import Pace
from miniapps.releases.errors import NotTheDevelopers, PackageInvalid, VersionNotNewer
from miniapps.sessions.capabilities import Person
from miniapps.sessions.errors import NotInDistrict
from miniapps.versions.desk import VERSION_MOVED
from miniapps.versions.errors import DomainNotProved, GrantNotAsked, QuotaSpent, VersionCannotChange
from miniapps.versions.filing import FilingState
from miniapps.versions.model import Act, Finding, Severity, State, Version, Who
from miniapps.versions.second_looks import ONE_IN, REST, SecondLooks
from miniapps.versions.store import UPLOADS
from miniapps.versions.worker import subscriptions
from tests.support.threats import covers
from tests.unit.miniapps.releases.workshop import APP, Developer, files
from tests.unit.miniapps.versions.bench import KIN, LI, REVIEWER, ZHANG, Bench, officer

PHONE, LOCATION, PAY = "city.user.phone", "city.device.location", "city.pay"
ORIGIN = "https://api.library.example"
FIRST = PageRequest.of(first=20, after=None)
WRONG = Finding(
    "R-EVAL", Severity.ERROR, Text(zh="使用了 eval", en="It evaluates text"), Text(zh="", en=""), "app.js", 3
)
ODD = replace(WRONG, rule="R-NAME", severity=Severity.WARNING)


def acts(version: Version) -> list[str]:
    return [step.act.value for step in version.steps]


async def moved(bench: Bench) -> set[tuple[str, str]]:
    rows = await bench.desk.store.mongo.collection(EVENTS).find({"name": VERSION_MOVED}).to_list(None)
    return {(row["payload"]["act"], row["payload"]["state"]) for row in rows}


async def test_a_version_is_handed_in_examined_and_approved(bench: Bench) -> None:
    draft = await bench.draft()
    assert (draft.state, draft.version_code, draft.asked) == (State.DRAFT, 1, frozenset({PHONE, LOCATION}))
    assert draft.domains == frozenset({ORIGIN}) and draft.notes == "First try"
    uploads = bench.desk.store.mongo.collection(UPLOADS)
    assert "leaves_at" not in (await uploads.find_one({"_id": draft.package}) or {})

    handed_in = await bench.versions.submit(principal=ZHANG, id=draft.id, test_account="reader / 1234")
    assert handed_in.state is State.SUBMITTED
    # The same again, and the event handled twice, change nothing.
    assert await bench.versions.submit(principal=ZHANG, id=draft.id) == handed_in
    bench.machine.next = [ODD]
    (told,) = subscriptions(bench.versions)
    assert told.after is not None
    event = Event("evt_1", VERSION_MOVED, bench.clock.now(), {"version": draft.id, "state": "submitted"})
    await told.after(event)
    await told.after(event)
    waiting = await bench.desk.found(draft.id)
    assert acts(waiting) == ["create", "submit", "examine", "pass"] and waiting.findings == (ODD,)
    surroundings = bench.machine.asked[0]
    assert (surroundings.previous_code, surroundings.proved) == (0, frozenset({"api.library.example"}))
    assert len(bench.machine.asked) == 1

    assert (await bench.reviewing.queue(principal=REVIEWER, request=FIRST)).rows == [waiting]
    theirs = Finding("", Severity.NOTE, Text(zh="名称再短些", en="A shorter name"), Text(zh="", en=""), by=Who.OFFICER)
    later = bench.clock.now() + timedelta(days=1)
    approved = await bench.reviewing.approve(
        principal=REVIEWER, id=draft.id, findings=[theirs], granted=[PHONE, ORIGIN], not_before=later, note="Good"
    )
    assert (approved.state, approved.granted, approved.allowed) == (
        State.APPROVED,
        frozenset({PHONE}),
        frozenset({ORIGIN}),
    )
    assert approved.findings == (ODD, theirs) and approved.not_before == later
    assert approved.test_account == "reader / 1234"
    last = approved.steps[-1]
    assert (last.act, last.by, last.actor, last.note) == (Act.APPROVE, Who.OFFICER, "stf_1", "Good")
    assert (await bench.reviewing.queue(principal=REVIEWER, request=FIRST)).rows == []
    assert await moved(bench) == {
        ("create", "draft"),
        ("submit", "submitted"),
        ("examine", "checking"),
        ("pass", "in_review"),
        ("approve", "approved"),
    }
    assert await bench.reviewing.approve(principal=officer("stf_2"), id=draft.id) == approved


async def test_an_error_of_the_machine_refuses_and_the_developer_sees_why(bench: Bench) -> None:
    bench.machine.next = [ODD, WRONG]
    refused = await bench.submitted()
    assert (refused.state, refused.findings) == (State.REJECTED, (WRONG, ODD))
    assert await bench.versions.version(principal=ZHANG, id=refused.id) == refused
    # Mended, it is another package and may have the same code.
    bench.machine.next = []
    again = await bench.submitted(1, description="Mended")
    assert (again.state, again.version_code) == (State.IN_REVIEW, 1)


async def test_the_real_rules_examine_in_a_process_of_their_own(bench: Bench) -> None:
    bench.machine.next = None
    hostile = files(1)
    hostile["app.js"] = b"eval('1');\n"
    package = bench.workshop.developer.signed(hostile, at=0)
    version = await bench.draft(package=package)
    await bench.versions.submit(principal=ZHANG, id=version.id)
    await bench.versions.examine_submitted(version.id)
    found = await bench.desk.found(version.id)
    assert found.state is State.REJECTED
    assert ("app.js", 1, Severity.ERROR) in {(one.where, one.line, one.severity) for one in found.findings}
    assert all(one.by is Who.MACHINE and one.rule and one.docs for one in found.findings)


async def test_packages_are_the_organisations_own(bench: Bench) -> None:
    authority = await bench.developers.authority(principal=ZHANG, app_id=APP)
    with pytest.raises(NotTheDevelopers):
        other = Developer(seed=bytes(32)).signed(files(1), at=0)
        await bench.versions.keep_package(authority=authority, package=other)
    with pytest.raises(PackageInvalid):
        await bench.versions.keep_package(authority=authority, package=b"PK")
    kept = await bench.versions.keep_package(authority=authority, package=bench.workshop.package(1))
    row = await bench.desk.store.mongo.collection(UPLOADS).find_one({"_id": kept.sha256})
    assert row is not None and row["leaves_at"] == bench.clock.now() + timedelta(days=3)
    # Who came by it, and signs it themself, does not take its place.
    stranger = Developer(seed=bytes(32))
    theirs = replace(bench.organisation, id="mpo_stranger", keys=(stranger.jwk,))
    with pytest.raises(NotFound):
        await bench.versions.keep_package(
            authority=replace(authority, organisation=theirs, app=None), package=stranger.signed(files(1), at=0)
        )
    for upload in (kept.sha256, "00" * 32):
        with pytest.raises(NotFound):
            await bench.versions.create(principal=LI, app_id=APP, upload=upload, notes=None)
    with pytest.raises(NotFound):
        await bench.versions.create(principal=ZHANG, app_id=APP, upload="00" * 32, notes=None)
    made = await bench.versions.create(principal=ZHANG, app_id=APP, upload=kept.sha256, notes=None)
    assert await bench.versions.create(principal=ZHANG, app_id=APP, upload=kept.sha256, notes="!") == made
    # Somebody else sees and moves nothing.
    for verb in (bench.versions.submit, bench.versions.withdraw, bench.versions.version, bench.rollouts.promote):
        with pytest.raises(NotFound):
            await verb(principal=LI, id=made.id)
        with pytest.raises(SignInRequired):
            await verb(principal=ANONYMOUS, id=made.id)
    assert (await bench.desk.found(made.id)).state is State.DRAFT


async def test_the_same_package_signed_by_the_key_that_is_left_is_the_same_version(bench: Bench) -> None:
    old, new, releases = bench.workshop.developer, Developer(seed=bytes(32)), bench.desk.releases
    signed = {one: one.signed(files(1), at=0) for one in (old, new)}

    async def signs(*keys: Developer) -> None:
        known = (await releases.store.organisations([bench.organisation.id]))[bench.organisation.id]
        await releases.store.put_organisation(replace(known, keys=tuple(one.jwk for one in keys)))
        releases.forget()

    async def uploaded(by: Developer) -> bytes:
        authority = await bench.developers.authority(principal=ZHANG, app_id=APP)
        kept = await bench.versions.keep_package(authority=authority, package=signed[by])
        there = await bench.desk.store.upload(kept.sha256)
        assert there is not None
        return there.raw

    async def draft() -> Version:
        return await bench.versions.create(principal=ZHANG, app_id=APP, upload=sha256, notes=None)

    assert await uploaded(old) == signed[old]
    sha256 = sha256_hex(blocks.strip(signed[old]))
    await signs(new)
    with pytest.raises(NotTheDevelopers):
        await draft()
    assert await uploaded(new) == signed[new]
    made = await draft()
    # What a version holds stays as it was handed in, until that version has ended.
    await signs(new, old)
    assert await uploaded(old) == signed[new]
    await bench.versions.withdraw(principal=ZHANG, id=made.id)
    assert await uploaded(old) == signed[old]
    assert (await draft()).id != made.id


async def test_an_old_version_code_is_no_draft(bench: Bench) -> None:
    await bench.workshop.publish(3)
    with pytest.raises(VersionNotNewer):
        await bench.draft(3, description="Other")


async def test_a_version_is_withdrawn_until_it_runs(bench: Bench) -> None:
    version = await bench.submitted()
    gone = await bench.versions.withdraw(principal=ZHANG, id=version.id)
    assert gone.state is State.WITHDRAWN
    assert await bench.versions.withdraw(principal=ZHANG, id=version.id) == gone
    with pytest.raises(VersionCannotChange):
        await bench.reviewing.approve(principal=REVIEWER, id=version.id)
    released = await bench.released(2)
    with pytest.raises(VersionCannotChange):
        await bench.versions.withdraw(principal=ZHANG, id=released.id)


async def test_who_decides_has_the_power_and_no_part_in_it(bench: Bench) -> None:
    version = await bench.submitted()
    for who, refusal in ((ZHANG, Forbidden), (ANONYMOUS, SignInRequired), (officer("stf_9", "x"), Forbidden)):
        with pytest.raises(refusal):
            await bench.reviewing.approve(principal=who, id=version.id)
        with pytest.raises(refusal):
            await bench.reviewing.queue(principal=who, request=FIRST)
    with pytest.raises(OwnMatter):
        await bench.reviewing.approve(principal=KIN, id=version.id)
    with pytest.raises(GrantNotAsked):
        await bench.reviewing.approve(principal=REVIEWER, id=version.id, granted=[PAY])
    with pytest.raises(BadInput):
        await bench.reviewing.reject(principal=REVIEWER, id=version.id, findings=[])
    assert (await bench.desk.found(version.id)).state is State.IN_REVIEW
    said_no = await bench.reviewing.reject(principal=REVIEWER, id=version.id, findings=[], note="Not yet")
    assert said_no.state is State.REJECTED and said_no.steps[-1].note == "Not yet"
    assert await bench.facts(version.organisation) == {Fact.REJECTED: 1}


@covers("T33")
async def test_what_somebody_builds_is_for_the_city_s_own_programs_alone(bench: Bench) -> None:
    own = "city.data.developer"
    wanted = [{"name": name, "reason": "示例"} for name in (PHONE, own)]
    version = await bench.submitted(req_permissions=wanted)
    with pytest.raises(GrantNotAsked):
        await bench.reviewing.approve(principal=REVIEWER, id=version.id, granted=[PHONE, own])
    with pytest.raises(BadInput):
        await bench.reviewing.grant(principal=REVIEWER, app_id=APP, name=own, reason="It asked nicely")
    assert (await bench.reviewing.approve(principal=REVIEWER, id=version.id)).granted == {PHONE}


async def test_a_domain_that_nobody_proved_is_not_granted(bench: Bench) -> None:
    other = "https://other.example"
    version = await bench.submitted(city_domains={"connect": [ORIGIN, other]})
    with pytest.raises(DomainNotProved):
        await bench.reviewing.approve(principal=REVIEWER, id=version.id)
    approved = await bench.reviewing.approve(principal=REVIEWER, id=version.id, granted=[PHONE, ORIGIN])
    assert approved.allowed == frozenset({ORIGIN})


async def test_how_often_a_version_is_handed_in_is_bounded_by_the_rating(bench: Bench) -> None:
    most = (await bench.developers.rating(bench.organisation.id)).allowance.submissions_per_day
    for _ in range(most):
        await bench.versions.paces.charge(Pace("submit", most, 86_400), bench.organisation.id)
    version = await bench.draft()
    with pytest.raises(TooOften):
        await bench.versions.submit(principal=ZHANG, id=version.id)
    assert (await bench.desk.found(version.id)).state is State.DRAFT


async def test_what_a_program_may_do_is_given_and_taken_beside_its_version(bench: Bench) -> None:
    version = await bench.submitted()
    await bench.reviewing.approve(principal=REVIEWER, id=version.id, granted=[PHONE])
    await bench.rollouts.start(principal=ZHANG, id=version.id, percent=100)

    async def state(name: str) -> str:
        opened = await bench.sessions.begin(principal=ZHANG, app_id=APP)
        return next(f"{one.state}:{one.why}" for one in opened.capabilities if one.name == name)

    assert (await state(PHONE), await state(LOCATION)) == ("PROMPT:consent", "UNAVAILABLE:review")
    with pytest.raises(OwnMatter):
        await bench.reviewing.grant(principal=KIN, app_id=APP, name=LOCATION, reason="It may")
    with pytest.raises(BadInput):
        await bench.reviewing.grant(principal=REVIEWER, app_id=APP, name="city.everything", reason="It may")
    await bench.reviewing.grant(principal=REVIEWER, app_id=APP, name=LOCATION, reason="It showed why")
    terms = await bench.reviewing.take(principal=REVIEWER, app_id=APP, name=PHONE, reason="It called readers at night")
    assert (terms.given, terms.taken) == (frozenset({LOCATION}), frozenset({PHONE}))
    assert (await state(PHONE), await state(LOCATION)) == ("UNAVAILABLE:review", "PROMPT:consent")
    # What it does not declare is given to nobody.
    await bench.reviewing.grant(principal=REVIEWER, app_id=APP, name=PAY, reason="For later")
    opened = await bench.sessions.begin(principal=ZHANG, app_id=APP)
    assert PAY not in {one.name for one in opened.capabilities}


async def test_a_quota_is_of_the_citys_day_and_an_officer_sets_it(bench: Bench) -> None:
    quotas = bench.quotas
    assert {one.name: one.per_day for one in await quotas.of(APP)} == {
        "code2session": 200_000,
        "messages": 50_000,
        "graphql": 100_000,
    }
    await quotas.set(principal=REVIEWER, app_id=APP, name="messages", per_day=2)
    for _ in range(2):
        await quotas.charge(APP, "messages")
    with pytest.raises(QuotaSpent) as spent:
        await quotas.charge(APP, "messages")
    assert spent.value.retry_after_s == 20 * 3600  # it is four o'clock
    await quotas.charge(APP, "graphql")
    bench.clock.advance(seconds=spent.value.retry_after_s)
    await quotas.charge(APP, "messages")
    assert {one.name: one.used for one in await quotas.of(APP)} == {"code2session": 0, "messages": 1, "graphql": 0}
    for who, error in ((ZHANG, Forbidden), (KIN, OwnMatter)):
        with pytest.raises(error):
            await quotas.set(principal=who, app_id=APP, name="messages", per_day=9)
    assert (await quotas.set(principal=REVIEWER, app_id=APP, name="messages", per_day=None))[1].per_day == 50_000


async def test_a_program_of_a_district_runs_there_alone_once_it_is_filed(bench: Bench) -> None:
    await bench.released(1)
    bench.people.persons = {"cit_zhang": Person(district="110101"), "cit_li": Person(district="110108")}
    assert await bench.opens(ZHANG) == await bench.opens(LI) == 1
    asked = await bench.reviewing.file(principal=ZHANG, app_id=APP, district="110101")
    assert asked.state is FilingState.PENDING
    for who in (ZHANG, LI):
        with pytest.raises(NotInDistrict):
            await bench.opens(who)
    releases = bench.workshop.releases
    assert not (await releases.catalogue.listed()).shown(APP, "110101")

    here, elsewhere = officer("stf_2", place="110101"), officer("stf_3", place="110108")
    assert await bench.reviewing.filings_that_wait(principal=here) == [asked]
    assert await bench.reviewing.filings_that_wait(principal=elsewhere) == []
    with pytest.raises(NotFound):
        await bench.reviewing.decide_filing(
            principal=elsewhere, app_id=APP, district="110101", filed=True, note="Not mine"
        )
    filed = await bench.reviewing.decide_filing(principal=here, app_id=APP, district="110101", filed=True, note="Seen")
    assert (filed.state, filed.decided_by) == (FilingState.FILED, "stf_2")
    assert await bench.opens(ZHANG) == 1
    with pytest.raises(NotInDistrict):
        await bench.opens(LI)
    listed = await releases.catalogue.listed()
    assert listed.shown(APP, "110101") and not listed.shown(APP, "110108") and not listed.shown(APP, None)
    await bench.reviewing.decide_filing(principal=here, app_id=APP, district="110101", filed=False, note="Closed")
    with pytest.raises(NotInDistrict):
        await bench.opens(ZHANG)


@covers("T32")
async def test_what_runs_is_looked_at_again_by_chance_and_its_developer_is_not_told(bench: Bench) -> None:
    version, looks = await bench.released(1), SecondLooks(bench.desk, UTC)

    async def drawn(days: int) -> int:
        """After how many days it waits in the queue; 0: not within these."""
        for day in range(1, days + 1):
            bench.clock.advance(seconds=86_400)
            await looks.draw()
            await looks.draw()  # other processes draw the same
            waits = (await bench.reviewing.queue(principal=REVIEWER, request=FIRST)).rows
            if waits:
                assert [one.id for one in waits] == [version.id]
                return day
        return 0

    assert await drawn(REST.days - 1) == 0
    before = await moved(bench)
    assert 0 < await drawn(ONE_IN * 20)
    waits = await bench.desk.found(version.id)
    assert (waits.state, acts(waits), await moved(bench)) == (State.RELEASED, acts(version), before)
    assert await bench.opens(ZHANG) == 1
    with pytest.raises(VersionCannotChange):
        await bench.reviewing.reject(principal=REVIEWER, id=version.id, findings=[WRONG])
    with pytest.raises(OwnMatter):
        await bench.reviewing.approve(principal=KIN, id=version.id)

    looked_at = await bench.reviewing.approve(principal=REVIEWER, id=version.id, findings=[ODD], note="As it was")
    assert (looked_at.state, looked_at.queued, looked_at.steps[-1].act) == (State.RELEASED, "", Act.CONFIRM)
    assert looked_at.granted == version.granted
    assert await bench.reviewing.approve(principal=REVIEWER, id=version.id) == looked_at
    assert await drawn(REST.days - 1) == 0
    assert await drawn(ONE_IN * 20)
    again = await bench.reviewing.approve(principal=REVIEWER, id=version.id)
    assert acts(again)[-2:] == ["confirm", "confirm"] and not again.drawn
