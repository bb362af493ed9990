"""The verbs of a running program: open, look after, close; what it may do, and what it keeps."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, Protocol

from core.clock import Clock, to_ms
from core.errors import BadInput
from core.ids import Ids, is_id
from core.locale import Locale, Text
from core.paging import Page, PageRequest
from core.principal import Principal
from miniapps.errors import NotPermitted, SessionOver
from miniapps.ledger import Agreement, Given, Ledger
from miniapps.limits import ANSWERS, OPENINGS, WRITES, Paces
from miniapps.sessions import capabilities as rules
from miniapps.sessions.capabilities import REFUSALS_MAX, Capability, CapabilityState, Person, Situation
from miniapps.sessions.errors import NotInDistrict, PermissionUnknown
from miniapps.sessions.model import (
    LIFE,
    NAMES_MAX,
    SESSION_PREFIX,
    TRIAL,
    Ending,
    Live,
    Runnable,
    Session,
    Standing,
    Way,
)
from miniapps.sessions.running import Running
from miniapps.sessions.shelf import Change, Kept, Shelf
from miniapps.sessions.store import SessionStore

# What the ledger keeps of a purpose.
_PURPOSE_LENGTH_MAX: Final = 200


class Programs(Protocol):
    """What sessions ask of those who know which programs there are."""

    async def current(self, app_id: str, *, citizen: str, trial: bool = False) -> Runnable:
        """What this citizen opens under this id now. trial: what those who build it only try.

        Raises: NotFound, Unavailable.
        """
        ...

    async def release(self, release_id: str, *, citizen: str) -> Runnable | None:
        """One that the citizen opened before, also when it was revoked since. Raises: Unavailable."""
        ...


class People(Protocol):
    """What the room asks of those who know people."""

    async def person(self, citizen: str) -> Person:
        """Raises: Unavailable."""
        ...

    async def phone(self, citizen: str) -> str | None:
        """In E.164. Raises: Unavailable."""
        ...


class Openings(Protocol):
    """Who counts runs."""

    async def opened(self, session: Session, *, before: datetime | None) -> None:
        """before: when its citizen had opened the program last; None: never. Raises: Unavailable."""
        ...


class Choice(StrEnum):
    """What a citizen settles about a permission in their settings."""

    GRANTED = "GRANTED"
    DENIED = "DENIED"
    PROMPT = "PROMPT"


@dataclass(frozen=True, slots=True)
class Opened:
    """Everything that the host needs to run it."""

    session: Session
    program: Runnable
    capabilities: Sequence[Capability]
    kept: Kept


@dataclass(frozen=True, slots=True)
class Run:
    """A session that runs, and what it runs."""

    live: Live
    program: Runnable

    @property
    def session(self) -> Session:
        return self.live.session


@dataclass(frozen=True, slots=True)
class OnBehalf:
    """What a program's backend may do for a citizen now, and by which release."""

    release: str
    granted: frozenset[str]


@dataclass(frozen=True, slots=True)
class Told:
    """How a session stands: why it ended, or what its program may do now."""

    ending: Ending | None
    program: Runnable | None
    capabilities: Sequence[Capability]


@dataclass(frozen=True, slots=True)
class PermitRow:
    """One thing that a program may do. used_at: when the city last did it for the program; None: never."""

    given: Given
    app_id: str
    used_at: datetime | None


