"""What one page did in a browser, and what the rules of runs (`R-RUN-…`) say of it.

Nothing is measured here; `citytong_sdk.tong.running` measures, for the developer's `tong test` and for the city's
review alike. What a page said is hostile: it is cut, counted only so far, and told in characters that can be printed.

Source: docs/decisions/0069-*.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final

from .finding import Hit

PAINT_MS_MAX: Final = 1500
UNLOAD_MS_MAX: Final = 1000
# Of one rule at one page.
ITEMS_MAX: Final = 20
SEEN_CHARACTERS_MAX: Final = 200


@dataclass(frozen=True, slots=True)
class Measured:
    """page: its file. faults: why it did not boot, and without a line; empty where it did. paint_ms: on a slow phone
    and line; unload_ms: None where it was not measured. overflow_px: by how much it is too wide at 200 %.

    leaks: hosts that nobody approved. console: errors. policy: what the page's policy refused. axe: rules that it
    broke, and how often.
    """

    page: str
    faults: tuple[str, ...] = ()
    faults_offline: tuple[str, ...] = ()
    paint_ms: float | None = None
    unload_ms: float | None = None
    overflow_px: float = 0
    leaks: tuple[str, ...] = ()
    console: tuple[str, ...] = ()
    policy: tuple[str, ...] = ()
    axe: tuple[str, ...] = ()

    @property
    def booted(self) -> bool:
        return not self.faults


def hits(run: Measured) -> Iterator[Hit]:
    """What the rules find; each thing once."""
    for rule, told in (
        ("R-RUN-BOOT", run.faults),
        # What never starts needs no line to fail.
        ("R-RUN-OFFLINE", run.faults_offline if run.booted else ()),
        ("R-RUN-LEAK", run.leaks),
        ("R-RUN-CONSOLE", run.console),
        ("R-RUN-POLICY", run.policy),
        ("R-RUN-AXE", run.axe),
        ("R-RUN-PAINT", _late(run.paint_ms, PAINT_MS_MAX)),
        ("R-RUN-UNLOAD", _late(run.unload_ms, UNLOAD_MS_MAX)),
        ("R-RUN-ELDER", (f"+{run.overflow_px:.0f} px",) if run.overflow_px > 0 else ()),
    ):
        for seen in islice(_once(told), ITEMS_MAX):
            yield Hit(rule, run.page, seen=seen)


def _late(took: float | None, most: int) -> tuple[str, ...]:
    return (f"{took:.0f} ms ≥ {most} ms",) if took is not None and took >= most else ()


def _once(told: Iterable[str]) -> Iterator[str]:
    yield from dict.fromkeys(_plain(" ".join(one.split())[:SEEN_CHARACTERS_MAX]) for one in told)


def _plain(text: str) -> str:
    """Without what turns a line around, and without halves of characters, which no JSON can hold."""
    return "".join(one if one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in text)
