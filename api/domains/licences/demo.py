"""The licences of the demonstration's people. Loaded where the demo switch is on, and nowhere else.

Names are the demonstration's; every number says that it is synthetic.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from api.domains.licences.catalogue import DRIVING_LICENCE, RESIDENCE_PERMIT, SENIOR_CARD
from api.domains.licences.errors import AlreadyHeld
from api.domains.licences.forms import LicenceType
from api.domains.licences.issuing import Issuing
from api.domains.licences.model import ISSUE_SCOPE
from core.clock import city_day
from core.principal import Principal, PrincipalKind


@dataclass(frozen=True, slots=True)
class _DemoLicence:
    """ends_in_days: from the day of the first load; by the type's rule when None."""

    holder: str
    type: LicenceType
    values: Mapping[str, str] = field(repr=False)
    ends_in_days: int | None = None


LICENCES: Final = (
    _DemoLicence(
        "zhang",
        DRIVING_LICENCE,
        {
            "name": "张丽华",
            "sex": "F",
            "born": "1984-03-12",
            "number": "SYNTHETIC-DL-0001",
            "class": "C1",
            "firstIssued": "2011-06-20",
            "address": "北京市东城区示例胡同1号",
            "fileNumber": "SYNTHETIC-FILE-0001",
        },
    ),
    _DemoLicence(
        "zhang",
        RESIDENCE_PERMIT,
        {
            "name": "张丽华",
            "sex": "F",
            "born": "1984-03-12",
            "number": "SYNTHETIC-RP-0001",
            "district": "东城区",
            "address": "北京市东城区示例胡同1号",
        },
        ends_in_days=30,
    ),
    _DemoLicence(
        "liu",
        SENIOR_CARD,
        {
            "name": "刘秀英",
            "sex": "F",
            "born": "1948-09-05",
            "number": "SYNTHETIC-SC-0001",
            "emergencyContact": "张丽华",
        },
    ),
    _DemoLicence(
        "ouyang",
        DRIVING_LICENCE,
        {
            "name": "欧阳建国",
            "sex": "M",
            "born": "1971-11-30",
            "number": "SYNTHETIC-DL-0002",
            "class": "B2",
            "firstIssued": "1996-04-08",
            "address": "北京市海淀区示例路2号",
            "fileNumber": "SYNTHETIC-FILE-0002",
        },
    ),
)


async def load_demo(*, issuing: Issuing, people: Mapping[str, str]) -> int:
    """Issue what the demo people are missing, change nothing that is there. Returns how many were issued.

    people: account ids by nickname; who is not among them gets nothing. A licence that was ended stays ended.
    """
    return sum([await _issue(demo, issuing, people[demo.holder]) for demo in LICENCES if demo.holder in people])


async def _issue(demo: _DemoLicence, issuing: Issuing, holder: str) -> bool:
    clerk = _clerk_of(demo.type)
    held = await issuing.issued(principal=clerk, holder_id=holder)
    if any(licence.type.code == demo.type.code for licence in held):
        return False
    today = city_day(issuing.clock.now(), issuing.zone)
    until = None if demo.ends_in_days is None else today + timedelta(days=demo.ends_in_days)
    try:
        await issuing.issue(
            principal=clerk, holder_id=holder, type_code=demo.type.code, values=demo.values, valid_until=until
        )
    except AlreadyHeld:  # another process has just loaded it
        return False
    return True


def _clerk_of(kind: LicenceType) -> Principal:
    """The loader itself, in the department's name: the demonstration has no clerk at every department."""
    return Principal(
        kind=PrincipalKind.STAFF,
        actor="demo",
        subject="demo",
        scopes=frozenset({ISSUE_SCOPE}),
        department=kind.issuer,
    )
