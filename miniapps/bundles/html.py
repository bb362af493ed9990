"""What a page of a package may hold, read so that no browser reads it in another way.

The rules stand on tags, so a reader that is wrong about where a tag begins lets everything through. A complete HTML
parser would be right, but it is a large dependency for a small kit, and its answer would hold for one version of one
parser. This reader is the reverse: a tokenizer for the part of HTML on which all parsers agree, that refuses the rest
(`BUNDLE_HTML_SYNTAX`) and says what to write instead. The places where the tree decides how text is read, and so where
sanitizers were led astray, are closed:

- the text of <style>, <title> and <textarea> holds nothing that would be a tag elsewhere, so that it does not matter
  whether they stand in SVG; <noscript> is read both as text and as markup;
- <script> is not inside <svg> or <math>, and its text holds no `<!--`, which would change where it ends;
- <svg> and <math> are well nested, hold no element that would end them, and where HTML may stand in them is text alone;
- comments are plain, there are no CDATA sections, no processing instructions, and nothing of <frameset> and
<plaintext>.

The content of a <template> is read as everything else is. Source: HTML Living Standard §13.2.5 and §13.2.6; T12, T13,
E20.
"""

from __future__ import annotations

import base64
import hashlib
import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from .errors import (
    HTML_ELEMENT,
    HTML_ENCODING,
    HTML_HANDLER,
    HTML_META,
    HTML_REMOTE,
    HTML_SRCDOC,
    HTML_SYNTAX,
    HTML_URL,
    BundleError,
)

DOCTYPE: Final = re.compile(rb"(?:\xef\xbb\xbf)?[\t\n\f\r ]*<!doctype[^>]*>", re.IGNORECASE)

_SPACE: Final = "\t\n\f\r "
_TAG: Final = re.compile(r"<(/?)([a-zA-Z][^\t\n\f\r />\"'<=\0]*)")
# An attribute as all parsers read it: no quote or `<` in a bare value or a name, and a space before the next one.
_ATTRIBUTE: Final = re.compile(
    r"[\t\n\f\r /]+([^\t\n\f\r />\"'<=\0]+)"
    r"(?:[\t\n\f\r ]*=[\t\n\f\r ]*(?:\"([^\"]*)\"|'([^']*)'|([^\t\n\f\r \"'<>=`]+)))?(?=[\t\n\f\r />])"
)
_TAG_END: Final = re.compile(r"[\t\n\f\r /]*>")
_COMMENT: Final = re.compile(r"<!--(?!-?>)((?:(?!--).)*)-->", re.DOTALL)
_MARKUP: Final = re.compile(r"<[a-zA-Z/!?]")
# The last character is number 1114111: what is longer is none, and takes Python the square of its length to read.
_NO_CHARACTER: Final = re.compile(r"&#[0-9]{8}")

_TEXT_ELEMENTS: Final = frozenset({"style", "title", "textarea"})
_FORBIDDEN: Final = frozenset(
    "applet base embed fencedframe frame frameset iframe noembed noframes object plaintext portal xmp".split()
)
# Where HTML may stand in SVG and MathML: text alone here.
_HTML_INSIDE: Final = frozenset("desc title mi mo mn ms mtext".split())
# What would end SVG or MathML, were it inside (HTML §13.2.6.5), makes HTML of its content, or is text in HTML alone.
_NEVER_FOREIGN: Final = frozenset(
    (
        "annotation-xml b big blockquote body br center code dd div dl dt em embed font foreignobject h1 h2 h3 h4 h5 "
        "h6 head hr html i img li listing menu meta nobr noscript ol p pre ruby s script select small span strong "
        "strike sub sup table template textarea tt u ul var"
    ).split()
)
_META_ALLOWED: Final = frozenset(
    "cache-control content-language content-type default-style expires pragma x-ua-compatible".split()
)
JAVASCRIPT_TYPES: Final = frozenset(
    {
        "",
        "module",
        "text/javascript",
        "application/javascript",
        "text/ecmascript",
        "application/ecmascript",
    }
)
_SCRIPT_TYPES: Final = JAVASCRIPT_TYPES | {"importmap"}
# Speaks to another host before, or without, any request that a policy sees.
_HINTS: Final = frozenset({"dns-prefetch", "preconnect", "prefetch", "prerender"})
_SCRIPT_URL: Final = re.compile(r"[\0-\x20]*(?:javascript|vbscript):", re.IGNORECASE)
_DROPPED_IN_URLS: Final = re.compile(r"[\t\n\r]")
_REMOTE: Final = re.compile(r"[\0-\x20]*(?:[a-zA-Z][a-zA-Z0-9+.-]*:|[/\\][\t\n\r]*[/\\])")


