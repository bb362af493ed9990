"""After a day on which people gave the city all that it asks for: nobody finds them in a dump, and who left is gone."""

from __future__ import annotations

import hashlib
import io
import logging
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest

from api.ground import Ground
from api.rewrapping import Step, rewrap
from api.settings import Settings
from api.startup import CityUnavailable
from core import logs
from core.clock import Clock, FixedClock
from core.mongo import Mongo
from core.redis import Redis
from identity.demo import CITIZENS, STAFF
from tests.support.city import JSON, OpenCity, answered
from tests.support.dump import leaks, of_mongo, of_redis, phone_spellings, spellings
from tests.support.library import PHONE, publish_library
from tests.support.photos import PHOTO_TYPE, photo
from tests.support.waiting import until

ZHANG, ALEXANDER, OUYANG, NEWCOMER = "13800000001", "13800000002", "13800000003", "13700000456"
INSPECTOR, CLERK = "13900000001", "13900000003"
NEWCOMERS_NAME, NEWCOMERS_NUMBER = "王小明", "110101199003070038"
EMAIL, PUSH, PASSWORD = "zhang.lihua@mail.example", "push-of-zhang:0123456789abcdef", "三只 企鹅 在 长城 上"
WORDS = "我是张丽华，电话 138 0000 0001，身份证 110101198503120025，门前的路灯不亮"
ADDRESS, REASON = "王府井大街 7 号张丽华家", "张丽华本人 13800000001 来窗口办理"

REPORT = "mutation($input: CreateReportInput!) { createReport(input: $input) { id number } }"
BILLS = "{ me { bills(first: 20) { nodes { id status } } } }"
NEXT_KEY = bytes(range(1, 33))
RENEWED = {
    "city_keys", "events", "health_facts", "identity_development_sms", "identity_look_ups", "identity_relations",
    "keys of persons", "licences", "licences_showings", "notifications_messages", "notifications_reach",
    "reports_cases", "signing_keys",
}  # fmt: skip
# Of whom an account was erased: where the law, or another's account of what they did, keeps an id that names nobody.
ID_STAYS = {
    "access_log", "audit_entries", "citycode_scans", "events", "health_looks", "identity_citizens",
    "identity_consent_entries", "identity_consents", "identity_erasures", "identity_look_ups", "identity_relations",
    "identity_sessions", "licences", "licences_showings", "notifications_reach", "payments_accounts",
    "payments_bills", "payments_claims", "payments_payments", "payments_transfers",
}  # fmt: skip


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """Everything that is logged, as the city writes it."""
    root, stream = logging.getLogger(), io.StringIO()
    handlers, level = root.handlers[:], root.level
    logs.configure(level="DEBUG", stream=stream)
    yield stream
    root.handlers[:] = handlers
    root.setLevel(level)


async def _leaks(hay: AsyncIterator[tuple[str, bytes]], needles: Mapping[bytes, str]) -> set[str]:
    return {one async for where, part in hay for one in leaks(where, part, needles)}


def _phones() -> list[str]:
    return [one.phone for one in CITIZENS.values() if one.phone] + [one.phone for one in STAFF.values()]


def _needles() -> dict[bytes, str]:
    """Of everybody in the demonstration and of what was typed on this day."""
    found: dict[bytes, str] = {}
    for phone in (*_phones(), f"+86{NEWCOMER}"):
        found |= phone_spellings(phone.removeprefix("+86"))
    texts = [one.name for one in CITIZENS.values()] + [one.display_name for one in STAFF.values()]
    texts += [one.id_number for one in CITIZENS.values() if one.id_number]
    for text in (*texts, NEWCOMERS_NAME, NEWCOMERS_NUMBER, EMAIL, PUSH, PASSWORD, WORDS, ADDRESS, REASON):
        found |= spellings(text)
    return found


