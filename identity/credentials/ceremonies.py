"""WebAuthn's two ceremonies: what the browser is asked, and whether its answer holds.

Rules
- The relying party is the host of the city's public address, and its origin is that address, exactly: an answer that
  was made on any other page is refused. A city on this machine's own address is `localhost`, since a browser knows no
  passkeys for a number.
- A passkey is discoverable and its authenticator makes sure of its user, when it is made and each time it is used.
- No attestation is asked for: which maker's authenticator it is does not matter here.
- A challenge is 32 random bytes, good for five minutes and once.
- A counter that does not go forward is a copy (WebAuthn §6.1.1): refused.
Source: Web Authentication Level 3 §7.1, §7.2.
"""

from __future__ import annotations

import ipaddress
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

import orjson
from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.authentication.verify_authentication_response import VerifiedAuthentication
from webauthn.helpers import options_to_json, parse_authentication_credential_json, parse_registration_credential_json
from webauthn.helpers.cose import COSEAlgorithmIdentifier
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AttestationConveyancePreference,
    AuthenticationCredential,
    AuthenticatorSelectionCriteria,
    AuthenticatorTransport,
    CredentialDeviceType,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from identity.credentials.errors import PasskeyRefused
from identity.credentials.model import Passkey

CREDENTIAL_BYTES_MAX: Final = 16_384
TRANSPORTS: Final = frozenset(one.value for one in AuthenticatorTransport)
_TIMEOUT_MS: Final = 300_000
_ALGORITHMS: Final = [
    COSEAlgorithmIdentifier.ECDSA_SHA_256,
    COSEAlgorithmIdentifier.EDDSA,
    COSEAlgorithmIdentifier.RSASSA_PKCS1_v1_5_SHA_256,
]
# What py_webauthn lets out for an answer that is not even well formed, or nests absurdly deep.
_FAULTS: Final = (WebAuthnException, ValueError, TypeError, KeyError, AttributeError, IndexError, RecursionError)


@dataclass(frozen=True, slots=True)
class Made:
    """A passkey that an authenticator has just made."""

    credential_id: bytes
    public_key: bytes
    sign_count: int
    transports: tuple[str, ...]
    backup_eligible: bool
    synced: bool


@dataclass(frozen=True, slots=True)
class Used:
    """A passkey that an authenticator has just signed with."""

    sign_count: int
    synced: bool


@dataclass(frozen=True, slots=True)
class Assertion:
    """An answer to a challenge, read and not believed yet. user_handle: of whom it says that it is; None if nobody."""

    credential: AuthenticationCredential
    credential_id: bytes
    user_handle: bytes | None


@dataclass(frozen=True, slots=True)
class RelyingParty:
    """The city as browsers know it. id: a host; origin: scheme, host and port."""

    id: str
    origin: str
    name: str = "城市通 CityTong"

    @classmethod
    def at(cls, public_url: str) -> RelyingParty:
        """By the city's public address."""
        parts = urlsplit(public_url)
        host = parts.hostname or ""
        name = "localhost" if _loopback(host) else host
        default = {"http": 80, "https": 443}.get(parts.scheme)
        port = "" if parts.port in (None, default) else f":{parts.port}"
        return cls(name, f"{parts.scheme}://{name}{port}")

    def creation(
        self, challenge: bytes, *, user_handle: bytes, user_name: str, display_name: str, own: Sequence[Passkey]
    ) -> dict[str, Any]:
        """For `navigator.credentials.create`, as PublicKeyCredentialCreationOptionsJSON. own: not to be made again."""
        options = generate_registration_options(
            rp_id=self.id,
            rp_name=self.name,
            user_id=user_handle,
            user_name=user_name,
            user_display_name=display_name,
            challenge=challenge,
            timeout=_TIMEOUT_MS,
            attestation=AttestationConveyancePreference.NONE,
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.REQUIRED,
                require_resident_key=True,
                user_verification=UserVerificationRequirement.REQUIRED,
            ),
            exclude_credentials=[
                PublicKeyCredentialDescriptor(
                    id=one.credential_id, transports=[AuthenticatorTransport(name) for name in one.transports]
                )
                for one in own
            ],
            supported_pub_key_algs=_ALGORITHMS,
        )
        return dict(orjson.loads(options_to_json(options)))

    def request(self, challenge: bytes) -> dict[str, Any]:
        """For `navigator.credentials.get`, as PublicKeyCredentialRequestOptionsJSON: any passkey of the city."""
        options = generate_authentication_options(
            rp_id=self.id,
            challenge=challenge,
            timeout=_TIMEOUT_MS,
            user_verification=UserVerificationRequirement.REQUIRED,
        )
        return dict(orjson.loads(options_to_json(options)))

    def made(self, credential: str, challenge: bytes) -> Made:
        """credential: RegistrationResponseJSON. Raises: PasskeyRefused."""
        _bounded(credential)
        try:
            answer = parse_registration_credential_json(credential)
            verified = verify_registration_response(
                credential=answer,
                expected_challenge=challenge,
                expected_rp_id=self.id,
                expected_origin=self.origin,
                require_user_verification=True,
                supported_pub_key_algs=_ALGORITHMS,
            )
            _on_our_page(answer.response.client_data_json)
            told = orjson.loads(credential)["response"].get("transports") or []
        except _FAULTS as fault:
            raise PasskeyRefused() from fault
        return Made(
            credential_id=verified.credential_id,
            public_key=verified.credential_public_key,
            sign_count=verified.sign_count,
            transports=tuple(sorted(TRANSPORTS & {one for one in told if isinstance(one, str)})),
            backup_eligible=verified.credential_device_type is CredentialDeviceType.MULTI_DEVICE,
            synced=verified.credential_backed_up,
        )

    def used(self, assertion: Assertion, challenge: bytes, passkey: Passkey) -> Used:
        """Whether `passkey` signed this challenge, here, for its user. Raises: PasskeyRefused."""
        try:
            verified = verify_authentication_response(
                credential=assertion.credential,
                expected_challenge=challenge,
                expected_rp_id=self.id,
                expected_origin=self.origin,
                credential_public_key=passkey.public_key,
                credential_current_sign_count=passkey.sign_count,
                require_user_verification=True,
            )
        except _FAULTS as fault:
            raise PasskeyRefused() from fault
        if _multi_device(verified) is not passkey.backup_eligible:
            raise PasskeyRefused()  # whether a key may be copied never changes (§6.1.3)
        return Used(verified.new_sign_count, verified.credential_backed_up)


def read_assertion(credential: str) -> Assertion:
    """credential: AuthenticationResponseJSON. Raises: PasskeyRefused."""
    _bounded(credential)
    try:
        answer = parse_authentication_credential_json(credential)
        _on_our_page(answer.response.client_data_json)
    except _FAULTS as fault:
        raise PasskeyRefused() from fault
    return Assertion(answer, answer.raw_id, answer.response.user_handle)


def new_challenge() -> bytes:
    return secrets.token_bytes(32)


def _multi_device(verified: VerifiedAuthentication) -> bool:
    return verified.credential_device_type is CredentialDeviceType.MULTI_DEVICE


def _bounded(credential: str) -> None:
    if len(credential) > CREDENTIAL_BYTES_MAX:
        raise PasskeyRefused()


def _on_our_page(client_data: bytes) -> None:
    """An answer that was made in somebody's frame is refused (§13.4.9): py_webauthn does not look."""
    if orjson.loads(client_data).get("crossOrigin"):
        raise ValueError("made in a frame of another site")


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
