"""Clients that their TLS certificate proves, and tokens that are good only with it (RFC 8705)."""

from __future__ import annotations

import base64
import datetime
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from core import jose
from core.oauth import OAuthError
from identity.oidc.binding import of_certificate
from identity.oidc.certificates import Certificates
from identity.oidc.client_metadata import as_metadata, read_metadata
from identity.oidc.demo import DEMO_REDIRECT
from identity.oidc.http import routes
from identity.oidc.model import AuthMethod, CertificateName, Client, Profile
from identity.oidc.service import OpenIdProvider
from tests.support.attacks import against
from tests.support.conformance import fapi2
from tests.unit.identity.oidc.partners import (
    BASIC_REQUEST,
    JSON,
    PARTNER,
    VERIFIER,
    Answer,
    Partners,
    answer_of,
    private_key,
    public_jwk,
)
from tests.unit.identity.room import ISSUER, Room

_HEADER = "Client-Cert"
_AUTHORITY, _OWN, _OTHER = private_key(), private_key(), private_key()
_DAY = datetime.timedelta(days=1)
_SUBJECT = "CN=bank,O=Bank,C=CN"


def _name(text: str) -> x509.Name:
    return x509.Name.from_rfc4514_string(text)


def _certificate(
    key: EllipticCurvePrivateKey,
    at: datetime.datetime,
    *,
    subject: str = _SUBJECT,
    dns: str = "bank.example",
    by: EllipticCurvePrivateKey | None = None,
) -> x509.Certificate:
    """Good from yesterday until tomorrow. by: the authority; None for a self-signed one."""
    builder = (
        x509.CertificateBuilder()
        .subject_name(_name(subject))
        .issuer_name(_name("CN=City authority") if by else _name(subject))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(at - _DAY)
        .not_valid_after(at + _DAY)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(dns)]), critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    )
    if by is not None:
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(by.public_key())
        builder = builder.add_extension(issuer, critical=False)
    return builder.sign(by or key, SHA256())


def _authority(at: datetime.datetime, key: EllipticCurvePrivateKey = _AUTHORITY) -> x509.Certificate:
    usage = x509.KeyUsage(
        digital_signature=False, content_commitment=False, key_encipherment=False, data_encipherment=False,
        key_agreement=False, key_cert_sign=True, crl_sign=True, encipher_only=False, decipher_only=False,
    )  # fmt: skip
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "City authority")])
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(at - _DAY)
        .not_valid_after(at + 10 * _DAY)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, SHA256())
    )


def _der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.DER)


def _handed_on(certificate: x509.Certificate) -> dict[str, str]:
    return {_HEADER: f":{base64.b64encode(_der(certificate)).decode()}:"}


def _registered(certificate: x509.Certificate, key: EllipticCurvePrivateKey) -> JSON:
    return public_jwk(key, kid="tls-1", use="sig", x5c=[base64.b64encode(_der(certificate)).decode()])


_BANK = replace(
    PARTNER,
    id="demo-tls-bank",
    profile=Profile.FAPI2,
    auth_method=AuthMethod.SELF_SIGNED_TLS,
    sector="tls.example",
    secret_digest=b"",
    certificate_bound=True,
)


class Proxied:
    """The provider behind a proxy that hands certificates on."""

    def __init__(self, partners: Partners, http: TestClient[Any, Any], client: Client) -> None:
        self.partners, self.http, self.client = partners, http, client

    async def post(self, path: str, form: Mapping[str, str], headers: Mapping[str, str]) -> Answer:
        async with self.http.post(path, data={"client_id": self.client.id, **form}, headers=headers) as response:
            return await answer_of(response)

    async def push(self, headers: Mapping[str, str]) -> Answer:
        return await self.post("/oidc/par", {**BASIC_REQUEST, "client_id": self.client.id}, headers)

    async def code(self, headers: Mapping[str, str]) -> str:
        uri = (await self.push(headers)).body["request_uri"]
        partners = self.partners
        return await partners.code(
            partners.browser, await partners.zhang(), client_id=self.client.id, request_uri=uri, prompt="consent"
        )

    async def redeem(self, code: str, headers: Mapping[str, str], **changed: str) -> Answer:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": DEMO_REDIRECT,
            "code_verifier": VERIFIER,
            **changed,
        }
        return await self.post("/oidc/token", form, headers)

    async def userinfo(self, token: str, headers: Mapping[str, str]) -> Answer:
        own = {"Authorization": f"Bearer {token}", **headers}
        async with self.http.get("/oidc/userinfo", headers=own) as response:
            return await answer_of(response)


