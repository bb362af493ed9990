"""A person with two accounts makes one of them.

Rules
- Asked for from the account that stays, with a fresh proof; the other account's phone shows a code, which says what it
  would do. Nothing is looked up before.
- The other account has level 1 or 2, so it knows its owner by that phone alone. It is refused where a code of the phone
  does not open it (a second factor, frozen, asleep), where it is joined to others (relations, organisations), while its
  owner leaves, and where it holds what cannot be moved. Each refusal says which.
- Then, in one transaction, it is closed: its sessions end, its phone is free, every room hears of it. What it holds is
  moved room by room, each step once and any of them again after a crash; what is left is forgotten, its key destroyed.
- Between closing and moving, its tokens have time to be refused in every process: nobody writes for it afterwards.
Source: docs/decisions/0037-a-lost-account-is-given-back-to-a-person-who-was-seen.md
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Protocol

from core.locale import Locale
from core.mongo import Session
from core.principal import Principal
from identity.arrivals import Origin
from identity.errors import CodeExpired
from identity.limits import MERGE_LIMITS
from identity.model import Citizen, CodeUse, EndReason, is_test_phone, parse_phone
from identity.recovery.desk import Desk
from identity.recovery.errors import KeepsTestPhone, MergeRefused, NothingToMerge, PhoneUnchanged, RecoveryUnderWay
from identity.recovery.model import CONFIRM_WITHIN, FRESH, MERGE_PREFIX, Merge, MergeState, ever_proven

ACCOUNTS_MERGED: Final = "identity.accounts_merged"
STEP_WITHIN: Final = timedelta(minutes=1)
# Revocations are read about once a second; with time for one that was begun before.
SETTLED_AFTER: Final = timedelta(seconds=5)

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Merging:
    """How a room takes part. holds: whether it holds of an account what cannot be moved. move: everything else, from
    the first account to the second; may be called again: moving twice is moving once.
    """

    name: str
    holds: Callable[[str], Awaitable[bool]]
    move: Callable[[str, str], Awaitable[None]]


class Forgets(Protocol):
    """A wing or a room that forgets an account that is gone (as in an erasure)."""

    @property
    def forget(self) -> Callable[[str], Awaitable[None]]: ...


@dataclass(frozen=True, slots=True)
class Merges:
    """Everybody's merges. leaving: whether an account is to be erased. shred: destroys an account's key."""

    desk: Desk
    rooms: Sequence[Merging]
    others: Sequence[Forgets]
    leaving: Callable[[str], Awaitable[bool]]
    shred: Callable[[str], Awaitable[object]]

    async def begin(self, *, principal: Principal, phone: str, locale: Locale, origin: Origin) -> Merge:
        """Have a code sent to the other account's phone. The answer is the same whether there is one.

        Raises: SignInRequired, Forbidden, StepUpRequired, PhoneInvalid, PhoneUnchanged (one's own), MergeRefused (one
            is under way), KeepsTestPhone, AccountFrozen, TooManyRequests, Unavailable.
        """
        await self.desk.require_fresh(principal, within=FRESH)
        number, me = parse_phone(phone), principal.subject
        await self.desk.charge_code("merge", me, MERGE_LIMITS, number, origin)
        id_ = self.desk.ids.new(MERGE_PREFIX)
        code, code_until = await self.desk.put_code(id_)
        asked = Merge(id_, me, number, MergeState.CODE_SENT, self.desk.now, code_until)

        async def work(session: Session) -> None:
            into = await self.desk.hold(me, session=session)
            if is_test_phone(into.phone):
                raise KeepsTestPhone()
            if into.phone == number:
                raise PhoneUnchanged()
            if await self.desk.store.merging(me, session=session):
                raise MergeRefused(because="UNDER_WAY")
            await self.desk.store.add_merge(asked, session=session)
            await self.desk.audit.append("merges.asked", actor=me, about={"merge": id_}, session=session)
            await self.desk.send_code(code, code_until, phone=number, use=CodeUse.MERGE, locale=locale, session=session)

        await self.desk.transaction(work)
        return asked

    async def confirm(self, *, principal: Principal, merge_id: str, code: str, origin: Origin) -> None:
        """Show the other phone's code: its account is closed, and what it holds is moved within a minute.

        Raises: SignInRequired, Forbidden, StepUpRequired, BadInput, CodeWrong, CodeExpired, NothingToMerge,
            MergeRefused, RecoveryUnderWay, AccountFrozen, TooManyRequests, Unavailable.
        """
        await self.desk.require_fresh(principal, within=CONFIRM_WITHIN)
        asked = await self.desk.store.merge(principal.subject, merge_id)
        if asked is None or asked.state is not MergeState.CODE_SENT or self.desk.now >= asked.code_until:
            raise CodeExpired()
        await self.desk.answer(asked.id, code, origin)
        found = await self.desk.accounts.citizen_of_phone(asked.phone)
        if found is None or found.id == asked.into:
            raise NothingToMerge()
        await self._check(found.id, asked.into)
        ended: list[str] = []

        async def work(session: Session) -> None:
            ended.clear()
            # In one order for everybody: of two that would merge each other, one comes first.
            held = {one: await self._held(one, session) for one in sorted((asked.into, found.id))}
            await self._may_close(held[found.id], asked.phone, session)
            if await self.desk.store.waiting(asked.into, session=session) is not None:
                raise RecoveryUnderWay()
            if not await self.desk.store.run_merge(
                asked, source=found.id, now=self.desk.now + SETTLED_AFTER, session=session
            ):
                raise CodeExpired()
            await self._close(found.id, asked, ended, session)

        await self.desk.transaction(work)
        await self.desk.revoke(ended)

    async def _check(self, source: str, into: str) -> None:
        """What rooms and wings know. Raises: MergeRefused, Unavailable."""
        if await self.desk.has_strong(source):
            raise MergeRefused(because="SECOND_FACTOR")
        if await self.leaving(source) or await self.leaving(into):
            raise MergeRefused(because="LEAVING")
        if await self.desk.accounts.delegations.running_of(source):
            raise MergeRefused(because="RELATIONS")
        for room in self.rooms:
            if await room.holds(source):
                raise MergeRefused(because=room.name)

    async def _held(self, citizen_id: str, session: Session) -> Citizen:
        citizen = await self.desk.accounts.hold_citizen(citizen_id, session=session)
        if citizen is None:
            raise NothingToMerge()
        return citizen

    async def _may_close(self, source: Citizen, phone: str, session: Session) -> None:
        """Raises: NothingToMerge, MergeRefused."""
        now = self.desk.now
        if source.phone != phone:
            raise NothingToMerge()  # it changed meanwhile
        if ever_proven(source):
            raise MergeRefused(because="REAL_NAME")
        if await self.desk.accounts.freezes.of(source.id, now=now, session=session) is not None:
            raise MergeRefused(because="FROZEN")
        last = await self.desk.accounts.signed_in_at(source.id, session=session)
        if last is None or now - last >= self.desk.waits.asleep:
            raise MergeRefused(because="ASLEEP")
        if await self.desk.store.merging(source.id, session=session):
            raise MergeRefused(because="UNDER_WAY")

    async def _close(self, source: str, merge: Merge, ended: list[str], session: Session) -> None:
        await self.desk.accounts.erase_citizen(source, now=self.desk.now, session=session)
        ended += await self.desk.sessions.end_all(source, because=EndReason.MERGED, session=session)
        about = {"merge": merge.id, "from": source, "into": merge.into}
        await self.desk.tell(ACCOUNTS_MERGED, "merges.closed", merge.into, about=about, session=session)

    # --- the job

    @property
    def steps(self) -> Sequence[Callable[[str, str], Awaitable[None]]]:
        """In this order; each may run again. The key goes last."""
        return (*(self._moving(room) for room in self.rooms), self._forget, self._shred)

    async def work(self) -> None:
        """Run every merge that is under way. Any number of processes may do so at once. Raises: Unavailable."""
        while (claimed := await self.desk.store.claim_merge(now=self.desk.now, lease=STEP_WITHIN)) is not None:
            try:
                await self._run(claimed)
            except Exception:
                # Carried on when the claim has run out, by whoever comes first.
                facts = {"merge": claimed.id, "claims": claimed.claims}
                _LOG.exception("a merge stopped half-way", extra={"facts": facts})

    async def _run(self, claimed: Merge) -> None:
        for number, step in enumerate(self.steps, start=1):
            if number <= claimed.steps:
                continue
            await step(claimed.source, claimed.into)
            if not await self.desk.store.note_step(claimed, steps=number, next_at=self.desk.now + STEP_WITHIN):
                return  # somebody else has it
        await self.desk.store.finish_merge(claimed, now=self.desk.now)

    def _moving(self, room: Merging) -> Callable[[str, str], Awaitable[None]]:
        async def move(source: str, into: str) -> None:
            # Whose account was erased meanwhile gets nothing more; what is left is forgotten with the other one.
            if await self.desk.accounts.citizens([into]):
                await room.move(source, into)

        return move

    async def _forget(self, source: str, into: str) -> None:
        gone = [source] if await self.desk.accounts.citizens([into]) else [source, into]
        for citizen in gone:
            await self.desk.accounts.delegations.forget(citizen)
            for other in self.others:
                await other.forget(citizen)

    async def _shred(self, source: str, into: str) -> None:
        await self.shred(source)
