"""What can go wrong in the graph with clients and what they ask. To clients the provider speaks OAuth's own words
(`core.oauth.OAuthError`).
"""

from __future__ import annotations

from core.errors import DomainError, Kind


class InteractionGone(DomainError):
    """It expired, was answered, or never was."""

    code = "OIDC_INTERACTION_GONE"
    kind = Kind.NOT_FOUND
    template = "This request has ended. Go back to the service and begin again."
    template_zh = "本次授权请求已失效，请返回原服务重新发起。"


class LevelTooLow(DomainError):
    """level: the real-name level that the service needs (urn:city:rl:N)."""

    code = "OIDC_LEVEL_TOO_LOW"
    kind = Kind.FORBIDDEN
    template = "This service needs real-name level {level}."
    template_zh = "该服务要求实名等级达到 {level} 级。"

    level: int


class AnotherPerson(DomainError):
    """The service asks for a certain person, and somebody else is signed in."""

    code = "OIDC_ANOTHER_PERSON"
    kind = Kind.CONFLICT
    template = "The service expects another account. Sign in with that one."
    template_zh = "该服务要求使用另一个账号登录。"


class UserCodeWrong(DomainError):
    code = "OIDC_USER_CODE_WRONG"
    kind = Kind.NOT_FOUND
    template = "No device shows this code. It may have expired."
    template_zh = "设备码不正确或已失效。"


class ClientMetadataInvalid(DomainError):
    """problem: which part, and what is wrong with it."""

    code = "OIDC_CLIENT_METADATA_INVALID"
    kind = Kind.INVALID
    template = "The client cannot be registered so: {problem}."
    template_zh = "客户端登记信息有误：{problem}。"

    problem: str
