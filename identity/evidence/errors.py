"""What can go wrong when people prove who they are."""

from __future__ import annotations

from core.errors import DomainError, Kind


class FaceCheckOver(DomainError):
    """There is no check of the caller's to finish: too old, finished already, or another's."""

    code = "IDENTITY_FACE_CHECK_OVER"
    kind = Kind.INVALID
    template = "This check is over. Begin a new one."
    template_zh = "本次实人认证已失效，请重新开始。"


class FaceCheckRefused(DomainError):
    """What was brought is not the provider's result of this check. It does not say why."""

    code = "IDENTITY_FACE_CHECK_REFUSED"
    kind = Kind.INVALID
    template = "This is not the result of your check. Begin a new one."
    template_zh = "实人认证结果无效，请重新开始。"


class FaceNotMatched(DomainError):
    """The provider did not see the person of the account's name and number, or nobody alive."""

    code = "IDENTITY_FACE_NOT_MATCHED"
    kind = Kind.INVALID
    template = "The check did not recognise you. Try again in good light, or come to a service counter."
    template_zh = "实人认证未通过，请在光线充足处重试，或前往政务服务窗口办理。"


class NetIdRefused(DomainError):
    """The platform does not take the credential, or it is not for this account. It does not say why."""

    code = "IDENTITY_NET_ID_REFUSED"
    kind = Kind.INVALID
    template = "This net-ID credential is not good here. Get a new one and try again."
    template_zh = "网证无效或已过期，请重新获取后再试。"


class GuardianNeeded(DomainError):
    """A minor's net-ID: their guardian brings it, from an account of their own."""

    code = "IDENTITY_GUARDIAN_NEEDED"
    kind = Kind.FORBIDDEN
    template = "This net-ID belongs to a minor: a guardian must bring it, for the child's account."
    template_zh = "未成年人使用网号须由监护人协助办理。"


class TicketOver(DomainError):
    """No citizen waits with this ticket: too old, used, replaced by a newer one, or never there."""

    code = "IDENTITY_TICKET_OVER"
    kind = Kind.INVALID
    template = "This ticket is not good. Ask the person to show a new one."
    template_zh = "核验码无效或已过期，请让办事人重新出示。"


class OwnAccount(DomainError):
    """An officer verifies neither themself, nor their family, nor whom they might be by their name."""

    code = "IDENTITY_OWN_ACCOUNT"
    kind = Kind.FORBIDDEN
    template = "You cannot verify yourself, your family or a namesake: a colleague must do it."
    template_zh = "不能为本人、亲属或同名人员办理核验，请由其他工作人员办理。"
