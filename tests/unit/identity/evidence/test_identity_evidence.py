"""Levels 1 to 5: each way on the real door of those who are asked, and what is refused."""

from __future__ import annotations

import asyncio
from typing import Any

import jwt
import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from core.jose import b64, key_of_seed, unb64
from core.principal import Principal
from identity.errors import RealNameNotConfirmed
from identity.faces import ResultRefused, check_key
from identity.levels import VALIDITY, EvidenceKind
from identity.relations import RelationKind
from tests.support.attacks import against
from tests.unit.identity.evidence.proving import (
    BEGIN,
    COUNTER,
    DOCUMENT,
    FINISH,
    NET_ID,
    SEED,
    STANDING,
    TICKET,
    World,
)
from tests.unit.identity.room import NEWCOMER, ZHANG

WANG = ("王小明", "110101199003070038")
ZHAO = ("赵雪", "110108199508160041")
OTHER = "13700000008"
DENG = "13900000009"
PASSPORT = {
    "type": "PASSPORT",
    "name": "Alexander Montgomery-Featherstonehaugh",
    "number": "567123489",
    "nationality": "USA",
    "birthDate": "1988-07-04",
}
PERMIT = {"type": "HOME_RETURN_PERMIT", "name": "陈大文", "number": "h12345678"}
# By their places in the platform's list.
NET_WANG, NET_CHILD, NET_ZHAO = 5, 7, 6


async def test_documents_lead_to_two_or_three_and_one_number_has_one_account(world: World) -> None:
    first, second = await world.room.citizen(NEWCOMER), await world.room.citizen(OTHER)
    unknown = {**PASSPORT, "number": "X1234567"}
    for who in (first, second):  # what nobody knows binds nothing
        answer = await world.ask(DOCUMENT, who, input=unknown)
        assert answer["data"]["confirmDocument"] == {
            "name": None,
            "realNameLevel": 2,
            "realNameEvidence": {"kind": "FORM", "source": "本人填写", "document": "PASSPORT"},
        }
    answer = await world.ask(DOCUMENT, first, input={**PERMIT, "expiresOn": "2027-01-31"})
    assert answer["data"]["confirmDocument"]["name"] == "陈大文"
    assert answer["data"]["confirmDocument"]["realNameLevel"] == 3
    before = await world.citizens()
    for wrong, refusal in (
        ({**PERMIT, "number": "H1234567801"}, "IDENTITY_ID_NUMBER_TAKEN"),
        ({**PERMIT, "name": "陈小文"}, "IDENTITY_REAL_NAME_NOT_CONFIRMED"),
        ({**PERMIT, "expiresOn": "2020-01-01"}, "IDENTITY_DOCUMENT_EXPIRED"),
        ({**PASSPORT, "nationality": "CHN"}, "IDENTITY_DOCUMENT_INVALID"),
    ):
        assert (await world.ask(DOCUMENT, second, input=wrong))["codes"] == [refusal]
    assert await world.citizens() == before
    standing = (await world.ask(STANDING, first))["data"]["realName"]
    assert (standing["level"], standing["validUntil"]) == (3, "2027-02-01T00:00:00+00:00")
    assert [one["kind"] for one in standing["evidence"]] == ["DOCUMENT"]
    kept = await world.room.audited("evidence.kept")
    assert {one["about"]["kind"] for one in kept if one["subject"] == first.subject} == {"FORM", "DOCUMENT"}
    dump = await world.room.dump()
    for clear in (b"H12345678", "陈大文".encode(), b"X1234567"):
        assert clear not in dump


async def test_a_level_falls_when_its_evidence_expires_and_the_name_stays(world: World) -> None:
    wang = await world.known(NEWCOMER, *WANG)
    begun = (await world.ask(BEGIN, wang))["data"]["beginFaceCheck"]
    answer = await world.ask(FINISH, wang, id=begun["id"], result=await world.look(begun["url"]))
    assert answer == {"data": {"finishFaceCheck": {"realNameLevel": 4}}, "codes": []}
    assert (await world.room.citizen(NEWCOMER)).real_name_level == 4
    world.room.clock.advance(seconds=VALIDITY[EvidenceKind.FACE].total_seconds())
    later = await world.room.citizen(NEWCOMER)
    assert later.real_name_level == 3
    world.room.clock.advance(seconds=VALIDITY[EvidenceKind.REGISTER].total_seconds())
    much_later = await world.room.citizen(NEWCOMER)
    me = await world.room.identity.me(principal=much_later)
    assert (much_later.real_name_level, me.name, len(me.evidence), me.in_force) == (1, WANG[0], 2, ())


