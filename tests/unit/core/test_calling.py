"""Addresses that strangers wrote down: all of a name's are public, and the one that was checked is called."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from core.calling import NotPublic, public_address
from tests.support.names import leads
from tests.support.threats import covers

HOST, PUBLIC = "hooks.example", ("93.184.216.34", "2606:4700::1111")


@covers("T35")
async def test_what_was_checked_is_what_is_called_whatever_the_name_says_next(monkeypatch: pytest.MonkeyPatch) -> None:
    left = leads(monkeypatch, HOST, PUBLIC, ("127.0.0.1",))
    found = await public_address(HOST)
    assert str(ip_address(found)) == PUBLIC[0]  # an address, of which nobody looks up anything
    assert left == [("127.0.0.1",)]
    with pytest.raises(NotPublic):
        await public_address(HOST)


@covers("T35")
@pytest.mark.parametrize(
    "private",
    ["127.0.0.1", "10.0.0.5", "169.254.169.254", "100.64.0.1", "::1", "fd00::1", "64:ff9b::a00:5", "2002:a00:5::"],
)
async def test_one_inner_address_among_public_ones_is_enough_to_refuse(
    private: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    leads(monkeypatch, HOST, (*PUBLIC, private))
    with pytest.raises(NotPublic) as refused:
        await public_address(HOST)
    assert private not in str(refused.value)


async def test_a_name_without_an_address_is_not_called(monkeypatch: pytest.MonkeyPatch) -> None:
    leads(monkeypatch, HOST, ())
    with pytest.raises(NotPublic):
        await public_address(HOST, inside=True)
