"""What a cached value holds in memory, in bytes: the unit of the caches' bounds.

Rules
- Counted is what would go with the entry: containers, texts, nodes of the document, the engine's own objects and
  closures, and code that was generated for it. What belongs to the process (classes, modules, the schema, resolvers) is
  neither counted nor followed, so a walk cannot run away into the schema.
- Each object counts once in a walk. The estimate is within a factor of two of what the allocator hands out
  (`tests/unit/gateway/test_weight.py`), for hostile documents as well.
"""

from __future__ import annotations

import builtins
from gc import get_referents
from sys import getsizeof
from types import CellType, CodeType, FunctionType, MethodType
from typing import Any, Final

from graphql.language import Node

_PLAIN: Final = (str, bytes, int, float)
_FOLLOWED: Final = (dict, list, tuple, set, frozenset, CellType, MethodType, Node)
# What an object's attributes take beside what `getsizeof` says, as long as nobody has asked for its `__dict__`.
_ATTRIBUTES: Final = 96
_OWN: Final = "api.gateway."
# The supergraph is the engine's own, but no entry's.
_SHARED: Final = "api.gateway.supergraph"


class _Rules(dict[type, tuple[bool, bool, int]]):
    """By class: whether an object of it counts, whether it is followed, and what it takes beside its size."""

    def __missing__(self, kind: type) -> tuple[bool, bool, int]:
        own = kind.__module__.startswith(_OWN) and kind.__module__ != _SHARED
        followed = own or issubclass(kind, _FOLLOWED)
        counts = followed or issubclass(kind, (*_PLAIN, FunctionType, CodeType))
        attributes = _ATTRIBUTES if kind.__dictoffset__ and issubclass(kind, Node) else 0
        rule = self[kind] = (counts, followed, attributes)
        return rule


_RULES: Final = _Rules()


def bytes_of(*values: object) -> int:
    """Of all that `values` hold together."""
    seen = {id(builtins.__dict__)}
    total = 0
    waiting: list[Any] = list(values)
    while waiting:
        fresh = {id(one): one for one in waiting if id(one) not in seen and _RULES[type(one)][0]}
        seen.update(fresh)
        total += sum([getsizeof(one) + _RULES[type(one)][2] for one in fresh.values()])
        waiting = get_referents(*[one for one in fresh.values() if _RULES[type(one)][1]])
        for one in fresh.values():
            if type(one) is FunctionType:
                waiting += _of_function(one)
            elif type(one) is CodeType:
                waiting += (one.co_consts, one.co_names, one.co_linetable, one.co_exceptiontable)
    return total


def _of_function(function: FunctionType) -> list[Any]:
    """What a closure of the engine's holds, and the code and globals of a function that was generated."""
    module = function.__globals__.get("__name__")
    if module is not None and not module.startswith(_OWN):
        return []
    held: list[Any] = [function.__closure__, function.__defaults__]
    if function.__code__.co_filename.startswith("<"):
        held.append(function.__code__)
    if module is None:
        held.append(function.__globals__)
    return held