def _forged(result: str, *, header: dict[str, Any] | None = None, key: bytes = SEED, **claims: Any) -> str:
    """The result with other words, signed as `key` does."""
    head, body, _ = result.split(".")
    said = {**orjson.loads(unb64(head)), **(header or {})}
    signed = f"{b64(orjson.dumps(said))}.{b64(orjson.dumps({**orjson.loads(unb64(body)), **claims}))}"
    return f"{signed}.{b64(Ed25519PrivateKey.from_private_bytes(key).sign(signed.encode()))}"


@against("algorithm confusion", "face check")
@against("replaying", "face check")
async def test_a_face_is_believed_by_its_providers_signature_alone(world: World) -> None:
    wang, zhao = await world.known(NEWCOMER, *WANG), await world.known(OTHER, *ZHAO)
    begun = (await world.ask(BEGIN, wang))["data"]["beginFaceCheck"]
    result = await world.look(begun["url"])
    public = key_of_seed(SEED).jwk()
    now = int(world.room.clock.now().timestamp())
    forged = [
        "",
        result[:-4] + "AAAA",
        _forged(result, key=bytes(32)),
        _forged(result, header={"jwk": key_of_seed(bytes(32)).jwk()}, key=bytes(32)),
        _forged(result, header={"kid": "../../other"}),
        _forged(result, header={"typ": "at+jwt"}),
        _forged(result, header={"x": 1}),
        _forged(result, header={"alg": "none"}),
        jwt.encode(
            orjson.loads(unb64(result.split(".")[1])),
            b64(unb64(public["x"])).encode(),
            algorithm="HS256",
            headers={"kid": public["kid"], "typ": "face-check+jwt"},
        ),
        _forged(result, aud="https://elsewhere.test"),
        _forged(result, iss="https://elsewhere.test"),
        _forged(result, nonce=world.room.ids.new("fck")),
        _forged(result, sub="AAAA"),
        _forged(result, jti=""),
        _forged(result, exp=now - 60),
        _forged(result, iat=now + 60),
        _forged(result, exp=now + 86_400),
        _forged(result, liveness="yes"),
        _forged(result, score=True),
    ]
    before = await world.room.dump()
    assert world.evidences.faces is not None
    for one in forged:
        with pytest.raises(ResultRefused):
            world.evidences.faces.judge(one, check=begun["id"], name=WANG[0], id_number=WANG[1])
    assert (await world.ask(FINISH, wang, id=begun["id"], result=forged[2]))["codes"] == ["IDENTITY_FACE_CHECK_REFUSED"]
    assert (await world.ask(FINISH, zhao, id=begun["id"], result=result))["codes"] == ["IDENTITY_FACE_CHECK_OVER"]
    assert await world.room.dump() == before
    finish = [world.ask(FINISH, wang, id=begun["id"], result=result) for _ in range(3)]
    codes = sorted(str(answer["codes"]) for answer in await asyncio.gather(*finish))
    assert codes == ["['IDENTITY_FACE_CHECK_OVER']"] * 2 + ["[]"]
    assert len(await world.room.audited("evidence.kept")) == 3
    for wrong in ({"use": "enc"}, {"alg": "HS256"}, {"kid": ""}, {"d": "AAAA"}, {"kty": "oct"}):
        with pytest.raises(ValueError, match="must"):
            check_key({**public, **wrong})
    # Nobody was there, and a check that nobody remembers.
    gone = (await world.ask(BEGIN, zhao))["data"]["beginFaceCheck"]
    away = await world.look(gone["url"], seen="no")
    assert (await world.ask(FINISH, zhao, id=gone["id"], result=away))["codes"] == ["IDENTITY_FACE_NOT_MATCHED"]
    assert await world.level(zhao) == 3


