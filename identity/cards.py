"""What people see of each other in the graph: a citizen's masked name, an officer's unit and badge."""

# Strawberry types its federation decorators as Any.
# mypy: disallow-untyped-decorators=False

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Final, TypeVar

import strawberry

from core.graph import Info, personal
from core.loading import DataLoader
from core.references import Reference
from identity import model
from identity.service import Identity

T = TypeVar("T")

IDENTITY_MASKED: Final = personal("IDENTITY", 1)
CONTACT_PHONE: Final = personal("CONTACT", 3, mask="PHONE")


def loader(info: Info, find: Callable[..., Awaitable[Mapping[str, T]]]) -> DataLoader[str, T | None]:
    """This request's loader of one of the service's readings: what is asked for in one turn is found with one query."""

    async def load(keys: list[str]) -> list[T | None]:
        found = await find(principal=info.context.principal, ids=keys)
        return [found.get(key) for key in keys]

    return info.context.once(f"identity.{find.__name__}", lambda: DataLoader(load_fn=load))


@strawberry.federation.type(
    description="What others may see of a person: an officer they meet, or somebody of their family.",
    keys=["ref"],
    authenticated=True,
)
class MaskedPerson:
    ref: strawberry.ID = strawberry.federation.field(inaccessible=True)
    masked_name: str = strawberry.federation.field(
        description="张*华, A*** M***; a phrase for a person whose name is not known.", directives=[IDENTITY_MASKED]
    )
    real_name_level: int

    @classmethod
    def of(cls, person: model.Citizen, *, info: Info) -> MaskedPerson:
        masked_name = person.masked_name(info.context.locale)
        return cls(ref=strawberry.ID(person.id), masked_name=masked_name, real_name_level=person.real_name_level)

    @classmethod
    async def seen(cls, info: Info, ref: str) -> MaskedPerson | None:
        """One person's card, as far as the one who asks may see it."""
        found = await loader(info, info.context.service(Identity).people).load(ref)
        return cls.of(found, info=info) if found else None

    @classmethod
    async def resolve_references(cls, info: Info, references: list[Reference]) -> list[MaskedPerson | None]:
        refs = [reference["ref"] for reference in references]
        found = await info.context.service(Identity).people(principal=info.context.principal, ids=refs)
        return [cls.of(found[ref], info=info) if ref in found else None for ref in refs]


@strawberry.federation.type(
    description="What a citizen may see of an officer: never a name.", keys=["ref"], authenticated=True
)
class StaffCard:
    ref: strawberry.ID = strawberry.federation.field(inaccessible=True)
    organisation: str = strawberry.federation.field(description="In the request's language.")
    badge: str

    @classmethod
    async def resolve_reference(cls, info: Info, ref: strawberry.ID) -> StaffCard | None:
        staff = await loader(info, info.context.service(Identity).colleagues).load(ref)
        if staff is None:
            return None
        return cls(ref=ref, organisation=staff.organisation.in_(info.context.locale), badge=staff.badge)
