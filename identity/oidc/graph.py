"""The provider's part of the graph: what a citizen decides about a client, and how staff look after clients."""

# Strawberry types its federation decorators as Any.
# mypy: disallow-untyped-decorators=False

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final

import orjson
import strawberry

from core.errors import BadInput
from core.graph import PUBLIC, Connection, Info, connection_of, personal
from core.paging import PageRequest
from core.principal import PrincipalKind
from identity.graph_of_acting import FAMILY, Relation
from identity.oidc import model
from identity.oidc.authorization import proven_since
from identity.oidc.interaction import Interaction
from identity.oidc.registration import REVIEWS, Registered
from identity.oidc.service import OpenIdProvider

CONTACT: Final = personal("CONTACT", 3)
_STAFF: Final = [[REVIEWS]]

First = Annotated[int, strawberry.argument(description="How many rows, 1 to 100.")]
After = Annotated[str | None, strawberry.argument(description="The cursor of the row before the page.")]

Scopes = Annotated[
    list[str] | None,
    strawberry.argument(description="Of those that it asks for, the ones that it gets; null for all of them."),
]
OverlapHours = Annotated[
    int, strawberry.argument(description="How long the old secret is good beside the new one, 0 to 72 hours.")
]

strawberry.enum(model.Profile, name="OidcProfile", description="Which rules a client keeps.")
strawberry.enum(model.ClientState, name="OidcClientState", description="Whether a client may work.")


# --- what a citizen decides


@strawberry.federation.type(name="OidcClient", description="A service that asks who you are.", directives=[PUBLIC])
class OidcClient:
    id: strawberry.ID
    name: str = strawberry.federation.field(description="In the request's language.")
    operator: str = strawberry.federation.field(description="Who runs it.")
    purpose: str = strawberry.federation.field(description="Why it wants what it asks for.")

    @classmethod
    def of(cls, client: model.Client, info: Info) -> OidcClient:
        locale = info.context.locale
        return cls(
            id=strawberry.ID(client.id),
            name=client.name.in_(locale),
            operator=client.operator.in_(locale),
            purpose=client.purpose.in_(locale),
        )


@strawberry.federation.type(description="One thing that a service wants to know.", directives=[PUBLIC])
class RequestedClaim:
    name: str = strawberry.federation.field(description="As `approveInteraction` takes it.")
    title: str = strawberry.federation.field(description="In the request's language.")
    essential: bool = strawberry.federation.field(description="The service says that it cannot do without.")
    class_: str = strawberry.federation.field(name="class", description="Kind of personal information (GB/T 43697).")
    level: int = strawberry.federation.field(description="Its grade, 1 to 4.")
    for_another: bool = strawberry.federation.field(description="Told also of somebody whom one acts for.")


@strawberry.federation.type(
    name="Interaction", description="A service's request that waits for a citizen's yes or no.", directives=[PUBLIC]
)
class InteractionType:
    id: strawberry.ID
    client: OidcClient
    claims: list[RequestedClaim]
    offline: bool = strawberry.federation.field(description="It wants to go on after you have signed out.")
    level: int = strawberry.federation.field(description="The real-name level that it needs; 0 for any.")
    fresh: bool = strawberry.federation.field(description="It wants you to prove yourself anew.")
    display: str
    ui_locales: list[str]
    login_hint: str | None = strawberry.federation.field(
        description="Whom the service expects, in its own words.", authenticated=True, directives=[CONTACT]
    )
    user_code: str = strawberry.federation.field(description="What the device shows; empty for a browser.")
    expires_at: datetime

    @strawberry.federation.field(
        description="By which of your relations you may answer for somebody else.",
        authenticated=True,
        directives=[FAMILY],
    )
    async def relations(self, info: Info) -> list[Relation] | None:
        principal = info.context.principal
        if principal.kind is not PrincipalKind.CITIZEN or principal.delegated:
            return None
        found = await info.context.service(OpenIdProvider).interactions.relations(principal=principal)
        return [Relation.of(relation, info=info) for relation in found]

    @classmethod
    def of(cls, found: Interaction, info: Info) -> InteractionType:
        request, locale = found.request, info.context.locale
        return cls(
            id=strawberry.ID(found.id),
            client=OidcClient.of(found.client, info),
            claims=[
                RequestedClaim(
                    name=claim.name,
                    title=claim.title.in_(locale),
                    essential=claim.name in request.essential,
                    class_=claim.class_,
                    level=claim.level,
                    for_another=claim.name in model.OF_ANOTHER,
                )
                for claim in model.CLAIMS.values()
                if claim.name in request.claims
            ],
            offline=model.OFFLINE_ACCESS in request.scopes,
            level=request.level,
            fresh=proven_since(request, begun_at=found.begun_at, now=found.begun_at) is not None,
            display=request.display,
            ui_locales=list(request.ui_locales),
            login_hint=request.login_hint,
            user_code=found.device,
            expires_at=found.expires_at,
        )


@strawberry.federation.type(description="A request that was answered.", directives=[PUBLIC])
class InteractionAnswer:
    redirect_to: str | None = strawberry.federation.field(
        description="Where the browser goes on; null for a device, which finds out by itself."
    )


@strawberry.input
class ApproveInteractionInput:
    id: strawberry.ID
    claims: list[str] = strawberry.field(description="Names of those claims that the service may learn.")
    relation_id: strawberry.ID | None = strawberry.field(
        default=None, description="One of your relations, to answer for somebody else."
    )


# --- staff


