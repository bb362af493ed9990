"""How tools and backends come to their tokens: device flow, refresh, a backend's own signature.

Rules
- A tool shows a code, and a citizen who builds enters it in the shell and says for which organisation (RFC 8628). Codes
  live ten minutes; guesses are counted by citizen, polls are paced.
- Who approves proved themself in the last five minutes: a stolen session signs in no tool.
- A backend proves itself by a JWS of one of its program's keys, shown once (RFC 7523). It gets no refresh token: it can
  sign another.
- A run of a CI system exchanges its ID token (`publishing`).
- An unknown program, a wrong key and a used assertion get one answer.
Sources: RFC 6749 §4.4, §6; RFC 7523; RFC 8628; RFC 9700.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any, Final

from core import jose
from core.addresses import address_group
from core.clock import Clock, epoch_s, to_ms
from core.crypto import FieldCipher
from core.errors import NotFound, SignInRequired
from core.ids import is_id
from core.mongo import Session
from core.oauth import (
    ASSERTION_LEEWAY_S,
    ASSERTION_TYPE,
    AssertionFault,
    OAuthError,
    check_assertion,
    new_user_code,
    shown_user_code,
    typed_user_code,
)
from core.pending import Pending
from core.principal import Principal, PrincipalKind
from core.redis import Redis
from miniapps.developers.devices import DEVICES_MAX, REFRESH_LIFE, Device, DeviceStore
from miniapps.developers.errors import DeviceCodeWrong
from miniapps.developers.model import Authority, KeyUse
from miniapps.developers.publishing import EXCHANGE_GRANT, Publishing
from miniapps.developers.service import Developers
from miniapps.developers.tokens import BACKEND, DEVELOPER, TOKEN_LIFE, TOOL
from miniapps.limits import Pace, Paces

TOKEN_PATH: Final = "/open/token"
SCREEN: Final = "/#/developer/device"
DEVICE_GRANT: Final = "urn:ietf:params:oauth:grant-type:device_code"
REFRESH_GRANT: Final = "refresh_token"
CLIENT_GRANT: Final = "client_credentials"
GRANTS: Final = (CLIENT_GRANT, DEVICE_GRANT, REFRESH_GRANT, EXCHANGE_GRANT)
CODE_LIFE: Final = timedelta(minutes=10)
POLLED_EVERY_S: Final = 5
FRESH: Final = timedelta(minutes=5)
ALGORITHMS: Final = ("EdDSA", "Ed25519", "ES256")
_ANSWER_WAITS: Final = timedelta(minutes=2)
# Of one address each; a data centre's backends may share one.
_BEGUN: Final = Pace("open-device", 30, 60)
_ASKED: Final = Pace("open-token", 1_200, 60)
# Of one program from one address: its key is not guessed, and its owner's mistakes do not go on for ever.
_REFUSED: Final = Pace("open-refused", 60, 600)
_GUESSED: Final = Pace("open-user-code", 20, 600)


class Slot(StrEnum):
    DEVICE = "device"
    USER_CODE = "user-code"


class Mark(StrEnum):
    POLL = "poll"
    ASSERTION = "assertion"


def open_pending(redis: Redis, cipher: FieldCipher, clock: Clock, namespace: str) -> Pending:
    """namespace: the city's name."""
    return Pending(redis, cipher, clock, f"{namespace}:mini:open-", "mini-open")


