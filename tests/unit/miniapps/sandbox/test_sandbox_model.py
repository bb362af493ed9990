"""Test citizens are drawn as they are wanted, of numbers that are nobody's; a city that is no sandbox has none."""

from __future__ import annotations

import random
from datetime import UTC, date
from typing import Any, cast

import phonenumbers
import pytest
from stdnum import numdb

from core.errors import BadInput
from core.principal import ANONYMOUS
from identity.errors import PhoneInvalid
from identity.id_numbers import IdNumber
from identity.levels import DocumentType
from identity.model import is_test_phone, parse_phone
from identity.sandbox import PROVINCES, id_number
from miniapps.sandbox.errors import NoSandbox
from miniapps.sandbox.model import AGES, NAMES, AgeGroup, Drawn, Residence, Row, Shown, Wanted, drawn
from miniapps.sandbox.service import Sandbox

LEAP, TODAY = date(2028, 2, 29), date(2026, 11, 22)


def _age(born: date, today: date) -> int:
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


@pytest.mark.parametrize("today", [TODAY, LEAP, date(2027, 3, 1), date(2027, 2, 28)])
@pytest.mark.parametrize("group", AgeGroup)
def test_ages_are_those_of_their_group_to_the_day(group: AgeGroup, today: date) -> None:
    first, last = AGES[group]
    youngest = drawn(Wanted(age_group=group), today=today, draw=lambda _: 0).born
    oldest = drawn(Wanted(age_group=group), today=today, draw=lambda below: below - 1).born
    assert (_age(youngest, today), _age(oldest, today)) == (first, last)
    seeded = random.Random(7)
    for _ in range(200):
        assert first <= _age(drawn(Wanted(age_group=group), today=today, draw=seeded.randrange).born, today) <= last


def test_what_is_not_said_is_drawn_and_the_rest_stays() -> None:
    told = drawn(Wanted(name="李雷", level=5, home_district="110101"), today=TODAY, draw=lambda _: 0)
    assert told == Drawn("李雷", date(2008, 11, 22), 5, Residence.MAINLAND, "110101")
    assert drawn(Wanted(), today=TODAY, draw=lambda _: 1).name == NAMES[1]


@pytest.mark.parametrize(
    "wanted",
    [Wanted(level=0), Wanted(level=6), *(Wanted(level=1, age_group=one) for one in AgeGroup if one != "ADULT")],
)
def test_an_age_that_no_number_says_is_refused(wanted: Wanted) -> None:
    with pytest.raises(BadInput):
        wanted.check()


@pytest.mark.parametrize("province", PROVINCES)
def test_id_numbers_are_right_in_their_form_and_of_no_place(province: str) -> None:
    number = id_number(province, date(1990, 2, 28), sequence=7)
    parsed = IdNumber.parse(number, today=TODAY)
    assert parsed.born == date(1990, 2, 28)
    assert parsed.document is (DocumentType.RESIDENT_ID if province == "11" else DocumentType.RESIDENCE_PERMIT)
    # The published history of GB/T 2260 has no such region: nobody was ever given this number.
    assert not _county(number) and _county("110101")


def _county(number: str) -> bool:
    return any("county" in about for _, about in numdb.get("cn/loc").info(number[:6]))


def test_their_phones_are_nobodys_and_a_real_city_refuses_them() -> None:
    for written in ("15400000001", "+86 154 0000 0001", "154-0000-0001"):
        assert parse_phone(written, sandbox=True) == "+8615400000001"
        with pytest.raises(PhoneInvalid):
            parse_phone(written)
    # Were the range ever given to a carrier, this would tell.
    assert not phonenumbers.is_valid_number(phonenumbers.parse("+8615400000001"))
    assert parse_phone("13800000001", sandbox=True) == "+8613800000001"
    assert [is_test_phone(one) for one in ("+8615400000001", "+8613800000001", "15400000001", "", None)] == [
        *(True, False, False, False, False)
    ]
    for wrong in ("1540000000", "154000000011", "15400000001;ext=2", "+1 154 0000 0001"):
        with pytest.raises(PhoneInvalid):
            parse_phone(wrong, sandbox=True)


async def test_a_city_that_is_no_sandbox_refuses_each_of_it_before_anything() -> None:
    nothing = cast(Any, None)
    sandbox = Sandbox(
        on=False,
        developers=nothing,
        store=nothing,
        people=nothing,
        asking=nothing,
        paces=nothing,
        zone=UTC,
        draw=random.Random(1).randrange,
    )
    row = Shown(Row("mtc_1", "cit_1", "mpo_1", nothing), nothing)
    for refused in (
        sandbox.create(principal=ANONYMOUS, organisation=None, wanted=Wanted()),
        sandbox.all(principal=ANONYMOUS, organisation=None),
        sandbox.one(principal=ANONYMOUS, id="mtc_1"),
        sandbox.code(principal=ANONYMOUS, shown=row),
        sandbox.reset(principal=ANONYMOUS, id="mtc_1", app_id="org.example.a"),
        sandbox.remove(principal=ANONYMOUS, id="mtc_1"),
        sandbox.ask(
            principal=ANONYMOUS, id="mtc_1", app_id="org.example.a", text="", variables=None, granted=(), ask=nothing
        ),
    ):
        with pytest.raises(NoSandbox):
            await refused
