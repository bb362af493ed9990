"""Where programs live: one host for each, under a host that is not the city's.

Rules
- A program's host is `<appkey>.<mini host>`; its app key follows from its id and from the key that its organisation
  came with, so nobody else's program is ever there.
- Every host at or under the mini host is the programs', also those where no program lives: nothing of the city is
  answered there.
- The mini host is neither the city's own host, nor above it, nor under it: a document of a program could else be of the
  city's origin, or read and write its cookies (E17, E18b).
Source: docs/decisions/0052-a-program-is-served-from-a-host-of-its-own.md
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import Final, Self
from urllib.parse import urlsplit

from miniapps.bundles.hashing import APP_KEY_CHARACTERS

_APP_KEY: Final = re.compile(rf"[a-z2-7]{{{APP_KEY_CHARACTERS}}}")
_LOCAL_HOST: Final = "mini.localhost"
# One machine's names for itself; a shell that is opened by either frames the same programs.
_LOOPBACK: Final = ("127.0.0.1", "localhost")
_NAME: Final = re.compile(r"(?=.{1,200}\Z)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+")


class OriginsInvalid(ValueError):
    """The address of the programs cannot be that. The message goes on from the setting's name."""


def host_name(host: str) -> str:
    """The name of a `Host` header: lower-case, without what follows a colon and without dots at its end."""
    host = host.strip()
    name = host if host.startswith("[") else host.partition(":")[0]
    return name.rstrip(".").lower()


@dataclass(frozen=True, slots=True)
class Origins:
    """base: scheme and port of every program's origin. shells: the origins whose documents may frame programs."""

    scheme: str
    host: str
    port: int | None
    shells: tuple[str, ...]

    @classmethod
    def of(cls, *, mini_url: str, public_url: str) -> Self | None:
        """mini_url: `https://citymini.example`; where it is empty, a city on this machine has programs all the same.

        None: there is no address for programs. Raises: OriginsInvalid.
        """
        city = urlsplit(public_url)
        city_host, shells = city.hostname or "", _shells(public_url)
        if not mini_url:
            return cls("http", _LOCAL_HOST, city.port, shells) if _is_loopback(city_host) else None
        mini = urlsplit(mini_url)
        try:
            host, port = host_name(mini.hostname or ""), mini.port
        except ValueError as fault:
            raise OriginsInvalid("has a port that is none") from fault
        if mini.path.strip("/") or mini.query or mini.fragment or mini.username:
            raise OriginsInvalid("must be a scheme and a host, and no more")
        if not _NAME.fullmatch(host) or _is_address(host):
            raise OriginsInvalid("must have a host under which each program gets one of its own")
        if mini.scheme != "https" and not (mini.scheme == "http" and host.endswith(".localhost")):
            raise OriginsInvalid("must begin with https://")
        if not apart(host, city_host):
            raise OriginsInvalid(
                f"must not be of the same site as TONG_PUBLIC_URL: {host} and {city_host} are one host, or one is "
                "under the other; programs need a domain of their own"
            )
        return cls(mini.scheme, host, port, shells)

    def of_program(self, key: str) -> str:
        """Its origin (RFC 6454 §6.2)."""
        port = f":{self.port}" if self.port is not None else ""
        return f"{self.scheme}://{key}.{self.host}{port}"

    def owns(self, host: str) -> bool:
        """Whether a request for this host is the programs' to answer. host: as the client writes it."""
        name = host_name(host)
        return name == self.host or name.endswith(f".{self.host}")

    def key_at(self, host: str) -> str | None:
        """The app key of a program's host."""
        key = host_name(host).removesuffix(f".{self.host}")
        return key if _APP_KEY.fullmatch(key) else None


def apart(mini_host: str, city_host: str) -> bool:
    """Whether neither is the other or under it. A bare `localhost` has nothing under it: browsers see sites there."""
    if city_host == "localhost":
        return mini_host != city_host
    return mini_host != city_host and not _under(mini_host, city_host) and not _under(city_host, mini_host)


def _under(host: str, above: str) -> bool:
    return host.endswith(f".{above}")


def _shells(public_url: str) -> tuple[str, ...]:
    parts = urlsplit(public_url)
    host, port = parts.hostname or "", f":{parts.port}" if parts.port is not None else ""
    names = _LOOPBACK if _is_loopback(host) else (host,)
    return tuple(f"{parts.scheme}://{name}{port}" for name in names)


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
