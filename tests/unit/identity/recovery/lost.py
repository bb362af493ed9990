"""The wing as the roof assembles it, with a provider that sees people and signs whom it saw."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec

from core.clock import FixedClock
from core.locale import Locale
from core.mongo import Session
from core.personal import PersonalCipher
from core.principal import Method, Principal
from identity.arrivals import Origin
from identity.consents.erasures import Forgetting
from identity.faces import FaceCheck
from identity.model import Audience
from identity.oidc.grants import Grants
from identity.oidc.store import ProviderStore
from identity.recovery.desk import Desk
from identity.recovery.merges import SETTLED_AFTER, Merges, Merging
from identity.recovery.model import Merge, PhoneChange, Waits
from identity.recovery.phones import PhoneChanges
from identity.recovery.recoveries import Asked, Recoveries
from identity.recovery.store import RecoveryStore
from identity.recovery.waking import Waking
from identity.sessions import SignedIn
from identity.sms import NOTICE_DUE, PhoneNotice
from tests.unit.identity.room import Room

HERE = Origin(device_id="", address="203.0.113.5")
PROVIDER = "https://face.test"
NEW_PHONE = "13700000001"
OTHER_PHONE = "13700000002"


def person(name: str, id_number: str) -> str:
    return hashlib.sha256(f"{name}\n{id_number}".encode()).hexdigest()


@dataclass
class Faces:
    """Sees people, and signs (ES256) whom it saw: the check is its nonce, a digest of name and number its subject."""

    clock: FixedClock
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    begun: int = 0

    async def begin(self, *, name: str, id_number: str) -> FaceCheck:
        self.begun += 1
        id_ = f"chk_{self.begun}"
        return FaceCheck(id_, f"{PROVIDER}/{id_}", self.clock.now() + timedelta(minutes=10))

    async def proves(self, result: str, *, check: str, name: str, id_number: str) -> bool:
        try:
            said = jwt.decode(result, self.key.public_key(), algorithms=["ES256"], issuer=PROVIDER)
        except jwt.InvalidTokenError:
            return False
        return bool(said["nonce"] == check and said["sub"] == person(name, id_number) and said["live"] is True)

    def sees(self, asked: Asked, *, key: ec.EllipticCurvePrivateKey | None = None, **claims: Any) -> str:
        """What it signs for the person who was asked for."""
        assert asked.check is not None
        told = {
            "iss": PROVIDER,
            "nonce": asked.check.id,
            "sub": person(asked.recovery.name, asked.recovery.id_number),
            "live": True,
        }
        return jwt.encode({**told, **claims}, key or self.key, algorithm="ES256")


@dataclass
class Lost:
    room: Room
    faces: Faces
    desk: Desk
    phones: PhoneChanges
    recoveries: Recoveries
    merges: Merges
    waking: Waking
    strong: set[str]
    leaving: set[str]
    held: dict[str, set[str]]
    keyless: list[str]
    forgotten: list[str]

    @classmethod
    def on(cls, room: Room) -> Lost:
        identity, personal = room.identity, PersonalCipher(room.mongo, room.cipher.master_key)
        strong, leaving, keyless, forgotten = set[str](), set[str](), list[str](), list[str]()
        held: dict[str, set[str]] = {"LICENCES": set(), "REPORTS": set()}

        async def has_strong(account: str) -> bool:
            return account in strong

        async def leaves(account: str) -> bool:
            return account in leaving

        async def forget_keys(account: str, session: Session) -> None:
            keyless.append(account)
            strong.discard(account)

        grants = Grants(ProviderStore(room.mongo), identity.outbox, identity.audit, room.ids, room.clock)

        async def end_grants(account: str, session: Session) -> None:
            await grants.end_all(because="account_recovered", session=session, also_offline=True, citizen=account)

        async def forget(account: str) -> None:
            forgotten.append(account)

        desk = Desk(
            store=RecoveryStore(mongo=room.mongo, cipher=room.cipher, personal=personal),
            accounts=identity.store,
            sessions=identity.sessions,
            codes=identity.codes,
            outbox=identity.outbox,
            audit=identity.audit,
            cipher=room.cipher,
            ids=room.ids,
            clock=room.clock,
            waits=Waits(),
            has_strong=has_strong,
            new_code=identity.new_code,
            zone=identity.zone,
        )
        phones, faces = PhoneChanges(desk), Faces(room.clock)
        cases = room.mongo.collection("test_cases")

        def room_of(name: str) -> Merging:
            async def holds(account: str) -> bool:
                return account in held[name]

            async def move(source: str, into: str) -> None:
                await cases.update_many({"citizen": source}, {"$set": {"citizen": into}})

            return Merging(name, holds, move)

        merges = Merges(
            desk=desk,
            rooms=tuple(map(room_of, held)),
            others=(Forgetting("tests", forget), Forgetting("recovery", desk.store.forget)),
            leaving=leaves,
            shred=personal.shred,
        )
        return cls(
            room,
            faces,
            desk,
            phones,
            Recoveries(desk, phones, faces, (forget_keys, end_grants)),
            merges,
            Waking(desk, identity.sessions),
            strong,
            leaving,
            held,
            keyless,
            forgotten,
        )

    @property
    def services(self) -> dict[type, object]:
        return {type(one): one for one in (self.phones, self.recoveries, self.merges, self.waking)}

    async def told(self, phone: str) -> str:
        """The code that this phone was sent last."""
        await self.room.deliver()
        latest = await self.room.sms.latest(phone)
        assert latest is not None
        return str(latest["code"])

    async def notices(self) -> list[tuple[str, str]]:
        """What phones were told without a code: which, and what."""
        events = await self.room.events(NOTICE_DUE)
        told = [PhoneNotice.opened(event.payload, cipher=self.room.cipher) for event in events]
        return [(one.phone.removeprefix("+86"), one.kind.value) for one in told]

    async def phone_of(self, account: str) -> str | None:
        found = await self.room.identity.store.account(account, Audience.CITIZEN)
        return found.phone.removeprefix("+86") if found and found.phone else None

    async def live(self, signed_in: SignedIn) -> bool:
        session = await self.room.identity.store.session(signed_in.session.id)
        return session is not None and session.revoked_at is None

    async def by_password(self, signed_in: SignedIn) -> Principal:
        """The session's owner, proven just now by a password and not by the phone."""
        principal = await self.room.principal(signed_in)
        return replace(self.fresh(principal), methods=frozenset({Method.PASSWORD.value}))

    def fresh(self, principal: Principal) -> Principal:
        """Proven again just now, as before."""
        return replace(principal, authenticated_at=self.room.clock.now())

    # --- phones

    async def asked_for(self, principal: Principal, phone: str = NEW_PHONE) -> PhoneChange:
        self.room.clock.advance(seconds=61)  # so that a code may be asked for
        return await self.phones.begin(principal=principal, new_phone=phone, locale=Locale.ZH_CN, origin=HERE)

    async def change(self, principal: Principal, phone: str = NEW_PHONE) -> PhoneChange:
        """All of it: asked for, and the code shown."""
        await self.asked_for(principal, phone)
        return await self.phones.confirm(principal=principal, code=await self.told(phone), origin=HERE)

    # --- recoveries

    async def begin(self, person: Mapping[str, str], phone: str = NEW_PHONE) -> Asked:
        self.room.clock.advance(seconds=61)
        return await self.recoveries.begin(**person, new_phone=phone, locale=Locale.ZH_CN, origin=HERE)

    async def confirmed(self, person: Mapping[str, str], phone: str = NEW_PHONE) -> Asked:
        asked = await self.begin(person, phone)
        return await self.recoveries.confirm(secret=asked.secret, code=await self.told(phone), origin=HERE)

    async def waiting(self, person: Mapping[str, str], phone: str = NEW_PHONE) -> Asked:
        asked = await self.confirmed(person, phone)
        return await self.recoveries.prove(secret=asked.secret, result=self.faces.sees(asked))

    async def finish(self, asked: Asked) -> SignedIn:
        return await self.recoveries.finish(secret=asked.secret, device_name="新手机", origin=HERE)

    # --- merges

    async def merging(self, principal: Principal, phone: str) -> Merge:
        self.room.clock.advance(seconds=61)
        return await self.merges.begin(principal=principal, phone=phone, locale=Locale.ZH_CN, origin=HERE)

    async def merge(self, principal: Principal, phone: str) -> Merge:
        asked = await self.merging(principal, phone)
        await self.merges.confirm(principal=principal, merge_id=asked.id, code=await self.told(phone), origin=HERE)
        return asked

    async def moved(self) -> None:
        self.room.clock.advance(seconds=SETTLED_AFTER.total_seconds())
        await self.merges.work()

    def later(self, span: timedelta) -> None:
        self.room.clock.advance(seconds=span.total_seconds())
