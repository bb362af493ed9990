"""What people do about their own devices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final

import orjson

from core import jose
from core.errors import NotFound
from core.ids import is_id
from core.mongo import Session
from core.paging import Page, PageRequest
from core.principal import Principal
from identity.devices.errors import KeyRefused, KeyStands
from identity.devices.model import Device, SecurityEvent, SecurityEventKind
from identity.devices.possession import ALGORITHMS, Possession
from identity.devices.watching import Watching
from identity.model import DeviceSession, EndReason, parse_device_name
from identity.sessions import Sessions, SignedIn, as_oneself

FRESH: Final = timedelta(minutes=5)
KEY_LENGTH_MAX: Final = 1024


@dataclass(frozen=True, slots=True)
class DeviceInUse:
    """A device with its sessions that run, newest first."""

    device: Device
    sessions: tuple[DeviceSession, ...]


@dataclass(frozen=True, slots=True)
class Devices:
    """Everybody's devices, each for its owner alone. Somebody who acts for another may do none of this."""

    watching: Watching
    sessions: Sessions
    possession: Possession

    async def open(self) -> None:
        """Make the indexes."""
        await self.watching.store.open()

    async def page_of_events(self, *, principal: Principal, request: PageRequest) -> Page[SecurityEvent]:
        """What was noticed about the caller's own account. Raises: SignInRequired, Forbidden, Unavailable."""
        as_oneself(principal)
        return await self.watching.store.events(principal.actor, request=request)

    async def own(self, *, principal: Principal) -> list[DeviceInUse]:
        """The caller's, the one that was used last first. Raises: SignInRequired, Forbidden, Unavailable."""
        as_oneself(principal)
        running = await self.sessions.store.live_sessions(principal.actor, now=self.sessions.clock.now())
        found = await self.watching.store.devices(principal.actor)
        return [DeviceInUse(one, tuple(s for s in running if s.device_id == one.id)) for one in found]

    async def rename(self, *, principal: Principal, device_id: str, name: str) -> DeviceInUse:
        """Raises: SignInRequired, Forbidden, BadInput, NotFound (also for another's), Unavailable."""
        as_oneself(principal)
        name = parse_device_name(name)

        async def work(session: Session) -> None:
            device = await self._own(principal, device_id, session)
            await self.watching.store.rename(device, name, session=session)
            await self._audit(principal, "devices.renamed", device, session)

        await self.sessions.store.transaction(work)
        return await self._in_use(principal, device_id)

    async def forget(self, *, principal: Principal, device_id: str) -> None:
        """End a device's sessions at once, everywhere, and know it no longer: it is new when it comes again.

        A device that is not trusted forgets no other without a strong proof.
        Raises: SignInRequired, Forbidden, StepUpRequired, NotFound (also for another's), Unavailable.
        """
        as_oneself(principal)
        await self._may_touch(principal, device_id)

        async def work(session: Session) -> list[str]:
            device = await self._own(principal, device_id, session)
            await self.watching.store.remove(device.id, session=session)
            await self._audit(principal, "devices.forgotten", device, session)
            kind = SecurityEventKind.DEVICE_FORGOTTEN
            await self.watching.note(principal.actor, kind, device_name=device.name, session=session)
            return await self.sessions.end_all(
                principal.actor, device_id=device.id, because=EndReason.DEVICE_FORGOTTEN, session=session
            )

        for session_id in await self.sessions.store.transaction(work):
            await self.sessions.revocations.add(session_id)

    async def end_others(self, *, principal: Principal) -> int:
        """End every session of the caller's but the one that asks; how many those were.

        Raises: SignInRequired, Forbidden, StepUpRequired (on a device that is not trusted), Unavailable.
        """
        as_oneself(principal)
        self.sessions.trusted(principal)

        async def work(session: Session) -> list[str]:
            ended = await self.sessions.end_all(
                principal.actor, but=principal.session_id, because=EndReason.REVOKED, session=session
            )
            if ended:
                kind = SecurityEventKind.OTHERS_ENDED
                await self.watching.note(principal.actor, kind, device_name="", session=session)
            return ended

        ended = await self.sessions.store.transaction(work)
        for session_id in ended:
            await self.sessions.revocations.add(session_id)
        return len(ended)

    async def trust(self, *, principal: Principal, device_id: str) -> DeviceInUse:
        """Let a device cool off no longer, from one that is trusted; its next tokens say so.

        Raises: SignInRequired, Forbidden, StepUpRequired, NotFound (also for another's), Unavailable.
        """
        as_oneself(principal)
        principal.require_fresh(now=self.sessions.clock.now(), max_age=FRESH)

        async def work(session: Session) -> None:
            device = await self._own(principal, device_id, session)
            await self.watching.store.trust(device.id, session=session)
            await self.sessions.store.trust_sessions(device.id, session=session)
            await self._audit(principal, "devices.trusted", device, session)
            kind = SecurityEventKind.DEVICE_TRUSTED
            await self.watching.note(principal.actor, kind, device_name=device.name, session=session)

        await self.sessions.store.transaction(work)
        return await self._in_use(principal, device_id)

    async def register_key(
        self, *, principal: Principal, public_key: str, proof: str, method: str = "POST", path: str = "/graphql"
    ) -> SignedIn:
        """Bind the session that asks to a key that its device holds: tokens that are good with that key alone.

        public_key: a JWK for ES256, as text. proof: by that key, for this very request.
        Raises: SignInRequired, Forbidden, StepUpRequired, KeyRefused, KeyStands, ProofInvalid, ProofReplayed,
            Unavailable.
        """
        as_oneself(principal)
        principal.require_fresh(now=self.sessions.clock.now(), max_age=FRESH)
        jkt = _thumbprint(public_key)
        if await self.possession(proof, method=method, path=path, token=None) != jkt:
            raise KeyRefused(why="the proof is by another key")

        async def work(session: Session) -> SignedIn:
            before = await self.sessions.store.session(principal.session_id, session=session)
            if before is None:
                raise KeyStands()
            device = await self._known_by_key(before, jkt, session)
            bound = await self.sessions.bind(principal=principal, jkt=jkt, session=session)
            if bound is None:
                raise KeyStands()
            await self._audit(principal, "devices.key_registered", device, session)
            kind = SecurityEventKind.KEY_REGISTERED
            await self.watching.note(principal.actor, kind, device_name=device.name, session=session)
            return bound

        return await self.sessions.store.transaction(work)

    async def _known_by_key(self, device_session: DeviceSession, jkt: str, session: Session) -> Device:
        """The device of this session, known by its key from now on: the one that has this key already, if one has."""
        store, account_id = self.watching.store, device_session.account_id
        by_key, now = store.known_by(account_id, jkt=jkt), self.sessions.clock.now()
        before = await store.device(device_session.device_id, account_id, session=session)
        device = await store.known(account_id, by_key, session=session) or before
        if device is None:  # a session from before there were devices
            device = Device(self.sessions.ids.new("dev"), account_id, device_session.device_name, now, now)
        await store.put(replace(device, jkt=jkt, last_seen_at=now), by_key, session=session)
        if device.id != device_session.device_id:
            people = self.sessions.store
            await people.settle_session(
                device_session.id, device_id=device.id, cooling_until=device.cooling_until, session=session
            )
            if before and not await people.running_sessions(account_id, device_id=before.id, session=session):
                await store.remove(before.id, session=session)
        return device

    async def _may_touch(self, principal: Principal, device_id: str) -> None:
        """Raises: StepUpRequired."""
        current = await self.sessions.store.session(principal.session_id)
        if current is None or current.device_id != device_id:
            self.sessions.trusted(principal)

    async def _own(self, principal: Principal, device_id: str, session: Session) -> Device:
        known = is_id(device_id, prefix="dev")
        device = await self.watching.store.device(device_id, principal.actor, session=session) if known else None
        if device is None:
            raise NotFound(thing="device")
        return device

    async def _in_use(self, principal: Principal, device_id: str) -> DeviceInUse:
        for one in await self.own(principal=principal):
            if one.device.id == device_id:
                return one
        raise NotFound(thing="device")

    async def _audit(self, principal: Principal, what: str, device: Device, session: Session) -> None:
        about = {"device": device.id, "session": principal.session_id}
        await self.sessions.audit.append(what, actor=principal.actor, about=about, session=session)


def _thumbprint(public_key: str) -> str:
    """Raises: KeyRefused."""
    try:
        told: Any = orjson.loads(public_key) if len(public_key) <= KEY_LENGTH_MAX else None
    except ValueError:
        told = None
    if not isinstance(told, Mapping):
        raise KeyRefused(why="it is not a JWK")
    fault = jose.public_key_fault(told)
    if fault is None and not any(jose.fits(told, algorithm) for algorithm in ALGORITHMS):
        fault = "it is not for ES256"
    if fault is not None:
        raise KeyRefused(why=fault)
    return jose.thumbprint(told)
