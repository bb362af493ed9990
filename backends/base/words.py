"""Words that came from outside and will be shown: only characters that people can see."""

from __future__ import annotations

import unicodedata
from typing import Final

# Controls, invisible marks that turn or join text, private and unassigned characters, breaks of lines.
_UNSEEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def can_be_seen(text: str) -> bool:
    """True when no character of the text hides, turns others round, or breaks the line."""
    return not any(unicodedata.category(c) in _UNSEEN for c in text)
