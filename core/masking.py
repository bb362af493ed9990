"""What a stranger may see of what is personal: one way to mask each kind of text.

Names
- in Han characters: the first and the last character, a star for each one between; of two characters the first
  alone (张丽华 → 张*华, 欧阳建国 → 欧**国, 张三 → 张*). Enough to compare with a face that says its name, not
  enough to look somebody up.
- in any other script: the initials of the first and the last word, each with three stars (Alexander
  Montgomery-Featherstonehaugh → A*** M***), so that a foreign name gives away no more than a Chinese one: neither
  a whole given name nor any length.
- no name yet: a phrase that says so, never a part of the phone number.

Phone numbers: of the mainland's mobiles the first three and last four digits; of all others, where that would be most
of the number, the country code and the last two.
Citizens' numbers (GB 11643): the province and city, and the last four (110101199003071234 → 1101**********1234).
E-mail: the first character and the host (zhang@example.org → z***@example.org).
Addresses: the city's district that they name (东城区景山前街4号 → 东城区***).
Everything else, and what is not what it should be: three stars, which give away no length.
"""

from __future__ import annotations

import re
import unicodedata

from core.divisions import DISTRICTS

HIDDEN = "***"

_HAN_NAME = re.compile(r"[\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff·•・]+")
_ID_NUMBER = re.compile(r"[0-9]{17}[0-9Xx]")
_EMAIL = re.compile(r"([^\s@])[^\s@]*@([A-Za-z0-9.-]{1,253})")
_MAINLAND = 86
_MOBILE_DIGITS = 11
_REGION = "CN"
# Of fewer digits, those that are shown would be most of the number.
_PHONE_DIGITS_MIN = 7


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
    """`phone` in E.164, or as it is written in the mainland."""
    # Where nobody masks a phone, as in an engine alone, the world's numbering plans need not be read.
    import phonenumbers

    try:
        number = phonenumbers.parse(phone, _REGION)
    except phonenumbers.NumberParseException:
        return HIDDEN
    national = phonenumbers.national_significant_number(number)
    if len(national) < _PHONE_DIGITS_MIN:
        return HIDDEN
    if number.country_code == _MAINLAND and len(national) == _MOBILE_DIGITS:
        return f"{national[:3]}****{national[-4:]}"
    return f"+{number.country_code} ****{national[-2:]}"


def mask_id_number(number: str) -> str:
    """`number` of 18 characters (GB 11643)."""
    return f"{number[:4]}{'*' * 10}{number[-4:]}" if _ID_NUMBER.fullmatch(number) else HIDDEN


def mask_email(address: str) -> str:
    fits = _EMAIL.fullmatch(address)
    return f"{fits[1]}{HIDDEN}@{fits[2]}" if fits else HIDDEN


def mask_address(address: str) -> str:
    """The first district that is named in Chinese, else the last in English: where each of them writes it."""
    chinese = [(address.find(d.name.zh), d.name.zh) for d in DISTRICTS.values() if d.name.zh in address]
    if chinese:
        return min(chinese)[1] + HIDDEN
    english = [(address.rfind(d.name.en), d.name.en) for d in DISTRICTS.values() if d.name.en in address]
    return f"{HIDDEN} {max(english)[1]}" if english else HIDDEN


def mask_text(text: str) -> str:
    """Words that have no customary form."""
    return HIDDEN
