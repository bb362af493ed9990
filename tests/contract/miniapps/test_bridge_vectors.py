"""The bridge on its published vectors: three validators, made of one file, find the same faults in the same words.

A fourth reader shares nothing with them but that file: jsonschema, for the rules that JSON Schema can say.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from citytong_sdk import shapes
from citytong_sdk.generated import bridge
from jsonschema import Draft202012Validator

ROOT: Final = Path(__file__).parents[3]
CONTRACT: Final[dict[str, Any]] = json.loads((ROOT / "sdk/contract/bridge.schema.json").read_text(encoding="utf-8"))
VECTORS: Final[dict[str, Any]] = json.loads((ROOT / "sdk/contract/vectors/bridge.json").read_text(encoding="utf-8"))
VALID: Final[list[dict[str, Any]]] = VECTORS["valid"]
INVALID: Final[list[dict[str, Any]]] = VECTORS["invalid"]
CHECKS: Final = {
    "params": bridge.check_params,
    "result": bridge.check_result,
    "event": bridge.check_event,
    "wire": bridge.check_wire,
}
# What JSON Schema cannot say, or counts otherwise than JavaScript does.
BEYOND_JSON_SCHEMA: Final = (
    "must be an https",
    "must be a page",
    "must be the address",
    "is no key",
    "is not",
    "is nested",
)


# It counts characters, and its Python matches `$` before a line end.
JSON_SCHEMA_DIFFERS: Final = {"121 UTF-16 units in 61 characters", "a scope with a line end"}


def grown(case: dict[str, Any]) -> Any:
    """The value of a case, as large as it says."""
    value = json.loads(json.dumps(case["value"]))
    for grow in case.get("grow", ()):
        *names, last = grow["at"][1:].split("/")
        inner = value
        for name in names:
            inner = inner[int(name) if isinstance(inner, list) else name]
        inner[last] = (
            json.loads("[" * grow["lists"] + "]" * grow["lists"]) if "lists" in grow else (grow["text"] * grow["times"])
        )
    return value


def local(case: dict[str, Any]) -> bool:
    """Whether it never crosses the wire."""
    if case["check"] == "event":
        return case["of"] in bridge.EVENTS and bridge.EVENTS[case["of"]].local
    return case["check"] != "wire" and case["of"] in bridge.METHODS and bridge.METHODS[case["of"]].local


def fault(case: dict[str, Any]) -> dict[str, str] | None:
    return {"path": case["path"], "problem": case["problem"]} if "path" in case else None


def python_finds(case: dict[str, Any]) -> dict[str, str] | None:
    found = CHECKS[case["check"]](case["of"], grown(case))
    return None if found is None else {"path": found.path, "problem": found.problem}


@pytest.fixture(scope="module")
def javascript() -> dict[tuple[str, str], Any]:
    """What the SDK and the host find, by implementation and case."""
    script = Path(__file__).parent / "bridge_vectors.mjs"
    told = subprocess.run(["node", script], capture_output=True, text=True, check=True, timeout=60)
    return {(implementation, name): found for implementation, name, found in json.loads(told.stdout)}


def test_every_method_event_and_message_has_a_good_and_a_bad_example() -> None:
    wanted: set[tuple[str, str]] = {("params", name) for name in bridge.METHODS}
    wanted |= {("result", name) for name, one in bridge.METHODS.items() if not one.local}
    wanted |= {("event", name) for name in bridge.EVENTS} | {("wire", kind) for kind in bridge.WIRE}
    assert wanted - {(case["check"], case["of"]) for case in VALID} == set()
    # What says nothing has one shape: it is refused for one method, and that is enough for results.
    silent = {("result", name) for name, one in bridge.METHODS.items() if one.result == shapes.Record()}
    assert wanted - silent - {(case["check"], case["of"]) for case in INVALID} == set()
    names = [case["name"] for case in (*VALID, *INVALID)]
    assert len(names) == len(set(names)) > 120


def test_python_finds_what_the_vectors_say() -> None:
    assert {case["name"]: python_finds(case) for case in (*VALID, *INVALID)} == {
        case["name"]: fault(case) for case in (*VALID, *INVALID)
    }


def test_the_host_finds_what_the_vectors_say(javascript: dict[tuple[str, str], Any]) -> None:
    cases = [case for case in (*VALID, *INVALID) if not local(case)]
    assert {case["name"]: javascript["host", case["name"]] for case in cases} == {
        case["name"]: fault(case) for case in cases
    }


def test_the_host_knows_no_method_that_the_sdk_answers(javascript: dict[tuple[str, str], Any]) -> None:
    cases = [case for case in (*VALID, *INVALID) if local(case)]
    unknown = {"path": "", "problem": "is unknown"}
    assert {case["name"]: javascript["host", case["name"]] for case in cases} == {
        case["name"]: unknown for case in cases
    }


def test_the_sdk_finds_what_the_vectors_say(javascript: dict[tuple[str, str], Any]) -> None:
    cases = [case for case in (*VALID, *INVALID) if ("kit", case["name"]) in javascript]
    assert {case["name"]: javascript["kit", case["name"]] for case in cases} == {
        case["name"]: fault(case) for case in cases
    }
    left_to_the_host = {case["of"] for case in VALID if case["check"] == "params"} - {case["of"] for case in cases}
    assert left_to_the_host == {
        "albumSave", "logWrite", "mediaChoose", "pageReady", "pageStack", "storageWrite", "tempFileRead",
        "tempFileWrite", "updateApply",
    }  # fmt: skip


def test_what_no_json_can_say_is_refused(javascript: dict[tuple[str, str], Any]) -> None:
    for name in ("NaN", "Infinity", "function", "symbol", "bigint"):
        assert javascript["kit", f"not JSON: {name}"] == {"path": "/data", "problem": "is not JSON"}
        assert javascript["host", f"not JSON: {name}"] == {"path": "/put/k", "problem": "is not JSON"}
    assert javascript["kit", "not JSON: cycle"]["problem"] == "is nested too deep"
    assert javascript["host", "not JSON: cycle"]["problem"] == "is nested too deep"
    for value in (float("nan"), float("inf"), object(), (1, 2), b"x"):
        assert bridge.check_params("setStorage", {"key": "k", "data": value}) == shapes.Fault("/data", "is not JSON")


def test_json_schema_says_the_same_where_it_can() -> None:
    for case, node in ((case, schema_of(case)) for case in (*VALID, *INVALID)):
        if node is None or case["name"] in JSON_SCHEMA_DIFFERS:
            continue
        fits = Draft202012Validator(node | {"$defs": CONTRACT["$defs"]}).is_valid(grown(case))
        if "path" not in case:
            assert fits, case["name"]
        elif not case["problem"].startswith(BEYOND_JSON_SCHEMA) and case["problem"] != "fits none of the forms":
            assert not fits, case["name"]


def schema_of(case: dict[str, Any]) -> dict[str, Any] | None:
    """The node of the contract that a case is about."""
    nothing = CONTRACT["$defs"]["none"]
    methods, events, wire = CONTRACT["methods"], CONTRACT["events"], CONTRACT["wire"]
    match case["check"], case["of"]:
        case ("params" | "result") as part, name if name in methods:
            found: dict[str, Any] = methods[name].get(part, nothing)
            return found
        case "event", name if name in events:
            return {**events[name]["data"]}
        case "wire", name if name in wire:
            return {**wire[name]["message"]}
    return None


def test_the_depth_of_python_is_the_contract_s() -> None:
    assert CONTRACT["limits"]["depth"] == shapes.DEPTH


def patterns(node: object) -> Iterator[str]:
    if isinstance(node, dict):
        yield from (value for key, value in node.items() if key == "pattern" and isinstance(value, str))
        for value in node.values():
            yield from patterns(value)
    elif isinstance(node, list):
        for value in node:
            yield from patterns(value)


def test_patterns_mean_the_same_in_both_languages() -> None:
    """`\\d`, `\\w` and `\\s` know other alphabets in Python than in JavaScript."""
    assert [one for one in patterns(CONTRACT) if any(sign in one for sign in (r"\d", r"\w", r"\s", r"\b"))] == []
