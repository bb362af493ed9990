"""From the internal answer to references and back: what one entity fetch sends, and where its answer goes.

Representations are deduplicated: an entity that stands in the answer many times is asked once. Objects are found by
walking the fetch's path without recursion per object; the client's path of each is worked out only for an error.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import chain
from operator import itemgetter
from typing import Any, Final, TypeAlias

import orjson

from api.gateway.fetches import Part, Path, Representation
from api.gateway.selection import Place

Object: TypeAlias = dict[str, Any]


@dataclass(slots=True)
class Batch:
    """The references of one fetch. targets: for each, the objects that its entity is merged into."""

    representations: list[Object] = field(default_factory=list)
    targets: list[list[Object]] = field(default_factory=list)


def gather(root: Object, paths: Sequence[Path], kinds: Sequence[Representation]) -> Batch:
    """References to every object at `paths` that one can be made of; null or missing keys make none."""
    batch = Batch()
    found = [target for path in paths for target in objects_at(root, path)]
    # One object may stand at several places of the answer.
    for kind in kinds:
        _gather_kind(batch, {id(target): target for target in found}.values(), kind)
    return batch


def _gather_kind(batch: Batch, targets: Iterable[Object], kind: Representation) -> None:
    types, owner = kind.types, kind.owner
    if kind.blank:
        fitting = [t for t in targets if (n := t.get("__typename")) in types or n is None or n == owner]
    else:
        fitting = [t for t in targets if t.get("__typename") in types]
    keys = _flat_keys(fitting, kind)
    if keys is None:
        _gather_one_by_one(batch, fitting, kind)
        return
    known: dict[Any, list[Object]] = {}
    for key, target in zip(keys, fitting, strict=True):
        sharers = known.get(key)
        if sharers is not None:
            sharers.append(target)
            continue
        known[key] = sharers = [target]
        made = _represent(target, kind)
        if made is not None:
            batch.representations.append(made)
            batch.targets.append(sharers)


def _gather_one_by_one(batch: Batch, targets: Iterable[Object], kind: Representation) -> None:
    known: dict[object, list[Object]] = {}
    for target in targets:
        made = _represent(target, kind)
        if made is None:
            continue
        key = _identity(made)
        sharers = known.get(key)
        if sharers is not None:
            sharers.append(target)
        else:
            known[key] = sharers = [target]
            batch.representations.append(made)
            batch.targets.append(sharers)


def _flat_keys(targets: Sequence[Object], kind: Representation) -> list[Any] | None:
    """What tells each object's reference from others, read without a step of Python for each.

    None: look closer. Somewhere there are objects within, conditions, a key is missing, or there is a value for which
    to be equal is not to be the same in JSON (`1`, `1.0` and `true`).
    """
    if not kind.parts or any(part.below is not None or part.types is not None for part in kind.parts):
        return None
    try:
        keys = list(map(itemgetter(*[part.key for part in kind.parts]), targets))
    except KeyError:
        return None
    values = keys if len(kind.parts) == 1 else chain.from_iterable(keys)
    return keys if _COMPARABLE.issuperset(map(type, values)) else None


_COMPARABLE: Final = frozenset({str, int, type(None)})


def objects_at(root: Object, path: Path) -> list[Object]:
    """The objects at a path, lists spread as deep as the schema has them and no deeper."""
    found: list[Any] = [root]
    for segment in path:
        key, only = segment.key, segment.only
        if only is not None:
            found = [o for o in found if o.get("__typename") in only]
        if segment.lists == 1:
            found = [v for o in found if type(items := o.get(key)) is list for v in items if type(v) is dict]
            continue
        found = [o.get(key) for o in found]
        for _ in range(segment.lists):
            found = [item for value in found if type(value) is list for item in value]
        found = [value for value in found if type(value) is dict]
    return found


def _represent(target: Object, kind: Representation) -> Object | None:
    made: Object = {"__typename": kind.owner}
    return made if _fill(made, target, kind.parts, target.get("__typename")) else None


def _fill(made: Object, source: Object, parts: Iterable[Part], type_name: object) -> bool:
    for part in parts:
        if part.types is not None and type_name not in part.types:
            continue
        if part.key not in source:
            return False
        value = source[part.key]
        if value is None and part.needed:
            return False
        made[part.name] = value = value if part.below is None else _below(value, part)
        if value is _INCOMPLETE:
            return False
    return True


_INCOMPLETE = object()


def _below(value: Any, part: Part) -> Any:
    if value is None:
        return None
    if type(value) is list:
        items = [_below(item, part) for item in value]
        return _INCOMPLETE if any(item is _INCOMPLETE for item in items) else items
    if type(value) is not dict:
        return _INCOMPLETE
    name = value.get("__typename")
    made: Object = {"__typename": name} if part.typename else {}
    return made if _fill(made, value, part.below or (), name) else _INCOMPLETE


def _identity(made: Object) -> object:
    try:
        return orjson.dumps(made)
    except TypeError:
        return repr(made)


def merge(target: Object, source: Object) -> None:
    """Put one subgraph's fields of an object beside those of others; a value never gives way to a null.

    Raises: RecursionError where two answers nest the same keys absurdly deep.
    """
    for key, value in source.items():
        held = target.get(key)
        if held is None:
            target[key] = value
        elif type(held) is dict and type(value) is dict:
            if held is not value:
                merge(held, value)
        elif type(held) is list and type(value) is list:
            _merge_lists(held, value)
        elif value is not None:
            target[key] = value


def _merge_lists(held: list[Any], new: list[Any]) -> None:
    """The same list from two subgraphs, item by item; one of another length is not the same list."""
    if len(held) != len(new):
        return
    for index, value in enumerate(new):
        mine = held[index]
        if type(mine) is dict and type(value) is dict:
            merge(mine, value)
        elif type(mine) is list and type(value) is list:
            _merge_lists(mine, value)
        elif mine is None:
            held[index] = value


# Paths for errors


Located: TypeAlias = list[tuple[Object, tuple[str | int, ...]]]


def located(root: Object, path: Path, place: Place) -> Located:
    """`objects_at` with the client's path of each object."""
    found: list[tuple[Any, tuple[str | int, ...]]] = [(root, ())]
    for segment in path:
        key, only = segment.key, segment.only
        name = place.response_keys.get(key, key)
        found = [(o.get(key), (*trail, name)) for o, trail in found if only is None or o.get("__typename") in only]
        for _ in range(segment.lists):
            found = [
                (item, (*trail, index))
                for value, trail in found
                if type(value) is list
                for index, item in enumerate(value)
            ]
        found = [(value, trail) for value, trail in found if type(value) is dict]
        place = place.child(key)
    return found


def client_path(path: Sequence[Any], place: Place) -> tuple[str | int, ...]:
    """A path in a subgraph's answer as the client knows it; it ends above the first field the client did not ask."""
    found: list[str | int] = []
    here: Place | None = place
    for part in path:
        if isinstance(part, str):
            response_key = here.response_keys.get(part) if here else None
            if response_key is None or here is None:
                break
            found.append(response_key)
            here = here.children.get(part)
        else:
            found.append(part)
    return tuple(found)
