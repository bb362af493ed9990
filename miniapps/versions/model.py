"""Versions, how each may change, and what is said of them.

| act | who | from | to |
|---|---|---|---|
| create | developer | | draft |
| submit | developer | draft | submitted |
| examine | machine | submitted | checking |
| fail, pass | machine | checking | rejected, in_review |
| approve, reject | officer | in_review | approved, rejected |
| withdraw | developer | draft … approved | withdrawn |
| roll | developer | approved | rolling |
| widen, pause, resume | developer | rolling | rolling |
| promote | developer | rolling | released |
| supersede | machine | rolling, released | superseded |
| restore | machine | superseded | released |
| roll_back | developer | rolling, released | revoked |
| revoke | developer, two officers | rolling, released, superseded | revoked |
| confirm | officer | released, and drawn to be looked at again | released |

Rules
- Each step is kept with who took it, when, and what they said.
- The act that was the last one of a person's is not done twice: asked for again, it changes nothing.
- Nobody decides about a version of their own organisation.
Source: docs/decisions/0061-a-version-reaches-citizens-by-a-draw-that-stays.md
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Final
from urllib.parse import urlsplit

from core.clock import epoch_ms
from core.errors import BadInput
from core.locale import Text
from miniapps.releases.model import WHOLE
from miniapps.versions.errors import VersionCannotChange

VERSION_PREFIX: Final = "mpv"
NOTES_MAX: Final = 4_000
TEST_ACCOUNT_MAX: Final = 500
FINDINGS_MAX: Final = 200
# Of an officer's one finding.
FINDING_TEXT_MAX: Final = 1_000


class State(StrEnum):
    DRAFT = "draft"
    SUBMITTED = "submitted"
    CHECKING = "checking"
    IN_REVIEW = "in_review"
    APPROVED = "approved"
    REJECTED = "rejected"
    ROLLING = "rolling"
    RELEASED = "released"
    SUPERSEDED = "superseded"
    REVOKED = "revoked"
    WITHDRAWN = "withdrawn"


class Who(StrEnum):
    DEVELOPER = "developer"
    MACHINE = "machine"
    OFFICER = "officer"


class Act(StrEnum):
    CREATE = "create"
    SUBMIT = "submit"
    EXAMINE = "examine"
    FAIL = "fail"
    PASS = "pass"
    APPROVE = "approve"
    REJECT = "reject"
    WITHDRAW = "withdraw"
    ROLL = "roll"
    WIDEN = "widen"
    PAUSE = "pause"
    RESUME = "resume"
    PROMOTE = "promote"
    SUPERSEDE = "supersede"
    RESTORE = "restore"
    ROLL_BACK = "roll_back"
    REVOKE = "revoke"
    CONFIRM = "confirm"


_UNDECIDED: Final = frozenset({State.DRAFT, State.SUBMITTED, State.CHECKING, State.IN_REVIEW, State.APPROVED})
_RUNS: Final = frozenset({State.ROLLING, State.RELEASED})
TRANSITIONS: Final[Mapping[Act, tuple[frozenset[State], State]]] = {
    Act.SUBMIT: (frozenset({State.DRAFT}), State.SUBMITTED),
    Act.EXAMINE: (frozenset({State.SUBMITTED}), State.CHECKING),
    Act.FAIL: (frozenset({State.CHECKING}), State.REJECTED),
    Act.PASS: (frozenset({State.CHECKING}), State.IN_REVIEW),
    Act.APPROVE: (frozenset({State.IN_REVIEW}), State.APPROVED),
    Act.REJECT: (frozenset({State.IN_REVIEW}), State.REJECTED),
    Act.WITHDRAW: (_UNDECIDED, State.WITHDRAWN),
    Act.ROLL: (frozenset({State.APPROVED}), State.ROLLING),
    Act.WIDEN: (frozenset({State.ROLLING}), State.ROLLING),
    Act.PAUSE: (frozenset({State.ROLLING}), State.ROLLING),
    Act.RESUME: (frozenset({State.ROLLING}), State.ROLLING),
    Act.PROMOTE: (frozenset({State.ROLLING}), State.RELEASED),
    Act.SUPERSEDE: (_RUNS, State.SUPERSEDED),
    Act.RESTORE: (frozenset({State.SUPERSEDED}), State.RELEASED),
    Act.ROLL_BACK: (_RUNS, State.REVOKED),
    Act.REVOKE: (_RUNS | {State.SUPERSEDED}, State.REVOKED),
    Act.CONFIRM: (frozenset({State.RELEASED}), State.RELEASED),
}


class Severity(StrEnum):
    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Finding:
    """rule: `R-…`, or empty for an officer's own. line, column: from 1; 0 where there is none. docs: an address."""

    rule: str
    severity: Severity
    message: Text
    advice: Text
    where: str = ""
    line: int = 0
    column: int = 0
    docs: str = ""
    by: Who = Who.MACHINE


