"""The GraphQL door of health status: extends a citizen with their own colour, and a scan with what an officer sees."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

import strawberry

from api.domains.health import model
from api.domains.health.model import (
    COLOUR_LABELS,
    KIND_LABELS,
    RECORD_SCOPE,
    RULES_SCOPE,
    Colour,
    FactKind,
    Looker,
    RiskLevel,
    ScanSeen,
    Symptom,
    TestResult,
)
from api.domains.health.rules import Rule, RuleSet
from api.domains.health.service import Entry, Health
from core.errors import BadInput
from core.graph import (
    PUBLIC,
    Connection,
    DepartmentType,
    Info,
    MaskedPersonKey,
    StaffCardKey,
    build_schema,
    connection_of,
    personal,
)
from core.locale import Text
from core.paging import PageRequest

RECORD_SCOPES: Final = [[RECORD_SCOPE]]
RULES_SCOPES: Final = [[RULES_SCOPE]]
CHECK_SCOPES: Final = [[model.CHECK_SCOPE]]
HEALTH: Final = personal("HEALTH", 4)
_PURPOSES: Final = {
    "HEALTH_CHECK": Text(zh="健康核验", en="Health check"),
    "CLINIC": Text(zh="医院就诊", en="Clinic visit"),
    "": Text(zh="代您查看", en="Acting for you"),
}

strawberry.enum(Colour, name="HealthColour", description="GREY: there is nothing to go by.")
strawberry.enum(FactKind, name="HealthFactKind", description="What a fact is about.")
strawberry.enum(TestResult, name="HealthTestResult")
strawberry.enum(RiskLevel, name="HealthRiskLevel")
strawberry.enum(Symptom, name="HealthSymptom")
strawberry.enum(
    Looker, name="HealthLooker", description="An officer who scanned, or somebody who acts for the citizen."
)


@strawberry.federation.type(description="One fact that a colour rests on.")
class HealthBasis:
    kind: FactKind = strawberry.federation.field(authenticated=True, directives=[HEALTH])
    label: str = strawberry.federation.field(
        authenticated=True, directives=[HEALTH], description="What was found, in the request's language."
    )
    at: datetime = strawberry.federation.field(authenticated=True, directives=[HEALTH])

    @classmethod
    def of(cls, basis: model.Basis, info: Info) -> HealthBasis:
        return cls(kind=basis.kind, label=basis.summary.in_(info.context.locale), at=basis.at)


@strawberry.federation.type(description="A colour, worked out from the facts that hold now by the rules in force.")
class HealthStatus:
    colour: Colour = strawberry.federation.field(authenticated=True, directives=[HEALTH])
    label: str = strawberry.federation.field(
        authenticated=True, directives=[HEALTH], description="The colour in words, in the request's language."
    )
    reason: str = strawberry.federation.field(authenticated=True, directives=[HEALTH])
    advice: str = strawberry.federation.field(authenticated=True, directives=[HEALTH])
    basis: list[HealthBasis] = strawberry.federation.field(authenticated=True, directives=[HEALTH])
    rules_version: int = strawberry.federation.field(authenticated=True)
    computed_at: datetime = strawberry.federation.field(authenticated=True)
    valid_until: datetime = strawberry.federation.field(
        authenticated=True, description="Until then the answer stays, unless a fact is added or a rule changed."
    )

    @classmethod
    def of(cls, status: model.Status, info: Info) -> HealthStatus:
        locale = info.context.locale
        return cls(
            colour=status.colour,
            label=COLOUR_LABELS[status.colour].in_(locale),
            reason=status.reason.in_(locale),
            advice=status.advice.in_(locale),
            basis=[HealthBasis.of(basis, info) for basis in status.basis],
            rules_version=status.rules_version,
            computed_at=status.computed_at,
            valid_until=status.valid_until,
        )


@strawberry.federation.type(description="What an officer learns of whom they scanned: this, and nothing else.")
class HealthLookup:
    colour: Colour = strawberry.federation.field(requires_scopes=CHECK_SCOPES, directives=[HEALTH])
    label: str = strawberry.federation.field(requires_scopes=CHECK_SCOPES, directives=[HEALTH])
    valid_until: datetime = strawberry.federation.field(requires_scopes=CHECK_SCOPES)

    @classmethod
    def of(cls, status: model.Status, info: Info) -> HealthLookup:
        label = COLOUR_LABELS[status.colour].in_(info.context.locale)
        return cls(colour=status.colour, label=label, valid_until=status.valid_until)


@strawberry.federation.type(description="An entry about a citizen's health.")
class HealthFact:
    id: strawberry.ID = strawberry.federation.field(authenticated=True)
    kind: FactKind | None = strawberry.federation.field(
        authenticated=True, directives=[HEALTH], description="Null for an entry that takes another one back."
    )
    kind_label: str | None = strawberry.federation.field(authenticated=True, directives=[HEALTH])
    label: str | None = strawberry.federation.field(
        authenticated=True, directives=[HEALTH], description="What was found, in the request's language."
    )
    at: datetime | None = strawberry.federation.field(authenticated=True, directives=[HEALTH])
    valid_until: datetime | None = strawberry.federation.field(authenticated=True, directives=[HEALTH])
    department: DepartmentType | None = strawberry.federation.field(
        authenticated=True, directives=[HEALTH], description="Its source; null for what the citizen declared."
    )
    recorded_at: datetime = strawberry.federation.field(authenticated=True, directives=[HEALTH])

    @classmethod
    def of(cls, fact: model.Fact, info: Info) -> HealthFact:
        locale, finding = info.context.locale, fact.finding
        return cls(
            id=strawberry.ID(fact.id),
            kind=finding.kind if finding else None,
            kind_label=KIND_LABELS[finding.kind].in_(locale) if finding else None,
            label=finding.summary.in_(locale) if finding else None,
            at=finding.at if finding else None,
            valid_until=finding.valid_until if finding else None,
            department=DepartmentType.of(fact.department, locale) if fact.department else None,
            recorded_at=fact.recorded_at,
        )


@strawberry.federation.type(description="One look at the citizen's health by somebody else.")
class HealthLook:
    id: strawberry.ID = strawberry.federation.field(authenticated=True)
    at: datetime = strawberry.federation.field(authenticated=True, directives=[HEALTH])
    by: Looker = strawberry.federation.field(authenticated=True)
    purpose_label: str = strawberry.federation.field(authenticated=True, description="In the request's language.")
    officer: StaffCardKey | None = strawberry.federation.field(authenticated=True)
    delegate: MaskedPersonKey | None = strawberry.federation.field(authenticated=True, directives=[HEALTH])

    @classmethod
    def of(cls, look: model.Look, info: Info) -> HealthLook:
        staff = look.looker is Looker.STAFF
        return cls(
            id=strawberry.ID(look.id),
            at=look.at,
            by=look.looker,
            purpose_label=_PURPOSES[look.purpose].in_(info.context.locale),
            officer=StaffCardKey(ref=strawberry.ID(look.by)) if staff else None,
            delegate=None if staff else MaskedPersonKey(ref=strawberry.ID(look.by)),
        )


@strawberry.federation.type(keys=["id"])
class Citizen:
    id: strawberry.ID = strawberry.federation.field(authenticated=True)

    @classmethod
    def resolve_reference(cls, id: strawberry.ID) -> Citizen:
        """Does no work: who may see what is decided by the field that is asked for."""
        return cls(id=id)

    @strawberry.federation.field(
        authenticated=True, directives=[HEALTH], description="HEALTH_NOT_IN_FORCE while no order is in force."
    )
    async def health_status(self, info: Info) -> HealthStatus | None:
        status = await info.context.service(Health).status(principal=info.context.principal, citizen_id=self.id)
        return HealthStatus.of(status, info)

    @strawberry.federation.field(
        authenticated=True, directives=[HEALTH], description="What stands about the citizen, newest first."
    )
    async def health_facts(self, info: Info) -> list[HealthFact] | None:
        facts = await info.context.service(Health).facts(principal=info.context.principal, citizen_id=self.id)
        return [HealthFact.of(fact, info) for fact in facts]

    @strawberry.federation.field(
        authenticated=True, directives=[HEALTH], description="Who else looked, when and why; newest first."
    )
    async def health_looks(
        self, info: Info, first: int = 20, after: str | None = None
    ) -> Connection[HealthLook] | None:
        page = await info.context.service(Health).looks(
            principal=info.context.principal, citizen_id=self.id, page=PageRequest.of(first=first, after=after)
        )
        return connection_of(page, lambda look: HealthLook.of(look, info))


@strawberry.federation.type(keys=["id"])
class Scan:
    id: strawberry.ID = strawberry.federation.field(authenticated=True)
    at: datetime = strawberry.federation.field(authenticated=True, external=True)
    citizen_ref: strawberry.ID = strawberry.federation.field(authenticated=True, external=True)
    scanner_ref: strawberry.ID = strawberry.federation.field(authenticated=True, external=True)
    purpose_code: str = strawberry.federation.field(authenticated=True, external=True)

    @classmethod
    def resolve_reference(cls, id: strawberry.ID, **told: str) -> Scan:
        """Does no work: the gateway brings what city codes say of the scan, under the graph's names."""
        # Of a field that does not need them, nothing is told.
        at: Any = datetime.fromisoformat(told["at"]) if "at" in told else None
        refs: Any = [told.get(name) for name in ("citizenRef", "scannerRef", "purposeCode")]
        return cls(id=id, at=at, citizen_ref=refs[0], scanner_ref=refs[1], purpose_code=refs[2])

    @strawberry.federation.field(
        requires=["at", "citizenRef", "scannerRef", "purposeCode"],
        authenticated=True,
        requires_scopes=CHECK_SCOPES,
        directives=[HEALTH],
        description="For the officer who scanned for a health check or in a clinic, within five minutes; logged.",
    )
    async def health(self, info: Info) -> HealthLookup | None:
        scan = ScanSeen(self.id, self.at, self.citizen_ref, self.scanner_ref, self.purpose_code)
        status = await info.context.service(Health).look(principal=info.context.principal, scan=scan)
        return HealthLookup.of(status, info)


