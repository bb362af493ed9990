"""The child that has one package run in a browser: `python -m miniapps.versions.runner SECONDS BYTES COMMAND…`.

In: the package. Out: what `COMMAND… test PACKAGE --json` said. The command gets a folder that ends with it, nothing of
the city's environment, and bounds of the kernel's; this process watches what all of its processes take together, for a
browser is many, and ends every one of them, also those that left its group. It exits with `TOO_MUCH` where time or
memory did not do, else as the command did.
"""

from __future__ import annotations

import ctypes
import os
import re
import resource
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

from core.processes import die_with_parent
from miniapps.versions.running import BEGIN_WITHIN_S, BYTES_OUT_MAX, TOO_MUCH

_PR_SET_CHILD_SUBREAPER: Final = 36
_LOOK_EVERY_S: Final = 0.25
_ENDS_EVERY_S: Final = 0.01
# Of one process: a browser reserves addresses by the terabyte, so it is what they hold that is bounded.
_LIMITS: Final = (
    (resource.RLIMIT_DATA, 2 * 2**30),
    (resource.RLIMIT_FSIZE, 256 * 2**20),
    (resource.RLIMIT_CORE, 0),
)
_HELD: Final = re.compile(r"^Rss(?:Anon|Shmem):\s+(\d+) kB$", re.M)


def main(within_s: float, bytes_max: int, command: list[str]) -> int:
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1)
    # So that what is begun is ended, too, when the city ends this.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(TOO_MUCH))
    with tempfile.TemporaryDirectory(prefix="citytong-run-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        (folder / "package.ma").write_bytes(sys.stdin.buffer.read())
        try:
            status = _run(within_s, bytes_max, command, folder)
        finally:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            _end_all()
        if status != TOO_MUCH:
            with (folder / "said").open("rb") as said:
                sys.stdout.buffer.write(said.read(BYTES_OUT_MAX))
        return status


def _run(within_s: float, bytes_max: int, command: list[str], folder: Path) -> int:
    asked = ("test", "package.ma", "--profile", "review", "--json", "--within", str(BEGIN_WITHIN_S))
    with (folder / "said").open("wb") as said:
        process = subprocess.Popen(
            [*command, *asked],
            cwd=folder,
            env={"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(folder), "TMPDIR": str(folder), "LANG": "C.UTF-8"},
            stdin=subprocess.DEVNULL,
            stdout=said,
            start_new_session=True,
            preexec_fn=_bounded,
        )
    until = time.monotonic() + within_s
    while (status := process.poll()) is None:
        if time.monotonic() > until or _held() > bytes_max:
            return TOO_MUCH
        with suppress(subprocess.TimeoutExpired):
            process.wait(_LOOK_EVERY_S)
    # A signal is the kernel's: it had more than it may.
    return status if status >= 0 else TOO_MUCH


def _bounded() -> None:
    die_with_parent()
    for what, most in _LIMITS:
        resource.setrlimit(what, (most, most))


def _held() -> int:
    """The bytes of memory that all of them hold, files that are mapped apart: what is shared counts for each."""
    return sum(_held_by(pid) for pid in _descendants())


def _end_all() -> None:
    """Kill every descendant, and those that they leave meanwhile: orphans become this process's own."""
    while pids := _descendants():
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        # Without waiting for any: one that began as its parent ended is killed in the next round.
        with suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        time.sleep(_ENDS_EVERY_S)


def _descendants() -> list[int]:
    """The farthest last."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal() and (parent := _parent(entry)):
            children.setdefault(parent, []).append(int(entry.name))
    found = [os.getpid()]
    for pid in found:
        found += children.get(pid, ())
    return found[1:]


def _parent(entry: Path) -> int:
    try:
        stat = (entry / "stat").read_text()
    except OSError:  # it has ended
        return 0
    # Its name, in brackets, is whatever it likes.
    return int(stat.rpartition(")")[2].split()[1])


def _held_by(pid: int) -> int:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:  # it has ended
        return 0
    return sum(int(kilobytes) * 1024 for kilobytes in _HELD.findall(status))


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]))
