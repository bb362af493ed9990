"""What has arrived, and how targets have been told to fail. In memory, bounded."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from core.errors import BadInput

KEPT_MAX: Final = 1000
FAULTS_MAX: Final = 1000
TARGET_LENGTH_MAX: Final = 4096
_RETRY_AFTER_S_MAX: Final = 86_400
_TIMES_MAX: Final = 1_000_000


class FaultKind(StrEnum):
    """What a carrier may answer; HANG: nothing. A mail server says the same in its own numbers."""

    UNREGISTERED = "UNREGISTERED"
    SENDER_ID_MISMATCH = "SENDER_ID_MISMATCH"
    INVALID_ARGUMENT = "INVALID_ARGUMENT"
    QUOTA_EXCEEDED = "QUOTA_EXCEEDED"
    UNAVAILABLE = "UNAVAILABLE"
    UNAUTHENTICATED = "UNAUTHENTICATED"
    HANG = "HANG"


@dataclass(slots=True)
class Fault:
    """times: how often it still happens."""

    kind: FaultKind
    retry_after_s: int | None = None
    times: int = _TIMES_MAX


@dataclass(frozen=True, slots=True)
class Arrivals:
    """messages: the last ones, oldest first. faults: by target."""

    messages: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=KEPT_MAX))
    faults: dict[str, Fault] = field(default_factory=dict)

    def to(self, target: str | None) -> list[dict[str, Any]]:
        """Those for one target, or all."""
        return [one for one in self.messages if target is None or one["to"] == target]

    def fault_of(self, target: str) -> Fault | None:
        """How this one try fails, if it does."""
        fault = self.faults.get(target)
        if fault is None or fault.times < 1:
            return None
        fault.times -= 1
        return fault

    def behave(self, body: object) -> None:
        """In place of what was told before: `{"targets": {"<target>": {"fault", "retryAfterS", "times"}}}`.

        Raises: BadInput.
        """
        targets = body.get("targets") if isinstance(body, dict) else None
        if not isinstance(targets, dict) or len(targets) > FAULTS_MAX:
            raise BadInput(field="targets", problem=f"must be an object of at most {FAULTS_MAX} targets")
        faults = {target: _fault(told) for target, told in targets.items()}
        self.faults.clear()
        self.faults.update(faults)


def _fault(told: object) -> Fault:
    if not isinstance(told, dict) or told.get("fault") not in list(FaultKind):
        raise BadInput(field="fault", problem=f"must be one of {', '.join(FaultKind)}")
    retry_after_s = _whole(told, "retryAfterS", _RETRY_AFTER_S_MAX)
    times = _whole(told, "times", _TIMES_MAX)
    return Fault(FaultKind(told["fault"]), retry_after_s, _TIMES_MAX if times is None else times)


def _whole(told: Mapping[str, object], name: str, most: int) -> int | None:
    value = told.get(name)
    if value is not None and (isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= most):
        raise BadInput(field=name, problem=f"must be a whole number up to {most}")
    return value
