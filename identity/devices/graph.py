"""Devices as the graph shows them to their owner."""

# Strawberry types its federation decorators as Any.
# mypy: disallow-untyped-decorators=False

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import strawberry

from core.graph import Connection, Info, connection_of, personal
from core.paging import PageRequest
from identity.devices import model
from identity.devices.service import DeviceInUse, Devices
from identity.graph_of_sessions import DEVICE, Session, SignInResult

First = Annotated[int, strawberry.argument(description="How many rows, 1 to 100.")]
After = Annotated[str | None, strawberry.argument(description="The cursor of the row before the page.")]

strawberry.enum(
    model.SecurityEventKind,
    description="What was noticed about an account, or done about its devices.",
)


@strawberry.federation.type(description="A device that one's own account is used on.", authenticated=True)
class Device:
    id: strawberry.ID
    name: str = strawberry.federation.field(description="As its owner calls it.", directives=[DEVICE])
    first_seen_at: datetime
    last_seen_at: datetime = strawberry.federation.field(description="When it was last signed in on.")
    current: bool = strawberry.federation.field(description="True for the device that asks.")
    trusted: bool = strawberry.federation.field(
        description="Until a new device is trusted, what asks for a fresh proof asks for a strong one."
    )
    cooling_until: datetime | None = strawberry.federation.field(description="When it will be trusted; null if it is.")
    key_bound: bool = strawberry.federation.field(description="It is known by a key that it holds.")
    sessions: list[Session] = strawberry.federation.field(description="Those that run, newest first.")

    @classmethod
    def of(cls, used: DeviceInUse, *, current_id: str, now: datetime) -> Device:
        device = used.device
        trusted = device.trusted(now)
        return cls(
            id=strawberry.ID(device.id),
            name=device.name,
            first_seen_at=device.first_seen_at,
            last_seen_at=device.last_seen_at,
            current=any(one.id == current_id for one in used.sessions),
            trusted=trusted,
            cooling_until=None if trusted else device.cooling_until,
            key_bound=bool(device.jkt),
            sessions=[Session.of(one, current_id=current_id) for one in used.sessions],
        )


@strawberry.federation.type(description="Something about the safety of one's own account.", authenticated=True)
class SecurityEvent:
    id: strawberry.ID
    kind: model.SecurityEventKind
    at: datetime
    device_name: str = strawberry.federation.field(directives=[DEVICE])
    place: str | None = strawberry.federation.field(
        description="Roughly where, in the request's language; null where it is not known.",
        directives=[personal("WHEREABOUTS", 2, own=True)],
    )

    @classmethod
    def of(cls, event: model.SecurityEvent, info: Info) -> SecurityEvent:
        return cls(
            id=strawberry.ID(event.id),
            kind=event.kind,
            at=event.at,
            device_name=event.device_name,
            place=event.place.in_(info.context.locale) if event.place else None,
        )


@strawberry.input
class RegisterDeviceKeyInput:
    public_key: str = strawberry.field(description="A JWK for ES256 as JSON text, its public members alone.")
    proof: str = strawberry.field(description="A DPoP proof (RFC 9449) by that key, for POST /graphql, without `ath`.")


def _devices(info: Info) -> Devices:
    return info.context.service(Devices)


def _shown(used: DeviceInUse, info: Info) -> Device:
    now = _devices(info).sessions.clock.now()
    return Device.of(used, current_id=info.context.principal.session_id, now=now)


@strawberry.type
class DevicesQuery:
    @strawberry.federation.field(
        authenticated=True, description="Your own devices, the one that was used last first; with their sessions."
    )
    async def devices(self, info: Info) -> list[Device]:
        return [_shown(one, info) for one in await _devices(info).own(principal=info.context.principal)]

    @strawberry.federation.field(
        authenticated=True, description="What was noticed about your account in the last 180 days, newest first."
    )
    async def security_events(self, info: Info, first: First = 20, after: After = None) -> Connection[SecurityEvent]:
        request = PageRequest.of(first=first, after=after)
        page = await _devices(info).page_of_events(principal=info.context.principal, request=request)
        return connection_of(page, lambda row: SecurityEvent.of(row, info))


@strawberry.type
class DevicesMutation:
    @strawberry.federation.field(authenticated=True, description="Call a device of yours something else.")
    async def rename_device(self, info: Info, id: strawberry.ID, name: str) -> Device:
        principal = info.context.principal
        return _shown(await _devices(info).rename(principal=principal, device_id=id, name=name), info)

    @strawberry.federation.field(
        authenticated=True, description="End all sessions of a device of yours at once; it is new when it comes again."
    )
    async def forget_device(self, info: Info, id: strawberry.ID) -> bool:
        await _devices(info).forget(principal=info.context.principal, device_id=id)
        return True

    @strawberry.federation.field(
        authenticated=True, description="From a device that is trusted, trust another one of yours at once."
    )
    async def trust_device(self, info: Info, id: strawberry.ID) -> Device:
        principal = info.context.principal
        return _shown(await _devices(info).trust(principal=principal, device_id=id), info)

    @strawberry.federation.field(
        authenticated=True,
        description="Bind this session to a key of this device. Its tokens from now on are good "
        "with a DPoP proof alone.",
    )
    async def register_device_key(self, info: Info, input: RegisterDeviceKeyInput) -> SignInResult:
        bound = await _devices(info).register_key(
            principal=info.context.principal, public_key=input.public_key, proof=input.proof
        )
        return SignInResult.of(bound)

    @strawberry.federation.field(authenticated=True, description="End all sessions but this one; how many there were.")
    async def end_other_sessions(self, info: Info) -> int:
        return await _devices(info).end_others(principal=info.context.principal)
