"""HTTP to one city: short waits, bounded answers, no redirect followed, no secret over an open line."""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any, Final
from urllib.parse import urlsplit

import httpx

from .errors import Exit, TongError

TIMEOUT_S: Final = 15.0
ANSWER_BYTES_MAX: Final = 4 * 1024 * 1024
# A stream beats every quarter of a minute.
_QUIET_S: Final = 45.0
EVENTS: Final = "text/event-stream"
# What `tong` itself says is English, and so is what it passes on.
_HEADERS: Final = {"User-Agent": "citytong-sdk", "Accept-Language": "en"}
_LOOPBACK: Final = re.compile(r"localhost|127(?:\.[0-9]{1,3}){3}|\[?::1\]?|(?:[a-z0-9-]+\.)+localhost")


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes


class NoStream(Exception):
    """What came is no event stream. status: of the answer; 0 where there was none in time."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


@dataclass(frozen=True, slots=True)
class Web:
    """base: the city's public address, without a slash at its end."""

    base: str

    @property
    def host(self) -> str:
        """Names the city among others: with the port, where it has one of its own."""
        return urlsplit(self.base).netloc

    def get(self, path: str, *, bytes_max: int = ANSWER_BYTES_MAX) -> bytes:
        """What stands at `path`. Raises: TongError unless the city answers 200."""
        answer = self.ask("GET", path, bytes_max=bytes_max)
        if answer.status != 200:
            raise TongError(
                "TONG_CITY_ANSWER",
                f"The city answered {answer.status}.",
                where=self.base + path,
                advice="Is this the address of a city? `tong doctor` looks.",
                exit=Exit.NETWORK,
            )
        return answer.body

    def ask(self, method: str, path: str, *, bytes_max: int = ANSWER_BYTES_MAX, **request: Any) -> Answer:
        """Raises: TongError, TONG_CITY_UNREACHABLE, when there is no whole answer in time."""
        try:
            with (
                httpx.Client(timeout=TIMEOUT_S, verify=_trusted(), headers=_HEADERS) as client,
                client.stream(method, self.base + path, **request) as response,
            ):
                body = bytearray()
                for chunk in response.iter_bytes():
                    body += chunk
                    if len(body) > bytes_max:
                        raise self._unreachable(path, f"its answer is over {bytes_max} bytes")
                return Answer(response.status_code, dict(response.headers), bytes(body))
        except httpx.HTTPError as fault:
            raise self._unreachable(path, str(fault) or type(fault).__name__) from fault

    def events(self, path: str, **request: Any) -> Iterator[tuple[str, bytes]]:
        """The events of a stream as they come, by name, until it ends or its line breaks; a beat has no name.

        Raises: NoStream, before the first.
        """
        begun, held, limits = False, b"", httpx.Timeout(TIMEOUT_S, read=_QUIET_S)
        try:
            with (
                httpx.Client(timeout=limits, verify=_trusted(), headers=_HEADERS) as client,
                client.stream("POST", self.base + path, **request) as response,
            ):
                if response.status_code != 200 or not response.headers.get("Content-Type", "").startswith(EVENTS):
                    raise NoStream(response.status_code)
                for chunk in response.iter_bytes():
                    *whole, held = (held + chunk).split(b"\n\n")
                    if len(held) > ANSWER_BYTES_MAX:
                        return
                    for block in whole:
                        begun = True
                        yield _event(block)
        except httpx.HTTPError as fault:
            if not begun:
                raise NoStream(0) from fault

    def _unreachable(self, path: str, why: str) -> TongError:
        return TongError(
            "TONG_CITY_UNREACHABLE",
            "The city does not answer.",
            where=self.base + path,
            why=why,
            advice="Look at the line and the address, then try again.",
            exit=Exit.NETWORK,
        )


def _event(block: bytes) -> tuple[str, bytes]:
    """Source: WHATWG HTML, server-sent events, as far as GraphQL uses them."""
    fields = dict(line.split(b": ", 1) for line in block.split(b"\n") if b": " in line)
    return fields.get(b"event", b"").decode(errors="replace"), fields.get(b"data", b"")


@cache
def _trusted() -> ssl.SSLContext:
    """The authorities that this machine trusts, read once: they cost more than the question."""
    return httpx.create_ssl_context()


def web(url: str) -> Web:
    """The city at `url`. Raises: TongError for an address that a token must not be sent to."""
    base = url.rstrip("/")
    parts = urlsplit(base)
    safe = parts.scheme == "https" or (parts.scheme == "http" and _LOOPBACK.fullmatch(parts.hostname or ""))
    if not parts.hostname or not safe or parts.query or parts.fragment or parts.username or parts.path:
        raise TongError(
            "TONG_CITY_ADDRESS",
            f"{url!r} is no address of a city.",
            why="A city has https://<host>; plain http is for this machine alone.",
            advice="Correct [city] url in citytong.toml, $TONG_CITY or --city.",
        )
    return Web(base)


@contextmanager
def as_json(where: str) -> Iterator[None]:
    """What a city answers is JSON of the right shape, or it is none that tong can speak to."""
    try:
        yield
    except (ValueError, KeyError, TypeError, AttributeError) as fault:
        raise TongError(
            "TONG_CITY_ANSWER",
            "The city's answer is not what tong expects.",
            where=where,
            why=f"{type(fault).__name__}: {fault}",
            advice="Is this tong as new as the city?",
            exit=Exit.NETWORK,
        ) from fault
