"""Who is asking, and for whom.

`actor` is the person or program that acts; `subject` is the person it is done for. They differ when a
parent acts for a child or an agent for a company; every service takes the pair and every audit entry
records it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

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


@dataclass(frozen=True, slots=True)
class Jurisdiction:
    """The part of the city that a staff account answers for.

    code: GB/T 2260 division code of six digits (or nine for a street); trailing `00` pairs cover all below.
    """

    code: str

    def covers(self, code: str) -> bool:
        """True when the division `code` lies in this jurisdiction."""
        significant = self.code
        while significant.endswith("00"):
            significant = significant[:-2]
        return code.startswith(significant)


@dataclass(frozen=True, slots=True)
class Principal:
    """One authenticated (or anonymous) caller.

    actor, subject: account ids (`cit_…`, `stf_…`, `svc_…`; as a subject also `org_…`), empty for nobody.
    scopes: what the session may do (`citizen`, `staff`, `citycode:scan`, …).
    real_name_level: 0 unknown … 5 checked at a counter (urn:city:rl:1..5).
    department: the USCC of the department that a member of staff works for (core.departments); empty for others.
    methods, authenticated_at: how the actor last proved themself in this session (`Method`), and when.
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

        strong: and by two factors, at least once in this session.
        Raises: SignInRequired, StepUpRequired.
        Source: RFC 9470.
        """
        if not self.authenticated:
            raise SignInRequired()
        fresh = self.authenticated_at is not None and now - self.authenticated_at <= max_age
        if not fresh or (strong and not self.strong):
            raise StepUpRequired(max_age_s=int(max_age.total_seconds()), strong=strong)

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
