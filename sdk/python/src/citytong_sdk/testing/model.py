"""What the city of tests remembers: programs, citizens, what was sent, and what is to go wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from citytong_sdk.bundles.jws import PublicKey
from citytong_sdk.keys import Jwk

# What a document is answered: the data, or what makes it of the variables and the citizen (None: on nobody's behalf).
Resolver: TypeAlias = "Mapping[str, Any] | Callable[[Mapping[str, Any], Citizen | None], Any] | None"


@dataclass(slots=True, eq=False)
class Citizen:
    """grants: permissions that they gave programs; take one out and it is withheld. phone: in E.164."""

    id: str
    phone: str | None = field(repr=False)
    grants: set[str]


@dataclass(slots=True, eq=False)
class App:
    """sealing: the public key that phones are sealed to. templates: of subscribe messages."""

    app_id: str
    keys: dict[str, PublicKey] = field(repr=False)
    sealing: Jwk | None
    templates: frozenset[str]
    version_name: str = "1.0.0"
    version_code: int = 1
    documents: dict[str, Document] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Document:
    """personal: it needs a citizen. withheld: names of fields by the permission that opens them."""

    answer: Resolver = field(repr=False)
    personal: bool
    withheld: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Run:
    """A citizen's session with a program."""

    id: str
    citizen: Citizen
    app: App
    openid: str
    unionid: str


@dataclass(frozen=True, slots=True)
class SentMessage:
    """id: what the program was answered."""

    id: str
    app_id: str
    openid: str
    template: str
    data: Mapping[str, str]
    page: str | None
    idempotency_key: str


@dataclass(slots=True)
class Delivered:
    """A webhook as it was sent. status: what the program answered; None: not yet."""

    id: str
    type: str
    headers: Mapping[str, str]
    body: bytes
    created_at: str
    attempts: int = 0
    status: int | None = None

    @property
    def state(self) -> str:
        return "delivered" if self.status is not None and self.status < 300 else "pending"


@dataclass(frozen=True, slots=True)
class Asked:
    """A request, without its body's secrets in its repr. path: with its query."""

    method: str
    path: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    body: bytes = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Fault:
    """What is to go wrong. reply: instead of doing it. lost: it is done, and the answer never arrives."""

    reply: Reply | None = None
    lost: bool = False


class Lost(Exception):
    """The connection broke before the answer was there."""


def phone_members(e164: str) -> dict[str, str]:
    """As the city writes a phone of the mainland; any other stands as it is, of nowhere."""
    if e164.startswith("+86") and len(e164) == 14:
        return {"e164": e164, "national": f"{e164[3:6]} {e164[6:10]} {e164[10:]}", "country": "CN"}
    return {"e164": e164, "national": e164, "country": "ZZ"}
