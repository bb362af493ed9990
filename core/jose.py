"""Signed tokens: made with our rings, checked against keys that others registered.

Rules
- One algorithm is given to the check, never a list, and never the token's own word for it: it must be among those the
  caller allows and fit the key (RFC 8725 §3.1).
- A key is for signatures: `use`, `key_ops` and `alg`, where it has them, must say so. PyJWT does not look.
- A header that brings keys or asks for extensions (`jwk`, `jku`, `x5u`, `x5c`, `crit`, `b64`) is refused, but for the
  `jwk` of a DPoP proof.
- `Ed25519` and the older name `EdDSA` are one algorithm (RFC 9864).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import jwt
import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from jwt.algorithms import Algorithm as JwtAlgorithm
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm, RSAPSSAlgorithm
from nacl.signing import SigningKey

from core.keys import Algorithm as KeyAlgorithm
from core.keys import KeyState, RingKey

Jwk: TypeAlias = Mapping[str, Any]

TOKEN_LENGTH_MAX: Final = 8192
RSA_BITS_MIN: Final = 2048
_COMPACT: Final = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
_FORBIDDEN_HEADERS: Final = frozenset({"jku", "x5u", "x5c", "crit", "b64", "zip", "enc", "cty"})
PRIVATE_MEMBERS: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})

_ALGORITHMS: Final[Mapping[str, JwtAlgorithm]] = {
    "ES256": ECAlgorithm(ECAlgorithm.SHA256),
    "Ed25519": OKPAlgorithm(),
    "EdDSA": OKPAlgorithm(),
    "PS256": RSAPSSAlgorithm(RSAPSSAlgorithm.SHA256),
    "RS256": RSAAlgorithm(RSAAlgorithm.SHA256),
}
_KEY_TYPE: Final = {
    "ES256": ("EC", "P-256"),
    "Ed25519": ("OKP", "Ed25519"),
    "EdDSA": ("OKP", "Ed25519"),
    "PS256": ("RSA", None),
    "RS256": ("RSA", None),
}
# What a client may sign with; RS256 for the basic profile alone (FAPI 2.0 §5.4.1).
STRONG_ALGORITHMS: Final = ("ES256", "Ed25519", "EdDSA", "PS256")
ANY_ALGORITHM: Final = (*STRONG_ALGORITHMS, "RS256")
# Members of each key's thumbprint (RFC 7638 §3.2, RFC 8037 §2).
_THUMBPRINT: Final = {"EC": ("crv", "kty", "x", "y"), "OKP": ("crv", "kty", "x"), "RSA": ("e", "kty", "n")}


class TokenFault(Exception):
    """A token that is not one, or not from whom it should be. The message is for a developer and holds no token."""


@dataclass(frozen=True, slots=True)
class Unverified:
    """A token taken apart; nothing in it is to be believed yet."""

    text: str
    header: Mapping[str, Any]
    claims: Mapping[str, Any]


def sign(claims: Mapping[str, Any], *, key: RingKey, typ: str, alg: str | None = None) -> str:
    """A compact JWS of our own, with header {alg, kid, typ}. alg: another name of the key's algorithm (`EdDSA`)."""
    algorithm = key.algorithm.value
    private: Any = key.private
    if isinstance(private, SigningKey):
        private = Ed25519PrivateKey.from_private_bytes(bytes(private))
    header = b64(orjson.dumps({"alg": alg or algorithm, "kid": key.kid, "typ": typ}))
    signed = f"{header}.{b64(orjson.dumps(claims))}"
    return f"{signed}.{b64(_ALGORITHMS[algorithm].sign(signed.encode(), private))}"


def key_of_seed(seed: bytes) -> RingKey:
    """The Ed25519 key of 32 bytes that a deployment keeps, named by its thumbprint."""
    private = SigningKey(seed)
    members = {"kty": "OKP", "crv": "Ed25519", "x": b64(bytes(private.verify_key))}
    return RingKey(thumbprint(members), KeyAlgorithm.ED25519, KeyState.ACTIVE, private)


def take_apart(text: str, *, proof: bool = False) -> Unverified:
    """proof: a DPoP proof, which brings its key. Raises: TokenFault."""
    if len(text) > TOKEN_LENGTH_MAX or not _COMPACT.fullmatch(text):
        raise TokenFault("it is not a compact JWS")
    head, body, _ = text.split(".")
    header, claims = _object(head), _object(body)
    if _FORBIDDEN_HEADERS & header.keys() or ("jwk" in header) is not proof:
        raise TokenFault("its header has members that it must not have")
    return Unverified(text, header, claims)