async def _a_day(city: OpenCity) -> None:
    """Every wing and room is told something personal."""
    zhang, ouyang, alexander = [await city.token(phone) for phone in (ZHANG, OUYANG, ALEXANDER)]
    newcomer = await city.token(NEWCOMER)
    inspector, clerk = [await city.token(phone, audience="STAFF") for phone in (INSPECTOR, CLERK)]
    named = {"name": NEWCOMERS_NAME, "idNumber": NEWCOMERS_NUMBER}
    await answered(
        city,
        "mutation($input: ConfirmRealNameInput!) { confirmRealName(input: $input) { id } }",
        token=newcomer,
        input=named,
    )
    await answered(city, "mutation($p: String!) { setPassword(password: $p) { hasPassword } }", token=zhang, p=PASSWORD)
    refused = "mutation($input: SignInWithPasswordInput!) { signInWithPassword(input: $input) { accessToken } }"
    given = {"phone": ZHANG, "password": f"{PASSWORD}!", "deviceName": "张丽华的手机"}
    assert (await city.ask(refused, input=given)).codes
    await answered(city, "mutation { beginTotp { uri } }", token=zhang)
    screen = await answered(city, 'mutation { beginLink(deviceName: "张丽华的平板") { code } }', token="")
    await answered(
        city,
        "mutation($c: String!) { lookAtLink(code: $c) { deviceName } }",
        token=zhang,
        c=screen["beginLink"]["code"],
    )
    asked = {"phone": OUYANG, "name": CITIZENS["ouyang"].name, "kind": "PROXY", "matters": ["payments:read"]}
    asked["until"] = "2026-12-24T00:00:00Z"
    invite = "mutation($input: InviteDelegateInput!) { inviteDelegate(input: $input) { id } }"
    await answered(city, invite, token=zhang, input=asked)
    registered = "mutation { registerOrganisation(uscc: %s, name: %s) { id } }"
    own = registered % ('"91110101MA0DEM001X"', '"北京通城示范餐饮有限公司"')
    organisation = (await answered(city, own, token=ouyang))["registerOrganisation"]["id"]
    joins = {"organisationId": organisation, "phone": ALEXANDER, "name": CITIZENS["alexander"].name}
    joins["post"] = {"role": "VIEWER"}
    await answered(
        city, "mutation($input: InviteMemberInput!) { inviteMember(input: $input) { id } }", token=ouyang, input=joins
    )
    waiting = (await answered(city, "{ invitations { id } }", token=alexander))["invitations"]
    accept = "mutation($id: ID!) { acceptInvitation(id: $id) { id } }"
    await answered(city, accept, token=alexander, id=waiting[0]["id"])
    await _who_answers_for_others_stays(city, ouyang, organisation)
    found = {"phone": ZHANG, "name": "张丽华", "reason": REASON}
    await answered(city, "mutation($i: FindCitizenInput!) { findCitizen(input: $i) { id } }", token=clerk, i=found)
    await _in_the_rooms(city, zhang, inspector)


async def _who_answers_for_others_stays(city: OpenCity, owner: str, organisation: str) -> None:
    erase = "mutation { eraseAccount { state } }"
    refused = await city.ask(erase, token=owner)
    assert refused.codes == ["IDENTITY_OWNS_ORGANISATIONS"]
    assert refused.errors[0]["extensions"]["names"] == ["北京通城示范餐饮有限公司"]
    members = "query($id: ID!) { organisation(id: $id) { members { id role } } }"
    found = (await answered(city, members, token=owner, id=organisation))["organisation"]["members"]
    viewer = next(one["id"] for one in found if one["role"] == "VIEWER")
    await answered(city, "mutation($id: ID!) { removeMember(memberId: $id) }", token=owner, id=viewer)
    await answered(city, erase, token=owner)
    await answered(city, "mutation { cancelErasure { state } }", token=owner)


