"""Children's accounts: who may open them, for whom, and until when."""

from __future__ import annotations

import asyncio
import dataclasses
from datetime import UTC, datetime, timedelta

import pytest

from core.principal import Principal
from identity.demo import BEIJING
from identity.errors import TokenInvalid
from identity.id_numbers import IdNumber
from identity.relations import full_age
from tests.unit.identity.organisations.relating import Related
from tests.unit.identity.room import ALEXANDER, LIU, NEWCOMER, OUYANG, ZHANG, outcome

XIAODUO = {"name": "王小朵", "id_number": "110101202005050043"}
XIAOBEI = {"name": "张小北", "id_number": "110101201706010015"}
OPEN = """mutation($input: OpenChildAccountInput!) { openChildAccount(input: $input) {
  id kind side provenBy until subject { maskedName realNameLevel } } }"""
FIND = "mutation { findChildren { maskedName maskedIdNumber born } }"


async def father(related: Related) -> Principal:
    """王小明, whose name the register confirms."""
    newcomer = await related.room.citizen(NEWCOMER)
    names = related.room.identity.real_names
    await names.confirm(principal=newcomer, name="王小明", id_number="110101199003070038")
    return dataclasses.replace(newcomer, real_name_level=3)


async def test_a_parent_finds_the_children_masked_and_opens_an_account(related: Related) -> None:
    room = related.room
    zhang = await room.citizen(ZHANG)
    assert (await related.ask(FIND, principal=zhang))["data"]["findChildren"] == [
        {"maskedName": "王*朵", "maskedIdNumber": "1101**********0043", "born": "2020-05-05"},
        {"maskedName": "张*北", "maskedIdNumber": "1101**********0015", "born": "2017-06-01"},
    ]
    child = {"name": XIAODUO["name"], "idNumber": XIAODUO["id_number"]}
    opened = (await related.ask(OPEN, principal=zhang, input=child))["data"]["openChildAccount"]
    until = full_age(IdNumber.parse(XIAODUO["id_number"], today=room.clock.now().date()).born, zone=BEIJING)
    assert {**opened, "id": ""} == {
        "id": "",
        "kind": "GUARDIAN",
        "side": "ACTOR",
        "provenBy": "人口库",
        "until": until.astimezone(UTC).isoformat(),
        "subject": {"maskedName": "王*朵", "realNameLevel": 3},
    }
    citizen = await room.identity.store.citizen_of_id_number(XIAODUO["id_number"])
    assert citizen is not None and citizen.phone is None
    begun = await related.act(zhang, opened["id"])
    assert (await room.identity.authenticate(token=begun.access.text)).subject == citizen.id
    for kind in ("account_opened", "begun"):
        (entry,) = await room.audited(f"guardianship.{kind}")
        assert (entry["actor"], entry["subject"]) == (zhang.actor, citizen.id)


async def test_a_second_opening_finds_the_same_account_and_each_parent_has_a_relation(related: Related) -> None:
    room = related.room
    zhang, wang = await room.citizen(ZHANG), await father(related)
    guardianship = room.identity.guardianship
    first = await guardianship.open_account(principal=zhang, **XIAODUO)
    before = await related.kept()
    again = await guardianship.open_account(principal=zhang, name="王 小朵", id_number="11010120200505 0043")
    assert again == first
    assert await related.kept() == before
    other = await guardianship.open_account(principal=wang, **XIAODUO)
    assert (other.subject, other.actor) == (first.subject, wang.actor)
    # An account that was there before is the same one too.
    theirs = await guardianship.open_account(principal=wang, **XIAOBEI)
    assert theirs.subject == await room.id_of("xiaobei")
    mine = await guardianship.open_account(principal=zhang, **XIAOBEI)
    hers = await room.identity.acting.relations(principal=zhang)
    assert [one.id for one in hers if one.subject == mine.subject] == [mine.id]


async def test_both_parents_at_once_open_one_account(related: Related) -> None:
    zhang, wang = await related.room.citizen(ZHANG), await father(related)
    openings = [
        related.room.identity.guardianship.open_account(principal=who, **XIAODUO) for who in (zhang, wang, zhang, wang)
    ]
    relations = await asyncio.gather(*openings)
    assert len({one.subject for one in relations}) == 1
    assert len({one.id for one in relations}) == 2
    assert len(await related.room.audited("guardianship.account_opened")) == 1


