"""Keys as a developer's tool holds them, and what it signs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jwt
import orjson
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from jwt.algorithms import ECAlgorithm, OKPAlgorithm

from core.jose import thumbprint
from miniapps.developers.keys import PROOF_TYPE


@dataclass(frozen=True, slots=True)
class Holder:
    private: Ed25519PrivateKey | EllipticCurvePrivateKey
    algorithm: str

    @classmethod
    def ed25519(cls) -> Holder:
        return cls(Ed25519PrivateKey.generate(), "EdDSA")

    @classmethod
    def p256(cls) -> Holder:
        return cls(generate_private_key(SECP256R1()), "ES256")

    @property
    def members(self) -> dict[str, Any]:
        algorithm = OKPAlgorithm if self.algorithm == "EdDSA" else ECAlgorithm
        public: Any = self.private.public_key()
        found: dict[str, Any] = orjson.loads(algorithm.to_jwk(public))
        return {name: found[name] for name in ("kty", "crv", "x", "y") if name in found}

    @property
    def kid(self) -> str:
        return thumbprint(self.members)

    @property
    def jwk(self) -> dict[str, Any]:
        return {**self.members, "kid": self.kid}

    @property
    def sealing_jwk(self) -> dict[str, Any]:
        return {**self.jwk, "use": "enc", "alg": "ECDH-ES+A256KW"}

    def signed(self, claims: Mapping[str, Any], *, typ: str) -> str:
        headers = {"typ": typ, "kid": self.kid}
        return jwt.encode(dict(claims), self.private, algorithm=self.algorithm, headers=headers)

    def proof(self, claims: Mapping[str, Any]) -> str:
        return self.signed(claims, typ=PROOF_TYPE)
