"""Identity as the roof assembles it, on the run's real MongoDB and Redis."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import orjson

from core.access_log import AccessLog
from core.audit import KEY_OVERLAP, KEY_PURPOSE, AuditLog
from core.clock import Clock, FixedClock
from core.crypto import FieldCipher
from core.errors import DomainError
from core.events import Event, Outbox
from core.graph import Client, Context
from core.ids import Ids
from core.keys import Algorithm, KeyRing
from core.locale import Locale
from core.mongo import Mongo
from core.personal import PersonalCipher
from core.principal import ANONYMOUS, Principal
from core.redis import Redis
from identity.codes import SignInCodes, random_code
from identity.demo import load_demo, person
from identity.limits import STANDARD_LIMITS, SignInLimits
from identity.model import Audience
from identity.registers import PopulationRegister
from identity.relations import RelationKind
from identity.revocations import Revocations
from identity.schema import schema
from identity.service import Identity
from identity.sessions import SignedIn
from identity.sms import DevelopmentSms
from identity.store import IdentityStore
from identity.tokens import AccessTokens
from identity.worker import subscriptions
from tests.support.remembering import once
from tests.support.waiting import DEADLINE_S

ISSUER = "https://city.test"
AUDIENCE = "https://city.test/graphql"
ZHANG = "13800000001"
ALEXANDER = "13800000002"
OUYANG = "13800000003"
LIU = "13800000004"
OFFICER = "13900000001"
CLERK = "13900000003"
NEWCOMER = "13700000009"


@dataclass
class Room:
    """One process's identity, with what a test needs to look behind it."""

    identity: Identity
    keys: KeyRing
    sms: DevelopmentSms
    mongo: Mongo
    redis: Redis
    clock: FixedClock
    ids: Ids
    cipher: FieldCipher
    delivered: set[str] = field(default_factory=set)

    async def deliver(self) -> int:
        """Hand each new event to identity's own handlers, as a worker would. Returns how many messages were made."""
        before = await self.mongo.collection("identity_development_sms").count_documents({})
        for event in await self.events():
            for subscription in subscriptions(self.identity, sender=self.sms):
                if event.name == subscription.event and event.id not in self.delivered and subscription.after:
                    await subscription.after(event)
            self.delivered.add(event.id)
        return await self.mongo.collection("identity_development_sms").count_documents({}) - before

    async def audited(self, kind: str) -> list[dict[str, Any]]:
        """What the audit holds of one kind, oldest first."""
        return await self.mongo.collection("audit_entries").find({"kind": kind}).sort("_id").to_list(None)

    async def events(self, name: str | None = None) -> list[Event]:
        query = {"name": name} if name else {}
        rows = await self.mongo.collection("events").find(query).sort("_id").to_list(None)
        return [Event(row["_id"], row["name"], row["at"], row["payload"]) for row in rows]

    async def request(
        self, phone: str, *, audience: Audience = Audience.CITIZEN, device_id: str = "", address: str = "203.0.113.5"
    ) -> None:
        await self.identity.request_code(
            phone=phone, audience=audience, device_id=device_id, address=address, locale=Locale.ZH_CN
        )

    async def code(self, phone: str, *, audience: Audience = Audience.CITIZEN, address: str = "203.0.113.5") -> str:
        """Ask for a code and read it as the phone's owner does."""
        await self.request(phone, audience=audience, address=address)
        await self.deliver()
        latest = await self.sms.latest(phone)
        assert latest is not None
        return str(latest["code"])

    async def answer(
        self, phone: str, code: str, *, audience: Audience = Audience.CITIZEN, address: str = "203.0.113.5"
    ) -> SignedIn:
        return await self.identity.sign_in(
            phone=phone, code=code, audience=audience, device_id="", device_name="测试手机", address=address
        )

    async def sign_in(self, phone: str, *, audience: Audience = Audience.CITIZEN) -> SignedIn:
        signed_in = await self.answer(phone, await self.code(phone, audience=audience), audience=audience)
        self.clock.advance(seconds=61)  # so that the next code may be asked for
        return signed_in

    async def clerk(self, phone: str = CLERK) -> Principal:
        """A member of staff, signed in."""
        return await self.principal(await self.sign_in(phone, audience=Audience.STAFF))

    async def citizen(self, phone: str) -> Principal:
        return await self.principal(await self.sign_in(phone))

    async def id_of(self, nickname: str) -> str:
        account = await person(nickname, self.identity.store)
        assert account is not None
        return account.id

    async def relation(self, kind: RelationKind) -> str:
        """The id of Zhang's relation of this kind: to her mother, to her child."""
        rows = await self.identity.store.delegations.relations_of(await self.id_of("zhang"))
        return next(one.id for one in rows if one.kind is kind)

    async def acting(self, kind: RelationKind = RelationKind.CARER, *, actor: Principal | None = None) -> Principal:
        """Zhang (signed in as `actor`) as she acts for her mother or her child, by the token that she was given."""
        zhang = actor or await self.citizen(ZHANG)
        begun = await self.identity.acting.act_for(principal=zhang, relation_id=await self.relation(kind))
        return await self.identity.authenticate(token=begun.access.text)

    def revocations(self, redis: Redis | None = None) -> Revocations:
        """Another process's."""
        recall, city = self.identity.store.ended_since, self.mongo.database.name
        return Revocations(redis=redis or self.redis, clock=self.clock, recall=recall, namespace=city)

    async def dump(self) -> bytes:
        """Every row of the database, for "nothing has changed"."""
        names = sorted(await self.mongo.database.list_collection_names())
        rows = [await self.mongo.collection(name).find({}).sort("_id").to_list(None) for name in names]
        return repr(list(zip(names, rows, strict=True))).encode()

    async def principal(self, signed_in: SignedIn) -> Principal:
        return await self.identity.authenticate(token=signed_in.access.text)

    async def ask(
        self,
        query: str,
        *,
        principal: Principal = ANONYMOUS,
        locale: Locale = Locale.ZH_CN,
        variables: Mapping[str, Any] | None = None,
        services: Mapping[type, object] | None = None,
    ) -> dict[str, Any]:
        """The answer to a GraphQL request: {"data", "codes"}, codes being those of its errors.

        services: of a wing, beside identity's own.
        """
        context = Context(
            request_id="req_test",
            principal=principal,
            locale=locale,
            client=Client(address="203.0.113.5", device_id="device-1"),
            services={Identity: self.identity, **(services or {})},
        )
        # Strawberry takes the representations of an `_entities` call apart, so each call gets its own.
        fresh = orjson.loads(orjson.dumps(variables or {}))
        result = await schema.execute(query, variable_values=fresh, context_value=context)
        return {
            "data": result.data,
            "codes": [(e.extensions or {}).get("code", e.message) for e in result.errors or []],
        }