@strawberry.federation.type(description="One rule as people read it.", directives=[PUBLIC])
class HealthRule:
    id: strawberry.ID
    colour: Colour
    reason: str
    advice: str

    @classmethod
    def of(cls, rule: Rule, info: Info) -> HealthRule:
        locale = info.context.locale
        return cls(
            id=strawberry.ID(rule.id),
            colour=rule.colour,
            reason=rule.reason.in_(locale),
            advice=rule.advice.in_(locale),
        )


@strawberry.federation.type(
    description="A published set of rules; the first that applies decides.", directives=[PUBLIC]
)
class HealthRules:
    version: int
    valid_from: datetime
    rules: list[HealthRule] = strawberry.federation.field(description="In their order; the default is the last.")
    text: str = strawberry.federation.field(description="As it was published: JSON, with conditions in CertLogic.")

    @classmethod
    def of(cls, made: RuleSet, info: Info) -> HealthRules:
        return cls(
            version=made.version,
            valid_from=made.valid_from,
            rules=[HealthRule.of(rule, info) for rule in made.rules],
            text=made.text,
        )


@strawberry.federation.type(description="What switches health status on, until it ends.", directives=[PUBLIC])
class HealthOrder:
    id: strawberry.ID
    since: datetime
    until: datetime
    reason: str
    department: DepartmentType | None

    @classmethod
    def of(cls, order: model.Order, info: Info) -> HealthOrder:
        locale = info.context.locale
        return cls(
            id=strawberry.ID(order.id),
            since=order.since,
            until=order.until,
            reason=order.reason.in_(locale),
            department=DepartmentType.of(order.department, locale) if order.department else None,
        )


