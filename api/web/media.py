"""What the client sends and wants back: the media types of GraphQL over HTTP.

Source: github.com/graphql/graphql-over-http, spec §5 (request), §6 (response).
"""

from __future__ import annotations

from collections.abc import Mapping
from email.message import Message
from functools import lru_cache

from api.web.errors import CrossSite, MediaTypeUnsupported, NotAcceptable

GRAPHQL_RESPONSE = "application/graphql-response+json"
JSON = "application/json"
EVENT_STREAM = "text/event-stream"


# Clients of one kind send the same headers again and again.
@lru_cache(maxsize=256)
def response_type(accept: str | None) -> str:
    """The media type to answer in; plain JSON for a client that states no wish.

    Raises: NotAcceptable.
    """
    if not accept:
        return JSON
    best, best_rank = "", (0.0, 0)
    for part in accept.split(",", 16)[:16]:
        offered, *parameters = (piece.strip().lower() for piece in part.split(";"))
        found, exactness = _WISHES.get(offered, ("", 0))
        rank = (_quality(parameters), exactness)
        if found and rank[0] > 0 and rank > best_rank and _utf8(parameters):
            best, best_rank = found, rank
    if not best:
        raise NotAcceptable()
    return best


def beside_events(accept: str) -> str | None:
    """What a client that wants an event stream takes where there is none; None for one that takes nothing else."""
    others = ",".join(part for part in accept.split(",", 16)[:16] if part.strip().lower()[:17] != EVENT_STREAM)
    try:
        return response_type(others) if others else None
    except NotAcceptable:
        return None


# A wildcard asks for nothing in particular, so it gets what every client reads; an exact name outranks it.
_WISHES = {
    EVENT_STREAM: (EVENT_STREAM, 3),
    GRAPHQL_RESPONSE: (GRAPHQL_RESPONSE, 2),
    JSON: (JSON, 1),
    "application/*": (JSON, 0),
    "*/*": (JSON, 0),
}


def require_json(content_type: str, encoding: str | None) -> None:
    """Raises: MediaTypeUnsupported unless the body is JSON in UTF-8, as it is: a compressed one may be a bomb."""
    if (encoding or "identity").lower() != "identity" or not _is_json(content_type):
        raise MediaTypeUnsupported()


@lru_cache(maxsize=256)
def _is_json(content_type: str) -> bool:
    header = Message()
    header["Content-Type"] = content_type
    return header.get_content_type() == JSON and header.get_content_charset("utf-8") in ("utf-8", "utf8")


def require_own_site(headers: Mapping[str, str]) -> None:
    """What a GET needs, that a browser sends without asking the site first: POST as JSON is preflighted anyway.

    headers: by lower-case name.
    A browser says where the page is that asks; programs that are no browsers say nothing, and forge no other's request.
    Raises: CrossSite.
    Source: W3C Fetch Metadata; Apollo Server, "Preventing Cross-Site Request Forgery".
    """
    if headers.get("sec-fetch-site", "none") not in ("none", "same-origin"):
        if not any(headers.get(name) for name in _PREFLIGHTED):
            raise CrossSite()


_PREFLIGHTED = ("graphql-require-preflight", "apollo-require-preflight", "x-apollo-operation-name")


def _quality(parameters: list[str]) -> float:
    for parameter in parameters:
        if parameter.startswith("q="):
            try:
                return min(max(float(parameter[2:]), 0.0), 1.0)
            except ValueError:
                return 0.0
    return 1.0


def _utf8(parameters: list[str]) -> bool:
    charsets = [p.removeprefix("charset=").strip('"') for p in parameters if p.startswith("charset=")]
    return all(c in ("utf-8", "utf8") for c in charsets)
