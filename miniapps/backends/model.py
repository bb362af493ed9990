"""Webhooks: one address of a program, and what the city tells there. Pure.

Rules
- What happened is told once at first, and again after each of `RETRIES` until somebody answers 2xx; then it is dead.
  Whatever its state, it can be told again for `KEPT_FOR`.
- An address that failed for a week on end is not called any more, until its owner sets one again.
Source: docs/sdk/backend-api.md; Standard Webhooks, standardwebhooks.com
"""

from __future__ import annotations

import base64
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Final

import orjson
from yarl import URL

from core.calling import on_this_machine
from miniapps.backends.errors import WebhookRefused

DELIVERY_PREFIX: Final = "whd"
RETRIES: Final = tuple(timedelta(seconds=s) for s in (5, 30, 300, 1800, 2 * 3600, 6 * 3600, 12 * 3600))
KEPT_FOR: Final = timedelta(days=30)
DISABLED_AFTER: Final = timedelta(days=7)
BODY_BYTES_MAX: Final = 64 * 1024
URL_LENGTH_MAX: Final = 512
# Below them are mail and other services, which a call must not be taken for.
_PORT: Final = 443
_PORTS_FROM: Final = 1024


class Kind(StrEnum):
    """What is told."""

    PING = "ping"
    CONSENT_REVOKED = "consent.revoked"
    SUBSCRIPTION_CHANGED = "subscription.changed"
    MESSAGE_DELIVERED = "message.delivered"
    MESSAGE_FAILED = "message.failed"
    VERSION_APPROVED = "version.approved"
    VERSION_REJECTED = "version.rejected"
    VERSION_RELEASED = "version.released"
    VERSION_REVOKED = "version.revoked"
    APP_REVOKED = "app.revoked"
    ORGANISATION_BLOCKED = "organisation.blocked"
    ORGANISATION_UNBLOCKED = "organisation.unblocked"
    TEMPLATE_BANNED = "template.banned"
    TEMPLATE_ALLOWED = "template.allowed"
    CITIZEN_FORGOTTEN = "citizen.forgotten"


class WebhookState(StrEnum):
    ACTIVE = "ACTIVE"
    FAILING = "FAILING"
    DISABLED = "DISABLED"


class DeliveryState(StrEnum):
    PENDING = "pending"
    DELIVERED = "delivered"
    DEAD = "dead"


@dataclass(frozen=True, slots=True)
class Webhook:
    """failing_since: when the first call failed after the last that did not."""

    app_id: str
    url: str
    set_at: datetime
    failing_since: datetime | None = None
    disabled_at: datetime | None = None

    @property
    def state(self) -> WebhookState:
        if self.disabled_at is not None:
            return WebhookState.DISABLED
        return WebhookState.FAILING if self.failing_since is not None else WebhookState.ACTIVE

    def after(self, *, answered: bool, now: datetime) -> Webhook:
        """As it stands after a call."""
        if answered:
            return replace(self, failing_since=None)
        since = self.failing_since or now
        gave_up = now - since >= DISABLED_AFTER
        return replace(self, failing_since=since, disabled_at=now if gave_up else None)


@dataclass(frozen=True, slots=True)
class Delivery:
    """One thing to tell. attempts: since it was made or replayed. last_status: of HTTP; None where nobody answered.

    next_at: None unless it is pending.
    """

    id: str
    app_id: str
    kind: Kind
    state: DeliveryState
    attempts: int
    last_status: int | None
    created_at: datetime
    next_at: datetime | None

    @classmethod
    def new(cls, *, id: str, app_id: str, kind: Kind, now: datetime) -> Delivery:
        return cls(id, app_id, kind, DeliveryState.PENDING, 0, None, now, now)

    def after(self, status: int | None, *, now: datetime) -> Delivery:
        """As it stands after a call that was answered `status`; None: by nobody in time."""
        tried = replace(self, attempts=self.attempts + 1, last_status=status)
        if answers(status):
            return replace(tried, state=DeliveryState.DELIVERED, next_at=None)
        if tried.attempts > len(RETRIES):
            return replace(tried, state=DeliveryState.DEAD, next_at=None)
        return replace(tried, next_at=now + RETRIES[tried.attempts - 1])

    def again(self, now: datetime) -> Delivery:
        return replace(self, state=DeliveryState.PENDING, attempts=0, next_at=now)


def answers(status: int | None) -> bool:
    return status is not None and 200 <= status < 300


def body_of(kind: Kind, *, app_id: str, at: datetime, data: Mapping[str, Any]) -> bytes:
    """What is told, as it is signed and sent. at: when it happened."""
    timestamp = at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    body = orjson.dumps({"type": kind.value, "timestamp": timestamp, "data": {"appId": app_id, **data}})
    assert len(body) <= BODY_BYTES_MAX, "what is told is ids and names"
    return body


def signed_part(id: str, timestamp: int, body: bytes) -> bytes:
    """What a signature is over."""
    return f"{id}.{timestamp}.".encode() + body


def signature_of(signature: bytes) -> str:
    """As the header has it."""
    return f"v1a,{base64.b64encode(signature).decode()}"


def webhook_url(text: str, *, proved: Collection[str], demo: bool) -> str:
    """An address that the city may call. proved: the program's domains. demo: this machine will do as well.

    Raises: WebhookRefused.
    """
    if not 0 < len(text) <= URL_LENGTH_MAX or not text.isascii() or not text.isprintable() or "\\" in text:
        raise WebhookRefused(problem=f"it must be an address of at most {URL_LENGTH_MAX} characters of ASCII")
    try:
        url = URL(text)
        host, port = url.host, url.port
    except ValueError as fault:
        raise WebhookRefused(problem="it is no address") from fault
    if url.user is not None or url.password is not None or url.fragment:
        raise WebhookRefused(problem="it must have no name, password or fragment")
    if demo and url.scheme in ("http", "https") and on_this_machine(text):
        return str(url)
    if url.scheme != "https":
        raise WebhookRefused(problem="it must begin with https://")
    if host not in proved:
        raise WebhookRefused(problem="its host must be a domain that the program proved")
    if port is None or (port != _PORT and port < _PORTS_FROM):
        raise WebhookRefused(problem=f"its port must be {_PORT}, or {_PORTS_FROM} or above")
    return str(url)
