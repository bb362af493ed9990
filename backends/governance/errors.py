"""What can go wrong between an event and the unit that deals with it."""

from __future__ import annotations

from typing import Final

from backends.base import errors as base
from core.errors import DomainError, Kind


class KeyInvalid(base.KeyInvalid):
    code = "GOVERNANCE_KEY_INVALID"


class BodyTooLarge(base.BodyTooLarge):
    code = "GOVERNANCE_BODY_TOO_LARGE"


class BodyMalformed(base.BodyMalformed):
    code = "GOVERNANCE_BODY_MALFORMED"


class BodyTooSlow(base.BodyTooSlow):
    code = "GOVERNANCE_BODY_TOO_SLOW"


class QueryRefused(base.QueryRefused):
    code = "GOVERNANCE_QUERY_REFUSED"


class QueryTooCostly(base.QueryTooCostly):
    code = "GOVERNANCE_QUERY_TOO_COSTLY"


class FieldInvalid(DomainError):
    """A field of what was posted is not what it should be; nothing was stored."""

    code = "GOVERNANCE_FIELD_INVALID"
    kind = Kind.INVALID
    template = "{field}: {problem}"
    template_zh = "内容有误（{field}）。"

    field: str
    problem: str


class UnitUnknown(DomainError):
    code = "GOVERNANCE_UNIT_UNKNOWN"
    kind = Kind.INVALID
    template = "No unit that works there has the code {unit}."
    template_zh = "当地没有代码为 {unit} 的执行单位。"

    unit: str


class StepNotAllowed(DomainError):
    """The event does not stand where this step begins; it was not changed.

    status: where it stands. asked: where it was to go.
    """

    code = "GOVERNANCE_STEP_NOT_ALLOWED"
    kind = Kind.CONFLICT
    template = "An event that is {status} cannot become {asked}."
    template_zh = "当前状态（{status}）不能变更为 {asked}。"

    status: str
    asked: str


REFUSALS: Final = base.Refusals(
    key_invalid=KeyInvalid,
    body_too_large=BodyTooLarge,
    body_malformed=BodyMalformed,
    body_too_slow=BodyTooSlow,
    query_refused=QueryRefused,
    query_too_costly=QueryTooCostly,
)
