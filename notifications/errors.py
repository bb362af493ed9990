"""What can go wrong between the city and its citizens' phones, addresses and inboxes."""

from __future__ import annotations

from core.errors import DomainError, Kind


class TemplateUnknown(DomainError):
    code = "NOTIFICATIONS_TEMPLATE_UNKNOWN"
    kind = Kind.INVALID
    template = "There is no message template {name}."
    template_zh = "没有名为 {name} 的消息模板。"

    name: str


class VariableMissing(DomainError):
    """Raised before anything is stored: a message with a hole is not a message."""

    code = "NOTIFICATIONS_TEMPLATE_VARIABLE_MISSING"
    kind = Kind.INVALID
    template = "The message template {name} needs a value for {variable}."
    template_zh = "消息模板 {name} 缺少变量 {variable}。"

    name: str
    variable: str


class VariableUnknown(DomainError):
    code = "NOTIFICATIONS_TEMPLATE_VARIABLE_UNKNOWN"
    kind = Kind.INVALID
    template = "The message template {name} does not use {variable}."
    template_zh = "消息模板 {name} 不使用变量 {variable}。"

    name: str
    variable: str


class VariableInvalid(DomainError):
    """The value itself is not repeated: it may be personal."""

    code = "NOTIFICATIONS_TEMPLATE_VARIABLE_INVALID"
    kind = Kind.INVALID
    template = "The message template {name} takes {wanted} for {variable}."
    template_zh = "消息模板 {name} 的变量 {variable} 类型不符。"

    name: str
    variable: str
    wanted: str


class EmailInvalid(DomainError):
    code = "NOTIFICATIONS_EMAIL_INVALID"
    kind = Kind.INVALID
    template = "This is not an e-mail address. Check it and try again."
    template_zh = "邮箱地址格式不正确，请检查后重试。"


class EmailOff(DomainError):
    """No mail server is set up, so a code could never arrive."""

    code = "NOTIFICATIONS_EMAIL_OFF"
    kind = Kind.CONFLICT
    template = "The city does not send e-mail yet. Your messages are in your inbox."
    template_zh = "本市暂未开通邮件通知。您的消息都在收件箱里。"


class EmailCodeTooSoon(DomainError):
    code = "NOTIFICATIONS_EMAIL_CODE_TOO_SOON"
    kind = Kind.LIMITED
    template = "You have asked for several codes already. You can ask for another in {retry_after_s} seconds."
    template_zh = "获取验证码过于频繁，请 {retry_after_s} 秒后再试。"

    retry_after_s: int


class EmailCodeWrong(DomainError):
    code = "NOTIFICATIONS_EMAIL_CODE_WRONG"
    kind = Kind.INVALID
    template = "That code is not right. You can try {tries_left} more times."
    template_zh = "验证码不正确，还可以再试 {tries_left} 次。"

    tries_left: int


class EmailCodeExpired(DomainError):
    """Used up, out of time, or never asked for: the three are not told apart."""

    code = "NOTIFICATIONS_EMAIL_CODE_EXPIRED"
    kind = Kind.CONFLICT
    template = "This code can no longer be used. Ask for a new one."
    template_zh = "验证码已失效，请重新获取。"


class PushTargetInvalid(DomainError):
    code = "NOTIFICATIONS_PUSH_TARGET_INVALID"
    kind = Kind.INVALID
    template = "This is not a push address that an app was given: {length_min} to {length_max} plain characters."
    template_zh = "推送地址无效，请更新应用后重试。"

    length_min: int
    length_max: int


class QuietHoursInvalid(DomainError):
    code = "NOTIFICATIONS_QUIET_HOURS_INVALID"
    kind = Kind.INVALID
    template = "Quiet hours go from one time of the day to another, each as HH:MM."
    template_zh = "免打扰时段须填写开始和结束时间，格式为 HH:MM。"
