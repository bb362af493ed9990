"""A page as rules need it: its elements in their order, each with its place, its attributes and the text in it.

Only for pages whose markup the library of packages took (`bundles/html.py`): there, all parsers agree on what is a
tag, so a short reader is enough. Both have to see the same tags; where they do not, the page is refused.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from ..bundles import html as strict
from ..bundles.errors import HTML_SYNTAX, BundleError
from .sources import Source

_TOKEN: Final = re.compile(
    r"<!--.*?-->|<!doctype[^>]*>|<(?P<end>/?)(?P<name>[a-zA-Z][^\t\n\f\r />\"'<=\0]*)"
    r"(?P<attributes>(?:[^\"'>]|\"[^\"]*+\"|'[^']*+')*+)>",
    re.DOTALL | re.IGNORECASE,
)
_ATTRIBUTE: Final = re.compile(
    r"[\t\n\f\r /]+([^\t\n\f\r />\"'<=\0]+)"
    r"(?:[\t\n\f\r ]*=[\t\n\f\r ]*(?:\"([^\"]*)\"|'([^']*)'|([^\t\n\f\r \"'<>=`]+)))?"
)
_RAW: Final = frozenset({"script", "style", "title", "textarea"})
_RAW_END: Final = {name: re.compile(rf"</{name}(?=[\t\n\f\r />])", re.IGNORECASE) for name in _RAW}
_VOID: Final = frozenset("area base br col embed hr img input link meta param source track wbr".split())


@dataclass(slots=True)
class Element:
    """at: where its tag begins. inner: from where to where the text of a <script> or <style> goes. inside: the names
    of the elements that it stands in. words: the text in it, that of elements in it included; alternative texts, too.
    """

    name: str
    at: int
    attributes: dict[str, str]
    inside: tuple[str, ...] = ()
    inner: tuple[int, int] = (0, 0)
    words: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "".join(self.words).strip()

    @property
    def tag(self) -> strict.Tag:
        return strict.Tag(self.name, self.attributes)


@dataclass(frozen=True, slots=True)
class Page:
    source: Source
    elements: tuple[Element, ...]

    def named(self, *names: str) -> Iterator[Element]:
        return (element for element in self.elements if element.name in names)


DEPTH_MAX: Final = 64
# Whose words a rule asks for, and from how deep inside of them.
_ASKED: Final = frozenset({"a", "button"})
_ASKED_DEPTH: Final = 12


def read(source: Source, raw: bytes) -> Page:
    """The page `raw`, which is `source` as text. Raises: BundleError HTML_ENCODING, HTML_SYNTAX."""
    expected = [tag.name for tag in strict.tags(source.path, raw)]
    elements = tuple(_elements(source.text))
    if [element.name for element in elements] != expected:
        raise BundleError(HTML_SYNTAX, source.path, "tags that two readers read in two ways")
    return Page(source, elements)


def _elements(text: str) -> Iterator[Element]:
    at = 0
    # Open elements, for the words in them: no more than so many, for a page may nest without an end.
    stack: list[Element] = []
    while found := _next(text, at):
        _say(stack, text[at : found.start()])
        at = found.end()
        if not found["name"]:
            continue
        name = found["name"].lower()
        if found["end"]:
            _close(stack, name)
            continue
        element = Element(
            name, found.start(), _attributes(found["attributes"]), tuple(one.name for one in stack[-_ASKED_DEPTH:])
        )
        _say(stack, element.attributes.get("alt", ""), escaped=False)
        if name in _RAW and "svg" not in element.inside and "math" not in element.inside:
            end = _RAW_END[name].search(text, at)
            element.inner = (at, end.start() if end else len(text))
            element.words.append(text[slice(*element.inner)])
            at = element.inner[1]
        elif name not in _VOID and not found["attributes"].endswith("/") and len(stack) < DEPTH_MAX:
            stack.append(element)
        yield element


def _next(text: str, at: int) -> re.Match[str] | None:
    """The next tag or comment: `<` alone is text."""
    while (start := text.find("<", at)) >= 0:
        if found := _TOKEN.match(text, start):
            return found
        at = start + 1
    return None


def _say(stack: list[Element], words: str, *, escaped: bool = True) -> None:
    asked = [element for element in stack[-_ASKED_DEPTH:] if element.name in _ASKED and len(element.words) < 8]
    if asked and words and not words.isspace():
        said = html.unescape(words[:200]) if escaped else words[:200]
        for element in asked:
            element.words.append(said)


def _close(stack: list[Element], name: str) -> None:
    for depth in range(len(stack) - 1, -1, -1):
        if stack[depth].name == name:
            del stack[depth:]
            return


def _attributes(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for matched in _ATTRIBUTE.finditer(text):
        value = next((value for value in matched.groups()[1:] if value is not None), "")
        found.setdefault(matched[1].lower(), html.unescape(value))
    return found
