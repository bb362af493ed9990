"""`tong publishers`: which runs of CI systems hand in a program's versions (`tong submit --oidc`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import typer

from . import graph, places, project
from .city import City
from .desk import Desk, Done
from .errors import TongError
from .versions import App


@dataclass(frozen=True, slots=True)
class Publisher:
    """claims: what its ID tokens must say, letter for letter. added_at: RFC 3339."""

    id: str
    issuer: str
    claims: Mapping[str, str]
    added_at: str


@dataclass(frozen=True, slots=True)
class PublishersShown:
    app_id: str
    publishers: tuple[Publisher, ...]


def add(
    desk: Desk,
    *,
    issuer: Annotated[str, typer.Option(metavar="URL", help="`iss` of its ID tokens; the city takes certain ones.")],
    claim: Annotated[
        list[str],
        typer.Option(metavar="NAME=TEXT", help="What they must say besides; once for each. One says whose runs."),
    ],
    app: App = "",
    city: places.City = "",
) -> Done:
    """Let runs with these claims hand in versions, signed by keys of their own. Its owner alone may.

    Name the workflow's file and its branch, not the repository alone: else whoever can push a branch can hand in.
    """
    there, app_id = City(places.web(desk, city), desk), app or project.find(desk).app_id
    made = there.graphql(graph.ADD_PUBLISHER, {"app": app_id, "issuer": issuer, "claims": _claims(claim)})["done"]
    return _shown(app_id, [made])


def listed(desk: Desk, *, app: App = "", city: places.City = "") -> Done:
    """List whose runs hand in versions."""
    there, app_id = City(places.web(desk, city), desk), app or project.find(desk).app_id
    return _shown(app_id, there.graphql(graph.PUBLISHERS, {"app": app_id})["developerApp"]["publishers"])


def remove(
    desk: Desk,
    *,
    id: Annotated[str, typer.Argument(metavar="ID", help="`tong publishers list` says it.")],
    city: places.City = "",
) -> Done:
    """Take nothing more of its runs, at once. What they handed in stays."""
    gone = _publisher(City(places.web(desk, city), desk).graphql(graph.REMOVE_PUBLISHER, {"id": id})["done"])
    return Done(gone, [f"{gone.id} hands in nothing more"])


def _claims(told: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for one in told:
        name, equals, text = one.partition("=")
        if not equals or not name or name in found:
            raise TongError("TONG_USAGE", f"{one!r} is no claim.", advice="--claim repository=example/library")
        found[name] = text
    return found


def _shown(app_id: str, told: Sequence[Mapping[str, Any]]) -> Done:
    found = tuple(_publisher(one) for one in told)
    lines = [
        line for one in found for line in (f"{one.id}  {one.issuer}", *(f"  {k} = {v}" for k, v in one.claims.items()))
    ]
    return Done(PublishersShown(app_id, found), lines or ["None: `tong publishers add` names one."])


def _publisher(told: Mapping[str, Any]) -> Publisher:
    return Publisher(told["id"], told["issuer"], told["claims"], told["addedAt"])
