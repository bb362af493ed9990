"""The caches' bounds are bytes: what an entry is said to weigh is within a factor of two of what it takes."""

from __future__ import annotations

import gc
import sys
import tracemalloc
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

import pytest

from api.gateway.execute import Engine
from api.gateway.transport import LocalTransport, SubgraphRequest
from api.gateway.weight import bytes_of
from core.graph import Context
from docs.benchmarks.scripts import gateway_memory
from tests.unit.gateway.conftest import City

_COUNT = 6
# What each is like, and how it is written; {n} makes every document another one.
_DOCUMENTS = {
    "one field": "query Q{n} {{ me {{ id }} }}",
    "white space": "query Q{n} {{ me {{ name }} }} #" + " " * 20_000,
    "a long text": 'query Q{n} {{ people(called: "' + "x" * 20_000 + '") {{ id }} }}',
    "a long Chinese text": 'query Q{n} {{ people(called: "' + "京" * 20_000 + '") {{ id }} }}',
    "aliases": "query Q{n} {{ " + " ".join(f"a{i}: me {{{{ id name level }}}}" for i in range(48)) + " }}",
    "selections": "query Q{n} {{ me {{ " + "id name email level " * 30 + "}} }}",
    "fragments spread again and again": "query Q{n} {{ me {{ ...A }} b: me {{ ...A }} c: me {{ ...A }} }} "
    "fragment A on Person {{ friends {{ ...B }} b: friends {{ ...B }} c: friends {{ ...B }} }} "
    "fragment B on Person {{ friends {{ ...C }} b: friends {{ ...C }} c: friends {{ ...C }} }} "
    "fragment C on Person {{ id name level email }}",
    "values": "query Q{n}($s: Int! = 1) {{ "
    + " ".join(f"a{i}: people(first: {i}, called: {{s}}) {{{{ id }}}}" for i in range(40)).replace("{s}", '"x"')
    + " used: people(first: $s) {{ id }} }}",
    "deep": "query Q{n} {{ me " + "{{ friends " * 25 + "{{ id }}" + "}}" * 25 + " }}",
    "two subgraphs": "query Q{n} {{ me {{ name home {{ name area history(until: 3) }} }} }}",
}


@pytest.fixture(scope="module", autouse=True)
def frozen() -> Iterator[None]:
    """What was there before is looked through once, not before and after each test: it is most of the time."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@contextmanager
def _counted() -> Iterator[Callable[[], int]]:
    """Asked for the bytes that the allocator handed out in the block and did not get back."""
    gc.collect()
    tracemalloc.start()

    def taken() -> int:
        # The interpreter's cache of attribute names keeps what visitors look up by.
        sys._clear_type_cache()
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    try:
        yield taken
    finally:
        tracemalloc.stop()


@pytest.fixture(scope="module")
def engine() -> Engine:
    return gateway_memory.engine()


def _texts(kind: str) -> list[str]:
    return [_DOCUMENTS[kind].format(n=n) for n in range(_COUNT)]


def _about(said: int, taken: int) -> None:
    assert taken / 2 <= said <= taken * 2, (said, taken)


@pytest.mark.parametrize("kind", _DOCUMENTS)
def test_a_document_weighs_what_it_takes(engine: Engine, kind: str) -> None:
    engine._reading.document(_DOCUMENTS[kind].format(n="Warm"), None)
    before = engine.caches["texts"].weight

    with _counted() as taken:
        for text in _texts(kind):
            engine._reading.document(text, None)
        _about(engine.caches["texts"].weight - before, taken())


@pytest.mark.parametrize("kind", _DOCUMENTS)
def test_a_plan_weighs_what_it_takes(engine: Engine, kind: str) -> None:
    texts = [text.replace("query Q", "query P") for text in _texts(kind)]
    documents = [engine._reading.document(text, None) for text in texts]
    engine.prepare(_DOCUMENTS[kind].format(n="Warm"))
    before = engine._plans.weight

    with _counted() as taken:
        for text in texts:
            engine.prepare(text)
        assert len(documents) == _COUNT
        _about(engine._plans.weight - before, taken())


@pytest.mark.parametrize("fields", ["id", "id name level email home { code } friends(first: 2) { id name }"])
async def test_a_compiled_document_weighs_what_it_takes(fields: str) -> None:
    transport = gateway_memory.people()

    async def run(numbers: Iterable[int]) -> None:
        for number in numbers:
            request = SubgraphRequest(query=f"query Q{number} {{ me {{ {fields} }} people {{ {fields} }} }}")
            for _ in range(4):
                assert not (await transport.fetch(request, Context(request_id="r"))).errors

    await run([_COUNT])
    before = transport.documents.weight
    with _counted() as taken:
        await run(range(_COUNT))
        assert transport.ran["compiled"] > _COUNT
        _about(transport.documents.weight - before, taken())


async def test_a_local_document_is_weighed_again_when_it_has_grown() -> None:
    city = City()
    await city.ask("{ districts { code } }")
    transport = city.transports["identity"].inner
    assert isinstance(transport, LocalTransport)
    first = transport.documents.weight
    for _ in range(3):
        await city.ask("{ districts { code } }")
    assert transport.documents.weight > 2 * first


def test_what_belongs_to_the_process_is_not_weighed(engine: Engine) -> None:
    assert bytes_of(engine.supergraph.schema, engine.supergraph, Engine) == 0
    assert bytes_of((engine.supergraph.schema,)) == bytes_of((None,))
    shared = "x" * 1_000
    assert bytes_of([shared, shared]) < 2_000
