"""An officer opens what they decide about: as the citizen who they are, while the matter lasts."""

from __future__ import annotations

from typing import Final

import pytest

from core.audit import ENTRIES
from core.errors import Forbidden, NotFound
from miniapps.errors import OwnMatter
from miniapps.sessions.model import Ending
from miniapps.versions.errors import NoCitizen, NotUnderReview
from tests.unit.miniapps.releases.workshop import APP
from tests.unit.miniapps.versions.bench import KIN, LI, REVIEWER, ZHANG, Bench, Offices, officer

TRIAL: Final = "trial"


def offices(bench: Bench) -> dict[str, str]:
    """Which citizen each officer is; Li reviews, too."""
    kept = bench.circle.officers
    assert isinstance(kept, Offices)
    kept.citizens[REVIEWER.actor] = LI.actor
    return kept.citizens


async def tried(bench: Bench) -> list[str]:
    rows = await bench.desk.store.mongo.collection(ENTRIES).find({"kind": "miniapps.version_tried"}).to_list(None)
    return [row["actor"] for row in rows]


async def test_an_officer_opens_what_is_under_review_until_it_is_decided(bench: Bench) -> None:
    waits = await bench.submitted(1)
    with pytest.raises(NoCitizen):
        await bench.trying.begin(principal=REVIEWER, id=waits.id)
    offices(bench)
    with pytest.raises(NotFound):
        await bench.opens(LI, TRIAL)
    assert not await bench.trying.tries(principal=REVIEWER, version=waits)
    await bench.trying.begin(principal=REVIEWER, id=waits.id)
    await bench.trying.begin(principal=REVIEWER, id=waits.id)
    assert await bench.trying.tries(principal=REVIEWER, version=waits)
    assert await tried(bench) == ["stf_1", "stf_1"]
    opened = await bench.sessions.begin(principal=LI, app_id=APP, scene=TRIAL)
    assert (opened.program.version_code, opened.program.trial) == (1, True)
    # Nothing of its organisation runs yet, and its host checks the package by the organisation's keys.
    published = {key["kid"] for key in await bench.workshop.releases.published_keys(())}
    assert {key["kid"] for key in bench.organisation.keys} <= published
    # By nobody else, not even those who build it: they did not ask to try it.
    for who, scene in ((ZHANG, TRIAL), (LI, "home")):
        with pytest.raises(NotFound):
            await bench.opens(who, scene)
    assert await bench.sessions.recent(principal=LI, citizen=LI.actor, limit=5) == []

    approved = await bench.reviewing.approve(principal=REVIEWER, id=waits.id)
    told = await bench.sessions.told(principal=LI, session_id=opened.session.id)
    assert told.ending is not None and not await bench.trying.tries(principal=REVIEWER, version=approved)
    with pytest.raises(NotFound):
        await bench.opens(LI, TRIAL)
    with pytest.raises(NotUnderReview):
        await bench.trying.begin(principal=REVIEWER, id=waits.id)
    # It is released as every other.
    await bench.rollouts.start(principal=ZHANG, id=waits.id, percent=100)
    await bench.rollouts.promote(principal=ZHANG, id=waits.id)
    assert await bench.opens(LI) == 1


async def test_what_its_builders_try_themselves_stays_what_it_was(bench: Bench) -> None:
    offices(bench)
    under_review = await bench.draft(1)
    await bench.versions.try_out(principal=ZHANG, id=under_review.id)
    await bench.versions.submit(principal=ZHANG, id=under_review.id)
    await bench.versions.examine_submitted(under_review.id)
    # The same release is tried by both; when the matter ends, by its builders alone.
    await bench.trying.begin(principal=REVIEWER, id=under_review.id)
    opened = await bench.sessions.begin(principal=LI, app_id=APP, scene=TRIAL)
    await bench.reviewing.reject(principal=REVIEWER, id=under_review.id, findings=(), note="It does not start")
    told = await bench.sessions.told(principal=LI, session_id=opened.session.id)
    assert told.ending is Ending.EXPIRED
    assert await bench.opens(ZHANG, TRIAL) == 1
    # They try a draft, while an officer tries what was handed in.
    waits, draft = await bench.submitted(2), await bench.draft(3)
    await bench.versions.try_out(principal=ZHANG, id=draft.id)
    await bench.trying.begin(principal=REVIEWER, id=waits.id)
    assert (await bench.opens(ZHANG, TRIAL), await bench.opens(LI, TRIAL)) == (3, 2)
    await bench.versions.withdraw(principal=ZHANG, id=waits.id)
    assert await bench.opens(ZHANG, TRIAL) == 3
    with pytest.raises(NotFound):
        await bench.opens(LI, TRIAL)


async def test_nobody_tries_what_they_may_not_decide_about(bench: Bench) -> None:
    offices(bench)
    waits = await bench.submitted(1)
    with pytest.raises(OwnMatter):
        await bench.trying.begin(principal=KIN, id=waits.id)
    for who in (officer("stf_9", "miniapps:rate"), LI):
        with pytest.raises(Forbidden):
            await bench.trying.begin(principal=who, id=waits.id)
    with pytest.raises(NotUnderReview):
        await bench.trying.begin(principal=REVIEWER, id=(await bench.draft(2)).id)
    assert await tried(bench) == []
    # Whoever leaves office opens nothing more.
    await bench.trying.begin(principal=REVIEWER, id=waits.id)
    opened = await bench.sessions.begin(principal=LI, app_id=APP, scene=TRIAL)
    assert isinstance(bench.circle.officers, Offices)
    bench.circle.officers.left.add(REVIEWER.actor)
    told = await bench.sessions.told(principal=LI, session_id=opened.session.id)
    assert told.ending is Ending.EXPIRED
