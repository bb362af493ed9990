"""How a case moves: one table, read by the model, checked when this module is loaded.

Rules
- A step is allowed when a row names its action, who takes it and the state that the case is in; there is no other way.
- Every state can be reached from `SUBMITTED`, and from every state a case can still come to an end.
- One who takes an action in one state comes to one place: no two rows compete.
- A step by which the case stays where it is (`to` is None) is internal: the reporter does not see it.
Source: the 12345 hotline's course of a case, simplified: 受理, 派单 and 签收 are ACCEPTED; 回访 is the rating; 重办 is
REOPENED. The shape is that of DIGIT PGR's workflow configuration.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from core.locale import Text


class Status(StrEnum):
    """Where a case stands."""

    SUBMITTED = "SUBMITTED"
    ACCEPTED = "ACCEPTED"
    IN_PROGRESS = "IN_PROGRESS"
    RESOLVED = "RESOLVED"
    CLOSED = "CLOSED"
    RETURNED = "RETURNED"
    REJECTED = "REJECTED"
    DUPLICATE = "DUPLICATE"
    REOPENED = "REOPENED"


class Action(StrEnum):
    """A step that somebody takes."""

    ACCEPT = "ACCEPT"
    START = "START"
    RESOLVE = "RESOLVE"
    CLOSE = "CLOSE"
    RETURN = "RETURN"
    ANSWER = "ANSWER"
    REJECT = "REJECT"
    MARK_DUPLICATE = "MARK_DUPLICATE"
    WITHDRAW = "WITHDRAW"
    REOPEN = "REOPEN"
    NOTE = "NOTE"


class By(StrEnum):
    """Who takes a step."""

    REPORTER = "REPORTER"
    HANDLER = "HANDLER"


class Need(StrEnum):
    """Whether a step takes a note or photos."""

    NO = "NO"
    MAY = "MAY"
    MUST = "MUST"


@dataclass(frozen=True, slots=True)
class Rule:
    """One row: `by` may take `action` in the states `sources`, and the case comes to `to`; None: it stays.

    photo: MUST holds for what can be photographed (`Category.visible`); elsewhere it means MAY.
    """

    action: Action
    by: By
    sources: tuple[Status, ...]
    to: Status | None
    note: Need = Need.MAY
    photo: Need = Need.MAY


_OPEN: Final = (Status.SUBMITTED, Status.ACCEPTED, Status.IN_PROGRESS, Status.REOPENED)

RULES: Final = (
    Rule(Action.ACCEPT, By.HANDLER, (Status.SUBMITTED,), Status.ACCEPTED),
    Rule(Action.START, By.HANDLER, (Status.ACCEPTED, Status.REOPENED), Status.IN_PROGRESS),
    Rule(Action.RESOLVE, By.HANDLER, (Status.IN_PROGRESS,), Status.RESOLVED, note=Need.MUST, photo=Need.MUST),
    Rule(Action.CLOSE, By.HANDLER, (Status.RESOLVED,), Status.CLOSED, photo=Need.NO),
    Rule(Action.CLOSE, By.REPORTER, (Status.RESOLVED,), Status.CLOSED, photo=Need.NO),
    Rule(Action.RETURN, By.HANDLER, _OPEN, Status.RETURNED, note=Need.MUST),
    Rule(Action.ANSWER, By.REPORTER, (Status.RETURNED,), Status.SUBMITTED, note=Need.MUST),
    Rule(Action.REJECT, By.HANDLER, (*_OPEN, Status.RETURNED), Status.REJECTED, note=Need.MUST),
    Rule(Action.MARK_DUPLICATE, By.HANDLER, (Status.SUBMITTED, Status.ACCEPTED), Status.DUPLICATE),
    Rule(Action.WITHDRAW, By.REPORTER, (Status.SUBMITTED, Status.ACCEPTED, Status.RETURNED), Status.CLOSED),
    Rule(
        Action.REOPEN,
        By.REPORTER,
        (Status.RESOLVED, Status.CLOSED, Status.REJECTED, Status.DUPLICATE),
        Status.REOPENED,
        note=Need.MUST,
    ),
    Rule(Action.NOTE, By.HANDLER, tuple(Status), None, note=Need.MUST),
)

INITIAL: Final = Status.SUBMITTED
FINAL: Final = frozenset({Status.CLOSED, Status.REJECTED, Status.DUPLICATE})
# The city has said that it is done: the clock towards the due time stands.
SETTLED: Final = FINAL | {Status.RESOLVED}

STATUS_LABELS: Final[dict[Status, Text]] = {
    Status.SUBMITTED: Text(zh="待受理", en="Submitted"),
    Status.ACCEPTED: Text(zh="已受理", en="Accepted"),
    Status.IN_PROGRESS: Text(zh="办理中", en="In progress"),
    Status.RESOLVED: Text(zh="已办结", en="Resolved"),
    Status.CLOSED: Text(zh="已关闭", en="Closed"),
    Status.RETURNED: Text(zh="待补充", en="More information needed"),
    Status.REJECTED: Text(zh="不予受理", en="Rejected"),
    Status.DUPLICATE: Text(zh="重复件", en="Duplicate"),
    Status.REOPENED: Text(zh="重新办理", en="Reopened"),
}

ACTION_LABELS: Final[dict[Action, Text]] = {
    Action.ACCEPT: Text(zh="受理", en="Accept"),
    Action.START: Text(zh="开始办理", en="Start work"),
    Action.RESOLVE: Text(zh="办结", en="Resolve"),
    Action.CLOSE: Text(zh="关闭", en="Close"),
    Action.RETURN: Text(zh="退回补充", en="Ask for more"),
    Action.ANSWER: Text(zh="补充说明", en="Answer"),
    Action.REJECT: Text(zh="不予受理", en="Reject"),
    Action.MARK_DUPLICATE: Text(zh="标记重复", en="Mark as duplicate"),
    Action.WITHDRAW: Text(zh="撤回", en="Withdraw"),
    Action.REOPEN: Text(zh="要求重办", en="Reopen"),
    Action.NOTE: Text(zh="内部备注", en="Internal note"),
}


@dataclass(frozen=True, slots=True)
class Workflow:
    """A checked table, for look-up. Made by `of`."""

    rows: Mapping[tuple[Action, By, Status], Rule]

    @classmethod
    def of(cls, rules: Iterable[Rule], *, initial: Status = INITIAL, final: Collection[Status] = FINAL) -> Workflow:
        """Raises: ValueError when two rows compete, a state is out of reach, or there is no way out of one."""
        rows: dict[tuple[Action, By, Status], Rule] = {}
        for rule in rules:
            for source in rule.sources:
                key = (rule.action, rule.by, source)
                if key in rows:
                    raise ValueError(f"two rows for {', '.join(key)}")
                rows[key] = rule
        moves = {(source, rule.to) for (_, _, source), rule in rows.items() if rule.to is not None}
        if lost := set(Status) - _closure(moves, {initial}):
            raise ValueError(f"cannot be reached: {', '.join(sorted(lost))}")
        if stuck := set(Status) - _closure({(to, source) for source, to in moves}, set(final)):
            raise ValueError(f"no way out of: {', '.join(sorted(stuck))}")
        return cls(rows)

    def rule(self, *, action: Action, by: By, status: Status) -> Rule | None:
        return self.rows.get((action, by, status))

    def open_to(self, *, by: By, status: Status) -> list[Rule]:
        """What may be done now, in the table's order."""
        return [rule for (_, who, source), rule in self.rows.items() if (who, source) == (by, status)]


def _closure(moves: Collection[tuple[Status, Status]], start: set[Status]) -> set[Status]:
    """Every state that the moves lead to from `start`, itself included."""
    reached = set(start)
    while more := {to for source, to in moves if source in reached} - reached:
        reached |= more
    return reached


WORKFLOW: Final = Workflow.of(RULES)