@strawberry.federation.type(description="A client as staff see it.", requires_scopes=_STAFF)
class OidcClientRecord:
    id: strawberry.ID
    client: OidcClient
    profile: model.Profile
    state: model.ClientState
    auth_method: str
    sector: str = strawberry.federation.field(description="Clients of one sector know a citizen by one name.")
    redirect_uris: list[str]
    jwks_uri: str | None = strawberry.federation.field(description="Where the city fetches its keys; null: kept here.")
    backchannel_logout_uri: str | None = strawberry.federation.field(description="Where it is told of sign-outs.")
    scopes: list[str]
    grant_types: list[str]
    service_scopes: list[str]
    exchange_to: list[str]

    @classmethod
    def of(cls, client: model.Client, info: Info) -> OidcClientRecord:
        return cls(
            id=strawberry.ID(client.id),
            client=OidcClient.of(client, info),
            profile=client.profile,
            state=client.state,
            auth_method=client.auth_method.value,
            sector=client.sector,
            redirect_uris=list(client.redirect_uris),
            jwks_uri=client.jwks_uri or None,
            backchannel_logout_uri=client.backchannel_logout_uri or None,
            scopes=sorted(client.scopes),
            grant_types=sorted(client.grant_types),
            service_scopes=sorted(client.service_scopes),
            exchange_to=sorted(client.exchange_to),
        )


@strawberry.federation.type(description="A client, and its secrets, which are told this once.", requires_scopes=_STAFF)
class RegisteredOidcClient:
    record: OidcClientRecord
    client_secret: str | None
    registration_access_token: str | None

    @classmethod
    def of(cls, registered: Registered, info: Info) -> RegisteredOidcClient:
        return cls(
            record=OidcClientRecord.of(registered.client, info),
            client_secret=registered.secret or None,
            registration_access_token=registered.registration_token or None,
        )


@strawberry.input
class RegisterOidcClientInput:
    metadata: str = strawberry.field(description="JSON, as RFC 7591 §2 writes it, with operator_name and purpose.")


@strawberry.type
class OidcQuery:
    @strawberry.federation.field(
        directives=[PUBLIC], description="What a service asks; whoever holds the id may read it."
    )
    async def interaction(self, info: Info, id: strawberry.ID) -> InteractionType:
        found = await info.context.service(OpenIdProvider).interactions.look(interaction_id=id)
        return InteractionType.of(found, info)

    @strawberry.federation.field(requires_scopes=_STAFF, description="Every client, newest first.")
    async def oidc_clients(self, info: Info, first: First = 20, after: After = None) -> Connection[OidcClientRecord]:
        registration = info.context.service(OpenIdProvider).registration
        request = PageRequest.of(first=first, after=after)
        page = await registration.clients(principal=info.context.principal, request=request)
        return connection_of(page, lambda row: OidcClientRecord.of(row, info))


@strawberry.type
class OidcMutation:
    @strawberry.federation.field(
        requires_scopes=[["citizen"]], description="Find the request of the device that shows this code."
    )
    async def enter_user_code(self, info: Info, user_code: str) -> InteractionType:
        interactions = info.context.service(OpenIdProvider).interactions
        found = await interactions.enter_user_code(principal=info.context.principal, user_code=user_code)
        return InteractionType.of(found, info)

    @strawberry.federation.field(
        requires_scopes=[["citizen"]], description="Let a service know what you choose, for yourself or for another."
    )
    async def approve_interaction(self, info: Info, input: ApproveInteractionInput) -> InteractionAnswer:
        to = await info.context.service(OpenIdProvider).interactions.approve(
            principal=info.context.principal,
            interaction_id=input.id,
            claims=frozenset(input.claims),
            relation_id=input.relation_id,
        )
        return InteractionAnswer(redirect_to=to or None)

    @strawberry.federation.field(directives=[PUBLIC], description="Refuse a service's request, signed in or not.")
    async def deny_interaction(self, info: Info, id: strawberry.ID) -> InteractionAnswer:
        to = await info.context.service(OpenIdProvider).interactions.deny(interaction_id=id)
        return InteractionAnswer(redirect_to=to or None)

    @strawberry.federation.field(
        requires_scopes=_STAFF, description="A token with which one client can be registered over HTTP (RFC 7591)."
    )
    async def open_oidc_registration(self, info: Info) -> str:
        return await info.context.service(OpenIdProvider).registration.give_token(principal=info.context.principal)

    @strawberry.federation.field(requires_scopes=_STAFF, description="Register a client, which then waits for review.")
    async def register_oidc_client(self, info: Info, input: RegisterOidcClientInput) -> RegisteredOidcClient:
        registration = info.context.service(OpenIdProvider).registration
        body = _object(input.metadata)
        return RegisteredOidcClient.of(await registration.enter(principal=info.context.principal, body=body), info)

    @strawberry.federation.field(requires_scopes=_STAFF, description="Stop a client, and end all that it was granted.")
    async def suspend_oidc_client(self, info: Info, id: strawberry.ID) -> OidcClientRecord:
        registration = info.context.service(OpenIdProvider).registration
        return OidcClientRecord.of(await registration.suspend(principal=info.context.principal, client_id=id), info)

    @strawberry.federation.field(requires_scopes=_STAFF, description="A new secret for a client.")
    async def renew_oidc_client_secret(
        self, info: Info, id: strawberry.ID, overlap_hours: OverlapHours = 0
    ) -> RegisteredOidcClient:
        registration = info.context.service(OpenIdProvider).registration
        renewed = await registration.renew_secret(
            principal=info.context.principal, client_id=id, overlap_hours=overlap_hours
        )
        return RegisteredOidcClient.of(renewed, info)


def _object(text: str) -> dict[str, Any]:
    try:
        found = orjson.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise BadInput(field="metadata", problem="must be a JSON object")
    return found
