"""Those who build programs, as the graph shows them to themselves: organisations, keys, apps, domains, tools.

It stands above the wings because an app is made of what several of them know of it.
"""

# Strawberry types its federation decorators as Any.
# mypy: disallow-untyped-decorators=False

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final

import strawberry
from strawberry.scalars import JSON

from core.errors import BadInput
from core.graph import Info
from core.locale import Locale
from miniapps.backends.graph import AppOfBackends
from miniapps.developers import domains, model, rating
from miniapps.developers.devices import Device
from miniapps.developers.granting import Granting
from miniapps.developers.graph import AppOfPublishing
from miniapps.developers.invitations import Invitation
from miniapps.developers.keys import Keys
from miniapps.developers.members import Members
from miniapps.developers.proving import Proving
from miniapps.developers.registering import Registering
from miniapps.developers.service import Developers
from miniapps.releases.graph import MiniCategory
from miniapps.releases.model import Organisation
from miniapps.sandbox.service import Sandbox
from miniapps.versions.graph import AppOfVersions
from miniapps.versions.graph_of_officers import AppOfFigures

BUILDERS: Final = [["citizen"], ["developer"]]
CITIZENS: Final = [["citizen"]]
RATERS: Final = [["miniapps:rate"]]

Jwk = Annotated[JSON, strawberry.argument(description="The public key as a JWK (RFC 7517).")]
Proof = Annotated[
    str,
    strawberry.argument(
        description="A compact JWS by the key, `typ` `mini-key-proof+jwt`, with the claims `organisation` (for a "
        "backend's key `app`) and `iat` alone."
    ),
]

strawberry.enum(
    model.AccountKind, name="DeveloperOrganisationKind", description="PERSON: somebody who builds in their own name."
)
strawberry.enum(
    model.Role,
    name="DeveloperRole",
    description="READER sees, DEVELOPER builds and submits, OWNER decides about keys, members and apps.",
)
strawberry.enum(
    model.KeyUse, name="DeveloperKeyUse", description="ENCRYPT: what is sealed for a backend is sealed for it."
)
strawberry.enum(domains.DomainState, name="AppDomainState", description="Whether it is known that a domain is theirs.")
strawberry.enum(domains.Method, name="AppDomainMethod", description="Where a domain's token was found.")


@strawberry.federation.type(description="How far the city trusts who builds, worked out now.", authenticated=True)
class DeveloperRating:
    grade: rating.Grade
    score: int = strawberry.federation.field(description="0 to 100.")
    reasons: list[str] = strawberry.federation.field(description="What it is made of, in the request's language.")
    apps_max: int = strawberry.federation.field(description="How many programs this grade may have.")
    submissions_per_day: int = strawberry.federation.field(description="Of all programs together.")
    rollout_begins_percent_max: float = strawberry.federation.field(
        description="With how many per cent of its citizens a rollout may begin."
    )

    @classmethod
    def of(cls, one: rating.Rating, locale: Locale) -> DeveloperRating:
        may = one.allowance
        return cls(
            grade=one.grade,
            score=one.score,
            reasons=[_in_words(reason, locale) for reason in one.reasons],
            apps_max=may.apps_max,
            submissions_per_day=may.submissions_per_day,
            rollout_begins_percent_max=may.rollout_begins_percent_max,
        )


def _in_words(reason: rating.Reason, locale: Locale) -> str:
    text = reason.text.in_(locale)
    return text if reason.points is None else f"{text} ({reason.points:+d})"


@strawberry.federation.type(description="A public key of an organisation's or of a backend's.", authenticated=True)
class DeveloperKey:
    id: strawberry.ID = strawberry.federation.field(description="Its thumbprint (RFC 7638).")
    jwk: JSON
    use: model.KeyUse
    added_at: datetime | None
    retires_at: datetime | None = strawberry.federation.field(
        description="From when on it signs nothing new; null for one that stays."
    )

    @classmethod
    def of(cls, key: model.Key) -> DeveloperKey:
        return cls(
            id=strawberry.ID(key.kid),
            jwk=JSON(dict(key.jwk)),
            use=key.use,
            added_at=key.added_at,
            retires_at=key.retires_at,
        )


