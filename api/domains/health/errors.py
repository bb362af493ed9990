"""Why a matter of health status is refused. No sentence and no field says anything about a person's health."""

from __future__ import annotations

from datetime import datetime

from core.errors import DomainError, Kind


class HealthNotInForce(DomainError):
    code = "HEALTH_NOT_IN_FORCE"
    kind = Kind.CONFLICT
    template = "Health status is not in use: no order is in force."
    template_zh = "当前未启用健康状态查询。"


class HealthRulesMissing(DomainError):
    code = "HEALTH_RULES_MISSING"
    kind = Kind.CONFLICT
    template = "No set of rules is in force. Publish one first."
    template_zh = "尚无生效的健康状态规则，请先发布规则。"


class HealthRulesInvalid(DomainError):
    """problems: at most twenty, each with its place in the document."""

    code = "HEALTH_RULES_INVALID"
    kind = Kind.INVALID
    template = "This set of rules cannot be published: {problems}"
    template_zh = "规则不符合要求，未能发布：{problems}"

    problems: list[str]


class HealthRulesVersionTaken(DomainError):
    """Rules that were published are never changed; every new set has a higher version."""

    code = "HEALTH_RULES_VERSION_TAKEN"
    kind = Kind.CONFLICT
    template = "Version {latest} is published already. Give the new rules a higher version."
    template_zh = "已发布版本 {latest}，新规则的版本号须更高。"

    latest: int


class HealthNotComputed(DomainError):
    """The rules in force cannot be worked out for somebody's facts. Nobody is given a colour by accident."""

    code = "HEALTH_NOT_COMPUTED"
    kind = Kind.UNAVAILABLE
    template = "The status cannot be worked out right now. The health department has to look at the rules."
    template_zh = "暂时无法得出健康状态，请联系卫生健康部门。"


class HealthFactIdReused(DomainError):
    """A device used one `clientFactId` for two different facts."""

    code = "HEALTH_FACT_ID_REUSED"
    kind = Kind.CONFLICT
    template = "Your device has already used this number for another entry. Start a new one."
    template_zh = "您的设备已将此编号用于另一条记录。请重新填写。"


class HealthFactSuperseded(DomainError):
    code = "HEALTH_FACT_SUPERSEDED"
    kind = Kind.CONFLICT
    template = "This entry has been corrected already. Correct the newest one."
    template_zh = "该记录已被更正，请更正最新的记录。"


class HealthTooManyFacts(DomainError):
    code = "HEALTH_TOO_MANY_FACTS"
    kind = Kind.LIMITED
    template = "There are already {facts_max} entries that are kept. Try again when older ones have been forgotten."
    template_zh = "保留的记录已达上限（{facts_max} 条），请稍后再试。"

    facts_max: int


class HealthOrderIdReused(DomainError):
    code = "HEALTH_ORDER_ID_REUSED"
    kind = Kind.CONFLICT
    template = "Your device has already used this number for another order. Start a new one."
    template_zh = "您的设备已将此编号用于另一项命令。请重新填写。"


class HealthWrongPurpose(DomainError):
    code = "HEALTH_WRONG_PURPOSE"
    kind = Kind.FORBIDDEN
    template = "Health status is shown only to who scans for a health check or in a clinic."
    template_zh = "仅在健康核验或医院就诊扫码时可查看健康状态。"


class HealthScanTooOld(DomainError):
    code = "HEALTH_SCAN_TOO_OLD"
    kind = Kind.CONFLICT
    template = "This scan is too old. It counted until {until}. Scan again."
    template_zh = "此次扫码已超过有效时间，请重新扫码。"

    until: datetime
