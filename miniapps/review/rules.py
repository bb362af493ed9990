"""The rules of review: the one table of their ids, severities and words.

Ids are public and stable: an id that is gone is not used again. Severities are given for each profile; None: the rule
is not asked there. `docs/sdk/review-rules.md` is made of this table (`make contract`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from .finding import Finding, Hit, Profile, Severity, Text
from .texts import TEXTS

_E, _W, _N = Severity.ERROR, Severity.WARNING, Severity.NOTE


@dataclass(frozen=True, slots=True)
class Rule:
    """group: the heading that it stands under. advice: what to write instead."""

    id: str
    group: str
    dev: Severity
    review: Severity
    title: Text
    advice: Text

    def severity(self, profile: Profile) -> Severity:
        return self.dev if profile is Profile.DEV else self.review

    def finding(self, hit: Hit, profile: Profile, severity: Severity | None = None) -> Finding:
        zh, en = self.title.zh, self.title.en
        message = Text(f"{zh}：{hit.seen}", f"{en}: {hit.seen}") if hit.seen else self.title
        return Finding(
            self.id, severity or self.severity(profile), hit.path, hit.line, hit.column, message, self.advice
        )


# By group, the severity of each rule while one builds and at review.
_SEVERITIES: Final[Mapping[str, Mapping[str, tuple[Severity, Severity]]]] = {
    "package": {
        "R-ZIP": (_E, _E),
        "R-SIGNING-BLOCK": (_E, _E),
        "R-SIZE": (_E, _E),
        "R-FILE-LARGE": (_N, _W),
        "R-FILE-NAME": (_E, _E),
        "R-FILE-HIDDEN-CHARACTER": (_W, _W),
        "R-FILE-TYPE": (_E, _E),
        "R-FILE-CONTENT": (_W, _W),
        "R-FILE-DEAD": (_N, _N),
        "R-SOURCE-MAP": (_N, _W),
    },
    "manifest": {
        "R-MANIFEST": (_E, _E),
        "R-MANIFEST-PATH": (_E, _E),
        "R-VERSION": (_W, _E),
        "R-TRUSTED-TYPES-OFF": (_N, _W),
    },
    "names": {
        "R-NAME-INVISIBLE": (_E, _E),
        "R-NAME-MIXED": (_W, _W),
        "R-NAME-CONFUSABLE": (_W, _E),
        "R-ICON": (_W, _W),
        "R-ICON-SHAPES": (_E, _E),
        "R-ICON-SAME": (_W, _E),
    },
    "words": {
        "R-REASON": (_W, _E),
        "R-I18N": (_W, _W),
        "R-TITLE": (_N, _W),
    },
    "secrets": {
        "R-SECRET-KEY": (_E, _E),
        "R-SECRET-TOKEN": (_E, _E),
        "R-SECRET-CLOUD": (_E, _E),
        "R-SECRET-WECHAT": (_E, _E),
        "R-SECRET-URL": (_E, _E),
        "R-SECRET-NAMED": (_W, _E),
        "R-LOG-PERSONAL": (_W, _W),
    },
    "code": {
        "R-JS-SYNTAX": (_E, _E),
        "R-JS-AMBIGUOUS": (_W, _W),
        "R-JS-BIDI": (_E, _E),
        "R-EVAL": (_E, _E),
        "R-EVAL-HIDDEN": (_N, _W),
        "R-IMPORT-REMOTE": (_E, _E),
        "R-IMPORT-DYNAMIC": (_W, _W),
        "R-SCRIPT-REMOTE": (_E, _E),
        "R-WASM-REMOTE": (_E, _E),
        "R-SRCDOC": (_E, _E),
        "R-WEBRTC": (_E, _E),
        "R-WEBTRANSPORT": (_E, _E),
        "R-SERVICE-WORKER": (_W, _W),
        "R-MARKUP-FROM-TEXT": (_N, _W),
        "R-MINIFIED": (_N, _N),
        "R-SDK-ALTERED": (_W, _W),
        "R-POLLING": (_N, _N),
        "R-DEBUG-HOST": (_N, _W),
        "R-CLOAKING": (_W, _W),
        "R-HIDDEN-TEXT": (_W, _W),
        "R-IGNORE": (_W, _N),
    },
    "pages": {
        "R-HTML-SYNTAX": (_E, _E),
        "R-HTML-ELEMENT": (_E, _E),
        "R-HTML-HANDLER": (_E, _E),
        "R-HTML-META": (_E, _E),
        "R-HTML-URL": (_E, _E),
        "R-HTML-REMOTE": (_E, _E),
        "R-CSS-REMOTE": (_W, _E),
    },
    "permissions": {
        "R-PERMISSION-MISSING": (_E, _E),
        "R-PERMISSION-UNUSED": (_N, _W),
    },
    "domains": {
        "R-DOMAIN-INSECURE": (_W, _E),
        "R-DOMAIN-PRIVATE": (_W, _E),
        "R-DOMAIN-SUFFIX": (_E, _E),
        "R-DOMAIN-UNDECLARED": (_W, _W),
        "R-DOMAIN-UNUSED": (_N, _N),
        "R-DOMAIN-UNPROVED": (_N, _E),
        "R-LINK-EXTERNAL": (_N, _N),
    },
    "graph": {
        "R-GRAPHQL-FILE": (_E, _E),
        "R-GRAPHQL-INVALID": (_E, _E),
        "R-GRAPHQL-CLOSED": (_E, _E),
        "R-GRAPHQL-COST": (_E, _E),
        "R-GRAPHQL-SCOPE": (_E, _E),
        "R-GRAPHQL-UNUSED": (_N, _W),
        "R-GRAPHQL-UNKNOWN": (_W, _E),
        "R-PRIVACY": (_W, _E),
        "R-PRIVACY-MORE": (_N, _W),
    },
    "licences": {
        "R-LICENCE": (_N, _W),
        "R-SBOM": (_W, _W),
    },
    "access": {
        "R-A11Y-LANG": (_W, _W),
        "R-A11Y-ALT": (_W, _W),
        "R-A11Y-LABEL": (_W, _W),
        "R-A11Y-BUTTON": (_W, _W),
        "R-A11Y-ZOOM": (_W, _W),
        "R-FONT-FIXED": (_N, _N),
        "R-DARK": (_N, _N),
    },
    # What needs a browser: `dynamic.py` makes these of what was measured there.
    "run": {
        "R-RUN-LEAK": (_E, _E),
        "R-RUN-BOOT": (_E, _E),
        "R-RUN-OFFLINE": (_N, _W),
        "R-RUN-PAINT": (_W, _W),
        "R-RUN-UNLOAD": (_W, _W),
        "R-RUN-CONSOLE": (_W, _W),
        "R-RUN-AXE": (_W, _W),
        "R-RUN-ELDER": (_W, _W),
        "R-RUN-POLICY": (_W, _W),
    },
}

RULES: Final[Mapping[str, Rule]] = {
    id: Rule(id, group, *severities, *TEXTS[id])
    for group, rules in _SEVERITIES.items()
    for id, severities in rules.items()
}
