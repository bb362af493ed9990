"""Rules of styles: what they load from elsewhere, sizes that the elder mode cannot change, and the dark mode."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from .finding import Hit
from .sources import Source
from .subject import Subject

# One that does not end goes to the end, as in a browser; so no text is read twice.
_COMMENT: Final = re.compile(r"/\*(?:[^*]|\*(?!/))*+(?:\*/)?")
_IMPORT: Final = re.compile(
    r"@import\s{0,9}(?:url\(\s{0,9})?[\"']?(?P<url>(?:https?:)?//[^\s\"')]{1,200})", re.IGNORECASE
)
_URL: Final = re.compile(r"url\(\s{0,9}[\"']?(?P<url>(?:https?:)?//[^\s\"')]{1,200})", re.IGNORECASE)
_FIXED: Final = re.compile(
    r"(?<![\w-])font(?:-size)?\s{0,9}:[^;{}]{0,80}?(?<![\w.])(?P<size>\d{1,3}(?:\.\d{1,3})?px)", re.IGNORECASE
)
_HOST: Final = re.compile(r"(?:https?:)?//([^/:?#]+)", re.IGNORECASE)
_DARK: Final = ("prefers-color-scheme", "light-dark(", "color-scheme")


def styles(subject: Subject) -> Iterator[Hit]:
    allowed = {host_of(one) for one in (subject.manifest.img if subject.manifest else ())}
    for source, start, end in _sheets(subject):
        text = _COMMENT.sub(lambda found: re.sub(r"[^\r\n]", " ", found.group()), source.text[start:end])
        imports = [(found.start(), found["url"]) for found in _IMPORT.finditer(text)]
        for at, url in imports:
            yield source.hit("R-CSS-REMOTE", start + at, url[:80])
        inside = {url for _, url in imports}
        for found in _URL.finditer(text):
            if found["url"] not in inside and host_of(found["url"]) not in allowed:
                yield source.hit("R-CSS-REMOTE", start + found.start(), found["url"][:80])
        if fixed := _FIXED.search(text):
            yield source.hit("R-FONT-FIXED", start + fixed.start(), fixed["size"])


def dark(subject: Subject) -> Iterator[Hit]:
    texts = [source.text for path, source in subject.texts.items() if path.endswith((".css", ".html", ".js", ".mjs"))]
    themes = any("theme" in script.names for script in subject.scripts)
    if subject.pages and not themes and not any(sign in text for text in texts for sign in _DARK):
        yield Hit("R-DARK")


def host_of(url: str) -> str:
    found = _HOST.match(url.strip())
    return found[1].lower() if found else ""


def _sheets(subject: Subject) -> Iterator[tuple[Source, int, int]]:
    for path, source in subject.texts.items():
        if path.lower().endswith(".css"):
            yield source, 0, len(source.text)
    for page in subject.pages.values():
        for element in page.named("style"):
            yield page.source, *element.inner