@strawberry.federation.type(
    description="A domain that a program calls, and how to prove that it is yours: the token stands in a TXT record or "
    "is the file's only line.",
    authenticated=True,
)
class AppDomain:
    id: strawberry.ID
    domain: str
    state: domains.DomainState
    method: domains.Method | None
    token: str = strawberry.federation.field(description="All of what must stand there: `citytong-domain=…`.")
    dns_name: str = strawberry.federation.field(description="Where a TXT record may stand.")
    well_known_url: str = strawberry.federation.field(description="Where a file may stand.")

    @classmethod
    def of(cls, one: domains.DomainProof) -> AppDomain:
        return cls(
            id=strawberry.ID(one.id),
            domain=one.domain,
            state=one.state,
            method=one.method,
            token=one.text,
            dns_name=one.dns_name,
            well_known_url=one.file_url,
        )


@strawberry.federation.type(description="Somebody who builds for an organisation.", authenticated=True)
class DeveloperMember:
    id: strawberry.ID = strawberry.federation.field(description="`dev_…`: what other developers see of them.")
    role: model.Role


@strawberry.federation.type(
    description="A developer is asked to build for somebody, and is a member once they accepted.", authenticated=True
)
class DeveloperInvitation:
    id: strawberry.ID
    organisation: strawberry.ID
    organisation_name: str = strawberry.federation.field(description="In the request's language.")
    developer: strawberry.ID = strawberry.federation.field(description="Who is asked, `dev_…`.")
    role: model.Role
    asked_at: datetime
    expires_at: datetime
    declined: bool = strawberry.federation.field(
        description="They said no, and are not asked again before it would have expired."
    )

    @classmethod
    def of(cls, one: Invitation, organisation: Organisation, info: Info) -> DeveloperInvitation:
        return cls(
            id=strawberry.ID(one.id),
            organisation=strawberry.ID(one.organisation),
            organisation_name=organisation.names[info.context.locale],
            developer=strawberry.ID(one.developer),
            role=one.role,
            asked_at=one.at,
            expires_at=one.expires_at,
            declined=one.declined,
        )


@strawberry.federation.type(description="For whom you build.", authenticated=True)
class DeveloperOrganisation:
    id: strawberry.ID
    name: str
    kind: model.AccountKind
    verified: bool = strawberry.federation.field(description="By the register of organisations.")
    blocked: str | None = strawberry.federation.field(
        description="Why nothing may be built for it now: `officer`, `frozen`; null where it may."
    )
    rated_because: str | None = strawberry.federation.field(description="An officer's reason, where one set the grade.")
    role: model.Role = strawberry.federation.field(description="Yours.")
    authority: strawberry.Private[model.Authority]

    @strawberry.federation.field(authenticated=True, description="How far the city trusts it.")
    async def rating(self, info: Info) -> DeveloperRating:
        found = await info.context.service(Developers).rating(self.id)
        return DeveloperRating.of(found, info.context.locale)

    @strawberry.federation.field(authenticated=True, description="That packages are signed by, retired ones too.")
    async def keys(self, info: Info) -> list[DeveloperKey]:
        return [DeveloperKey.of(key) for key in await info.context.service(Keys).of_organisation(self.id)]

    @strawberry.federation.field(authenticated=True, description="Its programs, by their ids.")
    async def apps(self, info: Info) -> list[DeveloperApp]:
        return [DeveloperApp.of(app, info) for app in await info.context.service(Registering).apps(self.id)]

    @strawberry.federation.field(authenticated=True, description="Those who have built here, and may now.")
    async def members(self, info: Info) -> list[DeveloperMember]:
        found = await info.context.service(Members).of(self.authority)
        return [DeveloperMember(id=strawberry.ID(one.developer), role=one.role) for one in found]

    @strawberry.federation.field(
        authenticated=True, description="Who was asked to build here and has not accepted; for owners."
    )
    async def invitations(self, info: Info) -> list[DeveloperInvitation]:
        found = await info.context.service(Members).asked(self.authority)
        return [DeveloperInvitation.of(one, self.authority.organisation, info) for one in found]

    @classmethod
    def of(cls, one: model.Authority, info: Info) -> DeveloperOrganisation:
        rated = one.account.rated
        return cls(
            id=strawberry.ID(one.organisation.id),
            name=one.organisation.names[info.context.locale],
            kind=one.account.kind,
            verified=one.organisation.verified,
            blocked=one.account.blocked or None,
            rated_because=rated.reason if rated else None,
            role=one.role,
            authority=one,
        )


