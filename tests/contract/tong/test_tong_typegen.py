"""`tong typegen`: documents as `miniapps/asking` names and reads them, and types that compilers take."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any, Literal, NotRequired, get_args, get_type_hints

import pytest

from miniapps.asking import model as asking
from tests.contract.tong.conftest import Bench

ROOT = Path(__file__).parents[3]
NODE = shutil.which("node") or "node"
SCHEMA = """
scalar DateTime
scalar JSON
enum Kind { BOOK FILM }
interface Thing { id: ID! title: String }
type Book implements Thing { id: ID! title: String pages: Int! }
type Film implements Thing { id: ID! title: String minutes: Int! at: DateTime! }
input Filter { kind: Kind = BOOK, and: [Filter!], from: Int! }
type Citizen { maskedName: String! city: City }
type City { name: String! facts: JSON }
type Query { me: Citizen! things(filter: Filter, first: Int! = 10): [Thing!]! }
type Mutation { renew(id: ID!): Book! }
"""
OPERATIONS = """
query Things($filter: Filter, $with: Boolean!) {
  things(filter: $filter) { __typename id ... on Book { pages } ...OfFilm }
  me { maskedName ... @include(if: $with) { from: city { name facts } } }
}
# a comment that no document carries
fragment OfFilm on Film { minutes title @skip(if: $with) }
mutation Renew($id: ID!) { renew(id: $id) { id } }
"""


@pytest.fixture
def asks(project: Path) -> Path:
    (project / "schema.graphql").write_text(SCHEMA)
    (project / "operations").mkdir()
    (project / "operations/all.graphql").write_text(OPERATIONS)
    toml = project / "citytong.toml"
    toml.write_text(toml.read_text() + 'python = "backend/operations.py"\n')
    return project


def test_documents_are_those_that_the_city_reads(bench: Bench, asks: Path) -> None:
    made = bench.json("typegen", folder=asks).result
    texts = asking.texts((asks / "program/operations.json").read_bytes())
    assert {one["id"] for one in made["documents"]} == set(texts)
    assert [one["name"] for one in made["documents"]] == ["Renew", "Things"]
    things = next(text for text in texts.values() if text.startswith("query Things"))
    assert "fragment OfFilm on Film" in things and "comment" not in things and "\n" not in things
    script = (asks / "program/common/operations.js").read_text()
    assert all(one["id"] in script for one in made["documents"])


def test_what_was_made_is_current_until_something_changes(bench: Bench, asks: Path) -> None:
    assert bench.json("typegen", "--check", folder=asks).status == 1
    assert not (asks / "program/operations.json").exists()
    bench.run("typegen", folder=asks)
    assert bench.json("typegen", "--check", folder=asks).result["written"] == []
    (asks / "operations/all.graphql").write_text(OPERATIONS.replace("pages", "title pages"))
    changed = bench.json("typegen", "--check", folder=asks)
    assert changed.status == 1 and "program/operations.json" in changed.result["written"]
    # Taste of an editor is no other document.
    (asks / "operations/all.graphql").write_text(OPERATIONS.replace("{", "{\n\n"))
    assert bench.json("typegen", "--check", folder=asks).status == 0


def test_types_of_typescript_say_what_an_answer_is(bench: Bench, asks: Path) -> None:
    bench.run("typegen", folder=asks)
    (asks / "program/common/use.ts").write_text(
        """
import { Renew, Things, type ThingsData, type ThingsVariables } from './operations.js';
import type { TypedDocument } from './sdk/index.js';

const asked: TypedDocument<ThingsData, ThingsVariables> = Things;
const right: ThingsVariables = { with: true, filter: { from: 1, and: [{ from: 2, kind: 'FILM' }] } };
export function use(data: ThingsData): [string, string | null, number] {
  const [one] = data.things;
  return [asked.documentId + Renew.documentId, data.me.maskedName, one.__typename === 'Book' ? one.pages : one.minutes];
}
// @ts-expect-error: what may be withheld is nullable
export const name = (data: ThingsData): string => data.me.maskedName;
// @ts-expect-error: a kind that there is not
export const wrong: ThingsVariables = { with: true, filter: { from: 1, kind: 'SONG' } };
void right;
"""
    )
    (asks / "program/common/sdk").symlink_to(ROOT / "sdk/js/src")
    compiler = ROOT / "sdk/js/node_modules/@tsd/typescript/typescript/lib/tsc.js"
    options = ["--noEmit", "--strict", "--target", "es2022", "--module", "esnext", "--moduleResolution", "bundler"]
    done = subprocess.run(
        [NODE, compiler, *options, "--skipLibCheck", "program/common/use.ts"],
        cwd=asks,
        capture_output=True,
        text=True,
        timeout=90,
    )
    assert done.returncode == 0, done.stdout


def test_a_backend_s_module_is_typed_documents(bench: Bench, asks: Path) -> None:
    bench.run("typegen", folder=asks)
    made = (asks / "backend/operations.py").read_text()
    space: dict[str, Any] = {"__name__": "operations"}
    exec(compile(made, "operations.py", "exec"), space)
    documents = json.loads((asks / "program/operations.json").read_text())["documents"]
    assert {space["Things"].id, space["Renew"].id} == {asking.document_id(text) for text in documents}
    assert space["Renew"].mutation is True and space["Things"].mutation is False
    hints = get_type_hints(space["ThingsData"], space)
    assert hints["me"] is space["ThingsDataMe"]
    me = get_type_hints(space["ThingsDataMe"], space, include_extras=True)
    assert me == {"maskedName": str | None, "from": NotRequired[space["ThingsDataMeFrom"] | None]}
    [book, film] = get_args(get_args(hints["things"])[0])
    assert get_type_hints(book, space) == {"__typename": Literal["Book"], "id": str, "pages": int}
    assert get_type_hints(film, space, include_extras=True)["title"] == NotRequired[str | None]
    assert str(get_type_hints(space["Filter"], space)["and"]) == "list[operations.Filter] | None"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("query A { nothing }", "Cannot query field 'nothing'"),
        ("{ me { maskedName } }", "without a name"),
        ("query A { city_withheld_0: me { maskedName } }", "the city's own name"),
        ("query A { me { maskedName }", "Syntax Error"),
        ("type A { a: Int }", "neither an operation nor a fragment"),
        ("query A { me { ...Gone } }", 'Unknown fragment "Gone"'),
        ("query A { me { maskedName } } query A { me { maskedName } }", ""),
    ],
)
def test_a_document_that_the_city_would_not_take_is_told_by_its_place(
    bench: Bench, asks: Path, text: str, why: str
) -> None:
    (asks / "operations/all.graphql").write_text(text)
    refused = bench.json("typegen", folder=asks)
    assert refused.status == 1 and refused.error["code"] == "TONG_OPERATIONS"
    assert why.replace("'", "").replace('"', "") in refused.error["why"].replace("'", "").replace('"', "")
    assert refused.error["where"].startswith("operations/all.graphql")
    assert not (asks / "program/operations.json").exists()
