"""What can go wrong when staff act on accounts, on one another and on what needs two of them."""

from __future__ import annotations

from core.errors import DomainError, Kind


class OutsideJurisdiction(DomainError):
    """The subject lies in a part of the city, or belongs to a department, that the officer does not answer for."""

    code = "STAFF_OUTSIDE_JURISDICTION"
    kind = Kind.FORBIDDEN
    template = "This lies outside your jurisdiction or department."
    template_zh = "该事项不在您的管辖区域或部门职权范围内。"


class OutOfHours(DomainError):
    code = "STAFF_OUT_OF_HOURS"
    kind = Kind.FORBIDDEN
    template = "This is done during working hours only."
    template_zh = "该事项仅可在工作时间办理。"


class OwnMatter(DomainError):
    """Nobody decides about themself, nor approves what they proposed."""

    code = "STAFF_OWN_MATTER"
    kind = Kind.FORBIDDEN
    template = "You cannot decide this yourself: another officer has to."
    template_zh = "您不能自行决定此事项，须由另一名工作人员办理。"


class NotIndependent(DomainError):
    """Of two officers, one appointed the other lately."""

    code = "STAFF_NOT_INDEPENDENT"
    kind = Kind.FORBIDDEN
    template = "One of the two of you appointed the other less than {days} days ago: somebody else has to approve."
    template_zh = "您与发起人之间在 {days} 天内有任用关系，须由其他工作人员审批。"

    days: int


class ActNotPending(DomainError):
    """It was approved, rejected, withdrawn, or waited too long. state: what became of it."""

    code = "STAFF_ACT_NOT_PENDING"
    kind = Kind.CONFLICT
    template = "This no longer waits for a decision: {state}."
    template_zh = "该事项已不在待审批状态（{state}）。"

    state: str


class ActWaits(DomainError):
    """The same act about the same subject waits already. id: that one."""

    code = "STAFF_ACT_WAITS"
    kind = Kind.CONFLICT
    template = "This waits for a second officer already: {id}."
    template_zh = "该事项已提交，正在等待第二名工作人员审批（{id}）。"

    id: str


class ActOutdated(DomainError):
    """What it is about has changed since it was proposed, or its proposer may do so no longer."""

    code = "STAFF_ACT_OUTDATED"
    kind = Kind.CONFLICT
    template = "Things have changed since this was proposed. Propose it again."
    template_zh = "该事项提交后情况已发生变化，请重新提交。"


class SecondOfficerNeeded(DomainError):
    """One officer may do so once, for a day."""

    code = "STAFF_SECOND_OFFICER_NEEDED"
    kind = Kind.CONFLICT
    template = "A second officer has to agree to this: propose it."
    template_zh = "该操作须由第二名工作人员批准，请提交审批。"


class AlreadyFrozen(DomainError):
    code = "STAFF_ALREADY_FROZEN"
    kind = Kind.CONFLICT
    template = "This account is frozen already. To freeze it for longer, propose that."
    template_zh = "该账号已被冻结。如需延长冻结，请提交审批。"


class NotFrozen(DomainError):
    code = "STAFF_NOT_FROZEN"
    kind = Kind.CONFLICT
    template = "This account is not frozen."
    template_zh = "该账号未被冻结。"


class RoleUnknown(DomainError):
    code = "STAFF_ROLE_UNKNOWN"
    kind = Kind.INVALID
    template = "There is no such role: {role}."
    template_zh = "没有这个角色：{role}。"

    role: str


class RolesConflict(DomainError):
    """Separation of duties: roles that nobody may have together."""

    code = "STAFF_ROLES_CONFLICT"
    kind = Kind.CONFLICT
    template = "Nobody may have these roles together: {roles}."
    template_zh = "以下角色不能由同一人担任：{roles}。"

    roles: list[str]


class RoleNotYours(DomainError):
    """The officer may grant roles, and take them away, but not this one."""

    code = "STAFF_ROLE_NOT_YOURS"
    kind = Kind.FORBIDDEN
    template = "You may not decide about the role {role}."
    template_zh = "您无权授予或取消该角色：{role}。"

    role: str


class StaffPhoneTaken(DomainError):
    code = "STAFF_PHONE_TAKEN"
    kind = Kind.CONFLICT
    template = "A staff account has this phone already."
    template_zh = "该手机号已用于其他工作人员账号。"


class AdminsSuffice(DomainError):
    """The first staff of this department, and of this part of the city, are there."""

    code = "STAFF_ADMINS_SUFFICE"
    kind = Kind.CONFLICT
    template = "This department has two administrators: one of them proposes the next, the other approves."
    template_zh = "该部门已有两名管理员，请由其中一人提交录用、另一人审批。"


class NothingChanges(DomainError):
    code = "STAFF_NOTHING_CHANGES"
    kind = Kind.CONFLICT
    template = "It is so already."
    template_zh = "当前已是该状态，无需变更。"
