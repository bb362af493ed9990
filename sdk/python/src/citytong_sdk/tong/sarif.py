"""Findings as a SARIF 2.1.0 report, which editors and code hosts show at its lines.

Source: OASIS Static Analysis Results Interchange Format 2.1.0.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import quote

from citytong_sdk.review import RULES, Finding

_SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"


def report(findings: Sequence[Finding], *, root: str) -> bytes:
    """root: what stands before a package's paths in the project, as `program/`."""
    rules = sorted({one.rule for one in findings})
    run = {
        "tool": {"driver": {"name": "tong", "rules": [_rule(id) for id in rules]}},
        "columnKind": "unicodeCodePoints",
        "results": [_result(one, root, rules) for one in findings],
    }
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, ensure_ascii=False, indent=2).encode()


def _rule(id: str) -> dict[str, Any]:
    rule = RULES[id]
    return {
        "id": id,
        "shortDescription": {"text": rule.title.en},
        "help": {"text": rule.advice.en},
    }


def _result(one: Finding, root: str, rules: Sequence[str]) -> dict[str, Any]:
    place: dict[str, Any] = {"artifactLocation": {"uri": quote(root + (one.path or "manifest.json"))}}
    if one.line:
        place["region"] = {"startLine": one.line, **({"startColumn": one.column} if one.column else {})}
    return {
        "ruleId": one.rule,
        "ruleIndex": rules.index(one.rule),
        "level": one.severity.value,
        "message": {"text": f"{one.message.en}. {one.advice.en}"},
        "locations": [{"physicalLocation": place}],
    }
