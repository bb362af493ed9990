"""Languages that the city speaks, and how a request chooses one."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Locale(StrEnum):
    ZH_CN = "zh-CN"
    EN = "en"


DEFAULT_LOCALE = Locale.ZH_CN


@dataclass(frozen=True, slots=True)
class Text:
    """One text that a citizen reads, in every language of the city."""

    zh: str
    en: str

    def in_(self, locale: Locale) -> str:
        return self.zh if locale is Locale.ZH_CN else self.en


def negotiate(accept_language: str | None) -> Locale:
    """The best language of an `Accept-Language` header (RFC 9110 §12.5.4); Chinese when none fits.

    Reads the first 16 ranges; a malformed quality counts as 0.
    """
    best, best_quality = DEFAULT_LOCALE, 0.0
    for part in (accept_language or "").split(",", 16)[:16]:
        tag, _, parameter = part.strip().partition(";")
        locale = _BY_PRIMARY_TAG.get(tag.strip().lower().partition("-")[0])
        quality = _quality(parameter)
        if locale is not None and quality > best_quality:
            best, best_quality = locale, quality
    return best


_BY_PRIMARY_TAG = {"zh": Locale.ZH_CN, "en": Locale.EN}


def _quality(parameter: str) -> float:
    name, _, value = parameter.strip().partition("=")
    if not name:
        return 1.0
    try:
        return min(float(value), 1.0) if name.strip() == "q" else 1.0
    except ValueError:
        return 0.0
