"""Entity references resolved together: a type that has `resolve_references` is asked once for all of an `_entities`.

    @classmethod
    async def resolve_references(cls, info: Info, references: list[Reference]) -> Sequence[Licence | Exception | None]:

It gets each reference's keys (without `__typename`) and gives, for each in its place, the entity, None, or the error of
that one. What it raises is the error of all. It may be a plain function. A type without it has `resolve_reference`,
which is called for each.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from inspect import isawaitable
from typing import Any, TypeAlias

import strawberry
from strawberry.federation.schema import FederationAny

Reference: TypeAlias = dict[str, Any]
Resolve: TypeAlias = Callable[..., Any]


def together_of(kind: type) -> Resolve | None:
    """A type's `resolve_references`."""
    found: Resolve | None = getattr(kind, "resolve_references", None)
    return found


def resolved_together(resolve: Resolve, info: Any, references: list[Reference]) -> list[Any] | Awaitable[list[Any]]:
    """For each reference its entity or its error. The work has begun."""
    try:
        answer = resolve(info=info, references=references)
    except Exception as fault:
        return [fault] * len(references)
    return _settled(answer, len(references)) if isawaitable(answer) else _one_each(answer, len(references))


async def _settled(answer: Awaitable[Any], count: int) -> list[Any]:
    try:
        return _one_each(await answer, count)
    except Exception as fault:
        return [fault] * count


def _one_each(answer: Any, count: int) -> list[Any]:
    if isinstance(answer, list | tuple) and len(answer) == count:
        return list(answer)
    return [TypeError("resolve_references has to give one answer for each reference")] * count


async def _nth(shared: asyncio.Future[list[Any]], index: int) -> Any:
    # Who is cancelled must not take it from the others.
    return (await asyncio.shield(shared))[index]


class Schema(strawberry.federation.Schema):
    """A Federation subgraph whose types may resolve their references together."""

    def entities_resolver(self, info: strawberry.Info, representations: list[FederationAny]) -> list[FederationAny]:
        one_by_one = super().entities_resolver
        found: Any = in_places(
            representations,
            together=self._together,
            info=info,
            alone=lambda representation: one_by_one(info, [representation])[0],
        )
        return found  # type: ignore[no-any-return]

    def _together(self, name: str) -> Resolve | None:
        declared: Any = self.schema_converter.type_map[name].definition
        return together_of(declared.origin)


def in_places(
    representations: Iterable[Any],
    *,
    together: Callable[[str], Resolve | None],
    info: Any,
    alone: Callable[[Any], Any],
) -> list[Any] | Awaitable[list[Any]]:
    """What `_entities` gives: for each its entity, an awaitable of it, or its error; or an awaitable of all.

    together: by the type's name. alone: resolves one whose type has no such function.
    """
    found: list[Any] = []
    groups: dict[str, list[int]] = {}
    kept: list[Any] = []
    for place, representation in enumerate(representations):
        kept.append(representation)
        name = representation["__typename"]
        if name in groups or together(name) is not None:
            groups.setdefault(name, []).append(place)
            found.append(None)
        else:
            found.append(alone(representation))
    for name, places in groups.items():
        references = [{k: v for k, v in kept[place].items() if k != "__typename"} for place in places]
        resolve = together(name)
        assert resolve is not None
        answers = resolved_together(resolve, info, references)
        if len(places) == len(found):
            # All of one type, as nearly always: one wait for them, and not one for each.
            return answers
        if not isinstance(answers, list):
            shared = asyncio.ensure_future(answers)
            answers = [_nth(shared, index) for index in range(len(places))]
        for place, entity in zip(places, answers, strict=True):
            found[place] = entity
    return found
