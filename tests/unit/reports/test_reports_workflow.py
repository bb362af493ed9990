"""The table by which cases move."""

from __future__ import annotations

import pytest

from api.domains.reports.workflow import (
    ACTION_LABELS,
    FINAL,
    RULES,
    STATUS_LABELS,
    WORKFLOW,
    Action,
    By,
    Need,
    Rule,
    Status,
    Workflow,
)

S, A = Status, Action

# What each side may do, state by state, and where it leads. Whatever is not here is refused.
HANDLER = {
    S.SUBMITTED: {A.ACCEPT: S.ACCEPTED, A.RETURN: S.RETURNED, A.REJECT: S.REJECTED, A.MARK_DUPLICATE: S.DUPLICATE},
    S.ACCEPTED: {A.START: S.IN_PROGRESS, A.RETURN: S.RETURNED, A.REJECT: S.REJECTED, A.MARK_DUPLICATE: S.DUPLICATE},
    S.IN_PROGRESS: {A.RESOLVE: S.RESOLVED, A.RETURN: S.RETURNED, A.REJECT: S.REJECTED},
    S.RESOLVED: {A.CLOSE: S.CLOSED},
    S.CLOSED: {},
    S.RETURNED: {A.REJECT: S.REJECTED},
    S.REJECTED: {},
    S.DUPLICATE: {},
    S.REOPENED: {A.START: S.IN_PROGRESS, A.RETURN: S.RETURNED, A.REJECT: S.REJECTED},
}
REPORTER = {
    S.SUBMITTED: {A.WITHDRAW: S.CLOSED},
    S.ACCEPTED: {A.WITHDRAW: S.CLOSED},
    S.IN_PROGRESS: {},
    S.RESOLVED: {A.CLOSE: S.CLOSED, A.REOPEN: S.REOPENED},
    S.CLOSED: {A.REOPEN: S.REOPENED},
    S.RETURNED: {A.ANSWER: S.SUBMITTED, A.WITHDRAW: S.CLOSED},
    S.REJECTED: {A.REOPEN: S.REOPENED},
    S.DUPLICATE: {A.REOPEN: S.REOPENED},
    S.REOPENED: {},
}


@pytest.mark.parametrize("status", Status)
def test_who_may_do_what_in_which_state(status: Status) -> None:
    def allowed(by: By) -> dict[Action, Status | None]:
        return {rule.action: rule.to for rule in WORKFLOW.open_to(by=by, status=status)}

    assert allowed(By.HANDLER) == {**HANDLER[status], A.NOTE: None}
    assert allowed(By.REPORTER) == REPORTER[status]


def test_what_needs_a_reason_and_what_needs_a_photo() -> None:
    noted = {(rule.action, rule.by) for rule in RULES if rule.note is Need.MUST}
    assert noted == {
        (A.RESOLVE, By.HANDLER),
        (A.RETURN, By.HANDLER),
        (A.ANSWER, By.REPORTER),
        (A.REJECT, By.HANDLER),
        (A.REOPEN, By.REPORTER),
        (A.NOTE, By.HANDLER),
    }
    assert {rule.action for rule in RULES if rule.photo is Need.MUST} == {A.RESOLVE}
    assert {rule.action for rule in RULES if rule.photo is Need.NO} == {A.CLOSE}


def without(action: Action) -> list[Rule]:
    return [rule for rule in RULES if rule.action is not action]


@pytest.mark.parametrize(
    ("rules", "fault"),
    [
        (without(A.START), "cannot be reached: IN_PROGRESS, RESOLVED"),
        (without(A.REOPEN), "cannot be reached: REOPENED"),
        (without(A.RETURN), "cannot be reached: RETURNED"),
        ([*RULES, Rule(A.ACCEPT, By.HANDLER, (S.SUBMITTED,), S.CLOSED)], "two rows for ACCEPT, HANDLER, SUBMITTED"),
        (
            [
                Rule(A.ACCEPT, By.HANDLER, (S.SUBMITTED,), S.ACCEPTED),
                *(Rule(A.START, By.HANDLER, (one,), two) for one, two in zip(list(S)[1:], list(S)[2:], strict=False)),
            ],
            "no way out of: REOPENED",
        ),
    ],
    ids=["unreachable-resolved", "unreachable-reopened", "unreachable-returned", "two-rows", "dead-end"],
)
def test_a_broken_table_is_not_loaded(rules: list[Rule], fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        Workflow.of(rules)


def test_a_state_without_an_end_is_told() -> None:
    with pytest.raises(ValueError, match="no way out of"):
        Workflow.of(RULES, final=frozenset())
    assert Workflow.of(RULES, final=FINAL).rows == WORKFLOW.rows


def test_every_state_and_step_is_named_in_both_languages() -> None:
    assert set(STATUS_LABELS) == set(Status)
    assert set(ACTION_LABELS) == set(Action)
    assert all(label.zh and label.en for label in [*STATUS_LABELS.values(), *ACTION_LABELS.values()])
