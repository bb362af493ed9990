"""Names that mean something to the rules of code."""

from __future__ import annotations

import re
from typing import Final

# A global by any of its names.
GLOBALS: Final = frozenset({"window", "globalThis", "self", "top", "parent", "frames"})
RUNS_TEXT: Final = frozenset({"eval", "execScript"})
TIMERS: Final = frozenset({"setTimeout", "setInterval", "setImmediate"})
RTC: Final = frozenset(
    {"RTCPeerConnection", "webkitRTCPeerConnection", "mozRTCPeerConnection", "RTCDataChannel", "RTCIceTransport"}
)
# A name that somebody who hides it puts together: it is looked for in text that is joined, reversed or encoded.
DANGER: Final = RUNS_TEXT | RTC | {"Function", "importScripts", "WebTransport", "srcdoc", "constructor"}
DANGER_CALL: Final = re.compile(
    r"\b(?:eval|Function|importScripts|import|setTimeout)\s*\(|RTCPeerConnection|WebTransport|srcdoc"
)
RUNS_TEXT_METHODS: Final = frozenset(
    {"insertAdjacentHTML", "createContextualFragment", "setHTMLUnsafe", "parseHTMLUnsafe"}
)
SETS_MARKUP: Final = frozenset({"innerHTML", "outerHTML"})

REMOTE: Final = re.compile(r"\s*(?:[a-zA-Z][a-zA-Z0-9+.-]*:|[/\\]{2})")
REVIEWED: Final = re.compile(
    r"(?:is|in|on|under)_?(?:review|audit)(?:ing|er|mode|state|status|env|environment)?|"
    r"(?:review|audit)_?(?:mode|switch|env|environment|version)|is_?(?:headless|robot|crawler|webdriver)",
    re.IGNORECASE,
)
# `MiniVersionState.IN_REVIEW` of the city's graph.
STATE_IN_REVIEW: Final = "IN_REVIEW"
PERSONAL: Final = re.compile(
    r"(?:access|refresh|launch|id|auth|session)?_?token|(?:phone|mobile|tel)(?:_?(?:no|number|num))?|pass(?:word|wd)|"
    r"(?:client_?|app_?)?secret|id_?card(?:_?(?:no|number))?|id_?number|identity_?number|real_?name",
    re.IGNORECASE,
)
