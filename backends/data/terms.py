"""How Chinese and English text is cut into terms, so that a question finds what was written.

Rules
- Text is folded first: compatibility forms (NFKC), case, and accents over Latin letters make no difference.
- A run of Han characters is cut into its overlapping pairs; a single character stands for itself.
- Other letters and digits are cut into words; an English plural is its singular.
- A question is bounded in characters and in terms: what is behind the bound is not asked for.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Final

TERMS_MAX: Final = 24
_HAN: Final = "\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_RUN: Final = re.compile(rf"([{_HAN}]+)|([^\W_{_HAN}]+)")
_ACCENT: Final = re.compile("[\u0300-\u036f]")
_WORD_LENGTH_MAX: Final = 40
# Words that stand in every other English title and say nothing there.
_STOPS: Final = frozenset({"the", "of", "and", "in", "for", "by", "to", "a", "an", "on", "at", "with"})


def folded(text: str) -> str:
    """`text` without what makes no difference: `Café　ＰＭ２．５` is `cafe pm2.5`."""
    return unicodedata.normalize("NFKC", _ACCENT.sub("", unicodedata.normalize("NFKD", text.casefold())))


def terms_of(text: str, *, single: bool = False) -> Iterator[str]:
    """Every term of `text`, as often as it stands there.

    single: each Han character beside the pairs, for text that is to be found by one character.
    """
    for match in _RUN.finditer(folded(text)):
        han, word = match.groups()
        if word:
            if word not in _STOPS:
                yield _singular(word[:_WORD_LENGTH_MAX])
        else:
            yield from (han[i : i + 2] for i in range(len(han) - 1))
            if single or len(han) == 1:
                yield from han


def question_terms(text: str) -> list[str]:
    """What a question asks for: its first `TERMS_MAX` terms, each once."""
    found: dict[str, None] = {}
    for term in terms_of(text):
        found[term] = None
        if len(found) == TERMS_MAX:
            break
    return list(found)


def _singular(word: str) -> str:
    """`stations` is `station`, `cities` is `city`; `gas`, `class` and `status` stay."""
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word
