"""The verbs: record what was found, publish rules, switch status on, work it out, and let who may see it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from api.domains.health.cache import StatusCache
from api.domains.health.errors import (
    HealthFactIdReused,
    HealthFactSuperseded,
    HealthNotInForce,
    HealthOrderIdReused,
    HealthRulesMissing,
    HealthScanTooOld,
    HealthWrongPurpose,
)
from api.domains.health.model import (
    CHECK_PURPOSES,
    CHECK_SCOPE,
    FACT_KEPT,
    FACT_PREFIX,
    KIND_LABELS,
    LOOK_PREFIX,
    ORDER_LENGTH_MAX,
    ORDER_PREFIX,
    READ_MATTER,
    RECORD_SCOPE,
    RULES_SCOPE,
    SCAN_COUNTS_FOR,
    Fact,
    FactKind,
    Finding,
    Look,
    Looker,
    Order,
    ScanSeen,
    Status,
    check_client_id,
    check_reason,
    standing,
)
from api.domains.health.rules import RuleSet
from api.domains.health.store import AlreadyDone, HealthStore
from core.clock import Clock, to_ms
from core.crypto import FieldCipher
from core.errors import BadInput, Forbidden, NotFound, Unavailable
from core.events import Outbox, seal_facts
from core.ids import Ids, is_id
from core.locale import Text
from core.mongo import Session
from core.paging import Page, PageRequest
from core.principal import Principal, PrincipalKind

FACT_RECORDED: Final = "health.fact_recorded"


@dataclass(frozen=True, slots=True)
class Entry:
    """What a member of staff records. corrects: the id of the fact that this one puts right."""

    client_fact_id: str
    citizen: str
    kind: FactKind
    at: datetime
    valid_until: datetime | None
    details: Mapping[str, Any]
    corrects: str | None = None


@dataclass(frozen=True, slots=True)
class Health:
    """Everything that health status is asked for."""

    store: HealthStore
    cache: StatusCache
    outbox: Outbox
    cipher: FieldCipher
    ids: Ids
    clock: Clock

    async def open(self) -> None:
        """Make indexes. Called once, before anything else."""
        await self.store.open()

    # --- facts

    async def record(self, *, principal: Principal, entry: Entry) -> Fact:
        """Add what a department found about a citizen; once per recorder and `client_fact_id`.

        Raises: SignInRequired, Forbidden, BadInput, NotFound (the fact to correct), HealthFactSuperseded,
            HealthFactIdReused, HealthTooManyFacts, Unavailable.
        """
        _require_recorder(principal)
        if not is_id(entry.citizen, prefix="cit"):
            raise BadInput(field="citizenId", problem="is not a citizen's")
        if entry.kind is FactKind.DECLARATION:
            raise BadInput(field="kind", problem="is the citizen's own to declare")
        finding = Finding.of(
            entry.kind, at=entry.at, valid_until=entry.valid_until, details=entry.details, now=self.clock.now()
        )
        corrected = await self._own_departments(principal, entry.corrects) if entry.corrects else None
        if corrected and corrected.citizen != entry.citizen:
            raise NotFound(thing="fact")
        return await self._add(self._fact(principal, entry.citizen, finding, entry.client_fact_id, corrected))

    async def withdraw(self, *, principal: Principal, fact_id: str, client_fact_id: str) -> Fact:
        """Say that a fact of one's department is wrong, with nothing in its place.

        Raises: SignInRequired, Forbidden, BadInput, NotFound, HealthFactSuperseded, HealthFactIdReused,
            HealthTooManyFacts, Unavailable.
        """
        _require_recorder(principal)
        corrected = await self._own_departments(principal, fact_id)
        return await self._add(self._fact(principal, corrected.citizen, None, client_fact_id, corrected))

    async def declare(
        self, *, principal: Principal, symptoms: Sequence[str], areas: Sequence[str], client_fact_id: str
    ) -> Fact:
        """A citizen's own word on symptoms and on where they were; the newest counts.

        Raises: SignInRequired, Forbidden (also: for somebody else), BadInput, HealthFactIdReused, HealthTooManyFacts,
            Unavailable.
        """
        principal.require_citizen(principal.subject)
        now = self.clock.now()
        details = {"symptoms": list(symptoms), "areas": list(areas)}
        finding = Finding.of(FactKind.DECLARATION, at=now, valid_until=None, details=details, now=now)
        return await self._add(self._fact(principal, principal.subject, finding, client_fact_id, None), own=True)

    async def facts(self, *, principal: Principal, citizen_id: str) -> list[Fact]:
        """What stands about a citizen, newest first: for them, and for who acts for them in this.

        Raises: SignInRequired, Forbidden, NotFound (somebody else's), Unavailable.
        """
        principal.require_citizen(citizen_id, matter=READ_MATTER)
        facts = standing(await self.store.facts(citizen_id, now=self.clock.now()))
        if principal.delegated:
            await self._log_delegate(principal)
        return facts

    # --- rules and orders

    async def publish(self, *, principal: Principal, text: str) -> RuleSet:
        """Publish a set of rules (JSON); it is never changed. All of its faults are told at once.

        Raises: SignInRequired, Forbidden, HealthRulesInvalid, HealthRulesVersionTaken, Unavailable.
        """
        _require_rule_maker(principal)
        # Up to a tenth of a second of work, that nobody else should wait for.
        rules = await asyncio.to_thread(RuleSet.parse, text)
        now = to_ms(self.clock.now())

        async def work(session: Session) -> None:
            await self.store.publish(
                rules, by=principal.actor, department=principal.department, at=now, session=session
            )

        await self.store.transaction(work)
        return rules

    async def rules(self, *, version: int | None) -> RuleSet | None:
        """A published set, for anybody; without a version the one in force. Raises: Unavailable."""
        wanted = version if version is not None else (await self.store.standing()).version(self.clock.now())
        return await self.store.rules(wanted) if wanted is not None else None

    async def order(self, *, principal: Principal, reason: Text, until: datetime, client_order_id: str) -> Order:
        """Switch health status on until then, at most 90 days. The newest order counts.

        Raises: SignInRequired, Forbidden, BadInput, HealthRulesMissing, HealthOrderIdReused, Unavailable.
        """
        _require_rule_maker(principal)
        now = self.clock.now()
        if not now < until <= now + ORDER_LENGTH_MAX:
            raise BadInput(field="until", problem="must be within the next 90 days")
        if (await self.store.standing()).version(now) is None:
            raise HealthRulesMissing()
        return await self._order(principal, reason, until, client_order_id)

    async def lift(self, *, principal: Principal, reason: Text, client_order_id: str) -> Order:
        """Switch health status off before its end. Raises: as `order`."""
        _require_rule_maker(principal)
        return await self._order(principal, reason, None, client_order_id)

    async def order_in_force(self) -> Order | None:
        """For anybody. Raises: Unavailable."""
        order = (await self.store.standing()).order
        return order if order and order.in_force(self.clock.now()) else None

    # --- status

    async def status(self, *, principal: Principal, citizen_id: str) -> Status:
        """The colour and why: for the citizen, and for who acts for them in this, whose look is logged.

        Raises: SignInRequired, Forbidden, NotFound (somebody else's), HealthNotInForce, HealthRulesMissing,
            HealthNotComputed, Unavailable.
        """
        principal.require_citizen(citizen_id, matter=READ_MATTER)
        status = await self._status(citizen_id)
        if principal.delegated:
            await self._log_delegate(principal)
        return status

    async def look(self, *, principal: Principal, scan: ScanSeen) -> Status:
        """What an officer may learn of whom they have just scanned for this. The look is logged before it is answered.

        Raises: SignInRequired, Forbidden, NotFound (another officer's scan), HealthWrongPurpose, HealthScanTooOld,
            HealthNotInForce, HealthRulesMissing, HealthNotComputed, Unavailable.
        """
        principal.require(PrincipalKind.STAFF)
        principal.require_scope(CHECK_SCOPE)
        if scan.scanner != principal.actor:
            raise NotFound(thing="scan")
        if scan.purpose not in CHECK_PURPOSES:
            raise HealthWrongPurpose()
        if self.clock.now() >= scan.at + SCAN_COUNTS_FOR:
            raise HealthScanTooOld(until=scan.at + SCAN_COUNTS_FOR)
        status = await self._status(scan.citizen)
        await self._log(scan.citizen, Looker.STAFF, by=principal.actor, purpose=scan.purpose, once=scan.id)
        return status

    async def looks(self, *, principal: Principal, citizen_id: str, page: PageRequest) -> Page[Look]:
        """Who looked at this citizen's colour, newest first: for the citizen, and who acts for them in this.

        Raises: SignInRequired, Forbidden, NotFound (somebody else's), BadInput (cursor), Unavailable.
        """
        principal.require_citizen(citizen_id, matter=READ_MATTER)
        return await self.store.looks(citizen_id, page=page)

    # --- how

    async def _status(self, citizen: str) -> Status:
        now = to_ms(self.clock.now())
        about = await self.store.standing(citizen)
        if about.order is None or not about.order.in_force(now):
            raise HealthNotInForce()
        version = about.version(now)
        if version is None:
            raise HealthRulesMissing()
        key = self.cache.key(citizen, epoch=about.epoch, version=version, facts=about.facts)
        known = await self.cache.get(key)
        if known is not None:
            return known
        status = await self._computed(citizen, version, now=now, ends=about.next_turn(now) or about.order.until)
        await self.cache.put(key, status)
        return status

    async def _computed(self, citizen: str, version: int, *, now: datetime, ends: datetime) -> Status:
        rules = await self.store.rules(version)
        if rules is None:
            raise HealthRulesMissing()
        facts = standing(await self.store.facts(citizen, now=now))
        verdict = rules.judge([fact.finding for fact in facts if fact.finding], now=now)
        rule = verdict.rule
        return Status(
            colour=rule.colour,
            reason=rule.reason,
            advice=rule.advice,
            basis=verdict.basis,
            rules_version=version,
            computed_at=now,
            valid_until=min(verdict.until or ends, ends),
        )

    def _fact(
        self, principal: Principal, citizen: str, finding: Finding | None, client_fact_id: str, corrected: Fact | None
    ) -> Fact:
        now = to_ms(self.clock.now())
        forgotten = (finding.valid_until if finding else now) + FACT_KEPT
        return Fact(
            id=self.ids.new(FACT_PREFIX),
            citizen=citizen,
            finding=finding,
            recorder=principal.actor,
            department=principal.department,
            client_fact_id=check_client_id("clientFactId", client_fact_id),
            recorded_at=now,
            # Never before what it supersedes, which would stand again.
            delete_at=max(forgotten, corrected.delete_at) if corrected else forgotten,
            supersedes=corrected.id if corrected else None,
        )

    async def _add(self, fact: Fact, *, own: bool = False) -> Fact:
        label = await self._announced_kind(fact)

        async def work(session: Session) -> None:
            await self.store.add_fact(fact, own=own, session=session)
            if not own:
                facts = seal_facts({"kind": label}, owner=fact.citizen, cipher=self.cipher)
                payload = {"citizen": fact.citizen, "fact": fact.id, "facts": facts}
                await self.outbox.append(name=FACT_RECORDED, payload=payload, session=session)

        try:
            await self.store.transaction(work)
            return fact
        except (AlreadyDone, HealthFactSuperseded) as fault:
            made = await self.store.fact_named(fact.recorder, fact.client_fact_id)
            if made is not None and made.is_of(fact):
                return made
            if isinstance(fault, HealthFactSuperseded):
                raise
            raise (Unavailable() if made is None else HealthFactIdReused()) from None

    async def _announced_kind(self, fact: Fact) -> dict[str, str]:
        """A withdrawal is announced as what it takes back; only a sealed event says so."""
        finding = fact.finding
        if finding is None and fact.supersedes is not None:
            before = await self.store.fact(fact.supersedes)
            finding = before.finding if before else None
        label = KIND_LABELS[finding.kind] if finding else Text(zh="健康信息", en="Health information")
        return {"zh": label.zh, "en": label.en}

    async def _own_departments(self, principal: Principal, fact_id: str) -> Fact:
        fact = await self.store.fact(fact_id) if is_id(fact_id, prefix=FACT_PREFIX) else None
        if fact is None or fact.department != principal.department:
            raise NotFound(thing="fact")
        return fact

    async def _order(self, principal: Principal, reason: Text, until: datetime | None, client_order_id: str) -> Order:
        now = to_ms(self.clock.now())
        order = Order(
            id=self.ids.new(ORDER_PREFIX),
            since=now,
            until=to_ms(until) if until else now,
            reason=check_reason(reason),
            by=principal.actor,
            department=principal.department,
            client_order_id=check_client_id("clientOrderId", client_order_id),
        )

        async def work(session: Session) -> None:
            await self.store.add_order(order, session=session)

        try:
            await self.store.transaction(work)
            return order
        except AlreadyDone:
            made = await self.store.order_named(order.by, order.client_order_id)
            if made is None:
                raise Unavailable() from None
            # An order that lifts ends as it begins, whenever it is sent.
            same_end = made.until == made.since if until is None else made.until == order.until
            if made.reason != order.reason or not same_end:
                raise HealthOrderIdReused() from None
            return made

    async def _log_delegate(self, principal: Principal) -> None:
        minute = self.clock.now().strftime("%Y%m%d%H%M")
        once = f"{principal.actor}:{minute}"
        await self._log(principal.subject, Looker.DELEGATE, by=principal.actor, purpose="", once=once)

    async def _log(self, citizen: str, looker: Looker, *, by: str, purpose: str, once: str) -> None:
        at = to_ms(self.clock.now())
        await self.store.add_look(Look(self.ids.new(LOOK_PREFIX), at, citizen, looker, by, purpose, once))


def _require_recorder(principal: Principal) -> None:
    principal.require(PrincipalKind.STAFF)
    principal.require_scope(RECORD_SCOPE)
    if not principal.department:
        raise Forbidden()


def _require_rule_maker(principal: Principal) -> None:
    principal.require(PrincipalKind.STAFF)
    principal.require_scope(RULES_SCOPE)
