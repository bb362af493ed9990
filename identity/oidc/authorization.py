"""What a client may ask of a citizen's browser, and what happens next: pure rules.

Rules
- Only the code flow; PKCE with S256 for everybody; `redirect_uri` given and registered, character by character.
- A fault found before the redirect URI is known to be the client's is shown where it happened. Every later one goes to
  the client, with `state` and `iss` (RFC 9207).
- A request is taken by reference only by our own: a pushed request's `request_uri` (RFC 9126). One that its client
  signed has been read before it comes here (`identity.oidc.request_objects`).
- The answer is a query, signed as a whole where the client asks for that (JARM).
- Whoever is signed in, has agreed before, and is sure enough is not asked again. `prompt=none` never asks.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

import orjson

from core.oauth import OAuthError
from identity.oidc.assurance import wanted_verified
from identity.oidc.model import (
    ACR_PREFIX,
    CLAIMS,
    OFFLINE_ACCESS,
    OPENID,
    SCOPES,
    VERIFIED,
    Client,
    ClientState,
    GrantType,
    claims_of,
    level_of,
)

PARAMETER_LENGTH_MAX: Final = 2048
CLAIMS_LENGTH_MAX: Final = 4096
REQUEST_URI_PREFIX: Final = "urn:ietf:params:oauth:request_uri:"
# Of the code flow: the last two are one (JARM §2.3.4).
SIGNED_MODES: Final = ("query.jwt", "jwt")
RESPONSE_MODES: Final = ("query", *SIGNED_MODES)
_CHALLENGE: Final = re.compile(r"[A-Za-z0-9_-]{43}")
_VERIFIER: Final = re.compile(r"[A-Za-z0-9._~-]{43,128}")
_THUMBPRINT: Final = _CHALLENGE
_MAX_AGE: Final = re.compile(r"[0-9]{1,9}")
_DISPLAYS: Final = frozenset({"page", "popup", "touch", "wap"})
_PROMPTS: Final = frozenset({"none", "login", "consent", "select_account"})


@dataclass(frozen=True, slots=True)
class AuthorizationRequest:
    """What one client asks, checked.

    claims, id_token_claims: every claim asked for, and those of them for the ID token. essential: those that the client
    says it cannot do without. level: the real-name level without which the client wants no answer (an essential `acr`).
    account_hint: the account an ID token hint names. dpop_jkt: the key that the code will be bound to (RFC 9449 §10).
    """

    client_id: str
    redirect_uri: str
    scopes: frozenset[str]
    state: str | None
    nonce: str | None
    code_challenge: str
    prompt: frozenset[str]
    max_age_s: int | None
    acr_values: tuple[str, ...]
    level: int
    claims: frozenset[str]
    id_token_claims: frozenset[str]
    essential: frozenset[str]
    subject_wanted: str
    id_token_hint: str
    login_hint: str
    ui_locales: tuple[str, ...]
    display: str
    dpop_jkt: str


@dataclass(frozen=True, slots=True)
class SignedInBrowser:
    """A browser whose person the provider knows. id: `ops_…`; session_id: the city's session behind it."""

    id: str
    citizen: str
    session_id: str
    level: int
    methods: frozenset[str]
    authenticated_at: datetime


class Decision(StrEnum):
    """PROCEED: a code at once. ASK: the citizen decides on the shell's page."""

    PROCEED = "proceed"
    ASK = "ask"


def redirect_uri_of(params: Mapping[str, str], client: Client) -> str:
    """The URI to answer to, once it is known to be this client's. Raises: OAuthError, to be shown and not sent on."""
    if client.state is not ClientState.APPROVED:
        raise OAuthError("unauthorized_client", "this client is not approved")
    wanted = params.get("redirect_uri", "")
    if wanted not in client.redirect_uris:
        raise OAuthError("invalid_request", "redirect_uri is not one that this client registered", suspicious=True)
    return wanted


