"""The verb of asking: a running program's document, for its citizen, without what they withhold."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol, TypeAlias

from core.access_log import AccessLog
from core.clock import Clock, to_ms
from core.errors import BadInput
from core.principal import Principal, PrincipalKind
from miniapps.asking.errors import DocumentUnknown
from miniapps.asking.model import GraphRules, Narrowed, TrustedDocument, documents, narrowed
from miniapps.ledger import client_of
from miniapps.limits import Pace, Paces
from miniapps.sessions.service import Sessions

ASKINGS: Final = Pace("ask", 240, 60)
# What the access log says of fields that a program was told (identity.consents.catalogue).
PURPOSE: Final = "mini.graphql"
_RELEASES_KEPT: Final = 64
_NARROWED_KEPT: Final = 512

# Asks the graph as the citizen: text and variables → the answer with `data` and `errors`.
Ask: TypeAlias = Callable[[str, Mapping[str, Any]], Awaitable[Mapping[str, Any]]]


class Operations(Protocol):
    """What the asking asks of those who keep packages."""

    async def operations(self, release_id: str) -> bytes | None:
        """The release's file of operations; None where it has none. Raises: NotFound, Unavailable."""
        ...


@dataclass(frozen=True, slots=True)
class Told:
    """withheld: `Type.field` of what the citizen does not give; in `data` it is null."""

    data: Any = field(repr=False)
    errors: Sequence[Any] = field(repr=False)
    withheld: Sequence[str]


@dataclass(frozen=True, slots=True)
class Asking:
    """Keeps what it read of releases, which never change, in bounded caches."""

    sessions: Sessions
    operations: Operations
    graph: GraphRules
    access: AccessLog
    paces: Paces
    clock: Clock
    _releases: OrderedDict[str, Mapping[str, TrustedDocument]] = field(default_factory=OrderedDict, repr=False)
    _narrowed: OrderedDict[tuple[str, tuple[str, ...]], Narrowed] = field(default_factory=OrderedDict, repr=False)

    async def ask(
        self, *, principal: Principal, session_id: str, document_id: str, variables: Mapping[str, Any] | None, ask: Ask
    ) -> Told:
        """Raises: SignInRequired, Forbidden, SessionOver, DocumentUnknown, OperationsInvalid (the graph has changed
        since), TooOften, Unavailable. What the graph refuses is told in the answer.
        """
        if variables is not None and not isinstance(variables, dict):
            raise BadInput(field="variables", problem="must be an object")
        run = await self.sessions.running_one(principal=principal, session_id=session_id)
        await self.paces.charge(ASKINGS, session_id)
        document = (await self._documents(run.session.release)).get(document_id.removeprefix("sha256:"))
        if document is None:
            raise DocumentUnknown()
        allowed = frozenset(await self.sessions.granted(run)) if document.scopes else frozenset[str]()
        withheld = document.withheld(allowed)
        asked = self._without(document, tuple(withheld))
        if told := document.scopes & allowed:
            await self._log(run.session.citizen, run.session.app_id, sorted(told))
        answer = await ask(
            asked.text, {name: value for name, value in (variables or {}).items() if name in asked.variables}
        )
        return Told(asked.filled(answer.get("data")), answer.get("errors") or [], withheld)

    async def _log(self, citizen: str, app_id: str, scopes: Sequence[str]) -> None:
        client = client_of(app_id)
        reader = Principal(kind=PrincipalKind.SERVICE, actor=client, subject=client)
        await self.access.read(reader=reader, subject=citizen, fields=scopes, purpose=PURPOSE, client=client)
        at = to_ms(self.clock.now())
        for scope in scopes:
            await self.sessions.store.note_use(citizen, app_id, scope, at=at)

    async def _documents(self, release_id: str) -> Mapping[str, TrustedDocument]:
        known = self._releases.get(release_id)
        if known is None:
            raw = await self.operations.operations(release_id)
            # Reading a hundred documents takes some milliseconds of the processor.
            known = await asyncio.to_thread(documents, raw, self.graph) if raw is not None else {}
            _keep(self._releases, release_id, known, _RELEASES_KEPT)
        return known

    def _without(self, document: TrustedDocument, withheld: tuple[str, ...]) -> Narrowed:
        key = (document.id, withheld)
        known = self._narrowed.get(key)
        if known is None:
            known = narrowed(document, frozenset(withheld))
            _keep(self._narrowed, key, known, _NARROWED_KEPT)
        return known


def _keep(kept: OrderedDict[Any, Any], key: Any, value: Any, entries_max: int) -> None:
    kept[key] = value
    while len(kept) > entries_max:
        kept.popitem(last=False)