@strawberry.federation.type(description="A program, as those who build it see it.", authenticated=True)
class DeveloperApp(AppOfFigures, AppOfVersions, AppOfBackends, AppOfPublishing):
    app_id: str
    name: str = strawberry.federation.field(description="As it was registered, in the request's language.")
    category: MiniCategory
    app: strawberry.Private[model.App]

    @strawberry.federation.field(authenticated=True, description="Whose it is, for ever.")
    async def organisation(self, info: Info) -> DeveloperOrganisation:
        found = await info.context.service(Developers).membership(
            principal=info.context.principal, organisation=self.app.organisation
        )
        return DeveloperOrganisation.of(found, info)

    @strawberry.federation.field(authenticated=True, description="That it asked for, proved or not.")
    async def domains(self, info: Info) -> list[AppDomain]:
        return [AppDomain.of(one) for one in await info.context.service(Proving).of_app(self.app.app_id)]

    @strawberry.federation.field(authenticated=True, description="Of its backend, retired ones too.")
    def backend_keys(self) -> list[DeveloperKey]:
        return [DeveloperKey.of(key) for key in self.app.backend_keys]

    @classmethod
    def of(cls, app: model.App, info: Info) -> DeveloperApp:
        return cls(app_id=app.app_id, name=app.names[info.context.locale], category=app.category, app=app)


@strawberry.federation.type(description="You, as somebody who builds programs.", authenticated=True)
class Developer:
    id: strawberry.ID
    organisations: list[DeveloperOrganisation]

    @strawberry.federation.field(
        authenticated=True, description="Whether this city is one to try programs in, with test citizens."
    )
    def sandbox(self, info: Info) -> bool:
        return info.context.service(Sandbox).on


@strawberry.federation.type(description="Where you are signed in with a tool.", authenticated=True)
class DeveloperDevice:
    id: strawberry.ID
    organisation: strawberry.ID = strawberry.federation.field(description="For which it builds.")
    since: datetime
    used_at: datetime

    @classmethod
    def of(cls, one: Device) -> DeveloperDevice:
        organisation = strawberry.ID(one.organisation)
        return cls(id=strawberry.ID(one.id), organisation=organisation, since=one.since, used_at=one.used_at)


@strawberry.input
class RegisterDeveloperInput:
    organisation_id: strawberry.ID | None = strawberry.field(
        default=None, description="`org_…`, whose owner or administrator you are; null to build in your own name."
    )
    name: str | None = strawberry.field(default=None, description="What you are called then; null for an organisation.")


@strawberry.input
class RegisterAppInput:
    organisation: strawberry.ID
    app_id: str
    category: MiniCategory
    names: JSON = strawberry.field(description="By language: `zh-CN`, `en`, or both.")


def _object(found: Any, field: str) -> dict[str, Any]:
    if not isinstance(found, dict):
        raise BadInput(field=field, problem="must be a JSON object")
    return found


@strawberry.type
class BuildingQuery:
    @strawberry.federation.field(
        requires_scopes=BUILDERS, description="You, as somebody who builds programs; null until you registered."
    )
    async def developer(self, info: Info) -> Developer | None:
        me = await info.context.service(Registering).me(principal=info.context.principal)
        if me is None:
            return None
        organisations = [DeveloperOrganisation.of(one, info) for one in me.organisations]
        return Developer(id=strawberry.ID(me.developer.id), organisations=organisations)

    @strawberry.federation.field(requires_scopes=BUILDERS, description="A program of yours.")
    async def developer_app(self, info: Info, app_id: str) -> DeveloperApp:
        service, principal = info.context.service(Developers), info.context.principal
        return DeveloperApp.of((await service.membership(principal=principal, app_id=app_id)).the_app, info)

    @strawberry.federation.field(requires_scopes=BUILDERS, description="Where you are signed in with a tool.")
    async def developer_devices(self, info: Info) -> list[DeveloperDevice]:
        found = await info.context.service(Granting).signed_in(principal=info.context.principal)
        return [DeveloperDevice.of(one) for one in found]

    @strawberry.federation.field(requires_scopes=CITIZENS, description="Who asks you to build with them.")
    async def developer_invitations(self, info: Info) -> list[DeveloperInvitation]:
        found = await info.context.service(Members).waiting(principal=info.context.principal)
        return [DeveloperInvitation.of(one, organisation, info) for one, organisation in found]

    @strawberry.federation.field(requires_scopes=RATERS, description="How far the city trusts an organisation now.")
    async def organisation_rating(self, info: Info, organisation: strawberry.ID) -> DeveloperRating:
        found = await info.context.service(Developers).rating(organisation)
        return DeveloperRating.of(found, info.context.locale)


