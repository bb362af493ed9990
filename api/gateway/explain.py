"""The stages in words: what each stage made of one operation, for `python -m api explain`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from api.gateway.choice import Decision, Step
from api.gateway.fetches import Draft
from api.gateway.paths import Paths
from api.gateway.plan import path_text
from api.gateway.selection import Normalized, Selection

STAGES: Final = ("normalize", "paths", "fetches", "optimize", "plan")


def normalized_text(operation: Normalized) -> str:
    """Every wanted field with the types it is wanted on."""
    return "\n".join([f"{operation.kind} on {operation.root_type}", *_wanted(operation.selection, 1)])


def _wanted(selection: Selection, depth: int) -> Iterator[str]:
    for field in selection.fields:
        key = f" as {field.key}" if field.key not in ("", field.call.name) else ""
        denied = " (denied)" if field.denied else f" (masked: {field.mask})" if field.mask else ""
        yield "  " * depth + f"{field.call}{key} on {', '.join(sorted(field.types))}{denied}"
        yield from _wanted(field.sub, depth + 1) if field.sub else ()


def paths_text(paths: Paths, operation: Normalized) -> str:
    """Every field with the subgraph that was chosen for it, and how that one is entered."""
    decision = paths.root(operation)
    return "\n".join([f"{operation.root_type}: cost {decision.cost}", *_steps(paths, decision, None, 1)])


def _steps(paths: Paths, decision: Decision, provides: Selection | None, depth: int) -> Iterator[str]:
    for branch in decision.branches:
        for step in branch.steps:
            yield "  " * depth + f"{branch.on}.{step.field.call} {_way(step)}"
            if step.field.sub is not None and not paths.unmasks(step):
                type_name, inner = paths.below(step, provides)
                below = paths.at(step.graph, type_name, inner, step.field.sub)
                yield from _steps(paths, below, inner, depth + 1)
    for missed in decision.residue.fields if decision.residue else ():
        yield "  " * depth + f"{missed.call} not from here"


def _way(step: Step) -> str:
    if not step.enter:
        return f"in {step.graph}"
    key = f" by {{ {step.key} }}" if step.key else ""
    requires = f" requiring {{ {step.requires} }}" if step.requires else ""
    return f"→ {step.graph}{key}{requires}"


def drafts_text(drafts: Iterable[Draft]) -> str:
    """Every fetch with its place, its fields and what it waits for."""
    return "\n".join(_draft(draft) for draft in drafts)


def _draft(draft: Draft) -> str:
    after = f" after {', '.join(f'#{n}' for n in sorted(draft.depends))}" if draft.depends else ""
    stops = [path_text(stop.path) for lane in draft.lanes for stop in lane.stops]
    at = f" at {', '.join(stops)}" if stops else ""
    keys = sorted({key for tree in draft.trees for branch in tree.branches.values() for key in branch})
    return f"#{draft.number} {draft.graph}{at}{after}: {' '.join(keys)}"
