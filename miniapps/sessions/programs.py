"""Which programs there are, as sessions ask: a release's row, read as what may run, and which of them a citizen gets.

Rules
- Who is in the share of a rollout gets the newer release, and keeps it when the rollout pauses.
- A rollout to testers is for those who build the program and whom they invited, whatever the share.
- What is only tried is opened by those who build it and by an officer who reviews it, as such (`TRIAL`), and runs so
  long as they may.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol

from core.errors import NotFound
from core.locale import Locale, Text
from miniapps.bundles.manifest import Permission
from miniapps.releases.model import SERVED, Program, Release, ReleaseState, Rollout
from miniapps.releases.service import Releases
from miniapps.sessions.model import Runnable, Standing
from miniapps.sessions.store import SessionStore


class Circle(Protocol):
    """Who is closer to a program than other citizens."""

    async def openid(self, citizen: str, *, app_id: str, organisation: str) -> str:
        """How the program knows the citizen. Raises: Unavailable."""
        ...

    async def builds(self, citizen: str, *, organisation: str) -> bool:
        """Whether the citizen is a member of the organisation. Raises: Unavailable."""
        ...

    async def invited(self, openid: str, *, app_id: str) -> bool:
        """Whether they are to test it. Raises: Unavailable."""
        ...

    async def reviews(self, citizen: str, *, app_id: str) -> str | None:
        """The release that they try as an officer who reviews it. Raises: Unavailable."""
        ...


@dataclass(frozen=True, slots=True)
class ReleasedPrograms:
    """What `Sessions` asks (its protocol `Programs`)."""

    releases: Releases
    visits: SessionStore
    circle: Circle

    async def current(self, app_id: str, *, citizen: str, trial: bool = False) -> Runnable:
        """What this citizen opens under this id now. trial: what is only tried.

        Raises: NotFound (also where there is none for them), NoProgramsHere, Unavailable.
        """
        program = await self.releases.known(app_id)
        if program is None:
            raise NotFound(thing="mini-program")
        chosen = await (self._tried(program, citizen) if trial else self._chosen(program, citizen))
        release = await self.releases.release(chosen) if chosen else None
        if release is None:
            raise NotFound(thing="mini-program")
        return await self._runnable(release, Standing.RUNS)

    async def release(self, release_id: str, *, citizen: str) -> Runnable | None:
        """One that the citizen opened before, also when it was revoked since. Raises: Unavailable."""
        found = await self.releases.release(release_id)
        if found is None:
            return None
        if found.state is ReleaseState.TRIAL and not await self._still_tries(found, citizen):
            return await self._runnable(found, Standing.EXPIRED)
        if found.state in SERVED:
            return await self._runnable(found, Standing.RUNS)
        program = await self.releases.store.program(found.app_id)
        gone = program is None or program.revoked
        return await self._runnable(found, Standing.PROGRAM_REVOKED if gone else Standing.VERSION_REVOKED)

    async def _chosen(self, program: Program, citizen: str) -> str | None:
        rollout = program.rollout
        if rollout is not None and await self._gets(program, rollout, citizen):
            return rollout.release
        return program.current

    async def _gets(self, program: Program, rollout: Rollout, citizen: str) -> bool:
        if await self.visits.has_opened(citizen, program.app_id, rollout.version_code):
            return True
        if rollout.paused:
            return False
        app_id, organisation = program.app_id, program.organisation
        openid = await self.circle.openid(citizen, app_id=app_id, organisation=organisation)
        if not rollout.testers:
            return rollout.draws(openid=openid, app_id=app_id)
        builds = await self.circle.builds(citizen, organisation=organisation)
        return builds or await self.circle.invited(openid, app_id=app_id)

    async def _tried(self, program: Program, citizen: str) -> str | None:
        if await self.circle.builds(citizen, organisation=program.organisation):
            return program.trial
        return await self.circle.reviews(citizen, app_id=program.app_id)

    async def _still_tries(self, release: Release, citizen: str) -> bool:
        if await self.circle.builds(citizen, organisation=release.organisation):
            return True
        return await self.circle.reviews(citizen, app_id=release.app_id) == release.id

    async def _runnable(self, release: Release, standing: Standing) -> Runnable:
        terms = await self.releases.terms(release.app_id)
        found = runnable(release, standing)
        return replace(found, granted=terms.granted(release.granted), districts=terms.districts)


def runnable(release: Release, standing: Standing) -> Runnable:
    manifest = release.manifest
    return Runnable(
        release=release.id,
        app_id=release.app_id,
        organisation=release.organisation,
        version_name=release.version_name,
        version_code=release.version_code,
        pages=manifest.pages,
        declared={one.name: _reason(release, one) for one in (*manifest.req_permissions, *manifest.opt_permissions)},
        granted=release.granted,
        standing=standing,
        accept_from=frozenset(manifest.accept_from) or None,
        trial=release.state is ReleaseState.TRIAL,
    )


def _reason(release: Release, asked: Permission) -> Text:
    """In each language of the city; in the manifest's where the program did not say it in that one."""
    said = {locale: release.reasons.get(locale, {}).get(asked.name) or asked.reason for locale in Locale}
    return Text(zh=said[Locale.ZH_CN], en=said[Locale.EN])
