"""The population register, as identity asks it: do this name and this id number belong together, and who are the
children of the person whom they name?

What the register does not answer clearly is no answer.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

import aiohttp
import orjson

from core.errors import Unavailable

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
        match = (await self.ask(CHECK_PATH, {"name": name, "idNumber": id_number})).get("match")
        if not isinstance(match, bool):
            raise Unavailable()
        return match

    async def children(self, *, name: str, id_number: str) -> list[RegisteredChild]:
        asked = {"name": name, "idNumber": id_number}
        told = (await self.ask(CHILDREN_PATH, asked, bytes_max=_CHILDREN_BYTES_MAX)).get("children")
        if not isinstance(told, list) or len(told) > CHILDREN_MAX:
            raise Unavailable()
        return [_child(one) for one in told]


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
