"""Findings as SARIF 2.1.0 (OASIS), which editors and forges read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import quote

from .finding import Finding, docs_of
from .rules import RULES

SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def log(findings: Sequence[Finding], *, version: str) -> dict[str, Any]:
    """A SARIF log of one run. version: of the tool. Columns count code points."""
    rules = list(RULES.values())
    places = {rule.id: number for number, rule in enumerate(rules)}
    driver = {
        "name": "tong lint",
        "version": version,
        "informationUri": "https://open.city.example/docs/sdk/review-rules",
        "rules": [
            {
                "id": rule.id,
                "shortDescription": {"text": rule.title.en},
                "fullDescription": {"text": f"{rule.title.en}. {rule.title.zh}。"},
                "help": {"text": f"{rule.advice.en}\n{rule.advice.zh}"},
                "helpUri": docs_of(rule.id),
                "defaultConfiguration": {"level": rule.review.value},
            }
            for rule in rules
        ],
    }
    return {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": driver},
                "columnKind": "unicodeCodePoints",
                "results": [_result(one, places[one.rule]) for one in findings],
            }
        ],
    }


def _result(finding: Finding, place: int) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": finding.rule,
        "ruleIndex": place,
        "level": finding.severity.value,
        "message": {"text": f"{finding.message.en}. {finding.advice.en}"},
    }
    if finding.path:
        physical: dict[str, Any] = {"artifactLocation": {"uri": quote(finding.path), "uriBaseId": "PACKAGE"}}
        if finding.line:
            physical["region"] = {"startLine": finding.line, "startColumn": max(finding.column, 1)}
        result["locations"] = [{"physicalLocation": physical}]
    return result
