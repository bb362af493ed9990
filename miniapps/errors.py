"""What can go wrong with mini-programs, wherever in the room."""

from __future__ import annotations

from core.errors import DomainError, Kind


class TooOften(DomainError):
    """A program asked for this more often than it may. retry_after_s: when it may again."""

    code = "MINIAPPS_TOO_OFTEN"
    kind = Kind.LIMITED
    template = "The program asks too often. It may again in {retry_after_s} seconds."
    template_zh = "小程序操作过于频繁，请在 {retry_after_s} 秒后重试。"

    retry_after_s: int


class SessionOver(DomainError):
    """The program's session has ended, or never was the caller's. because: an `Ending`."""

    code = "MINIAPPS_SESSION_OVER"
    kind = Kind.NOT_FOUND
    template = "The mini-program is no longer open. Open it again."
    template_zh = "小程序已关闭，请重新打开。"

    because: str


class OwnMatter(DomainError):
    """The officer builds for the organisation that this is about."""

    code = "MINIAPPS_OWN_MATTER"
    kind = Kind.FORBIDDEN
    template = "Nobody decides about a program of their own organisation."
    template_zh = "不得审理本人所属机构的小程序。"


class NotPermitted(DomainError):
    """The program may not do this. name: the permission. why: `manifest`, `review`, `consent`, `policy`, `context` or
    `quota`: which of the rules says no.
    """

    code = "MINIAPPS_NOT_PERMITTED"
    kind = Kind.FORBIDDEN
    template = "The mini-program may not use {name} ({why})."
    template_zh = "小程序无权使用 {name}（{why}）。"

    name: str
    why: str