def check(token: Unverified, key: Jwk, *, allowed: Sequence[str]) -> None:
    """Raises: TokenFault when `key` did not sign this, or is not for it."""
    algorithm = token.header.get("alg")
    if not isinstance(algorithm, str) or algorithm not in allowed:
        raise TokenFault("its algorithm is not one of those that are allowed")
    if not fits(key, algorithm):
        raise TokenFault("the key is not for this algorithm")
    implementation = _ALGORITHMS[algorithm]
    signed, _, signature = token.text.rpartition(".")
    try:
        public = implementation.from_jwk(dict(key))
        sound = implementation.verify(signed.encode(), public, unb64(signature))
    except (jwt.PyJWTError, ValueError, TypeError, binascii.Error) as fault:
        raise TokenFault("the key or the signature is malformed") from fault
    if not sound:
        raise TokenFault("its signature is wrong")


def check_with_one_of(token: Unverified, keys: Sequence[Jwk], *, allowed: Sequence[str]) -> None:
    """With the key that its `kid` names; without one, with the only key that fits. Raises: TokenFault."""
    kid, algorithm = token.header.get("kid"), token.header.get("alg")
    named = [key for key in keys if kid is None or key.get("kid") == kid]
    fitting = [key for key in named if isinstance(algorithm, str) and fits(key, algorithm)]
    if len(fitting) != 1:
        raise TokenFault("no key of the client's fits it, or more than one does")
    check(token, fitting[0], allowed=allowed)


def fits(key: Jwk, algorithm: str) -> bool:
    """Whether a public JWK is for checking signatures of this algorithm. Source: RFC 7517 §4.2-4.4."""
    kind = _KEY_TYPE.get(algorithm)
    if kind is None or key.get("kty") != kind[0] or (kind[1] is not None and key.get("crv") != kind[1]):
        return False
    stated = key.get("alg", algorithm)
    same_name = stated == algorithm or {stated, algorithm} == {"Ed25519", "EdDSA"}
    operations = key.get("key_ops", ["verify"])
    return (
        same_name
        and key.get("use", "sig") == "sig"
        and isinstance(operations, list)
        and "verify" in operations
        and not PRIVATE_MEMBERS & key.keys()
        and (kind[0] != "RSA" or _rsa_bits(key) >= RSA_BITS_MIN)
    )


def public_key_fault(key: Jwk) -> str | None:
    """What is wrong with a key that a client registers, or None."""
    if PRIVATE_MEMBERS & key.keys():
        return "a key has private members; register its public half"
    for algorithm in ANY_ALGORITHM:
        if fits(key, algorithm):
            try:
                _ALGORITHMS[algorithm].from_jwk(dict(key))
            except (jwt.PyJWTError, ValueError, TypeError, binascii.Error):
                return "a key is malformed"
            return None
    return "a key is for none of ES256, Ed25519, PS256 and RS256, or not for signatures"


def thumbprint(key: Jwk) -> str:
    """RFC 7638, SHA-256. Raises: TokenFault."""
    members = _THUMBPRINT.get(str(key.get("kty")))
    if members is None or not all(isinstance(key.get(name), str) for name in members):
        raise TokenFault("the key is malformed")
    return b64(hashlib.sha256(orjson.dumps({name: key[name] for name in members})).digest())


def half_hash(text: str, algorithm: str) -> str:
    """`at_hash`: the left half of the hash that goes with the ID token's algorithm (OpenID Connect Core §3.1.3.6)."""
    hashed = hashlib.sha512 if algorithm == "Ed25519" else hashlib.sha256
    digest = hashed(text.encode()).digest()
    return b64(digest[: len(digest) // 2])


def b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def unb64(text: str) -> bytes:
    """Raises: ValueError."""
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)


def _object(segment: str) -> dict[str, Any]:
    try:
        found = orjson.loads(unb64(segment))
    except ValueError as fault:
        raise TokenFault("it is not JSON") from fault
    if not isinstance(found, dict):
        raise TokenFault("it is not a JSON object")
    return found


def _rsa_bits(key: Jwk) -> int:
    try:
        return len(unb64(str(key.get("n", "")))) * 8
    except ValueError:
        return 0
