"""One call of one subgraph: whatever happens, it ends within the deadline, in an answer or in a `DomainError`.

Seams: circuit breakers wrap `Transport`; tracing wraps `answer`.
"""

from __future__ import annotations

import logging
import time
from collections.abc import AsyncGenerator, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from api.gateway.deadline import within
from api.gateway.errors import SubgraphTimeout, SubgraphUnavailable, SubscriptionUnsupported
from api.gateway.figures import Figures
from api.gateway.limits import GatewayLimits
from api.gateway.transport import RequestContext, SubgraphRequest, SubgraphResponse, Telling, Transport
from core.errors import DomainError

_LOG = logging.getLogger(__name__)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Calls:
    """How the engine reaches its subgraphs. figures: what is counted of it."""

    transports: Mapping[str, Transport]
    limits: GatewayLimits
    figures: Figures

    async def answer(self, request: SubgraphRequest, context: RequestContext) -> SubgraphResponse:
        """Raises: DomainError, for whatever went wrong."""
        transport = self.transports.get(request.service)
        if transport is None:
            raise SubgraphUnavailable(service=request.service)
        return await self._in_time(request.service, transport.fetch(request, context))

    async def subscribe(self, request: SubgraphRequest, context: RequestContext) -> AsyncGenerator[Any, None]:
        """The events of a subscription, which begins within the deadline and has no end in time.

        Raises: SubscriptionUnsupported; DomainError, for whatever went wrong, also by the generator.
        """
        transport = self.transports.get(request.service)
        if not isinstance(transport, Telling):
            raise SubscriptionUnsupported()
        return await self._in_time(request.service, transport.subscribe(request, context))

    async def _in_time(self, service: str, work: Coroutine[Any, Any, T]) -> T:
        started = time.perf_counter()
        try:
            return await within(self.limits.deadline_of(service), work)
        except TimeoutError as fault:
            raise SubgraphTimeout(service=service) from fault
        except DomainError:
            raise
        except Exception as fault:
            _LOG.exception("a call broke", extra={"facts": {"service": service}})
            raise SubgraphUnavailable(service=service) from fault
        finally:
            self.figures.fetched(service, time.perf_counter() - started)
