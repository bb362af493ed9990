"""Where a sign-in comes from, and who looks at it before its session begins."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Protocol

from core.mongo import Session


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a request comes from. device_id: chosen by the device; empty for none.

    jkt: thumbprint of the key that the device proved to hold with this request; empty for none.
    """

    device_id: str = field(repr=False)
    address: str = field(repr=False)
    jkt: str = ""


NOWHERE: Final = Origin(device_id="", address="")


@dataclass(frozen=True, slots=True)
class Arrival:
    """One sign-in, as far as its risk goes.

    methods: how its owner proved themself. failures: how often that was tried in vain before.
    vouched: a session that runs said yes to it.
    """

    account_id: str
    origin: Origin
    methods: frozenset[str]
    failures: int = 0
    vouched: bool = False


@dataclass(frozen=True, slots=True)
class Settled:
    """The device that a session begins on (`dev_…`), and until when it is not trusted; None for a trusted one."""

    device_id: str = ""
    cooling_until: datetime | None = None


class Watch(Protocol):
    """Looks at every sign-in. Both verbs read the same facts and come to the same verdict."""

    async def wants_second_proof(self, arrival: Arrival, *, device_name: str, session: Session) -> bool:
        """Whether one proof is not enough here. The owner is told of it even if the caller's transaction fails."""
        ...

    async def welcome(self, arrival: Arrival, *, device_name: str, session_id: str, session: Session) -> Settled:
        """Note the sign-in, and on which device its session begins."""
        ...

    async def proven(self, device_id: str, *, session: Session) -> None:
        """The owner of a session on this device has proven themself by two factors: it is trusted."""
        ...
