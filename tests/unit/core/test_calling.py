"""Addresses that strangers wrote down: all of a name's are public, and the one that was checked is called."""

from __future__ import annotations

import asyncio
from ipaddress import ip_address
from typing import Any

import pytest

from core.calling import NotPublic, public_address
from tests.support.threats import covers

PUBLIC = ("93.184.216.34", "2606:4700::1111")


def _answers(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> list[str]:
    """What a name server of the stranger's says, the next time another; the names that were asked for."""
    asked: list[str] = []
    rebound = [addresses, ("127.0.0.1",)]

    async def look_up(host: str, port: int, **_: Any) -> list[Any]:
        asked.append(host)
        return [(0, 0, 0, "", (one, port)) for one in rebound.pop(0)]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", look_up)
    return asked


@covers("T35")
async def test_what_was_checked_is_what_is_called_whatever_the_name_says_next(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = _answers(monkeypatch, *PUBLIC)
    found = await public_address("hooks.example")
    assert str(ip_address(found)) == PUBLIC[0]  # an address, of which nobody looks up anything
    assert asked == ["hooks.example"]
    with pytest.raises(NotPublic):
        await public_address("hooks.example")


@covers("T35")
@pytest.mark.parametrize(
    "private",
    ["127.0.0.1", "10.0.0.5", "169.254.169.254", "100.64.0.1", "::1", "fd00::1", "64:ff9b::a00:5", "2002:a00:5::"],
)
async def test_one_inner_address_among_public_ones_is_enough_to_refuse(
    private: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    _answers(monkeypatch, *PUBLIC, private)
    with pytest.raises(NotPublic) as refused:
        await public_address("hooks.example")
    assert private not in str(refused.value)


async def test_a_name_without_an_address_is_not_called(monkeypatch: pytest.MonkeyPatch) -> None:
    _answers(monkeypatch)
    with pytest.raises(NotPublic):
        await public_address("hooks.example", inside=True)
