"""CertLogic, operator by operator, and its bounds."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.domains.health.certlogic import CertLogicError, Evaluation, Now, problems, variables

NOW = "2026-11-22T04:00:00.000Z"


def value(expression: Any, data: Any = None) -> Any:
    return Evaluation().of(expression, data)


@pytest.mark.parametrize(
    ("expression", "data", "expected"),
    [
        ({"var": ""}, {"a": 1}, {"a": 1}),
        ({"var": "a.1.b"}, {"a": [0, {"b": "x"}]}, "x"),
        ({"var": "a.2"}, {"a": [0]}, None),
        ({"var": "a.b.c"}, {"a": 1}, None),
        ({"if": [{"var": "a"}, "yes", "no"]}, {"a": []}, "no"),
        ({"if": [{"var": "a"}, "yes", "no"]}, {"a": {"b": 1}}, "yes"),
        ({"===": [1, "1"]}, {}, False),
        ({"===": [True, 1]}, {}, False),
        ({"===": [{"var": "x"}, {"var": "y"}]}, {}, True),
        ({"===": [[1], [1]]}, {}, False),
        ({"in": [1, [True, "1", 1]]}, {}, True),
        ({"in": [1, [True, "1"]]}, {}, False),
        ({"and": [1, "", 0]}, {}, ""),
        ({"and": [1, "a"]}, {}, "a"),
        ({"<": [1, 2, 3]}, {}, True),
        ({"<=": [1, 3, 2]}, {}, False),
        ({"+": [2, -3]}, {}, -1),
        ({"!": [{"var": "x"}]}, {}, True),
        ({"reduce": [[1, 2, 3], {"+": [{"var": "current"}, {"var": "accumulator"}]}, 0]}, {}, 6),
        ({"reduce": [{"var": "x"}, {"var": "current"}, "none"]}, {}, "none"),
        ({"extractFromUVCI": ["URN:UVCI:01:NL:x#y", 1]}, {}, "NL"),
        ({"extractFromUVCI": ["a::c/#/f", 5]}, {}, "f"),
        ({"extractFromUVCI": ["a", -1]}, {}, None),
    ],
    ids=str,
)
def test_what_each_operator_gives(expression: Any, data: Any, expected: Any) -> None:
    found = value(expression, data)
    assert (found, type(found)) == (expected, type(expected))


@pytest.mark.parametrize(
    ("text", "amount", "unit", "expected"),
    [
        ("2020-02-29", 1, "day", "2020-03-01T00:00:00.000Z"),
        ("2020-02-29", 1, "month", "2020-03-29T00:00:00.000Z"),
        ("2020-02-29", 1, "year", "2021-03-01T00:00:00.000Z"),
        ("2021-01-31", 1, "month", "2021-03-03T00:00:00.000Z"),
        ("2021-01-31", -2, "month", "2020-12-01T00:00:00.000Z"),
        ("2021", 0, "day", "2021-12-31T00:00:00.000Z"),
        ("2020-02", 0, "day", "2020-02-29T00:00:00.000Z"),
        ("2021-06-30T12:34:56.7899+8", 0, "hour", "2021-06-30T04:34:56.789Z"),
        ("2021-06-30T12:34:56-530", 1, "hour", "2021-06-30T19:04:56.000Z"),
        ("2021-06-30T12:34:56.1+05:30", 0, "hour", "2021-06-30T07:04:56.100Z"),
    ],
)
def test_time_is_added_as_the_specification_says(text: str, amount: int, unit: str, expected: str) -> None:
    assert str(value({"plusTime": [text, amount, unit]})) == expected


@pytest.mark.parametrize(
    "expression",
    [
        None,
        1.5,
        2**53,
        {},
        {"var": 1},
        {"var": "a."},
        {"var": "x" * 129},
        {"or": [True, False]},
        {"a": [1], "b": [2]},
        {"===": [1]},
        {"and": [1]},
        {"<": ["a", 2]},
        {"<": [True, 2]},
        {"+": [2**53 - 1, 1]},
        {"in": [1, "1"]},
        {"if": [{"plusTime": ["2021", 0, "day"]}, 1, 2]},
        {"after": ["2021-01-01", "2020-01-01"]},
        {"plusTime": ["2021-13-01", 0, "day"]},
        {"plusTime": ["2021-01-01", 10**15, "day"]},
        {"plusTime": ["2021-01-01", -3000, "year"]},
        {"plusTime": ["2021-01-01", 0, "week"]},
        {"plusTime": ["2021-01-01", {"+": [1, 1]}, "day"]},
        {"plusTime": [1, 0, "day"]},
        {"plusTime": [Now(NOW), 1, "month"]},
        {"dccDateOfBirth": ["2021-01-01T00:00:00Z"]},
        {"reduce": ["abc", 1, 0]},
        {"extractFromUVCI": [1, 0]},
    ],
    ids=str,
)
def test_what_is_an_error_is_one(expression: Any) -> None:
    with pytest.raises(CertLogicError):
        value(expression, {})


@pytest.mark.parametrize(
    ("comparison", "turns_in"),
    [
        ({"after": [{"plusTime": [{"var": "at"}, 3, "hour"]}, {"plusTime": [{"var": "now"}, 0, "hour"]}]}, 2.0),
        ({"before": [{"plusTime": [{"var": "now"}, -1, "hour"]}, {"plusTime": [{"var": "at"}, 1, "day"]}]}, 24.0),
        ({"not-after": [{"plusTime": [{"var": "at"}, 0, "hour"]}, {"plusTime": [{"var": "now"}, 0, "day"]}]}, -1.0),
        ({"before": [{"plusTime": [{"var": "at"}, 0, "day"]}, {"plusTime": [{"var": "at"}, 1, "day"]}]}, None),
        ({"before": [{"plusTime": [{"var": "now"}, 0, "day"]}, {"plusTime": [{"var": "now"}, 1, "day"]}]}, None),
    ],
    ids=str,
)
def test_when_time_alone_may_change_a_comparison(comparison: Any, turns_in: float | None) -> None:
    work = Evaluation()
    work.of(comparison, {"now": Now(NOW), "at": "2026-11-22T03:00:00Z"})
    assert work.turns_in == ([] if turns_in is None else [timedelta(hours=turns_in)])


def test_two_that_meet_this_very_millisecond_part_in_the_next() -> None:
    work = Evaluation()
    work.of({"after": [{"plusTime": [Now(NOW), 0, "day"]}, {"plusTime": [NOW, 0, "day"]}]}, {})
    assert work.turns_in == [timedelta(milliseconds=1)]


def nested(depth: int) -> Any:
    expression: Any = True
    for _ in range(depth):
        expression = {"!": [expression]}
    return expression


def test_depth_size_and_steps_are_bounded() -> None:
    started = time.process_time()
    for too_much in (nested(100_000), [[1] * 501], [nested(20)] * 100, nested(17)):
        assert len(list(problems(too_much))) == 1
    with pytest.raises(CertLogicError):
        value(nested(100))
    # Three levels of a hundred steps each: a million, were it let.
    ten = list(range(100))
    inner: Any = {"reduce": [ten, {"reduce": [ten, {"reduce": [ten, {"var": "current"}, 0]}, 0]}, 0]}
    with pytest.raises(CertLogicError):
        value(inner)
    doubling = {"reduce": [ten, [{"var": "accumulator"}, {"var": "accumulator"}], 0]}
    assert len(value({"reduce": [doubling, {"var": "accumulator"}, "x"]})) == 1
    assert time.process_time() - started < 2.0


def test_what_a_rule_reads_is_told_with_its_place() -> None:
    expression = {
        "and": [
            {"before": [{"plusTime": [{"var": "now"}, 1, "day"]}, {"plusTime": [{"var": "facts.A.at"}, 1, "month"]}]},
            {"reduce": [{"var": "facts.A.list"}, {"var": "current"}, {"var": "b"}]},
        ]
    }
    assert list(variables(expression)) == [
        ("now", False, "plusTime:day"),
        ("facts.A.at", False, "plusTime:month"),
        ("facts.A.list", False, "reduce"),
        ("current", True, "reduce"),
        ("b", False, "reduce"),
    ]


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6) | st.just("2021-01-01"),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["var", "if", "===", "and", "<", "after", "in", "+", "!", "plusTime", "reduce", "x"]),
            inner | st.lists(inner, max_size=3),
            max_size=2,
        )
    ),
    max_leaves=20,
)


@given(anything, anything)
@settings(max_examples=300)
def test_whatever_is_evaluated_ends_in_a_value_or_in_its_error(expression: Any, data: Any) -> None:
    work, sound = Evaluation(), not list(problems(expression))
    try:
        work.of(expression, data)
    except CertLogicError:
        pass
    assert work.steps <= 20_001
    if sound:
        assert all(isinstance(path, str) for path, _, _ in variables(expression))
