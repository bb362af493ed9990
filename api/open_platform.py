"""The open platform on the ground: who builds programs, their versions, and its ports onto identity.

Sessions stand on it, for who gets which version is asked there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from aiohttp import web

from api import city_graph
from api.ground import Ground
from api.programs import ProgramStores
from api.web.asking import REQUEST_ID, language
from api.wings import Wings
from core.clock import Clock
from core.events import Hearing
from core.graph import Context
from core.keys import Algorithm
from core.principal import ANONYMOUS, Principal, PrincipalKind
from core.remote_keys import IssuerKeys, RemoteKeys, fetching
from identity.levels import PHONE_LEVEL
from identity.model import is_test_phone
from identity.organisations.model import MEMBERS_MAX, role_of
from identity.organisations.service import Organisations
from identity.relations import RelationKind
from identity.relations import Role as Membership
from identity.store import IdentityStore
from miniapps.asking.http import Graph
from miniapps.backends.courier import Courier
from miniapps.backends.webhooks import KEY_PURPOSE as WEBHOOK_KEYS
from miniapps.backends.webhooks import Webhooks
from miniapps.developers.devices import DeviceStore
from miniapps.developers.domains import DomainStore
from miniapps.developers.granting import Granting, open_pending
from miniapps.developers.invitations import InvitationStore
from miniapps.developers.keys import Keys
from miniapps.developers.looking import Looking
from miniapps.developers.members import Members
from miniapps.developers.model import Role
from miniapps.developers.proving import Proving
from miniapps.developers.publishers import PublisherStore
from miniapps.developers.publishing import Publishing
from miniapps.developers.registering import Registering
from miniapps.developers.service import Developers, Post
from miniapps.developers.store import DeveloperStore
from miniapps.developers.tokens import KEY_PURPOSE as OPEN_KEYS
from miniapps.developers.tokens import OpenTokens
from miniapps.limits import Paces
from miniapps.releases.service import Releases
from miniapps.versions.blocked import Blocking
from miniapps.versions.circle import OfficersKin, ProgramCircle
from miniapps.versions.desk import REVIEW, VERSION_MOVED, Desk
from miniapps.versions.examining import ChildExaminer
from miniapps.versions.figures import Counting
from miniapps.versions.filing import FilingStore
from miniapps.versions.moves import Moves
from miniapps.versions.quotas import Quotas
from miniapps.versions.records import Records
from miniapps.versions.reviewing import Reviewing
from miniapps.versions.revoking import Revoking
from miniapps.versions.rollouts import Rollouts
from miniapps.versions.running import CommandRunner, Examination
from miniapps.versions.second_looks import SecondLooks
from miniapps.versions.service import Versions
from miniapps.versions.store import VersionStore
from miniapps.versions.trials import TrialStore
from miniapps.versions.trying import Trying
from miniapps.versions.unexamined import Unexamined

# Who decides about members decides about keys; who acts in some matters builds; who only reads reads.
_ROLES: Final[Mapping[Membership, Role]] = {
    Membership.OWNER: Role.OWNER,
    Membership.ADMIN: Role.OWNER,
    Membership.OPERATOR: Role.DEVELOPER,
    Membership.VIEWER: Role.READER,
}
_AGENT: Final = frozenset({RelationKind.AGENT})


@dataclass(frozen=True, slots=True)
class OpenPlatform:
    """circle: who is closer to a program than others. counting: of its runs."""

    developers: Developers
    registering: Registering
    members: Members
    keys: Keys
    proving: Proving
    granting: Granting
    circle: ProgramCircle
    versions: Versions
    moves: Moves
    reviewing: Reviewing
    trying: Trying
    records: Records
    second_looks: SecondLooks
    unexamined: Unexamined
    rollouts: Rollouts
    quotas: Quotas
    counting: Counting
    blocking: Blocking
    webhooks: Webhooks
    courier: Courier

    @classmethod
    def on(cls, ground: Ground, programs: ProgramStores, releases: Releases, wings: Wings) -> OpenPlatform:
        developers, store = _developers(ground, releases, wings), VersionStore(ground.mongo, ground.cipher)
        officers, trials = OfficersOfCity(wings.identity.store), TrialStore(ground.mongo)
        circle = ProgramCircle(developers, programs.openids, store, trials, officers)
        zone, city = ground.settings.city_zone, ground.settings.mongo_database
        kin = OfficersKin(circle)
        desk = Desk(
            store=store,
            trials=trials,
            releases=releases,
            builders=developers,
            kin=kin,
            outbox=ground.outbox,
            audit=ground.audit,
            ids=ground.ids,
            clock=ground.clock,
        )
        paces = Paces(ground.redis, ground.cipher, ground.clock, city)
        counting = Counting(ground.mongo, ground.clock, zone)
        webhooks = Webhooks(
            developers=developers,
            store=programs.telling.store,
            telling=programs.telling,
            keys=ground.key_ring(WEBHOOK_KEYS, Algorithm.ED25519),
            paces=paces,
            demo=ground.settings.demo,
        )
        examine = Examination(ChildExaminer(city_graph.sdl), CommandRunner(ground.settings.mini_run_command))
        return cls(
            developers=developers,
            registering=Registering(developers, kin, ground.outbox),
            members=Members(developers, InvitationStore(ground.mongo), ground.outbox, paces),
            keys=Keys(developers),
            proving=_proving(ground, developers, paces),
            granting=_granting(ground, developers, paces),
            circle=circle,
            versions=Versions(desk, examine, paces),
            moves=Moves(store, developers, Hearing(ground.mongo, VERSION_MOVED, by="app_id")),
            reviewing=Reviewing(desk, FilingStore(ground.mongo)),
            trying=Trying(desk),
            records=Records(desk, FilingStore(ground.mongo)),
            second_looks=SecondLooks(desk, zone),
            unexamined=Unexamined(desk),
            rollouts=Rollouts(desk),
            quotas=Quotas(desk, ground.mongo, ground.redis, ground.cipher, ground.audit, ground.clock, zone, city),
            counting=counting,
            blocking=Blocking(counting, paces),
            webhooks=webhooks,
            courier=_courier(ground, webhooks),
        )

    @property
    def builders(self) -> tuple[object, ...]:
        """What those who build reach besides, by type."""
        return self.registering, self.blocking, self.keys, self.proving, self.granting, self.granting.publishing

    @property
    def revoking(self) -> Revoking:
        """What two officers take back, for identity's acts."""
        return Revoking(self.rollouts)


