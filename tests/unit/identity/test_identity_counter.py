"""An officer finds the citizen at the counter, and the citizen sees it."""

from __future__ import annotations

from typing import Any

import pytest

from core.mongo import Mongo
from core.principal import Principal
from identity.levels import VALIDITY, EvidenceKind
from identity.limits import LOOK_UP_LIMITS
from identity.model import Citizen
from tests.support.attacks import against
from tests.unit.identity.room import ALEXANDER, CLERK, OFFICER, ZHANG, Room, outcome

FIND = """mutation($phone: String!, $name: String!, $reason: String!) {
  findCitizen(input: {phone: $phone, name: $name, reason: $reason}) { id maskedName } }"""
LOOK_UPS = """query($first: Int! = 20, $after: String) { me { lookUps(first: $first, after: $after) {
  nodes { id at reason officer { organisation badge } } pageInfo { hasNextPage endCursor } } } }"""
WHY = "居住证办理，本人在场"


async def _find(room: Room, principal: Principal, phone: str, name: str, reason: str = WHY) -> dict[str, Any]:
    return await room.ask(FIND, principal=principal, variables={"phone": phone, "name": name, "reason": reason})


@pytest.mark.parametrize(
    ("phone", "name", "masked"),
    [
        (ZHANG, "张丽华", "张*华"),
        ("+86 138 0000 0001", " 张 丽 华 ", "张*华"),
        (ALEXANDER, "alexander  MONTGOMERY-Featherstonehaugh", "A*** M***"),
    ],
)
async def test_phone_and_name_find_a_citizen(room: Room, phone: str, name: str, masked: str) -> None:
    clerk = await room.clerk()
    answer = await _find(room, clerk, phone, name)
    assert answer["codes"] == [] and answer["data"]["findCitizen"]["maskedName"] == masked


async def test_the_citizen_sees_who_looked_when_and_why(room: Room) -> None:
    clerk, zhang = await room.clerk(), await room.citizen(ZHANG)
    found = (await _find(room, clerk, ZHANG, "张丽华"))["data"]["findCitizen"]
    assert found["id"] == zhang.subject
    at = room.clock.now().isoformat()
    room.clock.advance(seconds=1)
    await _find(room, await room.clerk("13900000004"), ZHANG, "张丽华", "缴费咨询")
    first, second = (await room.ask(LOOK_UPS, principal=zhang))["data"]["me"]["lookUps"]["nodes"]
    assert (first["reason"], first["officer"]["badge"]) == ("缴费咨询", "CG-0211")
    assert second == {
        "id": second["id"],
        "at": at,
        "reason": WHY,
        "officer": {"organisation": "北京市公安局", "badge": "GA-1024"},
    }
    page = (await room.ask(LOOK_UPS, principal=zhang, variables={"first": 1}))["data"]["me"]["lookUps"]
    after = {"first": 1, "after": page["pageInfo"]["endCursor"]}
    rest = (await room.ask(LOOK_UPS, principal=zhang, variables=after))["data"]["me"]["lookUps"]
    assert ([row["id"] for row in page["nodes"]], [row["id"] for row in rest["nodes"]]) == (
        [first["id"]],
        [second["id"]],
    )
    alexander = await room.citizen(ALEXANDER)
    assert (await room.ask(LOOK_UPS, principal=alexander))["data"]["me"]["lookUps"]["nodes"] == []


MISSES = [
    ("13700000099", "张丽华"),  # no account
    (ZHANG, "张丽花"),
    (ZHANG, "张"),
    (ZHANG, "张丽华华"),
    (ALEXANDER, "Alexander"),
    ("13700000008", "未实名用户"),  # an account without a name
    ("13700000008", "Unverified person"),
    ("13900000001", "王勇"),  # staff are not citizens
]


@pytest.mark.parametrize(("phone", "name"), MISSES)
async def test_a_miss_is_not_found_and_is_recorded_without_anybody(room: Room, phone: str, name: str) -> None:
    await room.identity.store.add_citizen(
        Citizen(id=room.ids.new("cit"), phone="+8613700000008", created_at=room.clock.now())
    )
    clerk = await room.clerk()
    assert await _find(room, clerk, phone, name) == {"data": None, "codes": ["NOT_FOUND"]}
    (row,) = await room.mongo.collection("identity_look_ups").find({}).to_list(None)
    assert (row["officer"], row["citizen_id"]) == (clerk.actor, None)
    assert WHY.encode() not in await room.dump()


