"""What can go wrong between a client and the provider, in OAuth's own words; and in the graph, in the city's.

An `OAuthError` is an answer, not a fault: its code and sentence go to the client as RFC 6749 §5.2 writes them. The
sentence says what was wrong with the request and never what the city knows about a person or another client.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from core.errors import DomainError, Kind

# Those that are not 400 (RFC 6749 §5.2, RFC 6750 §3.1, RFC 7591 §3.2.2).
_STATUS: Final = {
    "invalid_client": 401,
    "invalid_token": 401,
    "insufficient_scope": 403,
    "temporarily_unavailable": 503,
    "server_error": 500,
}


@dataclass(eq=False)
class OAuthError(Exception):
    """code: from the OAuth registry. suspicious: an attack looks like this, so it goes into the audit.

    status: of the answer, where the code does not decide it. headers: of the answer.
    """

    code: str
    description: str
    status: int = 0
    suspicious: bool = False
    headers: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__init__(self.code)
        self.status = self.status or _STATUS.get(self.code, 400)

    @property
    def body(self) -> dict[str, str]:
        return {"error": self.code, "error_description": self.description}


class InteractionGone(DomainError):
    """It expired, was answered, or never was."""

    code = "OIDC_INTERACTION_GONE"
    kind = Kind.NOT_FOUND
    template = "This request has ended. Go back to the service and begin again."
    template_zh = "本次授权请求已失效,请返回原服务重新发起。"


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
    template_zh = "客户端登记信息有误:{problem}。"

    problem: str