@dataclass(frozen=True, slots=True)
class Step:
    """actor: `dev_…`, `mtp_…`, `stf_…`; empty for the machine. note: what they said of it.

    number: among all steps of the program's versions, from 1, in the order of their commits; 0 until it is kept, and of
    steps from before they were numbered.
    """

    act: Act
    state: State
    by: Who
    actor: str
    at: datetime
    note: str = field(default="", repr=False)
    number: int = 0


@dataclass(frozen=True, slots=True)
class Origin:
    """The run of a CI system that handed a version in. publisher: who let it in, `mtp_…`. claims: what its ID token
    said of the code and the workflow.
    """

    publisher: str
    issuer: str
    claims: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Version:
    """One package on its way. package: SHA-256 of it without its signing block, by which its upload is found.

    asked, domains: permissions and domains of its manifest. granted, allowed: those that the officer gave it.
    test_account: what reviewers sign in with, as the developer wrote it. queued: its place in the officers' queue;
    empty once they decided. release: the id of what it became; empty before. origin: None where a person handed it in.
    """

    id: str
    app_id: str
    organisation: str
    developer: str
    version_name: str
    version_code: int
    package: str
    files_h1: str
    size: int
    asked: frozenset[str]
    domains: frozenset[str]
    state: State
    created_at: datetime
    notes: str = field(default="", repr=False)
    test_account: str = field(default="", repr=False)
    findings: tuple[Finding, ...] = ()
    granted: frozenset[str] = frozenset()
    allowed: frozenset[str] = frozenset()
    not_before: datetime | None = None
    queued: str = ""
    release: str = ""
    steps: tuple[Step, ...] = ()
    origin: Origin | None = None

    @property
    def drawn(self) -> bool:
        """Whether it runs for all and is to be looked at again."""
        return self.state is State.RELEASED and bool(self.queued)

    def did_last(self, act: Act) -> bool:
        """Whether it is the last thing that a person did."""
        last = next((step for step in reversed(self.steps) if step.by is not Who.MACHINE), None)
        return last is not None and last.act is act

    def after(self, act: Act, *, by: Who, actor: str, at: datetime, note: str = "") -> Version:
        """The same version, one step on. Raises: VersionCannotChange."""
        before, state = TRANSITIONS[act]
        if self.state not in before:
            raise VersionCannotChange(act=act.value, state=self.state.value)
        return replace(self, state=state, steps=(*self.steps, Step(act, state, by, actor, at, note)))

    def numbered(self, number: int) -> Version:
        """With the number of its last step."""
        return replace(self, steps=(*self.steps[:-1], replace(self.steps[-1], number=number)))

    def move(self, number: int) -> Move:
        """Its step of that number. Raises: LookupError."""
        for before, step in zip((None, *self.steps), self.steps, strict=False):
            if step.number == number:
                return Move(self, step, before.state if before else None)
        raise LookupError(number)


@dataclass(frozen=True, slots=True)
class Move:
    """One step of a version, as followers are told of it. version: as it is by now. before: None for a new one."""

    version: Version
    step: Step
    before: State | None

    @property
    def number(self) -> int:
        return self.step.number

    @property
    def name(self) -> str:
        """As webhooks name what they tell: `version.approved`. What changes no state has a word of its own."""
        told = _SAME_STATE.get(self.step.act) if self.before is self.step.state else None
        return f"version.{told or self.step.state.value}"


_SAME_STATE: Final = {Act.WIDEN: "widened", Act.PAUSE: "paused", Act.RESUME: "resumed", Act.CONFIRM: "confirmed"}


def place_in_queue(id: str, at: datetime) -> str:
    """Who waits longest comes first."""
    return f"{epoch_ms(at):015d}:{id}"


# --- domains


def proved(origin: str, domains: Collection[str]) -> bool:
    """Whether an origin of a manifest (`https://api.example`) is at one of the domains that were proved."""
    return urlsplit(origin).hostname in domains


def tried(origin: str, domains: Collection[str]) -> bool:
    """Whether it may be spoken to by who builds the program: also their own machine."""
    return proved(origin, domains) or urlsplit(origin).scheme == "http"


# --- what is typed


def parse_note(text: str | None, field: str = "notes", *, most: int = NOTES_MAX) -> str:
    """Raises: BadInput."""
    told = (text or "").strip()
    if len(told) > most:
        raise BadInput(field=field, problem=f"must have {most} characters at most")
    return told


def parse_share(percent: float) -> int:
    """In hundredths of a percent. Raises: BadInput."""
    share = round(percent * (WHOLE / 100))
    if not 0 < share <= WHOLE:
        raise BadInput(field="percent", problem="must be above 0, and 100 at most")
    return share


def worst_first(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """As many as are kept, errors before warnings before notes."""
    rank = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.NOTE: 2}
    return tuple(sorted(findings, key=lambda one: rank[one.severity])[:FINDINGS_MAX])
