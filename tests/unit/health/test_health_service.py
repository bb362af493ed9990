"""The verbs of the room, on real MongoDB and Redis."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from api.domains.health.cache import StatusCache
from api.domains.health.demo import load_demo
from api.domains.health.errors import (
    HealthFactIdReused,
    HealthFactSuperseded,
    HealthNotInForce,
    HealthOrderIdReused,
    HealthRulesInvalid,
    HealthRulesMissing,
    HealthRulesVersionTaken,
    HealthScanTooOld,
    HealthTooManyFacts,
    HealthWrongPurpose,
)
from api.domains.health.model import DECLARATIONS_MAX, Colour, FactKind, Looker, ScanSeen, Symptom
from api.domains.health.rules import RuleSet
from api.domains.health.service import Health
from core import redis as core_redis
from core.clock import FixedClock
from core.crypto import FieldCipher
from core.departments import CITY_MANAGEMENT, HEALTH
from core.errors import BadInput, DomainError, Forbidden, NotFound, SignInRequired
from core.events import open_facts
from core.mongo import Mongo
from core.paging import PageRequest
from core.principal import ANONYMOUS, Principal
from core.redis import Redis
from tests.unit.health.people import (
    ANNA,
    BEN,
    CARER,
    COLLEAGUE,
    CONTACT,
    DOCTOR,
    NOW,
    OFFICER,
    REASON,
    SICK,
    SMALL,
    WELL,
    Build,
    carer,
    citizen,
    doctor,
    entry,
    everything,
    officer,
    recorded,
    rule_set,
    staff,
    switched_on,
)

HOUR = timedelta(hours=1)
PAGE = PageRequest(20)


async def colour_of(health: Health, account: str = ANNA) -> Colour:
    return (await health.status(principal=citizen(account), citizen_id=account)).colour


def a_scan(**changes: Any) -> ScanSeen:
    scan = ScanSeen("scn_01KAMP0000000000000000000A", NOW, ANNA, OFFICER, "HEALTH_CHECK")
    return replace(scan, **changes)


# The colour


async def test_the_newest_fact_gives_the_colour(health: Health) -> None:
    await switched_on(health)
    assert await colour_of(health) is Colour.GREY
    await recorded(health)
    status = await health.status(principal=citizen(), citizen_id=ANNA)
    assert (status.colour, status.reason.en, status.advice.en, status.rules_version) == (
        Colour.GREEN,
        "well",
        "well advice",
        1,
    )
    assert (status.computed_at, status.valid_until) == (NOW, NOW + 23 * HOUR)
    assert [(b.kind, b.summary.en, b.at) for b in status.basis] == [
        (FactKind.ANTIGEN, "Antigen test: negative", NOW - HOUR)
    ]
    await recorded(health, FactKind.CLOSE_CONTACT, as_="two")
    assert await colour_of(health) is Colour.YELLOW
    assert await colour_of(health, BEN) is Colour.GREY


async def test_time_alone_changes_the_colour_when_it_said_so(health: Health, clock: FixedClock) -> None:
    await switched_on(health)
    await recorded(health)
    until = (await health.status(principal=citizen(), citizen_id=ANNA)).valid_until
    clock.advance(seconds=(until - NOW).total_seconds() - 0.001)
    assert await colour_of(health) is Colour.GREEN
    clock.advance(seconds=0.001)
    assert await colour_of(health) is Colour.GREY


async def test_status_is_off_by_default_and_after_its_end(health: Health, clock: FixedClock, mongo: Mongo) -> None:
    with pytest.raises(HealthNotInForce):
        await colour_of(health)
    with pytest.raises(HealthRulesMissing):
        await health.order(principal=doctor(), reason=REASON, until=NOW + HOUR, client_order_id="x")
    await switched_on(health, days=1)
    assert (await health.status(principal=citizen(), citizen_id=ANNA)).valid_until == NOW + 24 * HOUR
    clock.advance(seconds=86_400 - 0.001)
    assert await colour_of(health) is Colour.GREY
    clock.advance(seconds=0.001)
    before = await everything(mongo)
    with pytest.raises(HealthNotInForce):
        await colour_of(health)
    with pytest.raises(HealthNotInForce):
        await health.look(principal=officer(), scan=a_scan(at=clock.now()))
    with pytest.raises(HealthNotInForce):
        await health.status(principal=carer("health:read"), citizen_id=ANNA)
    assert await health.order_in_force() is None
    assert await everything(mongo) == before


async def test_an_order_is_lifted_before_its_end(health: Health) -> None:
    await switched_on(health)
    lifted = await health.lift(principal=doctor(), reason=REASON, client_order_id="off")
    assert await health.lift(principal=doctor(), reason=REASON, client_order_id="off") == lifted
    with pytest.raises(HealthOrderIdReused):  # and not: the order that is in force, as if it were lifted
        await health.lift(principal=doctor(), reason=REASON, client_order_id="on")
    with pytest.raises(HealthNotInForce):
        await colour_of(health)


async def test_an_order_that_is_sent_again_is_one(health: Health, mongo: Mongo) -> None:
    await switched_on(health)
    before = await everything(mongo)
    until = NOW + timedelta(days=10)
    again = await health.order(principal=doctor(), reason=REASON, until=until, client_order_id="on")
    assert again == await health.order_in_force()
    with pytest.raises(HealthOrderIdReused):
        await health.order(principal=doctor(), reason=REASON, until=until + HOUR, client_order_id="on")
    for wrong in (NOW, NOW - HOUR, NOW + timedelta(days=90, seconds=1)):
        with pytest.raises(BadInput):
            await health.order(principal=doctor(), reason=REASON, until=wrong, client_order_id="two")
    assert await everything(mongo) == before


# Rules


async def test_old_rules_are_kept_as_they_were(health: Health) -> None:
    await switched_on(health)
    await recorded(health)
    assert await colour_of(health) is Colour.GREEN
    second = rule_set({**WELL, "colour": "YELLOW"}, version=2)
    await health.publish(principal=doctor(), text=second)
    status = await health.status(principal=citizen(), citizen_id=ANNA)
    assert (status.colour, status.rules_version) == (Colour.YELLOW, 2)
    kept = [await health.rules(version=version) for version in (1, 2, 3)]
    assert [one and one.text for one in kept] == [SMALL, second, None]
    current = await health.rules(version=None)
    assert current == kept[1]


async def test_rules_come_into_force_when_they_say(health: Health, clock: FixedClock) -> None:
    await switched_on(health)
    await recorded(health)
    later = rule_set({**WELL, "colour": "RED"}, version=2, validFrom="2026-11-22T05:00:00Z")
    await health.publish(principal=doctor(), text=later)
    status = await health.status(principal=citizen(), citizen_id=ANNA)
    assert (status.colour, status.valid_until) == (Colour.GREEN, NOW + HOUR)
    clock.advance(seconds=3600)
    assert await colour_of(health) is Colour.RED


async def test_of_two_sets_published_at_once_one_is(health: Health, build: Build, mongo: Mongo, redis: Redis) -> None:
    other = build(mongo, redis)
    outcomes = await asyncio.gather(
        *(room.publish(principal=doctor(), text=SMALL) for _ in range(4) for room in (health, other)),
        return_exceptions=True,
    )
    assert [type(one) for one in outcomes if isinstance(one, RuleSet)] == [RuleSet]
    assert {type(one) for one in outcomes if not isinstance(one, RuleSet)} == {HealthRulesVersionTaken}
    assert await mongo.collection("health_rules").count_documents({}) == 1


async def test_a_set_with_a_fault_changes_nothing(health: Health, mongo: Mongo) -> None:
    await switched_on(health)
    before = await everything(mongo)
    with pytest.raises(HealthRulesInvalid):
        await health.publish(principal=doctor(), text=rule_set(SICK, version=2, default=...))
    for version in (1, 2):
        if version == 2:
            await health.publish(principal=doctor(), text=rule_set(SICK, version=3))
            before = await everything(mongo)
        with pytest.raises(HealthRulesVersionTaken):
            await health.publish(principal=doctor(), text=rule_set(CONTACT, version=version))
    assert await everything(mongo) == before


# Facts


async def test_a_correction_supersedes_and_a_withdrawal_takes_back(health: Health, mongo: Mongo) -> None:
    await switched_on(health)
    wrong = await recorded(health, FactKind.CONFIRMED, valid_until=NOW + timedelta(days=300))
    right = await recorded(health, as_="two", corrects=wrong.id)
    assert await colour_of(health) is Colour.GREEN
    # It must not be forgotten first: what it corrects would stand again.
    assert right.delete_at == wrong.delete_at == NOW + timedelta(days=330)
    with pytest.raises(HealthFactSuperseded):
        await recorded(health, as_="three", corrects=wrong.id)
    gone = await health.withdraw(principal=doctor(), fact_id=right.id, client_fact_id="four")
    assert gone.delete_at == wrong.delete_at
    assert await colour_of(health) is Colour.GREY
    assert await health.facts(principal=citizen(), citizen_id=ANNA) == []
    assert await mongo.collection("health_facts").count_documents({}) == 3
    assert await health.withdraw(principal=doctor(), fact_id=right.id, client_fact_id="four") == gone


async def test_of_two_corrections_at_once_one_is(health: Health, build: Build, mongo: Mongo, redis: Redis) -> None:
    fact, other = await recorded(health), build(mongo, redis)
    outcomes = await asyncio.gather(
        *(
            room.record(principal=doctor(), entry=entry(as_=f"{room is other}{n}", corrects=fact.id))
            for n in range(3)
            for room in (health, other)
        ),
        return_exceptions=True,
    )
    assert sum(isinstance(one, HealthFactSuperseded) for one in outcomes) == 5
    assert await mongo.collection("health_facts").count_documents({}) == 2


async def test_a_fact_that_is_sent_again_is_one(health: Health, mongo: Mongo) -> None:
    made = await asyncio.gather(*(recorded(health) for _ in range(6)))
    assert len({fact.id for fact in made}) == 1
    before = await everything(mongo)
    with pytest.raises(HealthFactIdReused):
        await recorded(health, details={"result": "POSITIVE"})
    assert await everything(mongo) == before
    assert len(before["events"]) == 1


async def test_nothing_of_a_fact_is_in_clear(health: Health, mongo: Mongo, cipher: FieldCipher) -> None:
    fact = await recorded(health, FactKind.CONFIRMED)
    rows = await everything(mongo)
    said = repr({name: rows[name] for name in ("health_facts", "health_heads", "events")}) + repr(fact)
    assert "CONFIRMED" not in said
    assert HEALTH.code not in repr(rows["health_facts"])
    (event,) = rows["events"]
    facts = open_facts(event["payload"].pop("facts"), owner=ANNA, cipher=cipher)
    assert (event["name"], event["payload"]) == ("health.fact_recorded", {"citizen": ANNA, "fact": fact.id})
    assert facts == {"kind": {"zh": "确诊病例", "en": "Confirmed case"}}


@pytest.mark.parametrize(
    "changes",
    [
        {"details": {}},
        {"details": {"result": "MAYBE"}},
        {"details": {"result": "NEGATIVE", "dose": 1}},
        {"kind": FactKind.TEMPERATURE, "details": {"tenths": 299}},
        {"kind": FactKind.VACCINATION, "details": {"dose": 10}},
        {"kind": FactKind.AREA_RISK, "details": {"level": "HIGH", "area": "beijing"}},
        {"kind": FactKind.DECLARATION, "details": {"symptoms": [], "areas": []}},
        {"at": NOW + timedelta(minutes=6)},
        {"at": NOW - timedelta(days=401)},
        {"valid_until": NOW - HOUR},
        {"valid_until": NOW + timedelta(days=401)},
        {"citizen": "stf_01KAMP0000000000000000000A"},
        {"client_fact_id": ""},
        {"client_fact_id": "x" * 65},
    ],
    ids=str,
)
async def test_what_does_not_fit_its_kind_is_refused(health: Health, mongo: Mongo, changes: dict[str, Any]) -> None:
    before = await everything(mongo)
    with pytest.raises(BadInput):
        await health.record(principal=doctor(), entry=replace(entry(), **changes))
    assert await everything(mongo) == before


async def test_what_a_citizen_declares_counts_and_crowds_nothing_out(health: Health, mongo: Mongo) -> None:
    for number in range(DECLARATIONS_MAX):
        await health.declare(
            principal=citizen(), symptoms=[Symptom.COUGH], areas=["110101"], client_fact_id=f"{number}"
        )
    before = await everything(mongo)
    with pytest.raises(HealthTooManyFacts):
        await health.declare(principal=citizen(), symptoms=[], areas=[], client_fact_id="more")
    assert await everything(mongo) == before
    assert before.get("events", []) == []
    await switched_on(health)
    await recorded(health, FactKind.CONFIRMED)
    assert await colour_of(health) is Colour.RED
    facts = await health.facts(principal=citizen(), citizen_id=ANNA)
    assert facts[0].finding is not None
    labels = {fact.finding.summary.en for fact in facts if fact.finding}
    assert labels == {"Confirmed case", "Declaration: cough, Dongcheng"}


@pytest.mark.parametrize(
    ("who", "refusal"),
    [
        (ANONYMOUS, SignInRequired),
        (citizen(), Forbidden),
        (carer("health:read"), Forbidden),
        (officer(), Forbidden),
        (staff(DOCTOR, "citizens:find"), Forbidden),
    ],
    ids=["nobody", "citizen", "carer", "officer", "no scope"],
)
async def test_who_may_not_change_anything_does_not(
    health: Health, mongo: Mongo, who: Principal, refusal: type[DomainError]
) -> None:
    fact = await recorded(health)
    before = await everything(mongo)
    tries: list[Callable[[], Awaitable[object]]] = [
        lambda: health.record(principal=who, entry=entry(as_="two")),
        lambda: health.withdraw(principal=who, fact_id=fact.id, client_fact_id="two"),
        lambda: health.publish(principal=who, text=SMALL),
        lambda: health.order(principal=who, reason=REASON, until=NOW + HOUR, client_order_id="x"),
        lambda: health.lift(principal=who, reason=REASON, client_order_id="x"),
    ]
    for attempt in tries:
        with pytest.raises(refusal):
            await attempt()
    assert await everything(mongo) == before


async def test_only_the_department_of_a_fact_corrects_it(health: Health, mongo: Mongo) -> None:
    fact = await recorded(health)
    own = await health.declare(principal=citizen(), symptoms=[], areas=[], client_fact_id="own")
    before = await everything(mongo)
    stranger = doctor(COLLEAGUE, department=CITY_MANAGEMENT.code)
    for who, which in ((stranger, fact.id), (doctor(), own.id), (doctor(), "fac_x"), (doctor(), "x" * 10_000)):
        with pytest.raises(NotFound):
            await health.withdraw(principal=who, fact_id=which, client_fact_id="two")
    with pytest.raises(NotFound):
        await recorded(health, as_="two", of=BEN, corrects=fact.id)
    with pytest.raises(Forbidden):
        await health.record(principal=doctor(department=""), entry=entry(as_="two"))
    assert await everything(mongo) == before


async def test_facts_are_forgotten_a_month_after_they_tell_anything(
    health: Health, mongo: Mongo, clock: FixedClock
) -> None:
    await recorded(health)
    (row,) = (await everything(mongo))["health_facts"]
    assert row["delete_at"] == NOW + 23 * HOUR + timedelta(days=30)
    for name in ("health_facts", "health_heads"):
        assert (await mongo.collection(name).index_information())["leaves"]["expireAfterSeconds"] == 0
    clock.advance(seconds=31 * 86_400)
    assert await health.facts(principal=citizen(), citizen_id=ANNA) == []


# Who sees it


@pytest.mark.parametrize(
    ("who", "refusal"),
    [
        (ANONYMOUS, SignInRequired),
        (citizen(BEN), NotFound),
        (carer("health:read", subject=BEN), NotFound),
        (carer("licences:read"), Forbidden),
        (officer(), Forbidden),
        (doctor(), Forbidden),
    ],
    ids=["nobody", "another", "another's carer", "another matter", "officer", "doctor"],
)
async def test_who_may_not_see_a_citizen_s_health_does_not(
    health: Health, mongo: Mongo, who: Principal, refusal: type[DomainError]
) -> None:
    await switched_on(health)
    before = await everything(mongo)
    for read in (health.status, health.facts):
        with pytest.raises(refusal):
            await read(principal=who, citizen_id=ANNA)
    with pytest.raises(refusal):
        await health.looks(principal=who, citizen_id=ANNA, page=PAGE)
    assert await everything(mongo) == before


async def test_who_acts_for_a_citizen_sees_and_is_seen(health: Health, clock: FixedClock) -> None:
    await switched_on(health)
    for _ in range(3):
        await health.status(principal=carer("health:read"), citizen_id=ANNA)
    clock.advance(seconds=60)
    await health.facts(principal=carer("health:read"), citizen_id=ANNA)
    await colour_of(health)
    looks = await health.looks(principal=citizen(), citizen_id=ANNA, page=PAGE)
    assert [(one.looker, one.by, one.at) for one in looks.rows] == [
        (Looker.DELEGATE, CARER, NOW + timedelta(seconds=60)),
        (Looker.DELEGATE, CARER, NOW),
    ]


async def test_an_officer_sees_the_colour_of_whom_they_scanned_and_is_seen(health: Health, clock: FixedClock) -> None:
    await switched_on(health)
    await recorded(health)
    status = await health.look(principal=officer(), scan=a_scan())
    assert status.colour is Colour.GREEN
    clock.advance(seconds=299.999)
    await health.look(principal=officer(), scan=a_scan())
    await health.look(
        principal=officer(), scan=a_scan(id="scn_01KAMP0000000000000000000B", at=clock.now(), purpose="CLINIC")
    )
    first = await health.looks(principal=citizen(), citizen_id=ANNA, page=PageRequest(1))
    second = await health.looks(principal=citizen(), citizen_id=ANNA, page=PageRequest(1, first.keys[0]))
    rows = [*first.rows, *second.rows]
    assert [(one.looker, one.by, one.purpose) for one in rows] == [
        (Looker.STAFF, OFFICER, "CLINIC"),
        (Looker.STAFF, OFFICER, "HEALTH_CHECK"),
    ]
    assert (first.has_next, second.has_next) == (True, False)


@pytest.mark.parametrize(
    ("who", "changes", "refusal"),
    [
        (ANONYMOUS, {}, SignInRequired),
        (citizen(), {}, Forbidden),
        (staff(OFFICER, "citycode:scan"), {}, Forbidden),
        (officer(COLLEAGUE), {}, NotFound),
        (officer(), {"purpose": "TRANSIT"}, HealthWrongPurpose),
        (officer(), {"purpose": "LAW_ENFORCEMENT"}, HealthWrongPurpose),
        (officer(), {"at": NOW - timedelta(minutes=5)}, HealthScanTooOld),
    ],
    ids=["nobody", "citizen", "no scope", "colleague", "transit", "law", "old"],
)
async def test_no_other_scan_shows_a_colour(
    health: Health, mongo: Mongo, who: Principal, changes: dict[str, Any], refusal: type[DomainError]
) -> None:
    await switched_on(health)
    before = await everything(mongo)
    with pytest.raises(refusal):
        await health.look(principal=who, scan=a_scan(**changes))
    assert await everything(mongo) == before


# Redis


async def test_a_status_is_kept_sealed_and_used_again(health: Health, redis: Redis, mongo: Mongo) -> None:
    await switched_on(health)
    await recorded(health)
    first = await health.status(principal=citizen(), citizen_id=ANNA)
    (key,) = await redis.keys("health:*")
    assert isinstance(key, bytes)
    assert 0 < await redis.pttl(key) <= 600_000
    kept = await redis.get(key)
    assert isinstance(kept, bytes)
    assert b"GREEN" not in kept
    await mongo.collection("health_facts").delete_many({})  # what is kept needs no facts
    assert await health.status(principal=citizen(), citizen_id=ANNA) == first
    # Moved to another citizen's key it does not open.
    await redis.set(key.decode().replace(ANNA, BEN), kept)
    assert await colour_of(health, BEN) is Colour.GREY
    await redis.flushall()
    assert await colour_of(health) is Colour.GREY


async def test_no_process_answers_with_what_was(health: Health, build: Build, mongo: Mongo, redis: Redis) -> None:
    other = build(mongo, redis)
    await switched_on(health)
    for number, (kind, colour) in enumerate(
        [(FactKind.ANTIGEN, Colour.GREEN), (FactKind.CLOSE_CONTACT, Colour.YELLOW), (FactKind.CONFIRMED, Colour.RED)]
    ):
        await recorded(health, kind, as_=str(number))
        assert await colour_of(other) is colour
        assert await colour_of(health) is colour
    await health.publish(principal=doctor(), text=rule_set(CONTACT, version=2))
    assert await colour_of(other) is Colour.YELLOW


async def test_without_redis_the_status_is_worked_out(
    health: Health, mongo: Mongo, cipher: FieldCipher, clock: FixedClock
) -> None:
    gone = core_redis.connect(url="redis://127.0.0.1:1", timeout_s=0.1)
    alone = replace(health, cache=StatusCache(redis=gone, cipher=cipher, clock=clock))
    await switched_on(alone)
    await recorded(alone)
    for _ in range(3):
        assert await colour_of(alone) is Colour.GREEN
    await gone.aclose()


async def test_the_demonstration_city_has_its_colours(health: Health, clock: FixedClock, mongo: Mongo) -> None:
    people = {"sun": DOCTOR, "zhang": ANNA, "liu": BEN, "alexander": CARER}
    await load_demo(health=health, clock=clock, people=people)
    before = await everything(mongo)
    await load_demo(health=health, clock=clock, people=people)
    assert await everything(mongo) == before
    found = {who: await colour_of(health, people[who]) for who in ("zhang", "liu", "alexander")}
    assert found == {"zhang": Colour.GREEN, "liu": Colour.GREEN, "alexander": Colour.YELLOW}
