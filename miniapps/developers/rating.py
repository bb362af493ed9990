"""How far the city trusts who builds (白名单): worked out from what happened whenever it is asked, never stored.

Rules
- Everybody begins in the middle. That the register knows an organisation, its age and its releases add; what was
  rejected, what went wrong and what was taken back of it take away.
- The best grade is for organisations that the register knows. No number blocks anybody: only an officer does, who may
  also set a grade; theirs stands until they take it back.
- A fact counts for a year.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final

from core.locale import Text

COUNTED_FOR: Final = timedelta(days=365)
_BEGIN: Final = 50
_VERIFIED: Final = 20
_MONTHS_MAX: Final = 10


class Grade(StrEnum):
    A = "A"
    B = "B"
    C = "C"
    D = "D"
    BLOCKED = "BLOCKED"


class Fact(StrEnum):
    """What is noted of an account, in the transaction in which it happens.

    REJECTED: officers said no to a version. REVOKED: officers took a version or a program back. INCIDENT: something
    went wrong with a released version, so that it was rolled back or reported.
    """

    RELEASED = "released"
    REJECTED = "rejected"
    REVOKED = "revoked"
    INCIDENT = "incident"


# What one of them adds, and what all of a kind add at most.
_WEIGHTS: Final[Mapping[Fact, tuple[int, int]]] = {
    Fact.RELEASED: (2, 20),
    Fact.REJECTED: (-4, -40),
    Fact.REVOKED: (-25, -100),
    Fact.INCIDENT: (-10, -60),
}
_FROM: Final = ((Grade.A, 85), (Grade.B, 65), (Grade.C, 40), (Grade.D, 0))


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a grade may: apps_max of one account, submissions_per_day of all of them together, and with how many
    per cent of a program's citizens a rollout begins at most. step_stands: how long a share stands before more get the
    version, and then ten times as many at most; None: it goes on as they like.
    """

    apps_max: int
    submissions_per_day: int
    rollout_begins_percent_max: float
    step_stands: timedelta | None = None


ALLOWANCES: Final[Mapping[Grade, Allowance]] = {
    Grade.A: Allowance(100, 50, 100),
    Grade.B: Allowance(30, 20, 20),
    Grade.C: Allowance(5, 10, 5),
    Grade.D: Allowance(1, 3, 1, step_stands=timedelta(days=1)),
    Grade.BLOCKED: Allowance(0, 0, 0),
}


@dataclass(frozen=True, slots=True)
class Facts:
    """verified: by the register of organisations. age_days: of the account. counts: of the last year. by_officer: the
    grade that one set.
    """

    verified: bool
    age_days: int
    counts: Mapping[Fact, int]
    by_officer: Grade | None = None


@dataclass(frozen=True, slots=True)
class Reason:
    """points: what it adds to the score; None where it decides the grade by itself."""

    text: Text
    points: int | None


@dataclass(frozen=True, slots=True)
class Rating:
    """score: 0 to 100."""

    grade: Grade
    score: int
    reasons: tuple[Reason, ...]

    @property
    def allowance(self) -> Allowance:
        return ALLOWANCES[self.grade]


_WORDS: Final[Mapping[Fact, Text]] = {
    Fact.RELEASED: Text(zh="一年内发布版本 {count} 个", en="{count} releases within a year"),
    Fact.REJECTED: Text(zh="一年内审核未通过 {count} 次", en="{count} rejections within a year"),
    Fact.REVOKED: Text(zh="一年内被下架 {count} 次", en="{count} revocations within a year"),
    Fact.INCIDENT: Text(zh="一年内运行事件 {count} 起", en="{count} incidents within a year"),
}


def rating(facts: Facts) -> Rating:
    """The same facts are the same rating."""
    reasons = [Reason(Text(zh="起始分", en="To begin with"), _BEGIN)]
    if facts.verified:
        reasons.append(Reason(Text(zh="法人库已核验", en="Known to the register of organisations"), _VERIFIED))
    if months := min(facts.age_days // 30, _MONTHS_MAX):
        reasons.append(Reason(Text(zh="入驻时间", en="Time since it registered"), months))
    reasons += [_counted(fact, count) for fact, count in sorted(facts.counts.items()) if count]
    score = max(0, min(100, sum(reason.points or 0 for reason in reasons)))
    if facts.by_officer is not None:
        told = Reason(Text(zh="由管理人员评定", en="Set by an officer"), None)
        return Rating(facts.by_officer, score, (*reasons, told))
    return Rating(_grade(score, verified=facts.verified), score, tuple(reasons))


def _counted(fact: Fact, count: int) -> Reason:
    each, most = _WEIGHTS[fact]
    points = max(each * count, most) if most < 0 else min(each * count, most)
    words = _WORDS[fact]
    return Reason(Text(zh=words.zh.format(count=count), en=words.en.format(count=count)), points)


def _grade(score: int, *, verified: bool) -> Grade:
    reached = next(grade for grade, least in _FROM if score >= least)
    return Grade.B if reached is Grade.A and not verified else reached
