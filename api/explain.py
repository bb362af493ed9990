"""How an operation is planned: `python -m api explain FILE`, stage by stage, with no server behind it."""

from __future__ import annotations

from api.composition import SUPERGRAPH
from api.gateway.execute import Engine
from api.gateway.supergraph import Supergraph


def explain(document: str, *, operation_name: str | None = None, stage: str | None = None) -> str:
    """The stages of the plan, or one of them. Raises: what the engine refuses the document with."""
    engine = Engine(supergraph=Supergraph.parse(SUPERGRAPH.read_text()), transports={})
    return engine.explain(query=document, operation_name=operation_name, stage=stage)
