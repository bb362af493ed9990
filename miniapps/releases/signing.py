"""What the city signs of programs: its word on a package, and what was revoked. (Checkpoints: `log.py`.)

Three rings of Ed25519, one for each, so that none of these can be taken for another. Keys are published in one set,
with what each is for.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from jwt.algorithms import ECAlgorithm, OKPAlgorithm

from core.clock import epoch_s
from core.errors import BadInput
from core.jose import fits, public_key_fault, thumbprint
from core.keys import KeyRing, RingKey
from miniapps.bundles import jws, revocations
from miniapps.bundles.encoding import from_b64url, json_object
from miniapps.bundles.hashing import sha256_hex
from miniapps.bundles.statement import Profile, Submission, sign_platform
from miniapps.releases.model import Approval, Jwk, Revocation

PLATFORM_KEYS: Final = "mini-platform"
LOG_KEYS: Final = "mini-log"
REVOCATION_KEYS: Final = "mini-revocations"
DEVELOPER_KEYS: Final = "mini-developer"
# A package must verify as long as it may be run, and a checkpoint as long as anybody may look back.
KEY_OVERLAP: Final = timedelta(days=365 * 10)
REVOCATIONS_MAX_AGE_S: Final = 3600


def public_keys(jwks: Sequence[Jwk]) -> jws.Keys:
    """By name."""
    return {jwk["kid"]: _public_key(jwk) for jwk in jwks}


def check_developer_key(jwk: Jwk) -> None:
    """Raises: BadInput unless packages can be signed with it: Ed25519 or P-256, public, and named by its thumbprint.

    So no two organisations' keys have one name (RFC 7638).
    """
    fault = public_key_fault(jwk)
    if fault is None and not any(fits(jwk, algorithm) for algorithm in ("EdDSA", "ES256")):
        fault = "must be of Ed25519 or P-256"
    if fault is None and jwk.get("kid") != thumbprint(jwk):
        fault = "its kid must be its thumbprint (RFC 7638, SHA-256)"
    if fault:
        raise BadInput(field="key", problem=fault)


def _public_key(jwk: Jwk) -> jws.PublicKey:
    algorithm = OKPAlgorithm if jwk["kty"] == "OKP" else ECAlgorithm
    key = algorithm.from_jwk(dict(jwk))
    assert isinstance(key, jws.PublicKey)
    return key


def signer(submission: Submission) -> str:
    """The name of the key that a developer signed with."""
    header, _, _ = submission.developer.partition(b".")
    return str(json_object(from_b64url(header.decode("ascii")))["kid"])


def private_key(key: RingKey) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(bytes(key.ed25519))


@dataclass(frozen=True, slots=True)
class Rings:
    """developer: of the city's own organisation, which builds the city's programs."""

    platform: KeyRing
    log: KeyRing
    revocations: KeyRing
    developer: KeyRing

    @property
    def all(self) -> tuple[KeyRing, ...]:
        return self.platform, self.log, self.revocations, self.developer

    async def open(self) -> None:
        for ring in self.all:
            await ring.open()


def approved(submission: Submission, *, approval: Approval, issuer: str, at: int, key: RingKey) -> bytes:
    """The city's word on a package: what it may do, from when on. at: Unix time, of now."""
    said, asked, allowed = submission.statement, submission.manifest, approval.domains
    profile = Profile(
        issuer=issuer,
        issued_at=at,
        not_before=max(at, epoch_s(approval.not_before)) if approval.not_before else at,
        app_id=said.app_id,
        version_code=said.version_code,
        pkg_sha256=said.pkg_sha256,
        files_h1=said.files_h1,
        developer_sha256=sha256_hex(submission.developer),
        review=approval.review,
        capabilities=approval.granted & asked.declared,
        connect=tuple(one for one in asked.connect if allowed is None or one in allowed),
        img=tuple(one for one in asked.img if allowed is None or one in allowed),
        trusted_types=asked.trusted_types,
    )
    return sign_platform(profile, key=private_key(key), kid=key.kid)


def signed_list(listed: Iterable[Revocation], *, sequence: int, issued_at: int, keys: KeyRing) -> str:
    """The list of revocations as it is published, a compact JWS. issued_at: seconds of Unix time."""
    every = list(listed)
    whole = frozenset(one.app_id for one in every if one.version_code is None)
    versions = {(one.app_id, one.version_code) for one in every if one.version_code is not None}
    return revocations.sign(
        revocations.Revocations(
            sequence=sequence,
            issued_at=issued_at,
            max_age=REVOCATIONS_MAX_AGE_S,
            apps=whole,
            versions=frozenset(versions),
        ),
        key=private_key(keys.active),
        kid=keys.active.kid,
    )
