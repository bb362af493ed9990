"""What can go wrong with consents, downloads and erasure."""

from __future__ import annotations

from datetime import datetime

from core.errors import DomainError, Kind


class ConsentFieldUnknown(DomainError):
    """A field that no citizen can be asked for; `name` is what was asked."""

    code = "IDENTITY_CONSENT_FIELD_UNKNOWN"
    kind = Kind.INVALID
    template = "There is no such personal field: {name}."
    template_zh = "没有这项个人信息：{name}。"

    name: str


class ConsentNotSeparate(DomainError):
    """Sensitive fields need a yes of their own. names: those without one. Source: PIPL article 29."""

    code = "IDENTITY_CONSENT_NOT_SEPARATE"
    kind = Kind.INVALID
    template = "Sensitive information needs a consent of its own: {names}."
    template_zh = "敏感个人信息需要单独同意：{names}。"

    names: list[str]


class DownloadUnderWay(DomainError):
    code = "IDENTITY_DOWNLOAD_UNDER_WAY"
    kind = Kind.CONFLICT
    template = "A copy of your data is being made already. You will be told when it is ready."
    template_zh = "您的个人数据副本正在生成，完成后会通知您。"


class OwnsOrganisations(DomainError):
    """The account answers for organisations that have other members. names: of those organisations."""

    code = "IDENTITY_OWNS_ORGANISATIONS"
    kind = Kind.CONFLICT
    template = "You answer for {names}. Hand it over, or remove its other members, first."
    template_zh = "您是 {names} 的负责人，请先移交负责人或移除其他成员。"

    names: list[str]


class ErasureAsked(DomainError):
    """The account is waiting to be erased already. due_at: from when it will be."""

    code = "IDENTITY_ERASURE_ASKED"
    kind = Kind.CONFLICT
    template = "You have asked for this already. Your account will be erased from {due_at} on."
    template_zh = "您已申请注销，账号将于 {due_at} 起注销。"

    due_at: datetime


class ErasureNotWaiting(DomainError):
    """There is no erasure that could be called off: none was asked for, or it has begun."""

    code = "IDENTITY_ERASURE_NOT_WAITING"
    kind = Kind.CONFLICT
    template = "There is no erasure that can be called off."
    template_zh = "没有可以撤销的注销申请。"


class HoldInvalid(DomainError):
    """problem: what is wrong with the legal hold that was asked for."""

    code = "IDENTITY_LEGAL_HOLD_INVALID"
    kind = Kind.INVALID
    template = "The legal hold cannot be placed: {problem}."
    template_zh = "无法设置法定保留：{problem}。"

    problem: str
