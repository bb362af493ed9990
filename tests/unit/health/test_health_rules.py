"""Sets of rules: what is refused, and what they decide."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import orjson
import pytest

from api.domains.health.demo import RULES
from api.domains.health.errors import HealthNotComputed, HealthRulesInvalid
from api.domains.health.model import Colour, FactKind, Finding
from api.domains.health.rules import RuleSet
from tests.unit.health.people import CONTACT, NOW, SICK, SMALL, WELL, rule, rule_set, words

HOUR = timedelta(hours=1)
PRESENT = {"plusTime": [{"var": "now"}, 0, "hour"]}


def found(kind: FactKind, *, hours_ago: float = 1, holds_h: float = 24, **details: Any) -> Finding:
    at = NOW - hours_ago * HOUR
    return Finding(kind, at, at + holds_h * HOUR, details)


NEGATIVE = found(FactKind.ANTIGEN, result="NEGATIVE")


@pytest.mark.parametrize(
    ("findings", "colour", "basis"),
    [
        ([], Colour.GREY, []),
        ([NEGATIVE], Colour.GREEN, [FactKind.ANTIGEN]),
        ([NEGATIVE, found(FactKind.CLOSE_CONTACT)], Colour.YELLOW, [FactKind.CLOSE_CONTACT]),
        ([NEGATIVE, found(FactKind.CONFIRMED), found(FactKind.CLOSE_CONTACT)], Colour.RED, [FactKind.CONFIRMED]),
        ([found(FactKind.ANTIGEN, result="POSITIVE")], Colour.GREY, []),
        ([found(FactKind.ANTIGEN, hours_ago=2, result="POSITIVE"), NEGATIVE], Colour.GREEN, [FactKind.ANTIGEN]),
        ([found(FactKind.ANTIGEN, hours_ago=0.5, result="POSITIVE"), NEGATIVE], Colour.GREY, []),
        ([found(FactKind.CONFIRMED, hours_ago=24)], Colour.GREY, []),
        ([found(FactKind.CONFIRMED, hours_ago=-0.01)], Colour.GREY, []),
    ],
    ids=str,
)
def test_the_first_rule_that_applies_decides(findings: list[Finding], colour: Colour, basis: list[FactKind]) -> None:
    verdict = RuleSet.parse(SMALL).judge(findings, now=NOW)
    assert (verdict.rule.colour, [one.kind for one in verdict.basis]) == (colour, basis)


def test_of_stays_the_one_of_the_highest_risk_counts() -> None:
    high = rule("high", "RED", {"===": [{"var": "facts.AREA_RISK.level"}, "HIGH"]})
    stays = [
        found(FactKind.AREA_RISK, hours_ago=5, level="HIGH", area="110101"),
        found(FactKind.AREA_RISK, hours_ago=1, level="LOW", area="110108"),
    ]
    assert RuleSet.parse(rule_set(high)).judge(stays, now=NOW).rule.colour is Colour.RED


FRESH = rule("fresh", "GREEN", {"before": [PRESENT, {"plusTime": [{"var": "facts.ANTIGEN.at"}, 3, "hour"]}]})
GUARDED = {**FRESH, "when": {"and": [{"var": "facts.ANTIGEN"}, FRESH["when"]]}}


@pytest.mark.parametrize(
    ("text", "findings", "until"),
    [
        (SMALL, [], None),
        (SMALL, [NEGATIVE], NOW + 23 * HOUR),
        (SMALL, [NEGATIVE, found(FactKind.VACCINATION, holds_h=2, dose=1)], NOW + HOUR),
        (SMALL, [found(FactKind.CONFIRMED, hours_ago=-2)], NOW + 2 * HOUR),
        (rule_set(GUARDED), [NEGATIVE], NOW + 2 * HOUR),
        (rule_set(GUARDED), [found(FactKind.ANTIGEN, hours_ago=4, result="NEGATIVE")], NOW + 20 * HOUR),
    ],
)
def test_until_when_the_answer_stays(text: str, findings: list[Finding], until: Any) -> None:
    assert RuleSet.parse(text).judge(findings, now=NOW).until == until


def test_an_answer_stays_until_it_says_and_turns_then() -> None:
    rules = RuleSet.parse(rule_set(GUARDED))
    first = rules.judge([NEGATIVE], now=NOW)
    assert first.until is not None
    last = rules.judge([NEGATIVE], now=first.until - timedelta(milliseconds=1))
    then = rules.judge([NEGATIVE], now=first.until)
    assert [one.rule.colour for one in (first, last, then)] == [Colour.GREEN, Colour.GREEN, Colour.GREY]


BAD_RULES: list[tuple[Any, str]] = [
    ("", "JSON"),
    ("[" * 50_000, "JSON"),
    ("[" * 100_000, "65536 bytes"),
    ("[]", "object"),
    (rule_set(SICK, surprise=1), "object"),
    (rule_set(SICK, default=...), "default: is missing"),
    (rule_set(SICK, version=0), "version"),
    (rule_set(SICK, version=True), "version"),
    (rule_set(SICK, validFrom="2026-11-22T00:00:00"), "validFrom"),
    (rule_set(SICK, validFrom="0001-01-01T00:00:00+14:00"), "validFrom"),
    (rule_set(), "rules"),
    (rule_set(*[rule(f"r{n}", "RED", {"var": "facts.CONFIRMED"}) for n in range(101)]), "rules"),
    (rule_set(SICK, SICK), "twice"),
    (rule_set({**SICK, "id": "default"}), "rules/0/id"),
    (rule_set({**SICK, "colour": "PINK"}), "rules/0/colour"),
    (rule_set({**SICK, "reason": {"zh": "原因"}}), "rules/0/reason"),
    (rule_set({**SICK, "advice": {"zh": " ", "en": "x"}}), "rules/0/advice"),
    (rule_set({**SICK, "advice": {"zh": "长" * 501, "en": "x"}}), "rules/0/advice"),
    (rule_set(rule("r", "RED", {"or": [True, False]})), "'or' is not an operator"),
    (rule_set(rule("r", "RED", {"var": "facts.PLAGUE"})), "facts.PLAGUE"),
    (rule_set(rule("r", "RED", {"var": "facts.CONFIRMED.result"})), "facts.CONFIRMED.result"),
    (rule_set(rule("r", "RED", {"var": "facts"})), "'facts'"),
    (rule_set(rule("r", "RED", {"var": ""})), "''"),
    (rule_set(rule("r", "RED", {"===": [{"var": "now"}, "x"]})), "'now'"),
    (rule_set(rule("r", "RED", {"after": [{"plusTime": [{"var": "now"}, 1, "month"]}, PRESENT]})), "'now'"),
    (rule_set(rule("r", "RED", {"reduce": [[1], {"var": "facts.CONFIRMED"}, 0]})), "facts.CONFIRMED"),
    (rule_set(rule("r", "RED", True)), "rules/0: always decides"),
    (rule_set(rule("r", "RED", {"===": [1, 1]})), "rules/0: always decides"),
    (rule_set(SICK, rule("r", "RED", False)), "rules/1: is never true"),
    (rule_set(SICK, rule("r", "GREEN", SICK["when"])), "rules/1: is never reached"),
    (rule_set(FRESH), "rules/0/when: plusTime"),
    (rule_set(rule("r", "RED", {">": [{"var": "facts.TEMPERATURE.tenths"}, 373]})), "rules/0/when: operands"),
    (rule_set(rule("r", "RED", {"plusTime": ["2021", 0, "day"]})), "neither true nor false"),
    (rule_set(SICK).replace('"RED"', '"RED","colour":"GREEN"'), "'colour' is there twice"),
    (rule_set(rule("r", "RED", "x")).replace('"x"', "[" * 900 + "]" * 900), "levels"),
]


@pytest.mark.parametrize(("text", "problem"), BAD_RULES, ids=[problem for _, problem in BAD_RULES])
def test_a_set_with_a_fault_is_refused_with_its_place(text: str, problem: str) -> None:
    with pytest.raises(HealthRulesInvalid) as refusal:
        RuleSet.parse(text)
    assert any(problem in one for one in refusal.value.problems), refusal.value.problems


def test_all_faults_are_told_at_once_and_not_more_than_twenty() -> None:
    bad = rule("x", "PINK", {"or": [1]})
    with pytest.raises(HealthRulesInvalid) as refusal:
        RuleSet.parse(rule_set(*[{**bad, "reason": words("")} for _ in range(30)], version=0))
    assert len(refusal.value.problems) == 20
    assert refusal.value.problems[:2] == [
        "version: must be a whole number from 1 to 1000000",
        "rules/0/colour: must be one of GREEN, YELLOW, RED, GREY",
    ]


def test_a_deep_or_huge_set_is_judged_in_bounded_time() -> None:

    texts = ['{"version": 1, "validFrom": "x", "default": 1, "rules": ' + '{"!": [' * 20_000]
    ten = list(range(60))
    slow = {"reduce": [ten, {"reduce": [ten, {"reduce": [ten, {"var": "current"}, 0]}, 0]}, 0]}
    texts += [
        rule_set(rule("r", "RED", slow)),
        rule_set(*[rule(f"r{n}", "RED", {"and": [{"var": "facts.CONFIRMED"}, n, [1] * 200]}) for n in range(99)]),
        "x" * 10_000_000,
    ]
    for text in texts:
        started = time.process_time()
        with pytest.raises(HealthRulesInvalid):
            RuleSet.parse(text)
        assert time.process_time() - started < 1.5


def test_rules_that_fail_on_somebody_give_no_colour() -> None:
    """Never by accident: what publishing could not foresee is an error, not green."""
    rules = RuleSet.parse(SMALL)
    broken = RuleSet(1, NOW, (rules.rules[0], rules.rules[-1]), "")
    object.__setattr__(broken.rules[0], "when", {"<": ["a", 1]})
    with pytest.raises(HealthNotComputed):
        broken.judge([], now=NOW)


def test_the_demonstration_s_rules_are_sound() -> None:
    rules = RuleSet.parse(orjson.dumps(RULES).decode())
    assert [one.id for one in rules.rules][-1] == "default"
    assert {one.colour for one in rules.rules} == set(Colour)


def test_small_rules_are_what_the_tests_say() -> None:
    assert [one.id for one in RuleSet.parse(rule_set(SICK, CONTACT, WELL)).rules] == [
        "sick",
        "contact",
        "well",
        "default",
    ]
