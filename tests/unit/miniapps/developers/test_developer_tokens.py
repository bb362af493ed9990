"""The token door on real stores: the SDK's own vectors, time, and what becomes of who leaves."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from functools import partial
from typing import Any

import pytest

from core import jose
from core.audit import ENTRIES
from core.clock import epoch_s
from core.errors import Forbidden, NotFound, SignInRequired, StepUpRequired
from core.events.deliveries import EVENTS
from core.locale import Locale
from core.mongo import Session
from core.oauth import ASSERTION_TYPE, OAuthError
from core.principal import Principal, PrincipalKind
from core.redis import Redis
from miniapps.developers.blocking import ORGANISATION_BLOCKED
from miniapps.developers.devices import DEVICES, DEVICES_MAX, REFRESHES
from miniapps.developers.domains import DomainState, Method
from miniapps.developers.errors import LimitReached, OrganisationBlocked, PersonNeeded, RealNameNeeded
from miniapps.developers.invitations import INVITATIONS
from miniapps.developers.model import DOMAINS_MAX, Key, KeyUse, Role
from miniapps.developers.rating import Fact, Grade
from miniapps.developers.service import TOOL_FRESH, Post
from miniapps.errors import OwnMatter, TooOften
from tests.support.developing import Holder
from tests.unit.miniapps.developers.wing import VECTORS, Wing, citizen


async def test_the_kit_s_assertions_are_taken_once_and_others_never(wing: Wing) -> None:
    """What `sdk/contract/backend.py` wrote is what the city takes."""
    wing.clock.advance(seconds=VECTORS["now"] - wing.clock.now().timestamp())
    zhang = citizen("cit_zhang", wing.clock)
    studio = await wing.studio(zhang)
    await wing.app(zhang, studio.organisation.id, VECTORS["app_id"])
    keys = [Key(jwk, KeyUse.SIGN, wing.clock.now()) for jwk in VECTORS["keys"]["keys"]]

    async def keep(session: Session) -> None:
        await wing.developers.store.set_app_keys(VECTORS["app_id"], keys, session=session)

    await wing.developers.transaction(keep)

    async def ask(assertion: str) -> dict[str, Any]:
        form = {"client_assertion_type": ASSERTION_TYPE, "client_assertion": assertion}
        return await wing.granting.answer({"grant_type": "client_credentials", **form}, address="192.0.2.1")

    for one in VECTORS["refused"]:
        with pytest.raises(OAuthError) as refused:
            await ask(one["assertion"])
        assert (one["id"], refused.value.code) == (one["id"], "invalid_client")
    for one in VECTORS["good"]:
        told = await ask(one["assertion"])
        assert await wing.developers.backend(told["access_token"]) == VECTORS["app_id"]
        with pytest.raises(OAuthError):
            await ask(one["assertion"])


async def test_a_token_ends_and_who_may_do_what_is_asked_each_time(wing: Wing) -> None:
    wing.people.posts_of["cit_li"] = [Post("org_1", "示范公司", "91110101MA0DEM001X", Role.OWNER)]
    li = citizen("cit_li", wing.clock)
    firm = await wing.registering.register(principal=li, of="org_1", name=None)
    told = await wing.signed_in(li, firm.organisation.id)
    tool = await wing.principal(told)
    assert (await wing.developers.authority(principal=tool)).role is Role.OWNER
    wing.people.posts_of["cit_li"] = [Post("org_1", "示范公司", "91110101MA0DEM001X", Role.READER)]
    assert (await wing.developers.authority(principal=tool)).role is Role.READER
    wing.people.levels["cit_li"] = None
    with pytest.raises(SignInRequired):
        await wing.developers.authority(principal=tool)
    wing.clock.advance(seconds=606)
    with pytest.raises(SignInRequired):
        await wing.principal(told)
    with pytest.raises(SignInRequired):
        await wing.developers.backend(str(told["access_token"]))
    # A signature that is not ours, of another type or for another audience is no token.
    for text in ("", "a.b.c", str(told["access_token"])[:-4] + "AAAA"):
        with pytest.raises(SignInRequired):
            await wing.developers.tokens.read(text)


async def test_who_approves_proved_themself_lately_and_devices_are_few(wing: Wing) -> None:
    zhang = citizen("cit_zhang", wing.clock)
    studio = (await wing.studio(zhang)).organisation.id
    for _ in range(DEVICES_MAX + 2):
        wing.clock.advance(seconds=1)
        await wing.signed_in(citizen("cit_zhang", wing.clock), studio)
        wing.clock.advance(seconds=60)
    assert await wing.mongo.collection(DEVICES).count_documents({}) == DEVICES_MAX
    assert await wing.mongo.collection(REFRESHES).count_documents({}) == DEVICES_MAX
    begun = await wing.granting.begin({"client_id": "tong"}, address="192.0.2.1")
    with pytest.raises(StepUpRequired):
        await wing.granting.approve(principal=zhang, user_code=begun["user_code"], organisation=studio)


async def test_what_is_asked_at_once_passes_no_limit(wing: Wing) -> None:
    zhang = citizen("cit_zhang", wing.clock)
    made = await asyncio.gather(*(wing.studio(zhang, f"Studio {number}") for number in range(4)))
    assert len({one.organisation.id for one in made}) == 1
    studio = made[0].organisation.id
    most = (await wing.developers.rating(studio)).allowance.apps_max
    ids = [f"cn.tongcheng.app{letter}" for letter in "abcdefghkm"[: most + 3]]
    told = await asyncio.gather(*(wing.app(zhang, studio, id) for id in ids), return_exceptions=True)
    assert len(await wing.registering.apps(studio)) == most
    assert [type(one) for one in told].count(LimitReached) == len(ids) - most
    app_id = (await wing.registering.apps(studio))[0].app_id
    names = [f"api{number}.example.com" for number in range(DOMAINS_MAX + 3)]
    asked = [wing.proving.ask(principal=zhang, app_id=app_id, domain=name) for name in names]
    await asyncio.gather(*asked, return_exceptions=True)
    assert len(await wing.proving.of_app(app_id)) == DOMAINS_MAX


async def test_no_tool_decides_about_members(wing: Wing) -> None:
    zhang, li = citizen("cit_zhang", wing.clock), citizen("cit_li", wing.clock)
    studio = (await wing.studio(zhang)).organisation.id
    other = (await wing.studio(li, "Another")).developer
    tool = await wing.principal(await wing.signed_in(zhang, studio))
    for role in (Role.OWNER, Role.READER):
        with pytest.raises(Forbidden):
            await wing.members.invite(principal=tool, organisation=studio, developer=other, role=role)
    told = await wing.joined(zhang, studio, li, Role.OWNER)
    for verb in (wing.members.remove, partial(wing.members.change, role=Role.READER)):
        with pytest.raises(Forbidden):
            await verb(principal=tool, organisation=studio, developer=told.developer)


async def test_what_lasts_takes_the_person_or_a_tool_that_was_just_let_in(wing: Wing) -> None:
    zhang = citizen("cit_zhang", wing.clock)
    studio = (await wing.studio(zhang)).organisation.id
    app_id = await wing.app(zhang, studio)
    told = await wing.signed_in(zhang, studio)

    async def refreshed() -> Principal:
        form = {"grant_type": "refresh_token", "client_id": "tong", "refresh_token": told["refresh_token"]}
        told.update(await wing.granting.answer(form, address="192.0.2.1"))
        return await wing.principal(told)

    async def everything(who: Principal, name: str) -> list[object]:
        """What it makes of each that lasts."""
        key, sealing, now = Holder.ed25519(), Holder.p256().sealing_jwk, epoch_s(wing.clock.now())
        proof = key.proof({"organisation": studio, "iat": now})
        asked = (
            wing.keys.add(principal=who, organisation=studio, jwk=key.jwk, proof=proof),
            wing.keys.retire(principal=who, organisation=studio, kid=key.kid),
            wing.keys.add_to_app(principal=who, app_id=app_id, jwk=sealing, use=KeyUse.ENCRYPT, proof=None),
            wing.keys.retire_of_app(principal=who, app_id=app_id, kid=str(jose.thumbprint(sealing))),
            wing.proving.ask(principal=who, app_id=app_id, domain=name),
        )
        return [await outcome(one) for one in asked]

    wing.clock.advance(seconds=TOOL_FRESH.total_seconds())
    assert PersonNeeded not in await everything(await refreshed(), "a.example.com")
    wing.clock.advance(seconds=1)
    tool = await refreshed()  # a token that is new is no proof of anybody
    assert set(await everything(tool, "b.example.com")) == {PersonNeeded}
    assert [one.domain for one in await wing.proving.of_app(app_id)] == ["a.example.com"]
    (proof,) = await wing.proving.of_app(app_id)
    with pytest.raises(PersonNeeded):
        await wing.proving.check(principal=tool, id=proof.id)
    assert PersonNeeded not in await everything(zhang, "c.example.com")
    again = await wing.principal(await wing.signed_in(citizen("cit_zhang", wing.clock), studio))
    assert PersonNeeded not in await everything(again, "d.example.com")
    # Whoever may not do it at all is told that.
    li = citizen("cit_li", wing.clock)
    await wing.studio(li, "Li's")
    await wing.joined(zhang, studio, li, Role.READER)
    reader = await wing.principal(await wing.signed_in(li, studio))
    assert set(await everything(reader, "e.example.com")) == {Forbidden}


async def outcome(work: Awaitable[object]) -> object:
    try:
        await work
    except Exception as fault:
        return type(fault)
    return None


async def test_a_tool_reaches_tools_of_its_own_organisation_alone(wing: Wing) -> None:
    wing.people.posts_of["cit_li"] = [Post("org_1", "示范公司", "91110101MA0DEM001X", Role.OWNER)]
    li = citizen("cit_li", wing.clock)
    firm = (await wing.registering.register(principal=li, of="org_1", name=None)).organisation.id
    studio = (await wing.studio(li)).organisation.id
    tool, other = [await wing.principal(await wing.signed_in(li, organisation)) for organisation in (firm, studio)]
    assert len(await wing.granting.signed_in(principal=li)) == 2
    assert [one.id for one in await wing.granting.signed_in(principal=tool)] == [tool.session_id]
    with pytest.raises(NotFound):
        await wing.granting.end(principal=tool, device=other.session_id)
    await wing.granting.end(principal=li, device=other.session_id)
    await wing.granting.end(principal=tool, device=tool.session_id)
    with pytest.raises(SignInRequired):
        await wing.granting.signed_in(principal=tool)


async def test_guesses_of_codes_are_counted(wing: Wing) -> None:
    zhang = citizen("cit_zhang", wing.clock)
    refused: list[str] = []
    for guess in range(25):
        try:
            await wing.granting.deny(principal=zhang, user_code=f"BCDF-{guess:04}")
        except Exception as fault:
            refused.append(type(fault).__name__)
    assert refused == ["DeviceCodeWrong"] * 20 + [TooOften.__name__] * 5


async def test_no_secret_is_kept_in_clear(wing: Wing, redis: Redis) -> None:
    zhang = citizen("cit_zhang", wing.clock)
    told = await wing.signed_in(zhang, (await wing.studio(zhang)).organisation.id)
    waiting = await wing.granting.begin({"client_id": "tong"}, address="192.0.2.1")
    kept = b""
    for name in (DEVICES, REFRESHES, ENTRIES):
        kept += repr(await wing.mongo.collection(name).find({}).to_list(None)).encode()
    for key in await redis.keys("*"):
        kept += repr((key, await redis.get(key))).encode()
    secrets = [told["refresh_token"], told["access_token"], waiting["device_code"]]
    assert not [one for one in (*secrets, waiting["user_code"].replace("-", "")) if one.encode() in kept]


async def test_what_a_grade_may_and_what_is_noted(wing: Wing) -> None:
    zhang = citizen("cit_zhang", wing.clock)
    studio = (await wing.studio(zhang)).organisation.id
    for one in range(5):
        await wing.app(zhang, studio, f"org.example.a{'bcdef'[one]}")
    with pytest.raises(LimitReached):
        await wing.app(zhang, studio, "org.example.ag")
    assert await wing.app(zhang, studio, "org.example.ab") == "org.example.ab"

    async def note(session: Session) -> None:
        await wing.developers.note(organisation=studio, fact=Fact.REVOKED, session=session)

    await wing.developers.transaction(note)
    assert (await wing.developers.rating(studio)).grade is Grade.D
    wing.clock.advance(seconds=366 * 86400)
    assert (await wing.developers.rating(studio)).grade is Grade.C
    wing.people.levels["cit_poor"] = 1
    with pytest.raises(RealNameNeeded):
        await wing.studio(citizen("cit_poor", wing.clock), "Another")


async def test_a_domain_is_looked_for_again_and_lost_in_the_end(wing: Wing) -> None:
    zhang = citizen("cit_zhang", wing.clock)
    studio = await wing.studio(zhang)
    app_id = await wing.app(zhang, studio.organisation.id)
    asked = await wing.proving.ask(principal=zhang, app_id=app_id, domain="api.example")
    assert (await wing.proving.check(principal=zhang, id=asked.id)).state is DomainState.FAILED
    wing.look.where = Method.DNS
    assert (await wing.proving.check(principal=zhang, id=asked.id)).state is DomainState.PROVED
    app = await wing.developers.app(app_id)
    assert app is not None and app.domains == {"api.example"}
    wing.look.where = None
    states = []
    for _ in range(3):
        await wing.proving.check_due()  # nothing is due yet
        wing.clock.advance(seconds=3 * 86400 + 1)
        await wing.proving.check_due()
        states.append((await wing.proving.of_app(app_id))[0].state)
    assert states == [DomainState.PROVED, DomainState.PROVED, DomainState.FAILED]
    rows = await wing.mongo.collection(ENTRIES).find({"kind": {"$regex": "domain"}}).to_list(None)
    assert sorted(row["kind"].partition("_")[2] for row in rows) == ["asked", "lost", "proved"]


async def test_who_leaves_is_forgotten_and_what_nobody_answers_for_is_frozen(wing: Wing) -> None:
    zhang, liu = citizen("cit_zhang", wing.clock), citizen("cit_liu", wing.clock)
    alone = (await wing.studio(zhang, "Zhang Lihua's own")).organisation.id
    shared = (await wing.studio(liu, "Shared")).organisation.id
    await wing.joined(liu, shared, zhang, Role.OWNER)
    third = (await wing.studio(citizen("cit_li", wing.clock), "Third")).developer
    me = await wing.developers.store.developer_of("cit_zhang")
    assert me is not None
    await wing.members.invite(principal=zhang, organisation=alone, developer=third, role=Role.READER)
    await wing.members.invite(
        principal=citizen("cit_li", wing.clock),
        organisation=(await wing.studio(citizen("cit_li", wing.clock))).organisation.id,
        developer=me.id,
        role=Role.READER,
    )
    assert len((await wing.leaving.told("cit_zhang") or {})["invited"]) == 1
    tool = await wing.principal(await wing.signed_in(zhang, alone))
    assert (await wing.leaving.told("cit_zhang") or {})["ownName"][0]["role"] == "OWNER"
    for _ in range(2):
        await wing.leaving.forget("cit_zhang")
    with pytest.raises(SignInRequired):
        await wing.developers.authority(principal=tool)
    account, stays = await wing.developers.store.account(alone), await wing.developers.store.developer_of("cit_liu")
    assert stays is not None and account is not None and account.blocked == "frozen" and account.members == {}
    told = await wing.mongo.collection(EVENTS).find({"name": ORGANISATION_BLOCKED}).to_list()
    assert [one["payload"] for one in told] == [{"organisation": alone, "reason": "frozen"}]
    row = (await wing.developers.releases.organisations([alone]))[alone]
    assert row.names[Locale.EN].startswith("Former developer ")
    assert (await wing.developers.authority(principal=liu, organisation=shared)).account.members == {
        stays.id: Role.OWNER
    }
    assert await wing.leaving.told("cit_zhang") is None
    assert await wing.mongo.collection(INVITATIONS).count_documents({}) == 0
    # The name is free again, and whoever takes it has nothing of the former's.
    assert (await wing.studio(liu, "Zhang Lihua's own")).organisation.id == shared


async def test_two_accounts_of_one_person_become_one(wing: Wing) -> None:
    old, new = citizen("cit_old", wing.clock), citizen("cit_new", wing.clock)
    first = (await wing.studio(old, "First")).organisation.id
    await wing.leaving.move("cit_old", "cit_new")
    assert (await wing.developers.authority(principal=new, organisation=first)).role is Role.OWNER
    third = citizen("cit_third", wing.clock)
    second = (await wing.studio(third, "Second")).organisation.id
    for _ in range(2):
        await wing.leaving.move("cit_new", "cit_third")
    for organisation in (first, second):
        assert (await wing.developers.authority(principal=third, organisation=organisation)).role is Role.OWNER


async def test_a_blocked_organisation_s_backends_open_nothing(wing: Wing) -> None:
    zhang = citizen("cit_zhang", wing.clock)
    studio = (await wing.studio(zhang)).organisation.id
    app_id = await wing.app(zhang, studio)
    token = wing.developers.tokens.for_backend(app_id)
    assert await wing.developers.backend(token) == app_id
    officer = Principal(PrincipalKind.STAFF, "stf_1", "stf_1", scopes=frozenset({"miniapps:rate"}))
    wing.kin.members.add(("stf_1", studio))
    with pytest.raises(OwnMatter):
        await wing.registering.rate(principal=officer, organisation=studio, grade=Grade.A, reason="my own")
    wing.kin.members.clear()
    await wing.registering.rate(principal=officer, organisation=studio, grade=Grade.BLOCKED, reason="copied")
    with pytest.raises(SignInRequired):
        await wing.developers.backend(token)
    with pytest.raises(OrganisationBlocked):
        await wing.developers.authority(principal=zhang, app_id=app_id)
    assert (await wing.developers.membership(principal=zhang, app_id=app_id)).role is Role.OWNER
