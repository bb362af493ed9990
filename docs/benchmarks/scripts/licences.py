"""How fast a licence is shown and checked, beside bare PyNaCl: `python -m docs.benchmarks.scripts.licences`.

One thread, CPU time, median of the rounds; the four measures take turns in each round, so that a busy machine slows
all of them alike. What counts is the ratio. No database, no GraphQL.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from nacl.signing import SigningKey

from api.domains.licences import cl1
from api.domains.licences.catalogue import DRIVING_LICENCE
from api.domains.licences.identifiers import LicenceIdentifier

ROUNDS = 7
CALLS = 1_000

KEY = SigningKey(bytes(range(32)))
NOW = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
CLAIMS = cl1.Claims(
    city="110000",
    issued_at=NOW,
    expires_at=NOW + timedelta(seconds=cl1.LIFETIME_S),
    cti=bytes(range(16)),
    licence=LicenceIdentifier(DRIVING_LICENCE.code, DRIVING_LICENCE.issuer, "7K2M9QX4T1ZB8W3N5R0V", 1).text,
    type_code=DRIVING_LICENCE.code,
    purpose="租车",
    fields={"name": "张丽华", "class": "C1"},
)
TEXT = cl1.issue(CLAIMS, kid="K7QA", key=KEY)
MESSAGE = cl1.parse(TEXT).message.to_be_signed
SIGNATURE = KEY.sign(MESSAGE).signature


def verify() -> None:
    code = cl1.parse(TEXT)
    code.claims.check_city("110000")
    code.check_signature(KEY.verify_key)
    code.claims.check_time(now=NOW)


MEASURES: dict[str, Callable[[], object]] = {
    f"PyNaCl sign, {len(MESSAGE)} bytes": lambda: KEY.sign(MESSAGE),
    "share: claims → text": lambda: cl1.issue(CLAIMS, kid="K7QA", key=KEY),
    f"PyNaCl verify, {len(MESSAGE)} bytes": lambda: KEY.verify_key.verify(MESSAGE, SIGNATURE),
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
    sys.stdout.write(f"The code: {len(TEXT)} characters.\n\n| what | /s | of bare PyNaCl |\n|---|---:|---:|\n")
    bare = 0.0
    for name, per_s in median.items():
        bare = per_s if name.startswith("PyNaCl") else bare
        sys.stdout.write(f"| {name} | {per_s:,.0f} | {per_s / bare:.2f} |\n")


if __name__ == "__main__":
    main()