def read_request(params: Mapping[str, str], client: Client) -> AuthorizationRequest:
    """The request, checked; `redirect_uri_of` has passed. Raises: OAuthError, which may be sent to the client."""
    _refuse_what_is_not_served(params, client)
    scopes = _scopes(params, client)
    prompt = frozenset(params.get("prompt", "").split())
    if prompt - _PROMPTS or ("none" in prompt and len(prompt) > 1):
        raise OAuthError("invalid_request", "prompt must be none, or login, consent and select_account together")
    asked = _claims_parameter(params.get("claims"))
    userinfo, id_token = asked["userinfo"], asked["id_token"]
    allowed = claims_of(client.scopes)
    for_userinfo, for_id_token = _names(userinfo), _names(id_token)
    by_parameter = for_userinfo | for_id_token
    if by_parameter - allowed:
        raise OAuthError("invalid_scope", "claims asks for what this client was not approved for")
    challenge = params.get("code_challenge", "")
    if params.get("code_challenge_method") != "S256" or not _CHALLENGE.fullmatch(challenge):
        raise OAuthError("invalid_request", "code_challenge with code_challenge_method S256 is required (RFC 7636)")
    jkt = params.get("dpop_jkt", "")
    if jkt and not _THUMBPRINT.fullmatch(jkt):
        raise OAuthError("invalid_request", "dpop_jkt must be a JWK SHA-256 thumbprint")
    return AuthorizationRequest(
        client_id=client.id,
        redirect_uri=params["redirect_uri"],
        scopes=scopes,
        state=params.get("state"),
        nonce=params.get("nonce"),
        code_challenge=challenge,
        prompt=prompt,
        max_age_s=_max_age(params, client),
        acr_values=tuple(params.get("acr_values", "").split()[:8]),
        level=_essential_level(id_token.get("acr")),
        claims=claims_of(scopes) | by_parameter,
        id_token_claims=for_id_token,
        essential=frozenset(
            name for name in by_parameter if _essential(userinfo.get(name)) or _essential(id_token.get(name))
        ),
        subject_wanted=_wanted_value(id_token.get("sub")),
        id_token_hint=params.get("id_token_hint", ""),
        login_hint=params.get("login_hint", ""),
        ui_locales=tuple(params.get("ui_locales", "").split()[:8]),
        display=params.get("display", "page") if params.get("display") in _DISPLAYS else "page",
        dpop_jkt=jkt,
    )


def decide(
    request: AuthorizationRequest,
    *,
    browser: SignedInBrowser | None,
    expected: str | None,
    consented: frozenset[str],
    now: datetime,
) -> Decision:
    """What to do with a good request.

    expected: the citizen that the request is about, None for whoever it is. consented: the claims and scopes that the
    citizen behind `browser` has agreed to before, for this client.
    Raises: OAuthError, when it asks not to ask and that does not do.
    """
    silent = "none" in request.prompt
    if browser is None or (expected is not None and browser.citizen != expected):
        return _ask(silent, "login_required", "nobody is signed in here, or somebody else than the request is about")
    if too_old(request, browser.authenticated_at, now):
        return _ask(silent, "login_required", "the last sign-in is too long ago")
    if browser.level < request.level:
        return _ask(silent, "unmet_authentication_requirements", "the real-name level is lower than acr demands")
    if browser.level < max((level_of(acr) for acr in request.acr_values), default=0) and not silent:
        return Decision.ASK  # wished for, not demanded: the citizen may raise their level, and need not
    if not (request.claims | request.scopes) <= consented:
        return _ask(silent, "consent_required", "the citizen has not agreed to all of this")
    return Decision.ASK if request.prompt - {"none"} else Decision.PROCEED


def too_old(request: AuthorizationRequest, authenticated_at: datetime, now: datetime) -> bool:
    return request.max_age_s is not None and now - authenticated_at > timedelta(seconds=request.max_age_s)


def proven_since(request: AuthorizationRequest, *, begun_at: datetime, now: datetime) -> datetime | None:
    """The instant since which the citizen must have proven themself anew; None where any time will do."""
    if "login" in request.prompt:
        return begun_at.replace(microsecond=0)  # `auth_time` counts whole seconds
    if request.max_age_s is not None:
        return now - timedelta(seconds=request.max_age_s)
    return None


def answer(redirect_uri: str, told: Mapping[str, str | None]) -> str:
    """Where the browser goes with the answer: the redirect URI, its own query kept."""
    query = urlencode({name: value for name, value in told.items() if value is not None})
    return f"{redirect_uri}{'&' if urlsplit(redirect_uri).query else '?'}{query}"


