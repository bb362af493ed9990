"""An address that a stranger wrote down is called where it is public, and nowhere inside the city's own network.

Rules
- A name is looked up once, each of its addresses is public and hides no other, and that one is called.
- A city on this machine calls services on this machine too: there is nothing else for it to reach.
"""

from __future__ import annotations

import asyncio
import socket
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Final

from yarl import URL

_LOOK_UP_WITHIN_S: Final = 5.0
# Of IPv6, all that was ever handed out to the public (RFC 4291 §2.4). Outside of it are sites' own addresses, and such
# as reach IPv4 addresses through a translator, private ones too (RFC 6052, RFC 8215).
_HANDED_OUT: Final = ip_network("2000::/3")


class NotPublic(OSError):
    """It is not to be called. The message names no address."""


async def public_address(host: str, *, port: int = 443, inside: bool = False) -> str:
    """One address of the host, all of which are public. inside: others will do as well, as in a demonstration.

    Raises: NotPublic, OSError, TimeoutError.
    """
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(_LOOK_UP_WITHIN_S):
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = [str(sockaddr[0]) for *_, sockaddr in found]
    if not addresses or not (inside or all(is_public(address) for address in addresses)):
        raise NotPublic("its address is not public")
    return addresses[0]


def is_public(address: str) -> bool:
    """Whether an IP address is one of the public internet, and hides no other."""
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(parsed, IPv6Address):
        if parsed.sixtofour or parsed.teredo or parsed not in _HANDED_OUT:
            return False
    return parsed.is_global and not parsed.is_multicast


def on_this_machine(url: str) -> bool:
    """Whether a URL names the loopback interface by its address."""
    try:
        return ip_address(URL(url).host or "").is_loopback
    except ValueError:
        return False
