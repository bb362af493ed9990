"""Who builds here: registering, members, apps, and on whose word anything is done."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Protocol, TypeVar

from core.audit import AuditLog
from core.clock import Clock, to_ms
from core.errors import Forbidden, NotFound, SignInRequired
from core.ids import Ids, is_id
from core.mongo import Session
from core.principal import Principal, PrincipalKind
from miniapps.developers.domains import DomainStore
from miniapps.developers.errors import OrganisationBlocked, PersonNeeded
from miniapps.developers.model import Account, AccountKind, App, Authority, Role
from miniapps.developers.publishers import PublisherStore
from miniapps.developers.rating import COUNTED_FOR, Fact, Facts, Rating, rating
from miniapps.developers.runs import Run
from miniapps.developers.store import DeveloperStore
from miniapps.developers.tokens import DEVELOPER, PUBLISHER, OpenTokens
from miniapps.releases.model import PackageKey
from miniapps.releases.store import ReleaseStore

T = TypeVar("T")
_APP: Final = "program"
# How long a tool speaks for the person who let it in, where a thing outlives its token.
TOOL_FRESH: Final = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Post:
    """What a citizen is in an organisation that is registered with the city (`org_…`), while it goes on."""

    organisation: str
    name: str
    uscc: str
    role: Role


class People(Protocol):
    """What is asked about citizens, of identity."""

    async def level(self, citizen: str) -> int | None:
        """Their real-name level; None where the account may do nothing now. Raises: Unavailable."""
        ...

    async def posts(self, citizen: str) -> Sequence[Post]:
        """Raises: Unavailable."""
        ...

    async def members(self, organisation: str) -> Mapping[str, Role]:
        """Of an organisation (`org_…`), by citizen. Raises: Unavailable."""
        ...


@dataclass(frozen=True, slots=True)
class Developers:
    """tokens: of developers' tools and programs' backends."""

    store: DeveloperStore
    domains: DomainStore
    publishers: PublisherStore
    releases: ReleaseStore
    people: People
    tokens: OpenTokens
    audit: AuditLog
    ids: Ids
    clock: Clock

    async def open(self) -> None:
        """Make the indexes and the first key."""
        await self.store.open()
        await self.domains.open()
        await self.publishers.open()
        await self.tokens.open()

    # --- on whose word

    async def authority(
        self, *, principal: Principal, app_id: str | None = None, organisation: str | None = None
    ) -> Authority:
        """Who builds this: a member of its organisation, by the shell's session or by a developer's token.

        app_id, organisation: one of the two; without either the one that the token is for.
        Raises: SignInRequired, Forbidden, NotFound (also where it is somebody else's), OrganisationBlocked,
        Unavailable.
        """
        found = await self.membership(principal=principal, app_id=app_id, organisation=organisation)
        if found.account.blocked:
            raise OrganisationBlocked(why=found.account.blocked)
        return found

    async def membership(
        self, *, principal: Principal, app_id: str | None = None, organisation: str | None = None
    ) -> Authority:
        """The same of an organisation that may be blocked: for what is only read.

        Raises: SignInRequired, Forbidden, NotFound, Unavailable.
        """
        citizen, only = await self.who(principal)
        app = await self._asked_app(app_id)
        wanted = app.organisation if app else organisation or only
        account = await self.store.account(wanted) if is_id(wanted, prefix="mpo") else None
        role = await self.role_in(account, citizen) if account else None
        if account is None or role is None or only not in ("", wanted):
            raise NotFound(thing=_APP if app_id is not None else "organisation")
        developer = await self.store.made_developer(citizen, at=to_ms(self.clock.now()))
        rows = await self.releases.organisations([wanted])
        return Authority(developer.id, rows[wanted].signing(self.clock.now()), account, app, role)

    async def submitter(self, *, principal: Principal, app_id: str | None = None) -> Authority:
        """Who hands a version in: as `authority`; or a run that one of the program's publishers let in, for this
        program alone. Nothing else asks so: a run can do nothing else.

        Raises: SignInRequired (also where the run is over, its publisher was removed, or nobody answers for it),
        Forbidden, NotFound, OrganisationBlocked, Unavailable.
        """
        if PUBLISHER not in principal.scopes:
            return await self.authority(principal=principal, app_id=app_id)
        found = await self._of_run(principal)
        if app_id not in (None, found.the_app.app_id):
            raise NotFound(thing=_APP)
        if found.account.blocked:
            raise OrganisationBlocked(why=found.account.blocked)
        return found

    async def _of_run(self, principal: Principal) -> Authority:
        run, now = await self.publishers.run(principal.session_id), self.clock.now()
        publisher = await self.publishers.publisher(principal.actor)
        if run is None or publisher is None or run.publisher != publisher.id or not run.lives(now):
            raise SignInRequired()
        app, account = await self.app(run.app_id), await self.store.account(run.organisation)
        assert app is not None and account is not None, "apps and accounts are never taken away"
        if not await self.answered_for(account):
            raise SignInRequired()
        whose = (await self.releases.organisations([run.organisation]))[run.organisation]
        return Authority(publisher.id, whose.signing(now), account, app, Role.DEVELOPER, run)

    async def _asked_app(self, app_id: str | None) -> App | None:
        if app_id is None:
            return None
        app = await self.app(app_id)
        if app is None:
            raise NotFound(thing=_APP)
        return app

    async def who(self, principal: Principal) -> tuple[str, str]:
        """The citizen who asks, and the one organisation that their token is for; empty for a session of the shell.

        Raises: SignInRequired, Forbidden, Unavailable.
        """
        if principal.kind is PrincipalKind.SERVICE and DEVELOPER in principal.scopes:
            developer = await self.tokens.developer(principal)
            if developer is None or await self.people.level(developer.citizen) is None:
                raise SignInRequired()
            return developer.citizen, principal.subject
        principal.require(PrincipalKind.CITIZEN)
        if principal.delegated:
            raise Forbidden()
        return principal.actor, ""

    async def require_person(self, principal: Principal) -> None:
        """For what outlives a token (keys, domains, the end of a version): somebody at the shell, or their tool within
        `TOOL_FRESH` of being let in, which took their own proof. Asked once it is known that they may.

        Raises: PersonNeeded, Unavailable.
        Source: docs/decisions/0070-what-lasts-takes-a-tool-that-was-just-let-in.md
        """
        if principal.kind is PrincipalKind.CITIZEN:
            return
        device = await self.tokens.devices.device(principal.session_id)
        if device is None or self.clock.now() - device.since > TOOL_FRESH:
            raise PersonNeeded(minutes=int(TOOL_FRESH.total_seconds() // 60))

    async def role_in(self, account: Account, citizen: str) -> Role | None:
        """What the citizen is in the account; None for nobody. Raises: Unavailable."""
        if account.kind is AccountKind.PERSON:
            developer = await self.store.developer_of(citizen)
            return account.members.get(developer.id) if developer else None
        posts = await self.people.posts(citizen)
        return next((post.role for post in posts if post.organisation == account.of), None)

    async def answered_for(self, account: Account) -> bool:
        """Whether an owner may act now: a run speaks for nobody where the city suspended the organisation, or froze all
        who answer for it. Raises: Unavailable.
        """
        if account.kind is AccountKind.PERSON:
            found = [await self.store.developer(one) for one, role in account.members.items() if role is Role.OWNER]
            owners = [one.citizen for one in found if one]
        else:
            owners = [who for who, role in (await self.people.members(account.of)).items() if role is Role.OWNER]
        for citizen in owners:
            if await self.people.level(citizen) is not None:
                return True
        return False

    async def app(self, app_id: str) -> App | None:
        """With its proved domains; ids are lower-case, whatever a link says. Raises: Unavailable."""
        app = await self.store.app(app_id.lower())
        return replace(app, domains=await self.domains.proved(app.app_id)) if app else None

    async def apps(self, app_ids: Collection[str]) -> Mapping[str, App]:
        """Those that there are, by id. Without their domains. Raises: Unavailable."""
        return await self.store.apps(app_ids)

    async def accounts(self, organisations: Collection[str]) -> Mapping[str, Account]:
        """Of those who build, by id; an organisation that registered otherwise has none. Raises: Unavailable."""
        return await self.store.accounts(organisations)

    async def organisations_of(self, citizen: str) -> frozenset[str]:
        """Those (`mpo_…`) that the citizen builds for. Raises: Unavailable."""
        developer = await self.store.developer_of(citizen)
        posts = [post.organisation for post in await self.people.posts(citizen)]
        accounts = await self.store.accounts_of(developer.id if developer else "", posts)
        return frozenset(account.organisation for account in accounts)

    async def backend(self, token: str) -> str:
        """The app whose backend holds this access token. Raises: SignInRequired, Unavailable."""
        app_id = await self.tokens.backend(token)
        if not await self.builds(app_id):
            raise SignInRequired()
        return app_id

    async def builds(self, app_id: str) -> bool:
        """Whether there is such an app, of an organisation that is not blocked. Raises: Unavailable."""
        app = await self.store.app(app_id)
        account = await self.store.account(app.organisation) if app else None
        return account is not None and not account.blocked

    # --- keys of runs

    async def run_keys(self, authority: Authority, package: str) -> Sequence[Run]:
        """Runs whose keys may sign this package (its SHA-256) now: for a run's own word alone. Raises: Unavailable."""
        if authority.run is None:
            return ()
        return await self.publishers.keys_that_sign(authority.run.app_id, package, now=self.clock.now())

    async def sign_by(self, run: Run, package: str) -> bool:
        """The run's key signed this package, and is kept for it; False where it has signed another meanwhile.

        Raises: Unavailable.
        """
        key = PackageKey(run.jwk or {}, run.organisation, run.app_id, package, run.publisher, to_ms(self.clock.now()))

        async def work(session: Session) -> bool:
            if not await self.publishers.sign(run, package, session=session):
                return False
            await self.releases.add_package_key(key, session=session)
            return True

        return await self.transaction(work)

    # --- rating

    async def rating(self, organisation: str) -> Rating:
        """How far the city trusts it now (`mpo_…`). Raises: NotFound, Unavailable."""
        account = await self.store.account(organisation)
        if account is None:
            raise NotFound(thing="organisation")
        return (await self.ratings([account]))[organisation]

    async def ratings(self, accounts: Collection[Account]) -> Mapping[str, Rating]:
        """The same of each of these, by id. Raises: Unavailable."""
        now = self.clock.now()
        counts = await self.store.facts([one.organisation for one in accounts], since=now - COUNTED_FOR)
        return {
            one.organisation: rating(
                Facts(
                    verified=one.kind is AccountKind.ORGANISATION,
                    age_days=(now - one.since).days,
                    counts=counts[one.organisation],
                    by_officer=one.rated.grade if one.rated else None,
                )
            )
            for one in accounts
        }

    async def note(self, *, organisation: str, fact: Fact, session: Session) -> None:
        """What happened counts for its rating from now on; in the caller's transaction."""
        await self.store.add_fact(organisation, fact, at=to_ms(self.clock.now()), session=session)

    # --- what the wing's verbs share

    async def transaction(self, work: Callable[[Session], Awaitable[T]]) -> T:
        """Raises: Unavailable, what `work` raises."""
        return await self.store.mongo.transaction(work)

    def later(self, seconds: float) -> datetime:
        return to_ms(self.clock.now() + timedelta(seconds=seconds))
