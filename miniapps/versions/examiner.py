"""The child that examines one package: `python -m miniapps.versions.examiner`.

In: a line of JSON (what is known, the graph's SDL), then the package. Out: the findings as JSON. It limits itself
before it reads anything, and exits with `TOO_MUCH` where that is not enough.
"""

from __future__ import annotations

import resource
import sys
from typing import Final

import orjson

from miniapps.review import Known, check
from miniapps.versions.examining import TOO_MUCH

_MEMORY_BYTES: Final = 2**30
_SECONDS: Final = 45


def main() -> int:
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (_SECONDS, _SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    head, _, package = sys.stdin.buffer.read().partition(b"\n")
    told = orjson.loads(head)
    known = Known(**{**told["known"], "proved": frozenset(told["known"]["proved"])})
    try:
        found = check(package, schema=told["schema"], known=known)
    except (MemoryError, RecursionError):
        return TOO_MUCH
    sys.stdout.buffer.write(orjson.dumps([one.json() for one in found]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
