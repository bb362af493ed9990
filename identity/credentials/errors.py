"""What can go wrong with credentials. None of these says whether an account exists, or what it signs in with."""

from __future__ import annotations

from datetime import datetime

from core.errors import DomainError, Kind


class PasswordRefused(DomainError):
    """A new password that would be guessed. because: `length`, `common` or `personal`."""

    code = "AUTH_PASSWORD_REFUSED"
    kind = Kind.INVALID
    template = "This password is easy to guess. Choose a longer one that is not in use anywhere ({because})."
    template_zh = "密码过于简单或过短，请换一个更长、不易被猜到的密码。"

    because: str


class PasswordWrong(DomainError):
    """The phone and the password do not belong together; it does not say which of the two is wrong."""

    code = "AUTH_PASSWORD_WRONG"
    kind = Kind.INVALID
    template = "The phone number or the password is wrong."
    template_zh = "手机号码或密码不正确。"


class ProofWrong(DomainError):
    """A one-time password or recovery code that is wrong, was used, or that the account does not have."""

    code = "AUTH_PROOF_WRONG"
    kind = Kind.INVALID
    template = "This code is wrong or was used already."
    template_zh = "验证码不正确或已被使用。"


class ProofNotEnough(DomainError):
    """The account has something stronger, and must be proven with it. methods: those that do."""

    code = "AUTH_PROOF_NOT_ENOUGH"
    kind = Kind.FORBIDDEN
    template = "Confirm that it is you with your passkey or your authenticator app."
    template_zh = "请使用通行密钥或身份验证器确认是您本人。"

    methods: list[str]


class SecondFactorRequired(DomainError):
    """The first step was right; `completeSignIn` takes the second.

    pending_id: what to complete. methods: `totp`, `recovery`, `passkey`, whichever the account has.
    """

    code = "AUTH_SECOND_FACTOR_REQUIRED"
    kind = Kind.UNAUTHENTICATED
    template = "One more step: confirm the sign-in with your second factor."
    template_zh = "还差一步，请完成二次验证。"

    pending_id: str
    methods: list[str]
    expires_at: datetime


class CodeNeeded(DomainError):
    """The password was right, but this sign-in is unusual, and the account has no second factor: a code will do."""

    code = "AUTH_SIGN_IN_BY_CODE"
    kind = Kind.UNAUTHENTICATED
    template = "This sign-in is unusual. Sign in with a code on your phone."
    template_zh = "本次登录存在异常，请使用短信验证码登录。"


class SecondFactorNeeded(DomainError):
    """Staff cannot give up the last second factor that they have."""

    code = "AUTH_SECOND_FACTOR_NEEDED"
    kind = Kind.CONFLICT
    template = "Your account needs a second factor. Add another one before you remove this."
    template_zh = "您的账号必须保留至少一种二次验证方式，请先添加其他方式。"


class SignInExpired(DomainError):
    """A sign-in that was begun and not ended in time, ended already, or tried too often."""

    code = "AUTH_SIGN_IN_EXPIRED"
    kind = Kind.INVALID
    template = "This sign-in has expired. Begin again."
    template_zh = "本次登录已失效，请重新开始。"


class PasskeyRefused(DomainError):
    """What the authenticator answered does not hold: its challenge, site, user, counter or signature."""

    code = "AUTH_PASSKEY_REFUSED"
    kind = Kind.INVALID
    template = "This passkey could not be accepted. Try again."
    template_zh = "通行密钥验证未通过，请重试。"


class TooManyPasskeys(DomainError):
    code = "AUTH_TOO_MANY_PASSKEYS"
    kind = Kind.CONFLICT
    template = "Your account has {passkeys_max} passkeys, the most there may be. Remove one first."
    template_zh = "通行密钥数量已达上限（{passkeys_max} 个），请先移除一个。"

    passkeys_max: int


class LinkExpired(DomainError):
    """No screen waits with this code: too old, answered already, or never there."""

    code = "AUTH_LINK_EXPIRED"
    kind = Kind.INVALID
    template = "This sign-in code has expired. Show a new one on the other screen."
    template_zh = "登录二维码已失效，请在另一屏幕上刷新。"


class LinkDenied(DomainError):
    """The owner said no, or chose a number that the screen does not show."""

    code = "AUTH_LINK_DENIED"
    kind = Kind.FORBIDDEN
    template = "The sign-in was declined on the phone."
    template_zh = "手机端已拒绝本次登录。"