async def _behind(partners: Partners, certificates: Certificates) -> TestClient[Any, Any]:
    """Closed by its caller."""
    provider = OpenIdProvider(replace(partners.provider.parts, certificates=certificates))
    application = web.Application()
    application.add_routes(routes(provider, address=lambda request: request.remote or ""))
    http = TestClient[Any, Any](TestServer(application))
    await http.start_server()
    return http


@fapi2("ensure-holder-of-key-required", "ensure-client-id-in-token-endpoint")
async def test_a_clients_own_certificate_proves_it_and_binds_its_tokens(partners: Partners, room: Room) -> None:
    own, other = (_certificate(key, room.clock.now()) for key in (_OWN, _OTHER))
    bank = replace(_BANK, jwks=(_registered(own, _OWN),))
    await partners.provider.parts.store.put_client(bank)
    async with await _behind(partners, Certificates(_HEADER)) as http:
        proxied, mine = Proxied(partners, http, bank), _handed_on(own)
        # Whoever has no certificate, another one, one of the same names, or none that can be read, is not the client.
        twin = _handed_on(_certificate(_OWN, room.clock.now()))
        for headers in ({}, _handed_on(other), twin, {_HEADER: ":AAAA:"}, {_HEADER: "::"}):
            assert (await proxied.push(headers)).error == "invalid_client", headers
        for unread in ("nothing", ":%%%:", "-----BEGIN CERTIFICATE-----"):
            assert (await proxied.push({_HEADER: unread})).error == "invalid_request"
        pem = {_HEADER: quote(own.public_bytes(Encoding.PEM).decode())}
        assert (await proxied.push(pem)).status == 201
        code = await proxied.code(mine)
        tokens = await proxied.redeem(code, mine)
        assert tokens.body["token_type"] == "Bearer"
        read = await partners.provider.parts.tokens.read_access(tokens.body["access_token"])
        assert read is not None and read.bound == of_certificate(_der(own))
        assert read.claims["cnf"] == {"x5t#S256": read.bound.partition(":")[2]}
        assert jose.unb64(read.claims["cnf"]["x5t#S256"]) == own.fingerprint(SHA256())
        token = tokens.body["access_token"]
        assert (await proxied.userinfo(token, mine)).status == 200
        for headers in ({}, _handed_on(other), twin):
            refused = await proxied.userinfo(token, headers)
            assert (refused.status, refused.error) == (401, "invalid_token")
        told = await proxied.post("/oidc/introspect", {"token": token}, mine)
        assert told.body["cnf"] == read.claims["cnf"] and told.body["token_type"] == "Bearer"
        # Neither its id alone nor a secret beside it will do, and without an id nobody is looked for.
        assert (await proxied.redeem("x", mine, client_id="")).error == "invalid_client"
        assert (await proxied.redeem("x", mine, client_secret="x")).error == "invalid_client"
        room.clock.advance(seconds=2 * 86_400)
        assert (await proxied.push(mine)).error == "invalid_client"  # it has run out


