"""Who is asking, and for whom.

`actor` is the person or program that acts; `subject` is the person it is done for. They differ when a
parent acts for a child or an agent for a company; every service takes the pair and every audit entry
records it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from typing import Final

from core.errors import Forbidden, NotFound, SignInRequired, StepUpRequired


class PrincipalKind(StrEnum):
    """ORGANISATION: a legal person, for whom somebody always acts; what is for citizens is not for it."""

    ANONYMOUS = "anonymous"
    CITIZEN = "citizen"
    STAFF = "staff"
    SERVICE = "service"
    ORGANISATION = "organisation"


class Method(StrEnum):
    """How somebody proved themself. Source: RFC 8176 §2.

    SMS: a code sent to their phone. SWK, HWK: a key that their device holds, in software or hardware. USER: the
    device made sure of its user. MFA: two of different kinds.
    """

    SMS = "sms"
    PASSWORD = "pwd"
    OTP = "otp"
    SWK = "swk"
    HWK = "hwk"
    USER = "user"
    FACE = "face"
    MFA = "mfa"


# Any of these is as good as two factors: a passkey holds its user to a second one.
_STRONG = frozenset({Method.MFA.value, Method.USER.value})


def strong(methods: frozenset[str]) -> bool:
    """True when these methods are two factors."""
    return bool(methods & _STRONG)


# Province, city, district or county (GB/T 2260), street or town, community or village (GB/T 10114): where each ends.
_DIVISION: Final = re.compile(r"[1-9][0-9]{5}(?:[0-9]{3}){0,2}", re.ASCII)
_LEVELS: Final = (2, 4, 6, 9, 12)


@dataclass(frozen=True, slots=True)
class Jurisdiction:
    """The part of the city that a staff account answers for.

    code: a division's, of six digits (GB/T 2260), nine for a street or twelve for a community (GB/T 10114). A level
    that is all zeros, and those behind it, cover all below: 110000 a city, 110101000000 a district.
    """

    code: str

    @property
    def significant(self) -> str:
        """What the codes of all that lies in it begin with; empty for what is no division's code."""
        if not _DIVISION.fullmatch(self.code):
            return ""
        end = len(self.code)
        for before, level in reversed(tuple(pairwise(_LEVELS))):
            if level == end and not int(self.code[before:level]):
                end = before
        return self.code[:end]

    def covers(self, code: str) -> bool:
        """True when the division `code` lies in this jurisdiction. What is no division's code covers nothing."""
        return bool(self.significant) and code.startswith(self.significant)


@dataclass(frozen=True, slots=True)
class Principal:
    """One authenticated (or anonymous) caller.

    actor, subject: account ids (`cit_…`, `stf_…`, `svc_…`; as a subject also `org_…`), empty for nobody.
    scopes: what the session may do (`citizen`, `staff`, `citycode:scan`, …).
    real_name_level: 0 unknown … 5 checked at a counter (urn:city:rl:1..5).
    department: the USCC of the department that a member of staff works for (core.departments); empty for others.
    methods, authenticated_at: how the actor last proved themself in this session (`Method`), and when.
    jkt: thumbprint of the key that the session is bound to (RFC 9449); whoever shows its tokens proves that they hold
        it. Empty for a session of no key.
    cooling_until: until when the session is on a device that is not trusted yet; None on one that is.
    """

    kind: PrincipalKind = PrincipalKind.ANONYMOUS
    actor: str = ""
    subject: str = ""
    session_id: str = ""
    scopes: frozenset[str] = frozenset()
    real_name_level: int = 0
    jurisdiction: Jurisdiction | None = None
    department: str = ""
    methods: frozenset[str] = frozenset()
    authenticated_at: datetime | None = None
    jkt: str = ""
    cooling_until: datetime | None = None

    @property
    def authenticated(self) -> bool:
        return self.kind is not PrincipalKind.ANONYMOUS

    @property
    def delegated(self) -> bool:
        """True when somebody acts for somebody else."""
        return self.actor != self.subject

    def require(self, kind: PrincipalKind) -> None:
        """Raises: SignInRequired, Forbidden (signed in as somebody else)."""
        if not self.authenticated:
            raise SignInRequired()
        if self.kind is not kind:
            raise Forbidden()

    def require_citizen(self, citizen_id: str, *, matter: str | None = None) -> None:
        """For what belongs to one citizen: they themself, or somebody who may act for them in this matter.

        matter: what a delegation may name (`health:read`); None where nobody may act for somebody else. A delegated
            principal holds as scopes the matters that it was given, and nothing else.
        Raises: SignInRequired, Forbidden, NotFound (somebody else's).
        """
        self.require(PrincipalKind.CITIZEN)
        if self.subject != citizen_id:
            raise NotFound(thing="citizen")
        if self.delegated and (matter is None or matter not in self.scopes):
            raise Forbidden()

    @property
    def strong(self) -> bool:
        """True when the actor proved themself by two factors."""
        return strong(self.methods)

    def require_fresh(self, *, now: datetime, max_age: timedelta, strong: bool = False) -> None:
        """For what a session left lying about must not do: its owner proved themself within `max_age`.

        strong: and by two factors, at least once in this session. A session that cools off is always held to that.
        Raises: SignInRequired, StepUpRequired.
        Source: RFC 9470.
        """
        if not self.authenticated:
            raise SignInRequired()
        fresh = self.authenticated_at is not None and now - self.authenticated_at <= max_age
        cools = self.cooling(now)
        if not fresh or ((strong or cools) and not self.strong):
            until = self.cooling_until if cools else None
            raise StepUpRequired(max_age_s=int(max_age.total_seconds()), strong=strong or cools, cooling_until=until)

    def cooling(self, now: datetime) -> bool:
        """True while the session's device is not trusted."""
        return self.cooling_until is not None and now < self.cooling_until

    def require_department(self, code: str) -> None:
        """For what belongs to one department: its own staff. Raises: SignInRequired, Forbidden."""
        self.require(PrincipalKind.STAFF)
        if self.department != code:
            raise Forbidden()

    def require_scope(self, scope: str) -> None:
        """Raises: SignInRequired, Forbidden."""
        if not self.authenticated:
            raise SignInRequired()
        if scope not in self.scopes:
            raise Forbidden()


ANONYMOUS = Principal()
