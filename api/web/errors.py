"""What the door itself refuses, before any room is asked."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from core.errors import DomainError, Kind
from core.locale import Locale


class RequestMalformed(DomainError):
    code = "REQUEST_MALFORMED"
    kind = Kind.INVALID
    template = "This is not a GraphQL request: {problem}."
    template_zh = "请求格式有误。"

    problem: str


class RequestTooLarge(DomainError):
    code = "REQUEST_TOO_LARGE"
    kind = Kind.INVALID
    template = "The request is larger than {bytes_max} bytes."
    template_zh = "请求内容过大。"

    bytes_max: int


class RequestTooSlow(DomainError):
    code = "REQUEST_TOO_SLOW"
    kind = Kind.INVALID
    template = "The request did not arrive whole within {seconds_max} seconds."
    template_zh = "请求在 {seconds_max} 秒内未能传完。"

    seconds_max: int


class MediaTypeUnsupported(DomainError):
    code = "REQUEST_MEDIA_TYPE_UNSUPPORTED"
    kind = Kind.INVALID
    template = "Send the request as application/json, not compressed."
    template_zh = "请求格式不受支持。"


class NotAcceptable(DomainError):
    code = "REQUEST_NOT_ACCEPTABLE"
    kind = Kind.INVALID
    template = (
        "Answers come as application/graphql-response+json or application/json; by POST also as text/event-stream."
    )
    template_zh = "不支持所要求的返回格式。"


class CrossSite(DomainError):
    """A browser says that another site made it ask, and nothing shows that it asked that site's reader first (CSRF)."""

    code = "REQUEST_CROSS_SITE"
    kind = Kind.FORBIDDEN
    template = "A page of another site may not ask by GET. Send a GraphQL-Require-Preflight header, or use POST."
    template_zh = "其他网站的页面不得以 GET 方式请求。"


class RateLimited(DomainError):
    """limit: requests of ordinary cost that may be spent in a minute, by whoever it is counted for."""

    code = "RATE_LIMITED"
    kind = Kind.LIMITED
    template = "Too many requests. Try again in {retry_after_s} seconds."
    template_zh = "请求过于频繁，请在 {retry_after_s} 秒后重试。"

    limit: int
    retry_after_s: int


class StreamsOf(StrEnum):
    """Whose event streams are counted, in one process. ORGANISATION: all tools that ask for it."""

    CALLER = "CALLER"
    ORGANISATION = "ORGANISATION"
    PROCESS = "PROCESS"


class TooManyStreams(DomainError):
    """whose: has as many as they may (`CALLER`, `ORGANISATION`, `PROCESS`: this server). most: how many that is."""

    code = "STREAMS_TOO_MANY"
    kind = Kind.LIMITED
    template = "There are too many event streams open: {whose} may have {most}. End one, or try again later."
    template_zh = "打开的事件流过多：{whose}至多 {most} 个。请先关闭一个，或稍后重试。"

    whose: StreamsOf
    most: int

    def message_in(self, locale: Locale) -> str:
        """With whose they are in the reader's language."""
        chinese = locale is Locale.ZH_CN
        words = (_STREAMS_OF_ZH if chinese else _STREAMS_OF)[self.whose]
        return (self.template_zh if chinese else self.template).format(whose=words, most=self.most)


_STREAMS_OF: Final = {
    StreamsOf.CALLER: "one caller",
    StreamsOf.ORGANISATION: "one organisation",
    StreamsOf.PROCESS: "this server",
}
_STREAMS_OF_ZH: Final = {
    StreamsOf.CALLER: "每个用户",
    StreamsOf.ORGANISATION: "每个机构",
    StreamsOf.PROCESS: "本服务器",
}


class StreamUnread(DomainError):
    """The last thing that is said in an event stream that nobody reads."""

    code = "STREAM_UNREAD"
    kind = Kind.LIMITED
    template = "Nothing of this event stream was read for {seconds_max} seconds, so it ends."
    template_zh = "事件流超过 {seconds_max} 秒未被读取，已结束。"

    seconds_max: int


class MethodNotAllowed(DomainError):
    code = "REQUEST_METHOD_NOT_ALLOWED"
    kind = Kind.INVALID
    template = "Queries come by GET or POST, mutations by POST alone."
    template_zh = "请求方式不受支持。"


class ProofRequired(DomainError):
    """The access token is bound to a key, and the request does not prove that it holds that one (RFC 9449 §7.1)."""

    code = "AUTH_DPOP_REQUIRED"
    kind = Kind.UNAUTHENTICATED
    template = "This access token is good only with a proof of its device's key."
    template_zh = "此登录凭证须与本设备密钥一同使用。"
