"""What a program can ask for, by name. Everything is refused that is not named here."""

from __future__ import annotations

import re
from typing import Final

OWN_ORIGIN: Final = "city.web.own-origin"
PERMISSIONS: Final = frozenset(
    {
        "city.user.openid",
        "city.user.phone",
        "city.user.profile",
        "city.user.realname",
        "city.user.address",
        "city.device.location",
        "city.device.location.fuzzy",
        "city.device.camera",
        "city.device.album",
        "city.device.clipboard",
        "city.device.biometry",
        "city.pay",
        "city.message.subscribe",
        OWN_ORIGIN,
    }
)
# A scope of the graph: what the operations of a program read or change.
_DATA: Final = re.compile(r"city\.data\.[a-z][a-z0-9_]*(?:[.:-][a-z0-9_]+)*")
# Names of the city's, known or not: others belong to other vendors and mean nothing here.
CITY: Final = "city."


def known(name: str) -> bool:
    return name in PERMISSIONS or bool(_DATA.fullmatch(name))
