"""What can go wrong, said once: every refusal of the city is a `DomainError` with a stable code.

Rules
- `code` is frozen once released, is prefixed by its domain, and is never reused.
- `kind` says what the caller can do about it; HTTP status and retry advice follow from it.
- Fields are public by definition: they reach the client in `errors[].extensions`. Causes stay in
  `__cause__` and the log.
- graphql-core reads `.message` and `.extensions` from a raised error, so a domain error needs no glue.
  Therefore no field is called `nodes`, `source`, `positions` or `path`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import datetime, timedelta, timezone
from enum import StrEnum
from typing import Any, ClassVar, dataclass_transform

from core.locale import Locale


class Kind(StrEnum):
    """What a caller can do about an error."""

    INVALID = "INVALID"
    UNAUTHENTICATED = "UNAUTHENTICATED"
    FORBIDDEN = "FORBIDDEN"
    NOT_FOUND = "NOT_FOUND"
    CONFLICT = "CONFLICT"
    LIMITED = "LIMITED"
    UNAVAILABLE = "UNAVAILABLE"
    INTERNAL = "INTERNAL"


HTTP_STATUS: dict[Kind, int] = {
    Kind.INVALID: 400,
    Kind.UNAUTHENTICATED: 401,
    Kind.FORBIDDEN: 403,
    Kind.NOT_FOUND: 404,
    Kind.CONFLICT: 409,
    Kind.LIMITED: 429,
    Kind.UNAVAILABLE: 503,
    Kind.INTERNAL: 500,
}

_BEIJING = timezone(timedelta(hours=8))

RETRYABLE: frozenset[Kind] = frozenset({Kind.LIMITED, Kind.UNAVAILABLE})


@dataclass_transform(kw_only_default=True, eq_default=False)
class DomainError(Exception):
    """One refusal. Subclasses set `code`, `kind`, `template`, `template_zh`, and annotate their fields.

    template: one English sentence; `{field}` names a field of the error.
    template_zh: the same sentence for a citizen who reads Chinese.
    """

    code: ClassVar[str] = ""
    kind: ClassVar[Kind] = Kind.INTERNAL
    template: ClassVar[str] = ""
    template_zh: ClassVar[str] = ""

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        dataclass(eq=False, repr=False, kw_only=True)(cls)

    def __post_init__(self) -> None:
        super().__init__(self.message)

    @property
    def public_fields(self) -> dict[str, object]:
        """The error's fields, as JSON-ready values (instants as RFC 3339 with offset)."""
        return {k: v.isoformat() if isinstance(v, datetime) else v for k, v in self._values.items()}

    @property
    def _values(self) -> dict[str, object]:
        return {f.name: getattr(self, f.name) for f in fields(self)}  # type: ignore[arg-type]

    def message_in(self, locale: Locale) -> str:
        """The sentence in the reader's language."""
        template = self.template_zh if locale is Locale.ZH_CN else self.template
        return (template or self.template).format(**{k: _in_words(v) for k, v in self._values.items()})

    @property
    def message(self) -> str:
        return self.message_in(Locale.EN)

    @property
    def extensions(self) -> dict[str, object]:
        """What stands in `errors[].extensions`."""
        return {
            **self.public_fields,
            "code": self.code,
            "kind": self.kind.value,
            "retryable": self.kind in RETRYABLE,
        }

    @property
    def http_status(self) -> int:
        return HTTP_STATUS[self.kind]

    def __repr__(self) -> str:
        return f"{type(self).__name__}(code={self.code!r})"


def _in_words(value: object) -> object:
    """Instants to the minute, by the clock that hangs in every office here."""
    if isinstance(value, datetime):
        return f"{value.astimezone(_BEIJING):%Y-%m-%d %H:%M} (UTC+8)"
    return "; ".join(map(str, value)) if isinstance(value, list) else value


class SignInRequired(DomainError):
    code = "UNAUTHENTICATED"
    kind = Kind.UNAUTHENTICATED
    template = "Sign in to do this."
    template_zh = "请先登录。"


class Forbidden(DomainError):
    code = "FORBIDDEN"
    kind = Kind.FORBIDDEN
    template = "Your account may not do this."
    template_zh = "您的账号没有此项权限。"


class StepUpRequired(DomainError):
    """The session is good, but its owner has to prove themself again first.

    max_age_s: how long ago the proof may lie. strong: whether it must be by two factors (or a passkey).
    cooling_until: for a device that is not trusted yet, when a weaker proof will do again; a device that is trusted may
    say yes to it before (`trustDevice`).
    Source: RFC 9470.
    """

    code = "STEP_UP_REQUIRED"
    kind = Kind.FORBIDDEN
    template = "Confirm that it is you, then do this again."
    template_zh = "请先验证身份，再继续操作。"

    max_age_s: int
    strong: bool
    cooling_until: datetime | None = None


class NotFound(DomainError):
    """The thing is not there, or is not yours to see: the two are told apart nowhere."""

    code = "NOT_FOUND"
    kind = Kind.NOT_FOUND
    template = "There is no such {thing}."
    template_zh = "没有找到相应内容。"

    thing: str


class BadInput(DomainError):
    code = "BAD_USER_INPUT"
    kind = Kind.INVALID
    template = "{field}: {problem}"
    template_zh = "填写的内容有误（{field}）。"

    field: str
    problem: str


class Unavailable(DomainError):
    """A store or service that this needs does not answer; nothing was changed, or the change is unknown."""

    code = "UNAVAILABLE"
    kind = Kind.UNAVAILABLE
    template = "The city cannot answer this right now. Try again shortly."
    template_zh = "服务暂时不可用，请稍后重试。"


class Internal(DomainError):
    """Anything that is not a `DomainError`, seen from outside: the log has the rest under `incident`."""

    code = "INTERNAL"
    kind = Kind.INTERNAL
    template = "Something went wrong on our side. Quote {incident} when you report it."
    template_zh = "系统出现问题。反馈时请提供编号 {incident}。"

    incident: str


def catalogue() -> list[type[DomainError]]:
    """Every error class that is loaded and has a code, sorted by code."""

    def descend(cls: type[DomainError]) -> Iterator[type[DomainError]]:
        for child in cls.__subclasses__():
            yield child
            yield from descend(child)

    return sorted({c for c in descend(DomainError) if c.code}, key=lambda c: c.code)
