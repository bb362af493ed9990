"""What those who build a program do about its versions until an officer has decided; and what the machine finds."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from core.clock import to_ms
from core.errors import BadInput, NotFound
from core.locale import Locale
from core.mongo import Session
from core.paging import Page, PageRequest
from core.principal import Principal, PrincipalKind
from miniapps.bundles import blocks
from miniapps.bundles.errors import BundleError
from miniapps.bundles.hashing import sha256_hex
from miniapps.developers.model import Authority, Role
from miniapps.developers.runs import Run
from miniapps.developers.tokens import PUBLISHER
from miniapps.limits import Pace, Paces
from miniapps.releases.checking import Checked
from miniapps.releases.errors import NotTheDevelopers
from miniapps.releases.model import Approval, ReleaseState
from miniapps.releases.service import check_next
from miniapps.releases.signing import signer
from miniapps.scopes import OWN
from miniapps.versions.desk import REVIEW, Desk, require_officer
from miniapps.versions.difference import Difference, difference, files_of
from miniapps.versions.examining import Examiner, Surroundings
from miniapps.versions.model import (
    TEST_ACCOUNT_MAX,
    VERSION_PREFIX,
    Act,
    Origin,
    Severity,
    State,
    Step,
    Version,
    Who,
    parse_note,
    place_in_queue,
    tried,
    worst_first,
)
from miniapps.versions.store import Upload

_DAY_S: Final = 86_400
_UPLOADS: Final = Pace("upload", 200, _DAY_S)


@dataclass(frozen=True, slots=True)
class Versions:
    """examine: the rules of review, in a process of their own."""

    desk: Desk
    examine: Examiner
    paces: Paces

    async def open(self) -> None:
        """Make the indexes."""
        await self.desk.store.open()

    # --- packages

    async def uploader(self, principal: Principal) -> Authority:
        """Who may send packages: a developer, by a token that is for one organisation.

        Raises: SignInRequired, Forbidden, NotFound, OrganisationBlocked, TooOften, Unavailable.
        """
        authority = await self.desk.builders.submitter(principal=principal)
        authority.require(Role.DEVELOPER)
        await self.paces.charge(_UPLOADS, authority.organisation.id)
        return authority

    async def keep_package(self, *, authority: Authority, package: bytes) -> Upload:
        """Check a signed package, and keep it for a version to be made of it.

        Raises: PackageInvalid, NotTheDevelopers, OperationsInvalid, NotFound (its program is not the organisation's),
        Unavailable.
        """
        runs = await self._runs(authority, package)
        whose = authority.organisation
        whose = replace(whose, keys=(*whose.keys, *(run.jwk for run in runs if run.jwk)))
        found = await self.desk.releases.checked_package(package, whose)
        said = found.submission.statement
        app = authority.app or await self.desk.app(said.app_id)
        if (app.app_id, app.organisation) != (said.app_id, whose.id):
            raise NotFound(thing="mini-program")
        by = signer(found.submission)
        run = next((one for one in runs if one.kid == by), None)
        if run is not None and not await self.desk.builders.sign_by(run, said.pkg_sha256):
            raise NotTheDevelopers(organisation=whose.names[Locale.EN])
        upload = Upload(said.pkg_sha256, said.app_id, authority.organisation.id, package)
        # A key may be gone since it was uploaded before; but what a version holds is as it was handed in.
        there = await self.desk.store.version_of_package(upload.sha256)
        await self.desk.store.put_upload(upload, at=self.desk.clock.now(), signed_anew=there is None or _ended(there))
        return upload

    async def _runs(self, authority: Authority, package: bytes) -> Sequence[Run]:
        """Those whose keys may sign it. It may be no package at all."""
        try:
            unsigned = await asyncio.to_thread(blocks.strip, package)
        except BundleError:
            return ()
        return await self.desk.builders.run_keys(authority, sha256_hex(unsigned))

    # --- before review

    async def create(self, *, principal: Principal, app_id: str, upload: str, notes: str | None) -> Version:
        """A draft of an uploaded package; the same package again is the version that it is, unless that one has ended.

        Raises: SignInRequired, Forbidden, NotFound, OrganisationBlocked, BadInput, PackageInvalid, NotTheDevelopers,
        OperationsInvalid, VersionNotNewer, ProgramRevoked, Unavailable.
        """
        authority = await self.desk.builders.submitter(principal=principal, app_id=app_id)
        authority.require(Role.DEVELOPER)
        told, organisation = parse_note(notes), authority.organisation
        kept = await self.desk.store.upload(upload)
        if kept is None or kept.organisation != organisation.id:
            raise NotFound(thing="upload")
        if kept.app_id != authority.the_app.app_id:
            raise BadInput(field="upload", problem="is of another program")
        found = await self.desk.releases.checked_package(kept.raw, organisation)
        draft = self._draft(found, authority, size=len(kept.raw), notes=told)

        async def work(session: Session) -> Version:
            there = await self.desk.store.version_of_package(upload, session=session)
            if there is not None and not _ended(there):
                return there
            before = await self.desk.releases.store.program(draft.app_id, session=session)
            check_next(draft.app_id, draft.version_code, organisation, before)
            await self.desk.store.hold_upload(upload, session=session)
            return await self.desk.keep(draft, session=session, before=None)

        return await self.desk.transaction(work)

    def _draft(self, found: Checked, authority: Authority, *, size: int, notes: str) -> Version:
        said, asked = found.submission.statement, found.manifest
        at = to_ms(self.desk.clock.now())
        return Version(
            id=self.desk.ids.new(VERSION_PREFIX),
            app_id=said.app_id,
            organisation=authority.organisation.id,
            developer=authority.developer,
            version_name=said.version_name,
            version_code=said.version_code,
            package=said.pkg_sha256,
            files_h1=said.files_h1,
            size=size,
            asked=asked.declared,
            domains=frozenset((*asked.connect, *asked.img)),
            state=State.DRAFT,
            created_at=at,
            notes=notes,
            steps=(Step(Act.CREATE, State.DRAFT, Who.DEVELOPER, authority.developer, at),),
            origin=Origin(run.publisher, run.issuer, run.told) if (run := authority.run) else None,
        )

    async def submit(
        self, *, principal: Principal, id: str, notes: str | None = None, test_account: str | None = None
    ) -> Version:
        """Hand a draft in for review. test_account: what reviewers sign in with, where the program needs more than a
        citizen.

        Raises: SignInRequired, Forbidden, NotFound, OrganisationBlocked, BadInput, VersionCannotChange, TooOften,
        Unavailable.
        """
        version = await self.desk.found(id)
        authority = await self.desk.builders.submitter(principal=principal, app_id=version.app_id)
        authority.require(Role.DEVELOPER)
        told = parse_note(notes)
        account = parse_note(test_account, "testAccount", most=TEST_ACCOUNT_MAX)
        if version.did_last(Act.SUBMIT):
            return version
        most = (await self.desk.builders.rating(version.organisation)).allowance.submissions_per_day
        await self.paces.charge(Pace("submit", most, _DAY_S), version.organisation)

        async def work(session: Session) -> Version:
            now = await self.desk.found(id, session=session)
            if now.did_last(Act.SUBMIT):
                return now
            queued = place_in_queue(now.id, self.desk.clock.now())
            ready = replace(now, notes=told or now.notes, test_account=account or now.test_account, queued=queued)
            return await self.desk.step(ready, Act.SUBMIT, by=Who.DEVELOPER, actor=authority.developer, session=session)

        return await self.desk.transaction(work)

    async def withdraw(self, *, principal: Principal, id: str) -> Version:
        """Take back what runs nowhere yet. Raises: as `submit`, but for BadInput and TooOften."""
        _, authority = await self.desk.own(principal, id)

        async def work(session: Session) -> Version:
            now = await self.desk.found(id, session=session)
            if now.did_last(Act.WITHDRAW):
                return now
            actor = authority.developer
            return await self.desk.step(now, Act.WITHDRAW, by=Who.DEVELOPER, actor=actor, session=session)

        return await self.desk.transaction(work)

    async def try_out(self, *, principal: Principal, id: str) -> Version:
        """Let those who build it open a draft, as a trial (体验版); the one before is none any more. It is signed and
        logged as every other, and given all that it asks for and others may have: by no one but its builders, who still
        agree to it.

        Raises: SignInRequired, Forbidden, NotFound, OrganisationBlocked, VersionCannotChange, DomainNotProved,
        VersionNotNewer, Unavailable.
        """
        version, authority = await self.desk.own(principal, id)
        if version.state is not State.DRAFT:
            return version
        kept = await self.desk.store.upload(version.package)
        assert kept is not None, "a version holds its upload"
        found = await self.desk.releases.checked_package(kept.raw, authority.organisation)
        domains = frozenset(one for one in version.domains if tried(one, authority.the_app.domains))
        approval = Approval(version.asked - OWN, authority.developer, review=version.id, domains=domains)

        async def work(session: Session) -> None:
            await self.desk.releases.enter(
                found,
                authority.organisation,
                approval,
                state=ReleaseState.TRIAL,
                category=authority.the_app.category,
                session=session,
            )

        await self.desk.transaction(work)
        self.desk.releases.forget()
        return version

    # --- reading

    async def version(self, *, principal: Principal, id: str) -> Version:
        """For those who build it, and for officers who review. Raises: SignInRequired, Forbidden, NotFound,
        Unavailable.
        """
        if principal.kind is PrincipalKind.STAFF:
            require_officer(principal, REVIEW)
            return await self.desk.found(id)
        version, builders = await self.desk.found(id), self.desk.builders
        asked = builders.submitter if PUBLISHER in principal.scopes else builders.membership
        await asked(principal=principal, app_id=version.app_id)
        return version

    async def versions(self, *, principal: Principal, app_id: str, request: PageRequest) -> Page[Version]:
        """The last made first. Raises: SignInRequired, Forbidden, NotFound, Unavailable."""
        authority = await self.desk.builders.membership(principal=principal, app_id=app_id)
        return await self.desk.store.versions(authority.the_app.app_id, request=request)

    async def difference(self, *, principal: Principal, version: Version, against: str | None) -> Difference:
        """What it changes against another version of the program; against None: what runs for all now, or nothing.

        Raises: SignInRequired, Forbidden, NotFound, Unavailable.
        """
        kept = await self.desk.store.upload(version.package)
        assert kept is not None, "a version holds its upload"
        other = await self._other(principal, version, against)
        before = await asyncio.to_thread(files_of, other) if other else {}
        return await asyncio.to_thread(difference, before, await asyncio.to_thread(files_of, kept.raw))

    async def _other(self, principal: Principal, version: Version, against: str | None) -> bytes | None:
        """The package that it is compared with. Raises: NotFound."""
        if against is not None:
            other = await self.version(principal=principal, id=against)
            if other.app_id != version.app_id:
                raise NotFound(thing="version")
            kept = await self.desk.store.upload(other.package)
            return kept.raw if kept else None
        releases = self.desk.releases
        program = await releases.store.program(version.app_id)
        if program is None or program.current is None:
            return None
        release = await releases.store.release(program.current)
        return await releases.store.package(release.package_sha256) if release else None

    # --- the machine

    async def examine_submitted(self, id: str) -> None:
        """Examine a version that waits for it; done by whoever comes first, and again where one broke off.

        Raises: CannotExamine, Unavailable.
        """
        version = await self._begin(id)
        if version is None:
            return
        kept = await self.desk.store.upload(version.package)
        assert kept is not None, "a version holds its upload"
        found = worst_first(await self.examine(kept.raw, await self._surroundings(version)))
        act = Act.FAIL if any(one.severity is Severity.ERROR for one in found) else Act.PASS

        async def work(session: Session) -> None:
            now = await self.desk.found(id, session=session)
            if now.state is State.CHECKING:
                examined = replace(now, findings=found)
                await self.desk.step(examined, act, by=Who.MACHINE, actor="", session=session)

        await self.desk.transaction(work)

    async def _begin(self, id: str) -> Version | None:
        """The version, as CHECKING; None where nothing waits."""

        async def work(session: Session) -> Version | None:
            now = await self.desk.found(id, session=session)
            if now.state is State.SUBMITTED:
                return await self.desk.step(now, Act.EXAMINE, by=Who.MACHINE, actor="", session=session)
            return now if now.state is State.CHECKING else None

        return await self.desk.transaction(work)

    async def _surroundings(self, version: Version) -> Surroundings:
        releases = self.desk.releases
        program = await releases.store.program(version.app_id)
        listed = (await releases.catalogue.listed()).programs.values()
        others = [one for one in listed if one.app_id != version.app_id]
        proved = (await self.desk.app(version.app_id)).domains
        return Surroundings(
            previous_code=program.newest_code if program else 0,
            proved=proved,
            names={one.words[locale].name: one.app_id for one in others for locale in Locale},
            icons={one.icon: one.app_id for one in others if one.icon},
        )


def _ended(version: Version) -> bool:
    """Another may be made of the same package."""
    return version.state in (State.WITHDRAWN, State.REJECTED)