@dataclass(frozen=True, slots=True)
class Sessions:
    """Everybody's."""

    running: Running
    store: SessionStore
    shelf: Shelf
    programs: Programs
    ledger: Ledger
    people: People
    paces: Paces
    openings: Openings
    ids: Ids
    clock: Clock

    async def open(self) -> None:
        """Make the indexes."""
        await self.store.open()
        await self.shelf.open()

    # --- a session

    async def begin(
        self,
        *,
        principal: Principal,
        app_id: str,
        page: str = "",
        query: Any = None,
        scene: str = "home",
        referrer_session: str | None = None,
    ) -> Opened:
        """Open a program for the citizen who asks. query: of the link, which nobody vouches for. referrer_session: the
        session of theirs that leads here.

        Raises: SignInRequired, Forbidden (acts for somebody), NotFound, PageUnknown, ReferrerRefused, NotInDistrict,
        SessionOver (the referrer's), BadInput, TooOften, Unavailable.
        """
        principal.require_citizen(principal.subject)
        await self.paces.charge(OPENINGS, principal.subject)
        referrer = None
        if referrer_session:
            referrer = (await self.running_one(principal=principal, session_id=referrer_session)).session.app_id
        program = await self.programs.current(app_id, citizen=principal.subject, trial=scene == TRIAL)
        await self._check_district(program, principal.subject)
        way = Way.into(program, page=page, query=query, scene=scene, referrer=referrer)
        session = self._session(principal, program, way)
        await self.running.begin(session)
        kept, listed, _ = await asyncio.gather(
            self.shelf.read(session.citizen, program.app_id),
            self._capabilities(Run(Live(session), program)),
            self._note(session, program),
        )
        return Opened(session, program, listed, kept)

    async def _note(self, session: Session, program: Runnable) -> None:
        """That it was opened; not of those who only try it."""
        if program.trial:
            return
        at, code = to_ms(session.opened_at), program.version_code
        before = await self.store.note_visit(session.citizen, program.app_id, code=code, at=at)
        await self.openings.opened(session, before=before)

    async def _check_district(self, program: Runnable, citizen: str) -> None:
        """Raises: NotInDistrict."""
        if program.districts is None or program.trial:
            return
        if (await self.people.person(citizen)).district not in program.districts:
            raise NotInDistrict()

    def _session(self, principal: Principal, program: Runnable, way: Way) -> Session:
        now = self.clock.now()
        return Session(
            id=self.ids.new(SESSION_PREFIX),
            citizen=principal.subject,
            app_id=program.app_id,
            organisation=program.organisation,
            release=program.release,
            version_name=program.version_name,
            version_code=program.version_code,
            device_session=principal.session_id,
            way=way,
            opened_at=now,
            expires_at=now + LIFE,
            cooling_until=principal.cooling_until,
        )

    async def running_one(self, *, principal: Principal, session_id: str) -> Run:
        """The caller's own session, from the sign-in that opened it, which may still run.

        Raises: SignInRequired, Forbidden, SessionOver (also: another's), Unavailable.
        """
        principal.require_citizen(principal.subject)
        found = await self._looked_at(await self._own(principal, session_id))
        if isinstance(found, Ending):
            raise SessionOver(because=found.value)
        return await self._as_now(found, principal)

    async def still_running(self, session_id: str) -> Run | None:
        """For who holds something that came of the session and is not its citizen. Raises: Unavailable."""
        found = await self._looked_at(await self.running.get(session_id))
        return found if isinstance(found, Run) else None

    async def told(self, *, principal: Principal, session_id: str) -> Told:
        """How a session of the caller's stands; another's is told as one that has expired.

        Raises: SignInRequired, Forbidden, Unavailable.
        """
        principal.require_citizen(principal.subject)
        found = await self._looked_at(await self._own(principal, session_id))
        if isinstance(found, Ending):
            return Told(found, None, ())
        run = await self._as_now(found, principal)
        return Told(None, run.program, await self._capabilities(run))

    async def close(self, *, principal: Principal, session_id: str) -> None:
        """End a session of the caller's; one that is over stays so. Raises: SignInRequired, Forbidden, Unavailable."""
        principal.require_citizen(principal.subject)
        live = await self._own(principal, session_id)
        if live is not None:
            await self.running.end(session_id, Ending.CLOSED)

    async def end_with_device(self, device_session: str) -> None:
        """Its sign-in is over. Raises: Unavailable."""
        await self.running.end_of_device(device_session, Ending.SIGNED_OUT)

    async def _own(self, principal: Principal, session_id: str) -> Live | None:
        if not is_id(session_id, prefix=SESSION_PREFIX):
            return None
        live = await self.running.get(session_id)
        mine = live is not None and (live.session.citizen, live.session.device_session) == (
            principal.subject,
            principal.session_id,
        )
        return live if mine else None

    async def _as_now(self, run: Run, principal: Principal) -> Run:
        """Its device may have come to be trusted since it was opened."""
        if run.session.cooling_until == principal.cooling_until:
            return run
        session = replace(run.session, cooling_until=principal.cooling_until)
        await self.running.renew(session)
        return replace(run, live=replace(run.live, session=session))

    async def _looked_at(self, live: Live | None) -> Run | Ending:
        """A session and its program, or why it is over. What was revoked ends here, whoever looks first."""
        if live is None:
            return Ending.EXPIRED
        if live.ending is not None:
            return live.ending
        program = await self.programs.release(live.session.release, citizen=live.session.citizen)
        standing = program.standing if program else Standing.VERSION_REVOKED
        if program is not None and standing is Standing.RUNS:
            return Run(live, program)
        await self.running.end(live.session.id, ended := Ending(standing.value))
        return ended

    # --- what it may do

    async def capabilities(self, *, principal: Principal, session_id: str) -> Sequence[Capability]:
        """Raises: SignInRequired, Forbidden, SessionOver, Unavailable."""
        return await self._capabilities(await self.running_one(principal=principal, session_id=session_id))

    async def permitted(self, run: Run, name: str) -> None:
        """Raises: NotPermitted, Unavailable."""
        if name in await self.granted(run, of={name}):
            return
        # Why not takes more to say.
        found = rules.capability(name, await self._situation(run))
        if found.state is not CapabilityState.GRANTED:
            raise NotPermitted(name=name, why=found.why.value)

    async def granted(self, run: Run, *, of: Collection[str] | None = None) -> Sequence[str]:
        """Names of what the program may do now. of: among these; None: among all. Raises: Unavailable."""
        names = run.program.declared if of is None else of
        return _granted(names, await self._deciding(run.session.citizen, run.program, names, self._cooling(run)))

    async def on_behalf(self, *, citizen: str, app_id: str, session_id: str | None) -> OnBehalf:
        """For a program's backend. session_id: in which the citizen runs it now; without it nobody knows their device,
        so what only a trusted one gives is not given. Raises: SessionOver (also: another's), NotFound, Unavailable.
        """
        if session_id is not None:
            run = await self.still_running(session_id) if is_id(session_id, prefix=SESSION_PREFIX) else None
            if run is None or (run.session.citizen, run.session.app_id) != (citizen, app_id):
                raise SessionOver(because=Ending.EXPIRED.value)
            return OnBehalf(run.session.release, frozenset(await self.granted(run)))
        program = await self.programs.current(app_id, citizen=citizen)
        now = await self._deciding(citizen, program, program.declared, cooling=True)
        return OnBehalf(program.release, frozenset(_granted(program.declared, now)))

    async def answer(
        self,
        *,
        principal: Principal,
        session_id: str,
        granted: Collection[str],
        denied: Collection[str],
        text: str,
        locale: Locale,
    ) -> Told:
        """What the citizen answered on one sheet; both empty where they put it away. text: what it said, word by word.

        What may not be asked for now is not given by answering, and changes nothing.
        Raises: SignInRequired, Forbidden, SessionOver, PermissionUnknown, NotPermitted, BadInput, TooOften,
        Unavailable.
        """
        run = await self.running_one(principal=principal, session_id=session_id)
        await self.paces.charge(ANSWERS, session_id)
        program, citizen = run.program, run.session.citizen
        yes, no = frozenset(granted), frozenset(denied)
        _known(program, yes | no)
        if yes & no:
            raise BadInput(field="denied", problem="must not name what is granted")
        now = await self._situation(run)
        states = {name: rules.capability(name, now) for name in yes | no}
        for name, state in states.items():
            if name in yes and state.state not in (CapabilityState.PROMPT, CapabilityState.GRANTED):
                raise NotPermitted(name=name, why=state.why.value)
        asked = frozenset(name for name, state in states.items() if state.state is CapabilityState.PROMPT)
        await self._give(citizen, program, yes & asked, text, locale)
        await self.store.note_refusals(citizen, program.app_id, no & asked)
        await self.running.note_prompt(session_id, refused=no & asked)
        return await self.told(principal=principal, session_id=session_id)

    async def settle(
        self, *, principal: Principal, app_id: str, name: str, choice: Choice, locale: Locale
    ) -> tuple[Runnable, Sequence[Capability]]:
        """What the citizen settles outside of the program; this alone gives again what they refused twice.

        Raises: SignInRequired, Forbidden, NotFound, PermissionUnknown, NotPermitted, TooOften, Unavailable.
        """
        principal.require_citizen(principal.subject)
        citizen = principal.subject
        await self.paces.charge(ANSWERS, citizen)
        program = await self.programs.current(app_id, citizen=principal.subject)
        _known(program, {name})
        if (rule := rules.permission(name)) is None or not rule.asked:
            # Nobody was asked for it, so nothing would come of a no.
            raise PermissionUnknown(name=name[:80])
        if choice is Choice.GRANTED:
            await self._settle_for(principal, program, name, locale)
        else:
            await self.ledger.withdraw(citizen=citizen, app_id=program.app_id, names=[name])
            count = REFUSALS_MAX if choice is Choice.DENIED else 0
            await self.store.set_refusals(citizen, program.app_id, [name], count=count)
        await self.running.forgive(principal.session_id, program.app_id, name)
        return await self.outside(principal=principal, app_id=app_id)

    async def _settle_for(self, principal: Principal, program: Runnable, name: str, locale: Locale) -> None:
        citizen = principal.subject
        now = await self._situation_outside(principal, program)
        found = rules.capability(name, replace(now, refused={}))
        if found.state is CapabilityState.UNAVAILABLE:
            raise NotPermitted(name=name, why=found.why.value)
        await self._give(citizen, program, {name} - now.consented, "", locale)
        await self.store.set_refusals(citizen, program.app_id, [name], count=0)

    async def outside(self, *, principal: Principal, app_id: str) -> tuple[Runnable, Sequence[Capability]]:
        """What a program could do if the citizen opened it now.

        Raises: SignInRequired, Forbidden, NotFound, Unavailable.
        """
        principal.require_citizen(principal.subject)
        program = await self.programs.current(app_id, citizen=principal.subject)
        return program, rules.capabilities(await self._situation_outside(principal, program))

    async def _give(self, citizen: str, program: Runnable, names: Collection[str], text: str, locale: Locale) -> None:
        asked = [name for name in names if (rule := rules.permission(name)) is not None and rule.asked]
        if asked:
            purposes = {name: purpose_of(program, name) for name in sorted(asked)}
            agreement = Agreement(purposes, text, locale)
            await self.ledger.give(citizen=citizen, app_id=program.app_id, agreement=agreement)

    async def _capabilities(self, run: Run) -> Sequence[Capability]:
        return rules.capabilities(await self._situation(run))

    async def _situation(self, run: Run) -> Situation:
        outside = await self._of_citizen(run.session.citizen, run.program, self._cooling(run))
        return replace(outside, refused_here=run.live.refused, prompts=run.live.prompts)

    def _cooling(self, run: Run) -> bool:
        until = run.session.cooling_until
        return until is not None and self.clock.now() < until

    async def _situation_outside(self, principal: Principal, program: Runnable) -> Situation:
        return await self._of_citizen(principal.subject, program, principal.cooling(self.clock.now()))

    async def _of_citizen(self, citizen: str, program: Runnable, cooling: bool) -> Situation:
        permits, deciding = await asyncio.gather(
            self.store.permits(citizen, app_id=program.app_id),
            self._deciding(citizen, program, program.declared, cooling),
        )
        return replace(deciding, refused={one.name: one.refused for one in permits})

    async def _deciding(self, citizen: str, program: Runnable, names: Iterable[str], cooling: bool) -> Situation:
        """As far as it decides whether any of the names is granted: what was refused only decides why it is not."""
        consented, person = await asyncio.gather(self._consented(citizen, program, names), self.people.person(citizen))
        return Situation(
            declared=frozenset(program.declared),
            granted=program.granted,
            consented=consented,
            person=person,
            blocked=program.standing is not Standing.RUNS,
            districts=program.districts,
            cooling=cooling,
        )

    async def _consented(self, citizen: str, program: Runnable, names: Iterable[str]) -> frozenset[str]:
        if not any((rule := rules.permission(name)) is not None and rule.asked for name in names):
            return frozenset()
        given = await self.ledger.given(citizen=citizen, app_id=program.app_id)
        return frozenset(one.name for one in given if one.purpose == purpose_of(program, one.name))

    # --- what it keeps

    async def write(self, *, principal: Principal, session_id: str, change: Change, revision: int) -> int:
        """All of the change, or nothing. Returns the new revision.

        Raises: SignInRequired, Forbidden, SessionOver, StorageChanged, StorageFull, TooOften, Unavailable.
        """
        session = (await self.running_one(principal=principal, session_id=session_id)).session
        await self.paces.charge(WRITES, session_id)
        return await self.shelf.write(session.citizen, session.app_id, change, revision=revision)

    # --- what a citizen sees of it

    async def recent(self, *, principal: Principal, citizen: str, limit: int) -> Sequence[str]:
        """Ids of the programs that the citizen opened, the last one first; such as are gone are among them.

        Raises: SignInRequired, Forbidden, NotFound (another's), Unavailable.
        """
        principal.require_citizen(citizen)
        return [one.app_id for one in await self.store.visits(citizen, limit=limit)]

    async def permits(self, *, principal: Principal, citizen: str, page: PageRequest) -> Page[PermitRow]:
        """What programs may do, the last given first. Raises: SignInRequired, Forbidden, NotFound (another's),
        Unavailable.
        """
        principal.require_citizen(citizen)
        used = {(one.app_id, one.name): one.used_at for one in await self.store.permits(citizen)}
        rows = [
            PermitRow(one, one.app_id, used.get((one.app_id, one.name)))
            for one in await self.ledger.given(citizen=citizen)
            if rules.permission(one.name) is not None
        ]
        rows.sort(key=_place, reverse=True)
        behind = [row for row in rows if page.after is None or _place(row) < page.after][: page.limit]
        return Page.of(rows=behind, keys=[_place(row) for row in behind], request=page)


def purpose_of(program: Runnable, name: str) -> str:
    """Why the program asks for a permission, as the ledger enters it; the name itself where it gives no reason."""
    reason = program.declared.get(name, Text(zh="", en=""))
    words = " ".join((reason.zh or reason.en).split())[:_PURPOSE_LENGTH_MAX]
    return words if words.isprintable() and words else name


def _granted(names: Iterable[str], now: Situation) -> list[str]:
    return [name for name in sorted(names) if rules.capability(name, now).state is CapabilityState.GRANTED]


def _known(program: Runnable, names: Iterable[str]) -> None:
    """Raises: PermissionUnknown, BadInput."""
    asked = list(names)
    if len(asked) > NAMES_MAX:
        raise BadInput(field="granted", problem=f"must name {NAMES_MAX} at most")
    for name in asked:
        if name not in program.declared:
            raise PermissionUnknown(name=name[:80])


def _place(row: PermitRow) -> str:
    return f"{row.given.at:%Y%m%d%H%M%S%f}:{row.given.consent}:{row.given.name}"
