"""Fewer calls for the same answer: passes over the drawn fetches, each small and named.

- `_without_implied`: a dependency that another one already implies is dropped, so the plan reads as it runs.
Seams: `BatchFetch` (entity drafts of one wave to one subgraph under aliases), folding equal type branches.
"""

from __future__ import annotations

from collections.abc import Sequence

from api.gateway.fetches import Draft


def optimize(drafts: Sequence[Draft]) -> list[Draft]:
    """Run every pass; drafts come back in an order in which each stands after what it depends on."""
    return _without_implied(_ordered(drafts))


def _ordered(drafts: Sequence[Draft]) -> list[Draft]:
    by_number = {d.number: d for d in drafts}
    done: dict[int, Draft] = {}

    def place(draft: Draft) -> None:
        for number in sorted(draft.depends):
            if number not in done:
                place(by_number[number])
        done.setdefault(draft.number, draft)

    for draft in drafts:
        place(draft)
    return list(done.values())


def _without_implied(drafts: list[Draft]) -> list[Draft]:
    before: dict[int, set[int]] = {}
    for draft in drafts:
        reach = {n: before[n] for n in draft.depends}
        implied = set().union(*reach.values()) if reach else set()
        before[draft.number] = draft.depends | implied
        draft.depends -= implied
    return drafts
