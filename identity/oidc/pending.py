"""What of the provider's may be lost (`core.pending`): pushed requests, interactions, codes, device codes, signed-in
browsers, what was shown once.
"""

from __future__ import annotations

from enum import StrEnum

from core.clock import Clock
from core.crypto import FieldCipher
from core.pending import Pending
from core.redis import Redis


class Slot(StrEnum):
    """What is kept under a random name."""

    PUSHED = "pushed"
    INTERACTION = "interaction"
    CODE = "code"
    DEVICE = "device"
    USER_CODE = "user-code"
    BROWSER = "browser"


class Mark(StrEnum):
    """What is remembered to have been seen."""

    CODE = "code-used"
    PROOF = "dpop"
    ASSERTION = "assertion"
    REVOKED = "revoked"
    POLL = "poll"
    PUSHED = "pushed-used"


def pending(redis: Redis, cipher: FieldCipher, clock: Clock, namespace: str) -> Pending:
    """namespace: the city's name."""
    return Pending(redis, cipher, clock, f"{namespace}:identity:oidc-", "oidc")