@against("a stolen session", "real name")
async def test_who_is_not_known_or_has_not_just_proven_themself_begins_nothing(world: World) -> None:
    newcomer = await world.room.citizen(OTHER)
    assert (await world.ask(BEGIN, newcomer))["codes"] == ["IDENTITY_REAL_NAME_NEEDED"]
    wang = await world.known(NEWCOMER, *WANG)
    acting = await world.room.acting(RelationKind.CARER)
    world.strong.add(wang.actor)
    for query, variables in ((BEGIN, {}), (TICKET, {}), (NET_ID, {"credential": "x"})):
        assert (await world.ask(query, wang, **variables))["codes"] == ["STEP_UP_REQUIRED"]
        assert (await world.ask(query, acting, **variables))["codes"] == ["FORBIDDEN"]
    assert (await world.ask(DOCUMENT, acting, input=PERMIT))["codes"] == ["FORBIDDEN"]
    assert (await world.ask(FINISH, acting, id="x", result="x"))["codes"] == ["FORBIDDEN"]
    world.strong.clear()
    world.room.clock.advance(seconds=301)
    assert (await world.ask(TICKET, wang))["codes"] == ["STEP_UP_REQUIRED"]


async def test_a_net_id_says_nothing_of_its_owner_and_is_nobody_elses(world: World) -> None:
    wang = await world.room.citizen(NEWCOMER)
    credential = await world.credential(NET_WANG)
    answer = await world.ask(NET_ID, wang, credential=credential)
    assert answer["data"]["confirmNetId"] == {"name": None, "realNameLevel": 4}
    other = await world.room.citizen(OTHER)
    assert (await world.ask(NET_ID, other, credential=credential))["codes"] == ["IDENTITY_NET_ID_REFUSED"]  # used
    for again, refusal in (
        (await world.credential(NET_WANG), "IDENTITY_ID_NUMBER_TAKEN"),
        (await world.credential(NET_ZHAO, audience="https://elsewhere.test"), "IDENTITY_NET_ID_REFUSED"),
        (await world.credential(NET_CHILD), "IDENTITY_GUARDIAN_NEEDED"),
    ):
        assert (await world.ask(NET_ID, other, credential=again))["codes"] == [refusal]
    ways = (await world.ask(STANDING, wang))["data"]["realName"]["ways"]
    assert [(one["kind"], one["available"]) for one in ways] == [
        ("REGISTER", False),
        ("DOCUMENT", False),
        ("FACE", False),
        ("NET_ID", True),
        ("COUNTER", True),
    ]
    # Another's name does not go with it; one's own may be given.
    names = world.room.identity.real_names
    with pytest.raises(RealNameNotConfirmed):
        await names.confirm(principal=wang, name=ZHAO[0], id_number=ZHAO[1])
    assert (await names.confirm(principal=wang, name=WANG[0], id_number=WANG[1])).real_name_level == 4
    zhao = await world.known("13700000007", *ZHAO)
    assert (await world.ask(NET_ID, zhao, credential=await world.credential(0)))["codes"] == ["IDENTITY_NET_ID_REFUSED"]


async def test_a_guardian_brings_a_childs_net_id(world: World) -> None:
    zhang, child = await world.room.citizen(ZHANG), await world.room.id_of("xiaobei")
    xiaobei = 3
    assert (await world.ask(NET_ID, zhang, credential=await world.credential(xiaobei), child=zhang.actor))["codes"] == [
        "NOT_FOUND"
    ]
    adult = await world.credential(NET_WANG)
    assert (await world.ask(NET_ID, zhang, credential=adult, child=child))["codes"] == ["IDENTITY_NET_ID_REFUSED"]
    answer = await world.ask(NET_ID, zhang, credential=await world.credential(xiaobei), child=child)
    assert answer["data"]["confirmNetId"]["realNameLevel"] == 4
    (entry,) = await world.room.audited("evidence.kept")
    assert (entry["actor"], entry["subject"]) == (zhang.actor, child)


async def _ticket(world: World, who: Principal) -> str:
    return str((await world.ask(TICKET, who))["data"]["issueCounterTicket"]["code"])


