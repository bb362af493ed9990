"""What the city vouches for (`verified_claims`), and that whoever agreed is asked again only when something changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import orjson
import pytest

from core.oauth import OAuthError
from core.principal import Principal
from identity.model import Citizen
from identity.oidc.assurance import Backing, wanted_verified
from identity.oidc.certificates import Certificates
from identity.oidc.metadata import metadata
from identity.oidc.model import VERIFIED, VERIFIED_BIRTHDATE, VERIFIED_NAME
from identity.relations import RelationKind
from tests.unit.identity.oidc.partners import BASIC_REQUEST, JSON, PARTNER, Browser, Partners, id_claims
from tests.unit.identity.room import ISSUER, Room

FRAMEWORK: JSON = {"trust_framework": {"value": "urn:city:real-name"}}
WISH: JSON = {
    "verification": {**FRAMEWORK, "time": None, "evidence": [{"type": {"value": "electronic_record"}, "record": None}]},
    "claims": {"name": None, "birthdate": {"essential": True}, "blood_type": None},
}


def _asked(wish: Any, member: str = "userinfo") -> str:
    return orjson.dumps({member: {"verified_claims": wish}}).decode()


async def _told(partners: Partners, browser: Browser, zhang: Principal, wish: Any, **more: Any) -> JSON:
    interaction = await partners.asked(browser, scope="openid", claims=_asked(wish), prompt="consent")
    answer = await partners.agreed(browser, interaction, zhang, **more)
    tokens = (await partners.redeem(answer.told["code"])).body
    body = (await partners.userinfo(tokens["access_token"])).body
    assert body.keys() <= {"sub", "verified_claims"}
    return dict(body.get("verified_claims", {}))


async def test_a_proven_name_comes_with_its_evidence(partners: Partners, room: Room) -> None:
    at, browser, zhang = room.clock.now(), partners.browser, await partners.zhang()
    backings = [Backing("register", "population-register", at, at + timedelta(days=1))]

    async def evidence(citizen: Citizen) -> Sequence[Backing]:
        assert citizen.name == "张丽华"
        return backings

    object.__setattr__(partners.provider.parts, "evidence", evidence)
    told = await _told(partners, browser, zhang, WISH)
    assert told["claims"] == {"name": "张丽华", "birthdate": "1985-03-12"}
    (piece,) = told["verification"]["evidence"]
    assert told["verification"]["trust_framework"] == "urn:city:real-name"
    assert told["verification"]["assurance_level"] == "urn:city:rl:4"
    assert told["verification"]["time"] == piece["check_details"][0]["time"] == "2026-11-22T04:00:00Z"
    assert (piece["type"], piece["record"]) == (
        "electronic_record",
        {"type": "register", "source": {"name": "population-register"}},
    )
    # The reading stands in the access log by each field, and what was agreed to in the ledger.
    rows = await room.mongo.collection("access_log").find({"client": PARTNER.id}).to_list(None)
    assert [set(row["fields"]) for row in rows] == [{VERIFIED, VERIFIED_NAME, VERIFIED_BIRTHDATE}]
    # Evidence is told where it is asked for, each claim where it was agreed to.
    bare = {"verification": FRAMEWORK, "claims": {"name": None}}
    assert await _told(partners, browser, zhang, bare) == {
        "verification": FRAMEWORK_ALONE,
        "claims": {"name": "张丽华"},
    }
    ticked = frozenset({VERIFIED_NAME})
    assert await _told(partners, browser, zhang, WISH, claims=ticked) == {
        "verification": FRAMEWORK_ALONE,
        "claims": {"name": "张丽华"},
    }
    assert await _told(partners, browser, zhang, WISH, claims=frozenset({VERIFIED})) == {}
    # Nobody is vouched for to those whom another acts for, nor on evidence that has run out or is not there.
    carer = await room.relation(RelationKind.CARER)
    assert await _told(partners, browser, zhang, WISH, relation=carer) == {}
    backings[0] = replace(backings[0], expires_at=at)
    assert await _told(partners, browser, zhang, WISH) == {}
    backings.clear()
    assert await _told(partners, browser, zhang, WISH) == {}


FRAMEWORK_ALONE = {"trust_framework": "urn:city:real-name"}


async def test_the_account_keeps_the_evidence_and_an_id_token_may_hold_it(partners: Partners) -> None:
    browser = partners.browser
    interaction = await partners.asked(browser, scope="openid", claims=_asked(WISH, "id_token"))
    code = (await partners.agreed(browser, interaction, await partners.zhang())).told["code"]
    told = id_claims((await partners.redeem(code)).body)["verified_claims"]
    assert told["claims"] == {"name": "张丽华", "birthdate": "1985-03-12"}
    types = {one["record"]["type"] for one in told["verification"]["evidence"]}
    assert types and types <= set(metadata(ISSUER, certificates=Certificates())["electronic_records_supported"])


UNMET: list[JSON] = [
    {"trust_framework": {"value": "de_aml"}},
    {"trust_framework": {"values": ["de_aml", "eidas"]}},
    {**FRAMEWORK, "time": {"max_age": 60}},
    {**FRAMEWORK, "assurance_level": {"value": "high"}},
    {**FRAMEWORK, "evidence": [{"type": {"value": "document"}}]},
    {**FRAMEWORK, "evidence": [{"type": {"value": "electronic_record"}, "record": {"type": {"value": "bank"}}}]},
]
FAULTY: list[Any] = [
    7, "x", [], [WISH] * 5, {}, {"verification": FRAMEWORK}, {"claims": {"name": None}},
    {"verification": FRAMEWORK, "claims": {}}, {"verification": [], "claims": {"name": None}},
    {"verification": {"evidence": 7}, "claims": {"name": None}},
    {"verification": {"evidence": ["x"]}, "claims": {"name": None}}, None,
]  # fmt: skip


def test_what_the_city_cannot_promise_is_not_promised() -> None:
    name = {"name": None}
    assert wanted_verified(WISH) == {VERIFIED, VERIFIED_NAME, VERIFIED_BIRTHDATE}
    for verification in UNMET:
        assert wanted_verified({"verification": verification, "claims": name}) == frozenset(), verification
    for framework in (None, {"value": "urn:city:real-name"}, {"values": ["de_aml", "urn:city:real-name"]}):
        wish = {"verification": {"trust_framework": framework}, "claims": name}
        assert wanted_verified(wish) == {VERIFIED_NAME}
        assert wanted_verified([{"verification": UNMET[0], "claims": name}, wish]) == {VERIFIED_NAME}
    assert wanted_verified({"verification": FRAMEWORK, "claims": {"name": {"value": "李四"}}}) == frozenset()
    for wish in FAULTY:
        with pytest.raises(OAuthError):
            wanted_verified(wish)


async def _outcome(browser: Browser, **changed: str) -> str:
    answer = await browser.get("/oidc/authorize", {**BASIC_REQUEST, **changed})
    return answer.told.get("error", "code" if "code" in answer.told else "asked")


async def test_nobody_is_asked_again_while_the_request_is_the_same(partners: Partners) -> None:
    browser, store = partners.browser, partners.provider.parts.store
    assert await _outcome(browser) == "asked"
    await partners.tokens(browser)
    same = [{}, {"state": "another", "nonce": "another"}, {"scope": "profile openid"}, {"response_mode": "jwt"}]
    for changed in same[:3]:
        assert await _outcome(browser, **changed) == "code", changed
    assert "response" in (await browser.get("/oidc/authorize", {**BASIC_REQUEST, **same[3]})).told
    verified = _asked(WISH)
    for more in ({"scope": "openid profile phone"}, {"scope": "openid profile offline_access"}, {"claims": verified}):
        assert await _outcome(browser, **more) == "asked", more
        assert await _outcome(browser, **more, prompt="none") == "consent_required", more
    # For another purpose, which staff have looked through, the yes of before says nothing.
    moved = replace(PARTNER, purpose=replace(PARTNER.purpose, zh="推荐图书"))
    await store.put_client(moved)
    assert await _outcome(browser) == "asked" and await _outcome(browser, prompt="none") == "consent_required"
    await partners.tokens(browser)
    assert await _outcome(browser) == "code"
    await store.put_client(PARTNER)
    assert await _outcome(browser) == "code"
    # Not approved for them, a client cannot ask.
    await store.put_client(replace(PARTNER, scopes=PARTNER.scopes - {VERIFIED}))
    assert await _outcome(browser, claims=verified) == "invalid_scope"
