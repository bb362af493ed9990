"""The service account that the stand-in makes for the city, and the OAuth tokens that it gives for it (RFC 7523)."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

TOKEN_LIFETIME_S: Final = 3600
# Either lets a service account send; firebase-admin asks for the second.
SCOPES: Final = frozenset(
    {"https://www.googleapis.com/auth/firebase.messaging", "https://www.googleapis.com/auth/cloud-platform"}
)
GRANT: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"
# What google-auth names as the assertion's audience, whatever the account's `token_uri` says.
AUDIENCE: Final = "https://oauth2.googleapis.com/token"
_TOKENS_MAX: Final = 1000
_ASSERTION_LENGTH_MAX: Final = 8192


class GrantRefused(Exception):
    """Not our account's assertion. The message is for the caller."""


@dataclass(slots=True)
class Account:
    """project: the Firebase project's id. now_s: seconds since 1970."""

    project: str
    now_s: Callable[[], float]
    key: RSAPrivateKey = field(default_factory=lambda: generate_private_key(65537, 2048), repr=False)
    _tokens: dict[str, float] = field(default_factory=dict, repr=False)

    @property
    def email(self) -> str:
        return f"stand-in@{self.project}.iam.gserviceaccount.com"

    def write(self, file: Path, *, token_uri: str) -> None:
        """As Google gives it: a JSON file that only its owner may read. A key that stands there already is kept, so
        that a city which has read it goes on when this process comes back.
        """
        self.key = _kept(file) or self.key
        private = self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
        facts = {
            "type": "service_account",
            "project_id": self.project,
            "private_key_id": "stand-in",
            "private_key": private,
            "client_email": self.email,
            "token_uri": token_uri,
        }
        file.unlink(missing_ok=True)
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
            json.dump(facts, out)

    def grant(self, *, grant_type: str, assertion: str, audience: str) -> dict[str, Any]:
        """A token for whoever signed with the account's key. Raises: GrantRefused."""
        if grant_type != GRANT or len(assertion) > _ASSERTION_LENGTH_MAX:
            raise GrantRefused("unsupported_grant_type")
        try:
            claims = jwt.decode(
                assertion, self.key.public_key(), algorithms=["RS256"], audience=audience, issuer=self.email
            )
        except jwt.InvalidTokenError as fault:
            raise GrantRefused("invalid_grant") from fault
        if SCOPES.isdisjoint(str(claims.get("scope", "")).split()):
            raise GrantRefused("invalid_scope")
        token = secrets.token_urlsafe(32)
        self._tokens[token] = self.now_s() + TOKEN_LIFETIME_S
        if len(self._tokens) > _TOKENS_MAX:
            del self._tokens[next(iter(self._tokens))]
        return {"access_token": token, "expires_in": TOKEN_LIFETIME_S, "token_type": "Bearer"}

    def knows(self, authorization: str) -> bool:
        """Whether this header carries a token that was given and still lives."""
        scheme, _, token = authorization.partition(" ")
        return scheme.lower() == "bearer" and self._tokens.get(token, 0.0) > self.now_s()


def _kept(file: Path) -> RSAPrivateKey | None:
    try:
        key = load_pem_private_key(json.loads(file.read_text())["private_key"].encode(), password=None)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return key if isinstance(key, RSAPrivateKey) else None
