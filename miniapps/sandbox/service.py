"""The verbs of test citizens: made, looked at, made to forget, removed, and asked for in the name of a program.

Rules
- An organisation has a bounded number of them, and sees, uses and ends its own alone; another's are not there.
- Who makes one is a developer of the organisation, and no test citizen: those would make each other without end.
- What their phone's code is, is told to who made them, and to nobody else.
- A program that is still being written asks for a test citizen by documents as a released one does, through the same
  rules of publishing, age and consent: what its developer says was agreed to is all that was agreed to. What belongs to
  the city's own programs alone is never given so.
- A city that is no sandbox refuses every one of these.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any, Final, Protocol, TypeAlias

from core.clock import city_day, to_ms
from core.errors import BadInput, Forbidden, NotFound
from core.mongo import Session
from core.principal import Principal
from miniapps.asking.model import TEXT_LENGTH_MAX
from miniapps.asking.service import Asking, Told
from miniapps.developers.errors import LimitReached
from miniapps.developers.model import Authority, Role
from miniapps.developers.service import Developers
from miniapps.limits import Pace, Paces
from miniapps.sandbox.errors import NoSandbox
from miniapps.sandbox.model import CITIZENS_MAX, Code, Drawn, Person, Row, Shown, Wanted, drawn
from miniapps.sandbox.store import SandboxStore
from miniapps.scopes import OWN
from miniapps.sessions import capabilities
from miniapps.sessions.capabilities import CapabilityState, Situation

CITIZEN_PREFIX: Final = "mtc"
GRANTED_MAX: Final = 100
# Of one organisation each: making and forgetting is work for the whole city, asking for the graph.
_MADE: Final = Pace("test-citizens", 60, 3600)
_ASKED: Final = Pace("test-ask", 600, 60)

# Asks the graph as this citizen: text and variables → the answer with `data` and `errors`.
AskAs: TypeAlias = Callable[[str, str, Mapping[str, Any]], Awaitable[Mapping[str, Any]]]


class People(Protocol):
    """What is asked of those who keep accounts. Every method raises Unavailable."""

    async def add(self, drawn: Drawn, *, session: Session) -> str:
        """A test citizen's account, in the caller's transaction. Raises: BadInput, NotFound (no such district)."""
        ...

    async def known(self, citizens: Collection[str]) -> Mapping[str, Person]:
        """Of these, those who are there."""
        ...

    async def code(self, citizen: str) -> Code | None:
        """The one-time code that is out for them."""
        ...

    async def remove(self, citizen: str, *, session: Session) -> None:
        """Begin to erase the account, at once."""
        ...

    async def forget(self, citizen: str, *, app_id: str) -> None:
        """All that one program has of them: consents, what it keeps, how it knows them."""
        ...


@dataclass(frozen=True, slots=True)
class Sandbox:
    """on: whether this city is one. draw: a number below its argument. zone: the city's."""

    on: bool
    developers: Developers
    store: SandboxStore
    people: People
    asking: Asking
    paces: Paces
    zone: tzinfo
    draw: Callable[[int], int]

    async def open(self) -> None:
        """Make the indexes."""
        await self.store.open()

    async def create(self, *, principal: Principal, organisation: str | None, wanted: Wanted) -> Shown:
        """Raises: NoSandbox, SignInRequired, Forbidden (a reader, or a test citizen), NotFound (also: no such
        district), OrganisationBlocked, BadInput, LimitReached, TooOften, Unavailable.
        """
        authority = await self._builds(principal, organisation=organisation)
        await self._check_real(principal)
        wanted.check()
        here, whose = self.developers, authority.organisation.id
        await self.paces.charge(_MADE, whose)
        now = to_ms(here.clock.now())

        async def work(session: Session) -> Row:
            await here.store.hold(whose, session=session)
            if len(await self.store.all_of(whose, session=session)) >= CITIZENS_MAX:
                raise LimitReached(what="test citizens", most=CITIZENS_MAX)
            chosen = drawn(wanted, today=city_day(now, self.zone), draw=self.draw)
            citizen = await self.people.add(chosen, session=session)
            row = Row(here.ids.new(CITIZEN_PREFIX), citizen, whose, now)
            await self.store.add(row, session=session)
            await self._audit("made", authority, row, session)
            return row

        row = await here.transaction(work)
        return Shown(row, (await self.people.known([row.citizen]))[row.citizen])

    async def all(self, *, principal: Principal, organisation: str | None) -> Sequence[Shown]:
        """The organisation's, the first made first. Raises: NoSandbox, SignInRequired, Forbidden, NotFound,
        Unavailable.
        """
        self._check_on()
        authority = await self.developers.membership(principal=principal, organisation=organisation)
        rows = await self.store.all_of(authority.organisation.id)
        known = await self.people.known([row.citizen for row in rows])
        return [Shown(row, known[row.citizen]) for row in rows if row.citizen in known]

    async def one(self, *, principal: Principal, id: str, organisation: str | None = None) -> Shown:
        """Raises: NoSandbox, SignInRequired, Forbidden, NotFound (also: another's), Unavailable."""
        self._check_on()
        authority = await self.developers.membership(principal=principal, organisation=organisation)
        return await self._own(authority, id)

    async def code(self, *, principal: Principal, shown: Shown) -> Code | None:
        """What a real city would have sent to their phone. Raises: NoSandbox, SignInRequired, Forbidden (a reader),
        NotFound, Unavailable.
        """
        await self._builds(principal, organisation=shown.row.organisation)
        return await self.people.code(shown.row.citizen)

    async def reset(self, *, principal: Principal, id: str, app_id: str) -> Shown:
        """Let a program of the organisation know nothing of them any more, as if they had never opened it.

        Raises: NoSandbox, SignInRequired, Forbidden, NotFound, OrganisationBlocked, TooOften, Unavailable.
        """
        authority = await self._builds(principal, app_id=app_id)
        found = await self._own(authority, id)
        await self.paces.charge(_MADE, authority.organisation.id)
        await self.people.forget(found.row.citizen, app_id=authority.the_app.app_id)
        return found

    async def remove(self, *, principal: Principal, id: str, organisation: str | None = None) -> None:
        """Erase the account; who is gone already is gone. Raises: NoSandbox, SignInRequired, Forbidden, NotFound,
        OrganisationBlocked, Unavailable.
        """
        authority = await self._builds(principal, organisation=organisation)
        row = await self.store.one(id, organisation=authority.organisation.id)
        if row is None:
            raise NotFound(thing="test citizen")

        async def work(session: Session) -> None:
            if await self.store.remove(row.id, session=session):
                await self.people.remove(row.citizen, session=session)
                await self._audit("removed", authority, row, session)

        await self.developers.transaction(work)

    async def ask(
        self,
        *,
        principal: Principal,
        id: str,
        app_id: str,
        text: str,
        variables: Mapping[str, Any] | None,
        granted: Collection[str],
        ask: AskAs,
    ) -> Told:
        """A document of a program that is being written, for a test citizen. granted: what they are to have agreed to.

        Raises: NoSandbox, SignInRequired, Forbidden, NotFound (also: another's), OrganisationBlocked, BadInput,
        OperationsInvalid, TooOften, NewDocumentsTooCostly, Unavailable. What the graph refuses is told in the answer.
        """
        authority = await self._builds(principal, app_id=app_id)
        found = await self._own(authority, id)
        if len(text) > TEXT_LENGTH_MAX or len(granted) > GRANTED_MAX:
            raise BadInput(field="document", problem="is longer than any that is published")
        await self.paces.charge(_ASKED, authority.organisation.id)
        citizen = found.row.citizen

        async def asked(text: str, variables: Mapping[str, Any]) -> Mapping[str, Any]:
            return await ask(citizen, text, variables)

        return await self.asking.ask_unpublished(
            organisation=authority.organisation.id,
            citizen=citizen,
            app_id=authority.the_app.app_id,
            text=text,
            allowed=await self._allowed(citizen, frozenset(granted)),
            variables=variables,
            ask=asked,
        )

    async def _allowed(self, citizen: str, granted: frozenset[str]) -> frozenset[str]:
        """Of what is said to be agreed to, that which the city's rules let this person give."""
        names = granted - OWN
        now = Situation(
            declared=names,
            granted=names,
            consented=names,
            person=await self.asking.sessions.people.person(citizen),
        )
        return frozenset(one.name for one in capabilities.capabilities(now) if one.state is CapabilityState.GRANTED)

    async def _builds(
        self, principal: Principal, *, organisation: str | None = None, app_id: str | None = None
    ) -> Authority:
        """Who may use test citizens: those who may submit a version."""
        self._check_on()
        authority = await self.developers.authority(principal=principal, organisation=organisation, app_id=app_id)
        authority.require(Role.DEVELOPER)
        return authority

    async def _own(self, authority: Authority, id: str) -> Shown:
        row = await self.store.one(id, organisation=authority.organisation.id)
        person = (await self.people.known([row.citizen])).get(row.citizen) if row else None
        if row is None or person is None:
            raise NotFound(thing="test citizen")
        return Shown(row, person)

    async def _check_real(self, principal: Principal) -> None:
        """Raises: Forbidden."""
        citizen, _ = await self.developers.who(principal)
        if await self.people.known([citizen]):
            raise Forbidden()

    def _check_on(self) -> None:
        """Raises: NoSandbox."""
        if not self.on:
            raise NoSandbox()

    async def _audit(self, kind: str, authority: Authority, row: Row, session: Session) -> None:
        await self.developers.audit.append(
            f"test_citizens.{kind}",
            actor=authority.developer,
            subject=authority.organisation.id,
            about={"citizen": row.id},
            session=session,
        )
