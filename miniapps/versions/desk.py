"""What every verb about versions stands on: who asks, and one step, written with its event and its audit.

A step is one transaction: the version's row, the event `miniapps.version_moved`, the audit's entry, and whatever the
verb changes beside it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol, TypeVar

from core.audit import AuditLog
from core.clock import Clock, to_ms
from core.errors import NotFound
from core.events import Outbox
from core.ids import Ids, is_id
from core.mongo import Session
from core.principal import Principal, PrincipalKind
from miniapps.developers.model import Account, App, Authority, Role
from miniapps.developers.rating import Fact, Rating
from miniapps.developers.registering import Kin
from miniapps.developers.runs import Run
from miniapps.errors import OwnMatter
from miniapps.releases.rolling import Rolling
from miniapps.releases.service import Releases
from miniapps.versions.model import VERSION_PREFIX, Act, State, Step, Version, Who
from miniapps.versions.store import VersionStore
from miniapps.versions.trials import TrialStore

T = TypeVar("T")
VERSION_MOVED: Final = "miniapps.version_moved"
REVIEW: Final = "miniapps:review"


class Builders(Protocol):
    """Who builds programs, and on whose word (`miniapps.developers`)."""

    async def authority(
        self, *, principal: Principal, app_id: str | None = None, organisation: str | None = None
    ) -> Authority:
        """Raises: SignInRequired, Forbidden, NotFound, OrganisationBlocked, Unavailable."""
        ...

    async def submitter(self, *, principal: Principal, app_id: str | None = None) -> Authority:
        """As `authority`, also for a run of a CI system: to hand in, and to see what was. Raises: the same."""
        ...

    async def membership(
        self, *, principal: Principal, app_id: str | None = None, organisation: str | None = None
    ) -> Authority:
        """For what is only read. Raises: SignInRequired, Forbidden, NotFound, Unavailable."""
        ...

    async def require_person(self, principal: Principal) -> None:
        """For what outlives a tool's token. Raises: PersonNeeded, Unavailable."""
        ...

    async def rating(self, organisation: str) -> Rating:
        """Raises: NotFound, Unavailable."""
        ...

    async def ratings(self, accounts: Collection[Account]) -> Mapping[str, Rating]:
        """By organisation. Raises: Unavailable."""
        ...

    async def note(self, *, organisation: str, fact: Fact, session: Session) -> None: ...

    async def app(self, app_id: str) -> App | None:
        """With its proved domains. Raises: Unavailable."""
        ...

    async def apps(self, app_ids: Collection[str]) -> Mapping[str, App]:
        """Those that there are, by id. Without their domains. Raises: Unavailable."""
        ...

    async def accounts(self, organisations: Collection[str]) -> Mapping[str, Account]:
        """By id; the city itself has none. Raises: Unavailable."""
        ...

    async def run_keys(self, authority: Authority, package: str) -> Sequence[Run]:
        """Runs whose keys may sign this package now. Raises: Unavailable."""
        ...

    async def sign_by(self, run: Run, package: str) -> bool:
        """Its key is this package's, and no other's; False where it has signed another. Raises: Unavailable."""
        ...


class Officers(Kin, Protocol):
    """Who an officer is besides (`circle.OfficersKin`)."""

    async def citizen_of(self, officer: str) -> str | None:
        """Raises: Unavailable."""
        ...

    async def organisations(self, officer: str) -> Collection[str]:
        """Those (`mpo_…`) of which `builds` is true. Raises: Unavailable."""
        ...


@dataclass(frozen=True, slots=True)
class Desk:
    store: VersionStore
    trials: TrialStore
    releases: Releases
    builders: Builders
    kin: Officers
    outbox: Outbox
    audit: AuditLog
    ids: Ids
    clock: Clock

    @property
    def rolling(self) -> Rolling:
        return Rolling(self.releases)

    async def transaction(self, work: Callable[[Session], Awaitable[T]]) -> T:
        return await self.store.mongo.transaction(work)

    # --- who asks

    async def own(self, principal: Principal, id: str, role: Role = Role.DEVELOPER) -> tuple[Version, Authority]:
        """A version of the caller's organisation. Raises: SignInRequired, Forbidden, NotFound, OrganisationBlocked,
        Unavailable.
        """
        version = await self.found(id)
        authority = await self.builders.authority(principal=principal, app_id=version.app_id)
        authority.require(role)
        return version, authority

    async def officer(self, principal: Principal, scope: str, organisation: str) -> str:
        """The id of the officer, who has this power and nothing to do with the organisation.

        Raises: SignInRequired, Forbidden, OwnMatter, Unavailable.
        """
        require_officer(principal, scope)
        if await self.kin.builds(principal.actor, organisation=organisation):
            raise OwnMatter()
        return principal.actor

    async def found(self, id: str, *, session: Session | None = None) -> Version:
        """Raises: NotFound, Unavailable."""
        version = await self.store.version(id, session=session) if is_id(id, prefix=VERSION_PREFIX) else None
        if version is None:
            raise NotFound(thing="version")
        return version

    async def app(self, app_id: str) -> App:
        """Raises: NotFound, Unavailable."""
        app = await self.builders.app(app_id)
        if app is None:
            raise NotFound(thing="mini-program")
        return app

    # --- steps

    async def step(
        self, version: Version, act: Act, *, by: Who, actor: str, note: str = "", session: Session
    ) -> Version:
        """One step on, written with its event and audit. Raises: VersionCannotChange."""
        moved = version.after(act, by=by, actor=actor, at=to_ms(self.clock.now()), note=note)
        return await self.keep(moved, session=session, before=version.state)

    async def keep(self, moved: Version, *, session: Session, before: State | None) -> Version:
        """Write a version as its last step left it, which is numbered by that. before: None for a new one."""
        moved = moved.numbered(await self.store.next_number(moved.app_id, session=session))
        step = moved.steps[-1]
        await self.store.put(moved, session=session)
        if before is State.IN_REVIEW and moved.state is not before:
            await self._end_trials(moved, session)
        payload: dict[str, str | int] = {
            "version": moved.id,
            "app_id": moved.app_id,
            "organisation": moved.organisation,
            "version_code": moved.version_code,
            "version_name": moved.version_name,
            "act": step.act.value,
            "before": before.value if before else "",
            "state": moved.state.value,
        }
        await self.outbox.append(name=VERSION_MOVED, payload=payload, session=session)
        about = {"version": moved.id, "app_id": moved.app_id, "act": step.act.value, "state": moved.state.value}
        await self.audit.append(
            VERSION_MOVED, actor=_actor(step), subject=moved.organisation, about=about, session=session
        )
        return moved

    async def _end_trials(self, version: Version, session: Session) -> None:
        """No officer opens it any more; what was signed for that is forgotten, but for what its builders try."""
        begun = await self.trials.of_version(version.id, session=session)
        program = await self.releases.store.program(version.app_id, session=session) if begun else None
        for release in sorted({one.release for one in begun} - {program.trial if program else None}):
            await self.releases.store.drop_trial(release, session=session)
        await self.trials.end(version.id, session=session)


def require_officer(principal: Principal, scope: str) -> None:
    """Raises: SignInRequired, Forbidden."""
    principal.require(PrincipalKind.STAFF)
    principal.require_scope(scope)


def _actor(step: Step) -> str:
    return step.actor or "city"
