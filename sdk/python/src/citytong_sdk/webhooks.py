"""What the city tells a program's backend of its own accord, believed by its signature, its time and its id.

Standard Webhooks with Ed25519 (`v1a`): the signature is over `<id>.<timestamp>.<body>`, so give `verify` the body's
bytes as they came, not JSON that was read and written again. One signature of several has to hold, while keys change.
All programs get the city's signature, so each event names its program, and another's is refused. An id comes again
when the city was not sure that it was heard: do each once (`replay`, or a unique index of your own), and answer 2xx
both times.
Source: docs/sdk/backend-api.md; https://github.com/standard-webhooks/standard-webhooks
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from typing import Any, ClassVar, Final, TypeAlias, get_type_hints

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from .bundles.encoding import from_b64, json_object
from .calls import Call, first
from .city import City, when
from .errors import Reason, WebhookInvalid
from .replay import ReplayStore

TOLERANCE_S: Final = 300
BODY_BYTES_MAX: Final = 64 * 1024
_SIGNATURES_MAX: Final = 8
_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,128}")
_SECONDS: Final = re.compile(r"[0-9]{1,12}")
_DELIVERIES: Final = "/open/v1/webhooks/deliveries"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """id: of the webhook, the same each time it comes. at: when it happened. app_id: whom it is for."""

    type: ClassVar[str] = ""

    id: str
    at: datetime
    app_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ping(Event):
    """Somebody asked for a test."""

    type: ClassVar[str] = "ping"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentRevoked(Event):
    """A citizen takes permissions back. names: which."""

    type: ClassVar[str] = "consent.revoked"

    openid: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionChanged(Event):
    """A citizen accepts messages of a template, or no longer does."""

    type: ClassVar[str] = "subscription.changed"

    openid: str
    template: str
    accepted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageDelivered(Event):
    """message_id: what `messages.send_subscribe` answered."""

    type: ClassVar[str] = "message.delivered"

    message_id: str = field(metadata={"name": "id"})


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageFailed(Event):
    """It will not be tried again."""

    type: ClassVar[str] = "message.failed"

    message_id: str = field(metadata={"name": "id"})


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionEvent(Event):
    """Of one version of the program."""

    version_code: int
    version_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionApproved(VersionEvent):
    type: ClassVar[str] = "version.approved"


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionRejected(VersionEvent):
    type: ClassVar[str] = "version.rejected"


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionReleased(VersionEvent):
    type: ClassVar[str] = "version.released"


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionRevoked(VersionEvent):
    type: ClassVar[str] = "version.revoked"


@dataclass(frozen=True, slots=True, kw_only=True)
class AppRevoked(Event):
    """The program may no longer run at all."""

    type: ClassVar[str] = "app.revoked"

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockEvent(Event):
    """Of the organisation that builds the program (`mpo_…`). reason: `officer`, `frozen`, or a later one; why it is,
    or was.
    """

    organisation: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganisationBlocked(BlockEvent):
    """Nothing may be built for it, and the city answers its backends nothing; what runs goes on."""

    type: ClassVar[str] = "organisation.blocked"


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganisationUnblocked(BlockEvent):
    """All is as before."""

    type: ClassVar[str] = "organisation.unblocked"


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateEvent(Event):
    """Of one kind of message of the program."""

    template: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateBanned(TemplateEvent):
    """The city lets the program send no message of this kind."""

    type: ClassVar[str] = "template.banned"


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateAllowed(TemplateEvent):
    """It is sent again."""

    type: ClassVar[str] = "template.allowed"


@dataclass(frozen=True, slots=True, kw_only=True)
class CitizenForgotten(Event):
    """Erase what you hold of this citizen: their account is gone, and the openid with it."""

    type: ClassVar[str] = "citizen.forgotten"

    openid: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownEvent(Event):
    """Of a type that came after this library. Answer 2xx."""

    name: str
    data: Mapping[str, Any] = field(repr=False)


Known: TypeAlias = (
    Ping
    | ConsentRevoked
    | SubscriptionChanged
    | MessageDelivered
    | MessageFailed
    | VersionApproved
    | VersionRejected
    | VersionReleased
    | VersionRevoked
    | AppRevoked
    | OrganisationBlocked
    | OrganisationUnblocked
    | TemplateBanned
    | TemplateAllowed
    | CitizenForgotten
)
AnyEvent: TypeAlias = Known | UnknownEvent
_KINDS: Final[Mapping[str, type[Known]]] = {kind.type: kind for kind in Known.__args__}


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(word.title() for word in rest)


def _own_fields(kind: type[Known]) -> list[tuple[str, str, object]]:
    """Of each field that the data hold: its name here, there, and its type."""
    heading, types = {one.name for one in fields(Event)}, get_type_hints(kind)
    return [
        (one.name, one.metadata.get("name") or _camel(one.name), types[one.name])
        for one in fields(kind)
        if one.name not in heading
    ]


_FIELDS: Final = {kind.type: _own_fields(kind) for kind in _KINDS.values()}


@dataclass(frozen=True, slots=True)
class Webhooks:
    city: City

    def verify(self, headers: Mapping[str, str], body: bytes, *, replay: ReplayStore | None = None) -> Call[AnyEvent]:
        """What the city says. body: its bytes as they came. replay: refuse what was verified before.

        Raises: WebhookInvalid; CityTongError where the city's keys were never told.
        """
        keys = (yield from self.city.keys()).webhooks
        try:
            event = self._checked(headers, body, keys)
        except WebhookInvalid as refusal:
            if refusal.reason is not Reason.SIGNATURE:
                raise
            # `v1a` names no key: it may be a new one.
            event = self._checked(headers, body, (yield from self.city.keys(unknown=True)).webhooks)
        if replay is not None and not (yield from first(replay, f"webhook:{event.id}", 2.0 * TOLERANCE_S)):
            raise WebhookInvalid(Reason.REPLAYED)
        return event

    def test(self) -> Call[str]:
        """Asks the city for a `ping`; the id of its delivery. Raises: CityTongError."""
        answer = yield from self.city.post("/open/v1/webhooks/test", {}, repeatable=True)
        return str(answer.get("id", ""))

    def deliveries(self, *, first: int = 50, after: str | None = None) -> Call[Mapping[str, Any]]:
        """What the city tried to tell: `{"deliveries": […], "next"}`. Raises: CityTongError."""
        if not 1 <= first <= 200 or (after is not None and not _ID.fullmatch(after)):
            raise ValueError("first: 1 to 200; after: an id")
        return (yield from self.city.get(f"{_DELIVERIES}?first={first}" + (f"&after={after}" if after else "")))

    def replay(self, id: str) -> Call[None]:
        """Asks the city to deliver it again. Raises: NotFound, CityTongError."""
        if not _ID.fullmatch(id):
            raise ValueError("id: of a delivery")
        yield from self.city.post(f"{_DELIVERIES}/{id}/replay", {}, repeatable=True)

    def _checked(self, headers: Mapping[str, str], body: bytes, keys: Iterable[Ed25519PublicKey]) -> AnyEvent:
        return check_webhook(headers, body, keys=keys, app_id=self.city.app_id, now=self.city.clock())


def check_webhook(
    headers: Mapping[str, str], body: bytes, *, keys: Iterable[Ed25519PublicKey], app_id: str, now: float
) -> AnyEvent:
    """The same without asking anybody. now: seconds of Unix time. Raises: WebhookInvalid."""
    told = {name.lower(): value for name, value in headers.items()}
    id, timestamp, signatures = (told.get(f"webhook-{name}", "") for name in ("id", "timestamp", "signature"))
    if not _ID.fullmatch(id) or not _SECONDS.fullmatch(timestamp) or len(body) > BODY_BYTES_MAX:
        raise WebhookInvalid(Reason.MALFORMED)
    signed = f"{id}.{timestamp}.".encode() + body
    if not _signed(signed, signatures, list(keys)):
        raise WebhookInvalid(Reason.SIGNATURE)
    if abs(now - int(timestamp)) > TOLERANCE_S:
        raise WebhookInvalid(Reason.EXPIRED if now > int(timestamp) else Reason.NOT_YET)
    event = read_event(id, body)
    if event.app_id != app_id:
        raise WebhookInvalid(Reason.AUDIENCE)
    return event


def _signed(signed: bytes, signatures: str, keys: list[Ed25519PublicKey]) -> bool:
    for one in signatures.split(" ")[:_SIGNATURES_MAX]:
        version, _, text = one.partition(",")
        if version != "v1a":
            continue
        try:
            signature = from_b64(text)
        except ValueError:
            continue
        if any(_holds(key, signature, signed) for key in keys):
            return True
    return False


def _holds(key: Ed25519PublicKey, signature: bytes, signed: bytes) -> bool:
    try:
        key.verify(signature, signed)
    except InvalidSignature:
        return False
    return True


def read_event(id: str, body: bytes) -> AnyEvent:
    """The event that a body tells, whoever wrote it. Raises: WebhookInvalid with CLAIMS."""
    try:
        match json_object(body):
            case {"type": str(type), "timestamp": str(timestamp), "data": {"appId": str(app_id), **rest}}:
                heading: dict[str, Any] = {"id": id, "at": when(timestamp), "app_id": app_id}
                data: dict[str, Any] = {str(name): value for name, value in rest.items()}
            case _:
                raise WebhookInvalid(Reason.CLAIMS)
    except ValueError:
        raise WebhookInvalid(Reason.CLAIMS) from None
    kind = _KINDS.get(type)
    if kind is None:
        return UnknownEvent(**heading, name=type, data=data)
    own: dict[str, Any] = {name: _value(data.get(told), form) for name, told, form in _FIELDS[type]}
    return kind(**heading, **own)


def event_body(event: AnyEvent) -> dict[str, Any]:
    """The body that tells `event`: what `read_event` reads."""
    if isinstance(event, UnknownEvent):
        name, data = event.name, dict(event.data)
    else:
        name = event.type
        data = {told: getattr(event, own) for own, told, _ in _FIELDS[name]}
    at = event.at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    return {"type": name, "timestamp": at, "data": {"appId": event.app_id, **data}}


def _value(value: object, form: object) -> object:
    """Raises: WebhookInvalid unless `value` is of that form."""
    if form == tuple[str, ...]:
        if isinstance(value, list) and all(isinstance(one, str) for one in value):
            return tuple(value)
    elif type(value) is form:
        return value
    raise WebhookInvalid(Reason.CLAIMS)
