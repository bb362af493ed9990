"""What two officers take back: a program, or one version of it, as identity's acts name them."""

from __future__ import annotations

from dataclasses import dataclass

from core.errors import NotFound
from core.mongo import Session
from miniapps.releases.errors import ProgramRevoked
from miniapps.releases.model import ReleaseState, check_becomes
from miniapps.versions.rollouts import Rollouts


@dataclass(frozen=True, slots=True)
class Revoking:
    """subject: `org.example.library` for the program, `org.example.library@14` for its version of this code."""

    rollouts: Rollouts

    async def weigh(self, subject: str, *, officer: str, session: Session) -> None:
        """Raises: NotFound, OwnMatter, ProgramRevoked, CannotChange (it was taken back before), Unavailable."""
        app_id, code = _parsed(subject)
        program = await self.rollouts.check_officer(officer, app_id, session=session)
        if program.revoked:
            raise ProgramRevoked(app_id=app_id)
        releases = await self.rollouts.desk.releases.store.releases_of(app_id, session=session)
        meant = [one for one in releases if code in (None, one.version_code)]
        if not meant:
            raise NotFound(thing="release")
        if code is not None:
            check_becomes(meant[0].state, ReleaseState.REVOKED)

    async def take_back(self, subject: str, *, reason: str, officer: str, session: Session) -> None:
        """Raises: NotFound, ProgramRevoked, CannotChange."""
        app_id, code = _parsed(subject)
        await self.rollouts.taken_back(app_id, code, reason=reason, officer=officer, session=session)


def _parsed(subject: str) -> tuple[str, int | None]:
    """Raises: NotFound."""
    app_id, at, code = subject.partition("@")
    if not at:
        return app_id, None
    if not (code.isascii() and code.isdecimal() and len(code) <= 10):
        raise NotFound(thing="release")
    return app_id, int(code)
