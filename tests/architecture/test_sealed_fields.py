"""Whatever module seals with the city's key says where its rows are, or has none: a new master key reaches all."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
# They hold what lives in Redis for minutes.
IN_REDIS = {
    "api/domains/health/cache.py", "identity/credentials/tickets.py", "identity/evidence/pending.py",
    "core/pending.py", "miniapps/openid/codes.py", "miniapps/sessions/running.py",
}  # fmt: skip
# Whose rows another module names.
ROWS_ELSEWHERE = {"notifications/sealing.py": "notifications/store.py"}
_SEALS = re.compile(r"cipher\.seal\(")
_SAYS = re.compile(r"^SEALED: Final", re.M)


def test_every_module_that_seals_with_the_citys_key_is_rewrapped() -> None:
    texts = {
        path.relative_to(ROOT).as_posix(): path.read_text()
        for package in ("api", "core", "identity", "miniapps", "notifications")
        for path in (ROOT / package).rglob("*.py")
    }
    sealing = {name for name, text in texts.items() if _SEALS.search(text)}
    saying = {name for name, text in texts.items() if _SAYS.search(text)}
    assert IN_REDIS <= sealing, "an entry of this list is of no use any more"
    named = {ROWS_ELSEWHERE.get(name, name) for name in sealing - IN_REDIS}
    assert named <= saying, f"{sorted(named - saying)} must name their rows as SEALED, with a line in api/rewrapping.py"
    listed = texts["api/rewrapping.py"]
    missing = [name for name in saying if f"import {name[:-3].replace('/', '.')}" not in listed]
    # The events' own is reached through its package.
    assert missing == ["core/events/facts.py"]
