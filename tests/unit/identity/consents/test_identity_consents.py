"""The consent ledger: given, changed, withdrawn; what a program may read follows from it at once."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import replace
from datetime import timedelta

import pytest
from strawberry.types.base import get_object_definition
from strawberry.utils.str_converters import to_camel_case

from core.locale import Locale, Text
from identity.consents.graph import ConsentsMutation, ConsentsQuery
from identity.consents.model import Act, Asked, LegalBasis, Shown
from identity.consents.providing import ProviderConsents
from identity.consents.service import CONSENT_GIVEN, CONSENT_WITHDRAWN
from identity.relations import RelationKind
from tests.support.attacks import against
from tests.unit.identity.consents.rights import TEXT, TRAVEL, Rights
from tests.unit.identity.room import ALEXANDER, OFFICER, ZHANG, Room, outcome

MUTATION = """mutation ($id: ID!, $fields: [String!]) {
  revokeConsent(id: $id, fields: $fields) { fields { code } withdrawnAt }
}"""


async def _covers(rights: Rights, citizen: str, *fields: str, client: str = TRAVEL, purpose: str = "订票") -> bool:
    return await rights.consents.covers(citizen=citizen, client=client, fields=fields, purpose=purpose)


async def test_a_consent_covers_its_fields_for_its_client_and_purpose_and_nothing_else(
    room: Room, rights: Rights
) -> None:
    zhang, alexander = await room.citizen(ZHANG), await room.citizen(ALEXANDER)
    assert not await _covers(rights, zhang.subject, "name")
    await rights.give(zhang, "name", "phone_number")
    assert await _covers(rights, zhang.subject, "name")
    assert await _covers(rights, zhang.subject, "name", "phone_number")
    assert not await _covers(rights, zhang.subject, "name", "email")
    assert not await _covers(rights, zhang.subject, "name", purpose="广告")
    assert not await _covers(rights, zhang.subject, "name", client="cli_other")
    assert not await _covers(rights, alexander.subject, "name")
    assert await rights.consents.given(citizen=zhang.subject, client=TRAVEL) == {"name", "phone_number"}


async def test_a_consent_ends_when_its_time_is_over(room: Room, rights: Rights) -> None:
    zhang = await room.citizen(ZHANG)
    await rights.give(zhang, "name", until=room.clock.now() + timedelta(hours=1))
    await rights.give(zhang, "phone_number")
    room.clock.advance(seconds=3599)
    assert await _covers(rights, zhang.subject, "name", "phone_number")
    room.clock.advance(seconds=1)
    assert not await _covers(rights, zhang.subject, "name")
    assert await _covers(rights, zhang.subject, "phone_number")


async def test_the_ledger_keeps_every_act_with_its_receipt(room: Room, rights: Rights) -> None:
    zhang = await room.citizen(ZHANG)
    consent = await rights.give(zhang, "name")
    await rights.give(zhang, "name", "phone_number")
    await rights.consents.withdraw(principal=zhang, consent_id=consent.id, fields=["name"])
    ended = await rights.consents.withdraw(principal=zhang, consent_id=consent.id)
    assert ended.withdrawn_at == room.clock.now()
    await rights.give(zhang, "name")
    history = await rights.consents.history(principal=zhang, consent=consent)
    assert [(entry.act, entry.fields) for entry in history] == [
        (Act.GIVEN, ("name",)),
        (Act.CHANGED, ("name", "phone_number")),
        (Act.CHANGED, ("name",)),
        (Act.WITHDRAWN, ("phone_number",)),
        (Act.GIVEN, ("name",)),
    ]
    first = history[0]
    assert (first.by, first.locale) == (zhang.actor, Locale.ZH_CN)
    assert first.text_hash == hashlib.sha256(TEXT.encode()).hexdigest()
    assert await rights.consents.store.text(first.text_hash) == TEXT
    assert first.asked_hash == Asked(TRAVEL, frozenset({"name"}), "订票").hash != history[1].asked_hash
    assert len(await rights.consents.list(principal=zhang)) == 1
    assert len(await room.events(CONSENT_GIVEN)) == 3
    assert len(await room.events(CONSENT_WITHDRAWN)) == 2
    audited = await room.audited("consents.given")
    assert [row["about"]["consent"] for row in audited] == [consent.id] * 3


async def test_agreeing_again_to_what_stands_enters_nothing(room: Room, rights: Rights) -> None:
    zhang = await room.citizen(ZHANG)
    consent = await rights.give(zhang, "name", "phone_number")
    before = await room.dump()
    assert await rights.give(zhang, "phone_number") == consent
    assert await room.dump() == before


async def test_sensitive_fields_need_a_yes_of_their_own(room: Room, rights: Rights) -> None:
    zhang = await room.citizen(ZHANG)
    before = await room.dump()
    assert await outcome(rights.give(zhang, "name", "id_number")) == "IDENTITY_CONSENT_NOT_SEPARATE"
    assert await room.dump() == before
    await rights.give(zhang, "name", "id_number", separately=frozenset({"id_number"}))
    assert await _covers(rights, zhang.subject, "id_number")


async def test_withdrawal_reaches_the_client_in_the_same_transaction(room: Room, rights: Rights) -> None:
    zhang, alexander = await room.citizen(ZHANG), await room.citizen(ALEXANDER)
    consent = await rights.give(zhang, "name", "phone_number")
    for who in (zhang, alexander):
        await rights.programs.grant(citizen=who.subject, client=TRAVEL)
    await rights.consents.withdraw(principal=zhang, consent_id=consent.id, fields=["name"])
    assert await rights.programs.count() == 1
    assert f"{TRAVEL}:{zhang.subject}" in room.identity.revocations
    assert not await _covers(rights, zhang.subject, "name")
    [event] = await room.events(CONSENT_WITHDRAWN)
    told = {key: event.payload[key] for key in ("citizen", "client", "consent", "fields")}
    assert told == {"citizen": zhang.subject, "client": TRAVEL, "consent": consent.id, "fields": ["name"]}
    # Taking back what is not there is no act.
    before = await room.dump()
    await rights.consents.withdraw(principal=zhang, consent_id=consent.id, fields=["name", "email"])
    assert await room.dump() == before


async def test_what_rests_on_a_law_is_told_and_not_taken_back(room: Room, rights: Rights) -> None:
    zhang = await room.citizen(ZHANG)
    consent = await rights.give(zhang, "name", "id_number", basis=LegalBasis.LEGAL_DUTY)
    before = await room.dump()
    assert await outcome(rights.consents.withdraw(principal=zhang, consent_id=consent.id)) == "BAD_USER_INPUT"
    assert await room.dump() == before


@against("reading another's", "consents")
async def test_others_cannot_give_see_or_withdraw(room: Room, rights: Rights) -> None:
    zhang, alexander = await room.citizen(ZHANG), await room.citizen(ALEXANDER)
    consent = await rights.give(zhang, "name")
    officer = await room.clerk(OFFICER)
    acting = await room.acting(RelationKind.CARER, actor=zhang)
    before = await room.dump()
    assert await outcome(rights.consents.withdraw(principal=alexander, consent_id=consent.id)) == "NOT_FOUND"
    assert await outcome(rights.consents.history(principal=alexander, consent=consent)) == "NOT_FOUND"
    assert await outcome(rights.consents.withdraw(principal=zhang, consent_id="con_' or 1")) == "NOT_FOUND"
    for who in (officer, acting):
        assert await outcome(rights.give(who, "name")) == "FORBIDDEN"
        assert await outcome(rights.consents.list(principal=who)) == "FORBIDDEN"
    assert await room.dump() == before


async def test_who_was_given_the_matter_consents_for_somebody_and_both_names_stand(room: Room, rights: Rights) -> None:
    acting = await room.acting(RelationKind.CARER)
    allowed = replace(acting, scopes=acting.scopes | {"consents:give"})
    assert await outcome(rights.give(acting, "name")) == "FORBIDDEN"
    consent = await rights.give(allowed, "name")
    assert consent.citizen == allowed.subject
    [row] = await room.audited("consents.given")
    assert (row["actor"], row["subject"]) == (allowed.actor, allowed.subject)


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        (Asked(TRAVEL, frozenset(), "订票"), "BAD_USER_INPUT"),
        (Asked(TRAVEL, frozenset({"password"}), "订票"), "IDENTITY_CONSENT_FIELD_UNKNOWN"),
        (Asked("", frozenset({"name"}), "订票"), "BAD_USER_INPUT"),
        (Asked(TRAVEL, frozenset({"name"}), "订" * 201), "BAD_USER_INPUT"),
        (Asked(TRAVEL, frozenset({"name"}), "a\u0000b"), "BAD_USER_INPUT"),
    ],
)
async def test_malformed_requests_are_refused(room: Room, rights: Rights, asked: Asked, code: str) -> None:
    zhang = await room.citizen(ZHANG)
    before = await room.dump()
    given = rights.consents.give(principal=zhang, asked=asked, shown=Shown(TEXT, Locale.EN))
    assert await outcome(given) == code
    assert await room.dump() == before


async def test_giving_and_withdrawing_at_one_instant_leave_a_ledger_that_agrees_with_itself(
    room: Room, rights: Rights
) -> None:
    zhang = await room.citizen(ZHANG)
    consent = await rights.give(zhang, "name")
    await asyncio.gather(
        *(rights.give(zhang, "phone_number", "email") for _ in range(3)),
        *(rights.consents.withdraw(principal=zhang, consent_id=consent.id) for _ in range(3)),
    )
    standing = frozenset[str]()
    for entry in await rights.consents.store.entries(consent.id):
        fields = frozenset(entry.fields)
        taken = entry.text_hash == ""
        assert not taken or fields <= standing
        standing = standing - fields if taken else standing | fields
    [now] = await rights.consents.list(principal=zhang)
    assert now.fields(room.clock.now()) == standing


async def test_the_provider_writes_what_its_page_showed(room: Room, rights: Rights) -> None:
    zhang = await room.citizen(ZHANG)
    ledger = ProviderConsents(rights.consents)
    fields = frozenset({"openid", "phone", "phone_number"})
    purpose = Text(zh="为您订票", en="To book tickets")

    async def work(session: object) -> None:
        await ledger.give(
            citizen=zhang.subject,
            client=TRAVEL,
            fields=fields,
            purpose=purpose,
            at=room.clock.now(),
            session=session,  # type: ignore[arg-type]
        )

    await room.identity.store.transaction(work)
    assert await ledger.given(citizen=zhang.subject, client=TRAVEL, purpose=purpose) == fields
    assert await ledger.given(citizen=zhang.subject, client=TRAVEL, purpose=Text("别的", "Else")) == frozenset()
    [consent] = await rights.consents.list(principal=zhang)
    [entry] = await rights.consents.history(principal=zhang, consent=consent)
    text = await rights.consents.store.text(entry.text_hash)
    assert text is not None
    assert "出行助手 申请获取：用城市通登录、联系电话、手机号码。用途：为您订票" in text
    assert "Phone number. Purpose: To book tickets" in text


async def test_the_citizen_lists_and_revokes_over_the_graph(room: Room, rights: Rights) -> None:
    zhang = await room.citizen(ZHANG)
    consent = await rights.give(zhang, "name", "phone_number")
    query = """{ consents { id clientId clientName purpose basis withdrawnAt fields { code name sensitive }
                 history { act text language fields { name } } } }"""
    answer = await room.ask(query, principal=zhang, locale=Locale.EN, services=rights.services)
    [told] = answer["data"]["consents"]
    assert (told["id"], told["clientName"], told["basis"]) == (consent.id, "出行助手", "CONSENT")
    assert told["fields"] == [
        {"code": "name", "name": "Name", "sensitive": False},
        {"code": "phone_number", "name": "Phone number", "sensitive": False},
    ]
    assert [(one["act"], one["text"], one["language"]) for one in told["history"]] == [("GIVEN", TEXT, "zh-CN")]
    variables = {"id": consent.id, "fields": ["name"]}
    answer = await room.ask(MUTATION, principal=zhang, variables=variables, services=rights.services)
    assert answer["data"]["revokeConsent"] == {"fields": [{"code": "phone_number"}], "withdrawnAt": None}
    answer = await room.ask(MUTATION, principal=zhang, variables={"id": consent.id}, services=rights.services)
    assert answer["data"]["revokeConsent"]["fields"] == []
    assert answer["data"]["revokeConsent"]["withdrawnAt"] is not None


# --- acting for another


REFUSED = {
    "{ consents { id } }": "FORBIDDEN",
    "{ accessLog { nodes { id } } }": "FORBIDDEN",
    "{ exportAccessLog { content } }": "FORBIDDEN",
    "{ dataDownloads { id } }": "FORBIDDEN",
    "{ erasure { id } }": "FORBIDDEN",
    'mutation { revokeConsent(id: "con_1") { id } }': "FORBIDDEN",
    "mutation { requestDataDownload { id } }": "FORBIDDEN",
    "mutation { eraseAccount { id } }": "FORBIDDEN",
    "mutation { cancelErasure { id } }": "FORBIDDEN",
}


def test_the_table_of_verbs_has_every_field_of_the_wing_that_is_not_public() -> None:
    fields = {
        to_camel_case(one.python_name)
        for root in (ConsentsQuery, ConsentsMutation)
        for one in get_object_definition(root, strict=True).fields
    }
    assert {name for name in fields if any(f" {name}" in query for query in REFUSED)} == fields - {"erasureTerms"}


async def test_whoever_acts_for_another_and_staff_are_refused_everything(room: Room, rights: Rights) -> None:
    others = [await room.acting(RelationKind.CARER), await room.clerk(OFFICER)]
    before = await room.dump()
    for query, code in REFUSED.items():
        for principal in others:
            answer = await room.ask(query, principal=principal, services=rights.services)
            assert answer["codes"] == [code], query
        assert (await room.ask(query, services=rights.services))["codes"] == ["UNAUTHENTICATED"], query
    assert await room.dump() == before
