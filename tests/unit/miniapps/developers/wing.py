"""The wing of those who build, on real stores: whom it asks about citizens is told to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import orjson

from core.audit import KEY_OVERLAP, KEY_PURPOSE, AuditLog
from core.clock import FixedClock
from core.crypto import FieldCipher
from core.events import Outbox
from core.ids import Ids
from core.keys import Algorithm, KeyRing
from core.mongo import Mongo
from core.principal import Principal, PrincipalKind
from core.redis import Redis
from core.remote_keys import IssuerKeys, RemoteKeys, SetUnavailable
from miniapps.developers.devices import DeviceStore
from miniapps.developers.domains import DomainStore, Method
from miniapps.developers.granting import DEVICE_GRANT, Granting, open_pending
from miniapps.developers.invitations import InvitationStore
from miniapps.developers.keys import Keys
from miniapps.developers.leaving import Leaving
from miniapps.developers.members import Members
from miniapps.developers.model import Authority, Role
from miniapps.developers.proving import Proving
from miniapps.developers.publishers import PublisherStore
from miniapps.developers.publishing import Publishing
from miniapps.developers.registering import Registering
from miniapps.developers.service import Developers, Post
from miniapps.developers.store import DeveloperStore
from miniapps.developers.tokens import OpenTokens
from miniapps.limits import Paces
from miniapps.releases.model import Category
from miniapps.releases.store import ReleaseStore

VECTORS: Final = orjson.loads(
    (Path(__file__).parents[4] / "sdk/contract/vectors/backend/client_assertions.json").read_bytes()
)
ISSUER: Final = VECTORS["audience"].removesuffix("/open/token")
APP: Final = "cn.tongcheng.menu"


@dataclass
class _People:
    levels: dict[str, int | None] = field(default_factory=dict)
    posts_of: dict[str, list[Post]] = field(default_factory=dict)

    async def level(self, citizen: str) -> int | None:
        return self.levels.get(citizen, 4)

    async def posts(self, citizen: str) -> Sequence[Post]:
        return self.posts_of.get(citizen, [])

    async def members(self, organisation: str) -> Mapping[str, Role]:
        return {
            who: post.role
            for who, posts in self.posts_of.items()
            for post in posts
            if post.organisation == organisation
        }


@dataclass
class _Kin:
    """Which officers are members of which organisations."""

    members: set[tuple[str, str]] = field(default_factory=set)

    async def builds(self, officer: str, *, organisation: str) -> bool:
        return (officer, organisation) in self.members


@dataclass
class _Look:
    where: Method | None = None

    async def found(self, proof: object) -> Method | None:
        return self.where


@dataclass
class Wing:
    developers: Developers
    registering: Registering
    keys: Keys
    granting: Granting
    proving: Proving
    members: Members
    leaving: Leaving
    people: _People
    look: _Look
    kin: _Kin
    clock: FixedClock
    mongo: Mongo

    async def studio(self, who: Principal, name: str = "Studio") -> Authority:
        return await self.registering.register(principal=who, of=None, name=name)

    async def app(self, who: Principal, organisation: str, app_id: str = APP) -> str:
        made = await self.registering.register_app(
            principal=who, organisation=organisation, app_id=app_id, category=Category.LIVING, names={"en": "An app"}
        )
        return made.app_id

    async def joined(self, owner: Principal, organisation: str, who: Principal, role: Role) -> Authority:
        """Asked, and accepted; as the owner is then."""
        me = await self.developers.store.developer_of(who.actor)
        assert me is not None
        await self.members.invite(principal=owner, organisation=organisation, developer=me.id, role=role)
        ((asked, _),) = await self.members.waiting(principal=who)
        await self.members.accept(principal=who, id=asked.id)
        return await self.developers.authority(principal=owner, organisation=organisation)

    async def signed_in(self, who: Principal, organisation: str) -> dict[str, Any]:
        begun = await self.granting.begin({"client_id": "tong"}, address="192.0.2.1")
        await self.granting.approve(principal=who, user_code=begun["user_code"], organisation=organisation)
        form = {"grant_type": DEVICE_GRANT, "client_id": "tong", "device_code": begun["device_code"]}
        return await self.granting.answer(form, address="192.0.2.1")

    async def principal(self, told: Mapping[str, Any]) -> Principal:
        return await self.developers.tokens.tool(str(told["access_token"]))


async def open_wing(*, mongo: Mongo, redis: Redis, clock: FixedClock, ids: Ids, cipher: FieldCipher) -> Wing:
    def ring(purpose: str, overlap: timedelta = timedelta(hours=1)) -> KeyRing:
        return KeyRing(
            purpose=purpose, algorithm=Algorithm.ED25519, mongo=mongo, cipher=cipher, clock=clock, overlap=overlap
        )

    store, people, releases = DeveloperStore(mongo, ids), _People(), ReleaseStore(mongo)
    devices, paces, look = DeviceStore(mongo), Paces(redis, cipher, clock, mongo.database.name), _Look()
    kin = _Kin()
    developers = Developers(
        store=store,
        domains=DomainStore(mongo),
        publishers=PublisherStore(mongo),
        releases=releases,
        people=people,
        tokens=OpenTokens(ring("mini-open"), store, devices, ISSUER, ids, clock),
        audit=AuditLog(mongo=mongo, keys=ring(KEY_PURPOSE, KEY_OVERLAP), ids=ids, clock=clock),
        ids=ids,
        clock=clock,
    )
    pending = open_pending(redis, cipher, clock, mongo.database.name)
    publishing = Publishing(developers, IssuerKeys(_away, RemoteKeys(clock)), paces, (), ISSUER)
    outbox = Outbox(mongo=mongo, ids=ids, clock=clock)
    members = Members(developers, InvitationStore(mongo), outbox, paces)
    await releases.open()
    await developers.open()
    await members.open()
    return Wing(
        developers=developers,
        registering=Registering(developers, kin, outbox),
        keys=Keys(developers),
        granting=Granting(developers, pending, paces, ISSUER, publishing),
        proving=Proving(developers, look, paces, ["city.example"]),
        members=members,
        leaving=Leaving(store, devices, members.invitations, releases, outbox),
        people=people,
        look=look,
        kin=kin,
        clock=clock,
        mongo=mongo,
    )


async def _away(uri: str) -> bytes:
    """No issuer's server answers here."""
    raise SetUnavailable(uri)


def citizen(id: str, clock: FixedClock) -> Principal:
    return Principal(
        PrincipalKind.CITIZEN, id, id, scopes=frozenset({"citizen"}), session_id="ses_1", authenticated_at=clock.now()
    )
