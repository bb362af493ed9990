"""The rules of licences, as tables."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from api.domains.licences.catalogue import CATALOGUE, DRIVING_LICENCE, RESIDENCE_PERMIT, SENIOR_CARD, Catalogue
from api.domains.licences.errors import FieldNotShowable, LicenceNotValid, NotRenewable, RenewalTooEarly
from api.domains.licences.forms import LicenceType, add_months
from api.domains.licences.model import (
    NATIONAL_CODES,
    STATUS_LABELS,
    Ended,
    Ending,
    Licence,
    LicenceStatus,
    Showing,
    VerificationResult,
    check_client_verification_id,
    check_holder,
    check_sentence,
    next_notice,
    place_of,
    showing_id,
    wallet_order,
)
from core.errors import BadInput, DomainError
from core.ids import is_id
from core.locale import Locale, Text
from tests.unit.licences.licence_people import ANNA, CLERK, DRIVER, OFFICER

TODAY = date(2026, 11, 22)
NOON = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)


def licence(
    *,
    until: date | None = TODAY,
    settled: LicenceStatus = LicenceStatus.VALID,
    kind: LicenceType = DRIVING_LICENCE,
    issued_at: datetime = NOON,
) -> Licence:
    return Licence(
        id="lic_01KAMP0000000000000000000A",
        holder=ANNA,
        type=kind,
        serial="0123456789ABCDEFGHIJ",
        version=1,
        issuer=kind.issuer,
        valid_from=date(2020, 11, 22),
        valid_until=until,
        issued_at=issued_at,
        issued_by=CLERK,
        values=DRIVER,
        settled=settled,
    )


@pytest.mark.parametrize(
    ("settled", "days", "status"),
    [
        (LicenceStatus.VALID, 1, LicenceStatus.VALID),
        (LicenceStatus.VALID, 0, LicenceStatus.VALID),
        (LicenceStatus.VALID, -1, LicenceStatus.EXPIRED),
        (LicenceStatus.VALID, None, LicenceStatus.VALID),
        (LicenceStatus.SUSPENDED, 0, LicenceStatus.SUSPENDED),
        (LicenceStatus.SUSPENDED, -1, LicenceStatus.EXPIRED),
        (LicenceStatus.REVOKED, -1, LicenceStatus.REVOKED),
        (LicenceStatus.RESCINDED, -1, LicenceStatus.RESCINDED),
        (LicenceStatus.CANCELLED, -1, LicenceStatus.CANCELLED),
        (LicenceStatus.TRANSFERRED, -1, LicenceStatus.TRANSFERRED),
        (LicenceStatus.REPLACED, -1, LicenceStatus.REPLACED),
    ],
)
def test_the_status_follows_from_the_day(settled: LicenceStatus, days: int | None, status: LicenceStatus) -> None:
    one = licence(until=None if days is None else TODAY + timedelta(days=days), settled=settled)
    assert (one.status(TODAY), one.days_left(TODAY)) == (status, days)
    if status is LicenceStatus.VALID:
        one.check_valid(TODAY)
    else:
        with pytest.raises(LicenceNotValid) as refusal:
            one.check_valid(TODAY)
        assert refusal.value.status == status.value


def test_every_status_has_its_national_code_and_its_name() -> None:
    assert [NATIONAL_CODES[status] for status in LicenceStatus] == ["01", "02", "03", "04", "05", "06", "07", "99"]
    assert set(STATUS_LABELS) == set(LicenceStatus)
    assert [ending.status for ending in Ending] == [
        LicenceStatus.REVOKED,
        LicenceStatus.RESCINDED,
        LicenceStatus.CANCELLED,
    ]


@pytest.mark.parametrize(
    ("kind", "days", "refusal"),
    [
        (DRIVING_LICENCE, 91, RenewalTooEarly(renewable_from="2026-11-23")),
        (DRIVING_LICENCE, 90, None),
        (DRIVING_LICENCE, 0, None),
        (DRIVING_LICENCE, -365, None),
        (DRIVING_LICENCE, -366, NotRenewable()),
        (RESIDENCE_PERMIT, 31, RenewalTooEarly(renewable_from="2026-11-23")),
        (RESIDENCE_PERMIT, 30, None),
        (RESIDENCE_PERMIT, -60, None),
        (RESIDENCE_PERMIT, -61, NotRenewable()),
        (SENIOR_CARD, None, NotRenewable()),
    ],
)
def test_a_licence_is_renewed_in_its_window(kind: LicenceType, days: int | None, refusal: DomainError | None) -> None:
    one = licence(until=None if days is None else TODAY + timedelta(days=days), kind=kind)
    assert one.renewable(TODAY) is (refusal is None)
    if refusal is None:
        one.check_renewable(TODAY)
        return
    with pytest.raises(type(refusal)) as raised:
        one.check_renewable(TODAY)
    assert raised.value.public_fields == refusal.public_fields


@pytest.mark.parametrize("status", [status for status in LicenceStatus if status is not LicenceStatus.VALID])
def test_only_a_valid_licence_that_is_held_is_renewed(status: LicenceStatus) -> None:
    assert licence(settled=status).renewable(TODAY) is False
    assert replace(licence(), held=False).renewable(TODAY) is False
    assert replace(licence(), version=999).renewable(TODAY) is False


@pytest.mark.parametrize(
    ("names", "shown"),
    [
        (None, ["name", "class"]),
        (["class", "name"], ["name", "class"]),
        (["born"], ["born"]),
        (["born", "born"], ["born"]),
        (["fileNumber"], "fileNumber"),
        (["name", "holderId"], "holderId"),
        (["x" * 500], "x" * 40),
    ],
)
def test_what_is_shown_is_what_was_chosen_and_may_be(names: list[str] | None, shown: list[str] | str) -> None:
    if isinstance(shown, list):
        assert list(licence().chosen(names)) == shown
        return
    with pytest.raises(FieldNotShowable) as refusal:
        licence().chosen(names)
    assert refusal.value.name == shown


def test_a_field_without_a_value_cannot_be_chosen() -> None:
    card = replace(
        licence(kind=SENIOR_CARD), values={"name": "安娜", "sex": "F", "born": "1948-09-05", "number": "S-1"}
    )
    with pytest.raises(FieldNotShowable) as refusal:
        card.chosen(["emergencyContact"])
    assert refusal.value.name == "emergencyContact"
    assert card.chosen(None) == {"name": "安娜"}


@pytest.mark.parametrize("names", [[], ["name"] * 33])
def test_nothing_and_too_much_are_no_choice(names: list[str]) -> None:
    with pytest.raises(BadInput):
        licence().chosen(names)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"born": "12.3.1984"}, "fields.born"),
        ({"born": "1984-02-30"}, "fields.born"),
        ({"born": "19840312"}, "fields.born"),
        ({"class": "Z9"}, "fields.class"),
        ({"name": "   "}, "fields.name"),
        ({"name": "x" * 81}, "fields.name"),
        ({"name": " " * 1000}, "fields.name"),
        ({"name": "a\u202eb"}, "fields.name"),
        ({"name": "a\nb"}, "fields.name"),
        ({"shoeSize": "42"}, "fields"),
    ],
)
def test_values_are_of_the_type(changes: dict[str, str], field: str) -> None:
    with pytest.raises(BadInput) as refusal:
        DRIVING_LICENCE.check_values({**DRIVER, **changes})
    assert refusal.value.field == field


def test_values_are_complete_in_order_and_without_blanks_around() -> None:
    with pytest.raises(BadInput) as refusal:
        DRIVING_LICENCE.check_values({name: value for name, value in DRIVER.items() if name != "address"})
    assert refusal.value.field == "fields.address"
    backwards = dict(reversed(DRIVER.items()))
    assert list(DRIVING_LICENCE.check_values(backwards).items()) == list(DRIVER.items())
    assert DRIVING_LICENCE.check_values({**DRIVER, "name": " 安娜 "})["name"] == "安娜"
    card = {"name": "刘秀英", "sex": "F", "born": "1948-09-05", "number": "SYNTHETIC-2"}
    assert SENIOR_CARD.check_values(card) == card


def test_a_choice_is_read_in_the_reader_s_language() -> None:
    spec = DRIVING_LICENCE.spec("sex")
    assert spec is not None
    assert (spec.text_of("F", Locale.ZH_CN), spec.text_of("F", Locale.EN)) == ("女", "Female")


@pytest.mark.parametrize(
    ("day", "months", "later"),
    [
        (date(2026, 11, 22), 12, date(2027, 11, 22)),
        (date(2026, 12, 31), 72, date(2032, 12, 31)),
        (date(2024, 2, 29), 12, date(2025, 2, 28)),
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2026, 11, 30), 3, date(2027, 2, 28)),
        (date(2026, 12, 1), 1, date(2027, 1, 1)),
    ],
)
def test_months_are_counted_to_the_same_day(day: date, months: int, later: date) -> None:
    assert add_months(day, months) == later


@pytest.mark.parametrize(
    ("kind", "chosen", "until"),
    [
        (DRIVING_LICENCE, None, date(2032, 11, 22)),
        (DRIVING_LICENCE, date(2026, 11, 22), date(2026, 11, 22)),
        (DRIVING_LICENCE, date(2032, 11, 22), date(2032, 11, 22)),
        (DRIVING_LICENCE, date(2032, 11, 23), "must not be later than the type's rule allows"),
        (DRIVING_LICENCE, date(2026, 11, 21), "must not lie in the past"),
        (SENIOR_CARD, None, None),
        (SENIOR_CARD, date(2030, 1, 1), "must not be later than the type's rule allows"),
    ],
)
def test_a_licence_is_valid_no_longer_than_its_type_s_rule(
    kind: LicenceType, chosen: date | None, until: date | str | None
) -> None:
    if isinstance(until, str):
        with pytest.raises(BadInput) as refusal:
            kind.check_last_day(chosen, first=TODAY, today=TODAY)
        assert (refusal.value.field, refusal.value.problem) == ("validUntil", until)
    else:
        assert kind.check_last_day(chosen, first=TODAY, today=TODAY) == until


@pytest.mark.parametrize(
    ("days_left", "due_in"),
    [(100, 70), (31, 1), (30, 0), (29, 22), (8, 1), (7, 0), (6, 5), (2, 1), (1, 0), (0, 1), (-1, 0), (-2, None)],
)
def test_the_next_notice(days_left: int, due_in: int | None) -> None:
    due = None if due_in is None else TODAY + timedelta(days=due_in)
    assert next_notice(TODAY + timedelta(days=days_left), from_=TODAY) == due


def test_a_licence_without_an_end_has_no_notices() -> None:
    assert next_notice(None, from_=TODAY) is None


def test_the_wallet_s_order() -> None:
    soon, later, never = (licence(until=until) for until in (TODAY, TODAY + timedelta(days=9), None))
    expired = licence(until=TODAY - timedelta(days=1), issued_at=NOON - timedelta(days=1))
    revoked = licence(settled=LicenceStatus.REVOKED, issued_at=NOON)
    ordered = [soon, later, never, revoked, expired]
    assert sorted(reversed(ordered), key=lambda one: wallet_order(one, TODAY)) == ordered


def test_the_catalogue_keeps_every_version() -> None:
    second = replace(SENIOR_CARD, version=2, name=Text(zh="敬老卡", en="Senior card"))
    catalogue = Catalogue((second, SENIOR_CARD, DRIVING_LICENCE))
    assert catalogue.types() == [second, DRIVING_LICENCE]
    assert (catalogue.latest(SENIOR_CARD.code), catalogue.latest("nothing")) == (second, None)
    assert [catalogue.at(SENIOR_CARD.code, version) for version in (1, 2)] == [SENIOR_CARD, second]
    assert catalogue.issued_by(SENIOR_CARD.issuer) == [SENIOR_CARD.code]
    assert CATALOGUE.issued_by(DRIVING_LICENCE.issuer) == [DRIVING_LICENCE.code, RESIDENCE_PERMIT.code]


@pytest.mark.parametrize(
    "types",
    [
        (SENIOR_CARD, SENIOR_CARD),
        (replace(SENIOR_CARD, issuer="340100"),),
        (replace(SENIOR_CARD, code="11110000000052000X001"),),
    ],
)
def test_a_catalogue_that_contradicts_itself_or_the_standard_is_refused(types: tuple[LicenceType, ...]) -> None:
    with pytest.raises(ValueError, match=r"two versions|USCC"):
        Catalogue(types)


@pytest.mark.parametrize("kind", CATALOGUE.types(), ids=lambda kind: kind.name.en)
def test_every_type_shows_something_by_default_that_may_be_shown(kind: LicenceType) -> None:
    assert len(kind.code) == 21
    assert [spec for spec in kind.fields if spec.by_default]
    assert [spec.name for spec in kind.fields if spec.by_default and not spec.showable] == []
    assert len({spec.name for spec in kind.fields}) == len(kind.fields) <= 32


def test_a_showing_answers_its_own_verifier_again() -> None:
    showing = Showing(
        id=showing_id(bytes(range(16))),
        at=NOON,
        licence="lic_01KAMP0000000000000000000A",
        holder=ANNA,
        type=DRIVING_LICENCE,
        verifier=OFFICER,
        jurisdiction="110101",
        purpose="租车",
        names=("name",),
        status=LicenceStatus.VALID,
        client_verification_id="first",
    )
    assert is_id(showing.id, prefix="shw")
    assert place_of(showing.key) == (NOON, showing.id)
    assert showing.answers(verifier=OFFICER, client_verification_id="first")
    assert not showing.answers(verifier=CLERK, client_verification_id="first")
    assert not showing.answers(verifier=OFFICER, client_verification_id="second")
    assert not replace(showing, client_verification_id=None).answers(verifier=OFFICER, client_verification_id=None)
    assert showing.result is VerificationResult.VALID
    assert replace(showing, status=LicenceStatus.REVOKED).result is VerificationResult.NOT_VALID


@pytest.mark.parametrize(
    "key", ["", "1:", "x:shw_01KAMP0000000000000000000A", f"{'9' * 16}:shw_01KAMP0000000000000000000A", "1:lic_1"]
)
def test_a_strange_cursor_is_bad_input(key: str) -> None:
    with pytest.raises(BadInput):
        place_of(key)


@pytest.mark.parametrize("value", ["", " ", "x" * 61, "a\u0000b", " " * 500])
def test_a_purpose_is_a_short_line(value: str) -> None:
    with pytest.raises(BadInput):
        check_sentence(value, field="purpose", length_max=60)
    assert check_sentence(" 租车 ", field="purpose", length_max=60) == "租车"


def test_ids_of_clients_are_bounded() -> None:
    assert check_client_verification_id("x" * 64) == "x" * 64
    assert check_client_verification_id(None) is None
    for bad in ("", "x" * 65):
        with pytest.raises(BadInput):
            check_client_verification_id(bad)
    assert check_holder(ANNA) == ANNA
    for bad in ("", OFFICER, "cit_1"):
        with pytest.raises(BadInput):
            check_holder(bad)


def test_nothing_personal_is_printed() -> None:
    printed = repr(licence()) + repr(Ended(at=NOON, by=CLERK, reason="示例理由"))
    assert all(value not in printed for value in (*DRIVER.values(), "示例理由") if len(value) > 2)
