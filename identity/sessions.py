"""Sessions: begun by whoever proved themself, carried on by refresh tokens, ended by their owner or by theft.

Rules
- However somebody signs in, the session begins here, and says how it was proven (`methods`, RFC 8176) and when.
- A refresh token is good once; a second use ends the session, whoever comes second (decision 0004). One of a session's
  tokens is good at a time: the last.
- Proving oneself again (step-up) does not begin a session: it makes the one that runs surer.
- What an account may do is read again each time a token is made.
- A session may be bound to a key of its device. Then its refresh token is nothing without a proof of that key: it is
  neither used up nor reuse (docs/decisions/0038-a-bound-session-is-nothing-without-its-key.md).
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from core.audit import AuditLog
from core.clock import Clock
from core.crypto import digest, same
from core.errors import DomainError, Forbidden, NotFound, SignInRequired
from core.events import Outbox
from core.ids import Ids, is_id
from core.mongo import Session
from core.paging import Page, PageRequest
from core.principal import Principal, strong
from identity.arrivals import NOWHERE, Arrival, Origin, Settled, Watch
from identity.errors import AccountFrozen, RefreshInvalid, RefreshKeyMissing, RefreshReused, TokenInvalid
from identity.model import (
    Account,
    Audience,
    Citizen,
    DeviceSession,
    EndReason,
    RefreshToken,
    Rotation,
    Staff,
    judge_refresh,
)
from identity.relations import FRESH
from identity.revocations import Revocations
from identity.store import IdentityStore
from identity.tokens import AccessToken, AccessTokens

SIGNED_IN: Final = "identity.signed_in"
SESSION_ENDED: Final = "identity.session_ended"

_SECRET: Final = re.compile(r"[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A session and the two tokens that stand for it. The refresh token is told this once."""

    session: DeviceSession
    access: AccessToken
    refresh: str = field(repr=False)
    refresh_expires_at: datetime


def random_secret() -> str:
    """256 bits, as 43 characters of base64url."""
    return secrets.token_urlsafe(32)


