"""The manifest of a program: what W3C says that it means, and what the city adds.

W3C members are processed as W3C MiniApp Manifest (Editor's Draft adb3be4) says, with our readings of its errata: a
member that is missing and required ends it, one that is malformed and optional counts as not there. The city's own
members (`city_…`) carry rights, so those are exact: what is malformed or unknown is refused. `manifest.schema.json`
beside this file is what an author's editor checks; it is stricter than the processing, as a lint is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from . import permissions
from .encoding import json_object
from .errors import (
    LAYOUT_FILE,
    LAYOUT_MISSING,
    LAYOUT_PAGE,
    MANIFEST_APP_ID,
    MANIFEST_JSON,
    MANIFEST_MISSING,
    MANIFEST_PERMISSION,
    MANIFEST_TOO_LARGE,
    MANIFEST_VALUE,
    BundleError,
)
from .names import check_path

FILE: Final = "manifest.json"
# W3C MiniApp Packaging: these stand at the root of every package; the style may be empty.
REQUIRED_FILES: Final = (FILE, "app.js", "app.css")
I18N: Final = "i18n/"

MANIFEST_BYTES_MAX: Final = 64_000
TEXT_CHARACTERS_MAX: Final = 64
REASON_CHARACTERS_MAX: Final = 128
LONG_TEXT_CHARACTERS_MAX: Final = 2_000
ITEMS_MAX: Final = 200
DOMAINS_MAX: Final = 20
# GraphQL's Int.
CODE_MAX: Final = 2_147_483_647
APP_ID_CHARACTERS_MAX: Final = 128
TABS: Final = range(2, 6)

_APP_ID_PART: Final = r"[a-z](?:[a-z0-9-]*[a-z0-9])?"
_APP_ID: Final = re.compile(rf"{_APP_ID_PART}(?:\.{_APP_ID_PART})+")
_COLOUR: Final = re.compile(r"#(?:[0-9a-fA-F]{3,4}|[0-9a-fA-F]{6}|[0-9a-fA-F]{8})")
_LANGUAGE: Final = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*")
_TEMPLATE: Final = re.compile(r"[a-z][a-z0-9_]{0,63}")
_LABEL: Final = r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?"
# Goes into a policy as it is, so it can hold nothing that a policy would read as more. Plain HTTP: this machine alone.
_DOMAIN: Final = re.compile(
    rf"https://{_LABEL}(?:\.{_LABEL})+(?::[0-9]{{1,5}})?|http://(?:localhost|127\.0\.0\.1)(?::[0-9]{{1,5}})?"
)

_CITY_MEMBERS: Final = frozenset(
    {
        "city_opt_permissions",
        "city_operations",
        "city_domains",
        "city_accept_from",
        "city_csp",
        "city_tab_bar",
        "city_subscribe_templates",
    }
)

Json = dict[str, object]


@dataclass(frozen=True, slots=True)
class Icon:
    src: str
    sizes: str = ""
    label: str = ""


@dataclass(frozen=True, slots=True)
class Permission:
    """Something asked for, and why, in the program's words."""

    name: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Widget:
    name: str
    path: str
    min_code: int


@dataclass(frozen=True, slots=True)
class Tab:
    page: str
    text: str
    icon: str = ""
    icon_selected: str = ""


@dataclass(frozen=True, slots=True)
class Window:
    """How a program's window looks; every default is W3C's, with erratum 11. Distances and widths in CSS pixels."""

    auto_design_width: bool = False
    background_color: str = "#ffffff"
    background_text_style: str = "dark"
    design_width: int = 750
    enable_pull_down_refresh: bool = False
    fullscreen: bool = False
    navigation_bar_background_color: str = "#000000"
    navigation_bar_text_style: str = "white"
    navigation_bar_title_text: str = ""
    navigation_style: str = "default"
    on_reach_bottom_distance: int = 50
    orientation: str = "portrait"


