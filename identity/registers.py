"""Who is asked about people, over HTTP: the population register, the register of documents, the public platform of
net-IDs. The first also says who the children of the person are whom name and number name together.

What they do not answer clearly is no answer.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Protocol

import aiohttp
import orjson

from core.clock import from_epoch_s
from core.errors import Unavailable
from identity.id_numbers import Document

DOCUMENT_PATH: Final = "/registers/documents/check"
NET_ID_PATH: Final = "/net-id/check"
NET_ID_MATCH_PATH: Final = "/net-id/match"
CHECK_PATH: Final = "/registers/population/check"
CHILDREN_PATH: Final = "/registers/population/children"
# More than a family can have; an answer that is longer is no answer.
CHILDREN_MAX: Final = 50
ANSWER_BYTES_MAX: Final = 1024
_CHILDREN_BYTES_MAX: Final = 16 * 1024

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RegisteredChild:
    """As the register has them."""

    name: str = field(repr=False)
    id_number: str = field(repr=False)


class PopulationRegister(Protocol):
    """Who can say whether two elements belong together, and who is whose child."""

    async def matches(self, *, name: str, id_number: str) -> bool:
        """Raises: Unavailable when there is no clear answer in time."""
        ...

    async def children(self, *, name: str, id_number: str) -> list[RegisteredChild]:
        """Of the person whom the two name together. Raises: Unavailable when there is no clear answer in time."""
        ...


class DocumentRegister(Protocol):
    """Who can say whether somebody of this name has this document (the immigration authority's register)."""

    async def matches(self, *, name: str, document: Document) -> bool:
        """Raises: Unavailable when there is no clear answer in time."""
        ...


@dataclass(frozen=True, slots=True)
class NetId:
    """What a net-ID's credential stands for. symbol: 网号, which says nothing of who it is. minor: under 18."""

    symbol: str = field(repr=False)
    minor: bool
    until: datetime


class NetIdPlatform(Protocol):
    """The public platform that gives people net-IDs (网号) and credentials of them (网证), and checks these."""

    async def check(self, *, credential: str) -> NetId | None:
        """None for one that is not good here and now. Raises: Unavailable when there is no clear answer in time."""
        ...

    async def matches(self, *, symbol: str, name: str, number: str) -> bool:
        """Whether the symbol is that of whoever has this name and number. Raises: Unavailable."""
        ...


@dataclass(frozen=True, slots=True)
class HttpRegister:
    """A register behind HTTP: one JSON object asked, one answered.

    key: sent as bearer. timeout_s: bounds the whole exchange.
    """

    http: aiohttp.ClientSession
    url: str
    key: str = field(repr=False)
    timeout_s: float = 5.0

    async def ask(self, path: str, asked: Mapping[str, str], *, bytes_max: int = ANSWER_BYTES_MAX) -> Mapping[str, Any]:
        """bytes_max: of an answer. Raises: Unavailable."""
        try:
            async with self.http.post(
                self.url.rstrip("/") + path,
                json=asked,
                headers={"Authorization": f"Bearer {self.key}"},
                timeout=aiohttp.ClientTimeout(total=self.timeout_s),
                allow_redirects=False,
            ) as response:
                return await _answer(response, bytes_max)
        except (aiohttp.ClientError, TimeoutError) as fault:
            raise Unavailable() from fault


@dataclass(frozen=True, slots=True)
class HttpPopulationRegister(HttpRegister):
    """`POST {url}/registers/population/check` of {name, idNumber}, answered {match}; `…/children`, answered {children}
    of the same two each.
    """

    async def matches(self, *, name: str, id_number: str) -> bool:
        return _yes_or_no(await self.ask(CHECK_PATH, {"name": name, "idNumber": id_number}))

    async def children(self, *, name: str, id_number: str) -> list[RegisteredChild]:
        asked = {"name": name, "idNumber": id_number}
        told = (await self.ask(CHILDREN_PATH, asked, bytes_max=_CHILDREN_BYTES_MAX)).get("children")
        if not isinstance(told, list) or len(told) > CHILDREN_MAX:
            raise Unavailable()
        return [_child(one) for one in told]


@dataclass(frozen=True, slots=True)
class HttpDocumentRegister(HttpRegister):
    """`POST {url}/registers/documents/check` of {type, number, name} and, where known, {nationality, birthDate},
    answered {match}.
    """

    async def matches(self, *, name: str, document: Document) -> bool:
        asked = {"type": document.type.value, "number": document.number, "name": name}
        if document.nationality:
            asked["nationality"] = document.nationality
        if document.born is not None:
            asked["birthDate"] = document.born.isoformat()
        return _yes_or_no(await self.ask(DOCUMENT_PATH, asked))


@dataclass(frozen=True, slots=True)
class HttpNetIdPlatform(HttpRegister):
    """`POST {url}/net-id/check` of {credential, audience}, answered {valid} and, if so, {symbol, minor, until} (epoch
    seconds); `…/match` of {symbol, name, number}, answered {match}. audience: the city's own address, for which
    credentials are.
    """

    audience: str = ""

    async def check(self, *, credential: str) -> NetId | None:
        told = await self.ask(NET_ID_PATH, {"credential": credential, "audience": self.audience})
        if told.get("valid") is False:
            return None
        symbol, minor, until = told.get("symbol"), told.get("minor"), told.get("until")
        clear = isinstance(symbol, str) and symbol and isinstance(minor, bool) and type(until) is int
        if told.get("valid") is not True or not clear:
            raise Unavailable()
        return NetId(str(symbol), bool(minor), from_epoch_s(int(str(until))))

    async def matches(self, *, symbol: str, name: str, number: str) -> bool:
        return _yes_or_no(await self.ask(NET_ID_MATCH_PATH, {"symbol": symbol, "name": name, "number": number}))


def _yes_or_no(told: Mapping[str, Any]) -> bool:
    match = told.get("match")
    if not isinstance(match, bool):
        raise Unavailable()
    return match


def _child(told: object) -> RegisteredChild:
    if not isinstance(told, dict) or not all(isinstance(told.get(part), str) for part in ("name", "idNumber")):
        raise Unavailable()
    return RegisteredChild(told["name"], told["idNumber"])


async def _answer(response: aiohttp.ClientResponse, bytes_max: int) -> Mapping[str, Any]:
    if response.status != 200:
        _LOG.warning("the register gives no answer", extra={"facts": {"status": response.status}})
        raise Unavailable()
    body = bytearray()
    async for chunk in response.content.iter_chunked(bytes_max):
        body += chunk
        if len(body) > bytes_max:
            raise Unavailable()
    try:
        answer = orjson.loads(bytes(body))
    except orjson.JSONDecodeError as fault:
        raise Unavailable() from fault
    if not isinstance(answer, dict):
        raise Unavailable()
    return answer
