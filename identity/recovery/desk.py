"""What every verb of this wing stands on, and what all of them do alike.

Rules
- A code belongs to one change, recovery or merge, and opens nothing else; asking for it and answering it are counted as
  a sign-in's, and asking also by the account or person that it is asked for.
- Nothing looks whether a number has an account before its code was shown.
- What is decided is decided in one transaction that holds the account's row (`IdentityStore.hold_citizen`), with its
  event and its entry in the audit.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Final, TypeVar

from core.audit import About, AuditLog
from core.clock import Clock, to_ms
from core.crypto import FieldCipher
from core.events import Outbox
from core.ids import Ids
from core.locale import Locale
from core.mongo import Session
from core.principal import Principal
from identity.arrivals import Origin
from identity.charges import Charge
from identity.codes import SignInCodes
from identity.errors import AccountFrozen, TokenInvalid
from identity.limits import Limit
from identity.model import Audience, Citizen, CodeUse, NoticeKind, parse_code
from identity.recovery.errors import PhoneHasAccount
from identity.recovery.model import Waits
from identity.recovery.store import RecoveryStore
from identity.sessions import Sessions
from identity.sms import CODE_REQUESTED, NOTICE_DUE, PhoneNotice, SignInMessage
from identity.store import IdentityStore, PhoneTaken

R = TypeVar("R")

PHONE_CHANGED: Final = "identity.phone_changed"


@dataclass(frozen=True, slots=True)
class Desk:
    """has_strong: whether an account has a strong method, which is then asked for. zone: the city's."""

    store: RecoveryStore
    accounts: IdentityStore
    sessions: Sessions
    codes: SignInCodes
    outbox: Outbox
    audit: AuditLog
    cipher: FieldCipher
    ids: Ids
    clock: Clock
    waits: Waits
    has_strong: Callable[[str], Awaitable[bool]]
    new_code: Callable[[], str]
    zone: tzinfo

    @property
    def now(self) -> datetime:
        return to_ms(self.clock.now())

    async def transaction(self, work: Callable[[Session], Awaitable[R]]) -> R:
        """Raises: PhoneHasAccount (a number got its account at this instant), Unavailable; what `work` raises."""
        try:
            return await self.store.transaction(work)
        except PhoneTaken as fault:
            raise PhoneHasAccount() from fault

    async def require_fresh(self, principal: Principal, *, within: timedelta) -> None:
        """Raises: SignInRequired, Forbidden (staff, or acts for another), StepUpRequired, Unavailable."""
        principal.require_citizen(principal.subject)
        strong = await self.has_strong(principal.actor)
        principal.require_fresh(now=self.clock.now(), max_age=within, strong=strong)

    async def hold(self, citizen_id: str, *, session: Session) -> Citizen:
        """The caller's own account. Raises: TokenInvalid (it is gone), AccountFrozen."""
        citizen = await self.accounts.hold_citizen(citizen_id, session=session)
        if citizen is None:
            raise TokenInvalid()
        freeze = await self.accounts.freezes.of(citizen_id, now=self.clock.now(), session=session)
        if freeze is not None:
            raise AccountFrozen(until=freeze.until, reference=freeze.by)
        return citizen

    # --- codes

    async def charge(self, kind: str, subject: str, limits: tuple[Limit, ...]) -> None:
        """Raises: TooManyRequests, Unavailable."""
        await self.codes.charges.charge([Charge(self.codes.charges.key(kind, subject), limits)])

    async def charge_code(self, kind: str, subject: str, limits: tuple[Limit, ...], phone: str, origin: Origin) -> None:
        """Count a code that is asked for: by where from, by the phone it goes to, by whom it is for.

        Raises: TooManyRequests, Unavailable.
        """
        await self.charge(kind, subject, limits)
        await self.codes.charge_request(phone=phone, device_id=origin.device_id, address=origin.address)

    async def put_code(self, key: str) -> tuple[str, datetime]:
        """A code that is good for `key` alone, and until when. Raises: Unavailable."""
        code = self.new_code()
        return code, await self.codes.put(audience=Audience.CITIZEN, phone=key, code=code)

    async def send_code(
        self, code: str, expires_at: datetime, *, phone: str, use: CodeUse, locale: Locale, session: Session
    ) -> None:
        message = SignInMessage(self.ids.new("scr"), Audience.CITIZEN, phone, code, locale, expires_at, use)
        await self.outbox.append(name=CODE_REQUESTED, payload=message.sealed(self.cipher), session=session)

    async def answer(self, key: str, code: str, origin: Origin) -> None:
        """Take the code of `key`; of two who do so one comes through.

        Raises: BadInput, CodeWrong, CodeExpired, TooManyRequests, Unavailable.
        """
        await self.codes.answer(
            audience=Audience.CITIZEN,
            phone=key,
            code=parse_code(code),
            device_id=origin.device_id,
            address=origin.address,
        )

    # --- what follows

    async def free(self, phone: str, *, of: str, session: Session) -> None:
        """That no other account than `of` has this number. Raises: PhoneHasAccount."""
        holder = await self.accounts.citizen_of_phone(phone, session=session)
        if holder is not None and holder.id != of:
            raise PhoneHasAccount()

    async def tell(
        self, event: str, kind: str, citizen: str, *, about: About, session: Session, actor: str = ""
    ) -> None:
        """An event of the citizen's, and an entry in the audit. actor: "" for themself."""
        await self.outbox.append(name=event, payload={"citizen": citizen, **about}, session=session)
        await self.audit.append(kind, actor=actor or citizen, subject=citizen, about=about, session=session)

    async def tell_phone(self, phone: str | None, kind: NoticeKind, *, session: Session) -> None:
        if phone is not None:
            notice = PhoneNotice(self.ids.new("ntc"), phone, kind)
            await self.outbox.append(name=NOTICE_DUE, payload=notice.sealed(self.cipher), session=session)

    async def revoke(self, ended: Sequence[str]) -> None:
        """After the transaction that ended these sessions."""
        for id_ in ended:
            await self.sessions.revocations.add(id_)