async def test_an_authoritys_certificate_proves_whom_it_names(partners: Partners, room: Room) -> None:
    at = room.clock.now()
    issued = _certificate(_OWN, at, by=_AUTHORITY)
    certificates = Certificates(_HEADER, (_authority(at),))
    bank = replace(_BANK, auth_method=AuthMethod.TLS, certificate=CertificateName(dns="bank.example"))
    put = partners.provider.parts.store.put_client
    async with await _behind(partners, certificates) as http:
        for name in (CertificateName(dns="BANK.example"), CertificateName(subject=_SUBJECT)):
            await put(replace(bank, certificate=name))
            assert (await Proxied(partners, http, bank).push(_handed_on(issued))).status == 201
        strangers = [
            _certificate(_OWN, at),  # it says the same, and nobody vouches for it
            _certificate(_OWN, at, by=_OTHER),  # of an authority that calls itself as ours
            _certificate(_OWN, at, by=_AUTHORITY, subject="CN=bank,O=Bank,C=US", dns="evil.example"),
            _certificate(_OWN, at + 3 * _DAY, by=_AUTHORITY),
            _authority(at),
        ]
        for stranger in strangers:
            assert (await Proxied(partners, http, bank).push(_handed_on(stranger))).error == "invalid_client"
        await put(replace(bank, certificate=CertificateName()))
        assert (await Proxied(partners, http, bank).push(_handed_on(issued))).error == "invalid_client"
        told = await (await http.get("/.well-known/openid-configuration")).json()
        assert {"tls_client_auth", "self_signed_tls_client_auth"} <= set(told["token_endpoint_auth_methods_supported"])
        assert told["tls_client_certificate_bound_access_tokens"] is True
    # Without an authority there are none that it could vouch for.
    await put(bank)
    async with await _behind(partners, Certificates(_HEADER)) as http:
        assert (await Proxied(partners, http, bank).push(_handed_on(issued))).error == "invalid_client"


@against("key injection", "certificate header")
async def test_where_no_proxy_hands_certificates_on_a_header_proves_nothing(partners: Partners, room: Room) -> None:
    own = _certificate(_OWN, room.clock.now())
    bank = replace(_BANK, jwks=(_registered(own, _OWN),))
    await partners.provider.parts.store.put_client(bank)
    assert (await Proxied(partners, partners.http, bank).push(_handed_on(own))).error == "invalid_client"
    async with partners.http.get("/.well-known/openid-configuration") as response:
        told = await response.json()
    assert not {"tls_client_auth", "self_signed_tls_client_auth"} & set(told["token_endpoint_auth_methods_supported"])
    assert told["tls_client_certificate_bound_access_tokens"] is False
    # A client of another kind is not proven by a certificate either, nor does a second one in the header count.
    two = [(_HEADER, _handed_on(own)[_HEADER])] * 2
    async with await _behind(partners, Certificates(_HEADER)) as http:
        async with http.post("/oidc/par", data={"client_id": PARTNER.id}, headers=_handed_on(own)) as response:
            assert (await response.json())["error"] == "invalid_client"
        async with http.post("/oidc/par", data={"client_id": bank.id}, headers=two) as response:
            assert (await response.json())["error"] == "invalid_request"


def test_how_a_client_registers_its_certificate(room: Room) -> None:
    own = _certificate(_OWN, room.clock.now())
    asked: JSON = {
        "client_name": "银行",
        "redirect_uris": ["https://bank.example/back"],
        "token_endpoint_auth_method": "self_signed_tls_client_auth",
        "jwks": {"keys": [_registered(own, _OWN)]},
        "tls_client_certificate_bound_access_tokens": True,
        "require_pushed_authorization_requests": True,
    }
    client = read_metadata(asked, client_id="cli_1")
    assert client.must_bind and client.profile is Profile.FAPI2
    assert as_metadata(client, issuer=ISSUER)["dpop_bound_access_tokens"] is False
    named = {**asked, "token_endpoint_auth_method": "tls_client_auth", "tls_client_auth_subject_dn": _SUBJECT}
    assert read_metadata(named, client_id="cli_1").certificate.subject == _SUBJECT
    refused: list[JSON] = [
        {**asked, "jwks": {"keys": [public_jwk(_OWN)]}},
        {**named, "tls_client_auth_san_dns": "bank.example"},
        {**named, "tls_client_auth_subject_dn": ""},
        {**named, "tls_client_auth_subject_dn": "no name"},
        {**named, "tls_client_auth_subject_dn": ["CN=bank"]},
        {**asked, "token_endpoint_auth_method": "none", "require_pushed_authorization_requests": False},
    ]
    for body in refused:
        try:
            read_metadata(body, client_id="cli_1")
        except OAuthError as fault:
            assert fault.code == "invalid_client_metadata", body
        else:
            raise AssertionError(body)
