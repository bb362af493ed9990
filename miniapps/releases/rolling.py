"""How a release that some citizens have becomes everybody's, or nobody's.

Each verb is part of its caller's transaction, who calls `Releases.forget` after it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from core.errors import NotFound
from core.mongo import Session
from miniapps.releases.checking import Checked, checked
from miniapps.releases.errors import CannotChange
from miniapps.releases.model import Program, Release, ReleaseState, Rollout, check_becomes, placed
from miniapps.releases.service import Releases

# Why a version is on the list of revocations that was not found to be bad.
ROLLED_BACK: Final = "rolled back"


@dataclass(frozen=True, slots=True)
class Rolling:
    releases: Releases

    async def change(self, app_id: str, change: Callable[[Rollout], Rollout], *, session: Session) -> Rollout:
        """Raises: NotFound (nothing is rolled out)."""
        program = await self._program(app_id, session)
        if program.rollout is None:
            raise NotFound(thing="rollout")
        told = change(program.rollout)
        await self.releases.store.put_program(replace(program, rollout=told), session=session)
        return told

    async def promote(self, app_id: str, *, session: Session) -> Release:
        """What is rolled out runs for all; the one before is superseded. Raises: NotFound."""
        program = await self._program(app_id, session)
        if program.rollout is None:
            raise NotFound(thing="rollout")
        release = await self._release(program.rollout.release, session)
        check_becomes(release.state, ReleaseState.RELEASED)
        if program.current:
            await self.releases.store.set_state(program.current, ReleaseState.SUPERSEDED, session=session)
        return await self._run(program, release, session)

    async def back(self, app_id: str, version_code: int, *, reason: str, by: str, session: Session) -> Release | None:
        """Take the newest release back, and let the one before it run again; that one, None where there is none.

        Raises: NotFound, CannotChange (it is not what runs or is rolled out).
        """
        before = await self._program(app_id, session)
        running = {before.current, before.rollout.release if before.rollout else None}
        releases = await self.releases.store.releases_of(app_id, session=session)
        meant = next((one for one in releases if one.version_code == version_code), None)
        if meant is None:
            raise NotFound(thing="release")
        if meant.id not in running:
            raise CannotChange(before=meant.state.value, after=ReleaseState.REVOKED.value)
        because = f"{ROLLED_BACK}: {reason}"
        await self.releases.take_back(app_id=app_id, version_code=version_code, reason=because, by=by, session=session)
        after = await self._program(app_id, session)
        if after.current:
            return None
        older = (one for one in releases if one.version_code < version_code)
        last = next((one for one in older if one.state is ReleaseState.SUPERSEDED), None)
        return await self._run(after, last, session) if last else None

    async def _run(self, program: Program, release: Release, session: Session) -> Release:
        """Let a release run that was signed and logged before."""
        found = await self._read(release)
        runs = replace(release, state=ReleaseState.RELEASED)
        await self.releases.store.set_state(release.id, ReleaseState.RELEASED, session=session)
        rolled = program.rollout if program.rollout and program.rollout.release != release.id else None
        told = placed(program, runs, found.words, found.icon, rolled)
        await self.releases.store.put_program(replace(told, trial=program.trial), session=session)
        return runs

    async def _read(self, release: Release) -> Checked:
        """What its package says, by the keys that its organisation ever had."""
        package = await self.releases.store.package(release.package_sha256)
        assert package is not None, "a release has its package"
        organisation = await self.releases.organisation(release.organisation)
        signing = await self.releases.store.signing_package(organisation, release.package_sha256)
        return await asyncio.to_thread(checked, package, signing)

    async def _program(self, app_id: str, session: Session) -> Program:
        found = await self.releases.store.program(app_id, session=session)
        if found is None:
            raise NotFound(thing="mini-program")
        return found

    async def _release(self, id: str, session: Session) -> Release:
        found = await self.releases.store.release(id, session=session)
        assert found is not None, "a rollout has its release"
        return found
