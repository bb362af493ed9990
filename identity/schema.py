"""Identity's part of the graph.

Access is written on the type or on the field. An entity is resolved for the caller and not for whoever holds its
key: what the caller may not see comes back as null, which the gateway shows as not found.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final

import strawberry

from core import divisions
from core.graph import PUBLIC, Connection, DepartmentType, Info, build_schema, connection_of, personal
from core.paging import PageRequest
from identity import model
from identity.cards import CONTACT_PHONE, IDENTITY_MASKED, MaskedPerson, StaffCard, loader
from identity.consents.graph import ConsentsMutation, ConsentsQuery
from identity.credentials.graph import CredentialsMutation, CredentialsQuery
from identity.devices.graph import DevicesMutation, DevicesQuery
from identity.evidence.graph import ConfirmDocumentInput, EvidenceMutation, EvidenceQuery, asking
from identity.evidence.service import Evidences
from identity.graph_of_acting import (
    FAMILY,
    Acting,
    ActingSession,
    ConfirmRealNameInput,
    DelegationMutation,
    DelegationQuery,
    FindCitizenInput,
    FoundCitizen,
    LookUp,
    RealNameEvidence,
    Relation,
)
from identity.graph_of_sessions import Session, SignInResult
from identity.levels import NameEvidence
from identity.oidc.graph import OidcMutation, OidcQuery
from identity.organisations.graph import OrganisationsMutation, OrganisationsQuery
from identity.recovery.graph import RecoveryMutation, RecoveryQuery
from identity.service import Identity
from identity.staffing.graph import StaffingMutation, StaffingQuery

IDENTITY_NAME: Final = personal("IDENTITY", 3, mask="NAME")
IDENTITY_HOW: Final = personal("IDENTITY", 2)
WHEREABOUTS_HOME: Final = personal("WHEREABOUTS", 2)

First = Annotated[int, strawberry.argument(description="How many rows, 1 to 100.")]
After = Annotated[str | None, strawberry.argument(description="The cursor of the row before the page.")]


# --- types ------------------------------------------------------------------------------------------------------


@strawberry.federation.type(description="A district of the city.", keys=["code"], directives=[PUBLIC])
class District:
    code: strawberry.ID = strawberry.federation.field(description="GB/T 2260 code of six digits.")

    @strawberry.federation.field(description="In the request's language.")
    def name(self, info: Info) -> str:
        return divisions.DISTRICTS[self.code].name.in_(info.context.locale)

    @classmethod
    def resolve_reference(cls, code: strawberry.ID) -> District | None:
        return cls(code=code) if code in divisions.DISTRICTS else None


@strawberry.federation.type(description="The part of the city a staff account answers for.", authenticated=True)
class Jurisdiction:
    code: strawberry.ID

    @strawberry.federation.field(description="In the request's language; the code where the city has no name for it.")
    def name(self, info: Info) -> str:
        name = divisions.division_name(self.code)
        return name.in_(info.context.locale) if name else str(self.code)


async def _own_sessions(info: Info, first: int, after: str | None) -> Connection[Session]:
    principal = info.context.principal
    request = PageRequest.of(first=first, after=after)
    page = await info.context.service(Identity).sessions.page(principal=principal, request=request)
    return connection_of(page, lambda row: Session.of(row, current_id=principal.session_id))


@strawberry.federation.type(
    description="A person who uses the city, as they see themself.", keys=["id"], authenticated=True
)
class Citizen:
    id: strawberry.ID
    name: str | None = strawberry.federation.field(
        description="Null until the real name is known.", directives=[IDENTITY_NAME]
    )
    masked_name: str = strawberry.federation.field(directives=[IDENTITY_MASKED])
    phone: str | None = strawberry.federation.field(
        description="In E.164; null for somebody who has none.", directives=[CONTACT_PHONE]
    )
    masked_phone: str = strawberry.federation.field(
        description="A phrase for a person without a phone.", directives=[personal("CONTACT", 1)]
    )
    real_name_level: int = strawberry.federation.field(
        description="1 phone only, 2 form checked, 3 registry, 4 real person, 5 counter (urn:city:rl:N)."
    )
    home_code: strawberry.Private[str | None]
    evidence: strawberry.Private[NameEvidence | None]

    @strawberry.federation.field(directives=[WHEREABOUTS_HOME])
    def home_district(self, info: Info) -> District | None:
        info.context.principal.require_citizen(self.id)
        return District(code=strawberry.ID(self.home_code)) if self.home_code else None

    @strawberry.federation.field(
        description="The newest evidence that has not expired; null where there is none.", directives=[IDENTITY_HOW]
    )
    def real_name_evidence(self, info: Info) -> RealNameEvidence | None:
        info.context.principal.require_citizen(self.id)
        return RealNameEvidence.of(self.evidence, info=info) if self.evidence else None

    @strawberry.federation.field(
        description="For whom this person may act, and who may act for them; newest first.", directives=[FAMILY]
    )
    async def relations(self, info: Info) -> list[Relation] | None:
        found = await info.context.service(Identity).acting.relations(principal=info.context.principal)
        return [Relation.of(relation, info=info) for relation in found]

    @strawberry.federation.field(description="Each time that somebody acted for somebody here, newest first.")
    async def actings(self, info: Info, first: First = 20, after: After = None) -> Connection[Acting] | None:
        request = PageRequest.of(first=first, after=after)
        acting = info.context.service(Identity).acting
        page = await acting.actings(principal=info.context.principal, request=request)
        return connection_of(page, lambda row: Acting.of(row, info=info))

    @strawberry.federation.field(description="Each time that an officer looked this person up, newest first.")
    async def look_ups(self, info: Info, first: First = 20, after: After = None) -> Connection[LookUp] | None:
        request = PageRequest.of(first=first, after=after)
        page = await info.context.service(Identity).counter.look_ups(principal=info.context.principal, request=request)
        return connection_of(page, LookUp.of)

    @strawberry.federation.field(description="Sessions that run or ended in the last 30 days, newest first.")
    async def sessions(self, info: Info, first: First = 20, after: After = None) -> Connection[Session]:
        return await _own_sessions(info, first, after)

    @classmethod
    def of(cls, citizen: model.Citizen, *, info: Info) -> Citizen:
        return cls(
            id=strawberry.ID(citizen.id),
            name=citizen.name,
            masked_name=citizen.masked_name(info.context.locale),
            phone=citizen.phone,
            masked_phone=citizen.masked_phone(info.context.locale),
            real_name_level=citizen.real_name_level,
            home_code=citizen.home_district,
            evidence=max(citizen.in_force, key=lambda one: one.at, default=None),
        )

    @classmethod
    async def resolve_reference(cls, info: Info, id: strawberry.ID) -> Citizen | None:
        citizen = await loader(info, info.context.service(Identity).own_citizens).load(id)
        return cls.of(citizen, info=info) if citizen else None


@strawberry.federation.type(description="A member of staff, as they see themself.", requires_scopes=[["staff"]])
class StaffMember:
    id: strawberry.ID
    display_name: str = strawberry.federation.field(directives=[personal("IDENTITY", 3, mask="NAME", own=True)])
    badge: str
    organisation: str = strawberry.federation.field(description="The unit, in the request's language.")
    department: DepartmentType | None = strawberry.federation.field(description="The department that it belongs to.")
    roles: list[str]
    jurisdiction: Jurisdiction

    @strawberry.federation.field(description="Sessions that run or ended in the last 30 days, newest first.")
    async def sessions(self, info: Info, first: First = 20, after: After = None) -> Connection[Session]:
        return await _own_sessions(info, first, after)

    @classmethod
    def of(cls, staff: model.Staff, *, info: Info) -> StaffMember:
        return cls(
            id=strawberry.ID(staff.id),
            display_name=staff.display_name,
            badge=staff.badge,
            organisation=staff.organisation.in_(info.context.locale),
            department=DepartmentType.of(staff.department, info.context.locale) if staff.department else None,
            roles=list(staff.roles),
            jurisdiction=Jurisdiction(code=strawberry.ID(staff.jurisdiction.code)),
        )


@strawberry.federation.type(description="What a client needs to ask for a code.", directives=[PUBLIC])
class SignInRules:
    code_length: int
    code_lifetime_s: int
    resend_after_s: int


@strawberry.federation.type(
    description="The answer to a request for a code: the same whether or not the phone has an account.",
    directives=[PUBLIC],
)
class SignInCodeRequest:
    expires_at: datetime
    resend_after_s: int


@strawberry.input
class RequestSignInCodeInput:
    phone: str = strawberry.field(description="A mobile number; without + and country code a Chinese one.")
    device_id: str | None = strawberry.field(default=None, description="Chosen and kept by the device.")
    audience: model.Audience = model.Audience.CITIZEN


@strawberry.input
class SignInInput:
    phone: str
    code: str
    device_id: str | None = None
    device_name: str = strawberry.field(default="设备", description="What the session list calls this device.")
    audience: model.Audience = model.Audience.CITIZEN


# --- roots ------------------------------------------------------------------------------------------------------


@strawberry.type
class Query(
    ConsentsQuery,
    CredentialsQuery,
    DelegationQuery,
    DevicesQuery,
    EvidenceQuery,
    OidcQuery,
    OrganisationsQuery,
    RecoveryQuery,
    StaffingQuery,
):
    @strawberry.federation.field(
        authenticated=True,
        description="The citizen who is signed in; for somebody who acts for another, that other: their name alone.",
    )
    async def me(self, info: Info) -> Citizen:
        citizen = await info.context.service(Identity).me(principal=info.context.principal)
        return Citizen.of(citizen, info=info)

    @strawberry.federation.field(
        authenticated=True, description="Who acts for whom in this request; null for somebody who asks for themself."
    )
    async def acting(self, info: Info) -> Acting | None:
        acting = await info.context.service(Identity).acting.acting(principal=info.context.principal)
        return Acting.of(acting, info=info) if acting else None

    @strawberry.federation.field(requires_scopes=[["staff"]], description="The member of staff who is signed in.")
    async def staff_me(self, info: Info) -> StaffMember:
        staff = await info.context.service(Identity).staff_me(principal=info.context.principal)
        return StaffMember.of(staff, info=info)

    @strawberry.federation.field(directives=[PUBLIC], description="The city's districts.")
    def districts(self) -> list[District]:
        return [District(code=strawberry.ID(code)) for code in divisions.DISTRICTS]

    @strawberry.federation.field(directives=[PUBLIC])
    def sign_in_rules(self, info: Info) -> SignInRules:
        return SignInRules(
            code_length=model.CODE_LENGTH,
            code_lifetime_s=int(model.CODE_LIFETIME.total_seconds()),
            resend_after_s=info.context.service(Identity).codes.limits.resend_after_s,
        )


@strawberry.type
class Mutation(
    ConsentsMutation,
    CredentialsMutation,
    DelegationMutation,
    DevicesMutation,
    EvidenceMutation,
    OidcMutation,
    OrganisationsMutation,
    RecoveryMutation,
    StaffingMutation,
):
    @strawberry.federation.field(directives=[PUBLIC], description="Have a sign-in code sent to a phone.")
    async def request_sign_in_code(self, info: Info, input: RequestSignInCodeInput) -> SignInCodeRequest:
        client = info.context.client
        requested = await info.context.service(Identity).request_code(
            phone=input.phone,
            audience=input.audience,
            device_id=input.device_id or client.device_id,
            address=client.address,
            locale=info.context.locale,
        )
        return SignInCodeRequest(expires_at=requested.expires_at, resend_after_s=requested.resend_after_s)

    @strawberry.federation.field(directives=[PUBLIC], description="Begin a session with a code.")
    async def sign_in(self, info: Info, input: SignInInput) -> SignInResult:
        client = info.context.client
        signed_in = await info.context.service(Identity).sign_in(
            phone=input.phone,
            code=input.code,
            audience=input.audience,
            device_id=input.device_id or client.device_id,
            device_name=input.device_name,
            address=client.address,
            jkt=client.jkt,
        )
        return SignInResult.of(signed_in)

    @strawberry.federation.field(directives=[PUBLIC], description="Change a refresh token for new tokens, once.")
    async def refresh_session(self, info: Info, refresh_token: str) -> SignInResult:
        sessions = info.context.service(Identity).sessions
        return SignInResult.of(await sessions.refresh(refresh_token=refresh_token, jkt=info.context.client.jkt))

    @strawberry.federation.field(authenticated=True, description="End the session that asks.")
    async def sign_out(self, info: Info) -> bool:
        await info.context.service(Identity).sessions.sign_out(principal=info.context.principal)
        return True

    @strawberry.federation.field(authenticated=True, description="End one of your own sessions.")
    async def revoke_session(self, info: Info, id: strawberry.ID) -> Session:
        principal = info.context.principal
        ended = await info.context.service(Identity).sessions.revoke(principal=principal, session_id=id)
        return Session.of(ended, current_id=principal.session_id)

    @strawberry.federation.field(authenticated=True, description="Choose the district whose news comes first.")
    async def set_home_district(self, info: Info, code: strawberry.ID) -> Citizen:
        principal = info.context.principal
        citizen = await info.context.service(Identity).set_home_district(principal=principal, code=code)
        return Citizen.of(citizen, info=info)

    @strawberry.federation.field(
        requires_scopes=[["citizen"]], description="Begin to act for somebody, by one of your own relations."
    )
    async def act_for(self, info: Info, relation_id: strawberry.ID) -> ActingSession:
        acting = info.context.service(Identity).acting
        begun = await acting.act_for(principal=info.context.principal, relation_id=relation_id)
        return ActingSession.of(begun, info=info)

    @strawberry.federation.field(
        requires_scopes=[["citizen"]], description="End a relation, on either side of it, and what goes on by it."
    )
    async def end_relation(self, info: Info, id: strawberry.ID) -> Relation:
        acting = info.context.service(Identity).acting
        return Relation.of(await acting.end(principal=info.context.principal, relation_id=id), info=info)

    @strawberry.federation.field(
        requires_scopes=[["citizens:find"]],
        description="Find the citizen who stands at your counter. Both must be right; the citizen sees it.",
    )
    async def find_citizen(self, info: Info, input: FindCitizenInput) -> FoundCitizen:
        counter, principal = info.context.service(Identity).counter, info.context.principal
        found = await counter.find(principal=principal, phone=input.phone, name=input.name, reason=input.reason)
        return FoundCitizen.of(found, info=info)

    @strawberry.federation.field(
        requires_scopes=[["citizen"]],
        description="Have your name confirmed by the population register. The next tokens hold the new level.",
    )
    async def confirm_real_name(self, info: Info, input: ConfirmRealNameInput) -> Citizen:
        names, client = info.context.service(Identity).real_names, info.context.client
        citizen = await names.confirm(
            principal=info.context.principal,
            name=input.name,
            id_number=input.id_number,
            device_id=client.device_id,
            address=client.address,
        )
        return Citizen.of(citizen, info=info)

    @strawberry.federation.field(
        requires_scopes=[["citizen"]],
        description="A document of yours: level 3 where a register knows it, else 2. The next tokens hold it.",
    )
    async def confirm_document(self, info: Info, input: ConfirmDocumentInput) -> Citizen:
        citizen = await info.context.service(Evidences).confirm_document(asking=asking(info), entered=input.entered())
        return Citizen.of(citizen, info=info)

    @strawberry.federation.field(
        requires_scopes=[["citizen"]],
        description="Bring the provider's signed result of your check: level 4. The next tokens hold the new level.",
    )
    async def finish_face_check(self, info: Info, id: strawberry.ID, result: str) -> Citizen:
        citizen = await info.context.service(Evidences).finish_face_check(
            asking=asking(info), check_id=id, result=result
        )
        return Citizen.of(citizen, info=info)

    @strawberry.federation.field(
        requires_scopes=[["citizen"]],
        description="Your net-ID credential, or that of your minor child: level 4, and nobody asks for your name. "
        "Asks for a fresh proof. The next tokens hold the new level.",
    )
    async def confirm_net_id(self, info: Info, credential: str, child_id: strawberry.ID | None = None) -> Citizen:
        citizen = await info.context.service(Evidences).confirm_net_id(
            asking=asking(info), credential=credential, child_id=child_id
        )
        return Citizen.of(citizen, info=info)


schema = build_schema(query=Query, mutation=Mutation, types=[MaskedPerson, StaffCard])
