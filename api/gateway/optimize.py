"""Fewer calls for the same answer: passes over the drawn fetches, each small and named.

1. `_ordered`: each draft after what it depends on.
2. `_without_implied`: a dependency that another one already implies is dropped.
3. `_Batching`: entity drafts that ask one subgraph side by side become one call, each in a lane of its own; so does
   one that can wait for a later call about the same objects. Lanes that ask the same at several paths become one.
   A lane sends only the references that could be made, so a failed subgraph takes along no more than without the pass.

Levels (how many fetches stand before each) are worked out once: a guest joins a host of its own level, or a later one
that stands before everything that waits for the guest, and neither changes the level of any draft. The latest drafts
are joined first, so at most one host is left of each subgraph and level, and the work is drafts times levels.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, field

from api.gateway.fetches import Draft, Lane, Path, Tree
from api.gateway.limits import Budget


def optimize(drafts: Sequence[Draft], budget: Budget) -> list[Draft]:
    """Run every pass; drafts come back in an order in which each stands after what it depends on.

    Raises: PlanTooCostly.
    """
    ordered = _without_implied(_ordered(drafts), budget)
    batching = _Batching(drafts={d.number: d for d in ordered}, levels=_levels(ordered), budget=budget)
    return _without_implied(_ordered(batching.joined()), budget)


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


def _without_implied(drafts: list[Draft], budget: Budget) -> list[Draft]:
    before: dict[int, set[int]] = {}
    for draft in drafts:
        budget.spend(1 + len(draft.depends))
        implied: set[int] = set().union(*(before[n] for n in draft.depends))
        before[draft.number] = draft.depends | implied
        draft.depends -= implied
    return drafts


def _levels(drafts: Iterable[Draft]) -> dict[int, int]:
    """How many fetches stand before each, at most."""
    found: dict[int, int] = {}
    for draft in drafts:
        found[draft.number] = 1 + max((found[n] for n in draft.depends), default=-1)
    return found


@dataclass(slots=True)
class _Batching:
    """Joins each entity draft to the latest host that it may wait for.

    drafts: those that still stand, by number, in order. waiting: by number, who depends on it. paths: by number, where
    a draft's entities stand. twins: the lane of a draft that asks a certain thing. shapes: what each tree asks.
    """

    drafts: dict[int, Draft]
    levels: dict[int, int]
    budget: Budget
    waiting: dict[int, set[int]] = field(default_factory=dict)
    hosts: dict[str, list[Draft]] = field(default_factory=dict)
    paths: dict[int, set[Path]] = field(default_factory=dict)
    twins: dict[tuple[int, Hashable], Lane] = field(default_factory=dict)
    shapes: dict[int, Hashable] = field(default_factory=dict)

    def joined(self) -> list[Draft]:
        for draft in self.drafts.values():
            self.waiting.setdefault(draft.number, set())
            for number in draft.depends:
                self.waiting.setdefault(number, set()).add(draft.number)
        entities = [d for d in self.drafts.values() if d.lanes]
        for draft in sorted(entities, key=lambda d: -self.levels[d.number]):
            host = self._host(draft)
            if host is None:
                self._settle(draft)
            else:
                self._join(host, draft)
        return list(self.drafts.values())

    def _settle(self, draft: Draft) -> None:
        self.hosts.setdefault(draft.graph, []).append(draft)
        self.paths[draft.number] = {stop.path for lane in draft.lanes for stop in lane.stops}
        for lane in draft.lanes:
            self.twins[draft.number, self._asks(lane)] = lane

    def _host(self, guest: Draft) -> Draft | None:
        """Who can ask for `guest`: the latest that asks later of the same objects, before anything waits for `guest`;
        else the one that is asked side by side with it."""
        mine = self.levels[guest.number]
        for host in self.hosts.get(guest.graph, ()):
            self.budget.spend()
            if self.levels[host.number] == mine or self._can_wait(guest, host):
                return host
        return None

    def _can_wait(self, guest: Draft, host: Draft) -> bool:
        theirs = self.levels[host.number]
        if any(self.levels[number] <= theirs for number in self.waiting[guest.number]):
            return False
        paths = self.paths[host.number]
        same = all(stop.path in paths for lane in guest.lanes for stop in lane.stops)
        return same and guest.number not in self._ancestors(host)

    def _ancestors(self, draft: Draft) -> set[int]:
        found: set[int] = set()
        pending = list(draft.depends)
        while pending:
            number = pending.pop()
            if number not in found:
                self.budget.spend()
                found.add(number)
                pending.extend(self.drafts[number].depends)
        return found

    def _join(self, host: Draft, guest: Draft) -> None:
        host.depends |= guest.depends
        for lane in guest.lanes:
            twin = self.twins.setdefault((host.number, self._asks(lane)), lane)
            if twin is lane:
                host.lanes.append(lane)
            else:
                twin.stops.extend(lane.stops)
            self.paths[host.number].update(stop.path for stop in lane.stops)
        for number in guest.depends:
            self.waiting[number] = self.waiting[number] - {guest.number} | {host.number}
        for number in self.waiting.pop(guest.number):
            self.drafts[number].depends = self.drafts[number].depends - {guest.number} | {host.number}
            self.waiting[host.number].add(number)
        del self.drafts[guest.number]

    def _asks(self, lane: Lane) -> Hashable:
        """What a lane asks of which objects: equal for lanes that can be one."""
        trees = frozenset((declared, self._shape(tree)) for declared, tree in lane.trees.items())
        return trees, tuple(lane.representations)

    def _shape(self, tree: Tree) -> Hashable:
        found = self.shapes.get(id(tree))
        if found is None:
            branches = frozenset(
                (on, frozenset((n.key, n.call, self._shape(n.sub) if n.sub else None) for n in nodes.values()))
                for on, nodes in tree.branches.items()
            )
            found = self.shapes[id(tree)] = (tree.declared, tree.typename, branches)
        return found
