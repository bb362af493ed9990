"""Publishing programs, taking them back, and finding them.

A release is one transaction: the package with every signature, its leaf in the log, the program that runs it now, the
event and the audit's entry. Of two that publish at once, the second begins again after the first.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from core.audit import AuditLog
from core.clock import Clock, epoch_s, to_ms
from core.errors import BadInput, NotFound
from core.events import Outbox
from core.ids import Ids
from core.jose import thumbprint
from core.keys import KeyRing
from core.locale import Locale
from core.mongo import Session
from core.paging import Page, PageRequest
from miniapps.bundles import blocks, hashing
from miniapps.bundles.errors import BundleError
from miniapps.bundles.statement import log_entry
from miniapps.releases.catalogue import Catalogue
from miniapps.releases.checking import Checked, checked
from miniapps.releases.errors import NoProgramsHere, ProgramRevoked, ProgramTaken, VersionNotNewer
from miniapps.releases.log import Log
from miniapps.releases.model import (
    SEARCH_MAX,
    Approval,
    Category,
    Icon,
    Jwk,
    Organisation,
    PackageKey,
    Program,
    Release,
    ReleaseState,
    Revocation,
    Rollout,
    Terms,
    check_becomes,
    found,
    placed,
)
from miniapps.releases.origins import Origins
from miniapps.releases.shelf import Shelf
from miniapps.releases.signing import Rings, approved, check_developer_key, signed_list
from miniapps.releases.store import ReleaseStore

_LOG = logging.getLogger(__name__)
RELEASE_PUBLISHED: Final = "miniapps.release_published"
RELEASE_REVOKED: Final = "miniapps.release_revoked"
REASON_MAX: Final = 500
# What is signed with these keys names it so: libraries know the older name (RFC 8037), and compare the two.
_ALGORITHMS: Final = {"OKP": "EdDSA", "EC": "ES256"}
# What is kept of a developer's key.
_KEY_MEMBERS: Final = ("kid", "kty", "crv", "x", "y", "alg", "use")


@dataclass(frozen=True, slots=True)
class Running:
    """A program with the release of it that runs now, and who builds it."""

    program: Program
    release: Release
    organisation: Organisation


@dataclass(frozen=True, slots=True)
class Releases:
    """issuer: the city's address. origins: None where it has no host for programs; then none is found.

    check_operations: refuses a program's documents of the graph that cannot be trusted, by what its manifest declares.
    """

    issuer: str
    store: ReleaseStore
    rings: Rings
    log: Log
    catalogue: Catalogue
    shelf: Shelf
    origins: Origins | None
    outbox: Outbox
    audit: AuditLog
    ids: Ids
    clock: Clock
    check_operations: Callable[[bytes, Collection[str]], None]

    async def open(self) -> None:
        """Make the indexes and the first keys."""
        if self.origins is None:
            _LOG.warning("this city has no host for mini-programs, so none is found here: set TONG_MINI_URL")
        await self.store.open()
        await self.log.open()
        await self.rings.open()

    @property
    def key_rings(self) -> Sequence[KeyRing]:
        return self.rings.all

    # --- finding

    async def programs(
        self,
        *,
        search: str = "",
        category: Category | None = None,
        district: str | None = None,
        locale: Locale,
        page: PageRequest,
    ) -> Page[Program]:
        """Programs that run here, the best first. search: part of a name or description in any language.

        district: those filed with it are among them; those of a district are not without it.
        Raises: BadInput, Unavailable.
        """
        if len(search) > SEARCH_MAX:
            raise BadInput(field="search", problem=f"must be at most {SEARCH_MAX} characters")
        if self.origins is None:
            return Page.of(rows=[], keys=[], request=page)
        listed = await self.catalogue.listed()
        here = [one for one in listed.programs.values() if listed.shown(one.app_id, district)]
        rows = found(here, search=search, category=category, locale=locale)
        rest = [one for one in rows if page.after is None or one.key > page.after][: page.limit]
        return Page.of(rows=[one.program for one in rest], keys=[one.key for one in rest], request=page)

    async def program(self, app_id: str) -> Program | None:
        """One that runs here; ids are lower-case, whatever a link says. Raises: Unavailable."""
        return (await self.catalogue.listed()).programs.get(app_id.lower()) if self.origins else None

    async def organisation(self, id: str) -> Organisation:
        """Of a program. Raises: NotFound, Unavailable."""
        found = (await self.catalogue.listed()).organisations.get(id)
        if found is None:
            found = (await self.store.organisations([id])).get(id)
        if found is None:
            raise NotFound(thing="organisation")
        return found

    async def running(self, app_id: str) -> Running:
        """What is opened now, read from the store. Raises: NotFound, NoProgramsHere, Unavailable."""
        program = await self.known(app_id)
        release = await self.store.release(program.current) if program and program.current else None
        if program is None or release is None:
            raise NotFound(thing="mini-program")
        return Running(program, release, (await self.store.organisations([program.organisation]))[program.organisation])

    async def known(self, app_id: str) -> Program | None:
        """A program that was not taken back, also one that so far is rolled out or tried alone.

        Raises: NoProgramsHere, Unavailable.
        """
        if self.origins is None:
            raise NoProgramsHere()
        program = await self.store.program(app_id.lower())
        return program if program and not program.revoked else None

    async def opened_before(self, ids: Sequence[str]) -> list[Program]:
        """Of these programs, those that still run here for anybody, in the same order. Raises: Unavailable."""
        listed = (await self.catalogue.listed()).programs if self.origins else {}
        others = {one.app_id: one for one in await self.store.programs(set(ids) - listed.keys()) if one.rollout}
        found = ((listed.get(id) or others.get(id)) for id in ids) if self.origins else ()
        return [program for program in found if program is not None]

    async def terms(self, app_id: str) -> Terms:
        """What is settled about a program; another process's changes show after seconds. Raises: Unavailable."""
        return (await self.catalogue.listed()).terms.get(app_id, Terms())

    async def release(self, id: str) -> Release | None:
        """Of any state; another process's changes show after seconds. Raises: Unavailable."""
        return await self.catalogue.release(id)

    async def has_version(self, app_id: str, version_name: str) -> bool:
        """Whether it ever had a release of this name. Raises: Unavailable."""
        return await self.store.has_version(app_id, version_name)

    def origin_of(self, release: Release) -> str:
        """Raises: NoProgramsHere."""
        if self.origins is None:
            raise NoProgramsHere()
        return self.origins.of_program(release.app_key)

    async def csp_of(self, release: Release) -> str:
        """The policy of its pages. Raises: NotFound (it is not served), Unavailable."""
        opened = await self.shelf.find(release.app_key, release.root)
        if opened is None:
            raise NotFound(thing="mini-program")
        return opened[0].csp

    async def package(self, sha256: str) -> bytes | None:
        """The package of a release that may still be run. Raises: Unavailable."""
        release = await self.store.release_of_package(sha256)
        if release is None or release.state is ReleaseState.REVOKED:
            return None
        return await self.store.package(sha256)

    async def icon(self, sha256: str) -> Icon | None:
        """Of a program that runs. Raises: Unavailable."""
        return await self.store.icon(sha256) if sha256 in (await self.catalogue.listed()).icons else None

    async def published_keys(self, rings: Iterable[KeyRing]) -> list[Jwk]:
        """All public keys that packages, lists and tokens are checked with, each with what it is for.

        rings: the platform's. Those of organisations whose programs run or are tried here are `mini-developer` keys as
        well. A key of the log comes with the log's name; one that signed one package alone with the package's, the last
        ones of them. Raises: Unavailable.
        """
        named = {self.log.keys.purpose: {"city_log": self.log.origin}}
        ours = [
            {**key, "alg": _ALGORITHMS[key["kty"]], "city_purpose": ring.purpose, **named.get(ring.purpose, {})}
            for ring in rings
            for key in ring.jwks()["keys"]
        ]
        own = {key["kid"] for key in self.rings.developer.jwks()["keys"]}
        organisations = (await self.catalogue.listed()).organisations.values()
        theirs = [
            {
                **key,
                "alg": _ALGORITHMS[key["kty"]],
                "city_purpose": self.rings.developer.purpose,
                "city_organisation": one.id,
            }
            for one in organisations
            for key in one.keys
            if key["kid"] not in own
        ]
        return [*ours, *theirs, *(self._published(key) for key in (await self.catalogue.listed()).package_keys)]

    async def published_key(self, kid: str) -> Jwk | None:
        """That signed one released package, however long ago. Raises: Unavailable."""
        found = await self.store.package_key(kid)
        return self._published(found) if found and found.released else None

    def _published(self, key: PackageKey) -> Jwk:
        return {
            **key.jwk,
            "alg": _ALGORITHMS[key.jwk["kty"]],
            "city_purpose": self.rings.developer.purpose,
            "city_organisation": key.organisation,
            "city_package": key.package,
        }

    # --- publishing

    async def organisation_of(
        self, *, names: Mapping[Locale, str], verified: bool, keys: Sequence[Jwk], key_id: str
    ) -> Organisation:
        """The organisation of this name, with these keys from now on; made where there is none.

        key_id: of the key that a new one comes with. Raises: Unavailable.
        """
        known = await self.store.organisation_named(names[Locale.EN])
        if known is None:
            await self.store.add_organisation(
                Organisation(self.ids.new("mpo"), dict(names), verified, key_id, tuple(keys))
            )
            known = await self.store.organisation_named(names[Locale.EN])
            assert known is not None, "it was just made, and none is ever taken away"
        told = replace(known, names=dict(names), verified=verified, keys=tuple(keys))
        if told != known:
            await self.store.put_organisation(told)
        return told

    async def organisation_with(self, *, names: Mapping[Locale, str], key: Jwk | None) -> Organisation:
        """The organisation of this name; a new one comes with its key, and one that is there gets it beside its others.

        Raises: NotFound (there is none, and no key), BadInput (the key is none for packages), Unavailable.
        """
        known = await self.store.organisation_named(names[Locale.EN])
        if key is None:
            if known is None:
                raise NotFound(thing="organisation")
            return known
        check_developer_key(key)
        key = {name: key[name] for name in _KEY_MEMBERS if name in key}
        others = [one for one in known.keys if one["kid"] != key["kid"]] if known else []
        return await self.organisation_of(
            names=known.names if known else names,
            verified=known.verified if known else False,
            keys=[*others, key],
            key_id=thumbprint(key),
        )

    async def publish(
        self,
        *,
        package: bytes,
        organisation: Organisation,
        granted: Collection[str],
        by: str,
        category: Category | None = None,
    ) -> Release:
        """Check, sign, log and release a package that its developer signed; the same one again changes nothing.

        granted: names of the permissions that the program is given, of those that it asks for. by: who decided it.
        category: None for what it was before.
        Raises: PackageInvalid, NotTheDevelopers, OperationsInvalid, ProgramTaken, ProgramRevoked, VersionNotNewer,
        Unavailable.
        """
        found = await self.checked_package(package, organisation)
        approval = Approval(frozenset(granted), by)

        async def step(session: Session) -> Release:
            return await self.enter(found, organisation, approval, category=category, session=session)

        release = await self.store.mongo.transaction(step)
        self.forget()
        return release

    async def checked_package(self, package: bytes, organisation: Organisation) -> Checked:
        """Raises: PackageInvalid, NotTheDevelopers, OperationsInvalid."""
        signing = await self._signing(package, organisation.signing(self.clock.now()))
        found = await asyncio.to_thread(checked, package, signing)
        if found.operations is not None:
            await asyncio.to_thread(self.check_operations, found.operations, found.manifest.declared)
        return found

    async def _signing(self, package: bytes, organisation: Organisation) -> Organisation:
        """With the keys that sign this package and no other. It may be none at all."""
        try:
            unsigned = await asyncio.to_thread(blocks.strip, package)
        except BundleError:
            return organisation
        return await self.store.signing_package(organisation, hashing.sha256_hex(unsigned))

    def forget(self) -> None:
        """Look at programs and releases again: some were changed here."""
        self.catalogue.forget()
        self.shelf.forget()

    async def enter(
        self,
        found: Checked,
        organisation: Organisation,
        approval: Approval,
        *,
        state: ReleaseState = ReleaseState.RELEASED,
        beside: bool = False,
        rollout: Rollout | None = None,
        category: Category | None = None,
        session: Session,
    ) -> Release:
        """Sign and log a checked package, and let it run as `state` says: in the caller's transaction, who calls
        `forget` after it. The same one again changes nothing, unless it was only tried before.

        beside: of TRIAL; what those who build it try stays what it was. rollout: of ROLLING; its release is this one.
        Raises: ProgramTaken, ProgramRevoked, VersionNotNewer.
        """
        said = found.submission.statement
        there = await self.store.release_of_package(said.pkg_sha256, session=session)
        if there is not None and (there.state is not ReleaseState.TRIAL or state is ReleaseState.TRIAL):
            _check_same(there, organisation)
            return there
        before = await self.store.program(said.app_id, session=session)
        check_next(said.app_id, said.version_code, organisation, before)
        if before and before.trial and not beside and (there is None or before.trial != there.id):
            await self.store.drop_trial(before.trial, session=session)
        release, signed = await self._signed(found, organisation, approval, state, before, there, session)
        await self._supersede(before, release, session)
        await self.store.put_release(release, signed, session=session)
        if found.icon:
            await self.store.put_icon(found.icon, session=session)
        told = replace(rollout, release=release.id) if rollout else None
        program = placed(before, release, found.words, found.icon, told, category)
        if beside:
            program = replace(program, trial=before.trial if before else None)
        await self.store.put_program(program, session=session)
        await self.store.release_package_keys(said.pkg_sha256, session=session)
        await self._tell_published(release, session)
        return release

    async def _signed(
        self,
        found: Checked,
        organisation: Organisation,
        approval: Approval,
        state: ReleaseState,
        before: Program | None,
        there: Release | None,
        session: Session,
    ) -> tuple[Release, bytes]:
        """The release as it is kept, and its package with every signature. there: the same, as it was tried."""
        said = found.submission.statement
        id = there.id if there else self.ids.new("mpr")
        approval = replace(approval, review=approval.review or id, granted=found.manifest.declared & approval.granted)
        signed, index = await self._logged(found, approval, session)
        release = Release(
            id=id,
            app_id=said.app_id,
            app_key=before.app_key if before else hashing.app_key(said.app_id, organisation.key_id),
            organisation=organisation.id,
            version_name=said.version_name,
            version_code=said.version_code,
            state=state,
            package_sha256=said.pkg_sha256,
            files_h1=said.files_h1,
            size=len(signed),
            manifest_text=found.manifest_text,
            reasons=found.reasons,
            titles=found.titles,
            tabs=found.tabs,
            granted=approval.granted,
            log_index=index,
            at=to_ms(self.clock.now()),
            by=approval.by,
        )
        return release, signed

    async def _supersede(self, before: Program | None, release: Release, session: Session) -> None:
        """What no longer runs when this one does."""
        if before is None or release.state is ReleaseState.TRIAL:
            return
        gone = {before.rollout.release} if before.rollout else set()
        if before.current and release.state is ReleaseState.RELEASED:
            gone.add(before.current)
        for id in sorted(gone - {release.id}):
            await self.store.set_state(id, ReleaseState.SUPERSEDED, session=session)

    async def _tell_published(self, release: Release, session: Session) -> None:
        about: dict[str, str | int] = {
            "app_id": release.app_id,
            "version_code": release.version_code,
            "package": release.package_sha256,
        }
        payload = {**about, "release": release.id, "version_name": release.version_name, "state": release.state.value}
        await self.outbox.append(name=RELEASE_PUBLISHED, payload=payload, session=session)
        await self.audit.append(
            RELEASE_PUBLISHED, actor=release.by, subject=release.organisation, about=about, session=session
        )

    async def _logged(self, found: Checked, approval: Approval, session: Session) -> tuple[bytes, int]:
        """The package with every signature, and the number of its leaf."""
        submission = found.submission
        profile = approved(
            submission,
            approval=approval,
            issuer=self.issuer,
            at=epoch_s(self.clock.now()),
            key=self.rings.platform.active,
        )
        entry = log_entry(submission.statement, developer=submission.developer, platform=profile)
        index, proof = await self.log.append(entry, session=session)
        values = {
            blocks.DEVELOPER: submission.developer,
            blocks.PLATFORM: profile,
            blocks.LOG_PROOF: proof.encode(),
        }
        return blocks.join(submission.unsigned, values), index

    # --- taking back

    async def revoke(self, *, app_id: str, version_code: int | None = None, reason: str, by: str) -> Revocation:
        """Take a version back, or the whole program: nothing of it is served or listed any more. Once is enough.

        Raises: BadInput, NotFound, CannotChange (it was revoked before), Unavailable.
        """
        why = parse_reason(reason)

        async def step(session: Session) -> Revocation:
            return await self.take_back(app_id=app_id, version_code=version_code, reason=why, by=by, session=session)

        revocation = await self.store.mongo.transaction(step)
        self.forget()
        return revocation

    async def take_back(
        self, *, app_id: str, version_code: int | None, reason: str, by: str, session: Session
    ) -> Revocation:
        """As `revoke`, in the caller's transaction, who calls `forget` after it. Raises: as `revoke`."""
        program = await self.store.program(app_id, session=session)
        releases = await self.store.releases_of(app_id, session=session)
        meant = [one for one in releases if version_code in (None, one.version_code)]
        if program is None or not meant:
            raise NotFound(thing="mini-program")
        if version_code is None and program.revoked:
            raise ProgramRevoked(app_id=app_id)
        if version_code is not None:
            check_becomes(meant[0].state, ReleaseState.REVOKED)
        for one in meant:
            if one.state is not ReleaseState.REVOKED:
                await self.store.set_state(one.id, ReleaseState.REVOKED, because=reason, session=session)
        gone = {one.id for one in meant}
        told = replace(
            program,
            current=None if program.current in gone else program.current,
            rollout=None if program.rollout and program.rollout.release in gone else program.rollout,
            trial=None if program.trial in gone else program.trial,
            revoked=program.revoked or version_code is None,
        )
        await self.store.put_program(told, session=session)
        sequence = await self.store.revoked(session=session) + 1
        revocation = Revocation(sequence, app_id, version_code, reason, to_ms(self.clock.now()))
        await self.store.add_revocation(revocation, by=by, session=session)
        codes = [one.version_code for one in meant]
        payload = {"app_id": app_id, "version_codes": codes, "whole": version_code is None, "sequence": sequence}
        await self.outbox.append(name=RELEASE_REVOKED, payload={**payload, "reason": reason}, session=session)
        about: dict[str, str | int] = {
            "app_id": app_id,
            "whole": version_code is None,
            "version_code": version_code or 0,
        }
        await self.audit.append(RELEASE_REVOKED, actor=by, subject=program.organisation, about=about, session=session)
        return revocation

    async def revocations(self) -> str:
        """The signed list of what was revoked, as of now. Raises: Unavailable."""
        listed = await self.store.revocations()
        return signed_list(
            listed,
            sequence=listed[-1].sequence if listed else 0,
            issued_at=epoch_s(self.clock.now()),
            keys=self.rings.revocations,
        )


def _check_same(there: Release, organisation: Organisation) -> None:
    """Whoever packs and signs the same files once more is told whose they are, and that they may not run."""
    if there.organisation != organisation.id:
        raise ProgramTaken(app_id=there.app_id)
    if there.state is ReleaseState.REVOKED:
        raise ProgramRevoked(app_id=there.app_id)


def parse_reason(text: str) -> str:
    """Why something is taken back. Raises: BadInput."""
    reason = text.strip()
    if not 0 < len(reason) <= REASON_MAX:
        raise BadInput(field="reason", problem=f"must be 1 to {REASON_MAX} characters")
    return reason


def check_next(app_id: str, version_code: int, organisation: Organisation, before: Program | None) -> None:
    """Raises: ProgramTaken, ProgramRevoked, VersionNotNewer."""
    if before is None:
        return
    if before.organisation != organisation.id:
        raise ProgramTaken(app_id=app_id)
    if before.revoked:
        raise ProgramRevoked(app_id=app_id)
    if version_code <= before.newest_code:
        raise VersionNotNewer(newest=before.newest_code)