@strawberry.type
class Query:
    @strawberry.federation.field(
        directives=[PUBLIC], description="The rules in force, or a version that was; null when there are none."
    )
    async def health_rules(self, info: Info, version: int | None = None) -> HealthRules | None:
        found = await info.context.service(Health).rules(version=version)
        return HealthRules.of(found, info) if found else None

    @strawberry.federation.field(
        directives=[PUBLIC], description="The order in force; null while health status is off."
    )
    async def health_order(self, info: Info) -> HealthOrder | None:
        order = await info.context.service(Health).order_in_force()
        return HealthOrder.of(order, info) if order else None


@strawberry.input(description="What a department found about a citizen. Each kind comes with its own fields.")
class RecordHealthFactInput:
    client_fact_id: strawberry.ID = strawberry.field(
        description="A name that the device gives this entry, so that it can send it again safely."
    )
    citizen_id: strawberry.ID
    kind: FactKind
    at: datetime = strawberry.field(description="When it was found.")
    valid_until: datetime | None = strawberry.field(
        default=None, description="Until when it tells something; the kind's usual time when it is left out."
    )
    result: TestResult | None = strawberry.field(default=None, description="Of NUCLEIC_TEST and ANTIGEN.")
    temperature: float | None = strawberry.field(default=None, description="Of TEMPERATURE, in °C, to a tenth.")
    dose: int | None = strawberry.field(default=None, description="Of VACCINATION, 1 to 9.")
    level: RiskLevel | None = strawberry.field(default=None, description="Of AREA_RISK.")
    area: strawberry.ID | None = strawberry.field(default=None, description="Of AREA_RISK: GB/T 2260, six digits.")
    corrects: strawberry.ID | None = strawberry.field(default=None, description="The entry that this one puts right.")

    def entry(self) -> Entry:
        """Raises: BadInput."""
        said = {
            "result": self.result,
            "tenths": None if self.temperature is None else _tenths(self.temperature),
            "dose": self.dose,
            "level": self.level,
            "area": self.area,
        }
        return Entry(
            client_fact_id=self.client_fact_id,
            citizen=self.citizen_id,
            kind=self.kind,
            at=_instant("at", self.at),
            valid_until=None if self.valid_until is None else _instant("validUntil", self.valid_until),
            details={name: value for name, value in said.items() if value is not None},
            corrects=self.corrects,
        )


