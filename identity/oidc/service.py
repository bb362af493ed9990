"""The provider as one service: its verbs by concept, on parts that they share."""

from __future__ import annotations

from dataclasses import dataclass

from identity.oidc.authorizing import Authorizing
from identity.oidc.device import Devices
from identity.oidc.interaction import Interactions
from identity.oidc.issuing import Issuing
from identity.oidc.logout import Logout
from identity.oidc.parts import Parts
from identity.oidc.proving import Proving
from identity.oidc.registration import Registration
from identity.oidc.resources import Resources


@dataclass(frozen=True, slots=True)
class OpenIdProvider:
    parts: Parts

    @property
    def authorizing(self) -> Authorizing:
        return Authorizing(self.parts)

    @property
    def interactions(self) -> Interactions:
        return Interactions(self.parts)

    @property
    def issuing(self) -> Issuing:
        return Issuing(self.parts)

    @property
    def devices(self) -> Devices:
        return Devices(self.parts)

    @property
    def resources(self) -> Resources:
        return Resources(self.parts)

    @property
    def logout(self) -> Logout:
        return Logout(self.parts)

    @property
    def registration(self) -> Registration:
        return Registration(self.parts)

    @property
    def proving(self) -> Proving:
        return Proving(self.parts)

    async def open(self) -> None:
        """Make the indexes and the first keys."""
        await self.parts.store.open()
        await self.parts.tokens.open()
