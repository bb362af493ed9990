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
from miniapps.asking.model import GraphRules, Narrowed, TrustedDocument, document, narrowed, texts
from miniapps.ledger import client_of
from miniapps.limits import Pace, Paces
from miniapps.sessions.service import Sessions

ASKINGS: Final = Pace("ask", 240, 60)
# What the access log says of fields that a program was told (identity.consents.catalogue).
PURPOSE: Final = "mini.graphql"
_RELEASES_KEPT: Final = 64
_DOCUMENTS_KEPT: Final = 256
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
    """Keeps what it read of releases, which never change, in bounded caches; a document is read when it is asked."""

    sessions: Sessions
    operations: Operations
    graph: GraphRules
    access: AccessLog
    paces: Paces
    clock: Clock
    _texts: OrderedDict[str, Mapping[str, str]] = field(default_factory=OrderedDict, repr=False)
    _documents: OrderedDict[str, TrustedDocument] = field(default_factory=OrderedDict, repr=False)
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
        trusted = await self._document(run.session.release, document_id.removeprefix("sha256:"))
        allowed = frozenset(await self.sessions.granted(run)) if trusted.scopes else frozenset[str]()
        withheld = trusted.withheld(allowed)
        asked = self._without(trusted, tuple(withheld))
        if told := trusted.scopes & allowed:
            await self._log(run.session.citizen, run.session.app_id, sorted(told))
        answer = await ask(
            asked.text, {name: value for name, value in (variables or {}).items() if name in asked.variables}
        )
        return Told(asked.filled(answer.get("data")), answer.get("errors") or [], withheld)

    async def _log(self, citizen: str, app_id: str, scopes: Sequence[str]) -> None:
        client = client_of(app_id)
        reader = Principal(kind=PrincipalKind.SERVICE, actor=client, subject=client)
        await self.access.read(reader=reader, subject=citizen, fields=scopes, purpose=PURPOSE, client=client)
        await self.sessions.store.note_use(citizen, app_id, scopes, at=to_ms(self.clock.now()))

    async def _document(self, release_id: str, id: str) -> TrustedDocument:
        """Raises: DocumentUnknown, OperationsInvalid, Unavailable."""
        listed = self._texts.get(release_id)
        if listed is None:
            raw = await self.operations.operations(release_id)
            listed = texts(raw) if raw is not None else {}
            _keep(self._texts, release_id, listed, _RELEASES_KEPT)
        if id not in listed:
            raise DocumentUnknown()
        known = self._documents.get(id)
        if known is None:
            # Reading a large one takes a tenth of a second of the processor.
            known = await asyncio.to_thread(document, listed[id], self.graph)
            _keep(self._documents, id, known, _DOCUMENTS_KEPT)
        return known

    def _without(self, asked: TrustedDocument, withheld: tuple[str, ...]) -> Narrowed:
        key = (asked.id, withheld)
        known = self._narrowed.get(key)
        if known is None:
            known = narrowed(asked, frozenset(withheld))
            _keep(self._narrowed, key, known, _NARROWED_KEPT)
        return known


def _keep(kept: OrderedDict[Any, Any], key: Any, value: Any, entries_max: int) -> None:
    kept[key] = value
    while len(kept) > entries_max:
        kept.popitem(last=False)
