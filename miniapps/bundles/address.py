"""Addresses of mini-programs.

    https://city.example/miniapp/org.example.library;version=1.4.0/pages/loan/loan?id=1#top
    citytong://miniapp/org.example.library/pages/loan/loan

W3C MiniApp Addressing (Editor's Draft 358e2d1) with errata 13 (ids are looked up in lower case) and 14 (a scheme is
what RFC 3986 says). A host may name a port, as RFC 3986's authority may. A path with `.` or `..` is no page.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, unquote_to_bytes

from .errors import ADDRESS, BundleError

INFIX: Final = "miniapp"
ADDRESS_CHARACTERS_MAX: Final = 2_048

_UNRESERVED: Final = r"[A-Za-z0-9._~-]"
_PCHAR: Final = r"(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})"
_PATH: Final = re.compile(
    rf"/{INFIX}/(?P<id>{_UNRESERVED}+)(?:;version=(?P<version>{_UNRESERVED}*))?(?P<path>(?:/{_PCHAR}*)*)"
    rf"(?:\?(?P<query>(?:{_PCHAR}|[/?])*))?(?:#(?P<fragment>(?:{_PCHAR}|[/?])*))?"
)
_PREFIX: Final = re.compile(
    r"https://(?P<host>[A-Za-z0-9.-]+(?::[0-9]{1,5})?|\[[0-9A-Fa-f:.]+\](?::[0-9]{1,5})?)(?=/)"
    rf"|(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*):/(?=/{INFIX}/)"
)


# Schemes that browsers run or read: `javascript://miniapp/…` is a script, whatever W3C's grammar says.
_TAKEN: Final = frozenset(
    "about blob chrome data file filesystem ftp http https intent javascript vbscript view-source ws wss".split()
)


@dataclass(frozen=True, slots=True)
class Address:
    """A program, and perhaps one of its pages. `host` is empty for a scheme of one's own; `page` is decoded,
    relative."""

    app_id: str
    version: str = ""
    page: str = ""
    query: str = ""
    fragment: str = ""
    scheme: str = "https"
    host: str = ""


def parse(uri: str) -> Address:
    """The address that `uri` is. Raises: BundleError ADDRESS."""
    prefix = _PREFIX.match(uri)
    if not prefix or len(uri) > ADDRESS_CHARACTERS_MAX or (prefix["scheme"] or "").lower() in _TAKEN:
        raise BundleError(ADDRESS, detail="neither https nor a scheme of a city")
    scheme = (prefix["scheme"] or "https").lower()
    return parse_path(uri[prefix.end() :], scheme=scheme, host=(prefix["host"] or "").lower())


def parse_path(target: str, *, scheme: str = "https", host: str = "") -> Address:
    """The address whose part from `/miniapp/` on is `target`. Raises: BundleError ADDRESS."""
    found = _PATH.fullmatch(target)
    if not found or len(target) > ADDRESS_CHARACTERS_MAX:
        raise BundleError(ADDRESS, detail="not /miniapp/<id>[;version=…]/<page>")
    return Address(
        app_id=found["id"].lower(),
        version=found["version"] or "",
        page=_page(found["path"]),
        query=found["query"] or "",
        fragment=found["fragment"] or "",
        scheme=scheme,
        host=host,
    )


def build(address: Address) -> str:
    """The one URI of `address`: what `parse` reads as the same. Raises: BundleError ADDRESS for what no URI can say."""
    version = f";version={address.version}" if address.version else ""
    page = "/" + quote(address.page, safe="/-._~!$&'()*+,;=:@") if address.page else ""
    query = f"?{address.query}" if address.query else ""
    fragment = f"#{address.fragment}" if address.fragment else ""
    authority = f"{address.host}/" if address.host else ""
    uri = f"{address.scheme}://{authority}{INFIX}/{address.app_id}{version}{page}{query}{fragment}"
    if parse(uri) != address:
        raise BundleError(ADDRESS, detail="nothing that an address can say")
    return uri


def _page(path: str) -> str:
    try:
        page = unquote_to_bytes(path).decode("utf-8").removeprefix("/")
    except UnicodeDecodeError:
        raise BundleError(ADDRESS, detail="a page that is not UTF-8") from None
    if any(segment in (".", "..") for segment in page.split("/")) or "\\" in page or "\0" in page:
        raise BundleError(ADDRESS, detail="a page that is no path")
    return page
