"""Test citizens in the graph, for those who build programs."""

# Strawberry types its federation decorators as Any.
# mypy: disallow-untyped-decorators=False

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Final

import strawberry

from core.graph import Info, personal
from miniapps.sandbox import model
from miniapps.sandbox.service import Sandbox

BUILDERS: Final = [["citizen"], ["developer"]]

Organisation = Annotated[
    strawberry.ID | None, strawberry.argument(description="Whose; null for the one that a tool is signed in for.")
]

strawberry.enum(
    model.AgeGroup, name="TestAgeGroup", description="CHILD: 7 to 13. MINOR: 14 to 17. ADULT: to 59. ELDER: to 89."
)
strawberry.enum(
    model.Residence,
    name="TestResidence",
    description="Whose number they have: a resident's, or that of a residence permit of Hong Kong, Macao or Taiwan.",
)


@strawberry.federation.type(description="What a real city would send to a phone.", authenticated=True)
class TestSignInCode:
    code: str
    expires_at: datetime


@strawberry.federation.type(
    description="Somebody who is nobody, to try programs with in a sandbox city: their phone and id number are right "
    "in their form and of ranges that are given to nobody.",
    authenticated=True,
)
class TestCitizen:
    id: strawberry.ID
    name: str
    phone: str = strawberry.federation.field(
        description="With which they sign in, E.164. Nothing is sent to it.",
        directives=[personal("CONTACT", 3, mask="PHONE", own=True)],
    )
    id_number: str | None = strawberry.federation.field(
        description="Null on real-name level 1.", directives=[personal("IDENTITY", 3, mask="ID_NUMBER", own=True)]
    )
    born_on: date | None = strawberry.federation.field(directives=[personal("IDENTITY", 2, own=True)])
    age: int | None = strawberry.federation.field(description="In whole years.")
    home_district: str | None = strawberry.federation.field(
        description="GB/T 2260.", directives=[personal("WHEREABOUTS", 2, own=True)]
    )
    real_name_level: int = strawberry.federation.field(description="1 to 5 (urn:city:rl:N).")
    created_at: datetime
    shown: strawberry.Private[model.Shown]

    @strawberry.federation.field(
        authenticated=True,
        description="The one-time code that was asked for with their phone; null where none is out. For developers and "
        "owners of the organisation alone.",
    )
    async def sign_in_code(self, info: Info) -> TestSignInCode | None:
        found = await info.context.service(Sandbox).code(principal=info.context.principal, shown=self.shown)
        return TestSignInCode(code=found.code, expires_at=found.expires_at) if found else None

    @classmethod
    def of(cls, shown: model.Shown) -> TestCitizen:
        person = shown.person
        return cls(
            id=strawberry.ID(shown.row.id),
            name=person.name,
            phone=person.phone,
            id_number=person.id_number,
            born_on=person.born,
            age=person.age,
            home_district=person.home_district,
            real_name_level=person.level,
            created_at=shown.row.created_at,
            shown=shown,
        )


@strawberry.input(description="Whom to make; what is not said is drawn, or as here.")
class CreateTestCitizenInput:
    organisation: strawberry.ID | None = strawberry.field(
        default=None, description="Whose; null for the one that a tool is signed in for."
    )
    name: str | None = None
    age_group: model.AgeGroup = model.AgeGroup.ADULT
    real_name_level: int = strawberry.field(
        default=3, description="1 to 5. On 1 there is no id number, and so no age but a grown-up's."
    )
    residence: model.Residence = model.Residence.MAINLAND
    home_district: str | None = strawberry.field(default=None, description="GB/T 2260.")

    @property
    def wanted(self) -> model.Wanted:
        return model.Wanted(
            name=self.name or "",
            age_group=self.age_group,
            level=self.real_name_level,
            residence=self.residence,
            home_district=self.home_district,
        )


@strawberry.type
class SandboxQuery:
    @strawberry.federation.field(
        requires_scopes=BUILDERS, description="An organisation's test citizens. In a sandbox city alone."
    )
    async def test_citizens(self, info: Info, organisation: Organisation = None) -> list[TestCitizen]:
        found = await info.context.service(Sandbox).all(principal=info.context.principal, organisation=organisation)
        return [TestCitizen.of(one) for one in found]

    @strawberry.federation.field(requires_scopes=BUILDERS, description="One of them.")
    async def test_citizen(self, info: Info, id: strawberry.ID, organisation: Organisation = None) -> TestCitizen:
        sandbox, principal = info.context.service(Sandbox), info.context.principal
        return TestCitizen.of(await sandbox.one(principal=principal, id=id, organisation=organisation))


@strawberry.type
class SandboxMutation:
    @strawberry.federation.field(
        requires_scopes=BUILDERS, description="Make a test citizen; twenty an organisation. In a sandbox city alone."
    )
    async def create_test_citizen(self, info: Info, input: CreateTestCitizenInput) -> TestCitizen:
        made = await info.context.service(Sandbox).create(
            principal=info.context.principal, organisation=input.organisation, wanted=input.wanted
        )
        return TestCitizen.of(made)

    @strawberry.federation.field(
        requires_scopes=BUILDERS,
        description="Let a program know nothing of a test citizen any more, as if they had never opened it.",
    )
    async def reset_test_citizen(self, info: Info, id: strawberry.ID, app_id: str) -> TestCitizen:
        sandbox, principal = info.context.service(Sandbox), info.context.principal
        return TestCitizen.of(await sandbox.reset(principal=principal, id=id, app_id=app_id))

    @strawberry.federation.field(requires_scopes=BUILDERS, description="Erase a test citizen's account.")
    async def remove_test_citizen(self, info: Info, id: strawberry.ID, organisation: Organisation = None) -> bool:
        sandbox, principal = info.context.service(Sandbox), info.context.principal
        await sandbox.remove(principal=principal, id=id, organisation=organisation)
        return True