@dataclass(frozen=True, slots=True)
class Manifest:
    """A manifest that was understood. Paths are relative to the package's root."""

    app_id: str
    name: str
    icons: tuple[Icon, ...]
    pages: tuple[str, ...]
    version_name: str
    version_code: int
    min_code: int
    target_code: int | None = None
    release_type: str = ""
    dir: str = "auto"
    lang: str = ""
    short_name: str = ""
    description: str = ""
    color_scheme: str = "auto"
    device_type: tuple[str, ...] = ()
    window: Window = field(default_factory=Window)
    widgets: tuple[Widget, ...] = ()
    req_permissions: tuple[Permission, ...] = ()
    opt_permissions: tuple[Permission, ...] = ()
    operations: str = ""
    connect: tuple[str, ...] = ()
    img: tuple[str, ...] = ()
    accept_from: tuple[str, ...] = ()
    trusted_types: bool = True
    tabs: tuple[Tab, ...] = ()
    subscribe_templates: tuple[str, ...] = ()

    @property
    def declared(self) -> frozenset[str]:
        """The names of all permissions, required and optional."""
        return frozenset(asked.name for asked in (*self.req_permissions, *self.opt_permissions))


def read(data: bytes) -> Manifest:
    """The manifest in `data`.

    Raises: BundleError MANIFEST_JSON, MANIFEST_TOO_LARGE, MANIFEST_MISSING, MANIFEST_APP_ID, MANIFEST_PERMISSION,
    MANIFEST_VALUE.
    """
    if len(data) > MANIFEST_BYTES_MAX:
        raise BundleError(MANIFEST_TOO_LARGE, FILE, f"{len(data)} bytes")
    try:
        json = json_object(data)
    except ValueError as fault:
        raise BundleError(MANIFEST_JSON, FILE, str(fault)[:80]) from None
    version, platform = _object(json, "version"), _object(json, "platform_version")
    pages, min_code = _pages(json), _integer(platform, "platform_version", "min_code")
    return Manifest(
        app_id=_app_id(json),
        name=_required_text(json, "name"),
        icons=_icons(json),
        pages=pages,
        version_name=_required_text(version, "version.name", key="name"),
        # W3C's erratum 8: a code is at least 1.
        version_code=max(_integer(version, "version", "code"), 1),
        min_code=min_code,
        target_code=_optional_integer(platform.get("target_code")),
        release_type=_text(platform.get("release_type")),
        dir=_choice(json.get("dir"), ("auto", "ltr", "rtl")),
        lang=_language(json.get("lang")),
        short_name=_limited(json, "short_name", TEXT_CHARACTERS_MAX),
        description=_limited(json, "description", LONG_TEXT_CHARACTERS_MAX),
        color_scheme=_choice(json.get("color_scheme"), ("auto", "light", "dark")),
        device_type=_device_type(json.get("device_type")),
        window=_window(json.get("window")),
        widgets=_widgets(json.get("widgets"), min_code),
        **_city(json, pages),
    )


def check_app_id(app_id: str) -> None:
    """Raises: BundleError MANIFEST_APP_ID unless a program can be registered by `app_id`."""
    if len(app_id) > APP_ID_CHARACTERS_MAX or not _APP_ID.fullmatch(app_id):
        raise BundleError(MANIFEST_APP_ID, "app_id", "lower-case names of letters, digits and hyphens, joined by dots")


def is_domain(text: str) -> bool:
    """Whether `text` is an origin that a program may speak to: https, or plain HTTP on this machine."""
    return bool(_DOMAIN.fullmatch(text))


def check_layout(manifest: Manifest, files: Collection[str]) -> None:
    """Refuse unless `files` (paths) holds what W3C requires and what `manifest` names.

    Raises: BundleError LAYOUT_MISSING, LAYOUT_PAGE, LAYOUT_FILE.
    """
    for path in REQUIRED_FILES:
        if path not in files:
            raise BundleError(LAYOUT_MISSING, path)
    for page in manifest.pages:
        if page_file(page, files) is None:
            raise BundleError(LAYOUT_PAGE, page)
    named = [icon.src for icon in manifest.icons] + [manifest.operations]
    named += [path for tab in manifest.tabs for path in (tab.icon, tab.icon_selected)]
    for path in named:
        if path and path not in files:
            raise BundleError(LAYOUT_FILE, path)


def page_file(page: str, files: Collection[str]) -> str | None:
    """The file of the route `page`, whose extension may be left out."""
    return next((path for path in (page, f"{page}.html") if path.endswith(".html") and path in files), None)


