"""Rules of words: reasons, translations, the privacy statement; and text that is hidden from those who read it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from ..bundles import manifest as manifests
from ..bundles.encoding import json_object
from .finding import Hit
from .subject import Subject

PRIVACY: Final = "privacy.json"
# Of these a citizen has to be told what becomes of them. An openid names nobody.
_PERSONAL: Final = ("city.user.", "city.data.", "city.device.location")
_NOT_PERSONAL: Final = frozenset({"city.user.openid"})
_BIDI: Final = re.compile("[\u202a-\u202e\u2066-\u2069]")
_HIDDEN: Final = re.compile("[\U000e0020-\U000e007e]{3}|[\u200b\u200c\u2060\u2061-\u2064]{8}")
_PROMPT: Final = re.compile(
    r"(?:ignore|disregard|forget)\s{1,4}(?:all\s{1,4})?(?:the\s{1,4})?(?:previous|prior|above|earlier)\s{1,4}"
    r"(?:instructions|prompts|rules)|(?:approve|accept)\s{1,4}this\s{1,4}(?:mini-?program|program|package|version|app)|"
    r"忽略(?:之前|以上|上述|前面)的?(?:所有)?(?:指令|提示|规则|要求)|请(?:直接)?(?:通过|批准)(?:本|此|该)(?:小程序|版本|审核)",
    re.IGNORECASE,
)
_CODE: Final = (".js", ".mjs", ".html", ".css", ".json")


def reasons(subject: Subject) -> Iterator[Hit]:
    if (manifest := subject.manifest) is None:
        return
    asked = (*manifest.req_permissions, *manifest.opt_permissions)
    for permission in asked:
        if not permission.reason.strip():
            yield Hit("R-REASON", manifests.FILE, seen=permission.name)
    for path, words in _translations(subject).items():
        if words is None:
            yield Hit("R-I18N", path, seen="JSON")
            continue
        told = words.get("city_reasons")
        for permission in asked:
            reason = told.get(permission.name) if isinstance(told, dict) else None
            if not isinstance(reason, str) or not reason.strip():
                yield Hit("R-REASON", path, seen=permission.name)
        for key in ("name", "description") if manifest.description else ("name",):
            if not isinstance(words.get(key), str) or not words[key]:
                yield Hit("R-I18N", path, seen=key)


def privacy(subject: Subject) -> Iterator[Hit]:
    """`privacy.json`: `{"data": [{"name": permission, "purpose": {language: text}, "kept": {language: text}}]}`."""
    if (manifest := subject.manifest) is None:
        return
    personal = {name for name in manifest.declared if name.startswith(_PERSONAL)} - _NOT_PERSONAL
    told = _entries(subject)
    languages = [manifest.lang or "zh-CN", *(_language(path) for path in _translations(subject))]
    for name in sorted(personal):
        entry = told.get(name)
        if entry is None:
            yield Hit("R-PRIVACY", PRIVACY if PRIVACY in subject.files else manifests.FILE, seen=name)
            continue
        for key in ("purpose", "kept"):
            words = entry.get(key)
            for language in dict.fromkeys(languages):
                said = words.get(language) if isinstance(words, dict) else None
                if not isinstance(said, str) or not said.strip():
                    yield Hit("R-PRIVACY", PRIVACY, seen=f"{name}: {key}.{language}")
    for name in sorted(set(told) - personal):
        yield Hit("R-PRIVACY-MORE", PRIVACY, seen=name[:80])


def hidden(subject: Subject) -> Iterator[Hit]:
    for path, source in subject.texts.items():
        if path.lower().endswith(_CODE) and (found := _BIDI.search(source.text)):
            yield source.hit("R-JS-BIDI", found.start(), f"U+{ord(found.group()):04X}")
        if found := _HIDDEN.search(source.text) or _PROMPT.search(source.text):
            yield source.hit("R-HIDDEN-TEXT", found.start(), f"U+{ord(found.group()[0]):04X}")
    for path in subject.files:
        if any(
            "\u200b" <= one <= "\u200f" or "\u202a" <= one <= "\u202e" or "\u2060" <= one <= "\u206f" for one in path
        ):
            yield Hit("R-FILE-HIDDEN-CHARACTER", path)


def _translations(subject: Subject) -> Mapping[str, Mapping[str, object] | None]:
    found: dict[str, Mapping[str, object] | None] = {}
    for path, raw in subject.files.items():
        if path.startswith(manifests.I18N) and path.endswith(".json"):
            try:
                found[path] = json_object(raw)
            except ValueError:
                found[path] = None
    return found


def _language(path: str) -> str:
    return path[len(manifests.I18N) : -len(".json")]


def _entries(subject: Subject) -> Mapping[str, Mapping[str, object]]:
    try:
        told = json_object(subject.files.get(PRIVACY, b"{}")).get("data")
    except ValueError:
        return {}
    items = told if isinstance(told, list) else []
    return {str(one["name"]): one for one in items[:200] if isinstance(one, dict) and isinstance(one.get("name"), str)}
