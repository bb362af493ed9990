"""Looks at each sign-in before its session begins (`identity.arrivals.Watch`).

Rules
- What is unusual is noted where its owner reads it (`securityEvents`) and told them (`identity.sign_in_noticed`); the
  rule is `identity.devices.model.judge`, and nothing else decides.
- A session on a device that is not trusted cools off: until then what asks for a fresh proof asks for two factors.
- A known device is not made to cool off again by signing in again; one that is proven by two factors, or that a session
  of its owner's let in, is trusted from then on.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from core.audit import AuditLog
from core.clock import Clock
from core.events import Outbox
from core.ids import Ids, is_id
from core.locale import Text
from core.mongo import Mongo, Session
from core.principal import strong
from identity.arrivals import Arrival, Settled
from identity.devices.model import (
    Device,
    Habits,
    Place,
    SecurityEvent,
    SecurityEventKind,
    Signal,
    Verdict,
    after,
    gravest,
    judge,
    signals,
)
from identity.devices.places import Places
from identity.devices.store import DeviceStore

SIGN_IN_NOTICED: Final = "identity.sign_in_noticed"


@dataclass(frozen=True, slots=True)
class _Facts:
    habits: Habits | None
    device: Device | None
    place: Place | None
    signals: frozenset[Signal]
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Watching:
    """cool_off: how long a device that is not trusted cools off; none where it is trusted at once."""

    mongo: Mongo
    store: DeviceStore
    places: Places
    outbox: Outbox
    audit: AuditLog
    ids: Ids
    clock: Clock
    cool_off: timedelta

    async def wants_second_proof(self, arrival: Arrival, *, device_name: str, session: Session) -> bool:
        """Whether one proof is not enough here. The owner is told of it even if the caller's transaction fails."""
        facts = await self._look(arrival, session)
        if not facts.verdict.second_proof:
            return False

        async def work(own: Session) -> None:
            kind, named = SecurityEventKind.SECOND_PROOF_WANTED, sorted(facts.signals)
            await self.tell(arrival.account_id, kind, device_name=device_name, place=facts.place, session=own)
            await self.audit.append(
                "devices.second_proof_wanted", actor=arrival.account_id, about={"signals": named}, session=own
            )

        await self.mongo.transaction(work)
        return True

    async def welcome(self, arrival: Arrival, *, device_name: str, session_id: str, session: Session) -> Settled:
        """Note the sign-in, and on which device its session begins."""
        facts, now = await self._look(arrival, session), self.clock.now()
        cooling_until = None if facts.verdict.trusted or not self.cool_off else now + self.cool_off
        device = self._noted(facts.device, arrival, device_name, cooling_until)
        account_id, origin = arrival.account_id, arrival.origin
        known_by = self.store.known_by(account_id, jkt=origin.jkt, device_id=origin.device_id, session_id=session_id)
        await self.store.put(device, known_by, session=session)
        habits = after(facts.habits, account_id=account_id, place=facts.place, now=now)
        await self.store.put_habits(habits, session=session)
        if facts.verdict.noticed:
            kind, about = gravest(facts.signals), {"session": session_id, "signals": sorted(facts.signals)}
            await self.tell(account_id, kind, device_name=device.name, place=facts.place, session=session)
            await self.audit.append("devices.sign_in_noticed", actor=account_id, about=about, session=session)
        still = [until for until in (cooling_until, device.cooling_until) if until is not None and until > now]
        return Settled(device.id, max(still, default=None))

    async def proven(self, device_id: str, *, session: Session) -> None:
        """The owner of a session on this device has proven themself by two factors: it is trusted."""
        await self.store.trust(device_id, session=session)

    async def tell(
        self, account_id: str, kind: SecurityEventKind, *, device_name: str, place: Place | None, session: Session
    ) -> None:
        """Note what is unusual where its owner reads it, and have them told."""
        await self.note(account_id, kind, device_name=device_name, place=place, session=session)
        payload = {"account_id": account_id, "what": kind.value}
        if is_id(account_id, prefix="cit"):
            payload["citizen"] = account_id
        await self.outbox.append(name=SIGN_IN_NOTICED, payload=payload, session=session)

    async def note(
        self,
        account_id: str,
        kind: SecurityEventKind,
        *,
        device_name: str,
        session: Session,
        place: Place | None = None,
    ) -> None:
        """Only where the owner reads it."""
        where: Text | None = place.name if place else None
        event = SecurityEvent(self.ids.new("sev"), account_id, kind, self.clock.now(), device_name, where)
        await self.store.add_event(event, session=session)

    async def _look(self, arrival: Arrival, session: Session) -> _Facts:
        now, place = self.clock.now(), self.places.place(arrival.origin.address)
        habits = await self.store.habits(arrival.account_id, session=session)
        device = await self._recognised(arrival, session)
        found = signals(habits=habits, device=device, place=place, failures=arrival.failures, now=now)
        sure = arrival.vouched or strong(arrival.methods)
        return _Facts(habits, device, place, found, judge(found, sure=sure))

    async def _recognised(self, arrival: Arrival, session: Session) -> Device | None:
        """By its key; else by its id, which is enough for a device that shows no key and for one that has a new one.

        A device that is known by its key is not known by its id any more.
        """
        account_id, origin = arrival.account_id, arrival.origin
        if origin.jkt:
            by_key = self.store.known_by(account_id, jkt=origin.jkt)
            if (device := await self.store.known(account_id, by_key, session=session)) is not None:
                return device
        if not origin.device_id:
            return None
        return await self.store.known(
            account_id, self.store.known_by(account_id, device_id=origin.device_id), session=session
        )

    def _noted(
        self, known: Device | None, arrival: Arrival, device_name: str, cooling_until: datetime | None
    ) -> Device:
        now, jkt = self.clock.now(), arrival.origin.jkt
        if known is None:
            return Device(self.ids.new("dev"), arrival.account_id, device_name, now, now, jkt, cooling_until)
        sure = arrival.vouched or strong(arrival.methods)
        return replace(
            known, last_seen_at=now, jkt=jkt or known.jkt, cooling_until=None if sure else known.cooling_until
        )
