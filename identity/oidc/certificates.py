"""Clients that are known by the certificate of their TLS connection (RFC 8705).

Rules
- The city's proxy ends TLS, sees that its caller holds the certificate's key, and hands the certificate on in a header
  that it takes from nobody else. Without that header's name in the settings there are no such clients.
- `self_signed_tls_client_auth`: the very certificate that the client registered (`x5c` of a key of its).
  `tls_client_auth`: one of an authority that the city names, for the subject that the client registered.
- A certificate counts only in its time.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import unquote

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from core.jose import Jwk
from identity.oidc.model import TLS_METHODS, AuthMethod, CertificateName, Client


class CertificateFault(Exception):
    """What the header holds is no certificate."""


@dataclass(frozen=True, slots=True)
class Certificates:
    """header: in which the proxy hands them on, empty for none. authorities: that issue clients' certificates."""

    header: str = ""
    authorities: tuple[x509.Certificate, ...] = ()

    @property
    def methods(self) -> frozenset[AuthMethod]:
        """The ways of proving oneself that are served here."""
        if not self.header:
            return frozenset()
        return TLS_METHODS if self.authorities else frozenset({AuthMethod.SELF_SIGNED_TLS})

    def prove(self, der: bytes, client: Client, keys: Sequence[Jwk], *, now: datetime) -> bool:
        """Whether this certificate is the client's. keys: the client's."""
        if not der or client.auth_method not in self.methods:
            return False
        try:
            certificate = x509.load_der_x509_certificate(der)
        except (ValueError, UnsupportedAlgorithm):
            return False
        if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
            return False
        if client.auth_method is AuthMethod.SELF_SIGNED_TLS:
            return any(registered(key) == der for key in keys)
        return self._issued(certificate, now) and _names(certificate, client.certificate)

    def _issued(self, certificate: x509.Certificate, now: datetime) -> bool:
        policy = PolicyBuilder().store(Store(list(self.authorities))).time(now.astimezone(UTC).replace(tzinfo=None))
        try:
            policy.build_client_verifier().verify(certificate, [])
        except (VerificationError, ValueError):
            return False
        return True


def handed_on(values: Sequence[str]) -> bytes:
    """The certificate (DER) in what the proxy wrote; empty for none: `:base64:` (RFC 9440), or PEM, percent-encoded.

    Raises: CertificateFault: also for more than one, which no proxy writes.
    """
    if not values or values == [""]:
        return b""
    if len(values) > 1:
        raise CertificateFault
    text = values[0].strip()
    try:
        if text.startswith(":") and text.endswith(":"):
            return base64.b64decode(text[1:-1], validate=True)
        return x509.load_pem_x509_certificate(unquote(text).encode()).public_bytes(Encoding.DER)
    except (ValueError, binascii.Error) as fault:
        raise CertificateFault from fault


def registered(key: Jwk) -> bytes:
    """The certificate of a key (RFC 7517 §4.7); empty where it has none."""
    chain = key.get("x5c")
    first = chain[0] if isinstance(chain, list) and chain else ""
    try:
        return base64.b64decode(first, validate=True) if isinstance(first, str) else b""
    except (binascii.Error, ValueError):
        return b""


def authorities(pem: bytes) -> tuple[x509.Certificate, ...]:
    """Of a file. Raises: ValueError."""
    return tuple(x509.load_pem_x509_certificates(pem))


def name_fault(name: CertificateName) -> str | None:
    """What is wrong with whose certificate a client wants taken, or None."""
    if bool(name.subject) is bool(name.dns):
        return "tls_client_auth needs either tls_client_auth_subject_dn or tls_client_auth_san_dns"
    if name.subject:
        try:
            x509.Name.from_rfc4514_string(name.subject)
        except ValueError:
            return "tls_client_auth_subject_dn is no distinguished name (RFC 4514)"
    return None


def _names(certificate: x509.Certificate, wanted: CertificateName) -> bool:
    if name_fault(wanted) is not None:
        return False
    if wanted.subject:
        return certificate.subject == x509.Name.from_rfc4514_string(wanted.subject)
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, ValueError):
        return False
    return wanted.dns.lower() in [name.lower() for name in names.get_values_for_type(x509.DNSName)]
