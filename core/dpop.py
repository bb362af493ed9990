"""Proof that whoever shows a token holds its key (RFC 9449).

Rules
- A proof is for one method and one URL, is at most a minute old and is good once: whoever asks for proofs remembers
  those that were shown (`Proof.name`). Where nonces are given, it holds one of ours.
- Nonces are ours to know again without keeping them: a keyed digest of the five minutes they were made in. The one
  before is good too, so that nobody's nonce runs out while their request is on its way.
- With an access token the proof names that token (`ath`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit

from core import jose
from core.clock import epoch_s
from core.crypto import FieldCipher, same

PROOF_AGE_MAX_S: Final = 60
PROOF_LENGTH_MAX: Final = 4096
NONCE_WINDOW_S: Final = 300
_JTI_LENGTH_MAX: Final = 128
# Clocks differ: FAPI 2.0 §5.3.2.1 has up to ten seconds accepted.
_EARLY_S: Final = 10
# Names of the machine itself, by each of which people open a city that runs on it.
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})


class ProofFault(Exception):
    """A proof that is not good. The message is for a developer and holds nothing of the proof."""


class NonceWanted(ProofFault):
    """A proof without a nonce of ours."""


@dataclass(frozen=True, slots=True)
class Proof:
    """A proof that holds, but for whether it was shown before. jkt: its key's thumbprint."""

    jkt: str
    jti: str

    @property
    def name(self) -> str:
        """Under which it is remembered that it was shown."""
        return f"{self.jkt} {self.jti}"


def check_proof(
    text: str,
    *,
    method: str,
    url: str,
    access_token: str | None,
    nonces: Sequence[str] | None,
    now: datetime,
    allowed: Sequence[str] = jose.STRONG_ALGORITHMS,
) -> Proof:
    """Raises: ProofFault, NonceWanted.

    url: of this endpoint as clients know it. access_token: the one that the proof comes with. nonces: those that are
    good; None where none is asked for.
    Source: RFC 9449 §4.3.
    """
    if len(text) > PROOF_LENGTH_MAX:
        raise ProofFault("it is too long")
    try:
        token = jose.take_apart(text, proof=True)
        key = token.header["jwk"]
        if token.header.get("typ") != "dpop+jwt" or not isinstance(key, dict):
            raise ProofFault("its header is not that of a proof")
        jose.check(token, key, allowed=allowed)
        jkt = jose.thumbprint(key)
    except jose.TokenFault as fault:
        raise ProofFault(str(fault)) from fault
    claims = token.claims
    if claims.get("htm") != method or _without_query(claims.get("htu")) != _without_query(url):
        raise ProofFault("it is for another method or URL")
    issued, jti, nonce = claims.get("iat"), claims.get("jti"), claims.get("nonce")
    if not isinstance(issued, int | float) or isinstance(issued, bool):
        raise ProofFault("iat is missing")
    if not -_EARLY_S <= epoch_s(now) - issued <= PROOF_AGE_MAX_S:
        raise ProofFault("it is too old, or from the future")
    if not isinstance(jti, str) or not 0 < len(jti) <= _JTI_LENGTH_MAX:
        raise ProofFault("jti is missing")
    if access_token is not None and claims.get("ath") != _hash(access_token):
        raise ProofFault("ath does not name the access token")
    if nonces is not None:
        shown = nonce.encode() if isinstance(nonce, str) else b""
        if not any(same(shown, good.encode()) for good in nonces):
            raise NonceWanted("it must hold the nonce of the DPoP-Nonce header")
    return Proof(jkt, jti)


@dataclass(frozen=True, slots=True)
class Nonces:
    cipher: FieldCipher

    def good(self, now: datetime) -> tuple[str, str]:
        """The one to hand out now, and the one before it."""
        window = epoch_s(now) // NONCE_WINDOW_S
        return self._of(window), self._of(window - 1)

    def _of(self, window: int) -> str:
        return jose.b64(self.cipher.blind_index(str(window), purpose="dpop.nonce")[:18])


def _hash(text: str) -> str:
    return jose.b64(hashlib.sha256(text.encode()).digest())


def _without_query(url: object) -> tuple[str, str, str] | None:
    """Scheme, host and path (RFC 3986 §6.2.2, .3), whose machine's own names are one; None for what is no URL."""
    try:
        parts = urlsplit(url if isinstance(url, str) else "")
        port = parts.port
    except ValueError:
        return None
    default = {"https": 443, "http": 80}.get(parts.scheme)
    name = parts.hostname or ""
    host = ("localhost" if name in _LOOPBACK else name) + (f":{port}" if port not in (None, default) else "")
    return (parts.scheme, host, parts.path or "/")
