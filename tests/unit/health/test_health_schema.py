"""The room's door."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from graphql import ExecutionResult

from api.domains.health import schema as door
from api.domains.health.service import Health
from core.graph import Context, sdl
from core.locale import Locale
from core.principal import ANONYMOUS, Principal
from tests.unit.health.people import ANNA, OFFICER, SMALL, citizen, doctor, officer

NOON = "2026-11-22T04:00:00+00:00"


async def ask(
    query: str, variables: dict[str, Any], *, principal: Principal, room: Health, locale: Locale = Locale.EN
) -> ExecutionResult:
    context = Context(request_id="r", principal=principal, locale=locale, services={Health: room})
    result = await door.schema.execute(query, variable_values=variables, context_value=context)
    return ExecutionResult(result.data, result.errors)


async def data_of(result: ExecutionResult) -> dict[str, Any]:
    assert result.errors is None
    assert result.data is not None
    return result.data


def codes_of(result: ExecutionResult) -> list[tuple[Any, Any]]:
    return [(error.path, (error.extensions or {})["code"]) for error in result.errors or ()]


STATUS = """
query ($ids: [_Any!]!) { _entities(representations: $ids) { ... on Citizen {
  id healthStatus { colour label reason advice basis { kind label at } rulesVersion computedAt validUntil } } } }
"""
LOOK = """
query ($ids: [_Any!]!) { _entities(representations: $ids) { ... on Scan { health { colour label validUntil } } } }
"""
LOOKS = """
query ($ids: [_Any!]!) { _entities(representations: $ids) { ... on Citizen {
  healthLooks { nodes { at by purposeLabel officer { ref } delegate { ref } } } } } }
"""


def me() -> dict[str, Any]:
    return {"ids": [{"__typename": "Citizen", "id": ANNA}]}


def scan(**changes: Any) -> dict[str, Any]:
    told = {"at": NOON, "citizenRef": ANNA, "scannerRef": OFFICER, "purposeCode": "HEALTH_CHECK", **changes}
    return {"ids": [{"__typename": "Scan", "id": "scn_01KAMP0000000000000000000A", **told}]}


async def test_the_walk_of_a_colour(health: Health) -> None:
    off = await ask(STATUS, me(), principal=citizen(), room=health)
    assert codes_of(off) == [(["_entities", 0, "healthStatus"], "HEALTH_NOT_IN_FORCE")]
    assert off.data == {"_entities": [{"id": ANNA, "healthStatus": None}]}

    publish = "mutation ($text: String!) { publishHealthRules(text: $text) { version rules { id colour } } }"
    made = await data_of(await ask(publish, {"text": SMALL}, principal=doctor(), room=health))
    assert [row["id"] for row in made["publishHealthRules"]["rules"]] == ["sick", "contact", "well", "default"]

    order = "mutation ($input: OrderHealthStatusInput!) { orderHealthStatus(input: $input) { until reason } }"
    asked = {"clientOrderId": "on", "reasonZh": "防控", "reasonEn": "Winter", "until": "2026-12-01T00:00:00Z"}
    await data_of(await ask(order, {"input": asked}, principal=doctor(), room=health))

    record = "mutation ($input: RecordHealthFactInput!) { recordHealthFact(input: $input) { label validUntil } }"
    found = {"clientFactId": "one", "citizenId": ANNA, "kind": "ANTIGEN", "at": NOON, "result": "NEGATIVE"}
    fact = await data_of(await ask(record, {"input": found}, principal=doctor(), room=health))
    assert fact["recordHealthFact"] == {"label": "Antigen test: negative", "validUntil": "2026-11-23T04:00:00+00:00"}

    shown = await data_of(await ask(STATUS, me(), principal=citizen(), room=health, locale=Locale.ZH_CN))
    assert shown["_entities"][0]["healthStatus"] == {
        "colour": "GREEN",
        "label": "绿码",
        "reason": "well。",
        "advice": "well advice。",
        "basis": [{"kind": "ANTIGEN", "label": "抗原检测：阴性", "at": NOON}],
        "rulesVersion": 1,
        "computedAt": NOON,
        "validUntil": "2026-11-23T04:00:00+00:00",
    }

    seen = await data_of(await ask(LOOK, scan(), principal=officer(), room=health))
    assert seen["_entities"] == [
        {"health": {"colour": "GREEN", "label": "Green", "validUntil": "2026-11-23T04:00:00+00:00"}}
    ]
    for changes, code in (({"purposeCode": "TRANSIT"}, "HEALTH_WRONG_PURPOSE"), ({"scannerRef": "stf_x"}, "NOT_FOUND")):
        refused = await ask(LOOK, scan(**changes), principal=officer(), room=health)
        assert codes_of(refused) == [(["_entities", 0, "health"], code)]

    looks = await data_of(await ask(LOOKS, me(), principal=citizen(), room=health))
    assert looks["_entities"][0]["healthLooks"]["nodes"] == [
        {"at": NOON, "by": "STAFF", "purposeLabel": "Health check", "officer": {"ref": OFFICER}, "delegate": None}
    ]


async def test_rules_and_the_order_are_public(health: Health) -> None:
    query = "{ healthRules { version } healthOrder { until } }"
    assert await data_of(await ask(query, {}, principal=ANONYMOUS, room=health)) == {
        "healthRules": None,
        "healthOrder": None,
    }
    await health.publish(principal=doctor(), text=SMALL)
    assert (await data_of(await ask(query, {}, principal=ANONYMOUS, room=health)))["healthRules"] == {"version": 1}


async def test_what_is_declared_is_read(health: Health) -> None:
    declare = (
        "mutation ($input: DeclareHealthInput!) { declareHealth(input: $input) { kind label department { code } } }"
    )
    said = {"clientFactId": "one", "symptoms": ["FEVER"], "areas": ["110101"]}
    made = await data_of(await ask(declare, {"input": said}, principal=citizen(), room=health, locale=Locale.ZH_CN))
    assert made["declareHealth"] == {"kind": "DECLARATION", "label": "健康申报：发热、东城区", "department": None}


async def test_numbers_that_are_none_are_bad_input(health: Health) -> None:
    record = "mutation ($input: RecordHealthFactInput!) { recordHealthFact(input: $input) { id } }"
    found = {"clientFactId": "one", "citizenId": ANNA, "kind": "TEMPERATURE", "at": NOON}
    for changes in ({"temperature": 1e308}, {"temperature": -1.0}, {"temperature": 37.0, "at": "2026-11-22T04:00:00"}):
        refused = await ask(record, {"input": {**found, **changes}}, principal=doctor(), room=health)
        assert codes_of(refused) == [(["recordHealthFact"], "BAD_USER_INPUT")], changes
    made = await ask(record, {"input": {**found, "temperature": 37.3}}, principal=doctor(), room=health)
    assert made.errors is None


def test_the_committed_schema_is_the_one_that_runs() -> None:
    committed = Path(door.__file__).with_name("schema.graphql").read_text(encoding="utf-8")
    assert committed == sdl(door.schema)
