"""The room's subgraph."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from graphql import ExecutionResult

from api.domains.reports import schema as door
from api.domains.reports.service import Reports
from core.graph import Context, sdl
from core.locale import Locale
from core.principal import ANONYMOUS, Principal
from tests.unit.reports.reporting import ANNA, BEN, citizen, handler, photographed, reported

CREATE = """
mutation ($input: CreateReportInput!) { createReport(input: $input) {
  id number description address location { longitude latitude } category { code name group dueWithinS }
  district { code } place { code } status statusLabel createdAt dueAt overdue supporters version rating { stars }
  photos { id url thumbnailUrl width height }
  timeline { kind action by label note statusLabel photos { id } }
  actions { action label noteRequired photoRequired } } }
"""
ACT = "mutation ($input: ActOnCaseInput!) { actOnCase(input: $input) { status version } }"
INPUT = {
    "clientReportId": "first",
    "categoryCode": "street-lamp",
    "description": "路灯不亮",
    "location": {"longitude": 116.4167, "latitude": 39.9289},
}


async def ask(
    room: Reports | None, query: str, principal: Principal, *, locale: Locale = Locale.EN, **variables: Any
) -> ExecutionResult:
    services: dict[type, object] = {} if room is None else {Reports: room}
    context = Context(request_id="r", principal=principal, locale=locale, services=services)
    result = await door.schema.execute(query, variable_values=variables, context_value=context)
    return ExecutionResult(result.data, result.errors)


async def data_of(room: Reports | None, query: str, principal: Principal, **variables: Any) -> dict[str, Any]:
    result = await ask(room, query, principal, **variables)
    assert result.errors is None
    assert result.data is not None
    return result.data


def codes(result: ExecutionResult) -> list[object]:
    return [(error.extensions or {}).get("code") for error in result.errors or ()]


async def test_the_walk_of_a_case(room: Reports) -> None:
    photo = await photographed(room)
    made = (await data_of(room, CREATE, citizen(), input={**INPUT, "photoIds": [photo]}))["createReport"]
    assert made == {
        "id": made["id"],
        "number": "20261122-000001-4",
        "description": "路灯不亮",
        "address": None,
        "location": {"longitude": 116.4167, "latitude": 39.9289},
        "category": {
            "code": "street-lamp",
            "name": "Street lamp",
            "group": "Public facilities",
            "dueWithinS": 604_800,
        },
        "district": {"code": "110101"},
        "place": None,
        "status": "SUBMITTED",
        "statusLabel": "Submitted",
        "createdAt": "2026-11-22T04:00:00+00:00",
        "dueAt": "2026-11-29T04:00:00+00:00",
        "overdue": False,
        "supporters": 0,
        "version": 1,
        "rating": None,
        "photos": [{**made["photos"][0], "id": photo, "width": 640, "height": 480}],
        "timeline": [
            {
                "kind": "REPORTED",
                "action": None,
                "by": None,
                "label": "Reported",
                "note": None,
                "statusLabel": "Submitted",
                "photos": [],
            }
        ],
        "actions": [{"action": "WITHDRAW", "label": "Withdraw", "noteRequired": False, "photoRequired": False}],
    }
    assert made["photos"][0]["url"].startswith(f"/media/report-photos/{photo}/full?until=")
    assert made["photos"][0]["thumbnailUrl"].startswith(f"/media/report-photos/{photo}/thumbnail?until=")

    worklist = "{ staffCases { nodes { id locationDoubtful internalNotes { note } actions { action } } } }"
    listed = (await data_of(room, worklist, handler()))["staffCases"]["nodes"]
    assert [(case["id"], case["locationDoubtful"], case["internalNotes"]) for case in listed] == [
        (made["id"], False, [])
    ]
    assert [step["action"] for step in listed[0]["actions"]] == [
        "ACCEPT",
        "RETURN",
        "REJECT",
        "MARK_DUPLICATE",
        "NOTE",
    ]
    step = {"caseId": made["id"], "version": 1, "action": "NOTE", "note": "call the depot"}
    assert await data_of(room, ACT, handler(), input=step) == {"actOnCase": {"status": "SUBMITTED", "version": 2}}
    step = {"caseId": made["id"], "version": 2, "action": "REJECT", "note": "private land"}
    assert await data_of(room, ACT, handler(), input=step) == {"actOnCase": {"status": "REJECTED", "version": 3}}

    look = "query ($id: ID!) { case(id: $id) { statusLabel timeline { label note } actions { action } } }"
    assert (await data_of(room, look, citizen(), id=made["id"], locale=Locale.ZH_CN))["case"] == {
        "statusLabel": "不予受理",
        "timeline": [{"label": "上报", "note": None}, {"label": "不予受理", "note": "private land"}],
        "actions": [{"action": "REOPEN"}],
    }
    again = "mutation ($input: ReopenCaseInput!) { reopenCase(input: $input) { status version } }"
    assert await data_of(room, again, citizen(), input={"caseId": made["id"], "reason": "it is public"}) == {
        "reopenCase": {"status": "REOPENED", "version": 4}
    }


async def test_the_internal_note_is_no_part_of_the_timeline(room: Reports) -> None:
    case = await reported(room)
    step = {"caseId": case.id, "version": 1, "action": "NOTE", "note": "call the depot"}
    await data_of(room, ACT, handler(), input=step)
    query = "query ($id: ID!) { case(id: $id) { timeline { note } internalNotes { note label } } }"
    assert (await data_of(room, query, handler(), id=case.id))["case"] == {
        "timeline": [{"note": None}],
        "internalNotes": [{"note": "call the depot", "label": "Internal note"}],
    }


async def test_a_stranger_finds_what_is_similar_and_follows_it(room: Reports) -> None:
    case = await reported(room)
    query = """query ($input: SimilarCasesInput!) { similarCases(input: $input) {
      id number category { code } statusLabel createdAt distanceM supporters photoSimilarity } }"""
    wanted = {"categoryCode": "street-lamp", "location": {"longitude": 116.4168, "latitude": 39.9289}}
    found = (await data_of(room, query, citizen(BEN), input=wanted))["similarCases"]
    assert found == [
        {
            "id": case.id,
            "number": case.number,
            "category": {"code": "street-lamp"},
            "statusLabel": "Submitted",
            "createdAt": "2026-11-22T04:00:00+00:00",
            "distanceM": 10,
            "supporters": 0,
            "photoSimilarity": None,
        }
    ]
    mine = """query ($ids: [_Any!]!) { _entities(representations: $ids) { ... on Citizen {
      supportedCases { nodes { id statusLabel } } } } }"""
    listed = await data_of(room, mine, citizen(BEN), ids=[{"__typename": "Citizen", "id": BEN}])
    assert listed["_entities"][0]["supportedCases"]["nodes"] == []
    follow = "mutation ($id: ID!) { supportCase(id: $id) { id supporters district { code } } }"
    followed = {"id": case.id, "supporters": 1, "district": {"code": "110101"}}
    for _ in range(2):
        assert await data_of(room, follow, citizen(BEN), id=case.id) == {"supportCase": followed}
    listed = await data_of(room, mine, citizen(BEN), ids=[{"__typename": "Citizen", "id": BEN}])
    assert listed["_entities"][0]["supportedCases"]["nodes"] == [{"id": case.id, "statusLabel": "Submitted"}]


async def test_the_figures_are_public_and_name_nobody(room: Reports) -> None:
    await reported(room)
    query = """{ reportStatistics { total open medianResolvedS at byDistrict { district { code } total open
      medianResolvedS } byCategory { category { code } total } byStatus { status statusLabel count } }
      reportCategories { code name } }"""
    answer = await data_of(room, query, ANONYMOUS)
    figures = answer["reportStatistics"]
    assert (figures["total"], figures["open"], figures["medianResolvedS"]) == (1, 1, None)
    assert figures["byDistrict"][0] == {
        "district": {"code": "110101"},
        "total": 1,
        "open": 1,
        "medianResolvedS": None,
    }
    assert figures["byStatus"][0] == {"status": "SUBMITTED", "statusLabel": "Submitted", "count": 1}
    assert len(answer["reportCategories"]) == len(figures["byCategory"]) == 16
    counts = "query ($ids: [_Any!]!) { _entities(representations: $ids) { ... on District { code openCaseCount } } }"
    districts = [{"__typename": "District", "code": code} for code in ("110101", "110108", "999999")]
    assert (await data_of(room, counts, ANONYMOUS, ids=districts))["_entities"] == [
        {"code": "110101", "openCaseCount": 1},
        {"code": "110108", "openCaseCount": 0},
        {"code": "999999", "openCaseCount": 0},
    ]


async def test_an_entity_is_for_those_who_may_see_it(room: Reports) -> None:
    case = await reported(room)
    query = "query ($ids: [_Any!]!) { _entities(representations: $ids) { ... on Case { id number } } }"

    async def entities(who: Principal) -> object:
        return (await data_of(room, query, who, ids=[{"__typename": "Case", "id": case.id}]))["_entities"]

    seen = [{"id": case.id, "number": case.number}]
    assert await entities(citizen()) == seen
    assert await entities(handler()) == seen
    for who in (citizen(BEN), handler(district="110108"), ANONYMOUS):
        assert await entities(who) == [None]


async def test_of_two_citizens_only_oneself_is_answered(room: Reports) -> None:
    await reported(room)
    query = """query ($ids: [_Any!]!) { _entities(representations: $ids) { ... on Citizen { id
      cases { nodes { number } } } } }"""
    ids = [{"__typename": "Citizen", "id": one} for one in (ANNA, BEN)]
    result = await ask(room, query, citizen(BEN), ids=ids)
    assert result.data == {"_entities": [{"id": ANNA, "cases": None}, {"id": BEN, "cases": {"nodes": []}}]}
    assert codes(result) == ["NOT_FOUND"]


async def test_the_photos_of_a_list_are_one_query(room: Reports, monkeypatch: pytest.MonkeyPatch) -> None:
    for turn in range(3):
        await reported(room, client_report_id=f"r{turn}", photo_ids=[await photographed(room)])
    asked: list[int] = []
    facts = Reports.photo_facts

    async def counted(self: Reports, photo_ids: Any) -> Any:
        asked.append(len(photo_ids))
        return await facts(self, photo_ids)

    monkeypatch.setattr(Reports, "photo_facts", counted)
    answer = await data_of(room, "{ staffCases { nodes { photos { id } } } }", handler())
    assert [len(case["photos"]) for case in answer["staffCases"]["nodes"]] == [1, 1, 1]
    assert asked == [3]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"location": {"longitude": 181, "latitude": 0}}, "BAD_USER_INPUT"),
        ({"location": {"longitude": 121.47, "latitude": 31.23}}, "REPORTS_OUTSIDE_CITY"),
        ({"location": None}, "REPORTS_LOCATION_MISSING"),
        ({"placeCode": "110101000000000000017"}, "REPORTS_PLACE_UNKNOWN"),
        ({"categoryCode": "x"}, "REPORTS_CATEGORY_UNKNOWN"),
        ({"photoIds": ["pho_01KAMP0000000000000000000A"]}, "REPORTS_PHOTO_UNKNOWN"),
        ({"description": "x" * 5000}, "BAD_USER_INPUT"),
    ],
)
async def test_a_refusal_reaches_the_client_with_its_code(room: Reports, changes: dict[str, Any], code: str) -> None:
    assert codes(await ask(room, CREATE, citizen(), input=INPUT | changes)) == [code]


def test_the_committed_schema_is_the_one_that_runs() -> None:
    committed = Path(door.__file__).with_name("schema.graphql").read_text(encoding="utf-8")
    assert committed == sdl(door.schema)
