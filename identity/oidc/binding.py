"""What a token is bound to: a key that its holder proves (RFC 9449), or the certificate of its connection (RFC 8705).

A binding is one text: a key's thumbprint (RFC 7638) as it is, a certificate's after `x5t#S256:`; empty for a token that
whoever holds it may use.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, Final

from core import jose

_CERTIFICATE: Final = "x5t#S256"


def of_certificate(der: bytes) -> str:
    return f"{_CERTIFICATE}:{jose.b64(hashlib.sha256(der).digest())}"


def is_certificate(bound: str) -> bool:
    return bound.startswith(f"{_CERTIFICATE}:")


def token_type(bound: str) -> str:
    """As the token response and introspection name it."""
    return "DPoP" if bound and not is_certificate(bound) else "Bearer"


def confirmation(bound: str) -> dict[str, str] | None:
    """The claim `cnf`."""
    if not bound:
        return None
    return {_CERTIFICATE: bound.partition(":")[2]} if is_certificate(bound) else {"jkt": bound}


def bound_by(claims: Mapping[str, Any]) -> str:
    """What the token of these claims, which is ours, is bound to."""
    told = claims.get("cnf", {})
    return f"{_CERTIFICATE}:{told[_CERTIFICATE]}" if _CERTIFICATE in told else str(told.get("jkt", ""))
