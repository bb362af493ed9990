"""How a client comes to be: registered by its operator or by staff, looked through by staff, suspended by staff.

Rules
- A new client is PENDING and can do nothing. Staff approve it; a change that widens what it may do makes it wait again.
- Registering over HTTP (RFC 7591) needs a token that staff gave out, good once. Managing it (RFC 7592) needs the token
  that the registration answered with.
- Keys are given by value, never fetched: the provider calls no address that a stranger wrote down. `jwks_uri` and
  `sector_identifier_uri` are refused for the same reason.
- What a client may do as itself, and for whom it may exchange tokens, only staff decide.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, Final
from urllib.parse import urlsplit

from core.clock import epoch_s
from core.crypto import digest, same
from core.errors import NotFound
from core.keys import Algorithm
from core.locale import Text
from core.mongo import Session
from core.paging import Page, PageRequest
from core.principal import Principal
from identity.oidc import jose
from identity.oidc.errors import ClientMetadataInvalid, OAuthError
from identity.oidc.grants import Grants
from identity.oidc.metadata import REGISTER
from identity.oidc.model import (
    CONFIDENTIAL_GRANTS,
    METHODS_OF,
    REDIRECT_URIS_MAX,
    SCOPES,
    AuthMethod,
    Client,
    ClientState,
    GrantType,
    Profile,
    claims_of,
    redirect_fault,
)
from identity.oidc.parts import Parts

REVIEWS: Final = "oidc:clients"
INITIAL_TOKEN_LIFETIME: Final = timedelta(days=7)
KEYS_MAX: Final = 5
_TEXT_LENGTH_MAX: Final = 200
_REFUSED: Final = ("jwks_uri", "sector_identifier_uri", "request_uris", "initiate_login_uri", "software_statement")


@dataclass(frozen=True, slots=True)
class Registered:
    """A client and the secrets that are told this once. secret: empty for a client that has none."""

    client: Client
    secret: str = field(default="", repr=False)
    registration_token: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Registration:
    parts: Parts

    # --- by its operator, over HTTP

    async def register(self, body: Mapping[str, Any], *, token: str) -> Registered:
        """Raises: OAuthError (invalid_token, invalid_client_metadata, invalid_redirect_uri), Unavailable."""
        parts = self.parts
        client = read_metadata(body, client_id=parts.ids.new("cli"))

        async def work(session: Session) -> Registered:
            by = await parts.store.take_registration_token(digest(token), now=parts.now(), session=session)
            if by is None:
                raise _token_refused()
            return await self._add(client, by=by, session=session)

        return await parts.transaction(work)

    async def read(self, client_id: str, *, token: str) -> Client:
        """RFC 7592 §2.1. Raises: OAuthError, Unavailable."""
        client = await self.parts.store.client(client_id)
        known = client.registration_digest if client else b""
        if not same(digest(token), known) or client is None:
            raise _token_refused()
        return client

    async def change(self, client_id: str, body: Mapping[str, Any], *, token: str) -> Client:
        """RFC 7592 §2.2: the whole of its metadata anew. Raises: OAuthError, Unavailable."""
        before = await self.read(client_id, token=token)
        if body.get("client_id", client_id) != client_id or "client_secret" in body:
            raise OAuthError("invalid_request", "client_id must be this client's, and its secret is not chosen")
        wanted = read_metadata(body, client_id=client_id)
        if (wanted.auth_method, wanted.profile) != (before.auth_method, before.profile):
            raise OAuthError("invalid_client_metadata", "how a client proves itself cannot be changed; register anew")
        after = replace(
            wanted,
            state=_state_after(before, wanted),
            secret_digest=before.secret_digest,
            registration_digest=before.registration_digest,
            service_scopes=before.service_scopes,
            exchange_to=before.exchange_to,
            sector=before.sector,  # else its citizens would be strangers to it
            created_at=before.created_at,
        )
        await self._put(after, "oidc.client_changed", actor=client_id)
        return after

    async def remove(self, client_id: str, *, token: str) -> None:
        """RFC 7592 §2.3. Raises: OAuthError, Unavailable."""
        await self.read(client_id, token=token)

        async def work(session: Session) -> None:
            grants = Grants(self.parts)
            await grants.end_all(because="client_removed", session=session, also_offline=True, client_id=client_id)
            await self.parts.store.remove_client(client_id, session=session)
            await self.parts.audit.append("oidc.client_removed", actor=client_id, client=client_id, session=session)

        await self.parts.transaction(work)

    # --- by staff

    async def give_token(self, *, principal: Principal) -> str:
        """A token to register one client with, for a week. Raises: SignInRequired, Forbidden, Unavailable."""
        principal.require_scope(REVIEWS)
        parts, secret = self.parts, self.parts.new_secret()

        async def work(session: Session) -> None:
            until = parts.now() + INITIAL_TOKEN_LIFETIME
            await parts.store.add_registration_token(digest(secret), by=principal.actor, until=until, session=session)
            await parts.audit.append("oidc.registration_opened", actor=principal.actor, session=session)

        await parts.transaction(work)
        return secret

    async def enter(self, *, principal: Principal, body: Mapping[str, Any]) -> Registered:
        """Staff register a client, which waits as any other. Raises: …, ClientMetadataInvalid."""
        principal.require_scope(REVIEWS)
        try:
            client = read_metadata(body, client_id=self.parts.ids.new("cli"))
        except OAuthError as fault:
            raise ClientMetadataInvalid(problem=fault.description) from fault

        async def work(session: Session) -> Registered:
            return await self._add(client, by=principal.actor, session=session)

        return await self.parts.transaction(work)

    async def clients(self, *, principal: Principal, request: PageRequest) -> Page[Client]:
        """Newest first. Raises: SignInRequired, Forbidden, Unavailable."""
        principal.require_scope(REVIEWS)
        return await self.parts.store.clients(request=request)

    async def approve(
        self,
        *,
        principal: Principal,
        client_id: str,
        service_scopes: frozenset[str] = frozenset(),
        exchange_to: frozenset[str] = frozenset(),
    ) -> Client:
        """Let a client work as it is registered. Raises: SignInRequired, Forbidden, NotFound, Unavailable."""
        client = await self._for_review(principal, client_id)
        approved = replace(client, state=ClientState.APPROVED, service_scopes=service_scopes, exchange_to=exchange_to)
        await self._put(approved, "oidc.client_approved", actor=principal.actor)
        return approved

    async def suspend(self, *, principal: Principal, client_id: str) -> Client:
        """Stop a client, and end every grant it has. Raises: SignInRequired, Forbidden, NotFound, Unavailable."""
        client = replace(await self._for_review(principal, client_id), state=ClientState.SUSPENDED)

        async def work(session: Session) -> None:
            await self.parts.store.put_client(client, session=session)
            grants = Grants(self.parts)
            await grants.end_all(because="client_suspended", session=session, also_offline=True, client_id=client.id)
            await self.parts.audit.append(
                "oidc.client_suspended", actor=principal.actor, client=client.id, session=session
            )

        await self.parts.transaction(work)
        return client

    async def renew_secret(self, *, principal: Principal, client_id: str) -> Registered:
        """A new secret; the old one is good for nothing from here on. Raises: …, ClientMetadataInvalid."""
        client = await self._for_review(principal, client_id)
        if client.auth_method not in (AuthMethod.SECRET_BASIC, AuthMethod.SECRET_POST):
            raise ClientMetadataInvalid(problem="it has no secret")
        secret = self.parts.new_secret()
        renewed = replace(client, secret_digest=digest(secret))
        await self._put(renewed, "oidc.client_secret_renewed", actor=principal.actor)
        return Registered(renewed, secret=secret)

    async def _for_review(self, principal: Principal, client_id: str) -> Client:
        principal.require_scope(REVIEWS)
        client = await self.parts.store.client(client_id)
        if client is None:
            raise NotFound(thing="client")
        return client

    async def _add(self, client: Client, *, by: str, session: Session) -> Registered:
        parts, managing = self.parts, self.parts.new_secret()
        has_secret = client.auth_method in (AuthMethod.SECRET_BASIC, AuthMethod.SECRET_POST)
        secret = parts.new_secret() if has_secret else ""
        added = replace(
            client,
            created_at=parts.now(),
            registration_digest=digest(managing),
            secret_digest=digest(secret) if secret else b"",
        )
        await parts.store.put_client(added, session=session)
        await parts.audit.append("oidc.client_registered", actor=by, client=added.id, session=session)
        return Registered(added, secret, managing)

    async def _put(self, client: Client, kind: str, *, actor: str) -> None:
        async def work(session: Session) -> None:
            await self.parts.store.put_client(client, session=session)
            await self.parts.audit.append(kind, actor=actor, client=client.id, session=session)

        await self.parts.transaction(work)


# --- metadata


def read_metadata(body: Mapping[str, Any], *, client_id: str) -> Client:
    """A client that waits for review. Members that are not known are ignored (RFC 7591 §2).

    Besides the registered ones: `operator_name` and `purpose`, which citizens read on the consent page.
    Raises: OAuthError (invalid_client_metadata, invalid_redirect_uri).
    """
    for name in _REFUSED:
        if body.get(name):
            raise _bad(f"{name} is not supported")
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
    name, purpose = _text(body, "client_name"), _text(body, "purpose")
    if not name.zh or (claims_of(scopes) and not purpose.zh):
        raise _bad("client_name is missing, or purpose, which a client that asks for claims must state")
    return Client(
        id=client_id,
        name=name,
        operator=_text(body, "operator_name", name),
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


def as_metadata(registered: Registered, *, issuer: str) -> dict[str, Any]:
    """What a registration answers (RFC 7591 §3.2.1, RFC 7592 §3)."""
    client = registered.client
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
        "registration_access_token": registered.registration_token or None,
        "review_state": client.state.value,
    }
    if registered.secret:
        told |= {"client_secret": registered.secret, "client_secret_expires_at": 0}
    return {name: value for name, value in told.items() if value is not None}


def _state_after(before: Client, after: Client) -> ClientState:
    """A change that widens nothing needs no new review."""
    wider = (
        set(after.redirect_uris) - set(before.redirect_uris)
        or set(after.post_logout_redirect_uris) - set(before.post_logout_redirect_uris)
        or after.scopes - before.scopes
        or after.grant_types - before.grant_types
        or (after.name, after.operator, after.purpose) != (before.name, before.operator, before.purpose)
        or after.backchannel_logout_uri not in ("", before.backchannel_logout_uri)
        or (before.dpop_bound and not after.dpop_bound)
    )
    if before.state is ClientState.SUSPENDED:
        return ClientState.SUSPENDED
    return ClientState.PENDING if wider else before.state


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


def _text(body: Mapping[str, Any], name: str, default: Text | None = None) -> Text:
    """`name` is Chinese, `name#en` English (RFC 7591 §2.2); either serves for the other."""
    zh, en = body.get(name) or body.get(f"{name}#zh"), body.get(f"{name}#en")
    found = [one for one in (zh, en) if one]
    if not all(isinstance(one, str) and len(one) <= _TEXT_LENGTH_MAX and one.isprintable() for one in found):
        raise _bad(f"{name} must be printable and at most {_TEXT_LENGTH_MAX} characters")
    return Text(zh=zh or en, en=en or zh) if found else default or Text("", "")


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


def _token_refused() -> OAuthError:
    headers = {"WWW-Authenticate": 'Bearer error="invalid_token"'}
    return OAuthError("invalid_token", "the registration token is not good", headers=headers, suspicious=True)
