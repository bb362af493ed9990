"""The attribute rules: every row of the table against every way in which an officer may not fit it."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, time, timedelta, timezone

import pytest

from core.errors import BadInput
from core.principal import Jurisdiction, Principal, PrincipalKind
from identity.model import ROLE_SCOPES
from identity.staffing.errors import RoleNotYours, RolesConflict, RoleUnknown
from identity.staffing.model import Alone, Details, Kind, check_details, check_grants, parse_jurisdiction, parse_roles
from identity.staffing.rules import RULES, Hours, Refusal, Subject, permits
from tests.support.attacks import against

NOW = datetime(2026, 11, 20, 2, 30, tzinfo=UTC)  # 10:30 in the city
HOURS = Hours(time(8), time(20), timezone(timedelta(hours=8)))
DEPARTMENT = "11110000000063000T"
SUBJECT = Subject("cit_other", "110101001", DEPARTMENT)

# The table of docs/identity.md.
TABLE = {
    Alone.FREEZE: ("accounts:intervene", "place", "proven", "known"),
    Alone.UNFREEZE_OWN: ("accounts:intervene", "place", "proven", "known"),
    Alone.END_SESSIONS: ("accounts:intervene", "place", "proven"),
    Alone.READ_INTERVENTIONS: ("accounts:intervene", "place"),
    Alone.READ_STAFF: ("staff:manage", "place", "department"),
    Kind.ACCOUNT_FREEZE: ("accounts:intervene", "place", "proven", "known"),
    Kind.ACCOUNT_UNFREEZE: ("accounts:intervene", "place", "proven", "known"),
    Kind.ACCOUNT_END: ("accounts:intervene", "place", "hours", "proven", "known"),
    Kind.ACCOUNT_HOLD: ("accounts:hold", "place", "proven", "known"),
    Kind.ACCOUNT_HOLD_LIFT: ("accounts:hold", "place", "hours", "proven", "known"),
    Kind.ORGANISATION_SUSPEND: ("organisations:suspend", "place", "proven", "known"),
    Kind.ORGANISATION_RESUME: ("organisations:suspend", "place", "proven", "known"),
    Kind.STAFF_HIRE: ("staff:manage", "place", "department", "hours", "proven", "known"),
    Kind.STAFF_ROLES: ("staff:manage", "place", "department", "hours", "proven", "known"),
    Kind.STAFF_MOVE: ("staff:manage", "place", "department", "hours", "proven", "known"),
    Kind.STAFF_SUSPEND: ("staff:manage", "place", "department", "proven", "known"),
    Kind.STAFF_REINSTATE: ("staff:manage", "place", "department", "hours", "proven", "known"),
    Kind.OIDC_CLIENT_APPROVE: ("oidc:clients", "hours", "proven", "known"),
    Kind.PROGRAM_VERSION_REVOKE: ("miniapps:revoke", "proven", "known"),
    Kind.PROGRAM_REVOKE: ("miniapps:revoke", "proven", "known"),
}


def officer(scope: str, **attributes: object) -> Principal:
    told: dict[str, object] = {
        "kind": PrincipalKind.STAFF,
        "actor": "stf_me",
        "subject": "stf_me",
        "scopes": frozenset({"staff", scope}),
        "jurisdiction": Jurisdiction("110101"),
        "department": DEPARTMENT,
        "methods": frozenset({"otp", "mfa"}),
        "authenticated_at": NOW - timedelta(minutes=5),
    }
    return Principal(**{**told, **attributes})  # type: ignore[arg-type]


def test_every_act_has_its_row() -> None:
    assert TABLE.keys() == RULES.keys() == set(Kind) | set(Alone)


@pytest.mark.parametrize("act", TABLE, ids=str)
def test_the_table(act: Kind | Alone) -> None:
    """Each attribute is wrong or right, in every combination: what is refused is the first that is wrong and asked."""
    scope, *asked = TABLE[act]
    for wrong in itertools.product((False, True), repeat=7):
        no_scope, own, outside, elsewhere, late, unproven, cools = wrong
        who = officer(
            "nothing" if no_scope else scope,
            jurisdiction=Jurisdiction("110108") if outside else Jurisdiction("110101"),
            department="another" if elsewhere else DEPARTMENT,
            authenticated_at=NOW - timedelta(minutes=5, seconds=1) if unproven else NOW,
            cooling_until=NOW + timedelta(milliseconds=1) if cools else NOW,
        )
        about = Subject("stf_me", SUBJECT.place, SUBJECT.department) if own else SUBJECT
        hours = Hours(time(8), time(10, 30), HOURS.zone) if late else HOURS
        faults = [
            (no_scope, Refusal.NO_SCOPE),
            (own, Refusal.OWN_MATTER),
            (outside and "place" in asked, Refusal.OUTSIDE_JURISDICTION),
            (elsewhere and "department" in asked, Refusal.OTHER_DEPARTMENT),
            (late and "hours" in asked, Refusal.OUT_OF_HOURS),
            (unproven and "proven" in asked, Refusal.NOT_PROVEN),
            (cools and "known" in asked, Refusal.DEVICE_COOLS),
        ]
        expected = next((refusal for fault, refusal in faults if fault), None)
        assert permits(act, who, about, NOW, hours=hours) is expected, wrong


@pytest.mark.parametrize("act", TABLE, ids=str)
@against("another's rights", "officer of another place", "officer about themself", "officer of another department")
def test_what_no_combination_lets_through(act: Kind | Alone) -> None:
    scope, *asked = TABLE[act]
    for kind in set(PrincipalKind) - {PrincipalKind.STAFF}:
        assert permits(act, officer(scope, kind=kind), SUBJECT, NOW) is Refusal.NOT_STAFF
    if "place" in asked:
        for nowhere in (None, Jurisdiction(""), Jurisdiction("000000")):
            assert permits(act, officer(scope, jurisdiction=nowhere), SUBJECT, NOW) is Refusal.OUTSIDE_JURISDICTION
        assert permits(act, officer(scope), Subject("x", "", DEPARTMENT), NOW) is Refusal.OUTSIDE_JURISDICTION
    if "department" in asked:  # of no department is not of the same department
        who, about = officer(scope, department=""), Subject("x", "110101", "")
        assert permits(act, who, about, NOW) is Refusal.OTHER_DEPARTMENT
    if "proven" in asked:
        for weak in (frozenset({"sms"}), frozenset({"pwd", "otp"}), frozenset[str]()):
            assert permits(act, officer(scope, methods=weak), SUBJECT, NOW) is Refusal.NOT_PROVEN
        assert permits(act, officer(scope, authenticated_at=None), SUBJECT, NOW) is Refusal.NOT_PROVEN
    assert permits(act, officer(scope), SUBJECT, NOW) is None  # no hours are set


def test_no_role_acts_and_audits() -> None:
    acting = {rule.scope for rule in RULES.values()}
    for role, scopes in ROLE_SCOPES.items():
        assert not (scopes & acting and "audit:read" in scopes), role
    assert not [scope for scope in ROLE_SCOPES["auditor"] if not scope.startswith(("audit:", "personal:"))]


@pytest.mark.parametrize(
    ("roles", "refusal"),
    [
        (["clerk", "inspector"], None),
        (["auditor"], None),
        (["auditor", "clerk"], RolesConflict),
        (["staff_admin", "partner_officer"], RolesConflict),
        (["account_officer", "counter_clerk"], RolesConflict),
        (["account_officer", "partner_officer"], None),
        (["mayor"], RoleUnknown),
        ([], BadInput),
    ],
)
def test_separation_of_duties(roles: list[str], refusal: type[Exception] | None) -> None:
    if refusal is None:
        assert parse_roles(roles + roles) == tuple(sorted(roles))
        return
    with pytest.raises(refusal):
        parse_roles(roles)


def test_who_answers_for_a_district_grants_no_role_of_the_citys() -> None:
    district, city = officer("staff:manage"), officer("staff:manage", jurisdiction=Jurisdiction("110000"))
    check_grants(["clerk", "inspector", "case_handler"], by=district)
    for role in ("auditor", "staff_admin", "account_officer", "partner_officer"):
        check_grants([role], by=city)
        with pytest.raises(RoleNotYours):
            check_grants(["clerk", role], by=district)


@pytest.mark.parametrize("code", ["110000", "110101", "110101001", "110101001002", "110108000000"])
def test_a_jurisdiction_is_a_division_of_the_city(code: str) -> None:
    assert parse_jurisdiction(code) == code


@pytest.mark.parametrize(
    "code", ["", "11", "000000", "120000", "110100", "110103", "1101010", "x" * 999, "110101 ", "310101001"]
)
def test_what_is_no_division_of_the_city_is_refused(code: str) -> None:
    with pytest.raises(Exception, match="jurisdiction"):
        parse_jurisdiction(code)


def test_details_are_those_of_the_kind() -> None:
    later = NOW + timedelta(days=1)
    check_details(Kind.ACCOUNT_FREEZE, Details(until=later), now=NOW)
    for kind, details in [
        (Kind.ACCOUNT_FREEZE, Details()),
        (Kind.ACCOUNT_FREEZE, Details(until=NOW)),
        (Kind.ACCOUNT_FREEZE, Details(until=datetime(2027, 1, 1))),  # noqa: DTZ001 without an offset on purpose
        (Kind.ACCOUNT_FREEZE, Details(until=later, roles=("staff_admin",))),
        (Kind.STAFF_SUSPEND, Details(roles=("clerk",))),
        (Kind.STAFF_HIRE, Details(phone="13900000099", roles=("clerk",))),
        (Kind.OIDC_CLIENT_APPROVE, Details(found="x")),
    ]:
        with pytest.raises(Exception, match=r"details|until"):
            check_details(kind, details, now=NOW)
    told = Details(until=later, roles=("a", "b"), name="张三")
    assert Details.of_row(told.row()) == told
    assert "张三" not in repr(told)