def start_page(manifest: Manifest, files: Collection[str], asked: str = "") -> str:
    """The file that a run begins with: that of the page `asked` for by an address, else that of the first page.

    Only a page that the manifest lists can be asked for. Raises: BundleError LAYOUT_PAGE.
    """
    route = next((page for page in manifest.pages if asked in (page, f"{page}.html")), manifest.pages[0])
    found = page_file(route, files)
    if found is None:
        raise BundleError(LAYOUT_PAGE, route)
    return found


def localised(manifest: Manifest, files: Mapping[str, bytes], locale: str) -> Manifest:
    """`manifest` with its words in `locale`, where `i18n/<language tag>.json` has them.

    The file of the longest matching tag counts (RFC 4647 lookup). It holds `name`, `short_name`, `description`,
    `window.navigation_bar_title_text` (nested, or with the dot in the key), `widgets`, `city_reasons`, `city_tab_bar`
    (words by a widget's or permission's name, or by a tab's page). A file that is no JSON object is passed over.
    """
    words = _words(files, locale)
    if not words:
        return manifest
    window, widgets, reasons, tabs = (
        _part(words, key) for key in ("window", "widgets", "city_reasons", "city_tab_bar")
    )
    title = _short(window.get("navigation_bar_title_text")) or _short(words.get("window.navigation_bar_title_text"))
    return replace(
        manifest,
        name=_short(words.get("name")) or manifest.name,
        short_name=_short(words.get("short_name")) or manifest.short_name,
        description=_text(words.get("description"))[:LONG_TEXT_CHARACTERS_MAX] or manifest.description,
        window=replace(manifest.window, navigation_bar_title_text=title) if title else manifest.window,
        widgets=tuple(replace(item, name=_short(widgets.get(item.name)) or item.name) for item in manifest.widgets),
        req_permissions=_reasoned(manifest.req_permissions, reasons),
        opt_permissions=_reasoned(manifest.opt_permissions, reasons),
        tabs=tuple(replace(tab, text=_short(tabs.get(tab.page)) or tab.text) for tab in manifest.tabs),
    )


def _words(files: Mapping[str, bytes], locale: str) -> Json:
    """What the package says in the longest prefix of `locale` that it speaks."""
    by_tag = {path[len(I18N) : -len(".json")].lower(): path for path in files if _is_words(path)}
    tag = locale.lower()
    while tag:
        if tag in by_tag:
            try:
                return json_object(files[by_tag[tag]])
            except ValueError:
                return {}
        tag = tag.rpartition("-")[0]
    return {}


def _is_words(path: str) -> bool:
    return path.startswith(I18N) and path.endswith(".json")


def _reasoned(asked: tuple[Permission, ...], reasons: Json) -> tuple[Permission, ...]:
    return tuple(
        replace(item, reason=_text(reasons.get(item.name))[:REASON_CHARACTERS_MAX] or item.reason) for item in asked
    )


def _part(json: Json, key: str) -> Json:
    found = json.get(key)
    return found if isinstance(found, dict) else {}


# W3C's "process the … member" steps.


def _app_id(json: Json) -> str:
    app_id = json.get("app_id")
    if not isinstance(app_id, str) or not app_id:
        raise BundleError(MANIFEST_MISSING, "app_id")
    check_app_id(app_id)
    return app_id


def _object(json: Json, key: str) -> Json:
    found = json.get(key)
    if not isinstance(found, dict):
        raise BundleError(MANIFEST_MISSING, key)
    return found


def _integer(json: Json, parent: str, key: str) -> int:
    found = _optional_integer(json.get(key))
    if found is None:
        raise BundleError(MANIFEST_MISSING, f"{parent}.{key}")
    if found > CODE_MAX:
        raise BundleError(MANIFEST_VALUE, f"{parent}.{key}", f"over {CODE_MAX}")
    return found


def _optional_integer(value: object) -> int | None:
    """A whole number, however it is spelled: to JSON, 1.0 is 1."""
    if isinstance(value, bool) or not isinstance(value, int | float) or value != int(value):
        return None
    return int(value)


def _text(value: object) -> str:
    return value.strip() if isinstance(value, str) else ""


def _short(value: object) -> str:
    """A text, cut where it is too long."""
    return _text(value)[:TEXT_CHARACTERS_MAX]