def assemble(
    *,
    mongo: Mongo,
    redis: Redis,
    clock: Clock,
    ids: Ids,
    cipher: FieldCipher,
    limits: SignInLimits = STANDARD_LIMITS,
    register: PopulationRegister | None = None,
    new_code: Callable[[], str] = random_code,
) -> Identity:
    """The service as the roof assembles it; not opened."""
    personal = PersonalCipher(mongo, cipher.master_key)
    store, city = IdentityStore(mongo=mongo, cipher=cipher, personal=personal, clock=clock), mongo.database.name
    keys = KeyRing(
        purpose="access-token",
        algorithm=Algorithm.ES256,
        mongo=mongo,
        cipher=cipher,
        clock=clock,
        overlap=timedelta(minutes=15),
    )
    audit_keys = KeyRing(
        purpose=KEY_PURPOSE, algorithm=Algorithm.ED25519, mongo=mongo, cipher=cipher, clock=clock, overlap=KEY_OVERLAP
    )
    return Identity(
        store=store,
        codes=SignInCodes(redis=redis, cipher=cipher, clock=clock, limits=limits, namespace=city),
        keys=keys,
        tokens=AccessTokens(keys=keys, issuer=ISSUER, audience=AUDIENCE, clock=clock, ids=ids),
        revocations=Revocations(redis=redis, clock=clock, recall=store.ended_since, namespace=city),
        outbox=Outbox(mongo=mongo, ids=ids, clock=clock),
        audit=AuditLog(mongo=mongo, keys=audit_keys, ids=ids, clock=clock),
        access=AccessLog(mongo=mongo, ids=ids, clock=clock),
        cipher=cipher,
        ids=ids,
        clock=clock,
        new_code=new_code,
        register=register,
    )


async def build(
    *,
    mongo: Mongo,
    redis: Redis,
    clock: FixedClock,
    ids: Ids,
    cipher: FieldCipher,
    limits: SignInLimits = STANDARD_LIMITS,
    beside: bool = False,
) -> Room:
    """beside: another process of a city that has its people already."""
    identity = assemble(mongo=mongo, redis=redis, clock=clock, ids=ids, cipher=cipher, limits=limits)
    sms = DevelopmentSms(mongo=mongo, cipher=cipher, clock=clock)

    async def furnish() -> None:
        await identity.audit.open()
        await identity.keys.open()
        await sms.open()
        # Of another seed than what a test names.
        names = Ids(clock, random.Random(1951).randbytes)
        await load_demo(store=identity.store, ids=names, clock=clock)

    await identity.store.open()
    if not beside:
        await once(mongo, "identity", furnish)
    await identity.keys.reload()
    await identity.audit.keys.reload()
    await identity.revocations.open()
    return Room(identity, identity.keys, sms, mongo, redis, clock, ids, cipher)


async def outcome(call: Awaitable[Any]) -> str:
    """ "ok", or the code of the refusal."""
    try:
        await call
    except DomainError as refusal:
        return refusal.code
    return "ok"


async def eventually(holds: Callable[[], bool], *, within_s: float = DEADLINE_S) -> None:
    """Wait until something that another task does has been done. Raises: TimeoutError."""
    async with asyncio.timeout(within_s):
        while not holds():  # noqa: ASYNC110 there is no event to wait for in what is watched
            await asyncio.sleep(0.01)
