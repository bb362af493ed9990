"""Addresses of programs: what they say, and what is none."""

from __future__ import annotations

from typing import Final


def vectors() -> object:
    return {
        "good": [{"id": case, "uri": uri, "address": said} for case, (uri, said) in _GOOD.items()],
        "refused": [{"id": case, "uri": uri} for case, uri in _BAD.items()],
    }


_GOOD: Final[dict[str, tuple[str, dict[str, str]]]] = {
    "adr-https": (
        "https://m.city.example/miniapp/org.example.lib;version=1.0.1-trial/pages/index?k=v#bar",
        {
            "host": "m.city.example",
            "app_id": "org.example.lib",
            "version": "1.0.1-trial",
            "page": "pages/index",
            "query": "k=v",
            "fragment": "bar",
        },
    ),
    "adr-custom-scheme": (
        "citytong://miniapp/org.example.lib/pages/index",
        {"scheme": "citytong", "app_id": "org.example.lib", "page": "pages/index"},
    ),
    "adr-program-alone": (
        "https://c.example/miniapp/org.example.lib",
        {"host": "c.example", "app_id": "org.example.lib"},
    ),
    "adr-id-upper-case": (
        "https://c.example/miniapp/Org.Example.Lib",
        {"host": "c.example", "app_id": "org.example.lib"},
    ),
    "adr-host-upper-case": ("https://C.EXAMPLE/miniapp/a.b", {"host": "c.example", "app_id": "a.b"}),
    "adr-port": ("https://c.example:8443/miniapp/a.b/p", {"host": "c.example:8443", "app_id": "a.b", "page": "p"}),
    "adr-version-empty": (
        "https://c.example/miniapp/a.b;version=/p",
        {"host": "c.example", "app_id": "a.b", "page": "p"},
    ),
    "adr-page-encoded": (
        "citytong://miniapp/a.b/%E9%A6%96%E9%A1%B5",
        {"scheme": "citytong", "app_id": "a.b", "page": "首页"},
    ),
    "adr-query-alone": ("citytong://miniapp/a.b?x=%20/?", {"scheme": "citytong", "app_id": "a.b", "query": "x=%20/?"}),
}

_BAD: Final = {
    "adr-http": "http://c.example/miniapp/a.b",
    "adr-nothing": "",
    "adr-no-scheme": "//c.example/miniapp/a.b",
    "adr-no-infix": "https://c.example/a.b/p",
    "adr-infix-upper-case": "https://c.example/MiniApp/a.b",
    "adr-infix-in-the-path": "https://c.example/x/miniapp/a.b",
    "adr-no-id": "https://c.example/miniapp/",
    "adr-id-encoded": "https://c.example/miniapp/a%2Eb",
    "adr-id-space": "https://c.example/miniapp/a b",
    "adr-other-parameter": "https://c.example/miniapp/a.b;v=1/p",
    "adr-version-slash": "https://c.example/miniapp/a.b;version=1%2F2/p",
    "adr-userinfo": "https://city.example@evil.example/miniapp/a.b",
    "adr-scheme-digit": "1city://miniapp/a.b",
    "adr-scheme-underscore": "city_tong://miniapp/a.b",
    "adr-scheme-tilde": "city~://miniapp/a.b",
    "adr-javascript": "javascript://miniapp/a.b/%0Aalert(1)",
    "adr-https-as-custom": "https://miniapp/a.b",
    "adr-parent": "https://c.example/miniapp/a.b/../x",
    "adr-parent-encoded": "https://c.example/miniapp/a.b/%2e%2e/x",
    "adr-backslash": "https://c.example/miniapp/a.b/x%5Cy",
    "adr-nul": "https://c.example/miniapp/a.b/x%00",
    "adr-half-percent": "https://c.example/miniapp/a.b/%E",
    "adr-not-utf-8": "https://c.example/miniapp/a.b/%FF",
    "adr-line-feed": "https://c.example/miniapp/a.b\n",
    "adr-long": "https://c.example/miniapp/a.b/" + "x" * 2048,
}