@dataclass(frozen=True, slots=True)
class Granting:
    """issuer: the city's public URL."""

    developers: Developers
    pending: Pending
    paces: Paces
    issuer: str
    publishing: Publishing

    @property
    def devices(self) -> DeviceStore:
        return self.developers.tokens.devices

    # --- POST /open/device

    async def begin(self, form: Mapping[str, str], *, address: str) -> dict[str, Any]:
        """Raises: OAuthError, TooOften, Unavailable."""
        await self.paces.charge(_BEGUN, address_group(address))
        _check_tool(form)
        device_code, user_code = secrets.token_urlsafe(32), new_user_code()
        row = {"state": "pending", "user_code": user_code}
        await self.pending.put(Slot.DEVICE, device_code, row, life=CODE_LIFE)
        await self.pending.put(Slot.USER_CODE, user_code, {"device_code": device_code}, life=CODE_LIFE)
        shown, there = shown_user_code(user_code), f"{self.issuer}{SCREEN}"
        return {
            "device_code": device_code,
            "user_code": shown,
            "verification_uri": there,
            "verification_uri_complete": f"{there}?code={shown}",
            "expires_in": int(CODE_LIFE.total_seconds()),
            "interval": POLLED_EVERY_S,
        }

    # --- what the citizen decides

    async def approve(self, *, principal: Principal, user_code: str, organisation: str) -> Authority:
        """Sign the tool that shows this code in, to build for this organisation as what the citizen is in it.

        Raises: SignInRequired, Forbidden, StepUpRequired, NotFound, OrganisationBlocked, DeviceCodeWrong, TooOften,
        Unavailable.
        """
        principal.require(PrincipalKind.CITIZEN)
        principal.require_fresh(now=self.developers.clock.now(), max_age=FRESH)
        authority = await self.developers.authority(principal=principal, organisation=organisation)
        answer = {"developer": authority.developer, "organisation": organisation}
        await self._answer(principal, user_code, answer)
        return authority

    async def deny(self, *, principal: Principal, user_code: str) -> None:
        """Raises: SignInRequired, Forbidden, DeviceCodeWrong, TooOften, Unavailable."""
        principal.require(PrincipalKind.CITIZEN)
        await self._answer(principal, user_code, {})

    async def _answer(self, principal: Principal, user_code: str, answer: Mapping[str, str]) -> None:
        await self.paces.charge(_GUESSED, principal.actor)
        found = await self.pending.take(Slot.USER_CODE, typed_user_code(user_code))
        row = await self.pending.get(Slot.DEVICE, found["device_code"]) if found else None
        if found is None or row is None:
            raise DeviceCodeWrong()
        told = {**row, "state": "answered", **answer}
        await self.pending.put(Slot.DEVICE, found["device_code"], told, life=_ANSWER_WAITS)

    # --- POST /open/token

    async def answer(self, form: Mapping[str, str], *, address: str) -> dict[str, Any]:
        """Raises: OAuthError, TooOften, Unavailable."""
        await self.paces.charge(_ASKED, address_group(address))
        match form.get("grant_type"):
            case "client_credentials":
                return await self._for_backend(form, address)
            case "refresh_token":
                _check_tool(form)
                return await self._refreshed(form.get("refresh_token", ""))
            case grant if grant == DEVICE_GRANT:
                _check_tool(form)
                return await self._for_device(form.get("device_code", ""))
            case grant if grant == EXCHANGE_GRANT:
                _check_tool(form)
                return await self.publishing.exchange(form, address=address)
            case None:
                raise OAuthError("invalid_request", "grant_type is missing")
            case _:
                raise OAuthError("unsupported_grant_type", f"grant_type must be one of {', '.join(GRANTS)}")

    async def _for_device(self, device_code: str) -> dict[str, Any]:
        row = await self.pending.get(Slot.DEVICE, device_code[:128])
        if row is None:
            raise OAuthError("expired_token", "the device code has expired, or was used")
        # Redis' own clock paces the polls: it may be a little late, and never early.
        if not await self.pending.first(Mark.POLL, device_code, life=timedelta(seconds=POLLED_EVERY_S)):
            raise OAuthError("slow_down", f"ask every {POLLED_EVERY_S} seconds")
        if row["state"] == "pending":
            raise OAuthError("authorization_pending", "nobody has entered the code yet")
        if await self.pending.take(Slot.DEVICE, device_code) is None:
            raise OAuthError("expired_token", "the device code has expired, or was used")
        if "developer" not in row:
            raise OAuthError("access_denied", "the citizen did not agree")
        return await self._signed_in(row["developer"], row["organisation"])

    async def _signed_in(self, developer: str, organisation: str) -> dict[str, Any]:
        here, refresh = self.developers, f"mrt_{secrets.token_urlsafe(32)}"
        now = to_ms(here.clock.now())
        device = Device(here.ids.new("mdv"), developer, organisation, now, now, now + REFRESH_LIFE)

        async def work(session: Session) -> None:
            # The one that was not used for longest makes room.
            others = await self.devices.devices_of(developer, now=now, session=session)
            for old in sorted(others, key=lambda one: one.used_at)[: max(0, len(others) + 1 - DEVICES_MAX)]:
                await self.devices.end(old.id, session=session)
            await self.devices.add(device, refresh, session=session)
            await self._audit("device_signed_in", developer, organisation, device.id, session)

        await here.transaction(work)
        return self._told(device, refresh)

    async def _refreshed(self, refresh: str) -> dict[str, Any]:
        following, now = f"mrt_{secrets.token_urlsafe(32)}", to_ms(self.developers.clock.now())

        async def work(session: Session) -> Device | None:
            return await self.devices.use(refresh[:128], following, now=now, session=session)

        device = await self.developers.transaction(work)
        if device is None or await self.developers.store.developer(device.developer) is None:
            raise OAuthError("invalid_grant", "the refresh token is not good any more: sign in again")
        return self._told(device, following)

    def _told(self, device: Device, refresh: str) -> dict[str, Any]:
        token = self.developers.tokens.for_developer(
            developer=device.developer, organisation=device.organisation, device=device.id
        )
        return {**_bearer(token, DEVELOPER), "refresh_token": refresh}

    async def _for_backend(self, form: Mapping[str, str], address: str) -> dict[str, Any]:
        if form.get("client_assertion_type") != ASSERTION_TYPE:
            raise OAuthError("invalid_request", f"client_assertion_type must be {ASSERTION_TYPE}")
        app_id = ""
        try:
            shown = jose.take_apart(form.get("client_assertion", ""))
            app_id = _client_of(shown, form)
            await self._prove(shown, app_id)
        except (jose.TokenFault, AssertionFault, SignInRequired) as fault:
            await self.paces.charge(_REFUSED, f"{app_id} {address_group(address)}")
            raise OAuthError("invalid_client", "the program did not prove itself") from fault
        return _bearer(self.developers.tokens.for_backend(app_id), BACKEND)

    async def _prove(self, shown: jose.Unverified, app_id: str) -> None:
        """Raises: AssertionFault, SignInRequired (it is gone or blocked), Unavailable."""
        here, now = self.developers, self.developers.clock.now()
        app = await here.store.app(app_id)
        account = await here.store.account(app.organisation) if app else None
        if app is None or account is None or account.blocked:
            raise SignInRequired()
        keys = [key.jwk for key in app.keys(KeyUse.SIGN, now=now)]
        held = check_assertion(shown, keys, allowed=ALGORITHMS, audience=f"{self.issuer}{TOKEN_PATH}", now=now)
        left = timedelta(seconds=held.expires_at - epoch_s(now) + 2 * ASSERTION_LEEWAY_S)
        if not await self.pending.first(Mark.ASSERTION, f"{app_id} {held.jti}", life=left):
            raise AssertionFault("it was shown before")

    # --- where a developer is signed in

    async def signed_in(self, *, principal: Principal) -> Sequence[Device]:
        """A tool sees those of its own organisation alone. Raises: SignInRequired, Forbidden, Unavailable."""
        citizen, only = await self.developers.who(principal)
        developer = await self.developers.store.developer_of(citizen)
        if developer is None:
            return []
        found = await self.devices.devices_of(developer.id, now=self.developers.clock.now())
        return [one for one in found if only in ("", one.organisation)]

    async def end(self, *, principal: Principal, device: str) -> None:
        """Sign a tool out, at once; a tool, one of its own organisation. Raises: SignInRequired, Forbidden, NotFound,
        Unavailable.
        """
        citizen, only = await self.developers.who(principal)
        developer = await self.developers.store.developer_of(citizen)
        found = await self.devices.device(device) if is_id(device, prefix="mdv") else None
        if found is None or developer is None or found.developer != developer.id:
            raise NotFound(thing="device")
        if only not in ("", found.organisation):
            raise NotFound(thing="device")

        async def work(session: Session) -> None:
            await self.devices.end(found.id, session=session)
            await self._audit("device_signed_out", found.developer, found.organisation, found.id, session)

        await self.developers.transaction(work)

    async def _audit(self, kind: str, developer: str, organisation: str, device: str, session: Session) -> None:
        await self.developers.audit.append(
            f"developers.{kind}", actor=developer, subject=organisation, about={"device": device}, session=session
        )


def _check_tool(form: Mapping[str, str]) -> None:
    if form.get("client_id") != TOOL:
        raise OAuthError("invalid_client", f"client_id must be {TOOL}")


def _client_of(shown: jose.Unverified, form: Mapping[str, str]) -> str:
    """Raises: AssertionFault."""
    app_id = shown.claims.get("sub")
    if not isinstance(app_id, str) or len(app_id) > 128 or shown.claims.get("iss") != app_id:
        raise AssertionFault("iss and sub must be the program's id")
    if shown.header.get("typ", "JWT") != "JWT" or form.get("client_id", app_id) != app_id:
        raise AssertionFault("it is no assertion of this client's")
    return app_id


def _bearer(token: str, scope: str) -> dict[str, Any]:
    life = int(TOKEN_LIFE.total_seconds())
    return {"access_token": token, "token_type": "Bearer", "expires_in": life, "scope": scope}
