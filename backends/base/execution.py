"""Runs GraphQL for the gateway: parsed and validated once a text, executed by graphql-core, errors in plain shape.

A document is bounded before it runs: in bytes (by the door), in tokens, in depth, in selections, in cost
and, while it runs, in time.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any, Final

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    GraphQLSyntaxError,
    execute,
    parse,
    validate,
)
from graphql.execution import ExecutionResult

from backends.base.cost import Tariff
from backends.base.errors import QueryRefused
from core.errors import BadInput, DomainError, Internal, Unavailable
from core.graph import Context, GraphQLRequest
from core.graphql_limits import RULES, deeper_than, size_of
from core.graphql_runs import TidyExecutor
from core.ids import Ids

_LOG = logging.getLogger(__name__)

TOKENS_MAX: Final = 4000
DEPTH_MAX: Final = 16
SELECTIONS_MAX: Final = 1000
DOCUMENTS_KEPT: Final = 200
KEPT_LENGTH_MAX: Final = 16_384
TIMEOUT_S: Final = 8.0


@dataclass(frozen=True, slots=True)
class Executor:
    """Executes against one schema, keeping the last `DOCUMENTS_KEPT` documents that were found good.

    tariff: what the schema's fields cost. refused: the backend's own refusal of a document.
    """

    schema: GraphQLSchema
    tariff: Tariff
    refused: type[QueryRefused]
    ids: Ids
    timeout_s: float = TIMEOUT_S
    _documents: OrderedDict[str, DocumentNode] = field(default_factory=OrderedDict, init=False, repr=False)

    async def run(self, request: GraphQLRequest, context: Context) -> dict[str, Any]:
        """The response: {"data"} and, where something failed, {"errors"}. Never raises for what a request holds."""
        try:
            document = self._document(request.query)
            self.tariff.bound(document, request.variables or {}, request.operation_name)
            async with asyncio.timeout(self.timeout_s):
                result = await self._execute(document, request, context)
        except DomainError as refusal:
            return {"errors": [self._shown(GraphQLError(refusal.message, original_error=refusal), context)]}
        except TimeoutError as fault:
            slow = Unavailable()
            slow.__cause__ = fault
            return {"data": None, "errors": [self._shown(GraphQLError(slow.message, original_error=slow), context)]}
        errors = [self._shown(error, context) for error in result.errors or ()]
        if result.data is None and not any("path" in error for error in errors):
            return {"errors": errors}  # refused before anything ran: a variable that does not fit
        return {"data": result.data, "errors": errors} if errors else {"data": result.data}

    async def _execute(self, document: DocumentNode, request: GraphQLRequest, context: Context) -> ExecutionResult:
        result = execute(
            self.schema,
            document,
            context_value=context,
            variable_values=dict(request.variables or {}),
            operation_name=request.operation_name,
            executor_class=TidyExecutor,
        )
        return result if isinstance(result, ExecutionResult) else await result

    def _document(self, text: str) -> DocumentNode:
        """The checked document. Raises: QueryRefused."""
        document = self._documents.get(text)
        if document is None:
            document = self._checked(text)
            self._keep(text, document)
        else:
            self._documents.move_to_end(text)
        return document

    def _keep(self, text: str, document: DocumentNode) -> None:
        if len(text) <= KEPT_LENGTH_MAX:
            self._documents[text] = document
        if len(self._documents) > DOCUMENTS_KEPT:
            self._documents.popitem(last=False)

    def _checked(self, text: str) -> DocumentNode:
        try:
            document = parse(text, max_tokens=TOKENS_MAX)
            if deeper_than(document, DEPTH_MAX):
                raise self.refused(problem=f"it is nested deeper than {DEPTH_MAX} levels")
            if size_of(document).selections > SELECTIONS_MAX:
                raise self.refused(problem=f"it holds more than {SELECTIONS_MAX} selections")
            faults = validate(self.schema, document, RULES, max_errors=5)
        except GraphQLSyntaxError as fault:
            raise self.refused(problem=fault.message) from fault
        except RecursionError as fault:
            raise self.refused(problem="its values are nested too deep") from fault
        if faults:
            raise self.refused(problem=" ".join(fault.message for fault in faults))
        return document

    def _shown(self, error: GraphQLError, context: Context) -> dict[str, Any]:
        """An error as the client gets it: what is not a domain error or the client's own fault is only an incident."""
        original = error.original_error
        while isinstance(original, GraphQLError) and original.original_error is not None:
            original = original.original_error
        if original is not None and not isinstance(original, DomainError | GraphQLError):
            incident = self.ids.new("inc")
            _LOG.error("resolver failed", exc_info=original, extra={"facts": {"incident": incident}})
            original = Internal(incident=incident)
        shown: dict[str, Any] = {"message": error.message, "extensions": {"code": BadInput.code}}
        if isinstance(original, DomainError):
            shown = {"message": original.message_in(context.locale), "extensions": original.extensions}
        if error.path:
            shown["path"] = error.path
        if error.locations:
            shown["locations"] = [location.formatted for location in error.locations]
        return shown
