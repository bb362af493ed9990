"""What can go wrong when somebody signs in or shows a token. None of these says whether an account exists."""

from __future__ import annotations

from core.errors import DomainError, Kind


class PhoneInvalid(DomainError):
    code = "AUTH_PHONE_INVALID"
    kind = Kind.INVALID
    template = "This is not a phone number. Numbers from outside China start with + and the country code."
    template_zh = "手机号码不正确。境外号码请以 + 和国家代码开头。"


class CodeWrong(DomainError):
    code = "AUTH_CODE_WRONG"
    kind = Kind.INVALID
    template = "The code is wrong. Tries left: {tries_left}."
    template_zh = "验证码错误,还可尝试 {tries_left} 次。"

    tries_left: int


class CodeExpired(DomainError):
    """There is no code to compare with: too old, used, tried too often, or never asked for."""

    code = "AUTH_CODE_EXPIRED"
    kind = Kind.INVALID
    template = "The code has expired. Ask for a new one."
    template_zh = "验证码已失效,请重新获取。"


class TooManyRequests(DomainError):
    code = "AUTH_TOO_MANY_REQUESTS"
    kind = Kind.LIMITED
    template = "Too many tries. Try again in {retry_after_s} seconds."
    template_zh = "操作过于频繁,请在 {retry_after_s} 秒后重试。"

    retry_after_s: int


class TokenExpired(DomainError):
    """The access token was good once: refresh the session."""

    code = "AUTH_TOKEN_EXPIRED"
    kind = Kind.UNAUTHENTICATED
    template = "The access token has expired."
    template_zh = "登录凭证已过期。"


class TokenInvalid(DomainError):
    """The access token is not ours, not for us, changed, or of a session that was ended."""

    code = "AUTH_TOKEN_INVALID"
    kind = Kind.UNAUTHENTICATED
    template = "The access token is not valid."
    template_zh = "登录凭证无效。"


class RefreshReused(DomainError):
    """A refresh token came a second time: one of its two holders is a thief, so the session has been ended."""

    code = "AUTH_REFRESH_REUSED"
    kind = Kind.UNAUTHENTICATED
    template = "This session was ended to protect your account. Sign in again."
    template_zh = "为保护您的账号,本次登录已终止,请重新登录。"


class RefreshInvalid(DomainError):
    code = "AUTH_REFRESH_INVALID"
    kind = Kind.UNAUTHENTICATED
    template = "The session has ended. Sign in again."
    template_zh = "登录已失效,请重新登录。"
