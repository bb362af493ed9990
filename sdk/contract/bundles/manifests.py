"""Manifests: what is read of them, by W3C's processing steps with our errata, and what is refused."""

from __future__ import annotations

import json
from typing import Final

from citytong_sdk.bundles import errors

Json = dict[str, object]

BASE: Final[Json] = {
    "app_id": "org.example.library",
    "name": "图书馆",
    "icons": [{"src": "common/i.png", "sizes": "96x96", "label": "书"}],
    "version": {"name": "1.4.0", "code": 14},
    "platform_version": {"min_code": 2, "target_code": 3, "release_type": "Beta"},
    "pages": ["pages/index/index", "pages/loan/loan"],
}


def vectors() -> object:
    read = [{"id": case, "manifest": _with(change), "read": found} for case, (change, found) in _READ.items()]
    refused = [{"id": case, "manifest": _with(change), "code": code} for case, (change, code) in _REFUSED.items()]
    texts = [{"id": case, "text": text, "code": errors.MANIFEST_JSON} for case, text in _TEXTS.items()]
    return {"read": read, "refused": refused + texts}


def _with(change: Json) -> Json:
    """The good manifest with members changed; None takes one away."""
    return {name: value for name, value in {**BASE, **change}.items() if value is not None}


def _window(**members: object) -> Json:
    return {"window": members}


def _permissions(*items: object) -> Json:
    return {"req_permissions": list(items)}


# What changes, and what is read of the manifest then.
_READ: Final[dict[str, tuple[Json, Json]]] = {
    "mnf-base": ({}, {"app_id": "org.example.library", "version_code": 14, "min_code": 2, "target_code": 3}),
    "mnf-unknown-members": ({"author": "x", "acme_thing": 1}, {"name": "图书馆"}),
    "mnf-name-trimmed": ({"name": "  Library \n"}, {"name": "Library"}),
    "mnf-dir-rtl": ({"dir": "rtl"}, {"dir": "rtl"}),
    "mnf-dir-unknown": ({"dir": "up"}, {"dir": "auto"}),
    "mnf-lang": ({"lang": "zh-Hans-CN"}, {"lang": "zh-Hans-CN"}),
    "mnf-lang-malformed": ({"lang": "../en"}, {"lang": ""}),
    "mnf-color-scheme-default": ({}, {"color_scheme": "auto"}),
    "mnf-color-scheme-dark": ({"color_scheme": "dark"}, {"color_scheme": "dark"}),
    "mnf-device-type": ({"device_type": ["phone", "tv"]}, {"device_type": ["phone", "tv"]}),
    "mnf-device-type-one-bad-drops-all": ({"device_type": ["phone", 1]}, {"device_type": []}),
    "mnf-version-code-negative": ({"version": {"name": "1", "code": -5}}, {"version_code": 1}),
    "mnf-version-code-zero": ({"version": {"name": "1", "code": 0}}, {"version_code": 1}),
    "mnf-version-code-whole-float": ({"version": {"name": "1", "code": 3.0}}, {"version_code": 3}),
    "mnf-platform-target-not-a-number": (
        {"platform_version": {"min_code": 1, "target_code": "2"}},
        {"target_code": None, "min_code": 1},
    ),
    "mnf-pages-external-passed-over": (
        {"pages": ["https://evil.example/p", "//evil.example/p", "../p", "p?x=1", 7, "pages/a"]},
        {"pages": ["pages/a"]},
    ),
    "mnf-pages-same-twice": ({"pages": ["pages/a", "./pages/a", "/pages/a"]}, {"pages": ["pages/a"]}),
    "mnf-icons-without-src-passed-over": (
        {"icons": [{"sizes": "1x1"}, "x", {"src": "https://e.example/i.png"}, {"src": "i.png"}]},
        {"icons": [{"src": "i.png", "sizes": "", "label": ""}]},
    ),
    "mnf-req-permissions-bad-items-skipped": (
        _permissions({"name": "city.user.phone", "reason": "取书通知"}, {"reason": "x"}, {"name": ""}, 3),
        {"req_permissions": [{"name": "city.user.phone", "reason": "取书通知"}]},
    ),
    "mnf-req-permissions-other-vendors": (_permissions({"name": "scope.userInfo"}), {"req_permissions": []}),
    "mnf-req-permissions-data-scope": (
        _permissions({"name": "city.data.licences"}),
        {"req_permissions": [{"name": "city.data.licences", "reason": ""}]},
    ),
    "mnf-req-permissions-not-a-list": ({"req_permissions": "all"}, {"req_permissions": []}),
    "mnf-widgets-min-code-default": (
        {"widgets": [{"name": "w", "path": "widgets/w"}, {"name": "x"}]},
        {"widgets": [{"name": "w", "path": "widgets/w", "min_code": 2}]},
    ),
    "mnf-widgets-min-code-number": (
        {"widgets": [{"name": "w", "path": "widgets/w", "min_code": 9}]},
        {"widgets": [{"name": "w", "path": "widgets/w", "min_code": 9}]},
    ),
    "mnf-window-not-an-object": ({"window": []}, {"window.design_width": 750, "window.fullscreen": False}),
    "mnf-window-background-color": (_window(background_color="#ff0000"), {"window.background_color": "#ff0000"}),
    "mnf-window-background-color-default": ({}, {"window.background_color": "#ffffff"}),
    "mnf-window-background-color-malformed": (
        _window(background_color="red;}"),
        {"window.background_color": "#ffffff"},
    ),
    "mnf-window-fullscreen-default": ({}, {"window.fullscreen": False}),
    "mnf-window-fullscreen-true": (_window(fullscreen=True), {"window.fullscreen": True}),
    "mnf-window-fullscreen-string": (_window(fullscreen="true"), {"window.fullscreen": False}),
    "mnf-window-orientation-default": ({}, {"window.orientation": "portrait"}),
    "mnf-window-orientation-landscape": (_window(orientation="landscape"), {"window.orientation": "landscape"}),
    "mnf-window-orientation-portrait": (_window(orientation="portrait"), {"window.orientation": "portrait"}),
    "mnf-window-orientation-diagonal": (_window(orientation="diagonal"), {"window.orientation": "portrait"}),
    "mnf-window-navigation-style-default": ({}, {"window.navigation_style": "default"}),
    "mnf-window-navigation-style-custom": (_window(navigation_style="custom"), {"window.navigation_style": "custom"}),
    "mnf-window-design-width-negative": (_window(design_width=-1), {"window.design_width": 750}),
    "mnf-window-on-reach-bottom-distance": (
        _window(on_reach_bottom_distance=0),
        {"window.on_reach_bottom_distance": 0},
    ),
    "mnf-city-domains": (
        {"city_domains": {"connect": ["https://api.lib.example", "http://localhost:8001"]}},
        {"connect": ["https://api.lib.example", "http://localhost:8001"], "img": []},
    ),
    "mnf-city-trusted-types-default": ({}, {"trusted_types": True}),
    "mnf-city-trusted-types-off": ({"city_csp": {"trusted_types": False}}, {"trusted_types": False}),
    "mnf-city-tab-bar": (
        {
            "city_tab_bar": {
                "items": [{"page": "pages/index/index", "text": "首页"}, {"page": "pages/loan/loan", "text": "借"}]
            }
        },
        {
            "tabs": [
                {"page": "pages/index/index", "text": "首页", "icon": "", "icon_selected": ""},
                {"page": "pages/loan/loan", "text": "借", "icon": "", "icon_selected": ""},
            ]
        },
    ),
    "mnf-city-tab-bar-empty": ({"city_tab_bar": {}}, {"tabs": []}),
}

