"""The stages in words: what each stage made of one operation, for `python -m api explain`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from api.gateway.access import AccessRule, Rule
from api.gateway.choice import Decision, Step
from api.gateway.fetches import Draft
from api.gateway.masking import Label
from api.gateway.paths import Paths
from api.gateway.plan import path_text
from api.gateway.selection import Normalized, Selection

STAGES: Final = ("normalize", "paths", "fetches", "optimize", "plan", "compile")


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


def compiled_text(
    *,
    rules: Iterable[AccessRule],
    labels: Iterable[Label],
    conditions: Iterable[str],
    bounds: Iterable[tuple[str, float, int | None]],
) -> str:
    """What is kept with the plan: who reads it otherwise, by what plans are told apart, what is spent of each bound."""
    kept_by = ["the document", "the rules that the reader fails", "the labels that are masked"]
    kept_by += [f"whether ${name}" for name in conditions]
    lines = [f"rules: {'; '.join(sorted(map(_rule, rules))) or 'none'}"]
    lines.append(f"personal: {', '.join(sorted({f'{one.class_} {one.level}' for one in labels})) or 'nothing'}")
    lines.append(f"one plan for each of: {', '.join(kept_by)}")
    lines += [f"{name}: {spent:g} of {'any number' if most is None else most}" for name, spent, most in bounds]
    return "\n".join(lines)


def _rule(rule: AccessRule) -> str:
    names = rule.scopes if isinstance(rule, Rule) else rule.policies
    word = "scopes" if isinstance(rule, Rule) else "policies"
    return f"{word} {' or '.join(sorted(' and '.join(sorted(group)) for group in names))}" if names else "signed in"