def _required_text(json: Json, path: str, *, key: str = "") -> str:
    found = _limited(json, key or path, TEXT_CHARACTERS_MAX)
    if not found:
        raise BundleError(MANIFEST_MISSING, path)
    return found


def _limited(json: Json, key: str, characters_max: int) -> str:
    found = _text(json.get(key))
    if len(found) > characters_max:
        raise BundleError(MANIFEST_TOO_LARGE, key, f"over {characters_max} characters")
    return found


def _choice(value: object, choices: tuple[str, ...]) -> str:
    """`value` if it is one of `choices`, else the first."""
    return value if isinstance(value, str) and value in choices else choices[0]


def _language(value: object) -> str:
    return value if isinstance(value, str) and _LANGUAGE.fullmatch(value) else ""


def _list(value: object, path: str, items_max: int = ITEMS_MAX) -> list[object]:
    """`value` as a list; anything else counts as an empty one."""
    found = value if isinstance(value, list) else []
    if len(found) > items_max:
        raise BundleError(MANIFEST_TOO_LARGE, path, f"over {items_max} items")
    return found


def _local_path(value: object) -> str:
    """`value` as a path inside the package; empty when it is external or no path at all."""
    if not isinstance(value, str):
        return ""
    path = value.removeprefix("./").removeprefix("/")
    try:
        check_path(path)
    except BundleError:
        return ""
    return path if not set(path) & set("?#%") else ""


def _pages(json: Json) -> tuple[str, ...]:
    """W3C's erratum 7: routes are relative to the package's root; external ones are passed over; the first is home."""
    found = tuple(dict.fromkeys(filter(None, map(_local_path, _list(json.get("pages"), "pages")))))
    if not found:
        raise BundleError(MANIFEST_MISSING, "pages")
    return found


def _icons(json: Json) -> tuple[Icon, ...]:
    """W3C's erratum 6: at least one icon with an address in the package."""
    icons = tuple(
        Icon(src=src, sizes=_text(item.get("sizes")), label=_text(item.get("label")))
        for item in _list(json.get("icons"), "icons")
        if isinstance(item, dict) and (src := _local_path(item.get("src")))
    )
    if not icons:
        raise BundleError(MANIFEST_MISSING, "icons")
    return icons


def _device_type(value: object) -> tuple[str, ...]:
    """Any item that is no string drops the whole member."""
    items = _list(value, "device_type")
    strings = tuple(item for item in items if isinstance(item, str))
    return strings if len(strings) == len(items) else ()


def _widgets(value: object, min_code: int) -> tuple[Widget, ...]:
    """W3C's erratum 10: a widget's least platform is a number, and the program's where none is said."""
    return tuple(
        Widget(name=name, path=path, min_code=code if code is not None else min_code)
        for item in _list(value, "widgets")
        if isinstance(item, dict) and (name := _text(item.get("name"))) and (path := _local_path(item.get("path")))
        for code in [_optional_integer(item.get("min_code"))]
    )


def _window(value: object) -> Window:
    """Each member by itself: what is malformed is as if it were not there."""
    json = value if isinstance(value, dict) else {}
    found: dict[str, Any] = {}
    for key in ("auto_design_width", "enable_pull_down_refresh", "fullscreen"):
        found[key] = json.get(key) is True
    for key in ("background_color", "navigation_bar_background_color"):
        if isinstance(colour := json.get(key), str) and _COLOUR.fullmatch(colour):
            found[key] = colour
    for key in ("design_width", "on_reach_bottom_distance"):
        if (number := _optional_integer(json.get(key))) is not None and number >= 0:
            found[key] = number
    found["background_text_style"] = _choice(json.get("background_text_style"), ("dark", "light"))
    found["navigation_bar_text_style"] = _choice(json.get("navigation_bar_text_style"), ("white", "black"))
    found["navigation_bar_title_text"] = _short(json.get("navigation_bar_title_text"))
    found["navigation_style"] = _choice(json.get("navigation_style"), ("default", "custom"))
    found["orientation"] = _choice(json.get("orientation"), ("portrait", "landscape"))
    return Window(**found)


# The city's own members: exact.


