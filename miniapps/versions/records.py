"""What officers see of a program and of who builds it, beside its versions.

Rules
- Every officer who reviews, rates or takes back sees it; a program of their own organisation too, and that it is.
- The city's own programs have no versions and no rating, only releases.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from core.errors import Forbidden, NotFound
from core.locale import Locale
from core.paging import Page, PageRequest
from core.principal import Principal, PrincipalKind
from miniapps.bundles import manifest as manifests
from miniapps.developers.model import Account, AccountKind, App
from miniapps.developers.rating import Rating
from miniapps.developers.registering import RATE
from miniapps.releases.model import Category, Organisation, Release, Rollout, Terms
from miniapps.versions.desk import REVIEW, Desk
from miniapps.versions.difference import files_of
from miniapps.versions.filing import Filing, FilingStore
from miniapps.versions.model import Version

# Identity's, for the acts of two officers.
TAKE_BACK: Final = "miniapps:revoke"
OFFICERS: Final = frozenset({REVIEW, RATE, TAKE_BACK})
RELEASES_MAX: Final = 50


@dataclass(frozen=True, slots=True)
class Asked:
    """A permission that a version's manifest asks for, and why. required: the program does not run without it."""

    name: str
    required: bool
    reasons: Mapping[Locale, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Builder:
    """Who builds. blocked: why nothing may be built for it; rated_because: an officer's reason; both mostly empty.

    rating: None for the city itself.
    """

    id: str
    names: Mapping[Locale, str]
    verified: bool
    person: bool
    blocked: str = ""
    rated_because: str = ""
    rating: Rating | None = None


@dataclass(frozen=True, slots=True)
class Record:
    """own: the officer who asks belongs to those who build it, and decides nothing about it.

    running: the version code that runs for all; None: none does.
    """

    app_id: str
    names: Mapping[Locale, str]
    category: Category
    builder: Builder
    own: bool
    terms: Terms
    running: int | None
    revoked: bool
    rollout: Rollout | None
    releases: Sequence[Release]


@dataclass(frozen=True, slots=True)
class Records:
    desk: Desk
    filings: FilingStore

    async def record(self, *, principal: Principal, app_id: str) -> Record:
        """Raises: SignInRequired, Forbidden, NotFound, Unavailable."""
        require_officer(principal)
        store = self.desk.releases.store
        app, program = await self.desk.builders.app(app_id), await store.program(app_id)
        known = program or app
        if known is None:
            raise NotFound(thing="mini-program")
        releases = await store.releases_of(app_id)
        runs = next((one.version_code for one in releases if program and one.id == program.current), None)
        names = {locale: words.name for locale, words in program.words.items()} if program else None
        return Record(
            app_id=app_id,
            names=names or (app.names if app else {}),
            category=known.category,
            builder=await self.builder(known.organisation),
            own=await self.desk.kin.builds(principal.actor, organisation=known.organisation),
            terms=await store.terms(app_id),
            running=runs,
            revoked=bool(program and program.revoked),
            rollout=program.rollout if program else None,
            releases=releases[:RELEASES_MAX],
        )

    async def builder(self, organisation: str) -> Builder:
        """Raises: NotFound, Unavailable."""
        found = (await self.builders([organisation])).get(organisation)
        if found is None:
            raise NotFound(thing="organisation")
        return found

    async def builders(self, organisations: Collection[str]) -> Mapping[str, Builder]:
        """Those that there are, by id. Raises: Unavailable."""
        known = await self.desk.releases.store.organisations(organisations)
        accounts = await self.desk.builders.accounts(known)
        ratings = await self.desk.builders.ratings(accounts.values())
        return {id: _builder(one, accounts.get(id), ratings.get(id)) for id, one in known.items()}

    async def programs(self, app_ids: Collection[str]) -> Mapping[str, App]:
        """As they were registered, those that there are, by id. Raises: Unavailable."""
        return await self.desk.builders.apps(app_ids)

    async def own_organisations(self, *, principal: Principal) -> Collection[str]:
        """Those that the officer belongs to. Raises: Unavailable."""
        return await self.desk.kin.organisations(principal.actor)

    async def versions(self, *, principal: Principal, app_id: str, request: PageRequest) -> Page[Version]:
        """The last made first. Raises: SignInRequired, Forbidden, Unavailable."""
        require_officer(principal)
        return await self.desk.store.versions(app_id, request=request)

    async def filings_of(self, *, principal: Principal, app_id: str) -> Sequence[Filing]:
        """Raises: SignInRequired, Forbidden, Unavailable."""
        require_officer(principal)
        return await self.filings.of(app_id)

    async def asked(self, version: Version) -> list[Asked]:
        """Permissions of its manifest, those that it needs first. Raises: Unavailable."""
        kept = await self.desk.store.upload(version.package)
        assert kept is not None, "a version holds its upload"
        return _asked(await asyncio.to_thread(files_of, kept.raw))


def require_officer(principal: Principal) -> None:
    """Raises: SignInRequired, Forbidden."""
    principal.require(PrincipalKind.STAFF)
    if principal.scopes.isdisjoint(OFFICERS):
        raise Forbidden()


def _builder(known: Organisation, account: Account | None, rating: Rating | None) -> Builder:
    if account is None:
        return Builder(known.id, known.names, known.verified, person=False)
    return Builder(
        id=known.id,
        names=known.names,
        verified=known.verified,
        person=account.kind is AccountKind.PERSON,
        blocked=account.blocked,
        rated_because=account.rated.reason if account.rated else "",
        rating=rating,
    )


def _asked(files: Mapping[str, bytes]) -> list[Asked]:
    asked = manifests.read(files[manifests.FILE])
    told = {locale: manifests.localised(asked, files, locale.value) for locale in Locale}
    why = {
        locale: {one.name: one.reason for one in (*said.req_permissions, *said.opt_permissions)}
        for locale, said in told.items()
    }
    required = {one.name for one in asked.req_permissions}
    names = [one.name for one in (*asked.req_permissions, *asked.opt_permissions)]
    return [Asked(name, name in required, {locale: why[locale][name] for locale in Locale}) for name in names]
