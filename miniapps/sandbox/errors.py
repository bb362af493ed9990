"""What can go wrong with test citizens."""

from __future__ import annotations

from core.errors import DomainError, Kind


class NoSandbox(DomainError):
    """There are test citizens in a sandbox city alone (`sandbox` in /.well-known/city-open)."""

    code = "MINIAPPS_NO_SANDBOX"
    kind = Kind.CONFLICT
    template = "This city is no sandbox: it has no test citizens."
    template_zh = "本城市不是演练城市，没有测试市民。"
