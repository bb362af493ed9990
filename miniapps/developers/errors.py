"""What can go wrong for those who build programs."""

from __future__ import annotations

from datetime import datetime

from core.errors import DomainError, Kind


class RealNameNeeded(DomainError):
    """level: the real-name level that somebody needs who builds in their own name (urn:city:rl:N)."""

    code = "MINIAPPS_REAL_NAME_NEEDED"
    kind = Kind.FORBIDDEN
    template = "Who builds programs in their own name needs real-name level {level}."
    template_zh = "以个人名义开发小程序，实名等级须达到 {level} 级。"

    level: int


class OrganisationBlocked(DomainError):
    """why: `officer` (the city blocked it), `frozen` (whom it belonged to has left the city)."""

    code = "MINIAPPS_ORGANISATION_BLOCKED"
    kind = Kind.FORBIDDEN
    template = "This organisation may not build programs now ({why})."
    template_zh = "该机构目前不能开发小程序（{why}）。"

    why: str


class NameTaken(DomainError):
    code = "MINIAPPS_NAME_TAKEN"
    kind = Kind.CONFLICT
    template = "Somebody else builds programs under this name, or one that looks like it."
    template_zh = "该名称或相近名称已被使用。"


class AppIdRefused(DomainError):
    """why: `form` (no id of a program), `reserved` (the city's own), `confusable` (looks like another's)."""

    code = "MINIAPPS_APP_ID_REFUSED"
    kind = Kind.INVALID
    template = "{app_id} cannot be the id of your program ({why})."
    template_zh = "不能使用该小程序标识（{why}）。"

    app_id: str
    why: str


class LimitReached(DomainError):
    """what: `apps`, `submissions`, `rollout`, `keys`, `domains`, `members`, `invitations`, `devices`, `testers`,
    `test citizens`.

    most: how many there may be.
    """

    code = "MINIAPPS_LIMIT_REACHED"
    kind = Kind.CONFLICT
    template = "There are at most {most} {what} here."
    template_zh = "已达到上限（{what}：{most}）。"

    what: str
    most: int


class PersonNeeded(DomainError):
    """A tool that was let in long ago is no proof of who holds it. minutes: how long it is one."""

    code = "MINIAPPS_PERSON_NEEDED"
    kind = Kind.FORBIDDEN
    template = "This takes you in person: let the tool in again and do it within {minutes} minutes, or in the console."
    template_zh = "此操作须由您本人确认：请重新登录工具，并在 {minutes} 分钟内完成，或在开发者控制台操作。"

    minutes: int


class KeyRefused(DomainError):
    """problem: what is wrong with the key, or with the proof that its owner holds it."""

    code = "MINIAPPS_KEY_REFUSED"
    kind = Kind.INVALID
    template = "The key cannot be taken: {problem}."
    template_zh = "无法登记该密钥：{problem}。"

    problem: str


class KeyTaken(DomainError):
    """Two organisations with one key could sign for each other."""

    code = "MINIAPPS_KEY_TAKEN"
    kind = Kind.CONFLICT
    template = "The key is somebody else's here. Make a new one."
    template_zh = "该密钥已被其他机构登记，请重新生成。"


class DomainRefused(DomainError):
    """problem: why a program cannot have it."""

    code = "MINIAPPS_DOMAIN_REFUSED"
    kind = Kind.INVALID
    template = "The domain cannot be proved: {problem}."
    template_zh = "无法验证该域名：{problem}。"

    problem: str


class MembersElsewhere(DomainError):
    """The organisation is registered with the city: its members are those that it has there."""

    code = "MINIAPPS_MEMBERS_ELSEWHERE"
    kind = Kind.CONFLICT
    template = "Members of this organisation are decided where it acts in the city: invite or remove them there."
    template_zh = "该机构的成员请在“单位”中邀请或移除。"


class AlreadyMember(DomainError):
    code = "MINIAPPS_ALREADY_MEMBER"
    kind = Kind.CONFLICT
    template = "This developer is a member already: give them another role instead."
    template_zh = "对方已是成员，可直接更改其角色。"


class InvitationDeclined(DomainError):
    """until: before then they are not asked again."""

    code = "MINIAPPS_INVITATION_DECLINED"
    kind = Kind.CONFLICT
    template = "This developer declined. They can be asked again from {until} on."
    template_zh = "对方已谢绝邀请，{until} 之后才能再次邀请。"

    until: datetime


class LastOwner(DomainError):
    code = "MINIAPPS_LAST_OWNER"
    kind = Kind.CONFLICT
    template = "Somebody has to answer for it: make another member its owner first."
    template_zh = "请先将其他成员设为负责人。"


class DeviceCodeWrong(DomainError):
    code = "MINIAPPS_DEVICE_CODE_WRONG"
    kind = Kind.NOT_FOUND
    template = "No device shows this code. It may have expired."
    template_zh = "设备码不正确或已失效。"
