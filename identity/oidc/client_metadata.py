"""A client's metadata: as its operator writes it (RFC 7591 §2), checked; and as the provider answers it.

Keys are given by value, never fetched: the provider calls no address that a stranger wrote down. `jwks_uri` and
`sector_identifier_uri` are refused for the same reason.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlsplit

from core import jose
from core.clock import epoch_s
from core.keys import Algorithm
from core.locale import Text
from identity.oidc.errors import OAuthError
from identity.oidc.metadata import REGISTER
from identity.oidc.model import (
    CONFIDENTIAL_GRANTS,
    METHODS_OF,
    REDIRECT_URIS_MAX,
    SCOPES,
    AuthMethod,
    Client,
    GrantType,
    Profile,
    claims_of,
    redirect_fault,
)

KEYS_MAX: Final = 5
_TEXT_LENGTH_MAX: Final = 200
_REFUSED: Final = ("jwks_uri", "sector_identifier_uri", "request_uris", "initiate_login_uri", "software_statement")


def read_metadata(body: Mapping[str, Any], *, client_id: str) -> Client:
    """A client that waits for review. Members that are not known are ignored (RFC 7591 §2).

    Besides the registered ones: `operator_name` and `purpose`, which citizens read on the consent page.
    Raises: OAuthError (invalid_client_metadata, invalid_redirect_uri).
    """
    for refused in _REFUSED:
        if body.get(refused):
            raise _bad(f"{refused} is not supported")
    method = _one_of(AuthMethod, body.get("token_endpoint_auth_method", "client_secret_basic"), "auth method")
    profile = _profile(body, method)
    if method not in METHODS_OF[profile]:
        raise _bad(f"a {profile.value} client cannot prove itself by {method.value}")
    grants = frozenset(
        _one_of(GrantType, one, "grant type") for one in _texts(body, "grant_types", ["authorization_code"])
    )
    if profile is Profile.PUBLIC and grants & CONFIDENTIAL_GRANTS:
        raise _bad("a public client may not use token exchange or client_credentials")
    if _texts(body, "response_types", ["code"] if GrantType.CODE in grants else []) != (
        ("code",) if GrantType.CODE in grants else ()
    ):
        raise _bad("response_types must be code for the code flow, and empty without it")
    if body.get("subject_type", "pairwise") != "pairwise":
        raise _bad("subject_type must be pairwise")
    scopes = frozenset(str(body.get("scope", "openid")).split())
    if scopes - SCOPES:
        raise _bad("scope holds what there is not")
    uris = _uris(body, "redirect_uris")
    if GrantType.CODE in grants and not uris:
        raise OAuthError("invalid_redirect_uri", "redirect_uris is empty")
    name, purpose = _words(body, "client_name"), _words(body, "purpose")
    if not name.zh or (claims_of(scopes) and not purpose.zh):
        raise _bad("client_name is missing, or purpose, which a client that asks for claims must state")
    return Client(
        id=client_id,
        name=name,
        operator=_words(body, "operator_name", name),
        purpose=purpose,
        profile=profile,
        auth_method=method,
        sector=_sector(uris) or client_id,
        redirect_uris=uris,
        post_logout_redirect_uris=_uris(body, "post_logout_redirect_uris"),
        grant_types=grants,
        scopes=scopes,
        jwks=_keys(body, needed=method is AuthMethod.PRIVATE_KEY_JWT),
        id_token_alg=_one_of(Algorithm, body.get("id_token_signed_response_alg", "ES256"), "ID token algorithm"),
        backchannel_logout_uri=next(iter(_uris(body, "backchannel_logout_uri")), ""),
        default_max_age_s=_whole(body, "default_max_age"),
        dpop_bound=body.get("dpop_bound_access_tokens") is True,
    )


def as_metadata(client: Client, *, issuer: str, secret: str = "", registration_token: str = "") -> dict[str, Any]:
    """What a registration answers (RFC 7591 §3.2.1, RFC 7592 §3)."""
    told: dict[str, Any] = {
        "client_id": client.id,
        "client_id_issued_at": epoch_s(client.created_at) if client.created_at else None,
        "client_name": client.name.zh,
        "client_name#en": client.name.en,
        "operator_name": client.operator.zh,
        "operator_name#en": client.operator.en,
        "purpose": client.purpose.zh,
        "purpose#en": client.purpose.en,
        "redirect_uris": list(client.redirect_uris),
        "post_logout_redirect_uris": list(client.post_logout_redirect_uris),
        "token_endpoint_auth_method": client.auth_method.value,
        "grant_types": sorted(client.grant_types),
        "response_types": ["code"] if GrantType.CODE in client.grant_types else [],
        "scope": " ".join(sorted(client.scopes)),
        "subject_type": "pairwise",
        "id_token_signed_response_alg": client.id_token_alg.value,
        "dpop_bound_access_tokens": client.must_bind,
        "require_pushed_authorization_requests": client.must_push,
        "jwks": {"keys": [dict(key) for key in client.jwks]} if client.jwks else None,
        "backchannel_logout_uri": client.backchannel_logout_uri or None,
        "default_max_age": client.default_max_age_s,
        "registration_client_uri": f"{issuer}{REGISTER}/{client.id}",
        "registration_access_token": registration_token or None,
        "review_state": client.state.value,
    }
    if secret:
        told |= {"client_secret": secret, "client_secret_expires_at": 0}
    return {name: value for name, value in told.items() if value is not None}


def _profile(body: Mapping[str, Any], method: AuthMethod) -> Profile:
    if method is AuthMethod.NONE:
        return Profile.PUBLIC
    return Profile.FAPI2 if body.get("require_pushed_authorization_requests") is True else Profile.BASIC


def _sector(uris: Sequence[str]) -> str:
    hosts = {urlsplit(uri).hostname or "" for uri in uris}
    if len(hosts) > 1:
        raise _bad("redirect_uris must share one host: that is the client's sector")
    return next(iter(hosts), "")


def _keys(body: Mapping[str, Any], *, needed: bool) -> tuple[Mapping[str, Any], ...]:
    keys = body["jwks"].get("keys") if isinstance(body.get("jwks"), dict) else []
    if not isinstance(keys, list) or len(keys) > KEYS_MAX or (needed and not keys):
        raise _bad(f"jwks must hold 1 to {KEYS_MAX} keys")
    for key in keys:
        fault = jose.public_key_fault(key) if isinstance(key, dict) else "a key is not an object"
        if fault:
            raise _bad(f"jwks: {fault}")
    return tuple(keys)


def _uris(body: Mapping[str, Any], name: str) -> tuple[str, ...]:
    value = body.get(name) or []
    found = _texts({name: [value] if isinstance(value, str) else value}, name, [])
    if len(found) > REDIRECT_URIS_MAX:
        raise _bad(f"{name} may hold {REDIRECT_URIS_MAX}")
    for uri in found:
        if fault := redirect_fault(uri):
            raise OAuthError("invalid_redirect_uri", f"{name}: one {fault}")
    return found


def _texts(body: Mapping[str, Any], name: str, default: Sequence[str]) -> tuple[str, ...]:
    found = body.get(name, default)
    if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
        raise _bad(f"{name} must be a list of strings")
    return tuple(found)


def _words(body: Mapping[str, Any], name: str, default: Text | None = None) -> Text:
    """`name` is Chinese, `name#en` English (RFC 7591 §2.2); either serves for the other."""
    zh, en = body.get(name) or body.get(f"{name}#zh"), body.get(f"{name}#en")
    found = [one for one in (zh, en) if one]
    if not all(isinstance(one, str) and len(one) <= _TEXT_LENGTH_MAX and one.isprintable() for one in found):
        raise _bad(f"{name} must be printable and at most {_TEXT_LENGTH_MAX} characters")
    return Text(zh=str(zh or en), en=str(en or zh)) if found else default or Text("", "")


def _one_of(kind: Any, value: object, what: str) -> Any:
    if not isinstance(value, str) or value not in list(kind):
        raise _bad(f"there is no such {what}")
    return kind(value)


def _whole(body: Mapping[str, Any], name: str) -> int | None:
    value = body.get(name)
    if value is not None and (type(value) is not int or not 0 <= value < 10**9):
        raise _bad(f"{name} must be a whole number of seconds")
    return value


def _bad(problem: str) -> OAuthError:
    return OAuthError("invalid_client_metadata", problem)
