"""What the door answers with: GraphQL's answers and refusals, and the headers of every answer."""

from __future__ import annotations

import logging
from typing import Final, NamedTuple

import orjson

from api.web.asking import Asked, language
from api.web.errors import RateLimited
from api.web.media import JSON
from core.errors import DomainError, Internal

_LOG = logging.getLogger(__name__)

CSP: Final = (
    "default-src 'self'; img-src 'self' data: blob:; style-src 'self'; script-src 'self'; "
    "connect-src 'self'; frame-src 'self'; worker-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)
SERVER_NAME: Final = "CityTong"
SECURITY_HEADERS: Final = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), geolocation=(self), microphone=()",
}


class Reply(NamedTuple):
    """An answer in JSON of some media type, that nobody may keep. headers: those that not every answer has."""

    status: int
    body: bytes
    media_type: str
    headers: tuple[tuple[str, str], ...] = ()

    @property
    def content_headers(self) -> tuple[tuple[str, str], ...]:
        """In the order in which they are written."""
        content = ("Content-Type", f"{self.media_type}; charset=utf-8")
        return (content, ("Cache-Control", "no-store"), *self.headers)


def refused(asked: Asked, fault: DomainError, *, media_type: str, status: int) -> Reply:
    """A refusal in GraphQL's shape, in the reader's language."""
    error = {
        "message": fault.message_in(language(asked.headers.get("accept-language"))),
        "extensions": fault.extensions,
    }
    headers = _BY_STATUS.get(status, ())
    if status == 401 and (fault.code.startswith(_DPOP_CODES) or _by_key(asked)):
        problem = "invalid_dpop_proof" if fault.code.startswith(_DPOP_PROOFS) else "invalid_token"
        headers = (("WWW-Authenticate", f'DPoP algs="ES256", error="{problem}"'),)
    if isinstance(fault, RateLimited):
        headers = (*headers, ("Retry-After", str(fault.retry_after_s)))
    return Reply(status, orjson.dumps({"errors": [error]}), media_type, headers)


# RFC 9449 §7.1: who is bound to a key, or should be, is asked for it.
_DPOP_CODES: Final = "AUTH_DPOP_"
_DPOP_PROOFS: Final = "AUTH_DPOP_PROOF_"


def _by_key(asked: Asked) -> bool:
    return asked.headers.get("authorization", "")[:5].lower() == "dpop "


_BY_STATUS: Final = {
    401: (("WWW-Authenticate", 'Bearer error="invalid_token"'),),
    405: (("Allow", "POST"),),
}


def broken(asked: Asked, fault: Exception, route: str) -> Reply:
    """What is answered when a handler raised: a refusal, or an incident whose cause is in the log alone."""
    told = broken_by(fault, asked.request_id, route)
    return refused(asked, told, media_type=JSON, status=told.http_status)


def broken_by(fault: Exception, incident: str, route: str) -> DomainError:
    """What may be told of it."""
    if isinstance(fault, DomainError):
        return fault
    _LOG.error("unexpected", exc_info=fault, extra={"facts": {"incident": incident, "route": route}})
    return Internal(incident=incident)
