"""A citizen sees who read what of them, in one list, and takes it away."""

from __future__ import annotations

import csv
import io

import orjson

from core.locale import Locale
from core.principal import Principal, PrincipalKind
from identity.consents.readings import ExportFormat
from identity.relations import RelationKind
from tests.support.attacks import against
from tests.unit.identity.consents.rights import TRAVEL, Rights
from tests.unit.identity.room import ALEXANDER, CLERK, OFFICER, OUYANG, ZHANG, Room, outcome

QUERY = """query ($first: Int!, $after: String) { accessLog(first: $first, after: $after) {
  pageInfo { hasNextPage endCursor }
  nodes { purpose reason program fields { name } officer { badge } person { maskedName } onBehalfOf { maskedName } }
} }"""
EXPORT = "query ($f: ExportFormat!) { exportAccessLog(format: $f) { fileName contentType content entries complete } }"


async def _read_in_every_way(room: Room, rights: Rights) -> Principal:
    """Zhang's mother is acted for; Zhang is looked up, met and read by a program."""
    zhang = await room.citizen(ZHANG)
    clerk, officer = await room.clerk(CLERK), await room.clerk(OFFICER)
    await room.identity.counter.find(principal=clerk, phone=ZHANG, name="张丽华", reason="=办理居住证")
    room.clock.advance(seconds=1)
    await room.identity.people(principal=officer, ids=[zhang.subject])
    room.clock.advance(seconds=1)
    program = Principal(kind=PrincipalKind.SERVICE, actor=TRAVEL, subject=TRAVEL)
    await room.identity.access.read(
        reader=program, subject=zhang.subject, fields=["name"], purpose="oidc.claims", client=TRAVEL
    )
    return zhang


async def test_look_ups_cards_and_programs_stand_in_one_list(room: Room, rights: Rights) -> None:
    zhang = await _read_in_every_way(room, rights)
    seen, after = [], None
    while True:
        answer = await room.ask(
            QUERY, principal=zhang, variables={"first": 2, "after": after}, locale=Locale.EN, services=rights.services
        )
        assert answer["codes"] == []
        page = answer["data"]["accessLog"]
        seen += page["nodes"]
        if not page["pageInfo"]["hasNextPage"]:
            break
        after = page["pageInfo"]["endCursor"]
    assert [(one["purpose"], one["program"], one["reason"]) for one in seen] == [
        ("Told with your consent", "出行助手", None),
        ("A member of staff checked who you are", None, None),
        ("Looked up at a service counter", None, "=办理居住证"),
    ]
    assert [bool(one["officer"]) for one in seen] == [False, True, True]
    assert [field["name"] for field in seen[1]["fields"]] == ["Name, partly hidden", "Real-name level"]


async def test_acting_stands_in_the_log_of_whoever_is_acted_for(room: Room, rights: Rights) -> None:
    acting = await room.acting(RelationKind.CARER)
    mother = Principal(kind=PrincipalKind.CITIZEN, actor=acting.subject, subject=acting.subject)
    variables = {"first": 10}
    answer = await room.ask(QUERY, principal=mother, variables=variables, services=rights.services)
    [entry] = answer["data"]["accessLog"]["nodes"]
    assert (entry["purpose"], entry["person"], entry["officer"]) == ("代您办事", {"maskedName": "张*华"}, None)
    assert entry["onBehalfOf"] is not None
    zhang = Principal(kind=PrincipalKind.CITIZEN, actor=acting.actor, subject=acting.actor)
    answer = await room.ask(QUERY, principal=zhang, variables=variables, services=rights.services)
    assert answer["data"]["accessLog"]["nodes"] == []


async def test_a_card_is_logged_before_it_is_shown_and_only_for_whom_it_shows(room: Room, rights: Rights) -> None:
    officer, zhang = await room.clerk(OFFICER), await room.citizen(ZHANG)
    found = await room.identity.people(principal=officer, ids=[zhang.subject, "cit_" + "0" * 26, "nonsense"])
    assert list(found) == [zhang.subject]
    rows = await room.mongo.collection("access_log").find({}).to_list(None)
    assert [(row["reader"], row["subject"]) for row in rows] == [(officer.actor, zhang.subject)]
    await room.identity.people(principal=zhang, ids=[zhang.subject])
    assert await room.mongo.collection("access_log").count_documents({}) == 1


@against("text that deceives", "export to a spreadsheet")
async def test_the_log_is_exported_as_json_and_as_csv_without_formulas(room: Room, rights: Rights) -> None:
    zhang = await _read_in_every_way(room, rights)
    answer = await room.ask(EXPORT, principal=zhang, variables={"f": "JSON"}, services=rights.services)
    export = answer["data"]["exportAccessLog"]
    rows = orjson.loads(export["content"])
    assert (export["entries"], export["complete"], export["contentType"]) == (3, True, "application/json")
    assert [row["purpose"] for row in rows] == ["oidc.claims", "card", "identity.look_up"]
    told = await rights.readings.export(principal=zhang, format=ExportFormat.CSV, locale=Locale.ZH_CN)
    assert told.content.startswith("\ufeff时间,谁,")
    lines = list(csv.reader(io.StringIO(told.content.removeprefix("\ufeff"))))
    assert [len(line) for line in lines] == [7] * 4
    assert lines[3][4] == "'=办理居住证"
    assert lines[1][1] == lines[1][5] == "出行助手"
    # Nobody's id, and no whole name but the reader's own words.
    assert "stf_" not in told.content
    assert "cit_" not in told.content


@against("reading another's", "access log")
async def test_nobody_reads_the_log_of_another(room: Room, rights: Rights) -> None:
    zhang = await _read_in_every_way(room, rights)
    for phone in (ALEXANDER, OUYANG):
        citizen = await room.citizen(phone)
        answer = await room.ask(QUERY, principal=citizen, variables={"first": 10}, services=rights.services)
        assert answer["data"]["accessLog"]["nodes"] == []
    acting = await room.acting(RelationKind.CARER, actor=zhang)
    for other in (await room.clerk(CLERK), acting):
        export = rights.readings.export(principal=other, format=ExportFormat.JSON, locale=Locale.EN)
        assert await outcome(export) == "FORBIDDEN"