async def _in_the_rooms(city: OpenCity, zhang: str, inspector: str) -> None:
    headers = {"Authorization": f"Bearer {zhang}", "Content-Type": PHOTO_TYPE}
    ids = []
    for seed in (1, 2):
        raw = photo(seed=seed)
        async with city.http.post(f"{city.base}/uploads/report-photos", data=raw, headers=headers) as answer:
            ids.append((await answer.json())["id"])
    report: JSON = {"clientReportId": "r1", "description": WORDS, "address": ADDRESS, "categoryCode": "street-lamp"}
    report |= {"location": {"longitude": 116.4166, "latitude": 39.9289}, "photoIds": ids[:1]}
    await answered(city, REPORT, token=zhang, input=report)
    code = (await answered(city, "{ me { cityCode { text } } }", token=zhang))["me"]["cityCode"]["text"]
    scan = "mutation($i: ScanCityCodeInput!) { scanCityCode(input: $i) { id person { maskedName } health { colour } } }"
    await answered(city, scan, token=inspector, i={"text": code, "purpose": "HEALTH_CHECK"})
    licence = (await answered(city, "{ me { licences { id } } }", token=zhang))["me"]["licences"][0]["id"]
    share = {"licenceId": licence, "purpose": REASON[:20]}
    shown = await answered(
        city, "mutation($i: ShareLicenceInput!) { shareLicence(input: $i) { text } }", token=zhang, i=share
    )
    verify = "mutation($i: VerifyLicenceInput!) { verifyLicence(input: $i) { id } }"
    await answered(city, verify, token=inspector, i={"text": shown["shareLicence"]["text"]})
    fact = {"clientFactId": "f1", "symptoms": ["FEVER"], "areas": ["110105"]}
    await answered(city, "mutation($i: DeclareHealthInput!) { declareHealth(input: $i) { id } }", token=zhang, i=fact)
    bills = (await answered(city, BILLS, token=zhang))["me"]["bills"]["nodes"]
    unpaid = next(one["id"] for one in bills if one["status"] == "UNPAID")
    pay = {"billId": unpaid, "idempotencyKey": "payment-1"}
    await answered(city, "mutation($i: PayBillInput!) { payBill(input: $i) { id } }", token=zhang, i=pay)
    push = {"kind": "FID", "value": PUSH, "platform": "ANDROID"}
    await answered(
        city, "mutation($i: RegisterPushTargetInput!) { registerPushTarget(input: $i) { id } }", token=zhang, i=push
    )
    email = "mutation($i: SetNotificationEmailInput!) { setNotificationEmail(input: $i) { address } }"
    await city.ask(email, token=zhang, i={"address": EMAIL})  # refused where no mail goes out: kept all the less
    await _in_a_program(city, zhang)
    await answered(city, "mutation { requestDataDownload { id } }", token=zhang)
    await city.city.rooms.wings.downloads.work()


async def _in_a_program(city: OpenCity, zhang: str) -> None:
    """It is told her phone, and keeps what she wrote."""
    app, openids = await publish_library(city), city.city.rooms.openids
    opened = "mutation($a: String!, $q: JSON) { openMiniProgram(appId: $a, query: $q) { id } }"
    session = (await answered(city, opened, token=zhang, a=app, q={"to": ADDRESS}))["openMiniProgram"]["id"]
    agreed = "mutation($s: ID!, $p: [String!]!) { answerMiniPermissions(%s) { state } }"
    shown = 'session: $s, granted: $p, denied: [], text: "手机号用于取书通知"'
    await answered(city, agreed % shown, token=zhang, s=session, p=[PHONE])
    asked = await answered(city, "mutation($s: ID!) { miniPhoneCode(session: $s) { code } }", token=zhang, s=session)
    assert await openids.redeem_phone(code=asked["miniPhoneCode"]["code"], app_id=app) == f"+86{ZHANG}"
    waiting = await answered(city, "mutation($s: ID!) { miniLogin(session: $s) { code } }", token=zhang, s=session)
    assert (await openids.redeem_login(code=waiting["miniLogin"]["code"], app_id=app)).openid
    await answered(city, "mutation($s: ID!) { miniPhoneCode(session: $s) { code } }", token=zhang, s=session)
    kept = "mutation($s: ID!, $p: JSON) { writeMiniStorage(session: $s, revision: 0, put: $p) { revision } }"
    await answered(city, kept, token=zhang, s=session, p={ADDRESS: WORDS})


async def test_nobody_is_found_in_a_dump_and_who_left_is_gone(
    city: OpenCity, mongo: Mongo, redis: Redis, log: io.StringIO
) -> None:
    needles, outbox = _needles(), city.city.ground.outbox
    await _a_day(city)

    async def all_told() -> bool:
        return not (await outbox.backlog()).waiting

    await until(all_told, what="that every room has heard of the day")
    assert await _leaks(of_mongo(mongo), needles) == set()
    assert await _leaks(of_redis(redis), needles) == set()
    assert leaks("log", log.getvalue().encode(), needles) == set()
    await _seen_to_find(mongo, redis, log, needles)
    await _another_master_key(city)
    await _who_leaves_is_gone(city, mongo)


