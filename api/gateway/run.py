"""One run of a compiled plan: its fetches as a dependency graph, its failures told where the client sees them.

A fetch starts as soon as what it depends on is there. Each has its subgraph's deadline, and none can fail the
request: what it did not deliver stays absent, and the projection tells why at each path. Errors inside `_entities`
are told at every place where that entity stands. What is said of a field that was fetched for others' sake, which the
reader did not ask or may not see, is told above it and without its words. A mutation whose answer is null as a whole is
over: nothing after it is asked. Cancelling the run cancels what is under way.
Seam: tracing wraps `_fetch`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from api.gateway.calls import Calls
from api.gateway.entities import Batch, client_path, gather, located, merge
from api.gateway.errors import SubgraphFault, SubgraphUnavailable
from api.gateway.plan import Fetch, QueryPlan, References
from api.gateway.project import ResponsePath
from api.gateway.selection import Place
from api.gateway.transport import (
    RequestContext,
    SubgraphRequest,
    SubgraphResponse,
    error_value,
    log_outage,
)
from core.errors import DomainError

_LOG = logging.getLogger(__name__)

ErrorValue: TypeAlias = Mapping[str, Any]
Sent: TypeAlias = Sequence[tuple[References, Batch]]


@dataclass(slots=True)
class Run:
    """data: the internal answer so far. failures: errors by place and key. told: errors by the client's path.

    required: the keys at the root that may not be null. explained: by place and key, what is absent because of an error
    that is told elsewhere. event: what the root of a subscription tells of.
    """

    plan: QueryPlan
    dependents: Mapping[int, tuple[Fetch, ...]]
    place: Place
    calls: Calls
    values: Mapping[str, Any]
    context: RequestContext
    required: frozenset[str] = frozenset()
    event: Any = None
    data: dict[str, Any] = field(default_factory=dict)
    failures: dict[tuple[int, str], ErrorValue] = field(default_factory=dict)
    told: list[tuple[ResponsePath, ErrorValue]] = field(default_factory=list)
    explained: set[tuple[int, str]] = field(default_factory=set)
    _waiting: dict[int, int] = field(default_factory=dict)

    async def fetch_all(self) -> None:
        """Run every fetch of the plan."""
        fetches = self.plan.fetches
        if len(fetches) == 1:
            await self._fetch(fetches[0])
            return
        self._waiting = {f.number: len(f.depends) for f in fetches}
        async with asyncio.TaskGroup() as group:
            for fetch in [f for f in fetches if not f.depends]:
                group.create_task(self._fetch_and_on(fetch, group))

    async def _fetch_and_on(self, fetch: Fetch, group: asyncio.TaskGroup) -> None:
        """Fetch, then what waited for this alone: the first in this task, the rest beside it."""
        current: Fetch | None = fetch
        while current is not None:
            await self._fetch(current)
            if self._is_over(current):
                self._leave_out(current)
                return
            ready = []
            for dependent in self.dependents[current.number]:
                self._waiting[dependent.number] -= 1
                if not self._waiting[dependent.number]:
                    ready.append(dependent)
            for other in ready[1:]:
                group.create_task(self._fetch_and_on(other, group))
            current = ready[0] if ready else None

    def _is_over(self, fetch: Fetch) -> bool:
        """Mutations run one after the other, and none after one that made the whole answer null (§6.2.2, §6.4.4)."""
        if fetch.kind != "mutation" or fetch.references:
            return False
        return any(self.data.get(key) is None for key in fetch.delivers & self.required)

    def _leave_out(self, fetch: Fetch) -> None:
        """Nothing is told of what waited for `fetch`."""
        for left in self._waiting_for(fetch):
            for place, key in _delivered(left):
                self.failures.pop((id(place), key), None)
                self.explained.add((id(place), key))

    def _waiting_for(self, fetch: Fetch) -> Iterable[Fetch]:
        """Whatever waits for it, through others too."""
        found: dict[int, Fetch] = {}
        pending = [*self.dependents[fetch.number]]
        while pending:
            current = pending.pop()
            if current.number not in found:
                found[current.number] = current
                pending.extend(self.dependents[current.number])
        return found.values()

    async def _fetch(self, fetch: Fetch) -> None:
        try:
            await self._asked(fetch)
        except DomainError as error:
            self._fail_with(fetch, error)
        except Exception as fault:
            # What subgraphs told may be of any shape: names that are lists, the same keys nested absurdly deep.
            _LOG.exception("a fetch broke", extra={"facts": {"service": fetch.service}})
            self._fail_with(fetch, _unavailable(fetch.service, fault))

    async def _asked(self, fetch: Fetch) -> None:
        """Raises: DomainError, and whatever handling an answer of the wrong shape leads to."""
        variables: dict[str, Any] = {name: self.values[name] for name in fetch.variables if name in self.values}
        sent: Sent = [(r, gather(self.data, [s.path for s in r.stops], r.representations)) for r in fetch.references]
        for references, batch in sent:
            variables[references.variable] = batch.representations
        if sent and not any(batch.representations for _, batch in sent):
            return
        request = SubgraphRequest(fetch.document, variables, None, fetch.service, None if sent else self.event)
        self._take(fetch, sent, await self.calls.answer(request, self.context))

    def take_alone(self, fetch: Fetch, outcome: SubgraphResponse | DomainError) -> None:
        """What the only fetch of a plan came to, one at the root."""
        if isinstance(outcome, DomainError):
            self._fail_with(fetch, outcome)
        else:
            self._take(fetch, (), outcome)

    def _take(self, fetch: Fetch, sent: Sent, response: SubgraphResponse) -> None:
        for error in response.errors:
            extensions = {**(error.get("extensions") or {}), "service": fetch.service}
            self._place_error(fetch, sent, {**error, "extensions": extensions})
        if response.data is None:
            if not response.errors:
                self._fail_with(fetch, _unavailable(fetch.service, ValueError("neither data nor errors")))
            if not sent:
                # One field at the root that failed took its neighbours along.
                self.explained.update((id(fetch.place), key) for key in fetch.delivers)
        elif not sent:
            merge(self.data, response.data)
        for references, batch in sent if response.data is not None else ():
            self._take_entities(fetch, references, batch, response)

    def _take_entities(self, fetch: Fetch, references: References, batch: Batch, response: SubgraphResponse) -> None:
        entities = (response.data or {}).get(references.key)
        if type(entities) is not list or len(entities) != len(batch.targets):
            if not response.errors:
                self._fail_with(fetch, _unavailable(fetch.service, ValueError("not the entities asked")))
            return
        for entity, targets in zip(entities, batch.targets, strict=True):
            if type(entity) is dict:
                for target in targets:
                    merge(target, entity)

    # Failures

    def _fail_with(self, fetch: Fetch, error: DomainError) -> None:
        log_outage(error, fetch.service)
        self.calls.figures.failures[fetch.service, error.code] += 1
        self._fail(fetch, error_value(error, self.context.locale))

    def _fail(self, fetch: Fetch, error: ErrorValue) -> None:
        """Blame `error` for every key that this fetch, and what waits for it, does not deliver."""
        for current in (fetch, *self._waiting_for(fetch)):
            for place, key in _delivered(current):
                self.failures.setdefault((id(place), key), error)

    def _place_error(self, fetch: Fetch, sent: Sent, error: ErrorValue) -> None:
        path: list[Any] = error.get("path") or []
        if path and not sent:
            at = client_path(path, fetch.place)
            self.told.append((at, self._fit(error, whole=len(at) == len(path))))
            return
        for references, batch in sent:
            if path[:1] == [references.key] and len(path) > 1 and path[1] in range(len(batch.targets)):
                self._place_entity_error(references, batch.targets[path[1]], path[2:], error)
                return
        self._fail(fetch, error)

    def _place_entity_error(
        self, references: References, targets: Iterable[object], path: Sequence[Any], error: ErrorValue
    ) -> None:
        wanted = {id(target) for target in targets}
        for stop in references.stops:
            below = client_path(path, stop.place)
            fit = self._fit(error, whole=len(below) == len(path))
            for target, trail in located(self.data, stop.path, self.place):
                if id(target) in wanted:
                    self.told.append(((*trail, *below), fit))

    def _fit(self, error: ErrorValue, *, whole: bool) -> ErrorValue:
        """An error as it may be told. whole: the client reads that field; else they may not, or never asked it."""
        if whole:
            return error
        return error_value(SubgraphFault(service=error["extensions"]["service"]), self.context.locale)


def _unavailable(service: str, cause: Exception) -> SubgraphUnavailable:
    error = SubgraphUnavailable(service=service)
    error.__cause__ = cause
    return error


def _delivered(fetch: Fetch) -> Iterable[tuple[Place, str]]:
    for key in fetch.delivers:
        yield fetch.place, key
    for references in fetch.references:
        for stop in references.stops:
            for key in references.delivers:
                yield stop.place, key