@dataclass(frozen=True, slots=True)
class Tag:
    """A start tag: its name and its attributes, both in lower case, values decoded. `text`: what a <script> holds."""

    name: str
    attributes: dict[str, str]
    text: str = ""


def check_html(path: str, data: bytes) -> None:
    """Refuse the page `data` at `path` if it holds what no page may.

    Raises: BundleError HTML_ENCODING, HTML_SYNTAX, HTML_ELEMENT, HTML_SRCDOC, HTML_HANDLER, HTML_META, HTML_URL,
    HTML_REMOTE.
    """
    for tag in tags(path, data):
        check_tag(path, tag)


def inline_script_hashes(data: bytes) -> tuple[str, ...]:
    """The CSP sources (`'sha256-…'`) of the scripts that stand in the page `data`, each once, in their order.

    Raises: BundleError HTML_ENCODING, HTML_SYNTAX.
    """
    texts = [tag.text for tag in tags("", data) if tag.name == "script" and "src" not in tag.attributes and _runs(tag)]
    return tuple(dict.fromkeys(_source(text) for text in texts if text))


def _runs(script: Tag) -> bool:
    return script.attributes.get("type", "").strip(_SPACE).lower() in _SCRIPT_TYPES


def _source(script: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"


def tags(path: str, data: bytes) -> Iterator[Tag]:
    """The start tags of the page `data`, in their order. Raises: BundleError HTML_ENCODING, HTML_SYNTAX."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise BundleError(HTML_ENCODING, path, "not UTF-8") from None
    if "\0" in text:
        raise BundleError(HTML_ENCODING, path, "U+0000")
    # As the standard's first step does, before anything is read; hashes are of this text.
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    doctype = DOCTYPE.match(data)
    rest = text[len(doctype.group().decode("utf-8-sig").replace("\r\n", "\n")) :] if doctype else text
    yield from _Reader(path, rest).tags()


class _Reader:
    """One pass over a text. `foreign`: the open elements from <svg> or <math> on."""

    def __init__(self, path: str, text: str) -> None:
        self.path = path
        self.text = text
        self.at = 0
        self.foreign: list[str] = []

    def tags(self) -> Iterator[Tag]:
        while (start := self.text.find("<", self.at)) >= 0:
            self.at = start
            if self.text.startswith("<!--", start):
                self.at = self._match(_COMMENT, "a comment that is not plain: no `--` inside").end()
            elif matched := _TAG.match(self.text, start):
                yield from self._tag(matched)
            elif _MARKUP.match(self.text, start):
                raise self._refused("markup that is no tag: a doctype stands first, and CDATA nowhere")
            else:
                self.at = start + 1

    def _tag(self, matched: re.Match[str]) -> Iterator[Tag]:
        closing, name = matched[1], matched[2].lower()
        self.at = matched.end()
        attributes = self._attributes()
        end = self._match(_TAG_END, f"<{name}> with an attribute that is not plainly written")
        self.at = end.end()
        if closing:
            if attributes:
                raise self._refused(f"</{name}> with attributes")
            self._close(name)
            return
        self._open(name, closes_itself=end.group().endswith("/>"))
        if name == "script":
            yield Tag(name, attributes, self._script())
        else:
            yield Tag(name, attributes)
            yield from self._text_of(name)

    def _attributes(self) -> dict[str, str]:
        found: dict[str, str] = {}
        while matched := _ATTRIBUTE.match(self.text, self.at):
            name = matched[1].lower()
            if name in found:
                raise self._refused(f"the attribute {name[:32]} twice")
            value = next((value for value in matched.groups()[1:] if value is not None), "")
            if _NO_CHARACTER.search(value):
                raise self._refused(f"the attribute {name[:32]} with the number of no character")
            found[name] = html.unescape(value)
            self.at = matched.end()
        return found

    def _open(self, name: str, *, closes_itself: bool) -> None:
        if not self.foreign and name not in ("svg", "math"):
            return
        inside = self.foreign[-1] if self.foreign else ""
        if inside in _HTML_INSIDE or (self.foreign and name in _NEVER_FOREIGN):
            raise self._refused(f"<{name}> inside <{self.foreign[0]}>")
        if not closes_itself:
            self.foreign.append(name)

    def _close(self, name: str) -> None:
        if not self.foreign:
            return
        if self.foreign.pop() != name:
            raise self._refused(f"</{name}> does not close what is open inside <svg> or <math>")

    def _script(self) -> str:
        end = re.compile(r"</script(?=[\t\n\f\r />])", re.IGNORECASE).search(self.text, self.at)
        if end is None:
            raise self._refused("a <script> that does not end")
        content = self.text[self.at : end.start()]
        if "<!--" in content:
            raise self._refused("`<!--` in a script: write it as `<\\!--`")
        self.at = end.start()
        return content

    def _text_of(self, name: str) -> Iterator[Tag]:
        """Go to the end of an element of text, so that nothing in it is read as a tag, nor could be by another."""
        if name not in _TEXT_ELEMENTS and name != "noscript":
            return
        if self.foreign and self.foreign[-1] != name:
            return
        end = re.compile(rf"</{name}(?=[\t\n\f\r />])", re.IGNORECASE).search(self.text, self.at)
        if end is None:
            raise self._refused(f"a <{name}> that does not end")
        content = self.text[self.at : end.start()]
        if name == "noscript":
            yield from _Reader(self.path, content).whole()
        elif _MARKUP.search(content):
            raise self._refused(f"`<` in a <{name}>: write it as an escape")
        self.at = end.start()

    def whole(self) -> Iterator[Tag]:
        """The tags of a text that has to be markup in itself, with nothing left open."""
        yield from self.tags()
        if self.foreign:
            raise self._refused("<svg> or <math> that does not end in <noscript>")

    def _match(self, pattern: re.Pattern[str], otherwise: str) -> re.Match[str]:
        matched = pattern.match(self.text, self.at)
        if matched is None:
            raise self._refused(otherwise)
        return matched

    def _refused(self, detail: str) -> BundleError:
        return BundleError(HTML_SYNTAX, self.path, f"line {self.text.count(chr(10), 0, self.at) + 1}: {detail}")


def check_tag(path: str, tag: Tag) -> None:
    """Refuse `tag` if no page may hold it. Raises: as `check_html`, but for HTML_ENCODING and HTML_SYNTAX."""
    if "srcdoc" in tag.attributes:
        raise BundleError(HTML_SRCDOC, path, f"<{tag.name}>")
    if tag.name in _FORBIDDEN:
        raise BundleError(HTML_ELEMENT, path, f"<{tag.name}>")
    for name, value in tag.attributes.items():
        if name.startswith("on"):
            raise BundleError(HTML_HANDLER, path, f"{name} of <{tag.name}>: use addEventListener")
        # The values of an animation are a list, each of which may become an address.
        if any(_SCRIPT_URL.match(_DROPPED_IN_URLS.sub("", part)) for part in value.split(";")):
            raise BundleError(HTML_URL, path, f"{name} of <{tag.name}>")
    if tag.name == "meta" and (sets := tag.attributes.get("http-equiv")) is not None:
        if sets.strip(_SPACE).lower() not in _META_ALLOWED:
            raise BundleError(HTML_META, path, sets[:32])
    if tag.name == "script":
        _check_script(path, tag)
    if tag.name == "link":
        kinds = set(tag.attributes.get("rel", "").lower().split())
        if kinds & _HINTS and _REMOTE.match(tag.attributes.get("href", "")):
            raise BundleError(HTML_REMOTE, path, "a hint to another host")


def _check_script(path: str, tag: Tag) -> None:
    for name in ("src", "href", "xlink:href"):
        if _REMOTE.match(_DROPPED_IN_URLS.sub("", tag.attributes.get(name, ""))):
            raise BundleError(HTML_REMOTE, path, tag.attributes[name][:80])
    if tag.attributes.get("type", "").strip(_SPACE).lower() == "speculationrules":
        raise BundleError(HTML_REMOTE, path, "speculation rules fetch pages")
