"""Fewer calls for the same answer: passes over the drawn fetches, each small and named.

1. `_ordered`: each draft after what it depends on.
2. `_without_implied`: a dependency that another one already implies is dropped.
3. `_batched`: entity drafts that ask one subgraph side by side become one call, each in a lane of its own; so does
   one that can wait for a later call about the same objects. Lanes that ask the same at several paths become one.
   A lane sends only the references that could be made, so a failed subgraph takes along no more than without the pass.
"""

from __future__ import annotations

from collections.abc import Sequence

from api.gateway.fetches import Draft


def optimize(drafts: Sequence[Draft]) -> list[Draft]:
    """Run every pass; drafts come back in an order in which each stands after what it depends on."""
    return _without_implied(_batched(_without_implied(_ordered(drafts))))


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
        implied: set[int] = set().union(*(before[n] for n in draft.depends))
        before[draft.number] = draft.depends | implied
        draft.depends -= implied
    return drafts


def _batched(drafts: list[Draft]) -> list[Draft]:
    """Join each entity draft to the latest host that it may wait for."""
    for draft in [d for d in reversed(drafts) if d.lanes]:
        levels = _levels(drafts)
        hosts = [d for d in drafts if _hosts(d, draft, levels, drafts)]
        if hosts:
            _join(max(hosts, key=lambda d: levels[d.number]), draft, drafts)
            drafts = _ordered([d for d in drafts if d is not draft])
    return drafts


def _hosts(host: Draft, guest: Draft, levels: dict[int, int], drafts: Sequence[Draft]) -> bool:
    """Whether `guest` can be asked in `host`'s call: they run side by side, or `host` asks later of the same objects
    and nothing waits for `guest` until then."""
    if host is guest or host.graph != guest.graph or not host.lanes:
        return False
    mine, theirs = levels[guest.number], levels[host.number]
    if theirs == mine:
        return True
    awaited = min((levels[d.number] for d in drafts if guest.number in d.depends), default=theirs + 1)
    paths = {stop.path for lane in host.lanes for stop in lane.stops}
    same = all(stop.path in paths for lane in guest.lanes for stop in lane.stops)
    return mine < theirs < awaited and same and guest.number not in _ancestors(host, drafts)


def _levels(drafts: Sequence[Draft]) -> dict[int, int]:
    """How many fetches stand before each, at most."""
    found: dict[int, int] = {}
    for draft in drafts:
        found[draft.number] = 1 + max((found[n] for n in draft.depends), default=-1)
    return found


def _ancestors(draft: Draft, drafts: Sequence[Draft]) -> set[int]:
    by_number = {d.number: d for d in drafts}
    found: set[int] = set()
    pending = list(draft.depends)
    while pending:
        number = pending.pop()
        if number not in found:
            found.add(number)
            pending.extend(by_number[number].depends)
    return found


def _join(host: Draft, guest: Draft, drafts: Sequence[Draft]) -> None:
    host.depends |= guest.depends
    for lane in guest.lanes:
        twin = next((held for held in host.lanes if held.alike(lane)), None)
        if twin is None:
            host.lanes.append(lane)
        else:
            twin.stops.extend(lane.stops)
    for draft in drafts:
        if guest.number in draft.depends:
            draft.depends = (draft.depends - {guest.number}) | {host.number}
