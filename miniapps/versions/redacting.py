"""What is taken out of a program's own words before the city keeps them: whatever may be a person's, or opens
something.

Better a word too many than one too few: who wants to find an error has its code and the version.
"""

from __future__ import annotations

import re
from typing import Final

GONE: Final = "[…]"
_PATTERNS: Final = (
    re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+"),  # addresses of mail
    re.compile(r"\beyJ[\w-]+\.[\w-]+\.[\w-]*"),  # tokens
    re.compile(r"(?i)\b(?:bearer|dpop|mp)\s+\S+"),
    re.compile(r"\b(?:lc|pc|o|u|cit|ses|mps|dev)_[\w-]{6,}"),  # codes and ids of the city
    re.compile(r"\b[A-Za-z0-9+/_=-]{32,}"),  # keys and hashes
    re.compile(r"(?<!\d)\+?\d(?:[ -]?\d){6,}[Xx]?(?![\dXx])"),  # phones, cards, numbers of people
    re.compile(r"[?#][^\s\"'<>]{1,2000}"),  # what a link carries
)
_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")


def redacted(text: str) -> str:
    """The text on its lines, without what may be a person's."""
    clean = "".join(one if one.isprintable() or one == "\n" else " " for one in text)
    for pattern in _PATTERNS:
        clean = pattern.sub(GONE, clean)
    return clean


def name_of(text: str) -> str:
    """A code or an event's name as it is counted; empty for what is none. Dots are no part of a field's name."""
    name = text.replace(".", "_")
    return name if _NAME.fullmatch(name) and redacted(name) == name else ""
