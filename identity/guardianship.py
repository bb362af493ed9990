"""Parents and their children: what the population register says, and the account that a parent opens for a minor.

Rules
- Who is whose child only the register says; it is asked with the parent's own proven name and number.
- A child has one account, whoever opens it: a second opening, by either parent, finds it. Each parent has a relation of
  their own to it, which ends by itself when the child is of full age.
- To open it a parent names the child in full: what `find` shows is masked.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, tzinfo
from typing import Final

from core.errors import NotFound, Unavailable
from core.masking import mask_id_number, mask_name
from core.mongo import Session
from core.principal import Principal
from identity.acting import ActingForOthers, themself
from identity.charges import Charge, Charges
from identity.errors import ChildNotProven, OfFullAge, RealNameNeeded
from identity.id_numbers import IdNumber
from identity.levels import EvidenceKind, NameEvidence
from identity.limits import FAMILY_LIMITS
from identity.model import REGISTER_LEVEL, Citizen, comparable_name, parse_name
from identity.registers import PopulationRegister, RegisteredChild
from identity.relations import GUARDIAN_MATTERS, POPULATION_REGISTER, Proof, Relation, RelationKind, full_age

CHILD_ACCOUNT_OPENED: Final = "identity.child_account_opened"
GUARDIANSHIP_BEGUN: Final = "identity.guardianship_begun"
_RECORD: Final = "population/children"


@dataclass(frozen=True, slots=True)
class Child:
    """A minor, as a parent is shown them."""

    masked_name: str = field(repr=False)
    masked_id_number: str = field(repr=False)
    born: date = field(repr=False)


@dataclass(frozen=True, slots=True)
class Guardianship:
    """register: None where the city has none; then nobody's children are known. zone: the city's."""

    acting: ActingForOthers
    charges: Charges
    register: PopulationRegister | None
    zone: tzinfo

    async def find(self, *, principal: Principal) -> list[Child]:
        """The caller's children who are minors, as the register has them, the youngest first.

        Raises: SignInRequired, Forbidden, StepUpRequired, RealNameNeeded, TooManyRequests, Unavailable (also without a
        register).
        """
        now = self.acting.clock.now()
        found = [(one, self._number(one)) for one in await self._registered(principal)]
        minors = [(one, number) for one, number in found if number and full_age(number.born, zone=self.zone) > now]
        minors.sort(key=lambda child: child[1].born, reverse=True)
        return [Child(mask_name(one.name), mask_id_number(number.text), number.born) for one, number in minors]

    async def open_account(self, *, principal: Principal, name: str, id_number: str) -> Relation:
        """The caller's relation to their child, whose account is made where there is none.

        Raises: SignInRequired, Forbidden, StepUpRequired, RealNameNeeded, BadInput, IdNumberInvalid, TooManyRequests,
        ChildNotProven, OfFullAge, Unavailable (also without a register).
        Source: Civil Code of the PRC, article 27.
        """
        themself(principal)
        said, number = parse_name(name), IdNumber.parse(id_number, today=self.acting.clock.now().date())
        children = await self._registered(principal)
        if not any(_is_the_same(one, said, number.text) for one in children):
            raise ChildNotProven()
        if full_age(number.born, zone=self.zone) <= self.acting.clock.now():
            raise OfFullAge()

        async def work(session: Session) -> Relation:
            child = await self._account(principal.actor, said, number, session)
            return await self._relation(principal.actor, child, number, session)

        return await self.acting.store.transaction(work)

    async def _registered(self, principal: Principal) -> list[RegisteredChild]:
        themself(principal)
        await self.acting.require_fresh(principal)
        if self.register is None:
            raise Unavailable()
        store = self.acting.store
        parent = (await store.citizens([principal.actor])).get(principal.actor)
        if parent is None:
            raise NotFound(thing="citizen")
        number = await store.id_number(parent.id)
        if parent.name is None or number is None or parent.real_name_level < REGISTER_LEVEL:
            raise RealNameNeeded(level=REGISTER_LEVEL)
        await self.charges.charge([Charge(self.charges.key("family:account", parent.id), FAMILY_LIMITS)])
        return await self.register.children(name=parent.name, id_number=number)

    def _number(self, child: RegisteredChild) -> IdNumber | None:
        """None for a number that cannot be one: such a child is not shown."""
        return IdNumber.of(child.id_number, today=self.acting.clock.now().date())

    async def _account(self, guardian: str, name: str, number: IdNumber, session: Session) -> Citizen:
        """Of two parents at once, MongoDB makes the later transaction run again, and this look finds the other's."""
        store, now = self.acting.store, self.acting.clock.now()
        found = await store.citizen_of_id_number(number.text, session=session)
        if found is not None:
            return found
        child = Citizen(
            id=self.acting.ids.new("cit"),
            phone=None,
            created_at=now,
            name=name,
            evidence=(NameEvidence.of(EvidenceKind.REGISTER, POPULATION_REGISTER, at=now, document=number.document),),
        )
        await store.add_citizen(child, id_number=number.text, session=session)
        payload = {"citizen_id": child.id, "guardian": guardian}
        await self.acting.outbox.append(name=CHILD_ACCOUNT_OPENED, payload=payload, session=session)
        await self.acting.audit.append("guardianship.account_opened", actor=guardian, subject=child.id, session=session)
        return child

    async def _relation(self, guardian: str, child: Citizen, number: IdNumber, session: Session) -> Relation:
        now, delegations = self.acting.clock.now(), self.acting.delegations
        kind = RelationKind.GUARDIAN
        await delegations.hold(guardian, child.id, now=now, session=session)
        running = await delegations.running(actor=guardian, subject=child.id, kind=kind, now=now, session=session)
        if running is not None:
            return running
        relation = Relation(
            id=self.acting.ids.new("rel"),
            kind=kind,
            actor=guardian,
            subject=child.id,
            matters=GUARDIAN_MATTERS,
            proof=Proof(POPULATION_REGISTER, _RECORD, now),
            since=now,
            until=full_age(number.born, zone=self.zone).astimezone(UTC),
        )
        await delegations.add(relation, session=session)
        payload = {"citizen": guardian, "relation": relation.id, "child": child.id}
        await self.acting.outbox.append(name=GUARDIANSHIP_BEGUN, payload=payload, session=session)
        await self.acting.audit.append(
            "guardianship.begun", actor=guardian, subject=child.id, about={"relation": relation.id}, session=session
        )
        return relation


def _is_the_same(child: RegisteredChild, name: str, id_number: str) -> bool:
    return child.id_number == id_number and comparable_name(child.name) == comparable_name(name)