@pytest.mark.parametrize(
    ("phone", "child", "refusal"),
    [
        (OUYANG, XIAODUO, "IDENTITY_CHILD_NOT_PROVEN"),  # somebody else's child
        (ZHANG, {**XIAODUO, "name": "王小花"}, "IDENTITY_CHILD_NOT_PROVEN"),
        (ZHANG, {**XIAODUO, "id_number": XIAOBEI["id_number"]}, "IDENTITY_CHILD_NOT_PROVEN"),
        (ZHANG, {"name": "刘秀英", "id_number": "110101194802150023"}, "IDENTITY_CHILD_NOT_PROVEN"),  # her mother
        (LIU, {"name": "张丽华", "id_number": "110101198503120025"}, "IDENTITY_OF_FULL_AGE"),
        (ZHANG, {**XIAODUO, "id_number": "110101202005050044"}, "IDENTITY_ID_NUMBER_INVALID"),
        (ALEXANDER, XIAODUO, "IDENTITY_REAL_NAME_NEEDED"),  # known by no number
        (NEWCOMER, XIAODUO, "IDENTITY_REAL_NAME_NEEDED"),
    ],
)
async def test_whose_child_it_is_not_is_refused_and_nothing_changes(
    related: Related, phone: str, child: dict[str, str], refusal: str
) -> None:
    who = await related.room.citizen(phone)
    before = await related.kept()
    opening = related.room.identity.guardianship.open_account(principal=who, **child)
    assert await outcome(opening) == refusal
    assert await related.kept() == before


async def test_ten_questions_a_day_and_no_register_is_no_answer(related: Related) -> None:
    zhang = await related.room.citizen(ZHANG)
    guardianship = related.room.identity.guardianship
    for _ in range(10):
        assert len(await guardianship.find(principal=zhang)) == 2
    assert await outcome(guardianship.find(principal=zhang)) == "AUTH_TOO_MANY_REQUESTS"
    alone = dataclasses.replace(guardianship, register=None)
    assert await outcome(alone.find(principal=zhang)) == "UNAVAILABLE"


async def test_a_guardians_relation_ends_at_full_age_and_the_child_is_found_no_more(related: Related) -> None:
    room = related.room
    zhang = await room.citizen(ZHANG)
    relation = await room.identity.guardianship.open_account(principal=zhang, **XIAODUO)
    birthday = datetime(2038, 5, 4, 16, tzinfo=UTC)
    assert relation.until == birthday
    room.clock.advance(seconds=(birthday - room.clock.now() - timedelta(minutes=4)).total_seconds())
    zhang = await room.citizen(ZHANG)
    begun = await related.act(zhang, relation)
    assert begun.access.expires_at == birthday
    room.clock.advance(seconds=300)
    with pytest.raises(Exception, match="expired"):
        await room.identity.authenticate(token=begun.access.text)
    assert await outcome(related.act(zhang, relation)) == "NOT_FOUND"
    # Their own evidence has expired in these years.
    await room.identity.real_names.confirm(principal=zhang, name="张丽华", id_number="110101198503120025")
    assert await room.identity.guardianship.find(principal=related.fresh(zhang)) == []
    opening = room.identity.guardianship.open_account(principal=related.fresh(zhang), **XIAODUO)
    assert await outcome(opening) == "IDENTITY_OF_FULL_AGE"


async def test_a_guardian_who_ended_it_while_acting_acts_no_more_and_may_begin_again(related: Related) -> None:
    zhang = await related.room.citizen(ZHANG)
    relation = await related.room.identity.guardianship.open_account(principal=zhang, **XIAODUO)
    begun = await related.act(zhang, relation)
    await related.room.identity.acting.end(principal=zhang, relation_id=relation.id)
    with pytest.raises(TokenInvalid):
        await related.room.identity.authenticate(token=begun.access.text)
    anew = await related.room.identity.guardianship.open_account(principal=zhang, **XIAODUO)
    assert (anew.subject, anew.id == relation.id) == (relation.subject, False)