@dataclass(frozen=True, slots=True)
class GraphOnBehalf:
    """How the graph is asked for a program's backend: as the citizen meant, or as nobody; never as the backend.

    services: each room's, by type.
    """

    graph: Graph
    services: Mapping[type, object]

    async def __call__(
        self, request: web.Request, citizen: str | None, text: str, variables: Mapping[str, Any]
    ) -> Mapping[str, Any]:
        principal = ANONYMOUS
        if citizen is not None:
            principal = Principal(
                kind=PrincipalKind.CITIZEN, actor=citizen, subject=citizen, scopes=frozenset({"citizen"})
            )
        context = Context(
            request_id=request[REQUEST_ID],
            principal=principal,
            locale=language(request.headers.get("Accept-Language")),
            services=self.services,
        )
        return await self.graph(context, text, variables)


def request_id(request: web.Request) -> str:
    return request[REQUEST_ID]


def _developers(ground: Ground, releases: Releases, wings: Wings) -> Developers:
    store = DeveloperStore(ground.mongo, ground.ids)
    tokens = OpenTokens(
        keys=ground.key_ring(OPEN_KEYS, Algorithm.ED25519),
        store=store,
        devices=DeviceStore(ground.mongo),
        issuer=ground.settings.public_url.rstrip("/"),
        ids=ground.ids,
        clock=ground.clock,
    )
    return Developers(
        store=store,
        domains=DomainStore(ground.mongo),
        publishers=PublisherStore(ground.mongo),
        releases=releases.store,
        people=PeopleWhoBuild(wings.identity.store, wings.organisations, ground.clock),
        tokens=tokens,
        audit=ground.audit,
        ids=ground.ids,
        clock=ground.clock,
    )


