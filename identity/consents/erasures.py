"""An account is erased: asked for, waited out, then done step by step until nobody can read any of it.

Rules
- Asked for with a fresh proof. Until the grace period is over its owner can call it off; a legal hold makes it wait.
- Then, each step once and any of them again after a crash: the account is closed (its sessions end, its phone and id
  number are free, an event tells every room), what joined it to others ends, the wings and rooms forget, and last the
  person's key is destroyed, with which all that is sealed with it stays sealed for ever, in backups too.
- Between closing the account and what follows, its tokens have time to be refused in every process: nobody writes for
  the account after it was forgotten.
- Signing in writes the account's row, as closing it does: of the two at one instant, one comes first and the other sees
  it. So no session outlives the account.
- What the law wants kept is kept, under an id that leads to nobody: `RETAINED`.
Source: PIPL article 47; docs/decisions/0025-an-account-is-erased-by-destroying-its-key.md
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from core.audit import AuditLog
from core.clock import Clock, to_ms
from core.errors import NotFound
from core.events import Outbox
from core.ids import Ids, is_id
from core.locale import Text
from core.mongo import Session
from core.personal import PersonalCipher
from core.principal import Principal, PrincipalKind
from identity.acting import RELATION_ENDED
from identity.consents.erasing import ERASURE_PREFIX, HOLD_PREFIX, Erasure, ErasureState, ErasureStore, Hold
from identity.consents.errors import ErasureAsked, ErasureNotWaiting, HoldInvalid, OwnsOrganisations
from identity.consents.service import Consents
from identity.consents.shelf import Shelf
from identity.four_eyes import FourEyes
from identity.model import EndReason, parse_reason
from identity.relations import RelationKind, Role
from identity.revocations import Revocations
from identity.sessions import SESSION_ENDED
from identity.store import IdentityStore

ERASURE_ASKED: Final = "identity.erasure_asked"
ERASURE_CANCELLED: Final = "identity.erasure_cancelled"
ACCOUNT_ERASED: Final = "identity.account_erased"
FRESH: Final = timedelta(minutes=5)
STEP_WITHIN: Final = timedelta(minutes=1)
# Revocations are read about once a second; with time for one that was begun before.
SETTLED_AFTER: Final = timedelta(seconds=5)
HOLD_SCOPE: Final = "accounts:hold"
HOLD_MAX: Final = timedelta(days=3 * 365)

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Retained:
    """what: is kept after an erasure. why: the law that says so, and for how long."""

    what: Text
    why: Text


RETAINED: Final = (
    Retained(
        Text(
            zh="缴费、退款与账簿记录（不含姓名、手机号）", en="Payments, refunds and the books, without name or phone"
        ),
        Text(
            zh="《会计档案管理办法》：会计凭证和账簿保存 30 年",
            en="Measures for Accounting Archives: vouchers and books are kept for 30 years",
        ),
    ),
    Retained(
        Text(zh="签发给您的证照的签发与注销记录", en="That licences were issued to you, and revoked"),
        Text(
            zh="《档案法》：行政机关履职形成的档案由签发部门保存",
            en="Archives Law: the issuing department keeps the records of its acts",
        ),
    ),
    Retained(
        Text(zh="安全审计与访问日志（仅编号）", en="The security audit and the access log, ids only"),
        Text(
            zh="《网络安全法》第二十一条：网络日志留存不少于六个月",
            en="Cybersecurity Law, article 21: network logs are kept for six months or longer",
        ),
    ),
    Retained(
        Text(zh="授权的给出与撤回记录（仅编号）", en="That consents were given and withdrawn, ids only"),
        Text(
            zh="《个人信息保护法》第五十六条：处理情况记录至少保存三年",
            en="PIPL, article 56: records of processing are kept for three years or longer",
        ),
    ),
)


@dataclass(frozen=True, slots=True)
class Forgetting:
    """What a wing or a room does to forget a citizen. May be called again: forgetting twice is forgetting once."""

    name: str
    forget: Callable[[str], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Standing:
    """How an erasure stands. held_until: None when no legal hold makes it wait."""

    erasure: Erasure
    held_until: datetime | None


@dataclass(frozen=True, slots=True)
class Erasures:
    """Everybody's erasures. grace: from asking to erasing. second_factor: as in `Downloads`."""

    erasures: ErasureStore
    store: IdentityStore
    personal: PersonalCipher
    consents: Consents
    shelf: Shelf
    revocations: Revocations
    others: Sequence[Forgetting]
    four_eyes: FourEyes
    outbox: Outbox
    audit: AuditLog
    ids: Ids
    clock: Clock
    grace: timedelta
    second_factor: Callable[[str], Awaitable[bool]]

    async def open(self) -> None:
        """Make the indexes."""
        await self.erasures.open()

    # --- the citizen's side

    async def ask(self, *, principal: Principal) -> Standing:
        """Have the caller's account erased when the grace period is over.

        Raises: SignInRequired, Forbidden (staff, or acts for another), StepUpRequired, OwnsOrganisations, ErasureAsked,
        Unavailable.
        Source: docs/decisions/0044-who-answers-for-others-hands-over-before-leaving.md
        """
        principal.require_citizen(principal.subject)
        strong = await self.second_factor(principal.actor)
        principal.require_fresh(now=self.clock.now(), max_age=FRESH, strong=strong)
        now = to_ms(self.clock.now())
        asked = Erasure(self.ids.new(ERASURE_PREFIX), principal.subject, ErasureState.WAITING, now, now + self.grace)
        await self._check_none_open(principal.subject)

        async def work(session: Session) -> None:
            await self._check_answers_for_nobody(principal.subject, now, session)
            if not await self.erasures.add(asked, session=session):
                raise ErasureAsked(due_at=asked.due_at)
            await self._tell(ERASURE_ASKED, "erasures.asked", asked, session)

        await self.erasures.transaction(work)
        return await self._standing(asked)

    async def _check_none_open(self, citizen: str) -> None:
        newest = await self.erasures.newest(citizen)
        if newest is not None and newest.state in (ErasureState.WAITING, ErasureState.RUNNING):
            raise ErasureAsked(due_at=newest.due_at)

    async def _check_answers_for_nobody(self, citizen: str, now: datetime, session: Session) -> None:
        """Raises: OwnsOrganisations."""
        delegations, agents, left = self.store.delegations, {RelationKind.AGENT}, list[str]()
        for one in await delegations.live_of(actor=citizen, kinds=agents, now=now, session=session):
            if one.agency is None or one.agency.role is not Role.OWNER:
                continue
            members = await delegations.live_of(subject=one.subject, kinds=agents, now=now, most=2, session=session)
            if len(members) > 1:
                left.append(one.agency.organisation)
        if left:
            raise OwnsOrganisations(names=left)

    async def cancel(self, *, principal: Principal) -> Erasure:
        """Call off what was asked for. Raises: SignInRequired, Forbidden, ErasureNotWaiting, Unavailable."""
        principal.require_citizen(principal.subject)

        async def work(session: Session) -> Erasure:
            cancelled = await self.stay(principal.subject, session)
            if cancelled is None:
                raise ErasureNotWaiting()
            return cancelled

        return await self.erasures.transaction(work)

    async def stay(self, citizen: str, session: Session) -> Erasure | None:
        """Call off what was asked for from the account, in the caller's transaction; None when nothing waits."""
        cancelled = await self.erasures.cancel(citizen, now=self.clock.now(), session=session)
        if cancelled is not None:
            await self._tell(ERASURE_CANCELLED, "erasures.cancelled", cancelled, session)
        return cancelled

    async def standing(self, *, principal: Principal) -> Standing | None:
        """The caller's newest erasure; None when they never asked. Raises: SignInRequired, Forbidden, Unavailable."""
        principal.require_citizen(principal.subject)
        newest = await self.erasures.newest(principal.subject)
        return await self._standing(newest) if newest else None

    async def _standing(self, erasure: Erasure) -> Standing:
        held = None
        if erasure.state is ErasureState.WAITING:
            holds = await self.erasures.holds(erasure.citizen, now=self.clock.now())
            held = holds[0].until if holds else None
        return Standing(erasure, held)

    # --- legal holds

    async def hold(
        self, *, principal: Principal, citizen: str, reason: str, until: datetime, session: Session | None = None
    ) -> Hold:
        """Keep an account from being erased. Its owner sees that it is held, and until when.

        session: of the transaction in which somebody else agreed.
        Raises: SignInRequired, Forbidden (no such scope, or nobody else agreed), NotFound, BadInput, HoldInvalid
        (`until` is past or too far away, or the erasure has begun), Unavailable.
        """
        principal.require(PrincipalKind.STAFF)
        principal.require_scope(HOLD_SCOPE)
        now = to_ms(self.clock.now())
        if not now < until <= now + HOLD_MAX:
            raise HoldInvalid(problem=f"it must end within {HOLD_MAX.days} days")
        if not await self.store.citizens([citizen] if is_id(citizen, prefix="cit") else []):
            raise NotFound(thing="citizen")
        hold = Hold(self.ids.new(HOLD_PREFIX), citizen, parse_reason(reason), principal.actor, now, to_ms(until))

        async def work(session: Session) -> None:
            await self.four_eyes.require(principal=principal, act="accounts.hold", subject=citizen, session=session)
            if not await self.erasures.hold(hold, session=session):
                raise HoldInvalid(problem="the erasure has begun")
            about = {"hold": hold.id, "until": hold.until.isoformat()}
            await self.audit.append("holds.placed", actor=hold.by, subject=citizen, about=about, session=session)

        await self._within(session, work)
        return hold

    async def _within(self, session: Session | None, work: Callable[[Session], Awaitable[None]]) -> None:
        await (work(session) if session else self.erasures.transaction(work))

    async def holds(self, citizen: str) -> Sequence[Hold]:
        """Those that run, the one that ends last first. Raises: Unavailable."""
        return await self.erasures.holds(citizen, now=self.clock.now())

    async def lift(self, *, principal: Principal, hold_id: str, session: Session | None = None) -> None:
        """End a hold early. session: as in `hold`. Raises: SignInRequired, Forbidden, NotFound, Unavailable."""
        principal.require(PrincipalKind.STAFF)
        principal.require_scope(HOLD_SCOPE)

        async def work(session: Session) -> None:
            now = self.clock.now()
            citizen = await self.erasures.lift(hold_id, by=principal.actor, now=now, session=session)
            if citizen is None:
                raise NotFound(thing="hold")
            await self.four_eyes.require(principal=principal, act="accounts.lift", subject=citizen, session=session)
            await self.audit.append(
                "holds.lifted", actor=principal.actor, subject=citizen, about={"hold": hold_id}, session=session
            )

        await self._within(session, work)

    # --- by staff, in the transaction in which two of them agreed to end an account

    async def order(self, citizen: str, *, by: str, session: Session, grace: timedelta | None = None) -> datetime:
        """Have an account erased when the grace period is over; one that waits already goes on. Returns when.

        grace: another one; zero for an account that is nobody's.
        The law may hold it as any other; `call_off` undoes it.
        """
        found = await self.erasures.open_of(citizen, session=session)
        if found is None:
            now = to_ms(self.clock.now())
            due_at = now + (self.grace if grace is None else grace)
            found = Erasure(self.ids.new(ERASURE_PREFIX), citizen, ErasureState.WAITING, now, due_at)
            await self.erasures.add(found, ordered_by=by, session=session)
            await self.audit.append(
                "erasures.ordered", actor=by, subject=citizen, about={"erasure": found.id}, session=session
            )
        return found.due_at

    async def call_off(self, citizen: str, *, session: Session) -> None:
        """Do not erase an account after all, if staff ordered it and it has not begun."""
        await self.erasures.cancel(citizen, ordered=True, now=self.clock.now(), session=session)

    # --- the job

    @property
    def steps(self) -> Sequence[Callable[[str], Awaitable[None]]]:
        """In this order; each may run again. A step is only ever added at the end of those before the key goes."""
        return (self._close, self._part, self._withdraw, self._forget, self._shred)

    async def work(self) -> None:
        """Run every erasure that is due. Any number of processes may do so at once. Raises: Unavailable."""
        while (claimed := await self.erasures.claim(now=self.clock.now(), lease=STEP_WITHIN)) is not None:
            try:
                await self._run(claimed)
            except Exception:
                # Carried on when the claim has run out, by whoever comes first.
                facts = {"erasure": claimed.id, "claims": claimed.claims}
                _LOG.exception("an erasure stopped half-way", extra={"facts": facts})

    async def _run(self, claimed: Erasure) -> None:
        for number, step in enumerate(self.steps, start=1):
            if number <= claimed.steps:
                continue
            await step(claimed.citizen)
            closed = number == 1
            next_at = self.clock.now() + (SETTLED_AFTER if closed else STEP_WITHIN)
            if not await self.erasures.note_step(claimed, steps=number, next_at=next_at) or closed:
                return  # somebody else has it, or it goes on in a moment
        await self.erasures.finish(claimed, now=self.clock.now())

    async def _close(self, citizen: str) -> None:
        """The account ends with all of its sessions, and every room hears of it: all of it, or nothing."""
        now, ended = to_ms(self.clock.now()), list[str]()

        async def work(session: Session) -> None:
            ended.clear()
            if not await self.store.erase_citizen(citizen, now=now, session=session):
                return
            ended.extend(await self.store.end_all_sessions(citizen, now=now, because=EndReason.ERASED, session=session))
            for id_ in ended:
                payload = {"account_id": citizen, "session_id": id_, "because": EndReason.ERASED.value}
                await self.outbox.append(name=SESSION_ENDED, payload=payload, session=session)
            await self.outbox.append(name=ACCOUNT_ERASED, payload={"citizen": citizen}, session=session)
            await self.audit.append("accounts.erased", actor=citizen, about={"sessions": len(ended)}, session=session)

        await self.store.transaction(work)
        for id_ in ended:
            await self.revocations.add(id_)

    async def _part(self, citizen: str) -> None:
        """Nobody acts for the person any more, nor they for others; what was written about them goes."""
        for relation_id in await self.store.delegations.running_of(citizen):
            await self._end_relation(relation_id, citizen)
        await self.store.delegations.forget(citizen)

    async def _end_relation(self, relation_id: str, citizen: str) -> None:
        async def work(session: Session) -> bool:
            ended = await self.store.delegations.end(
                relation_id, by=citizen, now=to_ms(self.clock.now()), session=session
            )
            if ended is None:
                return False
            payload = {"relation_id": ended.id, "actor": ended.actor, "subject": ended.subject, "by": citizen}
            await self.outbox.append(name=RELATION_ENDED, payload=payload, session=session)
            return True

        if await self.store.transaction(work):
            await self.revocations.add(relation_id)

    async def _withdraw(self, citizen: str) -> None:
        await self.consents.withdraw_all(citizen=citizen)

    async def _forget(self, citizen: str) -> None:
        await self.shelf.forget(citizen)
        for other in self.others:
            await other.forget(citizen)

    async def _shred(self, citizen: str) -> None:
        await self.personal.shred(citizen)

    async def _tell(self, event: str, kind: str, erasure: Erasure, session: Session) -> None:
        payload = {"citizen": erasure.citizen, "erasure": erasure.id, "due_at": erasure.due_at}
        await self.outbox.append(name=event, payload=payload, session=session)
        await self.audit.append(kind, actor=erasure.citizen, about={"erasure": erasure.id}, session=session)
