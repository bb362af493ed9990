"""What can go wrong with organisations. What is not one's own is NOT_FOUND."""

from __future__ import annotations

from core.errors import DomainError, Kind


class UsccInvalid(DomainError):
    code = "IDENTITY_USCC_INVALID"
    kind = Kind.INVALID
    template = "This is not a unified social credit code: 18 characters, of which the last one fits the others."
    template_zh = "统一社会信用代码不正确，请核对后重新填写。"


class RepresentationNotProven(DomainError):
    """The register does not have the caller as the legal representative of this code and name. It does not say why."""

    code = "IDENTITY_REPRESENTATION_NOT_PROVEN"
    kind = Kind.INVALID
    template = "The register does not show you as the legal representative of this organisation."
    template_zh = "法人库中未查询到您是该单位的法定代表人，请核对单位名称和统一社会信用代码。"


class OrganisationNotInForce(DomainError):
    """Told to its proven representative. status: REVOKED or DEREGISTERED, as the register has it."""

    code = "IDENTITY_ORGANISATION_NOT_IN_FORCE"
    kind = Kind.CONFLICT
    template = "This organisation is not in force: {status}."
    template_zh = "该单位已被吊销或注销，无法办理（{status}）。"

    status: str


class OrganisationSuspended(DomainError):
    code = "IDENTITY_ORGANISATION_SUSPENDED"
    kind = Kind.CONFLICT
    template = "This organisation is suspended: nobody acts for it, and nobody joins it."
    template_zh = "该单位账号已暂停使用，暂不能代办或加入成员。"


class AlreadyMember(DomainError):
    code = "IDENTITY_ALREADY_MEMBER"
    kind = Kind.CONFLICT
    template = "You are a member of this organisation already."
    template_zh = "您已是该单位的成员。"


class TooManyMembers(DomainError):
    code = "IDENTITY_TOO_MANY_MEMBERS"
    kind = Kind.CONFLICT
    template = "This organisation has {most} members, the most there may be."
    template_zh = "该单位成员已达上限（{most} 人）。"

    most: int


class HandOverOver(DomainError):
    """There is none for the caller, or it waited too long, or one of the two is no member any more."""

    code = "IDENTITY_HAND_OVER_OVER"
    kind = Kind.CONFLICT
    template = "There is nothing for you to take over here. Ask for it to be handed over again."
    template_zh = "没有待您接收的单位移交，请联系原负责人重新发起。"