def _city(json: Json, pages: tuple[str, ...]) -> dict[str, Any]:
    """The members of `Manifest` that `city_…` and permissions say."""
    for key in json:
        if key.startswith("city_") and key not in _CITY_MEMBERS:
            raise BundleError(MANIFEST_VALUE, key[:TEXT_CHARACTERS_MAX], "the city knows no such member")
    required = _permissions(json.get("req_permissions"), "req_permissions", frozenset())
    domains = _exact_object(json, "city_domains", {"connect", "img"})
    trusted_types = _exact_object(json, "city_csp", {"trusted_types"}).get("trusted_types", True)
    if not isinstance(trusted_types, bool):
        raise BundleError(MANIFEST_VALUE, "city_csp.trusted_types")
    return {
        "req_permissions": required,
        "opt_permissions": _permissions(
            json.get("city_opt_permissions"), "city_opt_permissions", frozenset(item.name for item in required)
        ),
        "operations": _operations(json.get("city_operations", "")),
        "connect": _strings(domains.get("connect", []), "city_domains.connect", DOMAINS_MAX, is_domain),
        "img": _strings(domains.get("img", []), "city_domains.img", DOMAINS_MAX, is_domain),
        "accept_from": _strings(json.get("city_accept_from", []), "city_accept_from", ITEMS_MAX, _is_app_id),
        "trusted_types": trusted_types,
        "tabs": _tabs(json, pages),
        "subscribe_templates": _strings(
            json.get("city_subscribe_templates", []),
            "city_subscribe_templates",
            ITEMS_MAX,
            lambda name: bool(_TEMPLATE.fullmatch(name)),
        ),
    }


def _permissions(value: object, path: str, before: frozenset[str]) -> tuple[Permission, ...]:
    """W3C passes malformed items over, and we what other vendors name; a name of the city's has to exist, once."""
    found: dict[str, Permission] = {}
    for item in _list(value, path):
        if not isinstance(item, dict) or not (name := _text(item.get("name"))).startswith(permissions.CITY):
            continue
        if not permissions.known(name) or name in found or name in before:
            raise BundleError(MANIFEST_PERMISSION, path, name[:TEXT_CHARACTERS_MAX])
        found[name] = Permission(name=name, reason=_limited(item, "reason", REASON_CHARACTERS_MAX))
    return tuple(found.values())


def _exact_object(json: Json, key: str, members: set[str]) -> Json:
    found = json.get(key, {})
    if not isinstance(found, dict) or set(found) - members:
        raise BundleError(MANIFEST_VALUE, key)
    return found


def _strings(value: object, path: str, items_max: int, good: Callable[[str], bool]) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise BundleError(MANIFEST_VALUE, path)
    if len(value) > items_max:
        raise BundleError(MANIFEST_TOO_LARGE, path, f"over {items_max} items")
    found = tuple(item for item in value if isinstance(item, str) and good(item))
    if len(found) != len(value) or len(set(found)) != len(found):
        raise BundleError(MANIFEST_VALUE, path, "an item that it cannot hold, or twice")
    return found


def _is_app_id(text: str) -> bool:
    return len(text) <= APP_ID_CHARACTERS_MAX and bool(_APP_ID.fullmatch(text))


def _operations(value: object) -> str:
    if value == "":
        return ""
    path = _local_path(value)
    if not path.endswith(".json"):
        raise BundleError(MANIFEST_VALUE, "city_operations")
    return path


def _tabs(json: Json, pages: tuple[str, ...]) -> tuple[Tab, ...]:
    """`{"items": [{"page", "text", "icon", "icon_selected"}]}`: two to five pages of the program, or none."""
    items = _exact_object(json, "city_tab_bar", {"items"}).get("items", [])
    tabs = tuple(map(_tab, items)) if isinstance(items, list) else ()
    shown = {tab.page for tab in tabs if tab is not None and tab.text}
    if items != [] and (len(tabs) not in TABS or len(shown) != len(tabs) or shown - set(pages)):
        raise BundleError(MANIFEST_VALUE, "city_tab_bar", "two to five tabs, each a page of its own with a text")
    return tuple(tab for tab in tabs if tab is not None)


def _tab(item: object) -> Tab | None:
    if not isinstance(item, dict) or set(item) - {"page", "text", "icon", "icon_selected"}:
        return None
    return Tab(
        page=_local_path(item.get("page")),
        text=_short(item.get("text")),
        icon=_local_path(item.get("icon")),
        icon_selected=_local_path(item.get("icon_selected")),
    )
