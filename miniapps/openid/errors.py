"""What can go wrong when a program's backend asks who its citizen is."""

from __future__ import annotations

from core.errors import DomainError, Kind


class CodeInvalid(DomainError):
    """Unknown, expired, another program's, or of a session that is over: the four are told apart nowhere."""

    code = "MINIAPPS_CODE_INVALID"
    kind = Kind.INVALID
    template = "The code is not valid. Ask for a new one."
    template_zh = "授权码无效，请重新获取。"


class CodeUsed(DomainError):
    """The code was good, and has been used."""

    code = "MINIAPPS_CODE_USED"
    kind = Kind.INVALID
    template = "The code has been used already."
    template_zh = "授权码已被使用。"


class NoPhone(DomainError):
    """The citizen's account has no phone (a child's has none)."""

    code = "MINIAPPS_NO_PHONE"
    kind = Kind.NOT_FOUND
    template = "The account has no phone number."
    template_zh = "该账号未绑定手机号。"
