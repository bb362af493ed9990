"""What takes two officers asks here whether a second one has agreed (`identity.staffing` answers)."""

from __future__ import annotations

from typing import Protocol

from core.mongo import Session
from core.principal import Principal


class FourEyes(Protocol):
    """Whether a second member of staff agreed."""

    async def require(self, *, principal: Principal, act: str, subject: str, session: Session) -> None:
        """Raises: Forbidden when nobody else agreed, in this transaction, to this act of the principal's about
        `subject`.
        """
        ...
