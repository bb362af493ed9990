"""Numbers by their own digits, names without what people write differently, keys with their rights."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from backends.base.keys import key_digest
from backends.data.demo_registers import ORGANISATIONS, PEOPLE, addresses
from backends.data.errors import KeyInvalid, KeyMayNot, NumberInvalid, QuestionMalformed
from backends.data.keys import Grant, Right, grants_of, holder
from backends.data.numbers import is_id_number, is_uscc
from backends.data.questions import AddressQuestion, Organisation, Person, comparable
from core.divisions import DISTRICTS

TODAY = date(2026, 11, 22)


@pytest.mark.parametrize(
    ("number", "good"),
    [
        ("11010519491231002X", True),  # the standard's own example
        ("440524188001010014", True),  # likewise
        ("110101199003070038", True),
        ("810000199408230021", True),  # a residence permit of Hong Kong
        ("110101199003070039", False),  # another last digit
        ("110101199003070083", False),  # two digits turned round
        ("11010519491231002x", False),
        ("990105194912310020", False),
        ("110101199002300012", False),  # the thirtieth of February
        ("110101209001010010", False),  # not born yet
        ("110101187901010018", False),
        ("１１０１０１１９９００３０７００３８", False),
        ("1101011990030700", False),
        ("", False),
    ],
)
def test_id_numbers(number: str, good: bool) -> None:
    assert is_id_number(number, today=TODAY) is good


@pytest.mark.parametrize(
    ("code", "good"),
    [
        ("91110000600037341L", True),
        ("11110000000021135M", True),
        ("91350100M000100Y43", True),
        ("91110000600037341M", False),
        ("91110000600037341l", False),
        ("9111000060003734", False),
        ("91110000６00037341L", False),
        ("", False),
    ],
)
def test_codes_of_organisations(code: str, good: bool) -> None:
    assert is_uscc(code) is good


def test_the_demonstration_holds_only_right_numbers() -> None:
    assert all(is_id_number(p.id_number, today=TODAY) for p in PEOPLE)
    assert all(is_uscc(o.uscc) for o in ORGANISATIONS)
    found = list(addresses())
    assert len({a.code for a in found}) == len(found) == 216
    assert {a.district for a in found} <= set(DISTRICTS)
    assert all(a.synthetic and a.code.startswith(a.district) and len(a.code) == 16 for a in found)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("张丽华", " 张 丽华", True),
        ("阿卜杜拉·买买提", "阿卜杜拉•买买提", True),
        ("Alexander Montgomery-Featherstonehaugh", "ALEXANDER MONTGOMERY FEATHERSTONEHAUGH", True),
        ("José", "jose", True),
        ("张丽华", "张丽花", False),
        ("张丽", "张丽华", False),
    ],
)
def test_names_are_compared_without_what_people_write_differently(one: str, other: str, same: bool) -> None:
    assert (comparable(one) == comparable(other)) is same


@pytest.mark.parametrize(
    ("asked", "fault"),
    [
        ([], QuestionMalformed),
        ({}, QuestionMalformed),
        ({"name": "张"}, QuestionMalformed),
        ({"name": "张", "idNumber": 110101199003070038}, QuestionMalformed),
        ({"name": "", "idNumber": "110101199003070038"}, QuestionMalformed),
        ({"name": "···", "idNumber": "110101199003070038"}, QuestionMalformed),
        ({"name": "张" * 101, "idNumber": "110101199003070038"}, QuestionMalformed),
        ({"name": "张", "idNumber": "110101199003070038", "more": 1}, QuestionMalformed),
        ({"name": "张", "idNumber": "110101199003070039"}, NumberInvalid),
    ],
)
def test_questions_about_people_are_bounded(asked: Any, fault: type[Exception]) -> None:
    with pytest.raises(fault):
        Person.of(asked, today=TODAY)


def test_a_person_and_a_question_are_not_shown_by_repr() -> None:
    person = Person.of({"name": "王小明", "idNumber": "11010519491231002x"}, today=TODAY)
    assert person.id_number == "11010519491231002X"
    assert repr(person) == "Person()"
    assert "王府井" not in repr(AddressQuestion.of({"text": "王府井大街1号"}))


@pytest.mark.parametrize(
    "asked", [{"uscc": "91110000600037341M", "name": "甲"}, {"uscc": "", "name": "甲"}, {"uscc": 1, "name": "甲"}]
)
def test_questions_about_organisations_are_bounded(asked: Any) -> None:
    with pytest.raises((NumberInvalid, QuestionMalformed)):
        Organisation.of(asked)


@pytest.mark.parametrize(
    "asked", [{"text": ""}, {"text": "a" * 101}, {"text": "a", "district": "1"}, {"district": "110101"}]
)
def test_questions_about_addresses_are_bounded(asked: Any) -> None:
    with pytest.raises(QuestionMalformed):
        AddressQuestion.of(asked)


def test_keys_have_names_and_rights() -> None:
    found = grants_of(" city:publish+population=secret-one== , other:addresses=secret-two")
    assert found[:1] == (Grant("city", frozenset({Right.PUBLISH, Right.POPULATION}), key_digest("secret-one==")),)
    assert "secret" not in repr(found)


@pytest.mark.parametrize(
    "text",
    ["secret-key", "city=secret-key", "city:publish=short", "city:steal=secret-key", "demo:publish=secret-key",
     "City:publish=secret-key", "city:=secret-key", "city:publish+=secret-key", "city:publish=secret key"],
)  # fmt: skip
def test_a_bad_list_of_keys_is_refused_without_being_quoted(text: str) -> None:
    with pytest.raises(ValueError, match="entry 1") as refused:
        grants_of(text)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    ("header", "right", "outcome"),
    [
        ("Bearer secret-one", Right.PUBLISH, "city"),
        ("bearer  secret-one ", Right.PUBLISH, "city"),
        ("Bearer secret-two", Right.ADDRESSES, "other"),
        ("Bearer secret-two", Right.PUBLISH, KeyMayNot),
        ("Bearer secret-three", Right.PUBLISH, KeyInvalid),
        ("Basic secret-one", Right.PUBLISH, KeyInvalid),
        ("Bearer", Right.PUBLISH, KeyInvalid),
        ("", Right.PUBLISH, KeyInvalid),
        ("Bearer \udcff\udcfe", Right.PUBLISH, KeyInvalid),
    ],
)
def test_who_bears_a_key_and_may_do_what(header: str, right: Right, outcome: str | type[Exception]) -> None:
    grants = grants_of("city:publish+population=secret-one,other:addresses=secret-two")
    if isinstance(outcome, str):
        assert holder(header, grants=grants, right=right) == outcome
    else:
        with pytest.raises(outcome):
            holder(header, grants=grants, right=right)
    with pytest.raises(KeyInvalid):
        holder(header, grants=(), right=right)
