"""The command: reads, makes, and writes or compares."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

import typer
from graphql import (
    GraphQLError,
    GraphQLSchema,
    build_client_schema,
    build_schema,
)

from citytong_sdk.tong import files, places, project
from citytong_sdk.tong.desk import Desk, Done
from citytong_sdk.tong.errors import Exit, TongError
from citytong_sdk.tong.web import Web

from . import documents, python, shapes, typescript

_SCHEMA: Final = "schema.graphql"
# Introspection is off in a city (docs/sdk/backend-api.md).
_SDL: Final = "/.well-known/city-graph.graphql"


@dataclass(frozen=True, slots=True)
class DocumentShown:
    name: str
    id: str
    file: str


@dataclass(frozen=True, slots=True)
class Generated:
    """written: the files that changed; with --check, those that would."""

    documents: tuple[DocumentShown, ...]
    written: tuple[str, ...]
    schema: str


def typegen(
    desk: Desk,
    *,
    schema: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The city's graph as SDL or introspection.")
    ] = None,
    refresh: Annotated[bool, typer.Option("--refresh", help="Fetch the city's graph anew.")] = False,
    check: Annotated[bool, typer.Option("--check", help="Write nothing; what is not current is a finding.")] = False,
    city: places.City = "",
) -> Done:
    """Make trusted documents and types of the project's `operations/*.graphql`.

    The city's graph is read from the project's schema.graphql, which the first run fetches, so that the same files give
    the same documents.
    """
    here = project.find(desk)
    source = desk.folder / schema if schema else here.folder / here.typegen.get("schema", _SCHEMA)
    fetched = None
    if schema is None and (refresh or not source.is_file()):
        fetched = _fetched(places.web(desk, city))
    graph = _graph(fetched.decode() if fetched else source.read_text(encoding="utf-8"), source)
    folder = here.folder / here.typegen.get("operations", "operations")
    read = documents.read(folder, graph)
    made = {**_made(here, [shapes.typed(one, graph) for one in read]), **({source: fetched} if fetched else {})}
    stale = [path for path, content in made.items() if not path.is_file() or path.read_bytes() != content]
    if not check:
        for path in stale:
            files.write(path, made[path])
    result = Generated(
        documents=tuple(DocumentShown(one.name, one.id, one.file) for one in read),
        written=tuple(path.relative_to(here.folder).as_posix() for path in stale),
        schema=str(source),
    )
    lines = [f"{one.id[:12]}… {one.name} ({one.file})" for one in result.documents]
    lines += [f"{'not current' if check else 'written'}: {path}" for path in result.written]
    return Done(result, lines or [f"No operations in {folder}."], Exit.FINDINGS if check and stale else Exit.OK)


def _made(here: project.Project, every: list[shapes.Typed]) -> Mapping[Path, bytes]:
    """What the project wants made, by where it goes."""
    told = here.typegen
    default = f"{here.dist.as_posix()}/operations.json"
    found = {here.folder / told.get("json", default): documents.operations_file([one.document for one in every])}
    if script := told.get("js"):
        path = here.folder / script
        found[path] = typescript.script(every).encode()
        found[path.with_suffix(".d.ts")] = typescript.types(every).encode()
    if module := told.get("python"):
        found[here.folder / module] = python.module(every).encode()
    return found


def _graph(text: str, source: Path) -> GraphQLSchema:
    """The schema in `text`: SDL, or the answer to an introspection."""
    try:
        if text.lstrip().startswith("{"):
            told = json.loads(text)
            return build_client_schema(told.get("data", told))
        return build_schema(text, assume_valid_sdl=True)
    except (GraphQLError, TypeError, ValueError) as fault:
        raise TongError(
            "TONG_SCHEMA", "The city's graph cannot be read.", where=str(source), why=str(fault)[:500]
        ) from fault


def _fetched(city: Web) -> bytes:
    """The city's graph as SDL."""
    text = city.get(_SDL)
    _graph(text.decode(errors="replace"), Path(_SDL))
    return text
