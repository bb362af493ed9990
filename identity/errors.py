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


class IdNumberInvalid(DomainError):
    code = "IDENTITY_ID_NUMBER_INVALID"
    kind = Kind.INVALID
    template = "This is not an id number: 17 digits and a check character that fits them."
    template_zh = "身份证号码不正确,请核对后重新填写。"


class RealNameNotConfirmed(DomainError):
    """The register has no such person. It does not say which of the two is wrong."""

    code = "IDENTITY_REAL_NAME_NOT_CONFIRMED"
    kind = Kind.INVALID
    template = "The name and the id number do not belong together."
    template_zh = "姓名与身份证号码不一致,请核对后重新填写。"


class RealNameStands(DomainError):
    """The account has a proven name, and this is another: an account does not change hands online."""

    code = "IDENTITY_REAL_NAME_STANDS"
    kind = Kind.CONFLICT
    template = "Your account has a confirmed name already. To correct it, come to a service counter."
    template_zh = "您的账号已完成实名认证。如需更正,请前往政务服务窗口办理。"


class IdNumberTaken(DomainError):
    """Told only to somebody who gave the right name for the number."""

    code = "IDENTITY_ID_NUMBER_TAKEN"
    kind = Kind.CONFLICT
    template = "This id number belongs to another account. If it is yours too, come to a service counter."
    template_zh = "该身份证号码已绑定其他账号。如有疑问,请前往政务服务窗口办理。"
