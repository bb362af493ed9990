"""A citizen whose phone is lost gets their account back, on another phone.

Rules
- Whoever asks gets the same answer, in the same time, whether there is such an account: nothing looks for it until the
  new phone showed its code and a provider saw the person whom name and id number name (real-name level 4).
- What the asker holds is a secret, told once; the id that the account's owner sees opens nothing.
- Then it waits, and the old phone, the inbox and every session are told. Anybody who is signed in to the account stops
  it. A second phone that is proven for the same person stops both: that is for a counter.
- When it is finished the account has the new phone and one session; every way to sign in of before is gone, and every
  grant of a program's: whoever held the account may have given it.
- Never recovered here: an account without a proven id number, a child's, a frozen one, one that is gone; staff, who are
  no citizens and have their own office.
Source: docs/decisions/0037-a-lost-account-is-given-back-to-a-person-who-was-seen.md
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from core.crypto import digest
from core.errors import Unavailable
from core.locale import Locale
from core.mongo import Session
from core.principal import Method, Principal
from identity.arrivals import Origin
from identity.faces import FaceCheck
from identity.id_numbers import IdNumber
from identity.limits import PROOF_LIMITS, RECOVERY_LIMITS
from identity.model import (
    BY_PHONE,
    Audience,
    Citizen,
    CodeUse,
    EndReason,
    NoticeKind,
    is_test_phone,
    parse_device_name,
    parse_name,
    parse_phone,
)
from identity.recovery.desk import Desk
from identity.recovery.errors import (
    RealPersonNotProven,
    RecoveryDisputed,
    RecoveryExpired,
    RecoveryNotHere,
    RecoveryNotOpen,
    RecoveryWaits,
)
from identity.recovery.model import (
    FINISH_WITHIN,
    PROVE_WITHIN,
    RECOVERY_PREFIX,
    Recovery,
    RecoveryState,
    of_full_age,
)
from identity.recovery.phones import PhoneChanges
from identity.sessions import SignedIn

RECOVERY_WAITING: Final = "identity.recovery_waiting"
RECOVERY_STOPPED: Final = "identity.recovery_stopped"
ACCOUNT_RECOVERED: Final = "identity.account_recovered"
# How the session that is begun says it was proven: by the new phone, and by a face.
BY_FACE: Final = BY_PHONE | {Method.FACE.value}


class RealPerson(Protocol):
    """A provider that sees people, and signs whom it saw."""

    async def begin(self, *, name: str, id_number: str) -> FaceCheck:
        """A check of whether this person is there. Raises: Unavailable."""
        ...

    async def proves(self, result: str, *, check: str, name: str, id_number: str) -> bool:
        """Whether `result` is the provider's own word, for this check, that it saw this person. Raises: Unavailable."""
        ...


@dataclass(frozen=True, slots=True)
class Asked:
    """What its asker is told. secret: with which they go on; told once. check: where they are to be seen."""

    secret: str = field(repr=False)
    recovery: Recovery
    check: FaceCheck | None = None


