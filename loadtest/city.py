"""A city of one's own to load: an embedded one, on a folder that goes with it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

_STOP_TIMEOUT_S: Final = 20


class CityDidNotOpen(Exception):
    """The city said no; its own sentence stands above on standard error."""


@contextmanager
def embedded_city(environment: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """The ready line of a demo city ({"graphql": URL, "pid": …}), which ends with the block.

    environment: the whole environment of the process, with the settings that a load needs.
    """
    with tempfile.TemporaryDirectory(prefix="citytong-load-", ignore_cleanup_errors=True) as folder:
        argv = [sys.executable, "-m", "api", "serve", "--embedded", "--demo", "--port", "0", "--data-dir", folder]
        process = subprocess.Popen(argv, stdout=subprocess.PIPE, env=environment, text=True)
        assert process.stdout is not None
        try:
            line = process.stdout.readline()
            if not line:
                raise CityDidNotOpen()
            yield json.loads(line)
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(_STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            process.stdout.close()
