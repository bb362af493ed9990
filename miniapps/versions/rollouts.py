"""From approved to everybody's: who gets a version, more of them, all, or none any more.

Rules
- A version reaches a share of citizens, drawn by how the program knows them, or the program's testers. The share only
  grows; paused, nobody more gets it, and who has it keeps it.
- Where a version runs already, the next begins with as few of all citizens as the rating says. Testers are no such
  beginning: from them it goes on to a share, not to everybody. By the worst rating, each share stands for a while too.
- One version of a program is rolled out at a time.
- Rolled back, a version is on the signed list of what was revoked, and citizens go back to the one before.
- A program, or a version that officers take back, takes two of them (identity's acts).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from core.errors import BadInput, NotFound
from core.mongo import Session, after_commit
from core.principal import Principal
from miniapps.developers.errors import LimitReached
from miniapps.developers.model import Authority, Role
from miniapps.developers.rating import Fact
from miniapps.errors import OwnMatter
from miniapps.openid.model import OPENID_PREFIX
from miniapps.releases.model import WHOLE, Approval, Program, ReleaseState, Rollout
from miniapps.releases.service import parse_reason
from miniapps.versions.desk import Desk
from miniapps.versions.errors import (
    DomainNotProved,
    RolloutOnlyGrows,
    RolloutTooFast,
    RolloutTooWide,
    RolloutUnderWay,
    VersionCannotChange,
    VersionNotYet,
)
from miniapps.versions.model import Act, State, Version, Who, parse_share, proved
from miniapps.versions.store import TESTERS_MAX

TESTERS: Final = "testers"
_GROWS_TIMES: Final = 10
_OPENID_LENGTH_MAX: Final = 64


@dataclass(frozen=True, slots=True)
class Rollouts:
    desk: Desk

    async def start(self, *, principal: Principal, id: str, percent: float, cohort: str | None = None) -> Version:
        """Countersign, log and roll an approved version out. cohort: `testers`, or None for a draw of all.

        Raises: SignInRequired, Forbidden, NotFound, OrganisationBlocked, BadInput, VersionCannotChange, VersionNotYet,
        DomainNotProved, RolloutTooWide, RolloutUnderWay, NotTheDevelopers, VersionNotNewer, ProgramRevoked,
        Unavailable.
        """
        version, authority = await self.desk.own(principal, id)
        share, testers = parse_share(percent), _cohort(cohort)
        if version.did_last(Act.ROLL):
            return version
        if version.state is not State.APPROVED:
            raise VersionCannotChange(act=Act.ROLL.value, state=version.state.value)
        await self._check_may_begin(version, authority, share, testers=testers)
        kept = await self.desk.store.upload(version.package)
        assert kept is not None, "a version holds its upload"
        found = await self.desk.releases.checked_package(kept.raw, authority.organisation)
        salt = self.desk.ids.random_bytes(8).hex()
        rollout = Rollout("", version.version_code, share, salt, testers)
        approval = Approval(version.granted, _approver(version), version.id, version.allowed, version.not_before)

        async def work(session: Session) -> Version:
            now = await self.desk.found(id, session=session)
            if now.did_last(Act.ROLL):
                return now
            await self._check_alone(now, session)
            release = await self.desk.releases.enter(
                found,
                authority.organisation,
                approval,
                state=ReleaseState.ROLLING,
                rollout=rollout,
                category=authority.the_app.category,
                session=session,
            )
            note = TESTERS if testers else _percent(share)
            return await self._step(replace(now, release=release.id), Act.ROLL, authority, note, session)

        rolled = await self.desk.transaction(work)
        self.desk.releases.forget()
        return rolled

    async def widen(self, *, principal: Principal, id: str, percent: float) -> Version:
        """Let more citizens have it; from testers, a share of all. Raises: SignInRequired, Forbidden, NotFound,
        OrganisationBlocked, BadInput, VersionCannotChange, RolloutOnlyGrows, RolloutTooFast, RolloutTooWide,
        Unavailable.
        """
        _, authority = await self.desk.own(principal, id)
        share = parse_share(percent)

        async def work(session: Session) -> Version:
            now, before = await self._rolling(id, session)
            if not before.testers and share == before.share:
                return now
            if not before.testers and share < before.share:
                raise RolloutOnlyGrows(percent=before.share * 100 / WHOLE)
            await self._check_step(now, share, before, await self._program(now.app_id, session))
            wider = replace(before, share=share, testers=False)
            await self.desk.rolling.change(now.app_id, lambda _: wider, session=session)
            return await self._step(now, Act.WIDEN, authority, _percent(share), session)

        return await self.desk.transaction(work)

    async def pause(self, *, principal: Principal, id: str) -> Version:
        """Nobody more gets it. Raises: SignInRequired, Forbidden, NotFound, OrganisationBlocked, VersionCannotChange,
        Unavailable.
        """
        return await self._set_paused(principal, id, Act.PAUSE)

    async def resume(self, *, principal: Principal, id: str) -> Version:
        """Raises: as `pause`."""
        return await self._set_paused(principal, id, Act.RESUME)

    async def promote(self, *, principal: Principal, id: str) -> Version:
        """Everybody gets it; the one before is superseded. Raises: as `pause`; RolloutTooFast, RolloutTooWide."""
        _, authority = await self.desk.own(principal, id)

        async def work(session: Session) -> Version:
            now = await self.desk.found(id, session=session)
            if now.did_last(Act.PROMOTE):
                return now
            _check_may(now, Act.PROMOTE)
            program = await self._program(now.app_id, session)
            if program.rollout is not None:
                await self._check_step(now, WHOLE, program.rollout, program)
            await self.desk.rolling.promote(now.app_id, session=session)
            await self._supersede(program.current, session)
            await self.desk.builders.note(organisation=now.organisation, fact=Fact.RELEASED, session=session)
            return await self._step(now, Act.PROMOTE, authority, "", session)

        promoted = await self.desk.transaction(work)
        self.desk.releases.forget()
        return promoted

    async def roll_back(self, *, principal: Principal, id: str, reason: str) -> Version:
        """Take it from everybody who has it; they go back to the one before. Raises: as `pause`; BadInput."""
        _, authority = await self.desk.own(principal, id)
        why = parse_reason(reason)

        async def work(session: Session) -> Version:
            now = await self.desk.found(id, session=session)
            if now.did_last(Act.ROLL_BACK):
                return now
            _check_may(now, Act.ROLL_BACK)
            again = await self.desk.rolling.back(
                now.app_id, now.version_code, reason=why, by=authority.developer, session=session
            )
            if again and (restored := await self.desk.store.version_of_release(again.id, session=session)):
                await self.desk.step(restored, Act.RESTORE, by=Who.MACHINE, actor="", session=session)
            await self.desk.builders.note(organisation=now.organisation, fact=Fact.INCIDENT, session=session)
            return await self._step(now, Act.ROLL_BACK, authority, why, session)

        told = await self.desk.transaction(work)
        self.desk.releases.forget()
        return told

    async def revoke(self, *, principal: Principal, id: str, reason: str) -> Version:
        """Take a version of one's own back for good; nothing takes its place.

        Raises: as `pause`; PersonNeeded, BadInput.
        """
        _, authority = await self.desk.own(principal, id)
        await self.desk.builders.require_person(principal)
        why = parse_reason(reason)

        async def work(session: Session) -> Version:
            now = await self.desk.found(id, session=session)
            if now.did_last(Act.REVOKE):
                return now
            _check_may(now, Act.REVOKE)
            await self.desk.releases.take_back(
                app_id=now.app_id, version_code=now.version_code, reason=why, by=authority.developer, session=session
            )
            return await self._step(now, Act.REVOKE, authority, why, session)

        told = await self.desk.transaction(work)
        self.desk.releases.forget()
        return told

    # --- testers

    async def invite(self, *, principal: Principal, app_id: str, openid: str, invited: bool) -> list[str]:
        """Who tests besides those who build it, by how the program knows them (`o_…`); all of them.

        Raises: SignInRequired, Forbidden, NotFound, OrganisationBlocked, BadInput, LimitReached, Unavailable.
        """
        authority = await self.desk.builders.authority(principal=principal, app_id=app_id)
        authority.require(Role.DEVELOPER)
        if not openid.startswith(f"{OPENID_PREFIX}_") or len(openid) > _OPENID_LENGTH_MAX:
            raise BadInput(field="openid", problem="must be an openid")
        app_id, store = authority.the_app.app_id, self.desk.store

        async def work(session: Session) -> None:
            if not invited:
                return await store.remove_tester(app_id, openid, session=session)
            there = await store.testers(app_id, session=session)
            if openid not in there and len(there) >= TESTERS_MAX:
                raise LimitReached(what="testers", most=TESTERS_MAX)
            await store.add_tester(app_id, openid, session=session)

        await self.desk.transaction(work)
        return await store.testers(app_id)

    async def testers(self, *, principal: Principal, app_id: str) -> list[str]:
        """Raises: SignInRequired, Forbidden, NotFound, Unavailable."""
        authority = await self.desk.builders.membership(principal=principal, app_id=app_id)
        return await self.desk.store.testers(authority.the_app.app_id)

    async def rollout(self, version: Version) -> Rollout | None:
        """Who has a version that is being rolled out. Raises: Unavailable."""
        program = await self.desk.releases.store.program(version.app_id)
        found = program.rollout if program else None
        return found if found and found.release == version.release else None

    # --- two officers

    async def check_officer(self, officer: str, app_id: str, *, session: Session) -> Program:
        """The program, about which this officer may decide. Raises: NotFound, OwnMatter, Unavailable."""
        program = await self._program(app_id, session)
        if await self.desk.kin.builds(officer, organisation=program.organisation):
            raise OwnMatter()
        return program

    async def taken_back(
        self, app_id: str, version_code: int | None, *, reason: str, officer: str, session: Session
    ) -> None:
        """Take a version back, or the whole program, as two officers agreed. Raises: NotFound, CannotChange,
        ProgramRevoked.
        """
        program = await self._program(app_id, session)
        releases = self.desk.releases
        await releases.take_back(app_id=app_id, version_code=version_code, reason=reason, by=officer, session=session)
        for version in await self.desk.store.versions_that_run(app_id, session=session):
            if version_code in (None, version.version_code):
                by, note = Who.OFFICER, reason
                await self.desk.step(version, Act.REVOKE, by=by, actor=officer, note=note, session=session)
        await self.desk.builders.note(organisation=program.organisation, fact=Fact.REVOKED, session=session)
        after_commit(session, releases.forget)

    # --- what all of them ask

    async def _check_may_begin(self, version: Version, authority: Authority, share: int, *, testers: bool) -> None:
        now: datetime = self.desk.clock.now()
        if version.not_before is not None and now < version.not_before:
            raise VersionNotYet(not_before=version.not_before)
        for origin in sorted(version.allowed):
            if not proved(origin, authority.the_app.domains):
                raise DomainNotProved(domain=origin)
        if not testers:
            await self._check_first_step(version, share, await self.desk.releases.store.program(version.app_id))

    async def _check_first_step(self, version: Version, share: int, program: Program | None) -> None:
        """Of all citizens. Raises: RolloutTooWide."""
        if program is None or program.current is None:
            return  # The first version takes nobody's program away.
        most = (await self.desk.builders.rating(version.organisation)).allowance.rollout_begins_percent_max
        if share > parse_share(most or 0.01):
            raise RolloutTooWide(percent_max=most)

    async def _check_step(self, version: Version, share: int, before: Rollout, program: Program) -> None:
        """From who has it to a share of all citizens. Raises: RolloutTooFast, RolloutTooWide."""
        if before.testers:
            return await self._check_first_step(version, share, program)
        stands = (await self.desk.builders.rating(version.organisation)).allowance.step_stands
        if stands is None or program.current is None:
            return
        began = next(step.at for step in reversed(version.steps) if step.act in (Act.ROLL, Act.WIDEN))
        stood = self.desk.clock.now() - began >= stands
        most = min(before.share * _GROWS_TIMES, WHOLE) if stood else before.share
        if share > most:
            raise RolloutTooFast(percent_max=most * 100 / WHOLE)

    async def _check_alone(self, version: Version, session: Session) -> None:
        program = await self.desk.releases.store.program(version.app_id, session=session)
        if program is None or program.rollout is None:
            return
        other = await self.desk.store.version_of_release(program.rollout.release, session=session)
        raise RolloutUnderWay(version=other.id if other else program.rollout.release)

    async def _set_paused(self, principal: Principal, id: str, act: Act) -> Version:
        _, authority = await self.desk.own(principal, id)

        async def work(session: Session) -> Version:
            now, before = await self._rolling(id, session)
            paused = replace(before, paused=act is Act.PAUSE)
            if paused == before:
                return now
            await self.desk.rolling.change(now.app_id, lambda _: paused, session=session)
            return await self._step(now, act, authority, "", session)

        return await self.desk.transaction(work)

    async def _rolling(self, id: str, session: Session) -> tuple[Version, Rollout]:
        """Raises: VersionCannotChange."""
        now = await self.desk.found(id, session=session)
        _check_may(now, Act.WIDEN)
        rollout = (await self._program(now.app_id, session)).rollout
        if rollout is None:
            raise NotFound(thing="rollout")
        return now, rollout

    async def _supersede(self, release: str | None, session: Session) -> None:
        version = await self.desk.store.version_of_release(release, session=session) if release else None
        if version is not None:
            await self.desk.step(version, Act.SUPERSEDE, by=Who.MACHINE, actor="", session=session)

    async def _program(self, app_id: str, session: Session) -> Program:
        program = await self.desk.releases.store.program(app_id, session=session)
        if program is None:
            raise NotFound(thing="mini-program")
        return program

    async def _step(self, version: Version, act: Act, authority: Authority, note: str, session: Session) -> Version:
        actor = authority.developer
        return await self.desk.step(version, act, by=Who.DEVELOPER, actor=actor, note=note, session=session)


def _cohort(name: str | None) -> bool:
    """Whether it is the testers'. Raises: BadInput."""
    if name not in (None, "", TESTERS):
        raise BadInput(field="cohort", problem=f"must be {TESTERS}, or nothing")
    return name == TESTERS


def _percent(share: int) -> str:
    return f"{share * 100 / WHOLE:g} %"


def _approver(version: Version) -> str:
    return next((step.actor for step in reversed(version.steps) if step.act is Act.APPROVE), "")


def _check_may(version: Version, act: Act) -> None:
    """Raises: VersionCannotChange."""
    version.after(act, by=Who.DEVELOPER, actor="", at=version.created_at)
