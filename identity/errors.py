"""What can go wrong when somebody signs in or shows a token. None of these says whether an account exists."""

from __future__ import annotations

from datetime import datetime

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
    template_zh = "验证码错误，还可尝试 {tries_left} 次。"

    tries_left: int


class CodeExpired(DomainError):
    """There is no code to compare with: too old, used, tried too often, or never asked for."""

    code = "AUTH_CODE_EXPIRED"
    kind = Kind.INVALID
    template = "The code has expired. Ask for a new one."
    template_zh = "验证码已失效，请重新获取。"


class TooManyRequests(DomainError):
    code = "AUTH_TOO_MANY_REQUESTS"
    kind = Kind.LIMITED
    template = "Too many tries. Try again in {retry_after_s} seconds."
    template_zh = "操作过于频繁，请在 {retry_after_s} 秒后重试。"

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
    template_zh = "为保护您的账号，本次登录已终止，请重新登录。"


class RefreshInvalid(DomainError):
    code = "AUTH_REFRESH_INVALID"
    kind = Kind.UNAUTHENTICATED
    template = "The session has ended. Sign in again."
    template_zh = "登录已失效，请重新登录。"


class AccountFrozen(DomainError):
    """Told to who has proven that the account is theirs. reference: what a counter asks for."""

    code = "AUTH_ACCOUNT_FROZEN"
    kind = Kind.FORBIDDEN
    template = "Your account is frozen until {until}. Quote {reference} at a service counter."
    template_zh = "您的账号已被冻结至 {until}。如有疑问，请凭编号 {reference} 到政务服务窗口咨询。"

    until: datetime
    reference: str


class RefreshKeyMissing(DomainError):
    """The session is bound to a key, and the request does not prove that it holds that one. Nothing has changed."""

    code = "AUTH_DPOP_KEY_MISSING"
    kind = Kind.UNAUTHENTICATED
    template = "This sign-in belongs to another device. Sign in again here."
    template_zh = "此登录已绑定其他设备，请在本设备重新登录。"


class IdNumberInvalid(DomainError):
    code = "IDENTITY_ID_NUMBER_INVALID"
    kind = Kind.INVALID
    template = "This is not an id number: 17 digits and a check character that fits them."
    template_zh = "身份证号码不正确，请核对后重新填写。"


class DocumentInvalid(DomainError):
    """By its own characters. part: `number`, `nationality`, `birthDate` or `mrz`."""

    code = "IDENTITY_DOCUMENT_INVALID"
    kind = Kind.INVALID
    template = "This document is not written as such documents are ({part})."
    template_zh = "证件信息有误，请核对后重新填写（{part}）。"

    part: str


class DocumentExpired(DomainError):
    code = "IDENTITY_DOCUMENT_EXPIRED"
    kind = Kind.INVALID
    template = "This document has expired."
    template_zh = "证件已过有效期。"


class RealNameNotConfirmed(DomainError):
    """The register has no such person. It does not say which of the two is wrong."""

    code = "IDENTITY_REAL_NAME_NOT_CONFIRMED"
    kind = Kind.INVALID
    template = "The name and the id number do not belong together."
    template_zh = "姓名与身份证号码不一致，请核对后重新填写。"


class RealNameStands(DomainError):
    """The account has a proven name, and this is another: an account does not change hands online."""

    code = "IDENTITY_REAL_NAME_STANDS"
    kind = Kind.CONFLICT
    template = "Your account has a confirmed name already. To correct it, come to a service counter."
    template_zh = "您的账号已完成实名认证。如需更正，请前往政务服务窗口办理。"


class IdNumberTaken(DomainError):
    """Told only to somebody who gave the right name for the number."""

    code = "IDENTITY_ID_NUMBER_TAKEN"
    kind = Kind.CONFLICT
    template = "This id number belongs to another account. If it is yours too, come to a service counter."
    template_zh = "该身份证号码已绑定其他账号。如有疑问，请前往政务服务窗口办理。"


class MatterNotDelegable(DomainError):
    """What people do themselves or not at all."""

    code = "IDENTITY_MATTER_NOT_DELEGABLE"
    kind = Kind.FORBIDDEN
    template = "Nobody can be asked to do this for somebody else: {matter}."
    template_zh = "该事项必须由本人办理，不能委托他人（{matter}）。"

    matter: str


class RealNameNeeded(DomainError):
    """For what is between two people, both are known by name."""

    code = "IDENTITY_REAL_NAME_NEEDED"
    kind = Kind.FORBIDDEN
    template = "Confirm your name with your id number first (level {level})."
    template_zh = "请先完成实名认证（{level} 级）再办理。"

    level: int


class OtherNotProven(DomainError):
    """Told to somebody who answers an invitation: the one who sent it is not known by name, or not any more."""

    code = "IDENTITY_OTHER_NOT_PROVEN"
    kind = Kind.CONFLICT
    template = "The other person has not confirmed their name yet. Ask them to, then accept."
    template_zh = "对方尚未完成实名认证，请对方认证后再接受。"


class TooManyRelations(DomainError):
    """side: ACTOR when the one who would act acts for too many, SUBJECT when too many may act already."""

    code = "IDENTITY_TOO_MANY_RELATIONS"
    kind = Kind.CONFLICT
    template = "One of you has the most relations that there may be ({most}). End one first."
    template_zh = "其中一方的代办关系已达上限（{most} 个），请先解除一个。"

    side: str
    most: int


class ChildNotProven(DomainError):
    """The register does not have this person as the caller's child. It does not say why."""

    code = "IDENTITY_CHILD_NOT_PROVEN"
    kind = Kind.INVALID
    template = "The register does not show this person as your child."
    template_zh = "人口库中未查询到您与该未成年人的亲子关系，请核对后重新填写。"


class OfFullAge(DomainError):
    """Told to a proven parent."""

    code = "IDENTITY_OF_FULL_AGE"
    kind = Kind.CONFLICT
    template = "Your child is of full age and has an account of their own: ask them to let you act."
    template_zh = "您的子女已成年，请由其本人注册账号并授权您代办。"


class OwnerStays(DomainError):
    """An organisation always has somebody who answers for it."""

    code = "IDENTITY_OWNER_STAYS"
    kind = Kind.CONFLICT
    template = "You answer for this organisation. Hand it over to somebody else first."
    template_zh = "您是该单位的负责人，请先移交后再退出。"