def verifier_fits(verifier: str, challenge: str, *, digest_b64: str) -> bool:
    """digest_b64: SHA-256 of the verifier in base64url. Source: RFC 7636 §4.6."""
    return _VERIFIER.fullmatch(verifier) is not None and digest_b64 == challenge


def _ask(silent: bool, code: str, description: str) -> Decision:
    if silent:
        raise OAuthError(code, description)
    return Decision.ASK


def _refuse_what_is_not_served(params: Mapping[str, str], client: Client) -> None:
    for name, value in params.items():
        if len(value) > (CLAIMS_LENGTH_MAX if name == "claims" else PARAMETER_LENGTH_MAX) or "\0" in value:
            raise OAuthError("invalid_request", "a parameter is too long")
    if "request_uri" in params:
        raise OAuthError("request_uri_not_supported", "request_uri must be one that this server gave (RFC 9126)")
    if "registration" in params:
        raise OAuthError("registration_not_supported", "register at the registration endpoint")
    if "response_type" not in params:
        raise OAuthError("invalid_request", "response_type is missing")
    if params["response_type"] != "code":
        raise OAuthError("unsupported_response_type", "only response_type=code is supported")
    if params.get("response_mode", "query") not in RESPONSE_MODES:
        raise OAuthError("invalid_request", f"response_mode must be one of {', '.join(RESPONSE_MODES)}")
    if not client.may_use(GrantType.CODE):
        raise OAuthError("unauthorized_client", "this client may not use the code flow")


def _scopes(params: Mapping[str, str], client: Client) -> frozenset[str]:
    """Unknown scopes are ignored (OpenID Connect Core §3.1.2.1); known ones must have been approved."""
    wanted = frozenset(params.get("scope", "").split()) & SCOPES
    if OPENID not in wanted:
        raise OAuthError("invalid_scope", "scope must hold openid")
    if wanted - client.scopes:
        raise OAuthError("invalid_scope", "scope holds what this client was not approved for")
    if not client.may_use(GrantType.REFRESH):
        wanted -= {OFFLINE_ACCESS}
    return wanted


def _max_age(params: Mapping[str, str], client: Client) -> int | None:
    if "max_age" not in params:
        return client.default_max_age_s
    if not _MAX_AGE.fullmatch(params["max_age"]):
        raise OAuthError("invalid_request", "max_age must be a whole number of seconds")
    return int(params["max_age"])


def _claims_parameter(text: str | None) -> dict[str, dict[str, Any]]:
    """OpenID Connect Core §5.5. Members that are not known are ignored."""
    try:
        asked = orjson.loads(text) if text else {}
    except ValueError as fault:
        raise OAuthError("invalid_request", "claims must be a JSON object") from fault
    found: dict[str, dict[str, Any]] = {}
    for member in ("userinfo", "id_token"):
        part = asked.get(member) if isinstance(asked, dict) else text
        if part is not None and not isinstance(part, dict):
            raise OAuthError("invalid_request", "claims must be a JSON object of objects")
        found[member] = part or {}
    return found


def _names(asked: Mapping[str, Any]) -> frozenset[str]:
    """The claims that one member of the parameter asks for, those that are to be proven among them."""
    plain = frozenset(asked.keys() & CLAIMS.keys()) - claims_of({VERIFIED})
    return plain | wanted_verified(asked[VERIFIED]) if VERIFIED in asked else plain


def _essential(wish: object) -> bool:
    return isinstance(wish, dict) and wish.get("essential") is True


def _essential_level(wish: object) -> int:
    """The lowest level that an essential `acr` accepts; 0 where it is not essential. Raises: OAuthError."""
    if not isinstance(wish, dict) or wish.get("essential") is not True:
        return 0
    values = wish.get("values", [wish.get("value")])
    levels = [level_of(value) for value in values if isinstance(value, str)] if isinstance(values, list) else []
    if not any(levels):
        raise OAuthError("unmet_authentication_requirements", f"acr must be one of {ACR_PREFIX}1 to 5")
    return min(level for level in levels if level)


def _wanted_value(wish: object) -> str:
    value = wish.get("value") if isinstance(wish, dict) else None
    return value if isinstance(value, str) else ""
