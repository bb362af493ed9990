"""What can go wrong with devices and the keys that they hold."""

from __future__ import annotations

from core.errors import DomainError, Kind


class ProofInvalid(DomainError):
    """A proof of possession that is not good here and now (RFC 9449 §4.3). why: for a developer."""

    code = "AUTH_DPOP_PROOF_INVALID"
    kind = Kind.UNAUTHENTICATED
    template = "The proof of the device's key is not good: {why}."
    template_zh = "设备密钥证明无效，请检查设备时间后重试。"

    why: str


class ProofReplayed(DomainError):
    """A proof is good once: a request that is sent again needs another one."""

    code = "AUTH_DPOP_PROOF_REPLAYED"
    kind = Kind.UNAUTHENTICATED
    template = "This proof of the device's key was shown before."
    template_zh = "设备密钥证明已被使用。"


class KeyRefused(DomainError):
    """Not a public key for ES256, or the proof is by another one. why: for a developer."""

    code = "AUTH_DPOP_KEY_REFUSED"
    kind = Kind.INVALID
    template = "This key cannot be registered: {why}."
    template_zh = "无法登记该设备密钥。"

    why: str


class KeyStands(DomainError):
    """A session has one key for as long as it lives: whoever could change it could take the session away."""

    code = "AUTH_DPOP_KEY_STANDS"
    kind = Kind.CONFLICT
    template = "This session has a device key already. Sign in again to use another one."
    template_zh = "本次登录已绑定设备密钥。如需更换，请重新登录。"