_REFUSED: Final[dict[str, tuple[Json, str]]] = {
    **{f"mnf-{name.replace('_', '-')}-missing": ({name: None}, errors.MANIFEST_MISSING) for name in BASE},
    "mnf-app-id-number": ({"app_id": 7}, errors.MANIFEST_MISSING),
    "mnf-app-id-upper-case": ({"app_id": "org.Example.library"}, errors.MANIFEST_APP_ID),
    "mnf-app-id-one-name": ({"app_id": "library"}, errors.MANIFEST_APP_ID),
    "mnf-app-id-hyphen-at-the-end": ({"app_id": "org.example-"}, errors.MANIFEST_APP_ID),
    "mnf-app-id-line-feed": ({"app_id": "org.example\n"}, errors.MANIFEST_APP_ID),
    "mnf-app-id-path": ({"app_id": "org.example/../x"}, errors.MANIFEST_APP_ID),
    "mnf-app-id-long": ({"app_id": "a." + "b" * 127}, errors.MANIFEST_APP_ID),
    "mnf-name-blank": ({"name": "  "}, errors.MANIFEST_MISSING),
    "mnf-name-long": ({"name": "a" * 65}, errors.MANIFEST_TOO_LARGE),
    "mnf-icons-empty": ({"icons": []}, errors.MANIFEST_MISSING),
    "mnf-icons-object": ({"icons": {"src": "i.png"}}, errors.MANIFEST_MISSING),
    "mnf-icons-external": ({"icons": [{"src": "https://e.example/i.png"}]}, errors.MANIFEST_MISSING),
    "mnf-pages-string": ({"pages": "oops"}, errors.MANIFEST_MISSING),
    "mnf-pages-all-external": ({"pages": ["https://evil.example/"]}, errors.MANIFEST_MISSING),
    "mnf-pages-too-many": ({"pages": [f"p{number}" for number in range(201)]}, errors.MANIFEST_TOO_LARGE),
    "mnf-version-string": ({"version": "1.0"}, errors.MANIFEST_MISSING),
    "mnf-version-name-missing": ({"version": {"code": 1}}, errors.MANIFEST_MISSING),
    "mnf-version-code-missing": ({"version": {"name": "1"}}, errors.MANIFEST_MISSING),
    "mnf-version-code-string": ({"version": {"name": "1", "code": "14"}}, errors.MANIFEST_MISSING),
    "mnf-version-code-fraction": ({"version": {"name": "1", "code": 1.5}}, errors.MANIFEST_MISSING),
    "mnf-version-code-boolean": ({"version": {"name": "1", "code": True}}, errors.MANIFEST_MISSING),
    "mnf-version-code-huge": ({"version": {"name": "1", "code": 2**31}}, errors.MANIFEST_VALUE),
    "mnf-platform-min-code-missing": ({"platform_version": {"target_code": 1}}, errors.MANIFEST_MISSING),
    "mnf-req-permissions-unknown": (_permissions({"name": "city.user.everything"}), errors.MANIFEST_PERMISSION),
    "mnf-req-permissions-twice": (
        _permissions({"name": "city.pay"}, {"name": "city.pay"}),
        errors.MANIFEST_PERMISSION,
    ),
    "mnf-city-opt-permissions-required-too": (
        {**_permissions({"name": "city.pay"}), "city_opt_permissions": [{"name": "city.pay"}]},
        errors.MANIFEST_PERMISSION,
    ),
    "mnf-city-unknown-member": ({"city_domain": {}}, errors.MANIFEST_VALUE),
    "mnf-city-domains-list": ({"city_domains": ["https://a.example"]}, errors.MANIFEST_VALUE),
    "mnf-city-domains-unknown-kind": ({"city_domains": {"script": ["https://a.example"]}}, errors.MANIFEST_VALUE),
    "mnf-city-domains-wildcard": ({"city_domains": {"connect": ["https://*.example"]}}, errors.MANIFEST_VALUE),
    "mnf-city-domains-http": ({"city_domains": {"connect": ["http://a.example"]}}, errors.MANIFEST_VALUE),
    "mnf-city-domains-path": ({"city_domains": {"connect": ["https://a.example/x"]}}, errors.MANIFEST_VALUE),
    "mnf-city-domains-directive": (
        {"city_domains": {"connect": ["https://a.example; script-src *"]}},
        errors.MANIFEST_VALUE,
    ),
    "mnf-city-domains-twice": (
        {"city_domains": {"connect": ["https://a.example", "https://a.example"]}},
        errors.MANIFEST_VALUE,
    ),
    "mnf-city-domains-too-many": (
        {"city_domains": {"connect": [f"https://a{number}.example" for number in range(21)]}},
        errors.MANIFEST_TOO_LARGE,
    ),
    "mnf-city-csp-unknown": ({"city_csp": {"unsafe_eval": True}}, errors.MANIFEST_VALUE),
    "mnf-city-csp-string": ({"city_csp": {"trusted_types": "false"}}, errors.MANIFEST_VALUE),
    "mnf-city-accept-from-not-an-id": ({"city_accept_from": ["*"]}, errors.MANIFEST_VALUE),
    "mnf-city-operations-outside": ({"city_operations": "../operations.json"}, errors.MANIFEST_VALUE),
    "mnf-city-operations-number": ({"city_operations": 1}, errors.MANIFEST_VALUE),
    "mnf-city-subscribe-templates": ({"city_subscribe_templates": ["Loan due"]}, errors.MANIFEST_VALUE),
    "mnf-city-tab-bar-one": (
        {"city_tab_bar": {"items": [{"page": "pages/index/index", "text": "a"}]}},
        errors.MANIFEST_VALUE,
    ),
    "mnf-city-tab-bar-other-page": (
        {"city_tab_bar": {"items": [{"page": "pages/index/index", "text": "a"}, {"page": "x", "text": "b"}]}},
        errors.MANIFEST_VALUE,
    ),
    "mnf-city-tab-bar-without-text": (
        {"city_tab_bar": {"items": [{"page": "pages/index/index", "text": "a"}, {"page": "pages/loan/loan"}]}},
        errors.MANIFEST_VALUE,
    ),
}

_GOOD_TEXT: Final = json.dumps(BASE)
_TEXTS: Final = {
    "mnf-json-not": "{app_id: 1}",
    "mnf-json-list": "[]",
    "mnf-json-trailing": _GOOD_TEXT + "{}",
    "mnf-json-member-twice": _GOOD_TEXT[:-1] + ', "app_id": "org.example.other"}',
    "mnf-json-nan": '{"app_id": NaN}',
    "mnf-json-half-a-character": '{"name": "\\ud800"}',
    "mnf-json-deep": "[" * 3000 + "]" * 3000,
    "mnf-json-mark": "\ufeff" + _GOOD_TEXT,
}
