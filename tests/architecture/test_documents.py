"""What the written documents say of the code is so: events, plans, benchmarks, demo logins."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import pytest

from api.explain import explain
from api.subgraphs import DEPARTMENTS, ROOMS
from identity.demo import CITIZENS, STAFF
from tests.support.city import OpenCity

ROOT: Final = Path(__file__).parents[2]
DOCS: Final = ROOT / "docs"
ARCHITECTURE: Final = (DOCS / "architecture.md").read_text()
README: Final = (ROOT / "README.md").read_text()

# | `room.event` | who emits | who hears; who else (and what for) |
_EVENT: Final = re.compile(r"^\| `([a-z]+\.[a-z_]+)` \| (\w+) \|(.*)\|$", re.M)


def told_of_events() -> dict[str, tuple[str, set[str]]]:
    """By event: who emits it, and the rooms that hear it."""
    return {
        event: (emitter, {one.split("(")[0].strip() for one in heard.split(";") if one.strip()})
        for event, emitter, heard in _EVENT.findall(ARCHITECTURE)
    }


def emitted() -> dict[str, str]:
    """By event: the room that has it among its constants. A room's events begin with its name."""
    found: dict[str, str] = {}
    for name, room in ROOMS.items():
        code = "".join(file.read_text() for file in sorted((ROOT / room.folder).rglob("*.py")))
        if "outbox.append(" in code:
            found |= dict.fromkeys(re.findall(rf'^[A-Z][A-Z_]+: Final = "({name}\.[a-z_]+)"$', code, re.M), name)
    return found


def test_the_table_names_every_event_and_its_emitter() -> None:
    assert {event: emitter for event, (emitter, _) in told_of_events().items()} == emitted()


async def test_the_table_names_who_hears_each_event(city: OpenCity) -> None:
    heard: dict[str, set[str]] = {event: set() for event in emitted()}
    for subscription in city.city.rooms.subscriptions:
        heard[subscription.event].add(subscription.handler.split(".")[0])
    assert {event: rooms for event, (_, rooms) in told_of_events().items()} == heard


def test_every_room_and_department_stands_in_the_picture() -> None:
    folders = {room.folder for room in ROOMS.values()} | set(DEPARTMENTS.values())
    rows = {row.rstrip("/") for row in re.findall(r"^\| \[?`([a-z/]+)`", ARCHITECTURE, re.M)}
    assert folders <= rows


def test_the_plan_of_a_day_is_the_plan_that_is_run() -> None:
    question = (DOCS / "a-day.graphql").read_text()
    blocks = re.findall(r"^```\n(.*?)\n```$", (DOCS / "a-day.md").read_text(), re.M | re.S)
    assert blocks == [explain(question, stage=stage).rstrip() for stage in ("optimize", "plan")], (
        "print both stages anew and put them into docs/a-day.md"
    )


# Those with targets of their own, most since an operator brings work or peers; and what serves one of them.
BROUGHT = {
    "gateway": "bench-gateway",
    "gateway_audit": "audit",
    "gateway_memory": "bench-memory",
    "identity_crowd": "bench-identity-crowd",
    "local": "bench-local",
}
SERVING = {"gateway_subgraphs"}


@pytest.mark.parametrize("script", sorted((DOCS / "benchmarks" / "scripts").glob("[a-z]*.py")), ids=lambda f: f.stem)
def test_every_benchmark_has_its_target_its_table_and_its_row(script: Path) -> None:
    if script.stem in SERVING:
        return
    makefile, name = (ROOT / "Makefile").read_text(), script.stem.replace("_", "-")
    measured = re.search(r"^MEASURED := (.*)$", makefile, re.M)
    target = BROUGHT.get(script.stem, f"bench-{name}")
    assert measured and (script.stem in measured[1].split() or f"\n{target}: setup" in makefile)
    row = f"| [{name}.md]({name}.md) | `make {target}"
    assert row in (DOCS / "benchmarks" / "README.md").read_text()
    assert (DOCS / "benchmarks" / f"{name}.md").is_file()


def test_every_demo_login_is_told() -> None:
    phones = {one.phone for one in CITIZENS.values() if one.phone} | {one.phone for one in STAFF.values()}
    told = {"+86" + phone.replace(" ", "") for phone in re.findall(r"`(1\d\d \d{4} \d{4})`", README)}
    assert told >= phones
