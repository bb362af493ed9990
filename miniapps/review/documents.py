"""Rules of pages: what their markup may not hold, each with its line, and whether everybody can use them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from ..bundles import errors
from ..bundles.errors import BundleError
from ..bundles.html import check_tag
from .finding import Hit
from .markup import Element, Page
from .styles import host_of
from .subject import Subject

_LINE: Final = re.compile(r"line (\d+): ")
_RULES: Final = {
    errors.HTML_ENCODING: "R-HTML-SYNTAX",
    errors.HTML_SYNTAX: "R-HTML-SYNTAX",
    errors.HTML_ELEMENT: "R-HTML-ELEMENT",
    errors.HTML_SRCDOC: "R-SRCDOC",
    errors.HTML_HANDLER: "R-HTML-HANDLER",
    errors.HTML_META: "R-HTML-META",
    errors.HTML_URL: "R-HTML-URL",
    errors.HTML_REMOTE: "R-HTML-REMOTE",
}
_FIELDS: Final = frozenset({"input", "select", "textarea"})
# Fields that are named by something else, or not shown.
_NAMED_OTHERWISE: Final = frozenset({"hidden", "submit", "reset", "button", "image"})
_NO_ZOOM: Final = re.compile(
    r"user-scalable\s*=\s*(?:no|0)|maximum-scale\s*=\s*(?:0|1(?:\.\d+)?)(?![\d.])", re.IGNORECASE
)


def pages(subject: Subject) -> Iterator[Hit]:
    for path, refused in subject.refused_pages.items():
        line = _LINE.match(refused.detail)
        seen = f"{refused.code}: {_LINE.sub('', refused.detail)}"
        yield Hit(_RULES[refused.code], path, int(line[1]) if line else 0, seen=seen)
    for page in subject.pages.values():
        for element in page.elements:
            yield from _refusals(page, element)
        yield from _remote_images(subject, page)


def access(subject: Subject) -> Iterator[Hit]:
    for path, page in subject.pages.items():
        first = next(page.named("html"), None)
        if first is None or not first.attributes.get("lang", "").strip():
            yield page.source.hit("R-A11Y-LANG", first.at if first else 0)
        if not any(element.text for element in page.named("title") if "svg" not in element.inside):
            yield Hit("R-TITLE", path)
        labelled = {element.attributes.get("for") for element in page.named("label")}
        for element in page.elements:
            yield from _named(page, element, labelled)


def _refusals(page: Page, element: Element) -> Iterator[Hit]:
    try:
        check_tag(page.source.path, element.tag)
    except BundleError as refused:
        yield page.source.hit(_RULES[refused.code], element.at, f"{refused.code}: {refused.detail}")


def _remote_images(subject: Subject, page: Page) -> Iterator[Hit]:
    """Pictures, media and styles from a host that the manifest does not name."""
    allowed = {host_of(one) for one in (subject.manifest.img if subject.manifest else ())}
    for element in page.named("img", "source", "video", "audio", "link", "track"):
        url = element.attributes.get("href" if element.name == "link" else "src", "")
        refused = element.name in ("link", "video", "audio", "track") or host_of(url) not in allowed
        if host_of(url) and refused and "canonical" not in element.attributes.get("rel", ""):
            yield page.source.hit("R-HTML-REMOTE", element.at, url[:80])


def _named(page: Page, element: Element, labelled: set[str | None]) -> Iterator[Hit]:
    told = any(element.attributes.get(key, "").strip() for key in ("aria-label", "aria-labelledby", "title"))
    if element.name == "img" and "alt" not in element.attributes and not told:
        yield page.source.hit("R-A11Y-ALT", element.at)
    elif element.name in _FIELDS and element.attributes.get("type", "").lower() not in _NAMED_OTHERWISE:
        named = "label" in element.inside or element.attributes.get("id") in labelled - {None}
        if not told and not named:
            yield page.source.hit("R-A11Y-LABEL", element.at, f"<{element.name}>")
    elif element.name == "button" or (element.name == "a" and "href" in element.attributes):
        # What has an id or a class may be filled by a script: the run asks that.
        if not told and not element.text and not {"id", "class"} & set(element.attributes):
            yield page.source.hit("R-A11Y-BUTTON", element.at, f"<{element.name}>")
    elif element.name == "meta" and element.attributes.get("name", "").lower() == "viewport":
        if _NO_ZOOM.search(element.attributes.get("content", "")[:200]):
            yield page.source.hit("R-A11Y-ZOOM", element.at)