@dataclass(frozen=True, slots=True)
class Sessions:
    """Everybody's sessions. watch: who looks at sign-ins; None where nobody does."""

    store: IdentityStore
    tokens: AccessTokens
    revocations: Revocations
    outbox: Outbox
    audit: AuditLog
    ids: Ids
    clock: Clock
    new_secret: Callable[[], str] = random_secret
    watch: Watch | None = None

    async def begin(
        self,
        account: Account,
        *,
        audience: Audience,
        device_name: str,
        methods: frozenset[str],
        session: Session,
        origin: Origin = NOWHERE,
        failures: int = 0,
        vouched: bool = False,
        proven_at: datetime | None = None,
        enrolling: bool = False,
    ) -> SignedIn:
        """A session for somebody who has proven themself by `methods`, in the caller's transaction.

        origin, failures, vouched: see `Arrival`. proven_at: when, if that was not now. enrolling: see `DeviceSession`.
        Raises: RefreshInvalid (the account has just been erased or suspended, or its phone changed since
            `proven_at`), AccountFrozen.
        """
        await self._note(account, proven_at, session)
        id, settled = self.ids.new("ses"), Settled()
        if self.watch is not None:
            arrival = Arrival(account.id, origin, methods, failures, vouched)
            settled = await self.watch.welcome(arrival, device_name=device_name, session_id=id, session=session)
        begun = DeviceSession.begin(
            id=id,
            account_id=account.id,
            audience=audience,
            device_name=device_name,
            methods=methods,
            now=self.clock.now(),
            proven_at=proven_at,
            enrolling=enrolling,
            device_id=settled.device_id,
            jkt=origin.jkt,
            cooling_until=settled.cooling_until,
        )
        secret = self.new_secret()
        await self.store.add_session(replace(begun, refresh=digest(secret)), session=session)
        payload = {"account_id": account.id, "session_id": begun.id, "audience": audience.value}
        await self.outbox.append(name=SIGNED_IN, payload=payload, session=session)
        about = {"session": begun.id, "methods": sorted(methods)}
        await self.audit.append("sessions.begun", actor=account.id, about=about, session=session)
        return await self._hand_out(account, begun, secret, session)

    async def _note(self, account: Account, proven_at: datetime | None, session: Session) -> None:
        """Write the account's row, so that what ends the account, or freezes it, comes before this or after it."""
        now = self.clock.now()
        if isinstance(account, Citizen):
            noted = await self.store.note_sign_in(account.id, now=now, session=session, proven_at=proven_at)
        else:
            noted = await self.store.note_staff_sign_in(account.id, now=now, session=session)
        if not noted:
            raise RefreshInvalid()

    async def confirm(self, *, principal: Principal, methods: frozenset[str], session: Session) -> SignedIn:
        """Step-up: the session that asks was proven again, by `methods`; its new tokens say so.

        Raises: TokenInvalid (the session has just been ended).
        Source: RFC 9470.
        """
        device = await self.strengthen(principal=principal, methods=methods, session=session)
        return await self._continue(device, session)

    async def strengthen(self, *, principal: Principal, methods: frozenset[str], session: Session) -> DeviceSession:
        """Note that the session that asks was proven again; its tokens say so when they are next renewed.

        Raises: TokenInvalid (the session has just been ended).
        """
        device = await self.store.confirm_session(
            principal.session_id, methods=methods, now=self.clock.now(), session=session
        )
        if device is None or device.account_id != principal.actor:
            raise TokenInvalid()
        if self.watch is not None and strong(methods) and device.device_id:
            await self.watch.proven(device.device_id, session=session)
        about = {"session": device.id, "methods": sorted(methods)}
        await self.audit.append("sessions.confirmed", actor=device.account_id, about=about, session=session)
        return device

    async def bind(self, *, principal: Principal, jkt: str, session: Session) -> SignedIn | None:
        """Bind the session that asks to a key: new tokens that name it. None when it was ended or is bound already."""
        bound = await self.store.bind_session(principal.session_id, jkt=jkt, session=session)
        return await self._continue(bound, session) if bound is not None else None

    async def refresh(self, *, refresh_token: str, jkt: str = "") -> SignedIn:
        """Change a refresh token for new tokens, once. A second use ends the session, whoever comes second.

        jkt: of the key that the caller proved to hold. Raises: RefreshReused, RefreshInvalid, RefreshKeyMissing,
            AccountFrozen, Unavailable.
        Source: docs/decisions/0004-refresh-tokens-rotate-and-reuse-ends-the-family.md
        """
        if not _SECRET.fullmatch(refresh_token):
            raise RefreshInvalid()
        name = digest(refresh_token)

        async def work(session: Session) -> SignedIn | DeviceSession | None:
            token = await self.store.refresh_token(name, session=session)
            device = await self.store.session(token.session_id, session=session) if token else None
            if device is not None and device.jkt and not same(device.jkt.encode(), jkt.encode()):
                about = {"session": device.id}
                await self.audit.append("sessions.key_missing", actor=device.account_id, about=about, session=session)
                return None
            verdict = judge_refresh(token=token, session=device, now=self.clock.now())
            if device is None or verdict is Rotation.INVALID:
                raise await self._refusal(device, session)
            if verdict is Rotation.REUSED:
                await self._end(device, EndReason.REFRESH_REUSED, session)
                return device
            await self.store.use_refresh(name, now=self.clock.now(), session=session)
            return await self._continue(device, session)

        result = await self.store.transaction(work)
        if result is None:
            raise RefreshKeyMissing()
        if isinstance(result, DeviceSession):
            await self.revocations.add(result.id)
            raise RefreshReused()
        return result

    async def _refusal(self, device: DeviceSession | None, session: Session) -> DomainError:
        """A frozen account's owner is told why their session has ended; they hold its token."""
        if device is not None and device.audience is Audience.CITIZEN:
            freeze = await self.store.freezes.of(device.account_id, now=self.clock.now(), session=session)
            if freeze is not None:
                return AccountFrozen(until=freeze.until, reference=freeze.by)
        return RefreshInvalid()

    async def _continue(self, device: DeviceSession, session: Session) -> SignedIn:
        """The account is read again: what it may do now is what the new token says."""
        account = await self.store.account(device.account_id, device.audience, session=session)
        if account is None or (isinstance(account, Staff) and account.suspended):
            raise RefreshInvalid()
        now, secret = self.clock.now(), self.new_secret()
        used = await self.store.extend_session(
            device.id, now=now, idle_until=device.refresh_until(now), refresh=digest(secret), session=session
        )
        return await self._hand_out(account, used, secret, session)

    async def _hand_out(self, account: Account, device: DeviceSession, secret: str, session: Session) -> SignedIn:
        expires_at = device.refresh_until(self.clock.now())
        await self.store.add_refresh(RefreshToken(digest(secret), device.id, expires_at), session=session)
        access = self.tokens.issue(account.principal(device))
        return SignedIn(device, access, secret, expires_at)

    async def sign_out(self, *, principal: Principal) -> None:
        """End the session that asks. Raises: SignInRequired, Forbidden (acts for another), Unavailable."""
        as_oneself(principal)
        await self.revoke(principal=principal, session_id=principal.session_id, because=EndReason.SIGNED_OUT)

    async def revoke(
        self, *, principal: Principal, session_id: str, because: EndReason = EndReason.REVOKED
    ) -> DeviceSession:
        """End one of the caller's own sessions, at once; one that has ended stays as it is.

        A device that is not trusted ends no session but its own without a strong proof.
        Raises: SignInRequired, Forbidden (acts for another), NotFound (also for another's session), StepUpRequired,
            Unavailable.
        """
        as_oneself(principal)
        if session_id != principal.session_id:
            self.trusted(principal)

        async def work(session: Session) -> DeviceSession:
            device = await self.store.session(session_id, session=session) if is_id(session_id, prefix="ses") else None
            if device is None or device.account_id != principal.actor:
                raise NotFound(thing="session")
            return await self._end(device, because, session)

        ended = await self.store.transaction(work)
        await self.revocations.add(ended.id)
        return ended

    def trusted(self, principal: Principal) -> None:
        """For what somebody on a new device must not do to the others. Raises: SignInRequired, StepUpRequired."""
        now = self.clock.now()
        if principal.cooling(now):
            principal.require_fresh(now=now, max_age=FRESH)

    async def _end(self, device: DeviceSession, because: EndReason, session: Session) -> DeviceSession:
        ended = await self.store.end_session(
            device.id, account_id=device.account_id, now=self.clock.now(), because=because, session=session
        )
        if ended is None:
            return device
        payload = {"account_id": device.account_id, "session_id": device.id, "because": because.value}
        await self.outbox.append(name=SESSION_ENDED, payload=payload, session=session)
        about = {"session": device.id, "because": because.value}
        await self.audit.append("sessions.ended", actor=device.account_id, about=about, session=session)
        return ended

    async def end_all(
        self, account_id: str, *, but: str = "", device_id: str = "", because: EndReason, session: Session
    ) -> list[str]:
        """End an account's sessions, `but` that one; their ids, to be revoked when the transaction has committed.

        device_id: those on this device alone; empty for all.
        """
        running = await self.store.running_sessions(account_id, device_id=device_id, session=session)
        ended = [id_ for id_ in running if id_ != but]
        for id_ in ended:
            device = await self.store.session(id_, session=session)
            assert device is not None, "read in this transaction"
            await self._end(device, because, session)
        return ended

    async def page(self, *, principal: Principal, request: PageRequest) -> Page[DeviceSession]:
        """The caller's own sessions, newest first. Raises: SignInRequired, Forbidden (delegated), Unavailable."""
        as_oneself(principal)
        return await self.store.sessions(principal.actor, request=request, now=self.clock.now())


def as_oneself(principal: Principal) -> None:
    """For what belongs to a person's own account, whose session it is. Raises: SignInRequired, Forbidden."""
    if not principal.authenticated:
        raise SignInRequired()
    if principal.delegated:
        raise Forbidden()
