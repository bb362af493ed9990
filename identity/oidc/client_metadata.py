"""A client's metadata: as its operator writes it (RFC 7591 §2), checked; and as the provider answers it.

Keys are given by value, or by a `jwks_uri`, which is called as `core.remote_keys` says. Nothing else that a
stranger wrote down is called: `sector_identifier_uri` and the like are refused.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlsplit

from core.clock import epoch_s
from core.keys import Algorithm
from core.locale import Text
from core.oauth import OAuthError
from core.remote_keys import uri_fault
from identity.oidc.certificates import name_fault, registered
from identity.oidc.client_keys import key_fault
from identity.oidc.encrypting import CONTENT, fits
from identity.oidc.metadata import REGISTER
from identity.oidc.model import (
    CONFIDENTIAL_GRANTS,
    METHODS_OF,
    REDIRECT_URIS_MAX,
    SCOPES,
    URI_LENGTH_MAX,
    AuthMethod,
    CertificateName,
    Client,
    GrantType,
    KeyWrap,
    Profile,
    claims_of,
    redirect_fault,
)

KEYS_MAX: Final = 5
_TEXT_LENGTH_MAX: Final = 200
_REFUSED: Final = ("sector_identifier_uri", "request_uris", "initiate_login_uri", "software_statement")


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
    if body.get("authorization_encrypted_response_alg"):
        raise _bad("authorization responses are not encrypted")
    keys, keys_at = _keys(body), _keys_at(body)
    id_token_wrap, userinfo_wrap = _wrap(body, "id_token"), _wrap(body, "userinfo")
    certificate = CertificateName(
        subject=_text(body, "tls_client_auth_subject_dn"), dns=_text(body, "tls_client_auth_san_dns")
    )
    bound = body.get("tls_client_certificate_bound_access_tokens") is True
    if profile is Profile.PUBLIC and bound:
        raise _bad("a public client binds its tokens to a key (DPoP)")
    _check_keys(body, method, keys, keys_at, [wrap for wrap in (id_token_wrap, userinfo_wrap) if wrap])
    if method is AuthMethod.TLS and (fault := name_fault(certificate)):
        raise _bad(fault)
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
        jwks=keys,
        jwks_uri=keys_at,
        response_alg=_algorithm(body, "authorization_signed_response_alg") or Algorithm.ES256,
        # What is encrypted is signed first: anybody can encrypt for a public key.
        userinfo_alg=_algorithm(body, "userinfo_signed_response_alg") or (Algorithm.ES256 if userinfo_wrap else None),
        userinfo_wrap=userinfo_wrap,
        id_token_wrap=id_token_wrap,
        signed_requests=body.get("require_signed_request_object") is True,
        certificate=certificate if method is AuthMethod.TLS else CertificateName(),
        certificate_bound=bound,
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
        "dpop_bound_access_tokens": client.must_bind and not client.certificate_bound,
        "require_pushed_authorization_requests": client.must_push,
        "jwks": {"keys": [dict(key) for key in client.jwks]} if client.jwks else None,
        "jwks_uri": client.jwks_uri or None,
        "authorization_signed_response_alg": client.response_alg.value,
        "userinfo_signed_response_alg": client.userinfo_alg.value if client.userinfo_alg else None,
        **_wrapped("userinfo", client.userinfo_wrap),
        **_wrapped("id_token", client.id_token_wrap),
        "require_signed_request_object": client.signed_requests,
        "tls_client_auth_subject_dn": client.certificate.subject or None,
        "tls_client_auth_san_dns": client.certificate.dns or None,
        "tls_client_certificate_bound_access_tokens": client.certificate_bound,
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


def _keys(body: Mapping[str, Any]) -> tuple[Mapping[str, Any], ...]:
    given = body.get("jwks")
    if given is None:
        return ()
    keys = given.get("keys") if isinstance(given, dict) else None
    if not isinstance(keys, list) or not 0 < len(keys) <= KEYS_MAX:
        raise _bad(f"jwks must hold 1 to {KEYS_MAX} keys")
    for key in keys:
        fault = key_fault(key) if isinstance(key, dict) else "a key is not an object"
        if fault:
            raise _bad(f"jwks: {fault}")
    return tuple(keys)


def _keys_at(body: Mapping[str, Any]) -> str:
    uri = _text(body, "jwks_uri")
    if uri and "jwks" in body:
        raise _bad("there are both jwks and jwks_uri")
    if uri and (fault := uri_fault(uri)):
        raise _bad(f"jwks_uri {fault}")
    return uri


def _check_keys(
    body: Mapping[str, Any],
    method: AuthMethod,
    keys: Sequence[Mapping[str, Any]],
    keys_at: str,
    wraps: Sequence[KeyWrap],
) -> None:
    """That a client whose keys stand here has those that it needs; what is at a `jwks_uri` may change at any time."""
    signs = method is AuthMethod.PRIVATE_KEY_JWT or body.get("require_signed_request_object") is True
    if keys_at:
        return
    if signs and not any(key.get("use", "sig") == "sig" for key in keys):
        raise _bad("jwks must hold a key for signatures")
    if method is AuthMethod.SELF_SIGNED_TLS and not any(registered(key) for key in keys):
        raise _bad("jwks must hold a key with its certificate (x5c)")
    if not all(any(fits(key, wrap) for key in keys) for wrap in wraps):
        raise _bad("jwks must hold a key for each way of encryption, with use=enc")


def _wrap(body: Mapping[str, Any], what: str) -> KeyWrap | None:
    """How ID tokens or userinfo answers are encrypted for the client."""
    algorithm, content = body.get(f"{what}_encrypted_response_alg"), body.get(f"{what}_encrypted_response_enc")
    if algorithm is None and content is None:
        return None
    if content not in (None, CONTENT):
        raise _bad(f"{what}_encrypted_response_enc must be {CONTENT}")
    wrap: KeyWrap = _one_of(KeyWrap, algorithm, f"{what}_encrypted_response_alg")
    return wrap


def _wrapped(what: str, wrap: KeyWrap | None) -> dict[str, str]:
    if wrap is None:
        return {}
    return {f"{what}_encrypted_response_alg": wrap.value, f"{what}_encrypted_response_enc": CONTENT}


def _algorithm(body: Mapping[str, Any], name: str) -> Algorithm | None:
    found: Algorithm | None = _one_of(Algorithm, body[name], name) if body.get(name) is not None else None
    return found


def _text(body: Mapping[str, Any], name: str) -> str:
    value = body.get(name, "")
    if not isinstance(value, str) or len(value) > URI_LENGTH_MAX or not value.isprintable():
        raise _bad(f"{name} must be printable text")
    return value


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
