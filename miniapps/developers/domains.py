"""Domains of programs, and whose it is proved that they are.

Rules
- Whoever can write at a domain has it: a TXT record at `_citytong-challenge.<domain>`, or a file at
  `https://<domain>/.well-known/citytong-domain.txt`, that holds the program's token.
- A domain is proved for one program. Others may prove it as well, each with a token of its own.
- What was proved is looked at again every few days. It is lost when it is not there several times in a row: a server
  that is away for a day takes nothing away.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from pymongo import ASCENDING, IndexModel

from core.mongo import Document, Mongo, Session, answering, ensure_indexes
from miniapps.developers.errors import DomainRefused

DOMAINS: Final = "mini_domains"
CHECKED_EVERY: Final = timedelta(days=3)
# Of what was proved: how often in a row it may be missing before it is lost.
MISSED_MAX: Final = 3
LABEL: Final = "_citytong-challenge"
FILE: Final = "/.well-known/citytong-domain.txt"
TOKEN_PREFIX: Final = "citytong-domain="
_NAME: Final = re.compile(r"(?=.{4,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])")
# Names that mean a machine, a network or nothing (RFC 6761, RFC 6762, RFC 8375, RFC 9476).
_NOWHERE: Final = frozenset(
    {"localhost", "local", "internal", "invalid", "test", "onion", "alt", "arpa", "lan", "home"}
)
_INDEXES: Final = {
    DOMAINS: [
        IndexModel([("app_id", ASCENDING), ("domain", ASCENDING)], name="once", unique=True),
        IndexModel([("due_at", ASCENDING)], name="due", partialFilterExpression={"state": "PROVED"}),
    ]
}


class DomainState(StrEnum):
    """PENDING: nobody has looked. FAILED: it was looked for, and is not there (any more)."""

    PENDING = "PENDING"
    PROVED = "PROVED"
    FAILED = "FAILED"


class Method(StrEnum):
    """Where the token was found."""

    DNS = "DNS"
    FILE = "FILE"


@dataclass(frozen=True, slots=True)
class DomainProof:
    """token: what has to stand there. missed: how often in a row it was not found."""

    id: str
    app_id: str
    domain: str
    token: str
    state: DomainState
    method: Method | None
    missed: int
    asked_at: datetime
    due_at: datetime

    @property
    def dns_name(self) -> str:
        return f"{LABEL}.{self.domain}"

    @property
    def file_url(self) -> str:
        return f"https://{self.domain}{FILE}"

    @property
    def text(self) -> str:
        """The record, or the file's only line."""
        return f"{TOKEN_PREFIX}{self.token}"


def parse_domain(text: str, *, own: Sequence[str]) -> str:
    """A name as DNS has it, in lower case. own: hosts of the city, which are no program's.

    Raises: DomainRefused.
    """
    name = text.strip().rstrip(".").lower() if len(text) <= 1024 else ""
    if not name.isascii():
        try:
            name = name.encode("idna").decode()
        except UnicodeError:
            name = ""
    if not _NAME.fullmatch(name):
        raise DomainRefused(problem="it is not the name of a host")
    if name.rpartition(".")[2] in _NOWHERE:
        raise DomainRefused(problem="nobody outside of a network can reach it")
    if any(name == host or name.endswith(f".{host}") or host.endswith(f".{name}") for host in own):
        raise DomainRefused(problem="it is the city's own")
    return name


@dataclass(frozen=True, slots=True)
class DomainStore:
    """Every method raises Unavailable when MongoDB does not answer."""

    mongo: Mongo

    async def open(self) -> None:
        """Make the indexes."""
        async with answering():
            await ensure_indexes(self.mongo, _INDEXES)

    async def proved(self, app_id: str) -> frozenset[str]:
        return frozenset(one.domain for one in await self.of_app(app_id) if one.state is DomainState.PROVED)

    async def of_app(self, app_id: str, *, session: Session | None = None) -> list[DomainProof]:
        """In the order of their names."""
        async with answering():
            found = self.mongo.collection(DOMAINS).find({"app_id": app_id}, session=session)
            return [_proof(row) for row in await found.sort("domain", ASCENDING).to_list(None)]

    async def proof(self, id: str) -> DomainProof | None:
        async with answering():
            row = await self.mongo.collection(DOMAINS).find_one({"_id": id})
        return _proof(row) if row else None

    async def add(self, one: DomainProof, *, session: Session) -> None:
        await self.mongo.collection(DOMAINS).insert_one({"_id": one.id, **_row(one)}, session=session)

    async def put(self, one: DomainProof, *, session: Session) -> None:
        await self.mongo.collection(DOMAINS).replace_one({"_id": one.id}, _row(one), session=session)

    async def claim_due(self, *, now: datetime, until: datetime) -> DomainProof | None:
        """One that is to be looked at again; until then nobody else is handed it."""
        async with answering():
            row = await self.mongo.collection(DOMAINS).find_one_and_update(
                {"state": DomainState.PROVED.value, "due_at": {"$lte": now}}, {"$set": {"due_at": until}}
            )
        return _proof(row) if row else None


def _row(one: DomainProof) -> dict[str, Any]:
    return {
        "app_id": one.app_id,
        "domain": one.domain,
        "token": one.token,
        "state": one.state.value,
        "method": one.method.value if one.method else None,
        "missed": one.missed,
        "asked_at": one.asked_at,
        "due_at": one.due_at,
    }


def _proof(row: Document) -> DomainProof:
    return DomainProof(
        id=row["_id"],
        app_id=row["app_id"],
        domain=row["domain"],
        token=row["token"],
        state=DomainState(row["state"]),
        method=Method(row["method"]) if row["method"] else None,
        missed=row["missed"],
        asked_at=row["asked_at"],
        due_at=row["due_at"],
    )
