"""What can go wrong with versions on their way to citizens."""

from __future__ import annotations

from datetime import datetime

from core.errors import DomainError, Kind


class VersionCannotChange(DomainError):
    """act: what was wanted. state: what the version is."""

    code = "MINIAPPS_VERSION_CANNOT_CHANGE"
    kind = Kind.CONFLICT
    template = "A version that is {state} cannot do this: {act}."
    template_zh = "当前状态下无法执行此操作。"

    act: str
    state: str


class UploadTooLarge(DomainError):
    code = "MINIAPPS_UPLOAD_TOO_LARGE"
    kind = Kind.INVALID
    template = "A package may take {bytes_max} bytes."
    template_zh = "小程序包过大。"

    bytes_max: int


class UploadTooSlow(DomainError):
    code = "MINIAPPS_UPLOAD_TOO_SLOW"
    kind = Kind.INVALID
    template = "The package did not arrive within {seconds_max} seconds."
    template_zh = "上传超时，请重试。"

    seconds_max: int


class UploadsBusy(DomainError):
    """Others upload just now, or this developer does so often enough."""

    code = "MINIAPPS_UPLOADS_BUSY"
    kind = Kind.LIMITED
    template = "Too many packages are being uploaded. Try again shortly."
    template_zh = "上传繁忙，请稍后重试。"


class GrantNotAsked(DomainError):
    code = "MINIAPPS_GRANT_NOT_ASKED"
    kind = Kind.INVALID
    template = "The version does not ask for {name}."
    template_zh = "该版本未申请 {name}。"

    name: str


class DomainNotProved(DomainError):
    """A program speaks to domains alone that its organisation proved to be its own."""

    code = "MINIAPPS_DOMAIN_NOT_PROVED"
    kind = Kind.CONFLICT
    template = "{domain} is not proved to be the organisation's."
    template_zh = "域名 {domain} 尚未完成归属验证。"

    domain: str


class VersionNotYet(DomainError):
    """It was approved for later."""

    code = "MINIAPPS_VERSION_NOT_YET"
    kind = Kind.CONFLICT
    template = "The version may run from {not_before} on."
    template_zh = "该版本自 {not_before} 起方可发布。"

    not_before: datetime


class RolloutOnlyGrows(DomainError):
    """percent: what it has reached. Whoever has a version keeps it; `rollBack` takes it from everybody."""

    code = "MINIAPPS_ROLLOUT_ONLY_GROWS"
    kind = Kind.CONFLICT
    template = "A rollout only grows; it is at {percent} %."
    template_zh = "灰度比例只能上调，当前为 {percent}%。"

    percent: float


class RolloutUnderWay(DomainError):
    """version: the one that is being rolled out."""

    code = "MINIAPPS_ROLLOUT_UNDER_WAY"
    kind = Kind.CONFLICT
    template = "Another version is being rolled out: {version}."
    template_zh = "已有其他版本正在灰度发布。"

    version: str


class RolloutTooWide(DomainError):
    """An organisation of this rating begins with fewer citizens."""

    code = "MINIAPPS_ROLLOUT_TOO_WIDE"
    kind = Kind.FORBIDDEN
    template = "A rollout of this organisation begins with {percent_max} % at most."
    template_zh = "按当前评级，灰度发布起始比例不得超过 {percent_max}%。"

    percent_max: float


class RolloutTooFast(DomainError):
    """An organisation of this rating lets each step stand for a while. percent_max: that it may reach now."""

    code = "MINIAPPS_ROLLOUT_TOO_FAST"
    kind = Kind.FORBIDDEN
    template = (
        "This rollout may reach {percent_max} % now; each step stands for a day, and the next is ten times as wide."
    )
    template_zh = "按当前评级，每一步须稳定运行一天，下一步不得超过十倍；目前最多可至 {percent_max}%。"

    percent_max: float


class NotUnderReview(DomainError):
    """An officer opens what waits for a decision, and nothing else."""

    code = "MINIAPPS_NOT_UNDER_REVIEW"
    kind = Kind.CONFLICT
    template = "A version can be tried while it is under review; this one is {state}."
    template_zh = "只能试用审核中的版本。"

    state: str


class NoCitizen(DomainError):
    """The city knows no citizen by the phone of this staff account."""

    code = "MINIAPPS_NO_CITIZEN"
    kind = Kind.CONFLICT
    template = "A trial is opened by a citizen. Sign in to the city once with the phone of your staff account."
    template_zh = "体验版由市民本人打开。请先用工作账号的手机号登录一次城市通。"


class QuotaSpent(DomainError):
    """name: what is counted. retry_after_s: until the city's next day."""

    code = "MINIAPPS_QUOTA_SPENT"
    kind = Kind.LIMITED
    template = "Today's quota of {name} is spent ({per_day}). A new day begins in {retry_after_s} seconds."
    template_zh = "今日 {name} 配额已用完。"

    name: str
    per_day: int
    retry_after_s: int


class CannotExamine(DomainError):
    """The machine's examination broke off for a reason that is not the package's."""

    code = "MINIAPPS_CANNOT_EXAMINE"
    kind = Kind.UNAVAILABLE
    template = "The version cannot be examined right now."
    template_zh = "暂时无法完成自动审核，请稍后重试。"
