"""What can go wrong when a program's backend asks."""

from __future__ import annotations

from core.errors import DomainError, Kind


class NoEncryptionKey(DomainError):
    """A sealed phone was asked for, and the program registered no key to seal it to."""

    code = "MINIAPPS_NO_ENCRYPTION_KEY"
    kind = Kind.CONFLICT
    template = "The program has no key for encryption. Register one in the console."
    template_zh = "小程序尚未登记加密公钥，请在控制台登记。"


class NotSubscribed(DomainError):
    """The citizen did not ask for messages of this template, or takes none of this program."""

    code = "MINIAPPS_NOT_SUBSCRIBED"
    kind = Kind.FORBIDDEN
    template = "The citizen did not ask for this message."
    template_zh = "用户未订阅该消息。"


class SubscriptionSpent(DomainError):
    """Each yes is one message, and those were sent."""

    code = "MINIAPPS_SUBSCRIPTION_SPENT"
    kind = Kind.CONFLICT
    template = "Every message that the citizen asked for was sent. Ask them again."
    template_zh = "用户的订阅次数已用完，请再次征得同意。"


class TemplateUnknown(DomainError):
    """The release that runs declares no template of this name."""

    code = "MINIAPPS_TEMPLATE_UNKNOWN"
    kind = Kind.NOT_FOUND
    template = "The program declares no message template of this name."
    template_zh = "小程序未声明该消息模板。"


class TemplateChanged(DomainError):
    """Other words were handed in since the officer saw them."""

    code = "MINIAPPS_TEMPLATE_CHANGED"
    kind = Kind.CONFLICT
    template = "Other words have been handed in meanwhile. Look at them again."
    template_zh = "消息文字已更新，请重新查看。"


class IdempotencyKeyReused(DomainError):
    """The key came before, with other contents."""

    code = "MINIAPPS_IDEMPOTENCY_KEY_REUSED"
    kind = Kind.CONFLICT
    template = "This idempotency key was used for another message."
    template_zh = "该幂等键已用于另一条消息。"


class OpenidUnknown(DomainError):
    """The program knows nobody by this openid."""

    code = "MINIAPPS_OPENID_UNKNOWN"
    kind = Kind.NOT_FOUND
    template = "The program knows nobody by this openid."
    template_zh = "小程序不认识该 openid。"


class WebhookRefused(DomainError):
    code = "MINIAPPS_WEBHOOK_REFUSED"
    kind = Kind.INVALID
    template = "The city does not call this address: {problem}."
    template_zh = "无法使用该回调地址。"

    problem: str


class NoWebhook(DomainError):
    """The program has no address to call, or the one that it has is not called any more."""

    code = "MINIAPPS_NO_WEBHOOK"
    kind = Kind.CONFLICT
    template = "The program has no webhook address that is called. Set one in the console."
    template_zh = "小程序没有可用的回调地址，请在控制台设置。"
