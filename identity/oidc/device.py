"""A device without a browser shows a code, and its owner enters it on another screen (RFC 8628)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from core.clock import epoch_ms
from core.oauth import OAuthError, new_user_code, shown_user_code
from identity.oidc.authorization import AuthorizationRequest
from identity.oidc.model import (
    DEVICE_INTERVAL_S,
    DEVICE_LIFETIME,
    OFFLINE_ACCESS,
    OPENID,
    SCOPES,
    Client,
    GrantType,
    claims_of,
)
from identity.oidc.parts import Parts
from identity.oidc.pending import Mark, Slot
from identity.oidc.proving import Call, Proving


def device_request(params: Mapping[str, str], client: Client) -> AuthorizationRequest:
    """What a device asks: scopes alone. Raises: OAuthError."""
    if not client.may_use(GrantType.DEVICE):
        raise OAuthError("unauthorized_client", "this client may not use the device flow")
    wanted = frozenset(params.get("scope", "").split()) & SCOPES
    if OPENID not in wanted or wanted - client.scopes:
        raise OAuthError("invalid_scope", "scope must hold openid, and only what this client was approved for")
    if not client.may_use(GrantType.REFRESH):
        wanted -= {OFFLINE_ACCESS}
    return AuthorizationRequest(
        client_id=client.id,
        redirect_uri="",
        scopes=wanted,
        state=None,
        nonce=None,
        code_challenge="",
        prompt=frozenset(),
        max_age_s=client.default_max_age_s,
        acr_values=(),
        level=0,
        claims=claims_of(wanted),
        id_token_claims=frozenset(),
        essential=frozenset(),
        subject_wanted="",
        id_token_hint="",
        login_hint="",
        ui_locales=(),
        display="page",
        dpop_jkt="",
    )


@dataclass(frozen=True, slots=True)
class Devices:
    parts: Parts

    async def begin(self, call: Call) -> dict[str, Any]:
        """Raises: OAuthError, TooManyRequests, Unavailable."""
        parts = self.parts
        client = await Proving(parts).client(call)
        params = {"scope": call.form.get("scope", "")}
        device_request(params, client)
        device_code, user_code = parts.new_secret(), new_user_code()
        row = {"client": client.id, "params": params, "state": "pending", "begun_ms": epoch_ms(parts.now())}
        await parts.pending.put(Slot.DEVICE, device_code, row, life=DEVICE_LIFETIME)
        await parts.pending.put(Slot.USER_CODE, user_code, {"device_code": device_code}, life=DEVICE_LIFETIME)
        shown = shown_user_code(user_code)
        return {
            "device_code": device_code,
            "user_code": shown,
            "verification_uri": f"{parts.issuer}/device",
            "verification_uri_complete": f"{parts.issuer}/device?user_code={shown}",
            "expires_in": int(DEVICE_LIFETIME.total_seconds()),
            "interval": DEVICE_INTERVAL_S,
        }

    async def answered(self, device_code: str, client: Client) -> str:
        """The grant that its owner gave, to the one poll that comes first. Raises: OAuthError, Unavailable."""
        pending = self.parts.pending
        row = await pending.get(Slot.DEVICE, device_code)
        if row is None:
            raise OAuthError("expired_token", "the device code has expired, or was used")
        if row["client"] != client.id:
            raise OAuthError("invalid_grant", "the device code is another client's", suspicious=True)
        # Redis' own clock paces the polls: it may be a little late, and never early.
        if not await pending.first(Mark.POLL, device_code, life=timedelta(seconds=DEVICE_INTERVAL_S)):
            raise OAuthError("slow_down", f"ask every {DEVICE_INTERVAL_S} seconds")
        if row["state"] == "pending":
            raise OAuthError("authorization_pending", "nobody has entered the code yet")
        if await pending.take(Slot.DEVICE, device_code) is None:
            raise OAuthError("expired_token", "the device code has expired, or was used")
        if "grant" not in row:
            raise OAuthError("access_denied", "the citizen did not agree")
        return str(row["grant"])
