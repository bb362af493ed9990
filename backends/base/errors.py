"""What every backend refuses in the same way. Each gives these a code of its own, so none stands here."""

from __future__ import annotations

from dataclasses import dataclass

from core.errors import DomainError, Kind


class KeyInvalid(DomainError):
    kind = Kind.UNAUTHENTICATED
    template = "Send `Authorization: Bearer` with a valid key."
    template_zh = "缺少有效的访问密钥。"


class BodyTooLarge(DomainError):
    kind = Kind.INVALID
    template = "The body is larger than {bytes_max} bytes."
    template_zh = "请求内容超过 {bytes_max} 字节。"

    bytes_max: int

    @property
    def http_status(self) -> int:
        return 413


class BodyMalformed(DomainError):
    kind = Kind.INVALID
    template = "The body cannot be read: {problem}"
    template_zh = "请求内容无法解析。"

    problem: str


class BodyTooSlow(DomainError):
    kind = Kind.INVALID
    template = "The body did not arrive within {seconds_max} s: send it again."
    template_zh = "请求内容未在 {seconds_max} 秒内送达，请重新发送。"

    seconds_max: int

    @property
    def http_status(self) -> int:
        return 408


class QueryRefused(DomainError):
    """A GraphQL request that is not run: not GraphQL, not for this schema, or too large."""

    kind = Kind.INVALID
    template = "The query is refused: {problem}"
    template_zh = "查询无法执行。"

    problem: str


class QueryTooCostly(DomainError):
    """A GraphQL request that is not run, for its answer could be too large.

    counted: what there could be too much of, "rows" or "fields". most: the limit. asked: what it could come to.
    """

    kind = Kind.INVALID
    template = "The query could bring {asked} {counted} and at most {most} are allowed: ask for fewer or shorter lists."
    template_zh = "查询结果可能过大（上限 {most}），请减少列表数量或长度。"

    counted: str
    most: int
    asked: int


@dataclass(frozen=True, slots=True)
class Refusals:
    """A backend's own classes for what is refused here: each a subclass with the backend's code."""

    key_invalid: type[KeyInvalid]
    body_too_large: type[BodyTooLarge]
    body_malformed: type[BodyMalformed]
    body_too_slow: type[BodyTooSlow]
    query_refused: type[QueryRefused]
    query_too_costly: type[QueryTooCostly]
