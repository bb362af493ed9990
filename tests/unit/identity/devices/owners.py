"""Identity that watches sign-ins, with credentials and devices, and what people's apps do with their keys."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import count
from typing import Any

import jwt
import orjson
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, generate_private_key
from jwt.algorithms import ECAlgorithm

from core import jose
from core.clock import Clock, epoch_s
from core.paging import PageRequest
from core.personal import PersonalCipher
from core.principal import Principal
from identity.credentials.service import Credentials
from identity.devices.places import DEMO_NETWORKS, NetworkPlaces
from identity.devices.possession import Possession
from identity.devices.service import Devices
from identity.devices.store import DeviceStore
from identity.devices.watching import Watching
from identity.model import Audience
from identity.sessions import SignedIn
from tests.unit.identity.credentials.holders import Holders, holders
from tests.unit.identity.room import ISSUER, ZHANG, Room

URL = f"{ISSUER}/graphql"
BEIJING, GUANGZHOU, UNKNOWN = "192.0.2.7", "198.51.100.7", "36.110.3.9"
COOL_OFF = timedelta(hours=24)
_JTI = count()


@dataclass
class AppKey:
    """A key as a browser holds it, and the proofs that it makes."""

    clock: Clock
    private: EllipticCurvePrivateKey = field(default_factory=lambda: generate_private_key(SECP256R1()))

    @property
    def jwk(self) -> dict[str, Any]:
        told = ECAlgorithm.to_jwk(self.private.public_key(), as_dict=True)
        return {name: told[name] for name in ("kty", "crv", "x", "y")}

    @property
    def jkt(self) -> str:
        return jose.thumbprint(self.jwk)

    def proof(
        self,
        *,
        token: str | None = None,
        header: Mapping[str, Any] | None = None,
        jwk: Mapping[str, Any] | None = None,
        age_s: int = 0,
        without: str = "",
        **claims: Any,
    ) -> str:
        """A good one, but for what is said otherwise."""
        body = {
            "jti": f"jti-{next(_JTI)}",
            "htm": "POST",
            "htu": URL,
            "iat": epoch_s(self.clock.now()) - age_s,
            **({"ath": ath(token)} if token else {}),
            **claims,
        }
        body.pop(without, None)
        headers = {"typ": "dpop+jwt", "jwk": dict(jwk or self.jwk), **(header or {})}
        return jwt.encode(body, self.private, algorithm="ES256", headers=headers)


def ath(token: str) -> str:
    return jose.b64(hashlib.sha256(token.encode()).digest())


def by_hand(header: Mapping[str, Any], claims: Mapping[str, Any], signature: bytes = b"") -> str:
    """A JWS that no library would make."""
    return ".".join(jose.b64(part) for part in (json.dumps(header).encode(), json.dumps(claims).encode(), signature))


@dataclass
class Owners:
    """people: credentials on the same room."""

    room: Room
    people: Holders
    devices: Devices

    @property
    def credentials(self) -> Credentials:
        return self.people.credentials

    def key(self) -> AppKey:
        return AppKey(self.room.clock)

    async def sign_in(
        self, device_id: str, *, phone: str = ZHANG, address: str = UNKNOWN, key: AppKey | None = None
    ) -> SignedIn:
        """By a code, on this device."""
        code = await self.room.code(phone)
        self.room.clock.advance(seconds=61)
        return await self.room.identity.sign_in(
            phone=phone,
            code=code,
            audience=Audience.CITIZEN,
            device_id=device_id,
            device_name=f"手机 {device_id}",
            address=address,
            jkt=key.jkt if key else "",
        )

    async def on(self, device_id: str, **how: Any) -> Principal:
        return await self.room.principal(await self.sign_in(device_id, **how))

    async def bind(self, principal: Principal, key: AppKey) -> SignedIn:
        return await self.devices.register_key(
            principal=principal, public_key=orjson.dumps(key.jwk).decode(), proof=key.proof()
        )

    async def kinds(self, account_id: str) -> list[str]:
        """Of an account's security events, newest first."""
        page = await self.devices.watching.store.events(account_id, request=PageRequest.of(first=50, after=None))
        return [event.kind.value for event in page.rows]


async def owners(room: Room, *, cool_off: timedelta = COOL_OFF) -> Owners:
    first = room.identity
    watching = Watching(
        mongo=room.mongo,
        store=DeviceStore(
            mongo=room.mongo, cipher=room.cipher, personal=PersonalCipher(room.mongo, room.cipher.master_key)
        ),
        places=NetworkPlaces.read(DEMO_NETWORKS),
        outbox=first.outbox,
        audit=first.audit,
        ids=room.ids,
        clock=room.clock,
        cool_off=cool_off,
    )
    room.identity = replace(first, watch=watching)
    people = await holders(room, staff_must=False)
    possession = Possession(
        redis=room.redis,
        cipher=room.cipher,
        clock=room.clock,
        namespace=room.mongo.database.name,
        base=ISSUER,
    )
    devices = Devices(watching, room.identity.sessions, possession)
    await devices.open()
    return Owners(room, people, devices)