@against("enumeration by timing", "counter")
async def test_an_unknown_phone_and_a_wrong_name_cost_the_same(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same reads, writes, unsealings and comparisons, in the same order; a hit does nothing else either."""
    clerk = await room.clerk()
    seen: list[tuple[str, str]] = []
    store, counter = room.identity.store, room.identity.counter
    for name in ("_row", "_open"):
        original = getattr(store, name)

        def noting(*args: Any, _name: str = name, _original: Any = original, **named: Any) -> Any:
            seen.append((_name, args[0] if _name == "_row" else named["purpose"]))
            return _original(*args, **named)

        monkeypatch.setattr(store, name, noting)
    digests: list[str] = []
    blind_index = type(room.cipher).blind_index

    def counted(self: Any, plain: str, *, purpose: str) -> bytes:
        digests.append(purpose)
        return blind_index(self, plain, purpose=purpose)

    monkeypatch.setattr(type(room.cipher), "blind_index", counted)
    shapes = []
    for phone, name in ((ZHANG, "张丽花"), ("13700000099", "张丽华"), (ZHANG, "张丽华")):
        await outcome(counter.find(principal=clerk, phone=phone, name=name, reason=WHY))
        shapes.append((list(seen), list(digests)))
        seen.clear()
        digests.clear()
    assert shapes[0] == shapes[1] == shapes[2]
    assert shapes[0][0] == [
        ("_row", "identity_citizens"),
        ("_open", "citizen.phone"),
        ("_open", "citizen.name"),
    ]
    assert await room.mongo.collection("identity_look_ups").count_documents({}) == 3


@pytest.mark.parametrize(
    ("phone", "name", "reason", "refusal"),
    [
        ("12", "张丽华", WHY, "AUTH_PHONE_INVALID"),
        ("1" * 10_000, "张丽华", WHY, "AUTH_PHONE_INVALID"),
        (ZHANG, "", WHY, "BAD_USER_INPUT"),
        (ZHANG, "华" * 101, WHY, "BAD_USER_INPUT"),
        (ZHANG, "华" * 100_000, WHY, "BAD_USER_INPUT"),
        (ZHANG, "\x00", WHY, "BAD_USER_INPUT"),
        (ZHANG, "张\u202e丽华", WHY, "BAD_USER_INPUT"),
        (ZHANG, "张丽华", "", "BAD_USER_INPUT"),
        (ZHANG, "张丽华", "abc", "BAD_USER_INPUT"),
        (ZHANG, "张丽华", "a" * 201, "BAD_USER_INPUT"),
        (ZHANG, "张丽华", "a" * 100_000, "BAD_USER_INPUT"),
        (ZHANG, "张丽华", "abc\x00d", "BAD_USER_INPUT"),
    ],
)
async def test_bad_input_is_refused_and_not_recorded(
    room: Room, phone: str, name: str, reason: str, refusal: str
) -> None:
    clerk = await room.clerk()
    before, redis = await room.dump(), await room.redis.dbsize()
    assert await _find(room, clerk, phone, name, reason) == {"data": None, "codes": [refusal]}
    assert (await room.dump(), await room.redis.dbsize()) == (before, redis)


@pytest.mark.parametrize(
    ("phone", "may"),
    [
        (OFFICER, False),
        (CLERK, True),
        ("13900000004", True),
        ("13900000005", False),
        ("13900000007", True),
        ("13900000008", False),
    ],
)
@against("another's rights", "officer without the role")
async def test_who_may_look_people_up(room: Room, phone: str, may: bool) -> None:
    officer = await room.clerk(phone)
    before = await room.dump()
    answer = await _find(room, officer, ZHANG, "张丽华")
    assert answer["codes"] == ([] if may else ["FORBIDDEN"])
    assert (await room.dump() == before) is not may


@against("another's rights", "citizen at staff's verbs")
async def test_a_citizen_may_not_look_people_up(room: Room) -> None:
    zhang = await room.citizen(ZHANG)
    before = await room.dump()
    assert await _find(room, zhang, ALEXANDER, "Alexander") == {"data": None, "codes": ["FORBIDDEN"]}
    assert (await room.ask(FIND, variables={"phone": ZHANG, "name": "张丽华", "reason": WHY}))["codes"] == [
        "UNAUTHENTICATED"
    ]
    assert await room.dump() == before


@against("guessing", "name")
async def test_an_officer_looks_up_so_many_an_hour_and_another_is_not_held_up(room: Room) -> None:
    clerk, other = await room.clerk(), await room.clerk("13900000004")
    an_hour = LOOK_UP_LIMITS[0].count_max
    for turn in range(an_hour):
        name = "张丽华" if turn % 2 else "张三"
        await outcome(room.identity.counter.find(principal=clerk, phone=ZHANG, name=name, reason=WHY))
    before = await room.dump()
    assert (await _find(room, clerk, ZHANG, "张丽华"))["codes"] == ["AUTH_TOO_MANY_REQUESTS"]
    assert await room.dump() == before
    assert (await _find(room, other, ZHANG, "张丽华"))["codes"] == []
    room.clock.advance(seconds=3600)
    assert (await _find(room, clerk, ZHANG, "张丽华"))["codes"] == []


async def test_a_child_without_a_phone_is_not_found_by_one(room: Room) -> None:
    """Their place in the index of phones is no phone."""
    clerk, child = await room.clerk(), await room.id_of("xiaobei")
    assert (await _find(room, clerk, child, "张小北"))["codes"] == ["AUTH_PHONE_INVALID"]


async def test_many_citizens_have_no_phone(room: Room, mongo: Mongo) -> None:
    for _ in range(3):
        await room.identity.store.add_citizen(Citizen(id=room.ids.new("cit"), phone=None, created_at=room.clock.now()))
    assert await mongo.collection("identity_citizens").count_documents({"phone": None}) == 4


async def test_rows_from_before_departments_and_evidence_are_read(room: Room) -> None:
    await room.mongo.collection("identity_staff").update_many({}, {"$unset": {"department": ""}})
    at = room.clock.now()
    citizens = room.mongo.collection("identity_citizens")
    await citizens.update_many({}, {"$unset": {"evidence": ""}, "$set": {"real_name_level": 4}})
    await room.identity.open()
    officer = await room.clerk(OFFICER)
    assert officer.department == ""
    assert (await room.ask("{ staffMe { badge department { code } } }", principal=officer))["data"] == {
        "staffMe": {"badge": "DC-0312", "department": None}
    }
    zhang = await room.citizen(ZHANG)
    me = await room.identity.me(principal=zhang)
    assert (zhang.real_name_level, me.in_force[0].kind, me.in_force[0].at) == (4, EvidenceKind.FACE, at)
    await citizens.update_one(
        {"_id": zhang.subject}, {"$set": {"evidence": {"source": "population-register", "at": room.clock.now()}}}
    )
    (kept,) = (await room.identity.me(principal=zhang)).evidence
    assert (kept.source, kept.expires_at - kept.at) == ("population-register", VALIDITY[EvidenceKind.FACE])
