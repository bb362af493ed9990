"""Structured logs: one JSON object a line, with the request's id and no personal data.

Who logs passes facts as `extra={"facts": {...}}`. Values are ids, codes, counts and durations; a formatter
cannot know what is personal, so an architecture test reads the log of a whole city run for names, phone
numbers, tokens and codes instead.
"""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, TextIO

import orjson

request_id: ContextVar[str] = ContextVar("request_id", default="")


class JsonFormatter(logging.Formatter):
    """One line: at, level, logger, message, request id, facts; for an exception its types and frames.

    An exception's own text is left out: it may quote input.
    """

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if current := request_id.get():
            line["request"] = current
        facts = getattr(record, "facts", None)
        if isinstance(facts, Mapping):
            line |= {name: value for name, value in facts.items() if name not in line}
        if record.exc_info and record.exc_info[0] is not None:
            line["exception"] = [type(fault).__name__ for fault in _chain(record.exc_info[1])]
            line["frames"] = _frames(record.exc_info[2])
        return orjson.dumps(line, default=str).decode()


def _chain(fault: BaseException | None) -> Iterator[BaseException]:
    """An exception and what caused it, the outermost first; at most eight."""
    for _ in range(8):
        if fault is None:
            return
        yield fault
        fault = fault.__cause__ or (None if fault.__suppress_context__ else fault.__context__)


def _frames(trace: Any) -> list[str]:
    return [f"{f.filename.rsplit('/', 2)[-1]}:{f.lineno} {f.name}" for f in traceback.extract_tb(trace, limit=-12)]


def _without_address(record: logging.LogRecord) -> bool:
    if record.msg.startswith("Error handling request"):
        record.msg, record.args, record.levelno, record.levelname = "a malformed request", (), logging.INFO, "INFO"
    return True


def configure(*, level: str = "INFO", stream: TextIO | None = None) -> None:
    """Send every log record to `stream` (standard error) as JSON lines. Called once, by the roof."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    # Its message on a malformed request names the client's address.
    logging.getLogger("aiohttp.server").addFilter(_without_address)
    for chatty in ("pymongo", "docket", "aiohttp.access", "asyncio", "httpx", "mail.log"):
        logging.getLogger(chatty).setLevel("WARNING")
