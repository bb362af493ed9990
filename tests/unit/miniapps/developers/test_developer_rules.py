"""The rating as a table, which ids and names look alike, and how often a domain may be missed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

import pytest

from miniapps.developers.app_ids import check_new, skeleton
from miniapps.developers.domains import DomainProof, DomainState, Method, parse_domain
from miniapps.developers.errors import AppIdRefused, DomainRefused
from miniapps.developers.model import Account, AccountKind, Rated, Role
from miniapps.developers.proving import after_look
from miniapps.developers.rating import ALLOWANCES, Fact, Facts, Grade, rating
from miniapps.developers.registering import name_key
from tests.support.threats import covers

NOW = datetime(2026, 11, 23, tzinfo=UTC)
_UPWARDS = (Role.READER, Role.DEVELOPER, Role.OWNER)


@pytest.mark.parametrize(
    ("verified", "age_days", "counts", "by_officer", "score", "grade"),
    [
        (False, 0, {}, None, 50, Grade.C),
        (True, 0, {}, None, 70, Grade.B),
        (True, 200, {Fact.RELEASED: 5}, None, 86, Grade.A),
        # Who no register knows is not of the best grade, whatever they did.
        (False, 3000, {Fact.RELEASED: 100}, None, 80, Grade.B),
        (True, 3000, {Fact.RELEASED: 100}, None, 100, Grade.A),
        (True, 3000, {Fact.RELEASED: 100, Fact.REVOKED: 1}, None, 75, Grade.B),
        (False, 0, {Fact.REJECTED: 2}, None, 42, Grade.C),
        (False, 0, {Fact.REJECTED: 3}, None, 38, Grade.D),
        (False, 0, {Fact.REJECTED: 50}, None, 10, Grade.D),
        (False, 0, {Fact.INCIDENT: 1}, None, 40, Grade.C),
        # No number blocks anybody.
        (False, 0, {Fact.REVOKED: 9, Fact.INCIDENT: 9}, None, 0, Grade.D),
        (True, 3000, {}, Grade.BLOCKED, 80, Grade.BLOCKED),
        (False, 0, {Fact.REVOKED: 9}, Grade.A, 0, Grade.A),
    ],
)
def test_a_rating_follows_from_facts(
    verified: bool, age_days: int, counts: Mapping[Fact, int], by_officer: Grade | None, score: int, grade: Grade
) -> None:
    found = rating(Facts(verified, age_days, counts, by_officer))
    assert (found.score, found.grade) == (score, grade)
    assert max(0, min(100, sum(reason.points or 0 for reason in found.reasons))) == score
    assert found.allowance is ALLOWANCES[grade]


def test_a_better_grade_may_never_do_less() -> None:
    rows = [ALLOWANCES[grade] for grade in (Grade.BLOCKED, Grade.D, Grade.C, Grade.B, Grade.A)]
    for name in ("apps_max", "submissions_per_day", "rollout_begins_percent_max"):
        column = [getattr(row, name) for row in rows]
        assert column == sorted(column) and column[0] == 0


@pytest.mark.parametrize(
    ("app_id", "why"),
    [
        ("example", "form"),
        ("Org.Example.app", "form"),
        ("org.example..app", "form"),
        ("org.example.приложение", "form"),
        ("org.city", "reserved"),
        ("org.city.air", "reserved"),
        ("org.clty.air", "reserved"),
        ("city.anything", "reserved"),
        ("gov.beijing", "reserved"),
        ("com.city-tong.pay", "reserved"),
        ("com.c1tytong.pay", "reserved"),
    ],
)
def test_ids_that_are_nobody_s(app_id: str, why: str) -> None:
    with pytest.raises(AppIdRefused) as refused:
        check_new(app_id)
    assert refused.value.why == why


@pytest.mark.parametrize("app_id", ["org.citywalk.app", "cn.example.menu", "citytongue.org", "org.example.city"])
def test_ids_that_somebody_may_have(app_id: str) -> None:
    check_new(app_id)


@covers("T36")
@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("com.bank.pay", "com.bank.pay"),
        ("com.rnail.app", "com.mail.app"),
        ("com.pay1.app", "com.payl.app"),
        ("com.payi.app", "com.pay1.app"),
        ("com.vvalk.app", "com.walk.app"),
        ("com.bo0k.app", "com.book.app"),
        ("com.my-app", "com.myapp"),
    ],
)
def test_ids_that_look_alike_have_one_skeleton(one: str, other: str) -> None:
    assert skeleton(one) == skeleton(other)
    assert skeleton("com.pay.app") != skeleton("com.paw.app")


@covers("T36")
def test_names_that_look_alike_are_one() -> None:
    assert name_key("Hutong Studio") == name_key("HUTONG-studio ") == name_key("Ｈｕｔｏｎｇ　Ｓｔｕｄｉｏ")
    assert name_key("!!!") != name_key("???")


@pytest.mark.parametrize(
    ("typed", "name"),
    [("API.Example.com.", "api.example.com"), ("bücher.example", "xn--bcher-kva.example"), (" a.b.cn ", "a.b.cn")],
)
def test_domains_as_dns_has_them(typed: str, name: str) -> None:
    assert parse_domain(typed, own=("city.gov.cn",)) == name


@pytest.mark.parametrize(
    "typed",
    [
        *("", "com", "localhost", "a.localhost", "printer.local", "db.internal", "x.test", "1.2.3.4", "[::1]", "10.1"),
        *("a_b.example", "-a.example", "a.example:443", "https://a.example", "a.example/x", "a" * 64 + ".example"),
        *("city.gov.cn", "mini.city.gov.cn", "gov.cn", "x" * 2000),
    ],
)
def test_domains_that_are_no_program_s(typed: str) -> None:
    with pytest.raises(DomainRefused):
        parse_domain(typed, own=("city.gov.cn",))


def test_a_proved_domain_bears_to_be_missed_twice() -> None:
    asked = DomainProof("mpd_1", "a.b", "a.example", "t", DomainState.PENDING, None, 0, NOW, NOW)
    assert after_look(asked, None).state is DomainState.FAILED
    proved = after_look(asked, Method.DNS)
    once = after_look(proved, None)
    twice = after_look(once, None)
    assert [one.state for one in (proved, once, twice)] == [DomainState.PROVED] * 3
    assert after_look(twice, None).state is DomainState.FAILED
    assert after_look(twice, Method.FILE) == after_look(asked, Method.FILE)


@pytest.mark.parametrize(
    ("role", "wanted", "reaches"),
    [(a, b, i >= j) for i, a in enumerate(_UPWARDS) for j, b in enumerate(_UPWARDS)],
)
def test_roles_reach_what_is_below_them(role: Role, wanted: Role, reaches: bool) -> None:
    assert role.reaches(wanted) is reaches


def test_an_account_is_blocked_by_an_officer_or_frozen() -> None:
    def account(grade: Grade | None = None, *, frozen: bool = False) -> Account:
        rated = Rated(grade, "because", "stf_1", NOW) if grade else None
        return Account("mpo_1", AccountKind.PERSON, "dev_1", {}, NOW, rated, frozen)

    assert [account().blocked, account(Grade.D).blocked, account(Grade.BLOCKED).blocked] == ["", "", "officer"]
    assert account(Grade.A, frozen=True).blocked == "frozen"