async def _seen_to_find(mongo: Mongo, redis: Redis, log: io.StringIO, needles: Mapping[bytes, str]) -> None:
    """One canary in each kind of place, each spelled in another way."""
    planted: dict[str, Any] = {
        "text": {"note": f"call {ZHANG}"},
        "number": {"phone": int(ZHANG)},
        "encoded": {"blob": b"AQ" + b"MTM4MDAwMDAwMDE"},
        "digest": {"h": hashlib.sha256("张丽华".encode()).hexdigest()},
        "wide": {"b": "张丽华".encode("utf-16-le")},
    }
    rows = mongo.collection("canaries")
    for name, row in planted.items():
        await rows.insert_one({"_id": name, **row})
        assert await _leaks(of_mongo(mongo, only="canaries"), needles), name
        await rows.delete_one({"_id": name})
    await redis.zadd("canary", {"138-0000-0001": 1})
    assert await _leaks(of_redis(redis), needles)
    await redis.delete("canary")
    logging.getLogger("canary").warning("%s", NEWCOMERS_NUMBER)
    assert leaks("log", log.getvalue().encode(), needles)


async def _another_master_key(city: OpenCity) -> None:
    """Everything comes under it while the city runs; who holds it alone then opens all that there is."""
    told = city.city.settings
    last = told.master_key
    both = replace(told, master_key=NEXT_KEY, master_key_previous=(last,))
    before = replace(told, master_key_previous=(NEXT_KEY,))
    done = {step.what: step for step in await _rewrapped(both, city.clock)}
    assert {what for what, step in done.items() if step.done} >= RENEWED
    # Back again, for the city that runs on; nothing but what it wrote meanwhile is under its own key.
    check = await _rewrapped(both, city.clock, check=True)
    assert sum(step.left for step in check) <= 5
    alone = await _rewrapped(replace(told, master_key=NEXT_KEY), city.clock, check=True)
    assert sum(step.lost for step in alone) <= 5
    await _rewrapped(before, city.clock)
    with pytest.raises(CityUnavailable, match="TONG_MASTER_KEY"):
        await _rewrapped(replace(told, master_key=NEXT_KEY), city.clock)


async def _rewrapped(told: Settings, clock: Clock, *, check: bool = False) -> list[Step]:
    ground = Ground.connect(told, clock)
    try:
        await ground.open_keys()
        steps = [step async for step in rewrap(ground, check=check) if not step.under_way]
    finally:
        await ground.close()
    if told.master_key_previous:
        assert [step for step in steps if step.lost] == []
    return steps


async def _who_leaves_is_gone(city: OpenCity, mongo: Mongo) -> None:
    assert isinstance(city.clock, FixedClock)
    city.clock.advance(seconds=61)  # so that the next code is told from the last one
    zhang = await city.token(ZHANG)
    leaver: str = (await answered(city, "{ me { id } }", token=zhang))["me"]["id"]
    await answered(city, "mutation { eraseAccount { state } }", token=zhang)
    rooms, database = city.city.rooms, mongo.database
    await database["identity_erasures"].update_one({"citizen": leaver}, {"$set": {"next_at": city.clock.now()}})
    await rooms.wings.erasures.work()
    city.clock.advance(seconds=5)
    await rooms.wings.erasures.work()

    async def told() -> bool:
        open_ = {"next_at": {"$exists": True}}
        return await database["event_deliveries"].count_documents(open_) == 0

    await until(told, what="that every room has heard of it")
    await _forget_again(city, leaver)
    held = {where.partition(".")[2] async for where, hay in of_mongo(mongo) if leaver.encode() in hay}
    assert held <= ID_STAYS, held - ID_STAYS
    assert await database["reports_photos"].count_documents({"case": None}) == 0
    assert await database["reports_photos"].count_documents({"owner": leaver}) == 0
    kept = await rooms.licences.store.licences_of(leaver)
    assert kept and all(not one.held and one.values == {} for one in kept)
    assert {one.settled.value for one in kept} <= {"CANCELLED", "REVOKED", "RESCINDED", "EXPIRED"}
    assert await database["payments_claims"].count_documents({"_id": {"$regex": f"^{leaver}"}}) == 0
    assert await database["payments_payments"].count_documents({"payer": leaver}) >= 1
    assert (await rooms.payments.audit()).sound


async def _forget_again(city: OpenCity, leaver: str) -> None:
    """What was done may be done again, and changes nothing."""
    for one in city.city.rooms.wings.erasures.others:
        await one.forget(leaver)
