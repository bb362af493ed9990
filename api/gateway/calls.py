"""One call of one subgraph: whatever happens, it ends within the deadline, in an answer or in a `DomainError`.

Seams: circuit breakers wrap `Transport`; tracing wraps `answer`.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass

from api.gateway.deadline import within
from api.gateway.errors import SubgraphTimeout, SubgraphUnavailable
from api.gateway.figures import Figures
from api.gateway.limits import GatewayLimits
from api.gateway.transport import RequestContext, SubgraphRequest, SubgraphResponse, Transport
from core.errors import DomainError

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Calls:
    """How the engine reaches its subgraphs. figures: what is counted of it."""

    transports: Mapping[str, Transport]
    limits: GatewayLimits
    figures: Figures

    async def answer(self, request: SubgraphRequest, context: RequestContext) -> SubgraphResponse:
        """Raises: DomainError, for whatever went wrong."""
        service = request.service
        transport = self.transports.get(service)
        if transport is None:
            raise SubgraphUnavailable(service=service)
        started = time.perf_counter()
        try:
            return await within(self.limits.deadline_of(service), transport.fetch(request, context))
        except TimeoutError as fault:
            raise SubgraphTimeout(service=service) from fault
        except DomainError:
            raise
        except Exception as fault:
            _LOG.exception("a call broke", extra={"facts": {"service": service}})
            raise SubgraphUnavailable(service=service) from fault
        finally:
            self.figures.fetched(service, time.perf_counter() - started)
