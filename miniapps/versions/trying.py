"""Officers open what they decide about: a version under review, as a trial (体验版).

Rules
- It is opened by the citizen who the officer is, on their own phone, as every trial: signed and logged, given all that
  it asks for and others may have, counted for nobody.
- It ends with the matter: of a version that is decided about or withdrawn, no officer opens it, and what runs ends.
- Nobody tries what they may not decide about. What those who build it try themselves stays as it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from core.clock import to_ms
from core.mongo import Session
from core.principal import Principal
from miniapps.releases.model import Approval, ReleaseState
from miniapps.scopes import OWN
from miniapps.versions.desk import REVIEW, Desk
from miniapps.versions.errors import NoCitizen, NotUnderReview
from miniapps.versions.model import State, Version, tried
from miniapps.versions.trials import Trial

_TRIED: Final = "miniapps.version_tried"


@dataclass(frozen=True, slots=True)
class Trying:
    desk: Desk

    async def open(self) -> None:
        """Make the indexes."""
        await self.desk.trials.open()

    async def begin(self, *, principal: Principal, id: str) -> Version:
        """Let the officer open a version under review as the citizen who they are. Twice is once.

        Raises: SignInRequired, Forbidden, OwnMatter, NotFound, NotUnderReview, NoCitizen, PackageInvalid,
        NotTheDevelopers, OperationsInvalid, VersionNotNewer, ProgramRevoked, Unavailable.
        """
        version = await self.desk.found(id)
        officer = await self.desk.officer(principal, REVIEW, version.organisation)
        _check(version)
        if await self.desk.kin.citizen_of(officer) is None:
            raise NoCitizen()
        releases, app = self.desk.releases, await self.desk.app(version.app_id)
        kept = await self.desk.store.upload(version.package)
        assert kept is not None, "a version holds its upload"
        organisation = await releases.organisation(version.organisation)
        found = await releases.checked_package(kept.raw, organisation)
        domains = frozenset(one for one in version.domains if tried(one, app.domains))
        approval = Approval(version.asked - OWN, officer, review=version.id, domains=domains)

        async def work(session: Session) -> Version:
            now = await self.desk.found(id, session=session)
            _check(now)
            release = await releases.enter(
                found,
                organisation,
                approval,
                state=ReleaseState.TRIAL,
                beside=True,
                category=app.category,
                session=session,
            )
            at = to_ms(self.desk.clock.now())
            await self.desk.trials.put(Trial(app.app_id, now.id, release.id, officer, at), session=session)
            about = {"version": now.id, "app_id": now.app_id}
            await self.desk.audit.append(_TRIED, actor=officer, subject=now.organisation, about=about, session=session)
            return now

        told = await self.desk.transaction(work)
        releases.forget()
        return told

    async def tries(self, *, principal: Principal, version: Version) -> bool:
        """Whether the officer may open it now. Raises: Unavailable."""
        if version.state is not State.IN_REVIEW:
            return False
        return any(one.officer == principal.actor for one in await self.desk.trials.of_version(version.id))


def _check(version: Version) -> None:
    """Raises: NotUnderReview."""
    if version.state is not State.IN_REVIEW:
        raise NotUnderReview(state=version.state.value)
