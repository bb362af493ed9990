"""Trusted publishers as a program's owner registers and sees them."""

# Strawberry types its federation decorators as Any.
# mypy: disallow-untyped-decorators=False

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final

import strawberry
from strawberry.scalars import JSON

from core.graph import Info
from miniapps.developers import runs
from miniapps.developers.publishing import Publishing

BUILDERS: Final = [["citizen"], ["developer"]]


@strawberry.federation.type(
    description="A CI system's runs that hand in the program's versions, without anybody's key or password.",
    authenticated=True,
)
class TrustedPublisher:
    id: strawberry.ID
    issuer: str = strawberry.federation.field(description="`iss` of its ID tokens.")
    claims: JSON = strawberry.federation.field(description="What they must say besides, letter for letter.")
    added_at: datetime
    last_used_at: datetime | None = strawberry.federation.field(description="When its last run was let in.")

    @classmethod
    def of(cls, one: runs.Publisher) -> TrustedPublisher:
        return cls(
            id=strawberry.ID(one.id),
            issuer=one.issuer,
            claims=JSON(dict(one.claims)),
            added_at=one.added_at,
            last_used_at=one.used_at,
        )


@strawberry.federation.type(
    description="A public key that a publisher's run brought. It signs one package, within the run's ten minutes.",
    authenticated=True,
)
class PublishingKey:
    id: strawberry.ID = strawberry.federation.field(description="Its thumbprint (RFC 7638).")
    publisher: strawberry.ID
    added_at: datetime
    ends_at: datetime
    package_sha256: str | None = strawberry.federation.field(description="What it signed; null before.")

    @classmethod
    def of(cls, run: runs.Run) -> PublishingKey:
        return cls(
            id=strawberry.ID(run.kid),
            publisher=strawberry.ID(run.publisher),
            added_at=run.at,
            ends_at=run.expires_at,
            package_sha256=run.package or None,
        )


@strawberry.type
class AppOfPublishing:
    """Fields of `DeveloperApp`."""

    app_id: strawberry.Private[str]

    @strawberry.federation.field(authenticated=True, description="Whose runs hand in its versions.")
    async def publishers(self, info: Info) -> list[TrustedPublisher]:
        return [TrustedPublisher.of(one) for one in await info.context.service(Publishing).of_app(self.app_id)]

    @strawberry.federation.field(
        authenticated=True, description="CI systems that this city takes ID tokens of; none: nobody's runs hand in."
    )
    def publisher_issuers(self, info: Info) -> list[str]:
        return list(info.context.service(Publishing).issuers)

    @strawberry.federation.field(authenticated=True, description="Keys of such runs, of late; the last first.")
    async def publishing_keys(self, info: Info) -> list[PublishingKey]:
        return [PublishingKey.of(one) for one in await info.context.service(Publishing).keys_of_app(self.app_id)]


@strawberry.type
class PublishingMutation:
    @strawberry.federation.field(
        requires_scopes=BUILDERS,
        description="Let a CI system's runs hand in the program's versions, signed by keys of their own; for owners.",
    )
    async def add_trusted_publisher(
        self,
        info: Info,
        app_id: str,
        issuer: Annotated[str, strawberry.argument(description="One of those that this city takes.")],
        claims: Annotated[
            JSON,
            strawberry.argument(
                description="Claims by name with their exact texts. One says whose runs: `repository`, "
                "`repository_id`, `project_path`, `project_id` or `sub`."
            ),
        ],
    ) -> TrustedPublisher:
        made = await info.context.service(Publishing).add(
            principal=info.context.principal, app_id=app_id, issuer=issuer, claims=claims
        )
        return TrustedPublisher.of(made)

    @strawberry.federation.field(
        requires_scopes=BUILDERS, description="Take nothing more of its runs, at once; for owners."
    )
    async def remove_trusted_publisher(self, info: Info, id: strawberry.ID) -> TrustedPublisher:
        publishing, principal = info.context.service(Publishing), info.context.principal
        return TrustedPublisher.of(await publishing.remove(principal=principal, id=id))
