"""`docs/sdk/review-rules.md`: what a developer reads of the rules, each with the anchor that findings name."""

from __future__ import annotations

from typing import Final

from citytong_sdk.review import RULES, Rule

_HEAD: Final = """\
# The rules of review

What `tong lint` asks of a program while it is built (`dev`) and what the city asks of a version (`review`): the same
rules by the same library ([0062](../decisions/0062-the-rules-of-review-are-one-library.md)). An **error** refuses
a version, a **warning** is looked at by the officer, a **note** is advice. Ids are stable.

While one builds, `// citytong-ignore R-… why` on a line or on the one before silences a rule there (`<!-- … -->`
in HTML, `/* … */` in CSS); at review nothing is silenced. `citytong-allow-secret why` beside what only looks
like a secret makes `R-SECRET-NAMED` a note.

Made by `make contract` of `citytong_sdk/review`; not to be changed by hand.
"""
GROUPS: Final = {
    "package": "The package",
    "manifest": "The manifest",
    "names": "Names and icons",
    "words": "Words",
    "secrets": "Secrets",
    "code": "Code",
    "pages": "Pages and styles",
    "permissions": "Permissions",
    "domains": "Domains",
    "graph": "The city's graph",
    "licences": "Licences",
    "access": "For everybody",
    "run": "What a run shows",
}


def document() -> str:
    parts = [_HEAD]
    for group, title in GROUPS.items():
        parts.append(f"## {title}\n")
        parts += [_rule(rule) for rule in RULES.values() if rule.group == group]
    return "\n".join(parts)


def _rule(rule: Rule) -> str:
    severity = f"`{rule.dev}`" if rule.dev is rule.review else f"dev `{rule.dev}`, review `{rule.review}`"
    return (
        f"### {rule.id}\n\n{rule.title.en}. {severity}\n\n{rule.title.zh}。\n\n{rule.advice.en}\n\n{rule.advice.zh}\n"
    )
