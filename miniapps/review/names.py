"""Rules of names and icons: what a citizen knows a program by is its own, and can be seen for what it is.

Names are compared by their skeletons (UTS #39 §4): what looks alike is written alike. The table holds the letters of
Cyrillic, Greek and Armenian and the digits that look like Latin letters (full width and mathematical ones are folded by
Unicode's normal form), and some Chinese pairs; not all of Unicode's confusables.
"""

from __future__ import annotations

import hashlib
import re
import struct
import unicodedata
from collections.abc import Iterator
from typing import Final

from ..bundles import manifest as manifests
from ..bundles.encoding import json_object
from .finding import Hit
from .subject import Subject

# By the letter that they are read as. Capitals are read before case is folded: Greek H is no n.
_ALIKE: Final = {
    "A": "АΑ", "B": "ВΒ", "C": "СϹ", "E": "ЕΕ", "H": "НΗ", "I": "ІΙӀ", "J": "Ј", "K": "КΚ", "M": "МΜ", "N": "Ν",
    "O": "ОΟՕ", "P": "РΡ", "S": "Ѕ", "T": "ТΤ", "X": "ХΧ", "Y": "УΥҮ", "Z": "Ζ", "a": "аɑα", "c": "сϲ", "d": "ԁ",
    "e": "еҽ", "g": "ɡց", "h": "һհ", "i": "іıι", "j": "јϳ", "k": "кκ", "l": "ӏ|1", "m": "м", "n": "ոп",
    "o": "оοօσ0", "p": "рρ", "q": "ԛզ", "s": "ѕ", "t": "тτ", "u": "սυ", "v": "ѵν",
    "w": "ԝѡա", "x": "хχ", "y": "уγү", "日": "曰",
    "己": "已巳", "未": "末", "土": "士", "人": "入", "天": "夭", "口": "ロ", "二": "ニ",
    "力": "カ", "工": "エ", "夕": "タ",
    "卜": "ト", "八": "ハ", "一": "ー",
}  # fmt: skip
_LOOKS: Final = str.maketrans({other: letter for letter, others in _ALIKE.items() for other in others})
# Written as two, read as one.
_PAIRS: Final = (("rn", "m"), ("vv", "w"))
_INVISIBLE: Final = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u2800\u3164\ufe00-\ufe0f"
    "\ufeff\uffa0\ufff0-\ufffb\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
_WORD: Final = re.compile(r"[^\W\d_]+")
ICON_BYTES_MAX: Final = 256 * 1024
ICON_PIXELS_MIN: Final = 48
_SVG_SHAPES: Final = frozenset(
    "circle defs desc ellipse g line linearGradient path polygon polyline radialGradient rect stop svg text title "
    "tspan".split()
)
_SVG_ELEMENT: Final = re.compile(r"<([^\s/>!?][^\s/>]{0,64})")


def names(subject: Subject) -> Iterator[Hit]:
    if subject.manifest is None:
        return
    known = {skeleton(name): (name, owner) for name, owner in sorted(subject.known.names.items())}
    said: set[str] = set()
    for path, name in _names(subject):
        if _INVISIBLE.search(name):
            yield Hit("R-NAME-INVISIBLE", path, seen=_shown(name))
        if mixed := next((word for word in _WORD.findall(name) if _mixed(word)), ""):
            yield Hit("R-NAME-MIXED", path, seen=mixed[:32])
        other = known.get(skeleton(name))
        if other and other[1] != subject.manifest.app_id and skeleton(name) not in said:
            said.add(skeleton(name))
            yield Hit("R-NAME-CONFUSABLE", path, seen=f"{other[0]} ({other[1]})")


def icons(subject: Subject) -> Iterator[Hit]:
    if subject.manifest is None:
        return
    for icon in subject.manifest.icons:
        raw = subject.files.get(icon.src)
        if raw is None:
            continue
        for wrong in _icon_faults(icon, raw):
            yield Hit("R-ICON", icon.src, seen=wrong)
        if icon.src.lower().endswith(".svg") and (other := _no_shape(raw)):
            yield Hit("R-ICON-SHAPES", icon.src, seen=other)
        owner = subject.known.icons.get(hashlib.sha256(raw).hexdigest())
        if owner and owner != subject.manifest.app_id:
            yield Hit("R-ICON-SAME", icon.src, seen=owner)


def skeleton(name: str) -> str:
    """What names that look alike share: without what cannot be seen, spaces, case and marks."""
    plain = _INVISIBLE.sub("", unicodedata.normalize("NFKD", name))
    plain = "".join(one for one in plain if not unicodedata.combining(one))
    look = plain.translate(_LOOKS).replace("I", "l").casefold().translate(_LOOKS)
    for two, one in _PAIRS:
        look = look.replace(two, one)
    return "".join(one for one in look if one.isalnum())


def _names(subject: Subject) -> Iterator[tuple[str, str]]:
    """The program's names in every language, and where they stand."""
    manifest = subject.manifest
    if manifest is None:
        return
    for name in dict.fromkeys((manifest.name, manifest.short_name)):
        if name:
            yield manifests.FILE, name
    for path, raw in subject.files.items():
        if path.startswith(manifests.I18N) and path.endswith(".json"):
            try:
                words = json_object(raw)
            except ValueError:
                continue
            for said in dict.fromkeys((str(words.get("name") or ""), str(words.get("short_name") or ""))):
                if said:
                    yield path, said[:256]


def _mixed(word: str) -> bool:
    scripts = {_script(letter) for letter in word} - {""}
    return len(scripts) > 1 and not scripts <= {"CJK", "HIRAGANA", "KATAKANA", "BOPOMOFO", "HANGUL", "LATIN"}


def _script(letter: str) -> str:
    return unicodedata.name(letter, "").partition(" ")[0]


def _shown(name: str) -> str:
    return _INVISIBLE.sub(lambda found: f"<U+{ord(found.group()):04X}>", name)[:80]


def _icon_faults(icon: manifests.Icon, raw: bytes) -> Iterator[str]:
    if len(raw) > ICON_BYTES_MAX:
        yield f"{len(raw)} bytes"
    if not icon.label:
        yield "label"
    size = _pixels(raw)
    if size and (size[0] != size[1] or size[0] < ICON_PIXELS_MIN):
        yield f"{size[0]}x{size[1]}"


def _pixels(raw: bytes) -> tuple[int, int] | None:
    """The width and height of a PNG; None for other pictures."""
    if raw[:8] != b"\x89PNG\r\n\x1a\n" or len(raw) < 24:
        return None
    width, height = struct.unpack(">II", raw[16:24])
    return width, height


def _no_shape(raw: bytes) -> str:
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return "not UTF-8"
    rest = re.sub(r"<!--(?:[^-]|-(?!->))*+(?:-->)?", "", text)
    if "<!" in rest:
        return "<!"
    return next((f"<{name[:32]}>" for name in _SVG_ELEMENT.findall(rest) if name not in _SVG_SHAPES), "")
