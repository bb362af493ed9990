"""What the client sends and wants back: the media types of GraphQL over HTTP.

Source: github.com/graphql/graphql-over-http, spec §5 (request), §6 (response).
"""

from __future__ import annotations

from collections.abc import Mapping

from api.web.errors import CrossSite, MediaTypeUnsupported, NotAcceptable

GRAPHQL_RESPONSE = "application/graphql-response+json"
JSON = "application/json"


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


# A wildcard asks for nothing in particular, so it gets what every client reads; an exact name outranks it.
_WISHES = {
    GRAPHQL_RESPONSE: (GRAPHQL_RESPONSE, 2),
    JSON: (JSON, 1),
    "application/*": (JSON, 0),
    "*/*": (JSON, 0),
}


def require_json(content_type: str, charset: str | None, encoding: str | None) -> None:
    """Raises: MediaTypeUnsupported unless the body is JSON in UTF-8, as it is: a compressed one may be a bomb."""
    if (encoding or "identity").lower() != "identity":
        raise MediaTypeUnsupported()
    if content_type.lower() != JSON or (charset or "utf-8").lower() not in ("utf-8", "utf8"):
        raise MediaTypeUnsupported()


def require_own_site(headers: Mapping[str, str]) -> None:
    """What a GET needs, that a browser sends without asking the site first: POST as JSON is preflighted anyway.

    A browser says where the page is that asks; programs that are no browsers say nothing, and forge no other's request.
    Raises: CrossSite.
    Source: W3C Fetch Metadata; Apollo Server, "Preventing Cross-Site Request Forgery".
    """
    if headers.get("Sec-Fetch-Site", "none") not in ("none", "same-origin"):
        if not any(headers.get(name) for name in _PREFLIGHTED):
            raise CrossSite()


_PREFLIGHTED = ("GraphQL-Require-Preflight", "Apollo-Require-Preflight", "X-Apollo-Operation-Name")


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
