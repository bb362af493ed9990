"""Keys that a client publishes at an address of its own, and secrets and keys that change over."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import aiohttp
import orjson
import pytest

from core.calling import is_public
from core.oauth import OAuthError
from core.remote_keys import SetUnavailable, fetching, read_set, uri_fault
from identity.oidc.client_keys import ClientKeys, key_fault
from identity.oidc.client_metadata import as_metadata, read_metadata
from identity.oidc.model import ClientState
from identity.oidc.proving import Call
from identity.oidc.service import OpenIdProvider
from tests.support.attacks import against
from tests.unit.identity.oidc.partners import BANK, BANK_KEY, JSON, Partners, private_key, public_jwk
from tests.unit.identity.room import ISSUER, Room

_URI = "https://bank.example/keys"
_FIRST = public_jwk(BANK_KEY, kid="bank-1", use="sig", alg="ES256")
_SECOND_KEY = private_key()
_SECOND = public_jwk(_SECOND_KEY, kid="bank-2", use="sig", alg="ES256")
_AT_URI = replace(BANK, jwks=(), jwks_uri=_URI)


class Site:
    """Where the client publishes its keys. away: nobody answers."""

    def __init__(self, *keys: JSON) -> None:
        self.keys, self.asked, self.away = list(keys), 0, False

    async def __call__(self, uri: str) -> bytes:
        assert uri == _URI
        self.asked += 1
        await asyncio.sleep(0)
        if self.away:
            raise SetUnavailable("away")
        return orjson.dumps({"keys": self.keys})


async def test_a_client_changes_its_keys_at_its_own_address(partners: Partners, room: Room) -> None:
    site = Site(_FIRST)
    parts = replace(partners.provider.parts, keys=ClientKeys(room.clock, site))
    proven = OpenIdProvider(parts).proving
    await parts.store.put_client(_AT_URI)

    async def shown(key: Any = BANK_KEY, kid: str = "bank-1") -> str:
        assertion = partners.assertion(key=key, headers={"kid": kid})
        call = replace(_CALL, form={**_FORM, "client_assertion": assertion})
        try:
            return (await proven.client(call)).id
        except OAuthError as fault:
            return fault.code

    assert set(await asyncio.gather(shown(), shown(), shown())) == {BANK.id} and site.asked == 1
    site.keys.append(_SECOND)
    assert await shown(_SECOND_KEY, "bank-2") == "invalid_client"  # asked for a moment ago
    room.clock.advance(seconds=61)
    assert await shown(_SECOND_KEY, "bank-2") == BANK.id and site.asked == 2
    assert await shown() == BANK.id  # both stand side by side
    for _ in range(5):
        assert await shown(kid="guess") == "invalid_client"
    assert site.asked == 2  # whoever guesses names makes nobody ask
    site.keys.remove(_FIRST)
    room.clock.advance(seconds=601)
    assert await shown() == "invalid_client" and await shown(_SECOND_KEY, "bank-2") == BANK.id
    site.away = True
    room.clock.advance(seconds=1800)
    assert await shown(_SECOND_KEY, "bank-2") == BANK.id  # for an hour
    room.clock.advance(seconds=1801)
    assert await shown(_SECOND_KEY, "bank-2") == "invalid_client"
    asked = site.asked
    await parts.store.put_client(replace(_AT_URI, state=ClientState.PENDING, jwks_uri="https://unseen.example/"))
    assert await shown() == "invalid_client" and site.asked == asked  # nobody has looked through it


_CALL = Call(form={}, authorization="", proofs=(), method="POST", url=f"{ISSUER}/oidc/token", address="203.0.113.9")
_FORM = {"client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}


@against("a key that is not for signatures", "client's key set")
def test_only_keys_that_can_serve_are_taken_from_a_set() -> None:
    enc = public_jwk(private_key(), use="enc", kid="e")
    others = [{"kty": "oct", "k": "AAAA"}, {**_FIRST, "d": "AA"}, {"kty": "new"}, "text", {**enc, "x": "AA"}]
    assert read_set(orjson.dumps({"keys": [_FIRST, *others, enc]}), fault=key_fault) == (_FIRST, enc)
    for raw in (b"", b"{", b"[]", b'{"keys": 7}', b"<html>", orjson.dumps({"keys": [_FIRST] * 21})):
        with pytest.raises(SetUnavailable):
            read_set(raw)


PRIVATE = [
    "127.0.0.1", "10.0.0.1", "172.16.3.4", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
    "255.255.255.255", "192.0.2.1", "::1", "::", "fe80::1%eth0", "fc00::1", "ff02::1", "::ffff:10.0.0.1",
    "::ffff:127.0.0.1", "64:ff9b::a00:1", "2002:0a00:0001::", "2001:0:1::", "2001:db8::1", "nothing", "",
    "fec0::1", "::10.0.0.1", "64:ff9b:1::a00:1",
]  # fmt: skip


@against("key injection", "client's key set")
async def test_no_address_of_our_own_is_called(partners: Partners) -> None:
    assert not any(is_public(address) for address in PRIVATE)
    assert is_public("93.184.216.34") and is_public("2606:4700::1111")
    faulty = [
        "http://bank.example/", "https://bank.example:8443/", "https://me@bank.example/", "https://bank.example/#x",
        "ftp://bank.example/", "file:///etc/passwd", "https:///keys", "https://", "keys", "https://银行.example/",
        "https://bank.example/" + "x" * 600, "https://bank.example:x/",
    ]  # fmt: skip
    assert all(uri_fault(uri) for uri in faulty) and uri_fault(_URI) is None
    # Names that lead here, as the real resolver answers them, and addresses in all their spellings.
    spelled = ["localhost", "127.0.0.1", "2130706433", "0x7f.1", "[::1]", "[::ffff:127.0.0.1]", "no-such-host.invalid"]
    async with aiohttp.ClientSession() as http:
        fetch = fetching(http)
        for host in spelled:
            with pytest.raises(SetUnavailable):
                await fetch(f"https://{host}/keys")
        with pytest.raises(SetUnavailable):
            await fetch("http://bank.example/keys")


def test_how_a_client_registers_where_its_keys_are() -> None:
    asked: JSON = {
        "client_name": "银行",
        "redirect_uris": ["https://bank.example/back"],
        "token_endpoint_auth_method": "private_key_jwt",
        "jwks_uri": _URI,
    }
    client = read_metadata(asked, client_id="cli_1")
    assert (client.jwks, client.jwks_uri) == ((), _URI) and as_metadata(client, issuer=ISSUER)["jwks_uri"] == _URI
