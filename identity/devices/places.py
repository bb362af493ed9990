"""Where an address is: a port, and a table of networks that answers it.

The city asks nobody on the internet where somebody is. It knows the networks of a table that its operator gives, and of
every other address nothing; then nothing follows from the place.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Protocol, TypeAlias

import orjson

from core.errors import BadInput
from core.geo import Point
from core.locale import Text
from identity.devices.model import Place

# Networks that are documentation's (RFC 5737, RFC 3849) and nobody's: with them a demo can travel.
DEMO_NETWORKS: Final = Path(__file__).with_name("demo_networks.json")
_Networks: TypeAlias = Mapping[tuple[int, int], Mapping[int, Place]]


class Places(Protocol):
    """Says where an address is."""

    def place(self, address: str) -> Place | None:
        """None where it is not known."""
        ...


class Nowhere:
    """Knows no place."""

    def place(self, address: str) -> Place | None:
        return None


class NetworksInvalid(Exception):
    """A table of networks that cannot be read. Its message is for the operator."""


class NetworkPlaces:
    """The places of a table: of the networks that hold an address, the smallest counts."""

    def __init__(self, rows: Sequence[tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, Place]]) -> None:
        found: dict[tuple[int, int], dict[int, Place]] = {}
        for network, place in rows:
            found.setdefault((network.version, network.prefixlen), {})[int(network.network_address)] = place
        self._networks: _Networks = dict(sorted(found.items(), reverse=True))

    @classmethod
    def read(cls, file: Path) -> NetworkPlaces:
        """From JSON: a list of {"networks", "code", "zh", "en", "longitude", "latitude"}. Raises: NetworksInvalid."""
        try:
            return cls([row for told in orjson.loads(file.read_bytes()) for row in _rows(told)])
        except (OSError, ValueError, KeyError, TypeError, BadInput) as fault:
            raise NetworksInvalid(f"{file} is no table of networks: {fault}") from fault

    def place(self, address: str) -> Place | None:
        try:
            parsed = ipaddress.ip_address(address.partition("%")[0])
        except ValueError:
            return None
        if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped is not None:
            parsed = parsed.ipv4_mapped
        for (version, length), places in self._networks.items():
            if version == parsed.version:
                rest = parsed.max_prefixlen - length
                if (place := places.get(int(parsed) >> rest << rest)) is not None:
                    return place
        return None


def _rows(told: Mapping[str, Any]) -> list[tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, Place]]:
    point = Point.of(longitude=told["longitude"], latitude=told["latitude"])
    place = Place(str(told["code"]), Text(zh=str(told["zh"]), en=str(told["en"])), point)
    return [(ipaddress.ip_network(network), place) for network in told["networks"]]
