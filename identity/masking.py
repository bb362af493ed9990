"""What a stranger may see of a name and of a phone number.

Names
- in Han characters: the first and the last character, a star for each one between; of two characters the first
  alone (张丽华 → 张*华, 欧阳建国 → 欧**国, 张三 → 张*). Enough to compare with a face that says its name, not
  enough to look somebody up.
- in any other script: the initials of the first and the last word, each with three stars (Alexander
  Montgomery-Featherstonehaugh → A*** M***), so that a foreign name gives away no more than a Chinese one: neither
  a whole given name nor any length.
- no name yet: a phrase that says so, never a part of the phone number.

Id numbers: the first and the last character.

Phone numbers: of the mainland the first three and last four digits, of other countries the country code and the
last two; a phrase where there is none.
"""

from __future__ import annotations

import re
import unicodedata

import phonenumbers

from core.locale import Text

UNVERIFIED = Text(zh="未实名用户", en="Unverified person")
NO_PHONE = Text(zh="未绑定手机", en="No phone")

_HAN_NAME = re.compile(r"[\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff·•・]+")
_MAINLAND = 86


def mask_name(name: str) -> str:
    """The name as a stranger sees it; "*" for a name without any character to show."""
    plain = " ".join(unicodedata.normalize("NFC", name).split())
    if _HAN_NAME.fullmatch(plain.replace(" ", "")):
        return _mask_han(plain.replace(" ", ""))
    words = [word for word in plain.split(" ") if word]
    if not words:
        return "*"
    shown = words if len(words) == 1 else [words[0], words[-1]]
    return " ".join(f"{word[0]}***" for word in shown)


def _mask_han(name: str) -> str:
    if len(name) <= 2:
        return name[:-1] + "*"
    return name[0] + "*" * (len(name) - 2) + name[-1]


def mask_phone(phone: str) -> str:
    """`phone` in E.164."""
    number = phonenumbers.parse(phone)
    national = phonenumbers.national_significant_number(number)
    if number.country_code == _MAINLAND:
        return f"{national[:3]}****{national[-4:]}"
    return f"+{number.country_code} ****{national[-2:]}"


def mask_id_number(id_number: str) -> str:
    return id_number[0] + "*" * (len(id_number) - 2) + id_number[-1]
