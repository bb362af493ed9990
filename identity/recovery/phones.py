"""A citizen changes the phone of their account.

Rules
- Asked for with a fresh proof, and a strong one where the account has something strong. The new phone shows a code, and
  only then is looked whether it has an account: if so nothing changes, and merging is the way.
- By two factors, or by the old phone alone just now, it takes effect at once; otherwise after the cool-off, in which
  any session of the account calls it off. The old phone and the inbox are told either way.
- When it takes effect every session but the one that asked ends, and what was proven before begins no session.
- While somebody's recovery of the account waits, its phone does not change; a change that waits falls with it.
Source: docs/decisions/0036-a-phone-changes-at-once-only-for-two-proofs.md
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from core.errors import Unavailable
from core.locale import Locale
from core.mongo import Session
from core.principal import Principal
from identity.arrivals import Origin
from identity.errors import CodeExpired
from identity.limits import PHONE_CHANGE_LIMITS
from identity.model import Citizen, CodeUse, EndReason, NoticeKind, is_test_phone, parse_phone
from identity.recovery.desk import PHONE_CHANGED, Desk
from identity.recovery.errors import (
    KeepsTestPhone,
    PhoneChangeNotOpen,
    PhoneChangeWaits,
    PhoneUnchanged,
    RecoveryUnderWay,
)
from identity.recovery.model import CHANGE_PREFIX, CONFIRM_WITHIN, FRESH, ChangeState, PhoneChange, at_once

PHONE_CHANGE_WAITING: Final = "identity.phone_change_waiting"
PHONE_CHANGE_CANCELLED: Final = "identity.phone_change_cancelled"
# A change that could not take effect, because its account is frozen or a process died, is looked at again.
AGAIN_AFTER: Final = timedelta(minutes=5)

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class PhoneChanges:
    """Everybody's changes of phone."""

    desk: Desk

    async def open(self) -> None:
        """Make the indexes."""
        await self.desk.store.open()

    async def begin(self, *, principal: Principal, new_phone: str, locale: Locale, origin: Origin) -> PhoneChange:
        """Have a code sent to the new phone. The answer is the same whether that has an account.

        Raises: SignInRequired, Forbidden, StepUpRequired, PhoneInvalid, PhoneUnchanged, PhoneChangeWaits,
            KeepsTestPhone, RecoveryUnderWay, AccountFrozen, TooManyRequests, Unavailable.
        """
        await self.desk.require_fresh(principal, within=FRESH)
        phone, me = parse_phone(new_phone), principal.subject
        await self.desk.charge_code("phone_change", me, PHONE_CHANGE_LIMITS, phone, origin)
        id_ = self.desk.ids.new(CHANGE_PREFIX)
        code, code_until = await self.desk.put_code(id_)
        now = self.desk.now
        asked = PhoneChange(id_, me, phone, ChangeState.CODE_SENT, principal.session_id, now, code_until)

        async def work(session: Session) -> PhoneChange:
            citizen = await self._may_change(me, session)
            if citizen.phone == phone:
                raise PhoneUnchanged()
            before = await self.desk.store.change(me, session=session)
            if before is not None and before.state is ChangeState.WAITING:
                assert before.effective_at is not None, "it waits"
                raise PhoneChangeWaits(effective_at=before.effective_at)
            if before is not None and before.open:
                await self.desk.store.put_change(replace(before, state=ChangeState.CANCELLED), now=now, session=session)
            await self.desk.store.put_change(asked, now=now, session=session)
            await self.desk.audit.append("phones.change_asked", actor=me, about={"change": id_}, session=session)
            await self.desk.send_code(
                code, code_until, phone=phone, use=CodeUse.NEW_PHONE, locale=locale, session=session
            )
            return asked

        return await self.desk.transaction(work)

    async def confirm(self, *, principal: Principal, code: str, origin: Origin) -> PhoneChange:
        """Show the new phone's code: the change takes effect, or waits.

        Raises: SignInRequired, Forbidden, StepUpRequired, BadInput, CodeWrong, CodeExpired, PhoneHasAccount,
            RecoveryUnderWay, AccountFrozen, TooManyRequests, Unavailable.
        """
        await self.desk.require_fresh(principal, within=CONFIRM_WITHIN)
        asked = await self.desk.store.change(principal.subject)
        if asked is None or asked.state is not ChangeState.CODE_SENT or self.desk.now >= asked.code_until:
            raise CodeExpired()
        await self.desk.answer(asked.id, code, origin)
        ended: list[str] = []

        async def work(session: Session) -> PhoneChange:
            ended.clear()
            citizen = await self._may_change(asked.citizen, session)
            if await self.desk.store.change(asked.citizen, session=session) != asked:
                raise CodeExpired()  # cancelled, or asked for anew, meanwhile
            await self.desk.free(asked.phone, of=citizen.id, session=session)
            if at_once(principal):
                return await self._take_effect(citizen, asked, ended, session)
            return await self._wait(citizen, asked, session)

        changed = await self.desk.transaction(work)
        await self.desk.revoke(ended)
        return changed

    async def cancel(self, *, principal: Principal) -> PhoneChange:
        """Call off the change that is open; from any session of the account, without another proof.

        Raises: SignInRequired, Forbidden, PhoneChangeNotOpen, Unavailable.
        """
        principal.require_citizen(principal.subject)

        async def work(session: Session) -> PhoneChange:
            await self.desk.hold(principal.subject, session=session)
            change = await self.desk.store.change(principal.subject, session=session)
            if change is None or not change.open:
                raise PhoneChangeNotOpen()
            return await self.cancelled(change, session=session)

        return await self.desk.transaction(work)

    async def newest(self, *, principal: Principal) -> PhoneChange | None:
        """The caller's newest change, also one that has ended. Raises: SignInRequired, Forbidden, Unavailable."""
        principal.require_citizen(principal.subject)
        return await self.desk.store.change(principal.subject)

    async def cancelled(self, change: PhoneChange, *, session: Session) -> PhoneChange:
        """Called off, in a transaction that holds the account."""
        off = replace(change, state=ChangeState.CANCELLED)
        await self.desk.store.put_change(off, now=self.desk.now, session=session)
        await self.desk.tell(
            PHONE_CHANGE_CANCELLED,
            "phones.change_cancelled",
            change.citizen,
            about={"change": change.id},
            session=session,
        )
        return off

    # --- the job

    async def work(self) -> None:
        """Make every change that has waited long enough take effect. Any number of processes may do so at once.

        Raises: Unavailable.
        """
        while True:
            now = self.desk.now
            due = await self.desk.store.due_change(now=now, again_at=now + AGAIN_AFTER)
            if due is None:
                return
            try:
                await self._mature(due)
            except Unavailable:
                raise
            except Exception:
                _LOG.exception("a change of phone does not take effect", extra={"facts": {"change": due.id}})

    async def _mature(self, due: PhoneChange) -> None:
        ended: list[str] = []

        async def work(session: Session) -> None:
            ended.clear()
            citizen = await self.desk.accounts.hold_citizen(due.citizen, session=session)
            if await self.desk.store.change(due.citizen, session=session) != due:
                return  # called off, or in effect, meanwhile
            if citizen is None:
                await self._refuse(due, session)  # erased meanwhile
            elif await self.desk.accounts.freezes.of(due.citizen, now=self.desk.now, session=session) is not None:
                return  # waits on
            elif await self.desk.accounts.citizen_of_phone(due.phone, session=session) is not None:
                await self._refuse(due, session)
            else:
                await self._take_effect(citizen, due, ended, session)

        await self.desk.transaction(work)
        await self.desk.revoke(ended)

    # --- what becomes of it

    async def _may_change(self, citizen_id: str, session: Session) -> Citizen:
        """Raises: TokenInvalid, AccountFrozen, KeepsTestPhone, RecoveryUnderWay."""
        citizen = await self.desk.hold(citizen_id, session=session)
        if is_test_phone(citizen.phone):
            raise KeepsTestPhone()
        if await self.desk.store.waiting(citizen_id, session=session) is not None:
            raise RecoveryUnderWay()
        return citizen

    async def _wait(self, citizen: Citizen, asked: PhoneChange, session: Session) -> PhoneChange:
        due_at = self.desk.now + self.desk.waits.change
        waiting = replace(asked, state=ChangeState.WAITING, effective_at=due_at)
        await self.desk.store.put_change(waiting, now=self.desk.now, session=session)
        about = {"change": asked.id, "due_at": due_at.isoformat()}
        await self.desk.tell(PHONE_CHANGE_WAITING, "phones.change_waits", citizen.id, about=about, session=session)
        await self.desk.tell_phone(citizen.phone, NoticeKind.PHONE_CHANGE_WAITS, session=session)
        return waiting

    async def _take_effect(
        self, citizen: Citizen, change: PhoneChange, ended: list[str], session: Session
    ) -> PhoneChange:
        now = self.desk.now
        done = replace(change, state=ChangeState.DONE, effective_at=now)
        await self.desk.accounts.set_phone(citizen.id, change.phone, now=now, session=session)
        await self.desk.store.put_change(done, now=now, session=session)
        ended += await self.desk.sessions.end_all(
            citizen.id, but=change.session_id, because=EndReason.PHONE_CHANGED, session=session
        )
        about: dict[str, str | int | bool] = {"change": change.id, "sessions": len(ended)}
        await self.desk.tell(PHONE_CHANGED, "phones.changed", citizen.id, about=about, session=session)
        await self.desk.tell_phone(citizen.phone, NoticeKind.PHONE_CHANGED, session=session)
        return done

    async def _refuse(self, change: PhoneChange, session: Session) -> None:
        refused = replace(change, state=ChangeState.REFUSED)
        await self.desk.store.put_change(refused, now=self.desk.now, session=session)
        await self.desk.audit.append(
            "phones.change_refused", actor=change.citizen, about={"change": change.id}, session=session
        )
