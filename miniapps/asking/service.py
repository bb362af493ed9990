"""The verb of asking: a running program's document, for its citizen, without what they withhold."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol, TypeAlias

from core.access_log import AccessLog
from core.bounded import Bounded
from core.clock import Clock, to_ms
from core.errors import BadInput
from core.principal import Principal, PrincipalKind
from core.sharing import InFlight
from core.tasks import to_its_end
from miniapps.asking.errors import DocumentUnknown, NewDocumentsTooCostly, OperationsInvalid
from miniapps.asking.model import GraphRules, Narrowed, TrustedDocument, document, document_id, narrowed, texts
from miniapps.errors import NotPermitted
from miniapps.ledger import client_of
from miniapps.limits import Pace, Paces
from miniapps.sessions.service import Sessions

ASKINGS: Final = Pace("ask", 240, 60)
# Of one organisation, in milliseconds of the processor: a tenth of a core, for documents that no release has. A count
# or a length would not do: two kilobytes of fragments within fragments take a fifth of a second to read.
READING: Final = Pace("read", 6_000, 60)
# What the access log says of fields that a program was told (identity.consents.catalogue).
PURPOSE: Final = "mini.graphql"
_RELEASES_KEPT: Final = 64
_DOCUMENTS_KEPT: Final = 256
_NARROWED_KEPT: Final = 512
# Of each of the three, in characters of the documents' texts.
_CHARACTERS_KEPT: Final = 2_000_000

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
    processor_s: Callable[[], float] = time.thread_time
    # One document at a time that no release has: nobody spends at once what is checked one by one. Who asks for one
    # that their organisation's own request is reading is given what that finds, and pays nothing more.
    _unpublished: asyncio.Lock = field(default_factory=asyncio.Lock, repr=False)
    _reading: InFlight[TrustedDocument] = field(default_factory=InFlight, repr=False)
    _texts: Bounded[str, Mapping[str, str]] = field(
        default_factory=lambda: Bounded(_RELEASES_KEPT, _CHARACTERS_KEPT), repr=False
    )
    _documents: Bounded[str, TrustedDocument] = field(
        default_factory=lambda: Bounded(_DOCUMENTS_KEPT, _CHARACTERS_KEPT), repr=False
    )
    _narrowed: Bounded[tuple[str, tuple[str, ...]], Narrowed] = field(
        default_factory=lambda: Bounded(_NARROWED_KEPT, _CHARACTERS_KEPT), repr=False
    )

    async def ask(
        self, *, principal: Principal, session_id: str, document_id: str, variables: Mapping[str, Any] | None, ask: Ask
    ) -> Told:
        """Raises: SignInRequired, Forbidden, SessionOver, DocumentUnknown, OperationsInvalid (the graph has changed
        since), TooOften, Unavailable. What the graph refuses is told in the answer.
        """
        _check_variables(variables)
        run = await self.sessions.running_one(principal=principal, session_id=session_id)
        await self.paces.charge(ASKINGS, session_id)
        trusted = await self._document(run.session.release, document_id)
        allowed = frozenset(await self.sessions.granted(run)) if trusted.scopes else frozenset[str]()
        if told := trusted.scopes & allowed:
            await self._log(run.session.citizen, run.session.app_id, sorted(told))
        return await self._told(trusted, allowed, variables, ask)

    async def ask_for(
        self,
        *,
        citizen: str,
        app_id: str,
        release: str,
        allowed: frozenset[str],
        document_id: str,
        variables: Mapping[str, Any] | None,
        ask: Ask,
    ) -> Told:
        """A document of a release for a program's backend, on a citizen's behalf. allowed: what they let the program
        do now. Raises: BadInput, DocumentUnknown, OperationsInvalid, Unavailable.
        """
        _check_variables(variables)
        trusted = await self._document(release, document_id)
        if told := trusted.scopes & allowed:
            await self._log(citizen, app_id, sorted(told))
        return await self._told(trusted, allowed, variables, ask)

    async def ask_publicly(
        self, *, release: str, document_id: str, variables: Mapping[str, Any] | None, ask: Ask
    ) -> Told:
        """The same on nobody's behalf. Raises: NotPermitted where it asks of a citizen, as `ask_for`."""
        _check_variables(variables)
        trusted = await self._document(release, document_id)
        if trusted.scopes:
            raise NotPermitted(name=min(trusted.scopes), why="context")
        return await self._told(trusted, frozenset(), variables, ask)

    async def ask_unpublished(
        self,
        *,
        organisation: str,
        citizen: str,
        app_id: str,
        text: str,
        allowed: frozenset[str],
        variables: Mapping[str, Any] | None,
        ask: Ask,
    ) -> Told:
        """A document that no release has yet, for a test citizen: read as publishing would, and asked as `ask_for`.

        Reading new ones is paid for by the organisation, good or not (`READING`); known ones cost nothing, and the same
        one at the same moment is read once.
        Raises: BadInput, OperationsInvalid, NewDocumentsTooCostly, Unavailable.
        """
        _check_variables(variables)
        id = document_id(text)
        trusted = self._documents.get(id) or await self._reading.share(
            (organisation, id), lambda: self._read_at_cost(id, text, organisation)
        )
        if told := trusted.scopes & allowed:
            await self._log(citizen, app_id, sorted(told))
        return await self._told(trusted, allowed, variables, ask)

    async def _told(
        self, trusted: TrustedDocument, allowed: frozenset[str], variables: Mapping[str, Any] | None, ask: Ask
    ) -> Told:
        withheld = trusted.withheld(allowed)
        asked = self._without(trusted, tuple(withheld))
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
        id = id.removeprefix("sha256:")
        listed = self._texts.get(release_id)
        if listed is None:
            raw = await self.operations.operations(release_id)
            listed = texts(raw) if raw is not None else {}
            self._texts.put(release_id, listed, weight=sum(map(len, listed.values())))
        if id not in listed:
            raise DocumentUnknown()
        return await self._read(id, listed[id])

    async def _read(self, id: str, text: str) -> TrustedDocument:
        """Raises: OperationsInvalid."""
        known = self._documents.get(id)
        if known is None:
            # Reading a large one takes a tenth of a second of the processor.
            known = await asyncio.to_thread(document, text, self.graph)
            self._documents.put(id, known, weight=len(text))
        return known

    async def _read_at_cost(self, id: str, text: str, organisation: str) -> TrustedDocument:
        """Raises: OperationsInvalid, NewDocumentsTooCostly, Unavailable."""
        async with self._unpublished:
            await self.paces.check(READING, organisation, refused=_too_costly)
            # Whoever hangs up meanwhile has had the processor all the same: a thread is not cancelled.
            return await to_its_end(self._read_and_paid(id, text, organisation))

    async def _read_and_paid(self, id: str, text: str, organisation: str) -> TrustedDocument:
        """Raises: OperationsInvalid, Unavailable."""
        found, spent_s = await asyncio.to_thread(self._timed, text)
        await self.paces.spend(READING, organisation, max(1, round(spent_s * 1000)))
        if isinstance(found, OperationsInvalid):
            raise found
        self._documents.put(id, found, weight=len(text))
        return found

    def _timed(self, text: str) -> tuple[TrustedDocument | OperationsInvalid, float]:
        """The document or why it is none, and how long this thread had the processor for it."""
        began = self.processor_s()
        try:
            found: TrustedDocument | OperationsInvalid = document(text, self.graph)
        except OperationsInvalid as refused:
            found = refused
        return found, self.processor_s() - began

    def _without(self, asked: TrustedDocument, withheld: tuple[str, ...]) -> Narrowed:
        key = (asked.id, withheld)
        known = self._narrowed.get(key)
        if known is None:
            known = narrowed(asked, frozenset(withheld))
            self._narrowed.put(key, known, weight=len(known.text))
        return known


def _too_costly(retry_after_s: int) -> NewDocumentsTooCostly:
    return NewDocumentsTooCostly(most_ms=READING.count_max, retry_after_s=retry_after_s)


def _check_variables(variables: Any) -> None:
    """Raises: BadInput."""
    if variables is not None and not isinstance(variables, dict):
        raise BadInput(field="variables", problem="must be an object")