@against("guessing", "counter ticket")
async def test_a_counter_needs_the_owners_ticket_and_the_officers_eyes(world: World) -> None:
    wang, deng = await world.room.citizen(NEWCOMER), await world.room.clerk(DENG)
    wang, deng = world.fresh(wang), world.fresh(deng)
    entered = {"type": "RESIDENT_ID", "number": WANG[1], "name": WANG[0], "reason": "本人持身份证到窗口"}
    old, code = await _ticket(world, wang), await _ticket(world, wang)
    at_once = await asyncio.gather(*(_ticket(world, wang) for _ in range(3)))
    meant = {**entered, "name": "王晓明"}
    tried = [await world.ask(COUNTER, deng, input={"ticket": one, **meant}) for one in at_once]
    (code,) = [one for one, told in zip(at_once, tried, strict=True) if told["codes"] != ["IDENTITY_TICKET_OVER"]]
    wrong = f"{(int(code) + 1) % 10**8:08d}"
    for changes, refusal in (
        ({"ticket": old}, "IDENTITY_TICKET_OVER"),
        ({"ticket": wrong}, "IDENTITY_TICKET_OVER"),
        ({"ticket": "12"}, "BAD_USER_INPUT"),
        ({"name": "王晓明"}, "IDENTITY_REAL_NAME_NOT_CONFIRMED"),
        ({"name": "邓文静"}, "IDENTITY_OWN_ACCOUNT"),
        ({"reason": ""}, "BAD_USER_INPUT"),
    ):
        answer = await world.ask(COUNTER, deng, input={"ticket": code, **entered, **changes})
        assert answer["codes"] == [refusal]
    clerk = world.fresh(await world.room.clerk())
    assert (await world.ask(COUNTER, clerk, input={"ticket": code, **entered}))["codes"] == ["FORBIDDEN"]
    both = await asyncio.gather(*(world.ask(COUNTER, deng, input={"ticket": code, **entered}) for _ in range(2)))
    assert sorted(str(one["codes"]) for one in both) == ["['IDENTITY_TICKET_OVER']", "[]"]
    assert await world.level(wang) == 5
    (entry,) = await world.room.audited("evidence.kept")
    assert (entry["actor"], entry["subject"], entry["about"]["level"]) == (deng.actor, wang.subject, 5)
    seen = await world.room.ask("{ me { lookUps { edges { node { reason } } } } }", principal=wang)
    assert "本人持身份证到窗口" in str(seen["data"])
    code = await _ticket(world, world.fresh(wang))
    world.room.clock.advance(seconds=300)
    late = await world.ask(COUNTER, world.fresh(deng), input={"ticket": code, **entered})
    assert late["codes"] == ["IDENTITY_TICKET_OVER"]


@against("another's rights", "officer about themself")
async def test_an_officer_verifies_neither_themself_nor_family(world: World) -> None:
    """Deng is a citizen too, by the same phone; and takes care of Liu."""
    deng = world.fresh(await world.room.clerk(DENG))
    own = world.fresh(await world.room.citizen(DENG))
    entered = {"type": "RESIDENT_ID", "number": WANG[1], "name": WANG[0], "reason": "本人持身份证到窗口"}
    answer = await world.ask(COUNTER, deng, input={"ticket": await _ticket(world, own), **entered})
    assert answer["codes"] == ["IDENTITY_OWN_ACCOUNT"]
    liu = world.fresh(await world.room.citizen("13800000004"))
    relation = await world.room.relation(RelationKind.CARER)
    await world.room.mongo.collection("identity_relations").update_one(
        {"_id": relation}, {"$set": {"actor": own.actor, "parties": [own.actor, liu.actor]}}
    )
    entered = {**entered, "number": "110101194802150023", "name": "刘秀英"}
    answer = await world.ask(COUNTER, deng, input={"ticket": await _ticket(world, liu), **entered})
    assert answer["codes"] == ["IDENTITY_OWN_ACCOUNT"]
    assert (await world.level(own), await world.level(liu)) == (1, 4)


async def test_tries_are_counted_and_a_lost_redis_loses_only_tries(world: World) -> None:
    wang = await world.known(NEWCOMER, *WANG)
    wrong = {**PERMIT, "name": "陈小文"}
    codes = [(await world.ask(DOCUMENT, wang, input=wrong))["codes"][0] for _ in range(6)]
    assert codes == ["IDENTITY_REAL_NAME_NOT_CONFIRMED"] * 5 + ["AUTH_TOO_MANY_REQUESTS"]
    begun = (await world.ask(BEGIN, wang))["data"]["beginFaceCheck"]
    result, code = await world.look(begun["url"]), await _ticket(world, wang)
    await world.room.redis.flushdb()
    assert (await world.ask(FINISH, wang, id=begun["id"], result=result))["codes"] == ["IDENTITY_FACE_CHECK_OVER"]
    deng = world.fresh(await world.room.clerk(DENG))
    entered = {"type": "RESIDENT_ID", "number": WANG[1], "name": WANG[0], "reason": "本人持身份证到窗口"}
    answer = await world.ask(COUNTER, deng, input={"ticket": code, **entered})
    assert answer["codes"] == ["IDENTITY_TICKET_OVER"]
    assert await world.level(wang) == 3
