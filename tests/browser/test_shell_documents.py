"""Every operation that the shell sends fits the graph of the city."""

from __future__ import annotations

from pathlib import Path

from graphql import build_schema, parse, validate

from tests.browser.shell_phone import NewPhone

pytest_plugins = ["tests.browser.shell_fixtures"]


async def test_every_document_is_valid_in_the_supergraph(new_phone: NewPhone) -> None:
    phone = await new_phone()
    await phone.open(ready="#phone")
    documents: dict[str, str] = await phone.page.evaluate("async () => ({ ...(await import('/documents.js')) })")
    graph = build_schema(Path("api/supergraph.graphql").read_text(), assume_valid=True)
    faults = {name: [e.message for e in validate(graph, parse(text))] for name, text in documents.items()}
    assert {name: found for name, found in faults.items() if found} == {}
    assert len(documents) == 17