@dataclass(frozen=True, slots=True)
class Recoveries:
    """Everybody's recoveries. provider: None where the city has none; then nothing can be recovered.

    also: what else becomes of an account in the transaction that gives it back, by its id: what it proved itself with
    is deleted, what its programs were granted ends, an erasure that was asked for is called off.
    """

    desk: Desk
    phones: PhoneChanges
    provider: RealPerson | None
    also: Sequence[Callable[[str, Session], Awaitable[object]]]

    # --- the asker's side

    async def begin(self, *, new_phone: str, name: str, id_number: str, locale: Locale, origin: Origin) -> Asked:
        """Have a code sent to the new phone. Looks for no account.

        Raises: PhoneInvalid, BadInput, IdNumberInvalid, TooManyRequests, Unavailable (also without a provider).
        """
        if self.provider is None:
            raise Unavailable()
        phone, said = parse_phone(new_phone), parse_name(name)
        number = IdNumber.parse(id_number, today=self.desk.now.date()).text
        await self.desk.charge_code("recovery", number, RECOVERY_LIMITS, phone, origin)
        id_, secret = self.desk.ids.new(RECOVERY_PREFIX), self.desk.sessions.new_secret()
        code, code_until = await self.desk.put_code(id_)
        state, now = RecoveryState.CODE_SENT, self.desk.now
        asked = Recovery(id_, digest(secret), phone, said, number, state, now, code_until)

        async def work(session: Session) -> None:
            await self.desk.store.add_recovery(asked, session=session)
            await self.desk.send_code(
                code, code_until, phone=phone, use=CodeUse.RECOVERY, locale=locale, session=session
            )

        await self.desk.transaction(work)
        return Asked(secret, asked)

    async def confirm(self, *, secret: str, code: str, origin: Origin) -> Asked:
        """Show the new phone's code; where the person is to be seen is told. Looks for no account.

        Raises: BadInput, RecoveryExpired, CodeWrong, CodeExpired, TooManyRequests, Unavailable.
        """
        asked = await self._asked(secret, RecoveryState.CODE_SENT)
        if self.provider is None:
            raise Unavailable()
        await self.desk.answer(asked.id, code, origin)
        check = await self.provider.begin(name=asked.name, id_number=asked.id_number)
        now = self.desk.now

        async def work(session: Session) -> Recovery | None:
            return await self.desk.store.move_recovery(
                asked,
                RecoveryState.PHONE_PROVEN,
                now=now,
                session=session,
                check=check.id,
                expires_at=now + PROVE_WITHIN,
            )

        proven = await self.desk.transaction(work)
        if proven is None:
            raise RecoveryExpired()
        return Asked(secret, proven, check)

    async def prove(self, *, secret: str, result: str) -> Asked:
        """Show what the provider signed: the recovery waits, and the account's owner is told.

        Raises: RecoveryExpired, RealPersonNotProven, RecoveryNotHere, RecoveryDisputed, TooManyRequests, Unavailable.
        """
        asked = await self._asked(secret, RecoveryState.PHONE_PROVEN)
        if self.provider is None:
            raise Unavailable()
        await self.desk.charge("recovery_proof", asked.id, PROOF_LIMITS)
        seen = await self.provider.proves(result, check=asked.check, name=asked.name, id_number=asked.id_number)
        if not seen:
            raise RealPersonNotProven()

        async def work(session: Session) -> Recovery | None:
            citizen = await self._recoverable(asked, session)
            waiting = await self.desk.store.waiting(citizen.id, session=session)
            if waiting is not None and waiting.phone != asked.phone:
                await self._stop(waiting, by="", session=session)
                await self.desk.store.move_recovery(
                    asked, RecoveryState.STOPPED, now=self.desk.now, session=session, citizen=citizen.id
                )
                return None
            if waiting is not None:
                await self._stop(waiting, by="", session=session)  # the same person, on the same phone, again
            return await self._wait(asked, citizen, session)

        moved = await self.desk.transaction(work)
        if moved is None:
            raise RecoveryDisputed()
        return Asked(secret, moved)

    async def finish(self, *, secret: str, device_name: str, origin: Origin) -> SignedIn:
        """After the wait: the account gets the new phone, and this its one session.

        Raises: BadInput, RecoveryExpired, RecoveryWaits, RecoveryNotHere, PhoneHasAccount, Unavailable.
        """
        device_name = parse_device_name(device_name)
        asked = await self.desk.store.recovery(digest(secret))
        if asked is None or asked.state is not RecoveryState.WAITING or asked.due_at is None:
            raise RecoveryExpired()
        if self.desk.now < asked.due_at:
            raise RecoveryWaits(due_at=asked.due_at)
        if self.desk.now >= asked.expires_at:
            raise RecoveryExpired()
        ended: list[str] = []

        async def work(session: Session) -> SignedIn:
            ended.clear()
            citizen = await self._recoverable(asked, session)
            if await self.desk.store.recovery(asked.secret, session=session) != asked:
                raise RecoveryExpired()  # stopped, or finished, meanwhile
            return await self._finish(asked, citizen, device_name, origin, ended, session)

        signed_in = await self.desk.transaction(work)
        await self.desk.revoke(ended)
        return signed_in

    # --- the owner's side

    async def stop(self, *, principal: Principal, recovery_id: str) -> Recovery:
        """Stop a recovery of the caller's account that waits; from any session of it, without another proof.

        Raises: SignInRequired, Forbidden, RecoveryNotOpen (also another's), Unavailable.
        """
        principal.require_citizen(principal.subject)

        async def work(session: Session) -> Recovery:
            await self.desk.hold(principal.subject, session=session)
            recovery = await self.desk.store.recovery_of(principal.subject, recovery_id, session=session)
            if recovery is None or recovery.state is not RecoveryState.WAITING:
                raise RecoveryNotOpen()
            return await self._stop(recovery, by=principal.actor, session=session)

        return await self.desk.transaction(work)

    async def standing(self, *, principal: Principal) -> list[Recovery]:
        """Recoveries that somebody was proven for, of the caller's account; newest first.

        Raises: SignInRequired, Forbidden, Unavailable.
        """
        principal.require_citizen(principal.subject)
        return await self.desk.store.recoveries(principal.subject)

    # --- what becomes of it

    async def _asked(self, secret: str, state: RecoveryState) -> Recovery:
        """Raises: RecoveryExpired."""
        asked = await self.desk.store.recovery(digest(secret))
        if asked is None or asked.state is not state or self.desk.now >= asked.expires_at:
            raise RecoveryExpired()
        return asked

    async def _recoverable(self, asked: Recovery, session: Session) -> Citizen:
        """The account, held. Raises: RecoveryNotHere, PhoneHasAccount."""
        found = await self.desk.accounts.citizen_of_id_number(asked.id_number, session=session)
        grown = of_full_age(asked.id_number, now=self.desk.now, zone=self.desk.zone)
        if found is None or not grown or is_test_phone(found.phone):
            raise RecoveryNotHere()
        citizen = await self.desk.accounts.hold_citizen(found.id, session=session)
        frozen = await self.desk.accounts.freezes.of(found.id, now=self.desk.now, session=session)
        if citizen is None or frozen is not None:
            raise RecoveryNotHere()
        await self.desk.free(asked.phone, of=citizen.id, session=session)
        return citizen

    async def _wait(self, asked: Recovery, citizen: Citizen, session: Session) -> Recovery | None:
        now = self.desk.now
        due_at = now + self.desk.waits.of(citizen.real_name_level)
        moved = await self.desk.store.move_recovery(
            asked,
            RecoveryState.WAITING,
            now=now,
            session=session,
            citizen=citizen.id,
            proven_at=now,
            due_at=due_at,
            expires_at=due_at + FINISH_WITHIN,
        )
        if moved is None:
            raise RecoveryExpired()
        change = await self.desk.store.change(citizen.id, session=session)
        if change is not None and change.open:
            await self.phones.cancelled(change, session=session)
        about = {"recovery": asked.id, "due_at": due_at.isoformat()}
        await self.desk.tell(RECOVERY_WAITING, "recoveries.waiting", citizen.id, about=about, session=session)
        await self.desk.tell_phone(citizen.phone, NoticeKind.RECOVERY_WAITS, session=session)
        return moved

    async def _stop(self, recovery: Recovery, *, by: str, session: Session) -> Recovery:
        """by: who is signed in; "" where another recovery stops it."""
        stopped = await self.desk.store.move_recovery(
            recovery, RecoveryState.STOPPED, now=self.desk.now, session=session
        )
        if stopped is None:
            raise RecoveryNotOpen()
        about: dict[str, str | int | bool] = {"recovery": recovery.id, "by_owner": bool(by)}
        await self.desk.tell(RECOVERY_STOPPED, "recoveries.stopped", recovery.citizen, about=about, session=session)
        return stopped

    async def _finish(
        self, asked: Recovery, citizen: Citizen, device_name: str, origin: Origin, ended: list[str], session: Session
    ) -> SignedIn:
        now = self.desk.now
        await self.desk.store.move_recovery(asked, RecoveryState.DONE, now=now, session=session)
        ended += await self.desk.sessions.end_all(citizen.id, because=EndReason.RECOVERED, session=session)
        for step in self.also:
            await step(citizen.id, session)
        await self.desk.accounts.set_phone(citizen.id, asked.phone, now=now, session=session)
        about: dict[str, str | int | bool] = {"recovery": asked.id, "sessions": len(ended)}
        await self.desk.tell(ACCOUNT_RECOVERED, "recoveries.finished", citizen.id, about=about, session=session)
        if citizen.phone != asked.phone:
            await self.desk.tell_phone(citizen.phone, NoticeKind.RECOVERED, session=session)
        recovered = await self.desk.accounts.account(citizen.id, Audience.CITIZEN, session=session)
        assert recovered is not None, "it is held"
        return await self.desk.sessions.begin(
            recovered,
            audience=Audience.CITIZEN,
            device_name=device_name,
            methods=BY_FACE,
            origin=origin,
            session=session,
        )
