"""References out of an answer, by the quick way and by the careful one: one for each that differs in JSON, in order."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from api.gateway.entities import gather
from api.gateway.fetches import Part, Representation, Segment

PLAIN = ["a", "b", 1, 2, None]
# Equal in Python, or told apart by more than one look: not the same in JSON.
ODD = [*PLAIN, 1.0, True, False, 0, {"x": 1}, [1]]


def expected(targets: list[dict[str, Any]], kind: Representation) -> dict[str, list[int]]:
    """The references as JSON, and the numbers of the objects that share each."""
    found: dict[str, list[int]] = {}
    for number, target in enumerate(targets):
        name = target.get("__typename")
        fits = name in kind.types or (kind.blank and name in (None, kind.owner))
        if fits and all(p.key in target and not (p.needed and target[p.key] is None) for p in kind.parts):
            made = {"__typename": kind.owner, **{p.name: target[p.key] for p in kind.parts}}
            found.setdefault(json.dumps(made), []).append(number)
    return found


@pytest.mark.parametrize("seed", range(60))
def test_every_object_shares_the_reference_that_is_its_own(seed: int) -> None:
    draw = random.Random(seed)
    values = draw.choice([PLAIN, PLAIN[:4], ODD])
    parts = tuple(Part(name=n, key=f"k_{n}", needed=draw.random() < 0.6) for n in ["id", "size"][: draw.choice([1, 2])])
    kind = Representation(frozenset({"T", "U"}), "T", parts, blank=draw.random() < 0.3)
    gaps = draw.choice([0.0, 0.2])
    targets = []
    for _ in range(30):
        target: dict[str, object] = {"__typename": draw.choice(["T", "U", "V", None])}
        target |= {f"k_{n}": draw.choice(values) for n in ("id", "size") if draw.random() >= gaps}
        targets.append(target)
    # Some stand there twice, some in a list that is null.
    root = {"all": [*targets, targets[0], None], "one": targets[1], "none": None}
    paths = [(Segment("all", lists=1),), (Segment("one"),), (Segment("none", lists=1),)]
    batch = gather(root, paths, [kind])
    numbers = {id(target): number for number, target in enumerate(targets)}
    got = [json.dumps(made) for made in batch.representations]
    shared = [[numbers[id(target)] for target in sharers] for sharers in batch.targets]
    assert dict(zip(got, shared, strict=True)) == expected(targets, kind)
    assert len(got) == len(set(got))
