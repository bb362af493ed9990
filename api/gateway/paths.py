"""Where each field can come from, at what price: the decisions, before any fetch is drawn.

A *site* is a place seen by one subgraph. For every field wanted there the ways are:
- it is answered here: the subgraph resolves the field on that type (or a path above `@provides` it);
- another subgraph is entered by one of its keys, whose fields are themselves obtained from this site, so a chain of
  keys is a recursion and nothing special; `@requires` are further fields to obtain before entering;
- an interface is answered as one where the subgraph resolves the field for every type it knows behind it, and
  otherwise type by type; an interface object is entered under the interface's name.

What no way reaches from one site becomes the *residue*, for which the field above is asked a second time in another
subgraph (a value type split over its parents, a shared root).
Work is counted against a budget (each way that is weighed, each answer that is tentative in a circle of keys); a query
that would make it explode is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from api.gateway.choice import FETCH_COST, WAIT_COST, Chosen, Decision, Step, Way, leaves, together
from api.gateway.limits import Budget
from api.gateway.normalize import field_set
from api.gateway.ownership import FieldJoin
from api.gateway.selection import Call, Field, Normalized, Selection
from api.gateway.supergraph import Supergraph

T = TypeVar("T")
# No open question: deeper than any.
_NONE: Final = 1 << 30


@dataclass(slots=True)
class Paths:
    """Decides, for one plan.

    Of questions about sites (`_once`): `_memo` holds the final answers; `_open` those being answered, with their depth;
    `_tentative` answers that rest on an open question, with the lowest such depth, and `_order` their order;
    `_guesses` what the last round round a circle found.
    """

    supergraph: Supergraph
    budget: Budget
    _memo: dict[tuple[Any, ...], Any] = field(default_factory=dict)
    _open: dict[tuple[Any, ...], int] = field(default_factory=dict)
    _lowest: int = _NONE
    _tentative: dict[tuple[Any, ...], tuple[Any, int]] = field(default_factory=dict)
    _guesses: dict[tuple[Any, ...], Any] = field(default_factory=dict)
    _order: list[tuple[Any, ...]] = field(default_factory=list)
    _kept: list[object] = field(default_factory=list)

    # Decisions

    def root(self, operation: Normalized) -> Decision:
        """How the root fields are obtained.

        Raises: PlanTooCostly.
        """
        asked = [f for f in operation.selection.planned if f.call.name != "__typename"]
        ways = [(f, list(self._root_ways(operation.root_type, f))) for f in asked]
        return self._assembled(operation.root_type, self._choose(ways, set()))

    def at(self, graph: str, type_name: str, provides: Selection | None, wanted: Selection) -> Decision:
        """How `wanted` is obtained where `graph` stands on `type_name`.

        Raises: PlanTooCostly.
        """
        key = ("at", graph, type_name, id(provides), id(wanted))
        self._kept.append((provides, wanted))
        return self._once(key, lambda: self._decide(graph, type_name, provides, wanted), Decision(missing=1 << 20))

    def below(self, step: Step, provides: Selection | None) -> tuple[str, Selection | None]:
        """The type that `step` leads to in its subgraph, and what is provided there."""
        join = self._join(step.graph, step.owner, step.field.call.name)
        assert join is not None
        inner = None if step.enter else self._provided(provides, step.field.call.name, step.field.types)
        if join.provides:
            return join.type.named, self.set_of(join.type.named, join.provides)
        return join.type.named, inner.sub if inner else None

    def set_of(self, type_name: str, text: str) -> Selection:
        """A field set as a selection, one object per text so that decisions on it are shared."""
        key = ("set", type_name, text)
        if key not in self._memo:
            self._memo[key] = field_set(self.supergraph, type_name, text)
        found: Selection = self._memo[key]
        return found

    def inputs(self, step: Step) -> Selection:
        """What must be known of an object before `step` can enter: key and requires."""
        key = ("inputs", step.owner, step.key, step.requires)
        if key not in self._memo:
            sets = [self.set_of(step.owner, text) for text in (step.key, step.requires) if text]
            self._memo[key] = Selection(fields=tuple(f for s in sets for f in s.fields))
        found: Selection = self._memo[key]
        return found

    def _decide(self, graph: str, type_name: str, provides: Selection | None, wanted: Selection) -> Decision:
        definition = self.supergraph.types[type_name]
        if not definition.abstract:
            fields = [f for f in wanted.planned if type_name in f.types]
            return self._assembled(type_name, self._decide_object(graph, type_name, provides, fields, set()))
        if self.supergraph.is_interface_object(graph, type_name):
            return self._decide_interface_object(graph, type_name, provides, wanted)
        return self._decide_abstract(graph, type_name, provides, wanted)

    def _decide_object(
        self, graph: str, type_name: str, provides: Selection | None, fields: Iterable[Field], entered: set[str]
    ) -> Chosen:
        asked = [f for f in fields if f.call.name != "__typename"]
        return self._choose([(f, list(self._ways(graph, type_name, provides, f))) for f in asked], entered)

    def _decide_abstract(self, graph: str, type_name: str, provides: Selection | None, wanted: Selection) -> Decision:
        members = self.supergraph.members_in(graph, type_name)
        folded: dict[str, list[Field]] = {}
        single: dict[str, list[Field]] = {}
        for wanted_field in wanted.planned:
            reached = wanted_field.types & members
            if not reached or wanted_field.call.name == "__typename":
                continue
            fold = self._fold(graph, type_name, reached, provides, wanted_field)
            for name in (fold,) if fold else sorted(reached):
                (folded if fold else single).setdefault(name, []).append(wanted_field)
        entered: set[str] = set()
        chosen = [(on, self._choose(self._here(graph, on, provides, fs), entered)) for on, fs in folded.items()]
        chosen += [(on, self._decide_object(graph, on, provides, fs, entered)) for on, fs in single.items()]
        return together(chosen)

    def _decide_interface_object(
        self, graph: str, type_name: str, provides: Selection | None, wanted: Selection
    ) -> Decision:
        everyone = self.supergraph.members(type_name)
        ways: list[tuple[Field, list[Way]]] = []
        discovery: Field | None = None
        for wanted_field in wanted.planned:
            if wanted_field.call.name == "__typename" or not wanted_field.types >= everyone:
                discovery = discovery or wanted_field
            if wanted_field.call.name != "__typename":
                found = list(self._ways(graph, type_name, provides, wanted_field))
                found += self._unmasking_ways(graph, type_name, provides, wanted_field)
                ways.append((wanted_field, found))
        if discovery is not None:
            typename = discovery if discovery.call.name == "__typename" else _typename(everyone)
            ways.append((typename, list(self._unmasking_ways(graph, type_name, provides, typename))))
        return self._assembled(type_name, self._choose(ways, set()))

    # Ways

    def _root_ways(self, root_type: str, wanted: Field) -> Iterator[Way]:
        definition = self.supergraph.field_of(root_type, wanted.call.name)
        for graph, join in definition.joins.items() if definition else ():
            if join.resolvable:
                step = Step(field=wanted, graph=graph, owner=root_type, enter=True)
                yield self._way(step, None, entry_cost=FETCH_COST)

    def _here(
        self, graph: str, on: str, provides: Selection | None, fields: Sequence[Field]
    ) -> list[tuple[Field, list[Way]]]:
        return [(f, [self._way(Step(field=f, graph=graph, owner=on), provides)]) for f in fields]

    def _ways(self, graph: str, type_name: str, provides: Selection | None, wanted: Field) -> Iterator[Way]:
        name = wanted.call.name
        if self._answers(graph, type_name, name, self._provided(provides, name, self.supergraph.members(type_name))):
            here = self._way(Step(field=wanted, graph=graph, owner=type_name), provides)
            yield here
            if not here.missing and not here.cost:
                return  # No other way can be better.
        for owner in (type_name, *self.supergraph.interfaces_of(type_name)):
            definition = self.supergraph.field_of(owner, name)
            for target, join in definition.joins.items() if definition else ():
                by_own_name = owner == type_name and not self._real_interface(target, owner)
                if not join.resolvable or not (by_own_name or self.supergraph.is_interface_object(target, owner)):
                    continue
                if target == graph and owner == type_name and not join.requires:
                    continue
                yield from self._entering(graph, type_name, provides, wanted, target, owner, join.requires)

    def _unmasking_ways(self, graph: str, type_name: str, provides: Selection | None, wanted: Field) -> Iterator[Way]:
        """Ways out of an interface object, through a subgraph that knows which type each object really is."""
        for target in self.supergraph.types[type_name].joins:
            if self._real_interface(target, type_name):
                yield from self._entering(graph, type_name, provides, wanted, target, type_name, "")

    def _entering(
        self,
        graph: str,
        type_name: str,
        provides: Selection | None,
        wanted: Field,
        target: str,
        owner: str,
        requires: str,
    ) -> Iterator[Way]:
        entry = self._entry(graph, type_name, provides, target, owner)
        if entry is None:
            return
        key, key_cost = entry
        requires_cost = self._requires_cost(graph, type_name, provides, requires, owner, target, wanted.call.name)
        if requires_cost is None:
            return
        step = Step(field=wanted, graph=target, owner=owner, enter=True, key=key, requires=requires)
        waits = requires_cost > 0 or target == graph
        yield self._way(step, None, entry_cost=FETCH_COST + key_cost, cost=requires_cost, shares=not waits)

    def _way(
        self, step: Step, provides: Selection | None, *, entry_cost: int = 0, cost: int = 0, shares: bool = True
    ) -> Way:
        self.budget.spend()
        if step.field.sub is None:
            return Way(step, 0, entry_cost, cost, None, shares, provides)
        found = self._below_decision(step, provides)
        return Way(step, found.missing, entry_cost, cost + found.cost, found.residue, shares, provides)

    def _below_decision(self, step: Step, provides: Selection | None) -> Decision:
        assert step.field.sub is not None
        if self.unmasks(step):
            return self.at(step.graph, step.owner, None, self.alone(step.field))
        type_name, inner = self.below(step, provides)
        return self.at(step.graph, type_name, inner, step.field.sub)

    def _entry(
        self, graph: str, type_name: str, provides: Selection | None, target: str, owner: str
    ) -> tuple[str, int] | None:
        """The cheapest key by which `target` is entered from this site, with what it costs to know that key."""

        def find() -> tuple[str, int] | None:
            join = self.supergraph.types[owner].joins.get(target)
            costs = []
            for key in join.keys if join else ():
                if key.resolvable:
                    wanted = self.set_of(owner, key.fields)
                    decision = self.at(graph, type_name, provides, wanted)
                    if not decision.missing:
                        costs.append((decision.cost, key.fields))
            return min(costs)[::-1] if costs else None

        return self._once(("entry", graph, type_name, id(provides), target, owner), find, None)

    def _requires_cost(
        self, graph: str, type_name: str, provides: Selection | None, requires: str, owner: str, target: str, name: str
    ) -> int | None:
        if not requires:
            return 0

        def find() -> int | None:
            decision = self.at(graph, type_name, provides, self.set_of(owner, requires))
            return None if decision.missing else decision.cost + (WAIT_COST if decision.cost else 0)

        key = ("requires", graph, type_name, id(provides), requires, owner, target, name)
        return self._once(key, find, None)

    # Facts

    def _join(self, graph: str, type_name: str, name: str) -> FieldJoin | None:
        definition = self.supergraph.field_of(type_name, name)
        return definition.joins.get(graph) if definition else None

    def _answers(self, graph: str, type_name: str, name: str, provided: Field | None) -> bool:
        join = self._join(graph, type_name, name)
        return join is not None and (provided is not None or (join.resolvable and not join.requires))

    def _provided(self, provides: Selection | None, name: str, types: frozenset[str]) -> Field | None:
        for candidate in provides.fields if provides else ():
            if candidate.call.name == name and candidate.types & types:
                return candidate
        return None

    def unmasks(self, step: Step) -> bool:
        """Whether the step enters under an interface's name where that is a real interface."""
        return step.enter and self._real_interface(step.graph, step.owner)

    def _real_interface(self, graph: str, type_name: str) -> bool:
        definition = self.supergraph.types[type_name]
        return definition.abstract and graph in definition.joins and not definition.joins[graph].interface_object

    def _fold(
        self, graph: str, type_name: str, reached: frozenset[str], provides: Selection | None, wanted: Field
    ) -> str | None:
        """An interface under which the subgraph answers the field for exactly the types in `reached`."""
        if len(reached) == 1 and not self._answers(graph, type_name, wanted.call.name, None):
            return None
        members = self.supergraph.members_in(graph, type_name)
        shared = set.intersection(*(set(self.supergraph.interfaces_of(t)) for t in reached))
        for candidate in (type_name, *sorted(shared)):
            exact = self.supergraph.members_in(graph, candidate) & members == reached
            if exact and self._answers_for_all(graph, candidate, reached, provides, wanted):
                return candidate
        return None

    def _answers_for_all(
        self, graph: str, interface: str, reached: frozenset[str], provides: Selection | None, wanted: Field
    ) -> bool:
        name = wanted.call.name
        if self._join(graph, interface, name) is None or not self._real_interface(graph, interface):
            return False
        return all(self._answers(graph, t, name, self._provided(provides, name, frozenset((t,)))) for t in reached)

    def alone(self, wanted: Field) -> Selection:
        """A selection of this one field, the same object each time."""
        key = ("alone", id(wanted))
        if key not in self._memo:
            self._kept.append(wanted)
            self._memo[key] = Selection(fields=(wanted,))
        found: Selection = self._memo[key]
        return found

    # Choosing

    def _choose(self, wants: list[tuple[Field, list[Way]]], entered: set[str]) -> Chosen:
        """Pick a way for each field; those with the fewest first, and a subgraph once entered is free."""
        demand: dict[str, int] = {}
        for _, ways in wants:
            for way in ways:
                demand[way.step.graph] = demand.get(way.step.graph, 0) + 1
        chosen = Chosen()
        for wanted, ways in sorted(wants, key=lambda w: len(w[1])):
            self._choose_one(wanted, ways, entered, demand, chosen)
        return chosen

    def _choose_one(
        self, wanted: Field, ways: list[Way], entered: set[str], demand: dict[str, int], chosen: Chosen
    ) -> None:
        remaining, left = wanted, ways
        while left:
            best = min(left, key=lambda w: (*w.price(entered), self.unmasks(w.step), -demand[w.step.graph]))
            if best.missing and (best.residue is None or best.missing >= leaves(remaining)):
                break
            chosen.take(best, entered)
            if best.residue is None:
                return
            missing, remaining = best.missing, wanted.narrowed(best.residue)
            left = [w for w in self._again(remaining, left, best) if w.missing < missing]
        chosen.miss(remaining)

    def _again(self, wanted: Field, ways: list[Way], done: Way) -> list[Way]:
        """The other ways, priced anew for what is still wanted."""
        found = []
        for way in ways:
            if way is not done:
                old = way.step
                step = Step(wanted, old.graph, old.owner, old.enter, old.key, old.requires)
                found.append(self._way(step, way.provides, entry_cost=way.entry_cost, shares=way.shares))
        return found

    def _assembled(self, on: str, chosen: Chosen) -> Decision:
        return together([(on, chosen)])

    def _once(self, key: tuple[Any, ...], find: Callable[[], T], cyclic: T) -> T:
        """Remember `find()`; where ways lead in circles, the best that can be found without going round.

        Asked again while still finding, the answer is a guess: `cyclic` at first. What rests on a guess is tentative
        until the lowest question of the circle has its answer; then the circle is gone round once more with better
        guesses, until none gets better. So each question of a circle is worked out once a round, and a dense graph of
        keys costs its size and not the number of its paths.
        """
        if key in self._memo:
            found: T = self._memo[key]
            return found
        if key in self._open:
            self._lowest = min(self._lowest, self._open[key])
            guess: T = self._guesses.get(key, cyclic)
            return guess
        if key in self._tentative:
            tentative: T = self._tentative[key][0]
            self._lowest = min(self._lowest, self._tentative[key][1])
            return tentative
        depth, before = len(self._open), self._lowest
        self._open[key] = depth
        try:
            result, lowest = self._settled(key, find, depth)
        finally:
            del self._open[key]
        self._lowest = min(before, lowest)
        return result

    def _settled(self, key: tuple[Any, ...], find: Callable[[], T], depth: int) -> tuple[T, int]:
        """What is found, and the lowest open question that it rests on (the height of none: it is final)."""
        mark = len(self._order)
        for _ in range(len(self.supergraph.subgraphs) + 2):
            self._lowest = _NONE
            result = find()
            if self._lowest < depth:
                self._hold(key, result, mark)
                return result, self._lowest
            circle = self._order[mark:]
            if self._lowest > depth or not self._improved(key, result, circle):
                break
            self._forget(circle, mark)
        self._memo[key] = result
        for one in self._order[mark:]:
            self._memo[one] = self._tentative.pop(one)[0]
            self._guesses.pop(one, None)
        self._guesses.pop(key, None)
        del self._order[mark:]
        return result, _NONE

    def _hold(self, key: tuple[Any, ...], result: object, mark: int) -> None:
        """Keep an answer for this round; what rests on it rests on whatever it rests on itself."""
        lowest = self._lowest
        self.budget.spend(1 + len(self._order) - mark)
        for one in self._order[mark:]:
            value, before = self._tentative[one]
            self._tentative[one] = (value, min(before, lowest))
        self._tentative[key] = (result, lowest)
        self._order.append(key)

    def _improved(self, key: tuple[Any, ...], result: object, circle: Sequence[tuple[Any, ...]]) -> bool:
        """Whether any answer of a circle differs from what was guessed; the answers are the next guesses."""
        found = {**{one: self._tentative[one][0] for one in circle}, key: result}
        unlike = any(one not in self._guesses or _worth(self._guesses[one]) != _worth(v) for one, v in found.items())
        self._guesses.update(found)
        return unlike

    def _forget(self, circle: Sequence[tuple[Any, ...]], mark: int) -> None:
        for one in circle:
            del self._tentative[one]
        del self._order[mark:]


def _worth(found: object) -> object:
    """What others see of an answer: a decision by its price, an entry by its key and price."""
    return (found.missing, found.cost) if isinstance(found, Decision) else found


def _typename(types: frozenset[str]) -> Field:
    return Field("__typename", "__typename", Call("__typename"), types)
