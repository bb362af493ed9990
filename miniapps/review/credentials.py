"""Rules of secrets: known forms of keys and tokens, and random text that is assigned to a telling name.

What is found is never in the finding: only its kind and its place. Every pattern is anchored at a fixed beginning and
bounded, so that a file is read once.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator
from typing import Final

from .finding import Hit
from .sources import Source
from .subject import Subject

ALLOW: Final = re.compile(r"citytong-allow-secret\s+\S")

# By rule, what is looked for and what it is called. Beginnings that the issuers publish, so that one is not missed.
_KNOWN: Final[tuple[tuple[str, str, re.Pattern[str]], ...]] = (
    ("R-SECRET-KEY", "PEM private key", re.compile(r"-----BEGIN (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY-----")),
    ("R-SECRET-KEY", "PGP private key", re.compile(r"-----BEGIN PGP PRIVATE KEY BLOCK-----")),
    ("R-SECRET-KEY", "age secret key", re.compile(r"(?<![A-Z0-9])AGE-SECRET-KEY-1[A-Z0-9]{58}")),
    (
        "R-SECRET-TOKEN",
        "JWT",
        re.compile(r"(?<![\w-])eyJ[\w-]{10,4000}\.eyJ[\w-]{10,8000}\.[\w-]{20,2000}"),
    ),
    ("R-SECRET-TOKEN", "GitHub token", re.compile(r"(?<!\w)(?:gh[pousr]_[A-Za-z0-9]{36}|github_pat_\w{60,90})")),
    ("R-SECRET-TOKEN", "GitLab token", re.compile(r"(?<!\w)glpat-[\w-]{20}")),
    ("R-SECRET-TOKEN", "Slack token", re.compile(r"(?<!\w)xox[abprs]-[\w-]{20,200}")),
    ("R-SECRET-TOKEN", "Stripe key", re.compile(r"(?<!\w)[rs]k_(?:live|test)_[A-Za-z0-9]{20,100}")),
    ("R-SECRET-TOKEN", "npm token", re.compile(r"(?<!\w)npm_[A-Za-z0-9]{36}")),
    ("R-SECRET-TOKEN", "PyPI token", re.compile(r"(?<!\w)pypi-AgEI[\w-]{50,200}")),
    ("R-SECRET-TOKEN", "OpenAI key", re.compile(r"(?<!\w)sk-(?:(?:proj|ant)-[\w-]{32,200}|[A-Za-z0-9]{32,64})")),
    ("R-SECRET-TOKEN", "Telegram token", re.compile(r"(?<!\d)\d{8,10}:AA[\w-]{33}(?![\w-])")),
    ("R-SECRET-TOKEN", "SendGrid key", re.compile(r"(?<!\w)SG\.[\w-]{22}\.[\w-]{43}")),
    ("R-SECRET-CLOUD", "AWS access key", re.compile(r"(?<![A-Z0-9])(?:AKIA|ASIA)[A-Z2-7]{16}(?![A-Z0-9])")),
    ("R-SECRET-CLOUD", "Aliyun AccessKey", re.compile(r"(?<![A-Za-z0-9])LTAI[A-Za-z0-9]{12,20}(?![A-Za-z0-9])")),
    ("R-SECRET-CLOUD", "Tencent SecretId", re.compile(r"(?<![A-Za-z0-9])AKID[A-Za-z0-9]{32}(?![A-Za-z0-9])")),
    ("R-SECRET-CLOUD", "Huawei AK", re.compile(r"(?<![A-Za-z0-9])HPUA[A-Z0-9]{16}(?![A-Za-z0-9])")),
    ("R-SECRET-CLOUD", "Google API key", re.compile(r"(?<![\w-])AIza[\w-]{35}(?![\w-])")),
    ("R-SECRET-CLOUD", "Google OAuth secret", re.compile(r"(?<![\w-])GOCSPX-[\w-]{28}(?![\w-])")),
    ("R-SECRET-CLOUD", "Azure storage key", re.compile(r"AccountKey=[A-Za-z0-9+/]{86}==")),
    (
        "R-SECRET-WECHAT",
        "AppSecret",
        re.compile(
            r"(?i:app_?secret|wx_?secret|mch_?key|api_?v3_?key|pay_?key)[\"']?\s{0,4}[:=]\s{0,4}[\"'](?:[0-9a-f]{32}|[A-Za-z0-9]{32})[\"']"
        ),
    ),
    (
        "R-SECRET-URL",
        "password in an address",
        re.compile(
            r"(?<![\w+.-])(?:https?|wss?|ftp|mongodb(?:\+srv)?|redis|postgres(?:ql)?|mysql|amqps?)://[^\s/:@\"'`<>{}$]{1,64}:[^\s/:@\"'`<>{}$]{3,64}@[\w.-]{1,200}"
        ),
    ),
)
# A private JWK is told by its `d` or `k`, with `kty` near it.
_JWK: Final = re.compile(r"(?<!\w)[\"']?[dk][\"']?\s{0,4}:\s{0,4}[\"'][\w-]{32,1024}[\"']")
_JWK_NEAR: Final = 800
_NAMED: Final = re.compile(
    r"(?<![A-Za-z0-9_$-])(?P<name>[A-Za-z0-9_$-]{0,24}?(?i:secret|passwd|password|private_?key|api_?key|access_?key|auth_?token|"
    r"access_?token|refresh_?token|client_?secret|signing_?key|session_?key|credential)s?[A-Za-z0-9_]{0,8})"
    r"[\"']?\s{0,4}(?:=|:)\s{0,4}[\"'`](?P<value>[A-Za-z0-9+/=_.!@#%^&*~-]{12,200})[\"'`]"
)
_LEAST_BITS: Final = 3.2
_WORDS: Final = re.compile(r"[a-z]+(?:[-_. ][a-z]+)*|[a-z]+(?:[A-Z][a-z]+)*|[A-Z_]+")


def secrets(subject: Subject) -> Iterator[Hit]:
    for source in subject.texts.values():
        found: dict[int, Hit] = {}
        for rule, kind, pattern in _KNOWN:
            for one in pattern.finditer(source.text):
                found.setdefault(one.start(), source.hit(rule, one.start(), kind))
        for one in _JWK.finditer(source.text):
            if "kty" in source.text[max(one.start() - _JWK_NEAR, 0) : one.end() + _JWK_NEAR]:
                found.setdefault(one.start(), source.hit("R-SECRET-KEY", one.start(), "private JWK"))
        lines = {hit.line for hit in found.values()}
        for one in _NAMED.finditer(source.text):
            hit = source.hit("R-SECRET-NAMED", one.start(), one["name"])
            if hit.line not in lines and random(one["value"]):
                found.setdefault(one.start(), hit)
        yield from (found[at] for at in sorted(found))


def allowed(source: Source, line: int) -> bool:
    """Whether the line says that it holds no secret, and why."""
    return bool(ALLOW.search(source.line(line)[:2000]))


def random(value: str) -> bool:
    """Whether a text looks made by chance: many different characters, of more than one kind, and no words."""
    if _WORDS.fullmatch(value):
        return False
    kinds = sum(any(test(one) for one in value) for test in (str.islower, str.isupper, str.isdigit))
    if kinds < 2:
        return False
    counts = Counter(value)
    bits = -sum(count / len(value) * math.log2(count / len(value)) for count in counts.values())
    return bits >= _LEAST_BITS
