"""Rules of permissions: what the code calls is declared, and what is declared is used."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from ..bundles import manifest as manifests
from ..bundles import permissions as known
from .finding import Hit
from .javascript import Script
from .published import CALLS
from .subject import Subject

# What the SDK is called where nobody renames it; `import { mp as name }` adds to these.
_KITS: Final = ("mp", "wx")
_NAME: Final = re.compile(r"city(?:\.[a-z][a-z0-9_:-]*)+")


def permissions(subject: Subject) -> Iterator[Hit]:
    if subject.manifest is None:
        return
    declared = subject.manifest.declared
    used: set[str] = set()
    missing: set[tuple[str, str]] = set()
    # What the SDK itself mentions is no use of it: not in its adapters, nor in its stand-in for tests.
    for script in (one for one in subject.scripts if one.source.path not in subject.kit):
        for token, method in _calls(script):
            used.update(CALLS[method])
            if (
                _kit(script, token)
                and not declared & set(CALLS[method])
                and (script.source.path, method) not in missing
            ):
                missing.add((script.source.path, method))
                yield script.source.hit("R-PERMISSION-MISSING", script.starts[token], f"{method}: {CALLS[method][0]}")
        for token, value in script.literals():
            if len(value) < 128 and _NAME.fullmatch(value) and known.known(value):
                # A table of all names, as the SDK has, is no use of one.
                used.update({value} if script.word(token + 1) != ":" else ())
    # Data is used by the documents that read it (`operations.py`); an origin of its own by no call.
    for name in sorted(declared - used):
        if not name.startswith("city.data.") and name != known.OWN_ORIGIN and name != "city.user.address":
            yield Hit("R-PERMISSION-UNUSED", manifests.FILE, seen=name)


def _calls(script: Script) -> Iterator[tuple[int, str]]:
    """Methods that are called or taken: `x.method`, `const { method } = mp`, `mp["method"]`."""
    for method in CALLS:
        for token in script.named(method):
            if script.word(token - 1) in (".", "?.") or _taken(script, token):
                yield token, method
    for kit in _KITS:
        for token in script.named(kit):
            name = script.literal(token + 2) if script.word(token + 1) == "[" else None
            if name is not None and name in CALLS:
                yield token, name


def _kit(script: Script, token: int) -> bool:
    if script.word(token) in _KITS:
        return True
    return script.word(token - 2) in (*_KITS, *_renamed(script)) or _taken(script, token)


def _renamed(script: Script) -> list[str]:
    return [script.word(token + 2) for token in script.named("mp") if script.word(token + 1) == "as"]


def _taken(script: Script, token: int) -> bool:
    """Within `{ … } = mp`: only names and commas on the way to the end, a few of them."""
    for after in range(token + 1, min(token + 30, len(script))):
        if script.word(after) == "}":
            return script.word(after + 1) == "=" and script.word(after + 2) in _KITS
        if script.word(after) in (";", "(", ")", "{"):
            return False
    return False