def _courier(ground: Ground, webhooks: Webhooks) -> Courier:
    return Courier(
        store=webhooks.store,
        domains=webhooks.developers.domains,
        keys=webhooks.keys,
        http=ground.http,
        clock=ground.clock,
        demo=webhooks.demo,
    )


def _proving(ground: Ground, developers: Developers, paces: Paces) -> Proving:
    settings = ground.settings
    own = [host for url in (settings.public_url, settings.mini_url) if (host := urlsplit(url).hostname)]
    return Proving(developers, Looking(ground.http, inside=settings.demo), paces, own)


def _granting(ground: Ground, developers: Developers, paces: Paces) -> Granting:
    issuer, city = ground.settings.public_url.rstrip("/"), ground.settings.mongo_database
    pending = open_pending(ground.redis, ground.cipher, ground.clock, city)
    return Granting(developers, pending, paces, issuer, _publishing(ground, developers, paces, issuer))


def _publishing(ground: Ground, developers: Developers, paces: Paces, audience: str) -> Publishing:
    fetch = fetching(ground.http, inside=ground.settings.demo)
    return Publishing(
        developers=developers,
        keys=IssuerKeys(fetch, RemoteKeys(ground.clock)),
        paces=paces,
        issuers=ground.settings.ci_issuers,
        audience=audience,
    )


@dataclass(frozen=True, slots=True)
class PeopleWhoBuild:
    """What developers' accounts ask about citizens (their protocol `People`)."""

    store: IdentityStore
    organisations: Organisations
    clock: Clock

    async def level(self, citizen: str) -> int | None:
        """Raises: Unavailable."""
        found, now = (await self.store.citizens([citizen])).get(citizen), self.clock.now()
        if found is None or await self.store.freezes.of(citizen, now=now):
            return None
        # What a test citizen has proven, nobody has: they build for others, and have no test citizens of their own.
        return PHONE_LEVEL if is_test_phone(found.phone) else found.real_name_level

    async def posts(self, citizen: str) -> Sequence[Post]:
        """In organisations that the city did not suspend. Raises: Unavailable."""
        delegations = self.organisations.acting.delegations
        members = await delegations.live_of(actor=citizen, kinds=_AGENT, now=self.clock.now())
        found = await self.organisations.store.organisations({member.subject for member in members})
        theirs = [(found[one.subject], one) for one in members if one.subject in found]
        return [
            Post(organisation.id, organisation.name, organisation.uscc, _ROLES[role_of(member)])
            for organisation, member in theirs
            if organisation.suspended_by is None
        ]

    async def members(self, organisation: str) -> Mapping[str, Role]:
        """Raises: Unavailable."""
        found = await self.organisations.acting.delegations.live_of(
            subject=organisation, kinds=_AGENT, now=self.clock.now(), most=MEMBERS_MAX
        )
        return {member.actor: _ROLES[role_of(member)] for member in found}


@dataclass(frozen=True, slots=True)
class OfficersOfCity:
    """Who a member of staff is as a citizen: whoever has the same phone (the versions' protocol `Officers`)."""

    store: IdentityStore

    async def citizen_of(self, officer: str) -> str | None:
        """Raises: Unavailable."""
        member = (await self.store.staff([officer])).get(officer)
        found = await self.store.citizen_of_phone(member.phone) if member else None
        return found.id if found else None

    async def in_office(self, officer: str) -> bool:
        """Whether they review programs still: staff who leave stay on record, suspended. Raises: Unavailable."""
        member = (await self.store.staff([officer])).get(officer)
        return member is not None and not member.suspended and REVIEW in member.scopes
