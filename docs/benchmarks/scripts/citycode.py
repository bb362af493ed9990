"""How fast the personal code is, beside bare PyNaCl in the same run: `python -m docs.benchmarks.scripts.citycode`.

One thread, CPU time, median of the rounds; the four measures take turns in each round, so that a busy machine slows
all of them alike. What counts is the ratio.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime

from nacl.signing import SigningKey

from api.domains.citycode import cc1

ROUNDS = 9
CALLS = 2_000

KEY = SigningKey(bytes(range(32)))
NOW = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
BODY = cc1.Body(
    city="110000", pseudonym=b"0123456789", real_name_level=4, issued_at=NOW, ttl_s=cc1.LIFETIME_S, kid="K7QA"
)
TEXT = cc1.issue(BODY, key=KEY)
MESSAGE = b"CC1" + BODY.pack()
SIGNATURE = KEY.sign(MESSAGE).signature


def verify() -> None:
    code = cc1.parse(TEXT)
    code.body.check_city("110000")
    code.check_signature(KEY.verify_key)
    code.body.check_time(now=NOW)


MEASURES: dict[str, Callable[[], object]] = {
    "PyNaCl sign, 26 bytes": lambda: KEY.sign(MESSAGE),
    "issue: body → text": lambda: cc1.issue(BODY, key=KEY),
    "PyNaCl verify, 26 bytes": lambda: KEY.verify_key.verify(MESSAGE, SIGNATURE),
    "verify: text → believed": verify,
}


def rate(call: Callable[[], object]) -> float:
    """Calls per second of CPU time."""
    started = time.process_time()
    for _ in range(CALLS):
        call()
    return CALLS / (time.process_time() - started)


def main() -> None:
    rounds = [{name: rate(call) for name, call in MEASURES.items()} for _ in range(ROUNDS)]
    median = {name: statistics.median(r[name] for r in rounds) for name in MEASURES}
    sys.stdout.write("| what | /s | of bare PyNaCl |\n|---|---:|---:|\n")
    bare = 0.0
    for name, per_s in median.items():
        bare = per_s if name.startswith("PyNaCl") else bare
        sys.stdout.write(f"| {name} | {per_s:,.0f} | {per_s / bare:.2f} |\n")


if __name__ == "__main__":
    main()
