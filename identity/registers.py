"""The population register, as identity asks it: do this name and this id number belong together?

The register answers yes or no and tells nothing else. What it does not answer clearly is no answer.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import Final, Protocol

import aiohttp
import orjson

from core.errors import Unavailable

CHECK_PATH: Final = "/registers/population/check"
_ANSWER_BYTES_MAX: Final = 1024

_LOG = logging.getLogger(__name__)


class PopulationRegister(Protocol):
    """Who can say whether two elements belong together."""

    async def matches(self, *, name: str, id_number: str) -> bool:
        """Raises: Unavailable when there is no clear answer in time."""
        ...


@dataclass(frozen=True, slots=True)
class HttpPopulationRegister:
    """A register behind HTTP: `POST {url}/registers/population/check` of {name, idNumber}, answered {match}.

    key: sent as bearer. timeout_s: bounds the whole exchange.
    """

    http: aiohttp.ClientSession
    url: str
    key: str = field(repr=False)
    timeout_s: float = 5.0

    async def matches(self, *, name: str, id_number: str) -> bool:
        try:
            async with self.http.post(
                self.url.rstrip("/") + CHECK_PATH,
                json={"name": name, "idNumber": id_number},
                headers={"Authorization": f"Bearer {self.key}"},
                timeout=aiohttp.ClientTimeout(total=self.timeout_s),
                allow_redirects=False,
            ) as response:
                return await _verdict(response)
        except (aiohttp.ClientError, TimeoutError) as fault:
            raise Unavailable() from fault


async def _verdict(response: aiohttp.ClientResponse) -> bool:
    if response.status != 200:
        _LOG.warning("the population register gives no answer", extra={"facts": {"status": response.status}})
        raise Unavailable()
    body = bytearray()
    async for chunk in response.content.iter_chunked(_ANSWER_BYTES_MAX):
        body += chunk
        if len(body) > _ANSWER_BYTES_MAX:
            raise Unavailable()
    try:
        answer = orjson.loads(bytes(body))
    except orjson.JSONDecodeError as fault:
        raise Unavailable() from fault
    match = answer.get("match") if isinstance(answer, dict) else None
    if not isinstance(match, bool):
        raise Unavailable()
    return match
