"""An authenticator in software: real keys, real attestation objects and assertions, and every way to be a bad one."""

from __future__ import annotations

import hashlib
import secrets
import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import cbor2
import orjson
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

PRESENT, VERIFIED, ELIGIBLE, BACKED_UP, ATTESTED = 1, 4, 8, 16, 64


@dataclass
class Authenticator:
    """One key. verifies: makes sure of its user. synced: its key may be copied, and is. counts: has a counter."""

    origin: str
    rp_id: str
    verifies: bool = True
    synced: bool = False
    counts: bool = True
    count: int = 0
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()), repr=False)
    credential_id: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    user_handle: bytes = b""

    def create(self, options: Mapping[str, Any], **client: Any) -> str:
        """The answer to PublicKeyCredentialCreationOptionsJSON. client: what the browser says otherwise."""
        self.user_handle = from_b64(options["user"]["id"])
        numbers = self.key.public_key().public_numbers()
        cose = {1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")}
        attested = bytes(16) + struct.pack(">H", len(self.credential_id)) + self.credential_id + cbor2.dumps(cose)
        data = self._data(ATTESTED) + attested
        attestation = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        said = self._said("webauthn.create", options, client)
        return self._credential({"clientDataJSON": b64(said), "attestationObject": b64(attestation)})

    def get(self, options: Mapping[str, Any], **client: Any) -> str:
        """The answer to PublicKeyCredentialRequestOptionsJSON."""
        if self.counts:
            self.count += 1
        data, said = self._data(0), self._said("webauthn.get", options, client)
        signature = self.key.sign(data + hashlib.sha256(said).digest(), ec.ECDSA(SHA256()))
        answer = {
            "clientDataJSON": b64(said),
            "authenticatorData": b64(data),
            "signature": b64(signature),
            "userHandle": b64(self.user_handle),
        }
        return self._credential(answer)

    def _data(self, more: int) -> bytes:
        flags = PRESENT | (VERIFIED if self.verifies else 0) | (ELIGIBLE | BACKED_UP if self.synced else 0) | more
        return hashlib.sha256(self.rp_id.encode()).digest() + struct.pack(">BI", flags, self.count)

    def _said(self, kind: str, options: Mapping[str, Any], client: Mapping[str, Any]) -> bytes:
        said = {"type": kind, "challenge": options["challenge"], "origin": self.origin, "crossOrigin": False}
        return orjson.dumps({**said, **client})

    def _credential(self, response: Mapping[str, Any]) -> str:
        name = b64(self.credential_id)
        told = {"id": name, "rawId": name, "type": "public-key", "response": {**response, "transports": ["internal"]}}
        return orjson.dumps({**told, "clientExtensionResults": {}}).decode()


def b64(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def from_b64(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def from_json(text: str) -> dict[str, Any]:
    return dict(orjson.loads(text))
