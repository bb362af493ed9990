"""Why a licence, or the code that shows one, is refused. Each sentence tells its reader what to do next."""

from __future__ import annotations

from core.errors import DomainError, Kind


class CodeMalformed(DomainError):
    """Also a code of which a part is missing."""

    code = "LICENCES_CODE_MALFORMED"
    kind = Kind.INVALID
    template = "This is not a licence code. Ask the person to show the licence again, and scan the whole square."
    template_zh = "这不是电子证照码。请对方重新亮证，完整扫描后重试。"


class CodeForeign(DomainError):
    code = "LICENCES_CODE_FOREIGN"
    kind = Kind.INVALID
    template = "This code was issued by another city and cannot be checked here. Ask for the paper licence."
    template_zh = "此码由其他城市签发，本市无法核验。请查验纸质证照。"


class CodeKeyUnknown(DomainError):
    code = "LICENCES_CODE_KEY_UNKNOWN"
    kind = Kind.INVALID
    template = (
        "This code is signed with a key that is not in use. Ask the person to show the licence again, and scan again."
    )
    template_zh = "此码的签名密钥未在使用。请对方重新亮证后再扫描。"


class CodeForged(DomainError):
    code = "LICENCES_CODE_FORGED"
    kind = Kind.INVALID
    template = "The city did not issue this code. Do not accept it; ask for the paper licence."
    template_zh = "此码并非本市签发，请勿采信，并查验纸质证照。"


class CodeNotYetValid(DomainError):
    code = "LICENCES_CODE_NOT_YET_VALID"
    kind = Kind.INVALID
    template = (
        "This code is not valid yet. Wait half a minute, ask the person to show the licence again, and scan again."
    )
    template_zh = "此码尚未生效。请稍候半分钟，让对方重新亮证后再扫描。"


class CodeExpired(DomainError):
    code = "LICENCES_CODE_EXPIRED"
    kind = Kind.INVALID
    template = "This code has expired. Ask the person to show the licence again, and scan again."
    template_zh = "此码已过期。请对方重新亮证后再扫描。"


class CodeReplayed(DomainError):
    code = "LICENCES_CODE_REPLAYED"
    kind = Kind.CONFLICT
    template = "This code has already been checked. Ask the person to show the licence again, and scan again."
    template_zh = "此码已被核验过。请对方重新亮证后再扫描。"


class VerificationIdReused(DomainError):
    """A verifier's device used one `clientVerificationId` for two different codes."""

    code = "LICENCES_VERIFICATION_ID_REUSED"
    kind = Kind.CONFLICT
    template = "Your device has already used this check number for another check. Start a new check."
    template_zh = "您的设备已将此核验编号用于另一次核验。请重新发起核验。"


class LicenceNotValid(DomainError):
    """status: the licence's, as `LicenceStatus`."""

    code = "LICENCES_NOT_VALID"
    kind = Kind.CONFLICT
    template = "This licence is not valid (status: {status})."
    template_zh = "该证照当前无效（状态：{status}）。"

    status: str


class FieldNotShowable(DomainError):
    """More was asked for than the licence may show: a field that it does not have, or that stays with the holder."""

    code = "LICENCES_FIELD_NOT_SHOWABLE"
    kind = Kind.INVALID
    template = "The field {name} of this licence cannot be shown. Leave it out."
    template_zh = "该证照的字段 {name} 不可出示，请勿选择。"

    name: str


class TooMuchToShow(DomainError):
    code = "LICENCES_TOO_MUCH_TO_SHOW"
    kind = Kind.INVALID
    template = "This is more than one code can hold. Choose fewer fields or a shorter purpose."
    template_zh = "内容超出一个二维码的容量。请减少出示的字段或缩短用途说明。"


class AlreadyHeld(DomainError):
    code = "LICENCES_ALREADY_HELD"
    kind = Kind.CONFLICT
    template = "This person already holds a licence of this type. Renew it, or end it before issuing another."
    template_zh = "此人已持有该类证照。请办理换发，或先终止原证照后再签发。"


class RenewalTooEarly(DomainError):
    """renewable_from: ISO date, the first day of the city on which it may be renewed."""

    code = "LICENCES_RENEWAL_TOO_EARLY"
    kind = Kind.CONFLICT
    template = "This licence can be renewed from {renewable_from} on."
    template_zh = "该证照自 {renewable_from} 起方可换发。"

    renewable_from: str


class NotRenewable(DomainError):
    code = "LICENCES_NOT_RENEWABLE"
    kind = Kind.CONFLICT
    template = "This licence cannot be renewed. Issue a new one."
    template_zh = "该证照不可换发，请重新签发。"