@strawberry.input(description="Symptoms of today, and where one was within 14 days.")
class DeclareHealthInput:
    client_fact_id: strawberry.ID
    symptoms: list[Symptom]
    areas: list[strawberry.ID] = strawberry.field(
        default_factory=list, description="Divisions (GB/T 2260, six digits), at most 10."
    )


@strawberry.input(description="An order: why health status is needed, and until when.")
class OrderHealthStatusInput:
    client_order_id: strawberry.ID
    reason_zh: str
    reason_en: str
    until: datetime


@strawberry.input(description="Why health status is not needed any longer.")
class LiftHealthStatusInput:
    client_order_id: strawberry.ID
    reason_zh: str
    reason_en: str


@strawberry.type
class Mutation:
    @strawberry.federation.field(requires_scopes=RECORD_SCOPES, description="Add what one's department found.")
    async def record_health_fact(self, info: Info, input: RecordHealthFactInput) -> HealthFact:
        fact = await info.context.service(Health).record(principal=info.context.principal, entry=input.entry())
        return HealthFact.of(fact, info)

    @strawberry.federation.field(
        requires_scopes=RECORD_SCOPES, description="Take back an entry of one's department that is wrong."
    )
    async def withdraw_health_fact(self, info: Info, id: strawberry.ID, client_fact_id: strawberry.ID) -> HealthFact:
        fact = await info.context.service(Health).withdraw(
            principal=info.context.principal, fact_id=id, client_fact_id=client_fact_id
        )
        return HealthFact.of(fact, info)

    @strawberry.federation.field(authenticated=True, description="The citizen's own word; the newest counts.")
    async def declare_health(self, info: Info, input: DeclareHealthInput) -> HealthFact:
        fact = await info.context.service(Health).declare(
            principal=info.context.principal,
            symptoms=input.symptoms,
            areas=input.areas,
            client_fact_id=input.client_fact_id,
        )
        return HealthFact.of(fact, info)

    @strawberry.federation.field(
        requires_scopes=RULES_SCOPES, description="Publish a set of rules for good; a set with a fault is refused."
    )
    async def publish_health_rules(self, info: Info, text: str) -> HealthRules:
        made = await info.context.service(Health).publish(principal=info.context.principal, text=text)
        return HealthRules.of(made, info)

    @strawberry.federation.field(
        requires_scopes=RULES_SCOPES, description="Switch health status on, for 90 days at most."
    )
    async def order_health_status(self, info: Info, input: OrderHealthStatusInput) -> HealthOrder:
        order = await info.context.service(Health).order(
            principal=info.context.principal,
            reason=Text(zh=input.reason_zh, en=input.reason_en),
            until=_instant("until", input.until),
            client_order_id=input.client_order_id,
        )
        return HealthOrder.of(order, info)

    @strawberry.federation.field(requires_scopes=RULES_SCOPES, description="Switch health status off before its end.")
    async def lift_health_status(self, info: Info, input: LiftHealthStatusInput) -> HealthOrder:
        order = await info.context.service(Health).lift(
            principal=info.context.principal,
            reason=Text(zh=input.reason_zh, en=input.reason_en),
            client_order_id=input.client_order_id,
        )
        return HealthOrder.of(order, info)


def _instant(field: str, value: datetime) -> datetime:
    if value.tzinfo is None:
        raise BadInput(field=field, problem="must have an offset")
    return value


def _tenths(degrees: float) -> int:
    # A NaN or an infinity is no number of tenths.
    if not 0 <= degrees <= 100:
        raise BadInput(field="temperature", problem="must be from 30.0 to 45.0 °C")
    return round(degrees * 10)


schema = build_schema(query=Query, mutation=Mutation, types=[Citizen, Scan])