@strawberry.type
class BuildingMutation:
    @strawberry.federation.field(
        requires_scopes=CITIZENS, description="Build programs, for an organisation of yours or in your own name."
    )
    async def register_developer(self, info: Info, input: RegisterDeveloperInput) -> DeveloperOrganisation:
        made = await info.context.service(Registering).register(
            principal=info.context.principal, of=input.organisation_id, name=input.name
        )
        return DeveloperOrganisation.of(made, info)

    # --- keys

    @strawberry.federation.field(requires_scopes=BUILDERS, description="Sign packages with this key too; for owners.")
    async def add_developer_key(self, info: Info, organisation: strawberry.ID, jwk: Jwk, proof: Proof) -> DeveloperKey:
        made = await info.context.service(Keys).add(
            principal=info.context.principal, organisation=organisation, jwk=_object(jwk, "jwk"), proof=proof
        )
        return DeveloperKey.of(made)

    @strawberry.federation.field(
        requires_scopes=BUILDERS, description="Sign with this key instead of another, which still signs for two weeks."
    )
    async def rotate_developer_key(
        self, info: Info, organisation: strawberry.ID, jwk: Jwk, proof: Proof, retires: strawberry.ID
    ) -> DeveloperKey:
        made = await info.context.service(Keys).add(
            principal=info.context.principal,
            organisation=organisation,
            jwk=_object(jwk, "jwk"),
            proof=proof,
            retires=retires,
        )
        return DeveloperKey.of(made)

    @strawberry.federation.field(requires_scopes=BUILDERS, description="Nothing new is taken that this key signs.")
    async def retire_developer_key(self, info: Info, organisation: strawberry.ID, key: strawberry.ID) -> DeveloperKey:
        keys, principal = info.context.service(Keys), info.context.principal
        return DeveloperKey.of(await keys.retire(principal=principal, organisation=organisation, kid=key))

    @strawberry.federation.field(requires_scopes=BUILDERS, description="A key of the program's backend; for owners.")
    async def add_app_key(
        self, info: Info, app_id: str, jwk: Jwk, use: model.KeyUse, proof: str | None = None
    ) -> DeveloperKey:
        made = await info.context.service(Keys).add_to_app(
            principal=info.context.principal, app_id=app_id, jwk=_object(jwk, "jwk"), use=use, proof=proof
        )
        return DeveloperKey.of(made)

    @strawberry.federation.field(
        requires_scopes=BUILDERS, description="A key instead of another, which is still good for two weeks."
    )
    async def rotate_app_key(
        self,
        info: Info,
        app_id: str,
        jwk: Jwk,
        use: model.KeyUse,
        retires: strawberry.ID,
        proof: str | None = None,
    ) -> DeveloperKey:
        made = await info.context.service(Keys).add_to_app(
            principal=info.context.principal,
            app_id=app_id,
            jwk=_object(jwk, "jwk"),
            use=use,
            proof=proof,
            retires=retires,
        )
        return DeveloperKey.of(made)

    @strawberry.federation.field(requires_scopes=BUILDERS, description="It proves nothing any more, at once.")
    async def retire_app_key(self, info: Info, app_id: str, key: strawberry.ID) -> DeveloperKey:
        keys, principal = info.context.service(Keys), info.context.principal
        return DeveloperKey.of(await keys.retire_of_app(principal=principal, app_id=app_id, kid=key))

    # --- apps and domains

    @strawberry.federation.field(requires_scopes=BUILDERS, description="Have a program's id for ever; for owners.")
    async def register_app(self, info: Info, input: RegisterAppInput) -> DeveloperApp:
        made = await info.context.service(Registering).register_app(
            principal=info.context.principal,
            organisation=input.organisation,
            app_id=input.app_id,
            category=input.category,
            names=_object(input.names, "names"),
        )
        return DeveloperApp.of(made, info)

    @strawberry.federation.field(
        requires_scopes=BUILDERS, description="What has to stand where, so that the domain is the program's."
    )
    async def prove_domain(self, info: Info, app_id: str, domain: str) -> AppDomain:
        proving, principal = info.context.service(Proving), info.context.principal
        return AppDomain.of(await proving.ask(principal=principal, app_id=app_id, domain=domain))

    @strawberry.federation.field(requires_scopes=BUILDERS, description="Look now whether it stands there.")
    async def check_domain(self, info: Info, id: strawberry.ID) -> AppDomain:
        return AppDomain.of(await info.context.service(Proving).check(principal=info.context.principal, id=id))

    # --- members

    @strawberry.federation.field(
        requires_scopes=CITIZENS,
        description="Ask a developer to build with you, for two weeks; of somebody's own name alone.",
    )
    async def invite_developer_member(
        self, info: Info, organisation: strawberry.ID, developer: strawberry.ID, role: model.Role
    ) -> DeveloperOrganisation:
        found = await info.context.service(Members).invite(
            principal=info.context.principal, organisation=organisation, developer=developer, role=role
        )
        return DeveloperOrganisation.of(found, info)

    @strawberry.federation.field(requires_scopes=CITIZENS, description="Ask them no more.")
    async def withdraw_developer_invitation(self, info: Info, id: strawberry.ID) -> DeveloperOrganisation:
        found = await info.context.service(Members).withdraw(principal=info.context.principal, id=id)
        return DeveloperOrganisation.of(found, info)

    @strawberry.federation.field(requires_scopes=CITIZENS, description="Build with who asks you.")
    async def accept_developer_invitation(self, info: Info, id: strawberry.ID) -> DeveloperOrganisation:
        found = await info.context.service(Members).accept(principal=info.context.principal, id=id)
        return DeveloperOrganisation.of(found, info)

    @strawberry.federation.field(requires_scopes=CITIZENS, description="Do not build with who asks you.")
    async def decline_developer_invitation(self, info: Info, id: strawberry.ID) -> bool:
        await info.context.service(Members).decline(principal=info.context.principal, id=id)
        return True

    @strawberry.federation.field(
        requires_scopes=CITIZENS, description="Let a member build with you as something else than before."
    )
    async def change_developer_member(
        self, info: Info, organisation: strawberry.ID, developer: strawberry.ID, role: model.Role
    ) -> DeveloperOrganisation:
        changed = await info.context.service(Members).change(
            principal=info.context.principal, organisation=organisation, developer=developer, role=role
        )
        return DeveloperOrganisation.of(changed, info)

    @strawberry.federation.field(
        requires_scopes=CITIZENS, description="Let somebody build with you no longer, or go yourself."
    )
    async def remove_developer_member(
        self, info: Info, organisation: strawberry.ID, developer: strawberry.ID
    ) -> DeveloperOrganisation:
        changed = await info.context.service(Members).remove(
            principal=info.context.principal, organisation=organisation, developer=developer
        )
        return DeveloperOrganisation.of(changed, info)

    # --- tools

    @strawberry.federation.field(
        requires_scopes=CITIZENS, description="Sign in the tool that shows this code, to build for an organisation."
    )
    async def approve_developer_device(
        self, info: Info, user_code: str, organisation: strawberry.ID
    ) -> DeveloperOrganisation:
        found = await info.context.service(Granting).approve(
            principal=info.context.principal, user_code=user_code, organisation=organisation
        )
        return DeveloperOrganisation.of(found, info)

    @strawberry.federation.field(requires_scopes=CITIZENS, description="Refuse the tool that shows this code.")
    async def deny_developer_device(self, info: Info, user_code: str) -> bool:
        await info.context.service(Granting).deny(principal=info.context.principal, user_code=user_code)
        return True

    @strawberry.federation.field(requires_scopes=BUILDERS, description="Sign a tool out, at once.")
    async def end_developer_device(self, info: Info, id: strawberry.ID) -> bool:
        await info.context.service(Granting).end(principal=info.context.principal, device=id)
        return True

    # --- officers

    @strawberry.federation.field(
        requires_scopes=RATERS, description="Set an organisation's grade; null lets it be worked out again."
    )
    async def rate_organisation(
        self, info: Info, organisation: strawberry.ID, grade: rating.Grade | None, reason: str
    ) -> DeveloperRating:
        await info.context.service(Registering).rate(
            principal=info.context.principal, organisation=organisation, grade=grade, reason=reason
        )
        found = await info.context.service(Developers).rating(organisation)
        return DeveloperRating.of(found, info.context.locale)
