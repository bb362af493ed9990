"""Identity with credentials as the roof assembles them, and what people do with them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import orjson
import pyotp
from argon2 import PasswordHasher

from core.clock import epoch_s
from core.graph import Client, Context
from core.locale import Locale
from core.personal import PersonalCipher
from core.principal import ANONYMOUS, Principal
from identity.arrivals import Origin
from identity.credentials.desk import Desk
from identity.credentials.errors import SecondFactorRequired
from identity.credentials.hashing import Hashing
from identity.credentials.model import Keychain
from identity.credentials.proofs import Proof
from identity.credentials.service import Credentials
from identity.credentials.store import KeychainStore
from identity.credentials.tickets import Tickets
from identity.model import Audience
from identity.schema import schema
from identity.service import Identity
from identity.sessions import SignedIn
from tests.unit.identity.credentials.authenticator import Authenticator
from tests.unit.identity.room import ISSUER, ZHANG, Room

HERE = Origin("device-1", "36.110.3.9")
# Tests that are about hashing bring the city's own.
QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
PASSPHRASE = "四月的风吹过胡同 27 次"
NUMBERS = (42, 17, 88)


@dataclass
class Holders:
    """room: identity, whose door asks for a second step."""

    room: Room
    credentials: Credentials

    @property
    def party(self) -> tuple[str, str]:
        party = self.credentials.second.prover.party
        return party.origin, party.id

    async def zhang(self) -> Principal:
        return await self.room.citizen(ZHANG)

    async def held(self, principal: Principal) -> Keychain:
        return await self.credentials.desk.store.of(principal.actor)

    async def with_password(self, principal: Principal, password: str = PASSPHRASE) -> None:
        await self.credentials.passwords.set(principal=principal, password=password, current=None, origin=HERE)

    async def by_password(
        self, password: str = PASSPHRASE, *, phone: str = ZHANG, audience: Audience = Audience.CITIZEN
    ) -> SignedIn:
        return await self.credentials.passwords.sign_in(
            phone=phone, password=password, audience=audience, device_name="电脑", origin=HERE
        )

    async def with_passkey(self, principal: Principal, **kind: Any) -> Authenticator:
        """An authenticator of theirs, registered."""
        authenticator = Authenticator(*self.party, **kind)
        await self.register(principal, authenticator)
        return authenticator

    async def register(self, principal: Principal, authenticator: Authenticator, **client: Any) -> None:
        passkeys = self.credentials.passkeys
        options = await passkeys.begin_registration(principal=principal, locale=Locale.ZH_CN)
        await passkeys.add(principal=principal, name="手机", credential=authenticator.create(options, **client))

    async def challenge(self, audience: Audience = Audience.CITIZEN) -> tuple[str, dict[str, Any]]:
        return await self.credentials.passkeys.begin_sign_in(audience=audience, origin=HERE)

    async def by_passkey(
        self, authenticator: Authenticator, *, audience: Audience = Audience.CITIZEN, **client: Any
    ) -> SignedIn:
        id, options = await self.challenge(audience)
        return await self.credentials.passkeys.sign_in(
            id=id, credential=authenticator.get(options, **client), device_name="电脑"
        )

    async def with_totp(self, principal: Principal) -> tuple[str, list[str]]:
        """The secret and the recovery codes; the time step after that in which it was confirmed has begun."""
        enrolment = await self.credentials.totp.begin(principal=principal)
        codes = await self.credentials.totp.confirm(principal=principal, code=self.totp(enrolment.secret), origin=HERE)
        self.room.clock.advance(seconds=30)
        return enrolment.secret, codes

    def totp(self, secret: str, *, steps: int = 0) -> str:
        """What the app shows, `steps` time steps from now."""
        return pyotp.TOTP(secret).generate_otp(epoch_s(self.room.clock.now()) // 30 + steps)

    async def pending(self, phone: str = ZHANG, *, audience: Audience = Audience.CITIZEN) -> SecondFactorRequired:
        """The first step by a code, and what it asks for."""
        try:
            await self.room.sign_in(phone, audience=audience)
        except SecondFactorRequired as asked:
            self.room.clock.advance(seconds=61)  # so that the next code may be asked for
            return asked
        raise AssertionError("no second step was asked for")

    async def complete(self, pending_id: str, **proof: str) -> SignedIn:
        return await self.credentials.second.complete(pending_id=pending_id, proof=Proof(**proof), origin=HERE)

    async def step_up(self, principal: Principal, **proof: str) -> Principal:
        """As who they are afterwards."""
        signed_in = await self.credentials.step_up.confirm(principal=principal, proof=Proof(**proof), origin=HERE)
        return await self.room.principal(signed_in)

    async def renewed(self, signed_in: SignedIn) -> Principal:
        """As who they are with their session's next tokens."""
        again = await self.room.identity.sessions.refresh(refresh_token=signed_in.refresh)
        return await self.room.principal(again)

    async def ask(
        self, query: str, *, principal: Principal = ANONYMOUS, variables: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """{"data", "errors"}: what a GraphQL request brings, errors as their extensions."""
        context = Context(
            request_id="req_test",
            principal=principal,
            locale=Locale.ZH_CN,
            client=Client(address="203.0.113.5", device_id="device-1"),
            services={Identity: self.room.identity, Credentials: self.credentials},
        )
        fresh = orjson.loads(orjson.dumps(variables or {}))
        result = await schema.execute(query, variable_values=fresh, context_value=context)
        return {"data": result.data, "errors": [error.extensions or {} for error in result.errors or []]}


async def holders(room: Room, *, staff_must: bool, hashing: Hashing | None = None) -> Holders:
    identity = room.identity
    desk = Desk(
        store=KeychainStore(mongo=room.mongo, personal=PersonalCipher(room.mongo, room.cipher.master_key)),
        accounts=identity.store,
        sessions=identity.sessions,
        tickets=Tickets(redis=room.redis, cipher=room.cipher, clock=room.clock, namespace=room.mongo.database.name),
        hashing=hashing or Hashing(parameters=QUICK),
        charges=identity.codes.charges,
        limits=identity.codes.limits.answers,
        outbox=identity.outbox,
        audit=identity.audit,
        cipher=room.cipher,
        ids=room.ids,
        clock=room.clock,
        staff_must=staff_must,
    )
    credentials = Credentials.at(desk, codes=identity.codes, public_url=ISSUER, numbers=lambda: NUMBERS)
    await credentials.open()
    room.identity = replace(identity, door=credentials.second)
    return Holders(room, credentials)
